"""The journal's chain: nothing is changed, put in, taken out or entered twice unseen."""

import json
from datetime import datetime
from pathlib import Path

import pytest
from tests.cli.calling import call

from flowbt.ground.errors import JournalError
from flowbt.studies.desk.chain import FILE, HEAD, START, append, digest, entry_with_hash, read


def bodies(*values):
    return lambda there: [{"value": value} for value in values]


def test_entries_follow_one_another(tmp_path):
    append(tmp_path, "test", bodies(1, 2))
    append(tmp_path, "test", bodies(3))
    entries = read(tmp_path)
    assert [entry.body["value"] for entry in entries] == [1, 2, 3]
    assert [entry.before for entry in entries[1:]] == [entry.hash for entry in entries[:-1]]


@pytest.mark.parametrize("how", ["change", "take out", "put in", "swap"])
def test_whatever_is_done_to_a_line_shows(tmp_path, how):
    append(tmp_path, "test", bodies(1, 2, 3))
    lines = (tmp_path / FILE).read_text().splitlines()
    if how == "change":
        lines[1] = lines[1].replace('"value":2', '"value":9')
    if how == "take out":
        del lines[1]
    if how == "put in":
        lines.insert(1, lines[1])
    if how == "swap":
        lines[1], lines[2] = lines[2], lines[1]
    (tmp_path / FILE).write_text("\n".join(lines) + "\n")
    with pytest.raises(JournalError, match=r"line [23]: .*; restore the file from a copy: it was changed"):
        read(tmp_path)


@pytest.mark.parametrize("left", [b'{"n": 1, "ti', b"", b"\x00\x00"])
def test_what_a_killed_writer_left_is_cut_off_by_the_next(tmp_path, left):
    append(tmp_path, "test", bodies(1))
    with (tmp_path / FILE).open("ab") as file:
        file.write(left)
    assert len(read(tmp_path)) == 1
    append(tmp_path, "test", bodies(2))
    assert [entry.body["value"] for entry in read(tmp_path)] == [1, 2]


def test_a_body_is_kept_as_plain_json(tmp_path):
    append(tmp_path, "test", lambda there: [{"of": len(there), "words": "é", "none": None}])
    assert json.loads((tmp_path / FILE).read_text())["body"] == {"of": 0, "words": "é", "none": None}


def test_no_entry_is_made_on_a_broken_chain(tmp_path):
    append(tmp_path, "test", bodies(1, 2))
    text = (tmp_path / FILE).read_text().replace('"value":1', '"value":7')
    (tmp_path / FILE).write_text(text)
    with pytest.raises(JournalError, match="line 1"):
        append(tmp_path, "test", bodies(3))
    assert (tmp_path / FILE).read_text() == text


@pytest.mark.parametrize(
    "how", [lambda line: line.replace('{"before"', '{ "before"'), lambda line: line.replace('{"b', '{"kind":"x","b'), lambda line: f"{line}\r"]
)
def test_what_no_hash_covers_cannot_be_put_into_a_line(tmp_path, how):
    append(tmp_path, "test", bodies(1, 2))
    lines = (tmp_path / FILE).read_text().splitlines()
    (tmp_path / FILE).write_bytes(f"{lines[0]}\n{how(lines[1])}\n".encode())
    with pytest.raises(JournalError, match="line 2: its text is not the one that has its hash"):
        read(tmp_path)


@pytest.mark.parametrize("left", [lambda text: text[: text.index(b"\n") + 1], lambda text: text[:-9], lambda text: text[:-1], lambda text: b"", None])
def test_what_was_cut_off_the_end_shows(tmp_path, left):
    append(tmp_path, "test", bodies(1))
    append(tmp_path, "test", bodies(2))
    path = tmp_path / FILE
    path.write_bytes(left(path.read_bytes())) if left else path.unlink()
    for act in (lambda: read(tmp_path), lambda: append(tmp_path, "test", bodies(3))):
        with pytest.raises(JournalError, match=r"[01] entries, where 2 were written; restore it from a copy"):
            act()


@pytest.mark.parametrize("text", ["{", "[1]", '{"entries": 2, "hash": "abc"}', '{"entries": -1, "hash": "abc"}', '{"entries": 0, "hash": "abc"}'])
def test_a_head_that_was_changed_shows(tmp_path, text):
    append(tmp_path, "test", bodies(1, 2))
    (tmp_path / HEAD).write_text(text)
    with pytest.raises(JournalError, match=r"its head.json is|where -1 were written"):
        read(tmp_path)


def test_a_writer_killed_before_the_head_is_written_loses_nothing(tmp_path):
    append(tmp_path, "test", bodies(1))
    before = (tmp_path / HEAD).read_text()
    append(tmp_path, "test", bodies(2))
    (tmp_path / HEAD).write_text(before)
    append(tmp_path, "test", bodies(3))
    assert [entry.body["value"] for entry in read(tmp_path)] == [1, 2, 3]


def forged(tmp_path, values, times):
    """A chain written anew, hashes, head and all."""
    before, lines = START, []
    for n, (value, time) in enumerate(zip(values, times, strict=True)):
        entry = {"n": n, "time": time, "kind": "test", "body": {"value": value}, "before": before}
        before = digest(n, time, "test", {"value": value}, before)
        lines.append(json.dumps(entry | {"hash": before}, sort_keys=True, separators=(",", ":")))
    (tmp_path / HEAD).unlink(missing_ok=True)
    (tmp_path / FILE).write_text("".join(f"{line}\n" for line in lines))


@pytest.mark.parametrize("values", [[1], [1, 9, 3], [2, 1, 3], [9, 1, 2, 3]])
def test_a_chain_cut_off_or_written_anew_no_longer_has_the_hash_kept_elsewhere(tmp_path, values):
    append(tmp_path, "test", bodies(1, 2, 3), datetime(2024, 1, 1))
    kept = read(tmp_path)[1].hash
    assert entry_with_hash(tmp_path, read(tmp_path), kept[:16]).body == {"value": 2}
    forged(tmp_path, values, ["2024-01-01T00:00:00Z"] * len(values))
    with pytest.raises(JournalError, match="no entry has it: the journal was cut off, or written anew"):
        entry_with_hash(tmp_path, read(tmp_path), kept)


def test_entries_put_behind_what_was_kept_leave_it_held(tmp_path):
    append(tmp_path, "test", bodies(1, 2), datetime(2024, 1, 1))
    kept = read(tmp_path)[1].hash
    append(tmp_path, "test", bodies(3))
    assert entry_with_hash(tmp_path, read(tmp_path), kept).n == 1
    with pytest.raises(JournalError, match="shorter than 16 digits"):
        entry_with_hash(tmp_path, read(tmp_path), kept[:5])


def test_days_that_were_swapped_show_though_every_hash_is_right(tmp_path):
    forged(tmp_path, [1, 2], ["2024-01-02T00:00:00Z", "2024-01-01T00:00:00Z"])
    with pytest.raises(JournalError, match="line 2: it is older than the line before it"):
        read(tmp_path)


def test_a_clock_set_back_enters_nothing(tmp_path):
    append(tmp_path, "test", bodies(1), datetime(2024, 1, 2))
    with pytest.raises(JournalError, match="set the clock right"):
        append(tmp_path, "test", bodies(2), datetime(2024, 1, 1))
    assert len(read(tmp_path)) == 1


def test_the_command_says_whether_a_hash_is_held(tmp_path, capsys):
    append(tmp_path, "test", bodies(1, 2))
    kept = read(tmp_path)[0].hash
    code, out, _ = call(capsys, "journal", "head", "--journal", tmp_path, "--holds", kept)
    assert (code, "held: entry 0" in out, "2 entries" in out) == (0, True, True)
    code, _, err = call(capsys, "journal", "head", "--journal", tmp_path, "--holds", "0" * 64)
    assert (code, "no entry has it" in err) == (1, True)


def test_the_register_of_the_four_documents_is_whole():
    entries = read(Path(__file__).parents[3] / "claims" / "journal")
    forecasts = [one for one in entries if one.kind == "forecast"]
    assert {one.body["document"] for one in forecasts} == {"blowoff", "exitliq", "spx7000"}
    assert all(one.body["late"] and one.time >= "2026-11-21" for one in forecasts)
    assert not any(one.body["after"] for one in entries if one.kind == "settlement")
