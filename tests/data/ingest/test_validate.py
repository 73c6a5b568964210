"""What is wrong is found by row and reason, and refused, dropped or flagged."""

import pandas as pd
import pytest

from flowbt.data.declare import parse_declaration
from flowbt.data.ingest.validate import DEFAULTS, as_records, check_holes, check_rows, check_splits
from flowbt.data.sources.base import RawTable
from flowbt.ground.errors import RefusedImport


def declared(policy=None, frequency="session", clock="XNYS", **fields):
    raw = {"title": "t", "source": "table", "frequency": frequency, "clock": clock, "publication": {"rule": "close"}, "policy": policy or {}}
    return parse_declaration("x", {**raw, "fields": fields or {"close": {}}})


def table(dates, **columns):
    frame = pd.DataFrame({"event_time": pd.DatetimeIndex(dates), "symbol": "A", "row": range(2, 2 + len(dates)), "file": "f.csv", **columns})
    return RawTable(frame)


SESSIONS = ["2024-01-02", "2024-01-03", "2024-01-04"]


def test_duplicate_is_refused_by_default_and_named():
    rows = table(["2024-01-02", "2024-01-02"], close=[1.0, 2.0])
    with pytest.raises(RefusedImport, match=r"1 duplicate: \[duplicate\] f.csv row 3: 2024-01-02 A"):
        check_rows(rows, declared())


def test_duplicate_dropped_keeps_the_first():
    checked = check_rows(table(["2024-01-02", "2024-01-02"], close=[1.0, 2.0]), declared({"duplicate": "drop"}))
    assert checked.frame["close"].tolist() == [1.0]
    assert [(found.kind, found.row) for found in checked.findings] == [("duplicate", 3)]


def test_unsorted_is_flagged_and_kept():
    checked = check_rows(table(["2024-01-03", "2024-01-02"], close=[1.0, 2.0]), declared())
    assert [(found.kind, found.row, len(checked.frame)) for found in checked.findings] == [("unsorted", 3, 2)]


@pytest.mark.parametrize("bar", [(10.0, 9.0, 8.0, 8.5), (10.0, 12.0, 10.5, 11.0), (10.0, 9.0, 11.0, 10.0)])
def test_impossible_bar(bar):
    columns = {name: [price, 10.0] for name, price in zip(("open", "high", "low", "close"), bar, strict=True)}
    checked = check_rows(table(SESSIONS[:2], **columns), declared({"ohlc": "drop"}, **{name: {} for name in columns}))
    assert [(found.kind, found.row) for found in checked.findings] == [("ohlc", 2)]
    assert checked.frame["row"].tolist() == [3]


def test_zero_that_cannot_be_empties_the_cell_only():
    rows = table(SESSIONS[:2], close=[0.0, 2.0], volume=[0.0, 5.0])
    checked = check_rows(rows, declared({"zero": "drop"}, close={"zero": "never"}, volume={}))
    assert checked.frame["close"].isna().tolist() == [True, False]
    assert checked.frame["volume"].tolist() == [0.0, 5.0]
    assert [(found.kind, found.field, found.row) for found in checked.findings] == [("zero", "close", 2)]


def test_out_of_range_names_value_and_bounds():
    rows = table(SESSIONS, close=[-1.0, 5.0, 11.0])
    with pytest.raises(RefusedImport, match=r"2 range: .* outside 0.0 to 10.0 \(-1\); .* \(11\)"):
        check_rows(rows, declared(close={"min": 0, "max": 10}))


def test_a_row_on_a_closed_day_is_dropped():
    checked = check_rows(table(["2024-01-02", "2024-01-06"], close=[1.0, 2.0]), declared({"off_session": "drop"}))
    assert checked.frame["event_time"].tolist() == [pd.Timestamp("2024-01-02")]


def test_an_hour_that_is_no_bar_start():
    with pytest.raises(RefusedImport, match="no bar start"):
        check_rows(table(["2024-01-02 01:30"], close=[1.0]), declared(frequency="1h", clock="24/7"))


def test_holes_come_as_runs_of_sessions():
    frame = table(["2024-01-02", "2024-01-08", "2024-01-09"], close=1.0).frame
    holes = check_holes(frame, declared())
    assert [(hole.event_time, hole.reason) for hole in holes] == [(pd.Timestamp("2024-01-03"), "no row (3 labels to 2024-01-05)")]


def test_holes_of_hours_and_of_weeks():
    hours = table(["2024-01-02 00:00", "2024-01-02 02:00"], close=1.0).frame
    assert [hole.event_time.hour for hole in check_holes(hours, declared(frequency="1h", clock="24/7"))] == [1]
    weeks = table(["2024-01-02", "2024-01-09", "2024-01-30"], close=1.0).frame
    assert [hole.reason for hole in check_holes(weeks, declared(frequency="week"))] == ["nothing for 21 days, until 2024-01-30"]


def test_a_full_calendar_has_no_holes():
    assert check_holes(table(SESSIONS, close=1.0).frame, declared()) == []


def test_every_finding_is_recorded_with_what_was_done():
    config = declared({"zero": "drop"}, close={"zero": "never"})
    checked = check_rows(table(SESSIONS[:2], close=[0.0, 2.0]), config)
    where = {"file": "f.csv", "row": 2, "symbol": "A", "field": "close", "event_time": "2024-01-02T00:00:00"}
    assert as_records(checked.findings, config) == [{"kind": "zero", "action": "dropped", "reason": "0 is impossible here (0)", **where}]
    assert set(DEFAULTS.values()) == {"refuse", "drop", "flag"}


def test_sessions_without_five_minute_bars_are_holes_and_bars_are_no_labels():
    raw = {"title": "t", "source": "broker", "frequency": "5m", "publication": {"rule": "after", "delay": "5min"}, "fields": {"close": {}}}
    times = pd.to_datetime(["2024-01-02 14:30", "2024-01-02 14:35", "2024-01-03 14:30", "2024-01-05 14:30"])
    found = check_holes(pd.DataFrame({"event_time": times, "symbol": "SPY:5m", "close": 1.0}), parse_declaration("x", raw))
    assert [(one.kind, str(one.event_time.date())) for one in found] == [("hole", "2024-01-04")]


HALVED = {"open": [100.0, 101.0, 49.0, 50.5], "close": [101.0, 100.0, 50.0, 50.0]}


def test_a_night_that_halves_the_price_is_a_split_nobody_recorded():
    found = check_splits(table([*SESSIONS, "2024-01-05"], **HALVED).frame, declared())
    assert [(one.kind, f"{one.event_time:%F}", one.reason[:40]) for one in found] == [("split", "2024-01-04", "a jump from 100 to 49: a split (2 for 1)")]


def test_a_recorded_split_and_a_crash_are_none():
    recorded = table([*SESSIONS, "2024-01-05"], **HALVED, split=[float("nan"), float("nan"), 2.0, float("nan")]).frame
    crash = table(SESSIONS, close=[100.0, 101.0, 61.0]).frame
    assert check_splits(recorded, declared()) == check_splits(crash, declared()) == []


def test_what_doubles_on_its_usual_days_has_no_split():
    index = table(pd.bdate_range("2024-01-02", periods=9), close=[10.0, 11.0, 9.0, 10.0, 20.0, 14.0, 12.0, 13.0, 11.0]).frame
    assert check_splits(index, declared()) == []


@pytest.mark.parametrize("frequency", ["5m", "1h"])
def test_rows_finer_than_a_session_need_not_be_labelled_by_it(frequency):
    rows = table(["2024-01-03 14:30", "2024-01-03 15:30"], close=[1.0, 2.0])
    assert len(check_rows(rows, declared(frequency=frequency)).frame) == 2
    with pytest.raises(RefusedImport, match="off_session"):
        check_rows(table(["2024-01-03 14:30"], close=[1.0]), declared(frequency="1h", clock="24/7"))
