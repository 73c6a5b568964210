"""Decisions followed day by day, checked against what the catalog says later, and traded on paper."""

import json
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest
from tests.cli.calling import call
from tests.studies.conftest import STRATEGY, walk
from tests.tinydata import FIELDS, store

from flowbt.cli.show.today import print_today
from flowbt.data.catalog import Catalog
from flowbt.engine.loader import load_strategy
from flowbt.ground.clock import Clock
from flowbt.results.pages import today as page
from flowbt.studies.desk.chain import append, read
from flowbt.studies.desk.follow import KIND, follow
from flowbt.studies.desk.paper import books_of
from flowbt.studies.desk.recheck import recheck
from flowbt.studies.desk.standing import holding, with_standing
from flowbt.studies.desk.today import today, today_all

ALWAYS = '''"""Always in.

Source: none
"""
from flowbt import Signals

SYMBOLS = ("{}",)


def signals(panel):
    return Signals(long=panel["close"] > 0)
'''
DAYS = Clock().labels("2022-01-03", "2023-12-29")
SPAN = DAYS[300:312]


def catalog_until(root, day, *, late=None, revise=None):
    """The catalog as it would be on the evening of `day`: prices and dix that were known, but for what is late or revised."""
    prices = pd.concat([walk("SPY", DAYS, 1), walk("QQQ", DAYS, 2)])
    dix = pd.DataFrame({"event_time": DAYS[40:], "symbol": "SPX", "dix": np.where(np.arange(len(DAYS) - 40) % 3, 0.45, -0.45)})
    if late is not None:
        dix = dix[dix["event_time"] != late]
    if revise is not None:
        dix.loc[dix["event_time"] == revise, "dix"] *= -1
    store(root, "prices", prices[prices["event_time"] <= day], fields=FIELDS)
    store(root, "dix", dix[dix["event_time"] <= day], publication={"rule": "session", "at": "20:00"}, fields={"dix": {"max_age": "9 sessions"}})
    return Catalog((root,))


def followed(tmp_path, text=STRATEGY, **changes):
    folder = tmp_path / "strategies"
    folder.mkdir(exist_ok=True)
    path = folder / "fade.py"
    path.write_text(text)
    for number, day in enumerate(SPAN):
        evening = day + pd.Timedelta(hours=23, minutes=45)
        follow(catalog_until(tmp_path / f"d{number}", day, **changes), [path], tmp_path / "journal", now=evening)
    return path, read(tmp_path / "journal")


def test_a_day_is_said_as_it_will_be_in_the_backtest(tmp_path):
    path, entries = followed(tmp_path)
    whole = catalog_until(tmp_path / "whole", DAYS[-1])
    assert len(entries) == len(SPAN)
    assert recheck(whole, entries, tmp_path / "journal", path.parent) == []
    strategy = load_strategy(path)
    assert any(row["action"] == "short" for entry in entries for row in entry.body["decisions"]), strategy


def test_following_twice_enters_nothing_new(tmp_path):
    path, entries = followed(tmp_path)
    new, _ = follow(catalog_until(tmp_path / "again", SPAN[-1]), [path], tmp_path / "journal")
    assert new == []
    assert len(read(tmp_path / "journal")) == len(entries)


@pytest.mark.parametrize(("how", "cause"), [("revise", "data revised"), ("late", "late data")])
def test_other_data_are_told_by_their_cause(tmp_path, how, cause):
    path, entries = followed(tmp_path, **{how: SPAN[4]})
    found = recheck(catalog_until(tmp_path / "whole", DAYS[-1]), entries, tmp_path / "journal", path.parent)
    assert found
    assert {one.cause for one in found} == {cause}


def test_a_decision_that_needs_what_comes_later_is_a_look_ahead(tmp_path):
    peeking = STRATEGY.replace("moved & (panel", 'moved & (panel["close"] > panel["close"].iloc[-1]) & (panel')
    path, entries = followed(tmp_path, peeking.replace("moved &", "(panel['close'] > 0) &"))
    found = recheck(catalog_until(tmp_path / "whole", DAYS[-1]), entries, tmp_path / "journal", path.parent)
    assert {one.cause for one in found} == {"look-ahead"}


def test_changed_code_is_told_from_changed_data(tmp_path):
    path, entries = followed(tmp_path)
    path.write_text(STRATEGY.replace(">= rise", ">= rise - 1"))
    found = recheck(catalog_until(tmp_path / "whole", DAYS[-1]), entries, tmp_path / "journal", path.parent)
    assert found
    assert {one.cause for one in found} == {"code changed"}


def test_a_forged_decision_with_right_hashes_is_told_by_making_it_again(tmp_path):
    path, entries = followed(tmp_path)
    last = catalog_until(tmp_path / "again", SPAN[-1])
    body = {**entries[-1].body, "decisions": [{**row, "action": "long"} for row in entries[-1].body["decisions"]]}
    append(tmp_path / "journal", KIND, lambda there: [body], DAYS[313])
    (found,) = recheck(last, read(tmp_path / "journal"), tmp_path / "journal", path.parent)
    assert (found.n, found.cause) == (len(entries), "not so decided")


def test_a_moved_project_confirms_its_journal(tmp_path):
    path, _ = followed(tmp_path)
    catalog_until(tmp_path / "whole", DAYS[-1])
    (tmp_path / "elsewhere").mkdir()
    for name in ("journal", "whole", "strategies"):
        (tmp_path / name).rename(tmp_path / "elsewhere" / name)
    home = tmp_path / "elsewhere"
    entries = read(home / "journal")
    assert recheck(Catalog((home / "whole",)), entries, home / "journal", home / path.parent.name) == []


@pytest.mark.parametrize("how", ["changed", "gone"])
def test_decisions_whose_code_was_tampered_with_cannot_be_made_again(tmp_path, how):
    path, entries = followed(tmp_path)
    (kept,) = (tmp_path / "journal" / "code").iterdir()
    kept.write_text(STRATEGY + "#") if how == "changed" else kept.unlink()
    found = recheck(catalog_until(tmp_path / "whole", DAYS[-1]), entries, tmp_path / "journal", path.parent)
    assert {(one.cause, len(found)) for one in found} == {("cannot be made again", len(SPAN))}


def test_entries_of_the_other_market_are_left_to_it(tmp_path, capsys):
    path, entries = followed(tmp_path)
    append(tmp_path / "journal", KIND, lambda there: [entries[-1].body | {"synthetic": True, "decisions": []}])
    catalog_until(tmp_path / "whole", DAYS[-1])
    words = ["--journal", tmp_path / "journal", "--datasets", tmp_path / "whole", "--real"]
    code, out, _ = call(capsys, "journal", "check", *words, "--strategies", path.parent)
    assert (code, "13 entries, chain whole; all confirmed; 1 are of the demo market, and checked with --demo" in out) == (0, True)
    code, out, _ = call(capsys, "journal", "score", *words, "--json")
    assert (code, [one["entries"] for one in json.loads(out)["books"]], json.loads(out)["problems"]) == (0, [12], [])


def test_a_decision_whose_open_is_past_is_said_to_be_too_old(tmp_path, capsys):
    root = tmp_path / "data"
    prices = pd.concat([walk("SPY", DAYS, 1), walk("QQQ", DAYS[:-3], 2)])
    store(root, "prices", prices, fields=FIELDS)
    files = []
    for symbol in ("SPY", "QQQ"):
        files.append(tmp_path / f"{symbol.lower()}.py")
        files[-1].write_text(ALWAYS.format(symbol))
    said, _ = today_all(Catalog((root,)), files)
    assert [one.behind for one in said] == [0, 3]
    assert [one.behind for one in today_all(Catalog((root,)), files, f"{DAYS[-2]:%Y-%m-%d}")[0]] == [0, 2]
    print_today(said, [])
    assert capsys.readouterr().out.count(f"TOO OLD: its prices end {DAYS[-4]:%Y-%m-%d}, 3 bars back") == 1
    told = {"strategies": [asdict(one) for one in said], "problems": [], "synthetic": False}
    page.write(tmp_path / "today.html", told)
    assert "1 of 2 strategies act; the data of 1 end before" in (tmp_path / "today.html").read_text()
    for made, past in ((DAYS[-1] + pd.Timedelta(days=2), False), (said[0].fill + pd.Timedelta(minutes=1), True)):
        print_today(said, [], made)
        page.write(tmp_path / "today.html", told | {"made": made})
        for text in (capsys.readouterr().out, (tmp_path / "today.html").read_text()):
            assert ("The newest open that is decided for, 2024-01-02 14:30 UTC, is past" in text) == past


@pytest.mark.parametrize(("hour", "bar", "waits"), [(15, -2, DAYS[-1] + pd.Timedelta(hours=23, minutes=30)), (23.75, -1, None)])
def test_a_bar_is_decided_upon_when_its_time_has_come(tmp_path, capsys, hour, bar, waits):
    path = tmp_path / "fade.py"
    path.write_text(STRATEGY)
    (said,), _ = today_all(catalog_until(tmp_path / "whole", DAYS[-1]), [path], now=DAYS[-1] + pd.Timedelta(hours=hour))
    assert (said.label, said.waits, said.behind) == (DAYS[bar], waits, 0)
    print_today([said], [])
    assert ("the next bar is there, and decided upon at 2023-12-29 23:30 UTC" in capsys.readouterr().out) == (waits is not None)


def test_the_paper_book_is_the_backtest_where_nothing_differs(tmp_path):
    _, entries = followed(tmp_path)
    (book,), _ = books_of(catalog_until(tmp_path / "whole", DAYS[-1]), entries, tmp_path / "journal")
    assert book.journal_return == pytest.approx(book.backtest_return, abs=1e-12)
    assert (book.missing, book.different, book.late, book.unfilled) == (0, 0, 0, 0)
    assert (book.gap_missing, book.gap_data, book.gap_fills) == (0.0, 0.0, 0.0)
    assert book.gap_costs == pytest.approx(0.0, abs=1e-12)


def test_conditions_have_values_levels_and_gaps(tmp_path):
    path, _ = followed(tmp_path)
    said = today(catalog_until(tmp_path / "whole", SPAN[-1]), path)
    first = next(one for one in said.conditions if one.symbol == "SPY")
    assert first.text == "close.pct_change() >= 0.01"
    assert first.gap == pytest.approx(first.value - 0.01)
    assert first.holds == (first.gap >= 0)


@pytest.mark.parametrize(
    ("short", "text", "turned"),
    [
        ("moved & ~~dix", "dix of SPX > 0", False),  # as a block that is itself a `~` leaves it
        ("moved & ~dix", "not (dix of SPX > 0)", True),
        ("~(moved | ~dix)", "dix of SPX > 0", False),
        ("~(moved & dix)", "not (dix of SPX > 0)", True),
        ("moved ^ ~dix", "dix of SPX > 0", False),
    ],
)
def test_a_condition_is_shown_as_its_side_wants_it(tmp_path, short, text, turned):
    path = tmp_path / "veto.py"
    path.write_text(STRATEGY.replace("    return", '    dix = panel["dix", "SPX"] > 0\n    return').replace('moved & (panel["dix", "SPX"] > 0)', short))
    (one,) = [one for one in today(catalog_until(tmp_path / "whole", SPAN[-1]), path).conditions if one.symbol == "SPY" and "dix" in one.text]
    assert (one.text, one.holds, one.gap >= 0) == (text, (one.value > 0) != turned, (one.value > 0) != turned)


def test_the_nearest_flip_is_the_condition_that_turns_the_side_alone(tmp_path):
    path, _ = followed(tmp_path)
    said = today(catalog_until(tmp_path / "whole", SPAN[-1]), path)
    by_text = {(one.symbol, one.text): one for one in said.conditions}
    for symbol in ("SPY", "QQQ"):
        rise, dix = (by_text[symbol, text] for text in ("close.pct_change() >= 0.01", "dix of SPX > 0"))
        assert (rise.decides, dix.decides) == (dix.holds, rise.holds)  # of two that must both hold, each decides where the other does
        moved = walk(symbol, DAYS[: DAYS.get_loc(SPAN[-1]) + 1], 1 if symbol == "SPY" else 2)["close"].pct_change()
        assert rise.bars == pytest.approx(abs(rise.gap) / moved.iloc[-64:].diff().std(ddof=0))


def test_belief_and_open_positions_stand_beside(tmp_path):
    path, entries = followed(tmp_path)
    whole = catalog_until(tmp_path / "whole", DAYS[-1])
    held = holding(whole, tmp_path / "journal")
    assert held == {"fade": books_of(whole, entries, tmp_path / "journal")[0][0].open_positions}
    (said,) = with_standing([today(whole, path)], tmp_path / "results", {"fade": ("short SPY",)})
    assert (said.belief, said.positions) == (None, ("short SPY",))
    page.write(tmp_path / "today.html", {"strategies": [asdict(said)], "problems": ["x: no data"], "synthetic": False})
    text = (tmp_path / "today.html").read_text()
    assert all(words in text for words in ("short SPY", "Cannot decide: x: no data", "close.pct_change() &gt;= 0.01", "not run"))
