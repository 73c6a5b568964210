import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from tests.panels import TinyPanel

from flowbt.features.impact import amihud, jump_on_little_volume, spread_response, toxic_mid
from flowbt.features.toxicity import bar_vpin, bulk_buys, kyle_lambda, vpin_percentile, vpin_rows, vpin_twin
from flowbt.ground.clock import Clock
from flowbt.ground.errors import ParameterError

HOURS = pd.date_range("2024-01-01", periods=1200, freq="h")
HOURLY = Clock("24/7", "1h")


def market(seed=0, buy_share=None):
    rng = np.random.default_rng(seed)
    volume = rng.lognormal(5, 0.5, 1200)
    share = rng.beta(5, 5, 1200) if buy_share is None else buy_share
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.004, 1200)))
    data = {"close": close, "volume": volume, "taker_buy_volume": volume * share, "taker_sell_volume": volume * (1 - share)}
    data["spread_bps"] = rng.lognormal(0, 0.3, 1200)
    return TinyPanel({k: pd.DataFrame({"BTC": np.broadcast_to(v, 1200)}, index=HOURS) for k, v in data.items()}, clock=HOURLY)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0.01, 50), st.floats(0, 1), st.floats(0.5, 20)), min_size=1, max_size=120), st.integers(1, 6))
def test_the_kernel_equals_its_plain_twin(rows, n):
    volume, share, size = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    fast, _ = vpin_rows(volume * share, volume, size, n)
    np.testing.assert_allclose(fast, vpin_twin(volume * share, volume, size, n), rtol=1e-9, atol=1e-9)


def test_one_sided_flow_is_wholly_toxic_and_balanced_flow_not_at_all():
    volume, size = np.full(500, 3.0), np.full(500, 10.0)
    assert vpin_rows(volume, volume, size, 50)[0][-1] == pytest.approx(1)
    assert vpin_rows(volume / 2, volume, size, 50)[0][-1] == pytest.approx(0, abs=1e-12)


def test_vpin_is_missing_until_all_buckets_are_complete():
    vpin, last = vpin_rows(np.full(30, 10.0), np.full(30, 10.0), np.full(30, 10.0), 20)
    assert np.flatnonzero(np.isfinite(vpin))[0] == 19
    assert np.isfinite(last).all()


def test_bulk_classification_is_the_normal_distribution_of_the_move():
    change, sigma = np.array([0.0, 1.0, -2.0, np.nan]), np.array([1.0, 1.0, 2.0, 1.0])
    np.testing.assert_allclose(bulk_buys(change, sigma, np.full(4, 10.0)), 10 * stats.norm.cdf([0, 1, -1, 0]))


def test_bars_and_takers_agree_on_a_one_sided_market():
    panel = market(buy_share=0.9)
    assert bar_vpin(panel, side="taker")["BTC"].iloc[-1] == pytest.approx(0.8)
    assert 0 < bar_vpin(panel)["BTC"].iloc[-1] < 1


def test_the_side_is_bulk_or_taker():
    with pytest.raises(ParameterError, match="bulk or taker"):
        bar_vpin(market(), side="both")


def test_kyles_lambda_finds_the_impact_that_made_the_price():
    panel = market(1)
    net = panel["taker_buy_volume"] - panel["taker_sell_volume"]
    flow = np.sign(net) * np.sqrt(net.abs())
    close = 100 * np.exp((2e-4 * flow).cumsum())
    panel.data["close", "BTC"] = close["BTC"]
    assert kyle_lambda(panel, side="taker")["BTC"].iloc[-1] == pytest.approx(2e-4)


def test_kyles_lambda_is_scipys_slope():
    panel = market(2)
    net = (panel["taker_buy_volume"] - panel["taker_sell_volume"])["BTC"].iloc[-60:]
    moved = np.log(panel["close"]["BTC"]).diff().iloc[-60:]
    expected = stats.linregress(np.sign(net) * np.sqrt(net.abs()), moved).slope
    assert kyle_lambda(panel, side="taker")["BTC"].iloc[-1] == pytest.approx(expected)


def test_amihud_halves_when_volume_doubles():
    panel = market(3)
    before = amihud(panel)["BTC"].iloc[-1]
    panel.data["volume", "BTC"] = panel.data["volume", "BTC"] * 2
    assert amihud(panel)["BTC"].iloc[-1] == pytest.approx(before / 2)


def test_a_large_move_on_little_volume_stands_out():
    panel = market(4)
    panel.data["close", "BTC"].iloc[-1] *= 1.05
    panel.data["volume", "BTC"].iloc[-1] /= 20
    jump = jump_on_little_volume(panel)["BTC"]
    assert jump.iloc[-1] > 10 * jump.iloc[100:-1].quantile(0.95)


def test_the_toxic_mid_is_the_price_of_the_toxic_bars():
    share = np.full(1200, 0.5) + np.tile([0.0, 0.01], 600)
    share[[1150, 1160]] = 0.99
    panel = market(5, buy_share=share)
    found = toxic_mid(panel, side="taker", window=100)
    late = found.toxic["BTC"].iloc[-100:].to_numpy().nonzero()[0]
    assert set(late) >= {50, 60}
    bars = panel["close"]["BTC"].iloc[-100:].iloc[late]
    weights = panel["volume"]["BTC"].iloc[-100:].iloc[late]
    assert found.price["BTC"].iloc[-1] == pytest.approx(np.average(bars, weights=weights))


def test_forced_liquidations_make_a_bar_toxic():
    panel = market(6, buy_share=0.5)
    forced = pd.Series(1.0, HOURS)
    forced.iloc[-1] = 1e6
    panel.data.update({("liquidations_long_usd", "BTC"): forced, ("liquidations_short_usd", "BTC"): forced * 0})
    assert toxic_mid(panel, side="taker").toxic["BTC"].iloc[-1]


def test_the_spread_response_is_measured_only_after_it_was_seen():
    share = np.linspace(0.6, 0.55, 1200)  # ever less one-sided, so no bar is over those before it
    share[1000] = 0.99
    panel = market(7, buy_share=share)
    spread = pd.Series(1.0, HOURS)
    spread.iloc[1002:] = 4.0
    panel.data["spread_bps", "BTC"] = spread
    answer = spread_response(panel, side="taker", after=2, window=50, quantile=0.995)["BTC"]
    assert answer.iloc[1001] != answer.iloc[1002]
    assert answer.iloc[1002] == pytest.approx(3.0)


def test_the_vpin_percentile_is_one_at_a_new_high():
    panel = TinyPanel({"vpin": pd.DataFrame({"BTC": np.linspace(0.1, 0.9, 300)}, index=HOURS[:300])}, symbols=("BTC",))
    assert vpin_percentile(panel)["BTC"].iloc[-1] == 1.0
