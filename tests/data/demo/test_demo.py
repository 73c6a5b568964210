"""The demo market as datasets: consistent, honest about time, the same for the same seed."""

import inspect
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from flowbt.data.catalog import Catalog
from flowbt.data.demo.build import build_demo, ensure_demo
from flowbt.data.demo.planted import PLANTED
from flowbt.data.demo.series import planted_series
from flowbt.data.panel.reader import open_panel
from flowbt.ground.clock import Clock
from flowbt.ground.fields import FIELDS
from tinydata import table_file

ROOT = Path(__file__).parents[3]
NULL = ("NULL", "null_flow", "null_gamma", "null_ratio", "null_funding")  # noise without any effect


@pytest.fixture(scope="module")
def demo():
    return build_demo(7)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    return Catalog((ensure_demo(tmp_path_factory.mktemp("demo")),))


def test_same_seed_same_rows(demo):
    again = build_demo(7)
    assert all(table.table.equals(again[name].table) for name, table in demo.items())
    assert not build_demo(8)["demo-prices"].table["close"].equals(demo["demo-prices"].table["close"])


def test_bars_are_possible(demo):
    for name in ("demo-prices", "demo-members", "demo-dollar", "demo-crypto-daily", "demo-crypto-hourly"):
        bars = demo[name].table.dropna(subset=["open"])
        low, high = bars[["open", "close"]].min(axis=1), bars[["open", "close"]].max(axis=1)
        assert (bars["low"] <= low * (1 + 1e-12)).all()
        assert (bars["high"] >= high * (1 - 1e-12)).all()
        assert (bars["low"] > 0).all()


def test_nothing_is_known_before_it_happened(demo):
    for name, table in demo.items():
        rows = table.table
        assert not rows.duplicated(["event_time", "symbol"]).any(), name
        assert rows["known_at"].notna().all(), name
        assert table.declaration.synthetic, name
        if name != "demo-events":
            assert (rows["known_at"] >= rows["event_time"]).all(), name


def test_fields_are_in_the_vocabulary(demo):
    named = {field for table in demo.values() for field in table.declaration.fields}
    assert named - set(FIELDS) == {name for name in NULL if name.islower()}


def test_a_day_is_made_of_its_hours(demo):
    hours = demo["demo-crypto-hourly"].table.set_index("event_time")
    days = demo["demo-crypto-daily"].table
    days = days[days["symbol"] == "BTC"].set_index("event_time").loc[hours.index[0] :]
    assert np.allclose(hours["close"].resample("D").last(), days["close"], rtol=1e-12)
    assert np.allclose(hours["volume"].resample("D").sum(), days["volume"], rtol=1e-9)
    assert np.allclose(hours["taker_buy_volume"].resample("D").sum(), days["taker_buy_volume"], rtol=1e-9)


def test_volatility_is_a_markets(demo):
    closes = demo["demo-prices"].table.pivot(index="event_time", columns="symbol", values="close")
    assert 0.12 < np.log(closes["SPX"]).diff().std() * np.sqrt(252) < 0.20
    days = demo["demo-crypto-daily"].table.query("symbol == 'BTC'").set_index("event_time")["close"]
    assert 0.45 < np.log(days).diff().std() * np.sqrt(365) < 0.75
    tails = np.log(closes["SPX"]).diff().dropna()
    assert tails.kurt() > 2


def test_ensure_builds_once(tmp_path):
    first = ensure_demo(tmp_path)
    stamp = table_file(first / "demo-prices").stat().st_mtime_ns
    assert ensure_demo(tmp_path) == first
    assert table_file(first / "demo-prices").stat().st_mtime_ns == stamp
    assert not list(tmp_path.glob(".writing-*"))


def test_a_panel_reads_it(catalog):
    panel = open_panel(catalog, ["SPY", "IWM"], Clock("XNYS"), "2020-01-02", "2020-12-31")
    assert panel["close"].notna().all(axis=None)
    assert panel["dark_pool_net"].notna().all(axis=None)
    assert panel["gex", "SPX"].notna().all(axis=None)
    assert panel["value", "ISM_PMI"].notna().all(axis=None)
    assert catalog.synthetic
    assert panel.wide("member_close").shape == (253, 40)


def test_the_hourly_clock_reads_hours(catalog):
    panel = open_panel(catalog, ["BTC"], Clock("24/7", "1h"), "2024-01-01", "2024-01-31")
    assert panel["close"].notna().all(axis=None)
    assert panel["vpin"].notna().all(axis=None)
    assert panel["funding_rate"].nunique().iloc[0] > 80


def test_a_value_published_in_the_evening_is_not_seen_in_the_afternoon(catalog):
    late = open_panel(catalog, ["SPX"], Clock("XNYS"), "2020-01-02", "2020-03-31")["dix"]["SPX"]
    early = open_panel(catalog, ["SPX"], Clock("XNYS", decide_at="15:45"), "2020-01-02", "2020-03-31")["dix"]["SPX"]
    assert early.iloc[1:].to_numpy() == pytest.approx(late.iloc[:-1].to_numpy())


def test_planted_series_has_its_effect_on_average():
    inside = []
    for seed in range(40):
        one = planted_series(seed, effect=0.004, hold=5)
        since = np.arange(len(one.event)) - np.maximum.accumulate(np.where(one.event, np.arange(len(one.event)), -999))
        inside.append(one.returns[1:][since[:-1] < 5].mean())
    assert np.mean(inside) == pytest.approx(0.004, abs=0.0005)
    assert planted_series(3, effect=0.0).returns.tolist() != planted_series(4, effect=0.0).returns.tolist()


def test_the_page_states_every_effect():
    page = (ROOT / "docs" / "demo-market.md").read_text("utf-8")
    for name, effect in PLANTED.items():
        row = f"| {name} | {effect.event} | {effect.target} | {effect.size:g} | {effect.hold} | {effect.kind} |"
        assert row in page, f"docs/demo-market.md lacks or misstates {name}"
    assert all(f"`{name}`" in page for name in NULL)


def test_crypto_effects_are_there():
    from flowbt.data.demo.build import DAY_ZERO, LAST, generators
    from flowbt.data.demo.crypto import draw_carry, simulate_coins

    days, falls, jumps = pd.date_range(DAY_ZERO, LAST, freq="D"), [], []
    for seed in (7, 8, 9):
        rng = generators(seed)[1]
        coins = simulate_coins(rng, draw_carry(rng, days))
        moves = pd.Series(np.log(coins.bars.close[:, 0])).diff()
        active = pd.Series(coins.events["btc_unwind"]).shift(fill_value=False).rolling(5, min_periods=1).max() > 0
        falls.append(moves[active].mean() - moves[~active].mean())
        crowded = pd.Series(coins.events["btc_crowding"]).shift(fill_value=False)
        jumps.append([(moves[crowded] < -0.06).mean(), (moves[~crowded] < -0.06).mean()])
    assert np.mean(falls) == pytest.approx(PLANTED["btc_unwind"].size, abs=0.003)
    assert np.mean(jumps, axis=0)[0] > 1.5 * np.mean(jumps, axis=0)[1]
    assert inspect.getdoc(simulate_coins)
