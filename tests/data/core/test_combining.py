"""Fields on longer bars: what a value means over time, when it is known, and when too little of it is there."""

import numpy as np
import pandas as pd
import pytest

from flowbt.data.catalog import Catalog
from flowbt.data.declare import parse_declaration
from flowbt.data.panel.combining import crowded, finer
from flowbt.data.panel.reader import PanelReader, open_panel
from flowbt.ground.clock import Clock
from flowbt.ground.errors import FieldError
from tinydata import FIELDS, bars, store

DAYS = Clock("24/7", "1d")


def panel_of(root, table, name="rows", clock=DAYS, symbols=("BTC",), **declaration):
    store(root, name, table, clock="24/7", **declaration)
    times = table["event_time"]
    return PanelReader(Catalog((root,)), symbols, clock, clock.labels(times.min().normalize(), times.max().normalize()))


def rows_of(freq, field, values=None, start="2024-01-01", end="2024-01-05 23:00"):
    times = pd.date_range(start, end, freq=freq, unit="ns")
    values = np.arange(1.0, len(times) + 1) if values is None else values
    return pd.DataFrame({"event_time": times, "symbol": "BTC", field: values})


@pytest.mark.parametrize(("freq", "known"), [("8h", {"rule": "after"}), ("1h", {"rule": "after"})])
def test_daily_funding_is_the_sum_of_its_settlements(tmp_path, freq, known):
    rows = rows_of(freq, "funding_rate")
    rows["funding_interval_hours"] = float(freq[0])
    fields = {"funding_rate": {"max_age": "9h"}, "funding_interval_hours": {"max_age": "9h"}}
    panel = panel_of(tmp_path, rows, frequency=freq, publication=known, fields=fields)
    daily = rows.set_index("event_time")["funding_rate"].groupby(lambda time: time.normalize()).sum()
    assert panel["funding_rate"]["BTC"].tolist() == daily.tolist()
    assert panel["funding_interval_hours"]["BTC"].eq(24).all()


def test_hourly_flow_adds_up_to_the_day(tmp_path):
    rows = rows_of("1h", "taker_buy_volume")
    panel = panel_of(tmp_path, rows, frequency="1h", fields={"taker_buy_volume": {"max_age": "3h"}})
    assert panel["taker_buy_volume"]["BTC"].iloc[0] == np.arange(1, 25).sum()


@pytest.mark.parametrize(("rule", "first"), [("first", 1), ("last", 24), ("max", 24), ("min", 1), ("mean", 12.5), ("compound", 2**24 - 1)])
def test_a_users_field_combines_as_declared(tmp_path, rule, first):
    rows = rows_of("1h", "mood", np.ones(120) if rule == "compound" else None)
    panel = panel_of(tmp_path, rows, frequency="1h", fields={"mood": {"max_age": "3h", "combine": rule}})
    assert panel["mood"]["BTC"].iloc[0] == first


def test_a_mean_may_be_weighted_by_another_field(tmp_path):
    rows = rows_of("1h", "fill").assign(volume=1.0)
    rows.loc[23, "volume"] = 77.0
    panel = panel_of(tmp_path, rows, frequency="1h", fields={"fill": {"combine": "mean:volume"}, "volume": {}})
    assert panel["fill"]["BTC"].iloc[0] == pytest.approx((np.arange(1, 24).sum() + 24 * 77) / 100)


def test_a_users_field_without_a_rule_is_a_question_on_another_clock(tmp_path):
    panel = panel_of(tmp_path, rows_of("1h", "mood"), frequency="1h", fields={"mood": {"max_age": "3h"}})
    with pytest.raises(FieldError, match=r"nothing says how they combine .* is it a sum, a mean, the last"):
        panel["mood"]
    hourly = PanelReader(panel.catalog, ("BTC",), Clock("24/7", "1h"), Clock("24/7", "1h").labels("2024-01-01", "2024-01-02"))
    assert hourly["mood"]["BTC"].iloc[3] == 4


def test_a_bar_with_too_few_parts_is_missing(tmp_path):
    rows = rows_of("1h", "taker_buy_volume").drop(range(30, 34))
    panel = panel_of(tmp_path, rows, frequency="1h", fields={"taker_buy_volume": {}})
    assert panel["taker_buy_volume"]["BTC"].isna().tolist() == [False, True, False, False, False]
    loose = panel_of(tmp_path / "b", rows, frequency="1h", fields={"taker_buy_volume": {"coverage": 0.5}})
    assert loose["taker_buy_volume"]["BTC"].notna().all()


def test_a_bar_is_known_when_the_last_of_its_parts_is(tmp_path):
    hours = Clock("24/7", "1h").labels("2024-01-01", "2024-01-05 23:00")
    store(tmp_path, "btc", bars("BTC", hours), clock="24/7", frequency="1h", publication={"rule": "after", "delay": "31h"}, fields=FIELDS)
    panel = open_panel(Catalog((tmp_path,)), ["BTC"], DAYS)
    assert panel["close"]["BTC"].isna().tolist() == [True, True, False, False, False]
    assert panel.known_at("close", "BTC").iloc[2] == pd.Timestamp("2024-01-03 06:00")
    assert panel.bars().close["BTC"].iloc[0] == 123.0


def test_a_revised_part_changes_the_bar_when_it_is_known(tmp_path):
    rows = rows_of("8h", "taker_buy_volume").assign(known_at=lambda t: t["event_time"] + pd.Timedelta("7h59min"))
    late = rows.iloc[[4]].assign(taker_buy_volume=100.0, known_at=pd.Timestamp("2024-01-03 12:00"))
    panel = panel_of(tmp_path, pd.concat([rows, late]), frequency="8h", publication={"rule": "column"}, fields={"taker_buy_volume": {"max_age": "9h"}})
    assert panel["taker_buy_volume"]["BTC"].iloc[:3].tolist() == [6.0, 15.0, 24.0]
    table = panel._table("taker_buy_volume", "BTC")
    second = table.event == np.datetime64("2024-01-02")
    assert table.values[second].tolist() == [15.0, 110.0]
    assert pd.Timestamp(table.known[second][1]) == pd.Timestamp("2024-01-03 12:00")


def test_flows_of_a_weekend_belong_to_mondays_session(tmp_path):
    rows = rows_of("D", "liquidations_long_usd", np.ones(12), "2024-01-01", "2024-01-12")
    panel = panel_of(tmp_path, rows, frequency="day", clock=Clock(), fields={"liquidations_long_usd": {"max_age": "2D"}})
    assert panel["liquidations_long_usd"]["BTC"].loc[["2024-01-05", "2024-01-08", "2024-01-09"]].tolist() == [1.0, 3.0, 1.0]


def test_a_daily_value_under_hours_is_the_last_known(tmp_path):
    rows = rows_of("D", "iv_30d", None, "2024-01-01", "2024-01-03")
    clock = Clock("24/7", "1h")
    panel = panel_of(tmp_path, rows, frequency="day", clock=clock, fields={"iv_30d": {"max_age": "2D"}})
    shown = panel["iv_30d"]["BTC"]
    assert np.isnan(shown.loc["2024-01-01 22:00"])
    assert shown.loc["2024-01-01 23:00"] == 1.0
    assert shown.loc["2024-01-02 22:00"] == 1.0


@pytest.mark.parametrize("freq", ["1h", "30m"])
def test_prices_outside_of_the_hours_of_the_exchange_are_of_no_bar(tmp_path, freq):
    days = Clock().labels("2024-01-02", "2024-01-05")  # 14:30 to 21:00 UTC
    times = pd.date_range(days[0] + pd.Timedelta("9h"), days[-1] + pd.Timedelta("25h"), freq=pd.Timedelta(freq), unit="ns")
    hour = times.hour + times.minute / 60
    rows = pd.DataFrame({"event_time": times, "symbol": "SPY", "open": hour, "high": hour, "low": hour, "close": hour, "volume": 1.0})
    store(tmp_path, "rows", rows, frequency=freq, publication={"rule": "after", "delay": freq}, fields=FIELDS)
    panel = PanelReader(Catalog((tmp_path,)), ["SPY"], Clock(), days)
    first, last = (14.0, 20.0) if freq == "1h" else (14.5, 20.5)
    assert panel.bars().open["SPY"].tolist() == [first] * len(days)
    assert panel["close"]["SPY"].tolist() == [last] * len(days)


def declared(frequency, clock="24/7"):
    return parse_declaration("x", {"title": "x", "source": "t", "clock": clock, "frequency": frequency, "publication": {"rule": "close"}, "fields": {"x": {}}})


@pytest.mark.parametrize(
    ("frequency", "rows", "clock", "several"),
    [
        ("irregular", "24/7", DAYS, True),
        ("event", "24/7", DAYS, False),
        ("week", "XNYS", Clock(), False),
        ("1h", "24/7", DAYS, True),
        ("1h", "24/7", Clock("24/7", "1h"), False),
        ("4h", "24/7", Clock("24/7", "1h"), False),
        ("day", "24/7", DAYS, False),
        ("day", "24/7", Clock(), True),  # Monday's session has three days
        ("session", "XNYS", Clock(), False),
        ("session", "XNYS", DAYS, False),
    ],
)
def test_rows_make_longer_bars_where_several_of_them_lie_in_one(frequency, rows, clock, several):
    assert finer(declared(frequency, rows), clock) is several


def test_a_bar_is_crowded_by_two_events_and_not_by_two_vintages_of_one():
    at = [np.datetime64(text, "ns") for text in ("2024-01-01T03", "2024-01-01T09", "2024-01-02T00")]
    assert crowded(np.array(at), DAYS) is True
    assert crowded(np.array([at[0], at[0], at[2]]), DAYS) is False
    assert crowded(np.array(at), Clock("24/7", "4h")) is False


@pytest.mark.parametrize(("coverage", "missing"), [(2 / 3, []), (0.67, [1])])
def test_the_share_that_is_asked_for_is_enough(tmp_path, coverage, missing):
    rows = rows_of("8h", "taker_buy_volume").drop(4)
    panel = panel_of(tmp_path, rows, frequency="8h", fields={"taker_buy_volume": {"coverage": coverage}})
    assert np.flatnonzero(panel["taker_buy_volume"]["BTC"].isna()).tolist() == missing


def test_a_day_without_rows_is_missing_and_the_next_one_is_not(tmp_path):
    panel = panel_of(tmp_path, rows_of("1h", "taker_buy_volume", np.ones(120)).drop(range(24, 48)), frequency="1h", fields={"taker_buy_volume": {}})
    assert panel["taker_buy_volume"]["BTC"].fillna(-1).tolist() == [24.0, -1.0, 24.0, 24.0, 24.0]


@pytest.mark.parametrize(("rule", "own"), [({"rule": "close"}, 0), ({"rule": "after"}, 1)])
def test_what_is_measured_by_the_hour_belongs_to_the_session_that_closes_after_it_ended(tmp_path, rule, own):
    """XNYS closes at 21:00 UTC: an hour that begins at 20:00 has ended then; a reading at 21:00 sharp is of that session too."""
    rows = rows_of("1h", "taker_buy_volume", None, "2024-01-02 21:00", "2024-01-08 21:00")
    panel = panel_of(tmp_path, rows, frequency="1h", clock=Clock(), publication=rule, fields={"taker_buy_volume": {"max_age": "3h"}})
    made, over = panel._table("taker_buy_volume", "BTC"), rows["event_time"] + pd.Timedelta(hours=1 - own)
    for day, before, hours in (("2024-01-04", "2024-01-03", 24), ("2024-01-08", "2024-01-05", 72)):
        mine = (over > pd.Timestamp(f"{before} 21:00")) & (over <= pd.Timestamp(f"{day} 21:00"))
        assert mine.sum() == hours
        assert made.values[made.event == np.datetime64(day)].tolist() == [rows.loc[mine, "taker_buy_volume"].sum()]


def test_a_coins_prices_make_sessions_of_its_days_and_those_of_a_weekend_none(tmp_path):
    hours = Clock("24/7", "1h").labels("2024-01-04", "2024-01-09 23:00")
    store(tmp_path, "btc", bars("BTC", hours), clock="24/7", frequency="1h", fields=FIELDS)
    panel = open_panel(Catalog((tmp_path,)), ["BTC"], Clock())
    by_day = bars("BTC", hours).set_index("event_time").groupby(lambda time: time.normalize())
    made = panel.bars()
    assert panel.index.strftime("%d").tolist() == ["04", "05", "08", "09"]
    assert made.close["BTC"].tolist() == by_day["close"].last()[panel.index].tolist()
    assert made.open["BTC"].tolist() == by_day["open"].first()[panel.index].tolist()
    assert made.high["BTC"].tolist() == by_day["high"].max()[panel.index].tolist()
    assert panel["close"]["BTC"].isna().iloc[0]  # the day ends after the session's decision
    assert panel["close"]["BTC"].iloc[1] == by_day["close"].last()[pd.Timestamp("2024-01-04")]
