"""The data core at its bounds: what still counts and what no longer does."""

import numpy as np
import pandas as pd
import pytest

from flowbt.data.catalog import Catalog
from flowbt.data.declare import FieldRule, Publication, parse_declaration
from flowbt.data.panel.bases import carried, dividends_of, scale_to_meet, split_factor, stale_opens
from flowbt.data.panel.caveats import back_calculated, caveats, lags
from flowbt.data.panel.columns import FieldTable
from flowbt.data.panel.joining import Agreement, agreement
from flowbt.data.panel.reader import open_panel
from flowbt.data.panel.settled import settled_by_bar
from flowbt.data.panel.views import known_events
from flowbt.ground.clock import Clock
from flowbt.ground.errors import DatasetError, RangeError
from tinydata import FIELDS, bars, store

DAYS = Clock().labels("2024-01-02", "2024-01-12")


def declared(**given):
    raw = {"title": "x", "source": "test", "publication": {"rule": "close"}, "fields": {"gauge": {}}, **given}
    return parse_declaration("x", raw)


@pytest.mark.parametrize(("late", "missing"), [("08:00", []), ("12:00", []), ("12:01", [1])])
def test_a_settlement_is_missing_where_two_lie_further_apart_than_half_as_long_again_as_usual(late, missing):
    times = pd.date_range("2024-01-01", "2024-01-04", freq="8h", unit="ns").to_numpy().copy()
    times[4:] += np.timedelta64(pd.Timedelta(f"{late}:00").value - pd.Timedelta("8h").value, "ns")  # of the second day the first lasts longer
    days = Clock("24/7").labels("2024-01-01", "2024-01-03")
    found = settled_by_bar(FieldTable(times, times, times, np.ones(len(times))), None, Clock("24/7"), days)
    assert np.flatnonzero(np.isnan(found)).tolist() == missing
    assert np.isnan(settled_by_bar(FieldTable(times[:0], times[:0], times[:0], np.ones(0)), None, Clock("24/7"), days)).all()


def test_an_event_is_seen_from_after_its_announcement_and_its_value_from_after_it_happened():
    at = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"])
    table = pd.DataFrame({"event_time": at + pd.Timedelta("1D"), "known_at": at, "value": [1.0, 2.0, 3.0]})
    assert known_events(table, pd.Timestamp("2024-01-02"))["value"].isna().tolist() == [True]
    assert list(known_events(table, pd.Timestamp("2024-01-02"))) == list(table)
    assert known_events(table, pd.Timestamp("2024-01-02 00:01"))["value"].tolist() == pytest.approx([1.0, np.nan], nan_ok=True)


def test_a_dividend_is_the_step_of_the_ratio_and_rounding_is_none():
    close = pd.Series([100.0, 102.0, 101.0, 103.0], DAYS[:4])
    total = close * [0.98, 0.98, 0.98 / (1 - 1.02 / 102.0), 0.98 / (1 - 1.02 / 102.0) * 1.00009]
    assert dividends_of(close, total).to_dict() == {DAYS[2]: pytest.approx(1.02)}
    assert dividends_of(close.where(close != 102.0, 0.0), total).empty is False  # a price of zero is passed over


def test_total_return_prices_meet_the_traded_ones_at_their_first_common_label():
    assert scale_to_meet(pd.Series([50.0, 60.0], DAYS[1:3]), pd.Series([20.0, 25.0, 40.0], DAYS[:3])) == 2.0
    assert np.isnan(scale_to_meet(pd.Series([50.0], DAYS[:1]), pd.Series([50.0], DAYS[1:2])))


def test_a_split_divides_the_prices_before_it_and_not_its_own():
    assert split_factor(DAYS[:4], pd.Series([2.0, 3.0], DAYS[[1, 3]])).tolist() == [6.0, 3.0, 3.0, 1.0]


def test_a_dividend_is_cash_to_who_holds_the_evening_before_and_the_mark_falls_by_it():
    close, dividend = (pd.DataFrame({"A": values}, DAYS[:4]) for values in ([10.0, np.nan, 12.0, 13.0], [9.0, 0.0, 2.0, 0.0]))
    mark, rate = carried(close, dividend)
    assert mark["A"].tolist() == [10.0, 8.0, 12.0, 13.0]  # of a missing close the last known, less what is due
    assert rate["A"].tolist() == [0.0, -0.25, 0.0, 0.0]  # the first label's is nobody's
    assert carried(close, dividend * 0)[0] is close


def test_a_fifth_of_a_years_opens_at_the_close_before_makes_it_stale():
    labels = Clock().labels("2024-01-02", "2024-06-28")[:101]
    close = pd.DataFrame({"A": np.arange(100.0, 201.0)}, labels)
    opened = (close - 0.5).mask(np.arange(101)[:, None] <= 20, close.shift(1))
    assert stale_opens(opened, close)["A"].all()  # twenty of a hundred
    assert not stale_opens(opened.mask(np.arange(101)[:, None] == 20, 0.0), close)["A"].any()
    many = pd.DataFrame({f"S{k}": close["A"] for k in range(257)})
    assert stale_opens(many.shift(1), many).all().all()


def test_what_was_calculated_later_is_said_of_the_bars_before_its_date_only(tmp_path):
    store(tmp_path, "prices", bars("SPY", DAYS), fields=FIELDS, live_from={"close": "2024-01-04", "open": "2024-01-02"}, vintage="latest", survivorship=True)
    panel = open_panel(Catalog((tmp_path,)), ["SPY"])
    panel["close"], panel["open"]
    lines = caveats(panel, labels=DAYS)
    assert "Back-calculated before 2024-01-04, so nobody had it on 2 of 9 bars: close of SPY." in lines
    assert "Survivorship-biased members: prices." in lines
    assert "Latest vintage, not as first published: prices." in lines
    assert back_calculated(panel.datasets(), DAYS[2:]) == []
    assert back_calculated(panel.datasets(), DAYS[:0]) == []
    assert caveats(panel, labels=DAYS[2:], keys=[("high", "SPY")]) == []
    assert panel.live() == pd.Timestamp("2024-01-04")
    assert lags(panel.datasets()) == []


@pytest.mark.parametrize(("common", "median", "same"), [(4, 9.0, True), (5, 0.5, True), (5, 0.51, False)])
def test_levels_agree_within_half_a_step_where_five_labels_can_be_compared(common, median, same):
    assert Agreement(common, median, median, 1.0).same is same


def test_a_value_is_stale_so_many_sessions_or_so_long_after_it_was_known():
    known = pd.DatetimeIndex(["2024-01-05 02:00"])  # the evening of the 4th, a Thursday, in New York
    assert FieldRule(max_age="2 sessions").stale_at(known, Clock())[0] == np.datetime64("2024-01-09 02:00")
    assert FieldRule(max_age="1 session").stale_at(known, Clock("24/7"))[0] == np.datetime64("2024-01-06 02:00")
    assert FieldRule(max_age="0 sessions").stale_at(known, Clock())[0] == known[0].to_datetime64()
    assert FieldRule(max_age="12h").stale_at(known, Clock())[0] == np.datetime64("2024-01-05 14:00")


@pytest.mark.parametrize(("days", "at"), [(0, "20:00"), (1, "09:00"), (2, "18:00"), (2, "20:00"), (5, "20:00")])
def test_a_row_that_comes_late_stands_until_the_next_one_over_weekends_too(tmp_path, days, at):
    """Sessions were counted from the row's own date: known on a Friday evening, a Wednesday's was stale on Saturday, and every Monday was missing."""
    labels, missing = Clock().labels("2024-01-02", "2024-02-15"), 12
    store(tmp_path, "prices", bars("SPY", labels), fields=FIELDS)
    rows = pd.DataFrame({"event_time": labels, "symbol": "SPX", "dix": np.arange(len(labels), dtype=float)}).drop(index=[missing])
    store(tmp_path, "late", rows, publication={"rule": "session", "days": days, "at": at}, fields={"dix": {"max_age": "1 session"}})
    shown = open_panel(Catalog((tmp_path,)), ["SPY"])["dix", "SPX"]["SPY"].to_numpy()
    behind = days + (at > "18:30")
    expected = np.arange(len(labels), dtype=float) - behind
    np.testing.assert_array_equal(shown, np.where((expected < 0) | (expected == missing), np.nan, expected))


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ({"max_age": "-1D"}, "an age cannot be negative"),
        ({"max_age": "soon"}, "no length of time"),
        ({"min": 2, "max": 1}, "min 2 is above max 1"),
        ({"coverage": 1.1}, "less than or equal to 1"),
        ({"combine": "median"}, "no rule of combination"),
        ({"min": float("inf")}, "finite"),
    ],
)
def test_a_field_rule_that_cannot_be_is_refused(rule, found):
    with pytest.raises(DatasetError, match=found):
        declared(fields={"gauge": rule})
    kept = declared(fields={"gauge": {"min": 1, "max": 1, "coverage": 1.0, "max_age": "0h"}}).fields["gauge"]
    assert (kept.min, kept.max) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ({"rule": "session", "at": "24:00"}, "no time of day"),
        ({"rule": "session", "zone": "Mars/Base"}, "no time zone"),
        ({"rule": "session", "days": -1}, "days"),
        ({"rule": "after", "delay": "-1h"}, "a delay cannot be negative"),
        ({"rule": "weekday", "weekday": 7}, "weekday"),
        ({"rule": "session", "delayed": [["2024-01-01", "2024-01-05", "2200-01-01"]]}, "no date YYYY-MM-DD"),
    ],
)
def test_a_publication_rule_that_cannot_be_is_refused(rule, found):
    with pytest.raises(DatasetError, match=found):
        declared(publication=rule)


def test_a_rule_is_told_in_words():
    told = {"session": "known at 18:00 New York, same session", "after": "known 0h after the event time", "column": "known when the file says"}
    assert {rule: Publication(rule=rule).words() for rule in told} == told
    assert Publication(rule="session", days=2, at="9:30").words() == "known at 9:30 New York, 2 session(s) later"
    assert Publication(rule="weekday", weekday=2, calendar="federal").words() == "known at 18:00 New York on the next Wednesday, later after federal holidays"
    assert Publication(rule="month", business_day=3, january=5).words() == "known at 18:00 New York on session 3 (January: 5) of the next month"


def test_a_weekday_is_the_next_one_or_the_day_itself_where_that_is_said():
    friday, clock = pd.DatetimeIndex(["2024-03-01"]), Clock()
    assert Publication(rule="weekday", weekday=4, at="12:00").known_at(friday, clock)[0] == pd.Timestamp("2024-03-08 17:00")
    assert Publication(rule="weekday", weekday=4, at="12:00", same_day=True).known_at(friday, clock)[0] == pd.Timestamp("2024-03-01 17:00")
    assert Publication(rule="weekday", weekday=5, at="12:00").known_at(friday, clock)[0] == pd.Timestamp("2024-03-02 17:00")


def test_spans_that_came_late_are_out_on_their_day_first_and_last_date_included():
    late = Publication(rule="session", at="12:00", delayed=(("2024-03-04", "2024-03-06", "2024-03-11"),))
    events = pd.DatetimeIndex(["2024-03-01", "2024-03-04", "2024-03-06 15:00", "2024-03-07", "2024-03-08"])
    assert late.known_at(events, Clock()).strftime("%d").tolist() == ["01", "11", "11", "07", "08"]


def test_a_row_comes_out_after_one_instant_and_until_another():
    daily = declared(publication={"rule": "session", "at": "18:00"})
    out = pd.Timestamp("2024-03-05 23:00")
    assert daily.out_between(out - pd.Timedelta("1s"), out)
    assert not daily.out_between(out, out + pd.Timedelta("3h"))
    around = declared(clock="24/7", frequency="day", publication={"rule": "close"})
    assert around.out_between(pd.Timestamp("2024-03-05 23:00"), pd.Timestamp("2024-03-06"))
    assert not around.out_between(pd.Timestamp("2024-03-05 00:00"), pd.Timestamp("2024-03-05 23:59"))


def test_prices_as_traded_may_end_ten_days_before_the_folded_ones_and_no_more(tmp_path):
    labels = Clock().labels("2024-01-02", "2024-03-28")
    store(tmp_path, "folded", bars("SPY", labels), fields=FIELDS, basis="total return", priority=1)
    for name, end in (("near", "2024-03-18"), ("far", "2024-03-15")):
        store(tmp_path / name, "traded", bars("SPY", labels[labels <= end]), fields=FIELDS)
        catalog = Catalog((tmp_path, tmp_path / name))
        assert catalog.holder("close", "SPY", Clock()).name == ("traded" if name == "near" else "folded")
        assert [one.name for one in catalog.holders("close", "SPY", Clock(), "total return")] == ["folded"]


def test_a_span_without_labels_and_one_that_fields_do_not_share_are_refused(tmp_path):
    store(tmp_path, "prices", pd.concat([bars("SPY", DAYS[:4]), bars("QQQ", DAYS[5:])]), fields=FIELDS)
    catalog = Catalog((tmp_path,))
    with pytest.raises(RangeError, match="no XNYS labels in it"):
        open_panel(catalog, ["SPY"], start="2024-01-06", end="2024-01-07")
    panel = open_panel(catalog, ["SPY", "QQQ"])
    assert (panel.index[0], panel.index[-1]) == (DAYS[0], DAYS[-1])
    panel["close"]
    with pytest.raises(RangeError, match="the latest starts 2024-01-09, the earliest ends 2024-01-05"):
        panel.ready()
    assert open_panel(catalog, ["SPY"], start="2024-01-03", end="2024-01-04").index.tolist() == DAYS[1:3].tolist()


def test_a_bar_that_never_closes_is_known_just_before_it_is_decided_upon():
    clock = Clock("24/7", "4h")
    bars = clock.labels("2024-01-01", "2024-01-03")
    known = Publication(rule="close").known_at(bars, clock)
    assert (known < clock.decisions(bars)).all()
    assert (clock.decisions(bars) - known).max() <= pd.Timedelta(seconds=1)


@pytest.mark.parametrize(("date", "known"), [("1699-12-31", False), ("1700-01-01", True), ("2199-12-31", True), ("2200-01-01", False), ("2024-02-30", False)])
def test_a_date_lies_between_1700_and_2200(date, known):
    if known:
        assert declared(live_from={"*": date}).live("gauge", "SPX") == pd.Timestamp(date)
    else:
        with pytest.raises(DatasetError, match="no date YYYY-MM-DD"):
            declared(live_from={"*": date})


def test_rows_that_cannot_be_known_yet_are_found_to_the_instant():
    at = pd.DatetimeIndex(["2024-03-05 04:00", "2024-03-05 08:00"]).to_numpy()
    hour = np.timedelta64(1, "h")
    kinds = {
        "a flow of four hours": (declared(clock="24/7", frequency="4h", fields={"taker_buy_volume": {}}), at + 4 * hour - np.timedelta64(1, "ms")),
        "a rate when it settles": (declared(clock="24/7", frequency="8h", fields={"funding_rate": {}}), at),
        "a fixing": (declared(clock="24/7", frequency="irregular"), at),
        "a session's close": (declared(fields={"close": {}}), pd.DatetimeIndex(["2024-03-05 21:00"] * 2).to_numpy()),
        "a week": (declared(frequency="week"), at),
    }
    for words, (dataset, least) in kinds.items():
        events = at.astype("datetime64[D]").astype("datetime64[ns]") if "session" in words else at
        assert not dataset.too_early(events, least.astype("datetime64[ns]")).any(), words
        assert dataset.too_early(events, least.astype("datetime64[ns]") - np.timedelta64(1, "ns")).all(), words
    assert not declared(frequency="event").too_early(at, at - 999 * hour).any()
    ahead = declared(clock="24/7", frequency="irregular", publication={"rule": "column", "ahead": "8h"})
    assert ahead.too_early(at, at - 8 * hour).tolist() == [False, False]
    assert ahead.too_early(at, at - 8 * hour - np.timedelta64(1, "ns")).tolist() == [True, True]


def test_how_two_tables_agree_is_worked_out_on_the_labels_both_have():
    def of(days, values):
        event = DAYS[list(days)].to_numpy()
        return FieldTable(event, event, event, np.array(values, float))

    one, other = of(range(7), [1, 2, 4, 7, 11, 16, 22]), of([0, 2, 3, 4, 6], [1.5, 4, 8, 11, 20])
    found = agreement(one, other)
    assert (found.common, found.median, found.largest) == (5, 0.5, 2.0)  # apart by 0.5, 0, 1, 0, 2
    assert found.step == 3.5  # of 1, 4, 7, 11, 22: 3, 3, 4, 11
    few = agreement(one, of([1, 5], [2, 26]))
    assert (few.common, few.median, few.largest, few.step) == (2, 5.0, 10.0, 3.5)  # of all its own: 1 to 6
    none = agreement(one, of([8], [1]))
    assert (none.common, none.step, np.isnan(none.median)) == (0, 3.5, True)
    assert agreement(of([0], [1]), of([], [])).step == 0.0


def test_opens_are_judged_by_the_year_and_ten_of_them_are_the_least():
    labels = Clock().labels("2022-12-01", "2023-02-15")
    close = pd.DataFrame({"A": np.arange(100.0, 100.0 + len(labels))}, labels)
    early = labels.year == 2022
    opened = close.shift(1).fillna(99.0).where(early[:, None], close - 0.4)
    assert stale_opens(opened, close)["A"].tolist() == early.tolist()
    nine = opened.mask((np.arange(len(labels)) > 9)[:, None], close - 0.4)
    assert not stale_opens(nine, close).to_numpy().any()
    assert stale_opens(opened.mask((np.arange(len(labels)) > 10)[:, None], close - 0.4), close)["A"].tolist() == early.tolist()
    assert not stale_opens(opened + 2e-6 * close, close).to_numpy().any()
    assert stale_opens(opened + 0.5e-6 * close, close)["A"].any()
