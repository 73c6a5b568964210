"""Downloads against a server that misbehaves."""

import errno
import hashlib
import io
import json
import sys
from pathlib import Path

import pytest

from flowbt.data.ingest.download import Manners, address, pull
from flowbt.data.sources.request import Download
from flowbt.ground.errors import PullError

FILE = b"date,price,dix,gex\n" + b"2031-01-02,100,0.45,1.2500\n" * 2000


@pytest.fixture
def fetch(provider, tmp_path):
    def run(request=None, **manners):
        rules = Manners(**{"pause": 0.0, "tries": 3, "timeout": 5.0, "base_url": provider.url, **manners})
        return pull([request or Download("https://example.test/a.csv", "a.csv")], tmp_path, rules)[0]

    return run


def answer(**options):
    return {"body": FILE, **options}


def give(provider, *answers, path="/a.csv"):
    provider.gives(path, *(provider.Answer(**options) for options in answers))


def test_a_file_is_stored_with_hash_size_and_address(provider, fetch, tmp_path):
    give(provider, answer())
    done = fetch()
    assert (done.status, done.bytes, done.sha256) == ("fetched", len(FILE), hashlib.sha256(FILE).hexdigest())
    assert (tmp_path / "a.csv").read_bytes() == FILE
    record = json.loads((tmp_path / "pulled.json").read_text())["a.csv"]
    assert (record["url"], record["bytes"]) == (f"{provider.url}/a.csv", len(FILE))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "pulled.json"]


def test_refusals_that_pass_are_tried_again(provider, fetch):
    give(provider, answer(status=503, body=b"busy"), answer(status=429, body=b"", headers={"Retry-After": "0"}), answer())
    assert fetch().status == "fetched"
    assert len(provider.seen) == 3


def test_a_server_that_stays_broken_is_given_up(provider, fetch, tmp_path):
    give(provider, answer(status=500, body=b""))
    done = fetch()
    assert (done.status, len(provider.seen)) == ("failed", 3)
    assert "status 500, 3 times" in done.problem
    assert list(tmp_path.iterdir()) == []


def test_a_broken_connection_goes_on_where_it_stopped(provider, fetch, tmp_path):
    give(provider, answer(cut=20000, ranges=True, headers={"ETag": '"one"'}))
    assert fetch().status == "fetched"
    assert (tmp_path / "a.csv").read_bytes() == FILE
    assert 0 < int(provider.seen[1][1]["Range"].removeprefix("bytes=").rstrip("-")) <= 20000


def test_a_later_run_goes_on_where_an_earlier_one_stopped(provider, fetch, tmp_path):
    give(provider, answer(cut=20000, ranges=True, headers={"ETag": '"one"'}))
    assert fetch(tries=1).status == "failed"
    kept = (tmp_path / "a.csv.part").stat().st_size
    assert fetch(tries=1).status == "fetched"
    assert provider.seen[1][1]["Range"] == f"bytes={kept}-"
    assert (tmp_path / "a.csv").read_bytes() == FILE


def test_a_file_that_changed_meanwhile_starts_over(provider, fetch, tmp_path):
    give(provider, answer(cut=20000, ranges=True, headers={"ETag": '"one"'}), answer(body=b"new,file\n1,2\n", ranges=True, headers={"ETag": '"two"'}))
    assert fetch().status == "fetched"
    assert (tmp_path / "a.csv").read_bytes() == b"new,file\n1,2\n"


def test_a_server_without_ranges_starts_over(provider, fetch, tmp_path):
    give(provider, answer(cut=20000), answer())
    assert fetch().status == "fetched"
    assert (tmp_path / "a.csv").read_bytes() == FILE


def test_a_slow_answer_is_not_waited_for(provider, fetch):
    give(provider, answer(silent=True), answer())
    assert fetch(timeout=1.0).status == "fetched"


def test_an_unchanged_file_is_not_sent_again(provider, fetch, tmp_path):
    give(provider, answer(headers={"ETag": '"one"'}))
    fetch()
    assert fetch().status == "unchanged"
    assert provider.seen[1][1]["If-None-Match"] == '"one"'
    (tmp_path / "a.csv").write_bytes(b"damaged")
    assert fetch().status == "fetched"


def test_a_fixed_file_is_not_asked_for_again(provider, fetch):
    give(provider, answer())
    request = Download("https://example.test/a.csv", "a.csv", fixed=True)
    assert [fetch(request).status, fetch(request).status, len(provider.seen)] == ["fetched", "unchanged", 1]


def test_a_file_that_need_not_exist(provider, fetch):
    assert fetch(Download("https://example.test/none.csv", "none.csv", maybe=True)).status == "not there"
    done = fetch(Download("https://example.test/none.csv", "none.csv"))
    assert (done.status, "status 404 (not found)" in done.problem) == ("failed", True)


@pytest.mark.parametrize(("body", "problem"), [(b"<!DOCTYPE html><p>moved", "a web page instead of data"), (b"", "an empty answer")])
def test_an_answer_that_is_no_data_leaves_the_old_file(provider, fetch, tmp_path, body, problem):
    give(provider, answer(), answer(body=body))
    fetch()
    assert problem in fetch().problem
    assert (tmp_path / "a.csv").read_bytes() == FILE


def test_the_providers_checksum_is_held(provider, fetch):
    request = Download("https://example.test/a.csv", "a.csv", checksum="https://example.test/a.csv.CHECKSUM")
    give(provider, answer(body=f"{hashlib.sha256(FILE).hexdigest()}  a.csv".encode()), path="/a.csv.CHECKSUM")
    give(provider, answer(body=b"garbled"), answer())
    assert (fetch(request).status, provider.seen[2][0]) == ("fetched", "/a.csv")
    give(provider, answer(body=b"garbled"), path="/a.csv")
    request = Download("https://example.test/a.csv", "b.csv", checksum=request.checksum)
    assert "the checksum is" in fetch(request).problem


def test_a_base_url_replaces_scheme_and_host_only():
    assert address("https://a.test/x/y.csv?id=DGS10&b=1", "http://127.0.0.1:9/") == "http://127.0.0.1:9/x/y.csv?id=DGS10&b=1"
    assert address("https://a.test/x", "") == "https://a.test/x"


def test_a_server_that_is_not_there_is_one_line(tmp_path):
    done = pull([Download("http://127.0.0.1:9/a", "a")], tmp_path, Manners(pause=0.0, tries=1, timeout=1.0))[0]
    assert (done.status, "the connection broke" in done.problem, "\n" in done.problem) == ("failed", True, False)


def test_without_httpx_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(PullError, match=r"httpx is not installed; install flowbt\[online\]"):
        pull([Download("http://127.0.0.1:9/a", "a")], tmp_path, Manners())


def many(provider, tmp_path, **manners):
    """Five files of one host and one of another, asked for in one call."""
    wanted = [Download(f"https://example.test/{n}.csv", f"{n}.csv") for n in range(5)] + [Download("https://other.test/x.csv", "x.csv")]
    give(provider, answer(), path="/x.csv")
    return pull(wanted, tmp_path, Manners(**{"pause": 0.0, "tries": 2, "timeout": 0.2, "base_url": provider.url, **manners}))


@pytest.mark.parametrize(
    ("how", "asked"),
    [
        ({"silent": True}, 2),
        ({"drip": 0.02}, 2),
        ({"slow_head": 0.02}, 2),
        ({"status": 429, "body": b"", "headers": {"Retry-After": "0"}}, 2),
        ({"status": 502, "body": b""}, 6),
    ],
)
def test_a_host_that_is_down_is_given_up_for_the_call_and_no_other(provider, tmp_path, how, asked):
    for n in range(5):
        give(provider, answer(**how), path=f"/{n}.csv")
    done = many(provider, tmp_path)
    assert [one.status for one in done] == ["failed"] * 5 + ["fetched"]
    assert sum(path != "/x.csv" for path in provider.asked()) == asked
    assert "not asked: example.test was given up" in done[4].problem


def test_where_no_host_answers_the_others_are_not_asked(tmp_path):
    wanted = [Download(f"http://127.0.0.1:9/{n}", str(n)) for n in range(2)] + [Download(f"http://127.0.0.{n}:9/x", f"{n}.x") for n in range(2, 6)]
    done = pull(wanted, tmp_path, Manners(pause=0.0, tries=1, timeout=1.0))
    assert [("given up" in one.problem, "may be no network" in one.problem) for one in done] == [
        (False, False),
        (True, False),
        *[(False, False)] * 2,
        *[(False, True)] * 2,
    ]


def test_more_than_any_file_has_is_not_kept(provider, fetch, tmp_path):
    give(provider, answer())
    done = fetch(most=10_000)
    assert (done.status, "more than 10,000 bytes" in done.problem) == ("failed", True)
    assert list(tmp_path.iterdir()) == []
    assert fetch(most=len(FILE)).status == "fetched"


def test_a_full_disk_is_not_kept_full(provider, fetch, tmp_path, monkeypatch):
    give(provider, answer(headers={"ETag": '"one"'}, ranges=True))

    class Full(io.BytesIO):
        def write(self, data):
            raise OSError(errno.ENOSPC, "No space left on device")

    whole = Path.open
    monkeypatch.setattr(Path, "open", lambda path, *args, **told: Full() if path.suffix == ".part" else whole(path, *args, **told))
    assert "No space left" in fetch().problem
    assert list(tmp_path.iterdir()) == []


def test_a_host_that_fails_now_and_then_is_asked_on(provider, tmp_path):
    for n in range(5):
        give(provider, answer(**({"status": 502, "body": b""} if n % 2 == 0 else {})), path=f"/{n}.csv")
    assert [one.status for one in many(provider, tmp_path)] == ["failed", "fetched", "failed", "fetched", "failed", "fetched"]
    give(provider, answer(status=429, body=b"", headers={"Retry-After": "0"}))
    fixed = Download("https://example.test/1.csv", "1.csv", fixed=True)
    done = pull([Download("https://example.test/a.csv", "a.csv"), fixed], tmp_path, Manners(pause=0.0, tries=1, base_url=provider.url))
    assert [one.status for one in done] == ["failed", "unchanged"]
