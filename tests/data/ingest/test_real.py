"""Known facts out of the real files, through plan, catalog and panel. Skipped where ../shared/data/raw is not there."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from flowbt.data.catalog import Catalog
from flowbt.data.ingest.plan import read_plan
from flowbt.data.panel.reader import PanelReader
from flowbt.ground.clock import Clock
from flowbt.studies.ingest.ingest import Target, import_plan

HOME = Path(__file__).parents[3]
RAW = HOME.parent / "shared" / "data" / "raw"
pytestmark = [pytest.mark.real, pytest.mark.skipif(not RAW.is_dir(), reason="../shared/data/raw is not there")]
WANTED = (
    "index-prices",
    "cboe-volatility",
    "cboe-putcall",
    "squeezemetrics",
    "fred-rates",
    "ism",
    "finra",
    "finra-ratios",
    "spy-5m",
    "binance-funding",
    "btc-spot-1h",
    "dvol",
    "cme-bitcoin-futures",
    "treasury-auctions",
    "aaii",
    "ahead-funding",
    "members-largecap",
    "btc-taker-flow",
    "venue-funding",
)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    root = tmp_path_factory.mktemp("datasets")
    outcomes = import_plan(read_plan(HOME / "datasets" / "plan.toml"), RAW, Target(root, HOME / "datasets"), WANTED)
    assert {outcome.problem for outcome in outcomes} == {""}
    return Catalog((root,))


def panel(catalog, symbols, first, last, decide_at="18:30"):
    clock = Clock("XNYS").at(decide_at)
    return PanelReader(catalog, symbols, clock, clock.labels(first, last))


CLOSES = [
    ("SPX", "2020-03-23", 2237.40),
    ("SPX", "1987-10-19", 224.84),
    ("VIX", "2020-03-16", 82.69),
    ("VIX", "2018-02-05", 37.32),
    ("RUT", "2020-03-18", 991.16),
]


@pytest.mark.parametrize(("symbol", "day", "close"), CLOSES)
def test_closes_everyone_knows(catalog, symbol, day, close):
    assert panel(catalog, [symbol], day, day)["close"].loc[day, symbol] == pytest.approx(close, abs=0.005)


def test_a_close_is_not_known_at_a_quarter_to_four(catalog):
    seen = panel(catalog, ["SPX"], "2020-03-23", "2020-03-24", "15:45")["close"]["SPX"]
    assert seen["2020-03-24"] == pytest.approx(2237.40, abs=0.005)
    assert seen["2020-03-23"] == pytest.approx(2304.92, abs=0.01)


def test_finra_is_known_from_six_in_the_evening(catalog):
    days = ("2021-01-26", "2021-01-27")
    early = panel(catalog, ["A"], *days, "17:59")["total_volume"]["A"]
    late = panel(catalog, ["A"], *days, "18:01")["total_volume"]["A"]
    assert (early[days[1]], late[days[1]]) == (late[days[0]], 535905.0)


def test_dix_of_a_session_is_used_one_session_later(catalog):
    seen = panel(catalog, ["SPX"], "2011-05-03", "2011-05-03")["dix"]["SPX"]
    assert seen.iloc[0] == pytest.approx(0.37884209915686345)


def test_ism_of_april_2020_is_known_on_the_first_of_may(catalog):
    frame = panel(catalog, ["SPX"], "2020-04-29", "2020-05-01")["value", "ISM_PMI"]["SPX"]
    assert frame["2020-04-30"] != 41.5
    assert frame["2020-05-01"] == 41.5


def test_binance_funding_has_no_hole_and_its_files_agree(catalog):
    table = catalog.imported["binance-funding"].read(["event_time", "symbol", "funding_rate"])
    times = pd.DatetimeIndex(table.loc[table["symbol"] == "BTC", "event_time"])
    assert (times[0], times[-1]) == (pd.Timestamp("2020-01-01"), pd.Timestamp("2026-03-07 08:00"))
    assert set(np.diff(times)) == {np.timedelta64(8, "h")}
    overlaps = catalog.imported["binance-funding"].provenance["overlaps"]
    assert sum(overlap["common"] for overlap in overlaps) == 1271 + 747 + 1498 + 1095
    assert sum(overlap["differing"] for overlap in overlaps) == 0


def test_putcall_lacks_the_day_the_market_was_closed(catalog):
    table = catalog.imported["cboe-putcall"].read(["event_time", "put_call_total", "put_call_equity"]).set_index("event_time")
    assert pd.Timestamp("2025-01-09") not in table.index
    assert table.loc["2022-12-28"].tolist() == [1.91, 2.40]
    assert table["put_call_total"].last_valid_index() == pd.Timestamp("2026-07-22")


def test_dix_breaks_and_outliers_are_on_record(catalog):
    findings = catalog.imported["squeezemetrics"].provenance["findings"]
    assert [finding["row"] for finding in findings if finding["kind"] == "format_break"] == [3739]
    dates = pd.read_csv(RAW / "dix_gex" / "DIX.csv")["date"]
    spikes = {dates[finding["row"] - 2] for finding in findings if finding["kind"] == "outlier"}
    assert {"2026-03-27", "2026-05-08", "2026-05-15", "2026-06-26"} <= spikes


def test_basis_by_expiry_has_the_medians_of_the_notes(catalog):
    futures = catalog.imported["cme-bitcoin-futures"].read(["event_time", "symbol", "futures_close"])
    names = futures["symbol"].astype("str")
    hours = catalog.imported["btc-spot-1h"].read(["event_time", "close"])
    spot = hours.groupby(hours["event_time"].dt.floor("D"))["close"].last()
    days = (pd.to_datetime(names.str[4:]) - futures["event_time"]).dt.days
    basis = 100 * (futures["futures_close"] / futures["event_time"].map(spot) - 1) * 365 / days
    kept = names.str.startswith("BTC-") & (days >= 7)
    medians = basis[kept].groupby(futures["event_time"][kept].dt.to_period("Q")).median()
    for quarter, noted in {"2021Q4": 9.4, "2022Q4": -3.4, "2023Q4": 14.0, "2024Q4": 12.4, "2025Q4": 6.3, "2026Q1": 4.0}.items():
        assert medians[quarter] == pytest.approx(noted, abs=1.0), quarter


def test_the_seven_year_auction_of_february_2021(catalog):
    table = catalog.imported["treasury-auctions"].read(["event_time", "symbol", "bid_to_cover"])
    row = table[(table["symbol"] == "7-Year") & (table["event_time"] == "2021-02-25")]
    assert row["bid_to_cover"].tolist() == [2.04]


def test_aaii_ends_before_its_scrape_junk(catalog):
    assert catalog.imported["aaii"].read(["event_time"])["event_time"].max() == pd.Timestamp("2026-03-25")


def test_bybit_follows_binance_by_when_it_is_known_not_by_when_it_is_paid(catalog):
    def series(name, symbol, time):
        table = catalog.imported[name].read([time, "symbol", "funding_rate"])
        return table[table["symbol"] == symbol].set_index(time)["funding_rate"]

    binance = series("binance-funding", "BTC", "event_time")
    fixed, paid = (binance.corr(series("ahead-funding", "BTC:bybit", time)) for time in ("known_at", "event_time"))
    assert fixed == pytest.approx(0.83, abs=0.01)
    assert paid == pytest.approx(0.72, abs=0.01)


def test_finra_short_share_of_large_names_follows_dix(catalog):
    volumes = catalog.imported["finra"].read(["event_time", "symbol", "short_volume", "total_volume"])
    closes = catalog.imported["members-largecap"].read(["event_time", "symbol", "member_close"])
    both = volumes.astype({"symbol": "str"}).merge(closes.astype({"symbol": "str"}), on=["event_time", "symbol"])
    dollars = both[["short_volume", "total_volume"]].mul(both["member_close"], axis=0).groupby(both["event_time"]).sum()
    share = dollars["short_volume"] / dollars["total_volume"]
    dix = catalog.imported["squeezemetrics"].read(["event_time", "dix"]).set_index("event_time")["dix"]
    assert len(share) == 51
    assert share.corr(dix) > 0.9


def test_names_the_ratio_file_lacks_come_from_the_daily_files(catalog):
    ratios = catalog.imported["finra-ratios"].read(["symbol"])["symbol"].astype("str")
    assert not {"GOOGL", "JPM", "XOM"} & set(ratios)
    for field in ("short_volume", "total_volume"):
        frame = panel(catalog, ["GOOGL", "JPM", "XOM"], "2020-12-02", "2021-02-11")[field]
        assert frame.notna().all(axis=None)


def test_five_minute_bars_of_spy_make_its_day_and_are_seen_as_far_as_they_are_known(catalog):
    evening, early = (panel(catalog, ["SPY:5m"], "2026-08-20", "2026-08-21", at) for at in ("18:30", "15:45"))
    day = [evening[field].loc["2026-08-20", "SPY:5m"] for field in ("open", "high", "low", "close")]
    assert day == pytest.approx([765.96, 768.15, 762.04, 762.64], abs=0.005)
    assert early["close"].loc["2026-08-21", "SPY:5m"] == pytest.approx(762.64, abs=0.005)  # a day is known when it is over
    assert [found["kind"] for found in catalog.imported["spy-5m"].provenance["findings"]] == ["format_break"]


def by_day(catalog, symbol, first, last):
    clock = Clock("24/7", "1d")
    return PanelReader(catalog, [symbol], clock, clock.labels(first, last))


def test_hourly_taker_flow_adds_up_to_the_days_of_the_providers_file(catalog):
    """The raw file by pandas alone; and another file's volume of the same venue, of which the trades of this one are 2 to 4% short."""
    raw = pd.read_csv(RAW / "crypto/trades/scofieldchen__binance-aggtrades/btcusdt_net_taker_volume.csv")
    days = raw.groupby(raw["timestamp"].str[:10])[["volume", "net_taker_volume"]].sum()
    panel = by_day(catalog, "BTC", days.index[0], days.index[-1])
    bought, sold = (panel[field]["BTC"].to_numpy() for field in ("taker_buy_volume", "taker_sell_volume"))
    assert len(days) == 10
    np.testing.assert_allclose(bought - sold, days["net_taker_volume"], rtol=1e-9)
    np.testing.assert_allclose(bought + sold, days["volume"], rtol=1e-12)
    assert bought[0] == pytest.approx(5230.54979)
    bars = pd.read_feather(RAW / "crypto/spot/ThatspatuLa__BtcH1Autorl/BTC_USDT-1h.feather")
    other = bars.groupby(bars["date"].astype("str").str[:10])["volume"].sum().reindex(days.index)
    np.testing.assert_allclose(bought + sold, other, rtol=0.04)


FUNDING = [("BTC", "binance_2020-01-01_2024-01-01", 3, 3), ("ETH", "binance_2020-01-01_2024-01-01", 3, 3), ("BTC:dydx", "dydx_2022-01-01_*", 0, 24)]


@pytest.mark.parametrize(("symbol", "file", "offset", "parts"), FUNDING)
def test_funding_of_a_day_is_the_sum_of_its_settlements(catalog, symbol, file, offset, parts):
    """Every whole day of the files, read by pandas alone; their stamps are `offset` hours ahead of UTC."""
    coin = symbol.partition(":")[0]
    (path,) = (RAW / "crypto/funding/supervik__historical-funding-rates-fetcher").glob(f"{coin}-USDT_{file}_funding_history.csv.gz")
    raw = pd.read_csv(path)
    times = pd.to_datetime(raw["Date"], format="mixed").dt.round("min") - pd.Timedelta(hours=offset)
    days = raw["Funding Rate"].groupby(times.dt.normalize()).agg(["sum", "size"])
    whole = days[days["size"] == parts]
    shown = by_day(catalog, symbol, whole.index[0], whole.index[-1])["funding_rate"][symbol].reindex(whole.index)
    assert len(whole) > 700
    np.testing.assert_allclose(shown, whole["sum"], rtol=0, atol=1e-15)
