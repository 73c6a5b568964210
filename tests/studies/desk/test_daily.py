"""The day's work: whole, done once, and done in spite of a provider that is down."""

import json
from dataclasses import replace

import pandas as pd
import pytest
from tests.cli.calling import call
from tests.data.pull.conftest import provider  # noqa: F401
from tests.studies.desk.dailyworld import DAYS, NOW, catalog, dix, make, oil

from flowbt.ground.errors import Busy
from flowbt.ground.files import locked
from flowbt.studies.desk.chain import read
from flowbt.studies.desk.daily import daily
from flowbt.studies.ingest.update import update

DIX, OIL = "/monitor/static/DIX.csv", "/graph/fredgraph.csv?id=DCOILWTICO"


@pytest.fixture
def day(provider, tmp_path):  # noqa: F811
    provider.gives(DIX, dix(DAYS))
    provider.gives(OIL, oil(DAYS))
    return make(tmp_path, provider.url)


def run(day, tmp_path):
    return daily(day, lambda: catalog(tmp_path))


def kinds(day):
    return pd.Series([one.kind for one in read(day.journal)]).value_counts().to_dict()


def test_a_day_from_nothing(day, tmp_path):
    done = run(day, tmp_path)
    assert (done.session, done.pulls, done.pulls_failed, done.problems, done.undecided) == ("2023-12-29", 2, 0, (), ())
    assert kinds(day) == {"decision": 1, "board": 1, "forecast": 2, "settlement": 1}
    page = (day.results / "desk/2023-12-29/today.html").read_text()
    assert "2 of 2 pulls are up to date" in page
    assert "SPY rises again" in page
    assert (day.site / "desk/2023-12-29/board.html").is_file()
    assert all(title in (day.site / "index.html").read_text() for title in ("The desk on 2023-12-29", "desk/journal/index.html"))
    assert ('href="../journal/index.html"' in page, "1 followed book;" in (day.site / "desk/journal/index.html").read_text()) == (True, True)


def test_a_second_call_does_nothing(provider, day, tmp_path):  # noqa: F811
    run(day, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    asked = len(provider.seen)
    done = run(day, tmp_path)
    assert (done.nothing, done.line) == (True, "2023-12-29: done before, nothing to do")
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == before
    assert len(provider.seen) == asked


def test_an_edited_declaration_is_another_day(day, tmp_path):
    run(day, tmp_path)
    (held,) = (one for one in catalog(tmp_path).imported.values() if "dix" in one.declaration.fields)
    declared = held.version.home / "dataset.toml"
    declared.write_text("priority = 7\n" + declared.read_text())
    assert not run(replace(day, asked=None), tmp_path).nothing


def test_a_day_after_setup_says_that_its_data_were_there(provider, day, tmp_path):  # noqa: F811
    update(day.asked)
    provider.seen.clear()
    done = run(day, tmp_path)
    assert (provider.asked(), done.pulls, done.there) == ([], 0, 2)
    assert done.line.startswith("2023-12-29: 2 pulls came earlier today, ")
    assert "2 of 2 pulls are up to date" in (day.results / "desk/2023-12-29/today.html").read_text()


def test_what_was_not_asked_for_yet_today_is_asked_for(provider, day, tmp_path):  # noqa: F811
    update(replace(day.asked, only=("squeezemetrics",)))
    provider.seen.clear()
    done = run(day, tmp_path)
    assert (provider.asked(), done.pulls, done.there) == ([OIL], 1, 1)
    assert done.line.startswith("2023-12-29: 1 of 1 pulls, 1 pulls came earlier today, ")
    assert run(day, tmp_path).nothing


def test_what_came_yesterday_is_asked_for(provider, day, tmp_path):  # noqa: F811
    update(replace(day.asked, today=NOW - pd.Timedelta(days=1)))
    provider.seen.clear()
    assert (run(day, tmp_path).line[12:26], len(provider.asked())) == ("2 of 2 pulls, ", 2)


def test_without_an_update_nothing_is_downloaded(provider, day, tmp_path):  # noqa: F811
    update(day.asked)
    assert run(replace(day, asked=None), tmp_path).line.startswith("2023-12-29: nothing downloaded, ")


def test_a_provider_that_is_down_stops_nothing_and_the_page_says_so(provider, day, tmp_path):  # noqa: F811
    provider.gives(OIL, provider.Answer(b"", 500))
    done = run(day, tmp_path)
    assert (done.pulls_failed, kinds(day)["decision"]) == (1, 1)
    assert "status 500" in done.problems[0]
    assert "Not up to date: fred-oil of Other" in (day.results / "desk/2023-12-29/today.html").read_text()
    provider.gives(OIL, oil(DAYS))
    provider.seen.clear()
    again = run(day, tmp_path)
    assert (provider.asked(), again.nothing, again.problems) == ([OIL], False, ())
    page = (day.results / "desk/2023-12-29/today.html").read_text()
    assert ("Not up to date" in page, "2 of 2 pulls are up to date" in page) == (False, True)
    assert run(day, tmp_path).nothing


def test_the_next_day_is_entered_after_it(provider, tmp_path):  # noqa: F811
    provider.gives(DIX, dix(DAYS[:-1]))
    provider.gives(OIL, oil(DAYS[:-1]))
    run(make(tmp_path, provider.url, NOW - pd.Timedelta(days=1), DAYS[-2]), tmp_path)
    provider.gives(DIX, dix(DAYS))
    day = make(tmp_path, provider.url)
    done = run(day, tmp_path)
    assert [one.body["label"][:10] for one in read(day.journal) if one.kind == "decision"] == ["2023-12-28", "2023-12-29"]
    assert (done.entered, (day.results / "desk/2023-12-28/today.html").is_file()) == (2, True)


def test_the_board_of_the_next_day_says_what_changed_and_alerts_fire(provider, tmp_path):  # noqa: F811
    provider.gives(DIX, dix(DAYS[:-1]))
    provider.gives(OIL, oil(DAYS[:-1]))
    (tmp_path / "alerts.toml").write_text('[[alert]]\nname = "gamma"\nwhen = "dix > 0 and was_dix > 0"\n')
    first = replace(make(tmp_path, provider.url, NOW - pd.Timedelta(days=1), DAYS[-2]), alerts=tmp_path / "alerts.toml")
    assert run(first, tmp_path).alerts == ()  # there is no board before
    provider.gives(DIX, dix(DAYS))
    done = run(replace(make(tmp_path, provider.url), alerts=tmp_path / "alerts.toml"), tmp_path)
    assert [line[:22] for line in done.alerts] == ["2023-12-29  gamma: dix"]
    assert "Changes since the last board" in (first.results / "desk/2023-12-29/board.html").read_text()


def test_a_bar_is_entered_when_its_time_of_decision_has_come(provider, day, tmp_path):  # noqa: F811
    update(day.asked)
    early = replace(day, asked=None, now=NOW - pd.Timedelta(minutes=30))
    done = run(early, tmp_path)
    assert (done.session, done.waits[:16]) == ("2023-12-28", "2023-12-29T23:30")
    assert "what is there of later bars is decided upon from 2023-12-29 23:30 UTC on" in done.line
    assert run(early, tmp_path).nothing
    assert (run(replace(early, now=NOW), tmp_path).session, run(replace(early, now=NOW), tmp_path).nothing) == ("2023-12-29", True)
    assert [one.body["label"][:10] for one in read(day.journal) if one.kind == "decision"] == ["2023-12-28", "2023-12-29"]


def test_a_changed_strategy_is_decided_again(day, tmp_path):
    run(day, tmp_path)
    (tmp_path / "fade.py").write_text((tmp_path / "fade.py").read_text().replace("rise=0.01", "rise=0.02"))
    assert run(day, tmp_path).entered == 1


def test_one_at_a_time(day, tmp_path):
    with locked(day.results / "desk" / ".daily.lock", "test"), pytest.raises(Busy, match="daily of"):
        run(day, tmp_path)


def test_the_command(provider, day, tmp_path, capsys):  # noqa: F811
    from tests.cli.calling import call

    words = ["--claims", tmp_path / "note.py", "--datasets", tmp_path / "datasets", "--journal", day.journal, "--results", day.results]
    words += ["--providers", tmp_path / "providers.toml"]
    code, out, _ = call(capsys, "daily", tmp_path / "fade.py", *words, "--json")
    found = json.loads(out)
    assert (code, found["pulls"], found["decided"]) == (0, 2, 1)
    provider.gives(DIX, provider.Answer(b"", 500))
    code, out, _ = call(capsys, "daily", tmp_path / "fade.py", *words)
    assert (code, out.strip()) == (0, "2023-12-29: done before, nothing to do")


@pytest.mark.parametrize(("option", "words"), [("--alerts", "cannot be used"), ("--claims", "no folder and no .py file"), ("--site", "make the site in")])
def test_what_is_named_and_cannot_be_used_is_said_before_the_day_is_done(option, words, capsys, tmp_path):
    (tmp_path / "latin.csv").write_bytes(b"\xe9\n")
    code, _, said = call(capsys, "daily", "--no-update", "--demo", option, tmp_path / "latin.csv", "--results", tmp_path / "r", "--journal", tmp_path / "j")
    assert code != 0
    assert words in said
    assert [path.name for path in tmp_path.iterdir()] == ["latin.csv"]


@pytest.mark.parametrize("option", ["--alerts", "--claims"])
def test_a_file_that_was_named_and_is_not_there_is_said(option, capsys, tmp_path):
    """It was passed over in silence, as its default is."""
    code, _, said = call(capsys, "daily", "--no-update", "--demo", option, tmp_path / "gone", "--results", tmp_path / "r", "--journal", tmp_path / "j")
    assert (code, said) == (2, f"flowbt: {option} {tmp_path / 'gone'}: no such file; check the path, or leave it out\n")
    assert list(tmp_path.iterdir()) == []
