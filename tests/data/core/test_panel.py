"""The panel: alignment, publication lags, stand-ins, staleness, errors."""

import numpy as np
import pandas as pd
import pytest

from flowbt.data.catalog import Catalog
from flowbt.data.panel.reader import open_panel
from flowbt.features.calendar import days_to_event
from flowbt.ground.clock import Clock
from flowbt.ground.errors import FieldError
from flowbt.studies.features.values import View, compute_table
from tinydata import FIELDS, bars, store


def test_the_close_of_a_session_is_known_at_its_decision(catalog):
    panel = open_panel(catalog, ["SPY"])
    assert panel["close"].iloc[0, 0] == 100.0
    assert panel["close"].notna().all(axis=None)


def test_before_the_close_only_the_session_before_is_known(catalog):
    panel = open_panel(catalog, ["SPY"], Clock().at("15:45"))
    assert np.isnan(panel["close"].iloc[0, 0])
    assert panel["close"].iloc[1, 0] == 100.0


def test_published_in_the_evening_means_one_session_later(catalog):
    panel = open_panel(catalog, ["SPY"])
    dix = panel["dix", "SPX"]["SPY"]
    assert np.isnan(dix.iloc[0])
    assert dix.iloc[1] == 0.40
    assert panel.known_at("dix", "SPX").iloc[1] == pd.Timestamp("2024-01-03 01:00")


def test_every_shown_value_was_known_before_the_decision(catalog):
    panel = open_panel(catalog, ["SPY", "QQQ"])
    for field, symbol in (("close", "SPY"), ("close", "QQQ"), ("dix", "SPX")):
        known = panel.known_at(field, symbol)
        assert (known.dropna().to_numpy() < panel.decisions[known.notna()]).all()


def test_a_symbol_that_starts_later_is_missing_before(catalog):
    close = open_panel(catalog, ["SPY", "QQQ"])["close"]
    assert close["QQQ"].isna().sum() == 5
    assert close["QQQ"].iloc[5] == 50.0


def test_a_hole_is_missing_and_not_the_day_before(tmp_path):
    labels = Clock().labels("2024-01-02", "2024-01-31")
    store(tmp_path, "prices", bars("SPY", labels.delete(7)), fields=FIELDS)
    close = open_panel(Catalog((tmp_path,)), ["SPY"])["close"]["SPY"]
    assert np.flatnonzero(close.isna()).tolist() == [7]


def test_one_symbols_series_is_spread_over_all_columns(catalog):
    frame = open_panel(catalog, ["SPY", "QQQ"])["dix", "SPX"]
    assert list(frame.columns) == ["SPY", "QQQ"]
    assert frame["SPY"].equals(frame["QQQ"].rename("SPY"))


def test_a_stand_in_is_used_and_named(catalog):
    panel = open_panel(catalog, ["SPY"])
    assert panel.either("dark_pool_net", ("dix", "SPX")).equals(panel["dix", "SPX"])
    assert [(one.asked, one.used) for one in panel.stand_ins] == [("dark_pool_net", "dix of SPX")]


def test_the_real_thing_is_no_stand_in(catalog):
    panel = open_panel(catalog, ["SPY"])
    panel.either("close", ("dix", "SPX"))
    assert not panel.stand_ins


def test_a_missing_field_names_what_has_it(catalog):
    panel = open_panel(catalog, ["SPY"])
    with pytest.raises(FieldError, match="the catalog has it for SPX"):
        panel["dix", "SPY"]
    with pytest.raises(FieldError, match="did you mean close"):
        panel["clsoe"]


def test_ready_is_the_span_all_touched_fields_share(catalog):
    panel = open_panel(catalog, ["SPY", "QQQ"])
    panel["close"], panel["dix", "SPX"]
    first, last = panel.ready()
    assert first == panel.index[5]
    assert last == panel.index[-1]


def test_hourly_bars_make_daily_ones(tmp_path):
    clock = Clock("24/7", "1h")
    store(tmp_path, "btc", bars("BTC", clock.labels("2024-01-01", "2024-01-03 23:00")), clock="24/7", frequency="1h", fields=FIELDS)
    panel = open_panel(Catalog((tmp_path,)), ["BTC"], Clock("24/7", "1d"))
    assert panel["open"]["BTC"].tolist() == [99.5, 123.5, 147.5]
    assert panel["high"]["BTC"].tolist() == [124.0, 148.0, 172.0]
    assert panel["close"]["BTC"].tolist() == [123.0, 147.0, 171.0]


def test_funding_is_summed_over_the_bar_that_it_ends(tmp_path):
    days = Clock("24/7", "1d").labels("2024-01-01", "2024-01-04")
    store(tmp_path, "btc", bars("BTC", days), clock="24/7", frequency="day", fields=FIELDS)
    times = pd.date_range("2024-01-01 08:00", "2024-01-05", freq="8h", unit="ns")
    rates = pd.DataFrame({"event_time": times, "symbol": "BTC", "funding_rate": 0.0001 * np.arange(1, len(times) + 1)})
    store(tmp_path, "funding", rates, clock="24/7", frequency="8h", publication={"rule": "after"}, fields={"funding_rate": {"max_age": "9h"}})
    funding = open_panel(Catalog((tmp_path,)), ["BTC"], Clock("24/7", "1d")).bars().funding["BTC"]
    assert funding.iloc[0] == pytest.approx(0.0001 * (1 + 2 + 3))


def test_a_hole_in_funding_is_missing_and_not_zero(tmp_path):
    days = Clock("24/7", "1d").labels("2024-01-01", "2024-01-10")
    store(tmp_path, "btc", bars("BTC", days), clock="24/7", frequency="day", fields=FIELDS)
    times = pd.date_range("2024-01-01 08:00", "2024-01-11", freq="8h", unit="ns")
    times = times[(times < "2024-01-04") | (times > "2024-01-07")]
    rates = pd.DataFrame({"event_time": times, "symbol": "BTC", "funding_rate": 0.0001})
    store(tmp_path, "funding", rates, clock="24/7", frequency="8h", publication={"rule": "after"}, fields={"funding_rate": {"max_age": "9h"}})
    funding = open_panel(Catalog((tmp_path,)), ["BTC"], Clock("24/7", "1d")).bars().funding["BTC"]
    assert funding.isna().loc["2024-01-04":"2024-01-06"].all()
    assert funding.notna().loc["2024-01-08":].all()


def test_the_first_row_too_has_its_time_and_where_nothing_is_shown_there_is_none(catalog):
    panel = open_panel(catalog, ["SPY", "QQQ"])
    assert panel.event_time("close", "SPY").iloc[0] == panel.index[0]
    assert panel.known_at("close", "SPY").iloc[0] == Clock().closes(panel.index[:1])[0]
    assert panel.event_time("close", "QQQ").isna().sum() == panel.known_at("close", "QQQ").isna().sum() == 5
    assert panel.event_time("close", "QQQ").iloc[5] == panel.index[5]


def settled(root, name, times, rates, known=None):
    table = pd.DataFrame({"event_time": times, "symbol": "BTC", "funding_rate": rates, "known_at": times if known is None else known})
    store(root, name, table, clock="24/7", frequency="8h", publication={"rule": "after"}, fields={"funding_rate": {"max_age": "9h"}})


def test_a_corrected_rate_is_paid_once(tmp_path):
    days = Clock("24/7", "1d").labels("2024-01-01", "2024-01-03")
    store(tmp_path, "btc", bars("BTC", days), clock="24/7", frequency="day", fields=FIELDS)
    times = pd.date_range("2024-01-01 08:00", "2024-01-04", freq="8h", unit="ns")
    later = times[1] + pd.Timedelta("3D")
    settled(tmp_path, "funding", times.append(times[1:2]), [0.0001] * len(times) + [0.0002], times.append(pd.DatetimeIndex([later])))
    funding = open_panel(Catalog((tmp_path,)), ["BTC"], Clock("24/7", "1d")).bars().funding["BTC"]
    assert funding.tolist() == pytest.approx([0.0004, 0.0003, 0.0003])


def test_funding_is_paid_where_a_later_dataset_goes_on(tmp_path):
    days = Clock("24/7", "1d").labels("2024-01-01", "2024-01-08")
    store(tmp_path, "btc", bars("BTC", days), clock="24/7", frequency="day", fields=FIELDS)
    times = pd.date_range("2024-01-01 08:00", "2024-01-09", freq="8h", unit="ns")
    rates = np.where(np.arange(len(times)) % 2, 0.0001, 0.0003)
    settled(tmp_path, "first", times[:12], rates[:12])
    settled(tmp_path, "then", times[6:], rates[6:])
    panel = open_panel(Catalog((tmp_path,)), ["BTC"], Clock("24/7", "1d"))
    assert panel.bars().funding["BTC"].tolist() == pytest.approx(pd.Series(rates).groupby(np.arange(len(times)) // 3).sum().tolist())
    assert [one.dataset for one in panel.speakers()["funding_rate", "BTC"]] == ["first", "then"]


def test_events_are_announced_when_the_rule_says_as_it_is_now(tmp_path):
    table = pd.DataFrame({"event_time": [pd.Timestamp("2024-01-10")], "symbol": "FOMC", "event": 1.0})
    store(tmp_path, "dates", table, frequency="event", publication={"rule": "session", "at": "09:00"}, fields={"event": {}})
    path = tmp_path / "dates" / "dataset.toml"
    path.write_text(path.read_text().replace("09:00", "17:00"))
    store(tmp_path, "prices", bars("SPY", Clock().labels("2024-01-02", "2024-01-12")), fields=FIELDS)
    assert open_panel(Catalog((tmp_path,)), ["SPY"]).events("FOMC")["known_at"].tolist() == [pd.Timestamp("2024-01-10 22:00")]


def funded(root, times, hours=None, clock="24/7", step="1d"):
    """Funding per bar of a coin that pays 0.01% at each of `times`."""
    labels = Clock(clock, step).labels("2024-01-04", "2024-01-11")
    store(root, "btc", bars("BTC", labels), clock=clock, frequency={"1h": "1h"}.get(step, "day" if clock == "24/7" else "session"), fields=FIELDS)
    table = pd.DataFrame({"event_time": times, "symbol": "BTC", "funding_rate": 1.0} | ({} if hours is None else {"funding_interval_hours": hours}))
    declared = {name: {} for name in table.columns[2:]}
    store(root, "funding", table, clock="24/7", frequency="irregular", publication={"rule": "after"}, fields=declared)
    return open_panel(Catalog((root,)), ["BTC"], Clock(clock, step)).bars().funding["BTC"]


def test_a_bar_that_lacks_one_settlement_of_three_is_missing(tmp_path):
    times = pd.date_range("2024-01-03", "2024-01-13", freq="8h", unit="ns").drop("2024-01-06 16:00")
    funding = funded(tmp_path, times)
    assert funding.index[funding.isna()].tolist() == [pd.Timestamp("2024-01-06")]
    assert funding.dropna().eq(3.0).all()


def test_an_interval_that_changes_is_no_hole(tmp_path):
    long, short = pd.date_range("2024-01-03", "2024-01-05", freq="8h", unit="ns"), pd.date_range("2024-01-05 04:00", "2024-01-13", freq="4h", unit="ns")
    funding = funded(tmp_path, long.append(short), [8.0] * len(long) + [4.0] * len(short), step="1h")
    assert funding.notna().all()
    assert funding["2024-01-04 07:00"] == 1.0
    assert funding["2024-01-04"].sum() == 3.0
    assert funding["2024-01-06"].sum() == 6.0


def test_nights_and_weekends_are_paid_for_on_the_clock_of_an_exchange(tmp_path):
    funding = funded(tmp_path, pd.date_range("2024-01-03", "2024-01-13", freq="8h", unit="ns"), clock="XNYS")
    assert funding.tolist() == [3.0, 9.0, 3.0, 3.0, 3.0, 3.0]  # the second is Friday's


def test_dates_that_are_held_apart_from_outcomes_are_known_when_they_were_announced(tmp_path):
    day, told = pd.Timestamp("2024-01-11"), pd.Timestamp("2023-12-01")
    rows = [(day, day + pd.Timedelta("14h"), "CPI", 0.1), (day, told, "CPI:date", 1.0)]
    table = pd.DataFrame(rows, columns=["event_time", "known_at", "symbol", "event"])
    store(tmp_path, "dates", table, clock="24/7", frequency="event", publication={"rule": "column"}, fields={"event": {}})
    store(tmp_path, "prices", bars("SPY", Clock().labels("2024-01-08", "2024-01-12")), fields=FIELDS)
    found = days_to_event(open_panel(Catalog((tmp_path,)), ["SPY"]), event="CPI")
    assert found.until["SPY"].dropna().tolist() == [3.0, 2.0, 1.0]
    assert found.today["SPY"].tolist() == [False, False, False, True, False]


def test_an_end_without_a_time_is_all_of_that_day(tmp_path):
    clock = Clock("24/7", "1h")
    store(tmp_path, "btc", bars("BTC", clock.labels("2024-01-01", "2024-01-09")), clock="24/7", frequency="1h", fields=FIELDS)
    catalog = Catalog((tmp_path,))
    assert open_panel(catalog, ["BTC"], clock, "2024-01-02", "2024-01-03").index[-1] == pd.Timestamp("2024-01-03 23:00")
    assert open_panel(catalog, ["BTC"], clock, "2024-01-02", "2024-01-03 05:00").index[-1] == pd.Timestamp("2024-01-03 05:00")
    table, _ = compute_table(catalog, ["momentum"], View(("BTC",), clock, "2024-01-02", "2024-01-03"), {})
    assert table["label"].max() == pd.Timestamp("2024-01-03 23:00")


def test_events_of_two_datasets_are_one_table(tmp_path):
    store(tmp_path, "prices", bars("SPY", Clock().labels("2024-01-02", "2024-01-12")), fields=FIELDS)
    for name, days in (("history", ["2023-12-13", "2024-01-31"]), ("seen", ["2024-01-31", "2024-03-20"])):
        times = pd.to_datetime(days)
        table = pd.DataFrame({"event_time": times, "known_at": times - pd.Timedelta("200D"), "symbol": "FOMC", "event": 1.0})
        store(tmp_path, name, table, clock="24/7", frequency="event", publication={"rule": "column"}, fields={"event": {}})
    panel = open_panel(Catalog((tmp_path,)), ["SPY"])
    assert panel.events("FOMC")["event_time"].dt.strftime("%m-%d").tolist() == ["12-13", "01-31", "03-20"]
    assert sorted(one.name for field, _, one in panel.datasets() if field == "event") == ["history", "seen"]
