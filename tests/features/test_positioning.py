import numpy as np
import pandas as pd
import pytest
from tests.panels import TinyPanel

from flowbt.features.passive import flow_persistence, passive_flow
from flowbt.features.positioning import speculator_position, survey_sentiment, trend_followers, trend_signal
from flowbt.ground.errors import ParameterError

DAYS = pd.date_range("2018-01-01", periods=1500, freq="B")


def walk(drift, seed=0, volatility=0.01):
    steps = np.random.default_rng(seed).normal(drift, volatility, 1500)
    return pd.DataFrame({"SPY": 100 * np.exp(steps.cumsum())}, index=DAYS)


def constant(value):
    return pd.DataFrame({"SPY": np.broadcast_to(value, 1500).astype(float)}, index=DAYS)


def test_the_sign_model_is_fully_long_in_a_strong_trend():
    trend = trend_signal(walk(0.01), (21, 63), "sign")["SPY"]
    assert trend.iloc[:42].isna().all()  # volatility needs two thirds of 63 returns
    assert (trend.iloc[63:] == 1).all()


def test_tanh_stays_inside_sign():
    close = walk(0.0005, 3)
    soft, hard = (trend_signal(close, (21, 63, 126), shape)["SPY"].dropna() for shape in ("tanh", "sign"))
    assert (soft.abs() < 1).all()
    assert np.corrcoef(soft, hard)[0, 1] > 0.8


def test_exposure_targets_volatility_and_is_capped():
    calm, wild = (trend_followers(TinyPanel({"close": walk(0.01, 1, v)}), target=0.1, cap=2).exposure["SPY"].iloc[-1] for v in (0.001, 0.01))
    assert calm == pytest.approx(2.0, abs=1e-6)
    assert wild == pytest.approx(0.1 / (0.01 * np.sqrt(252)), rel=0.2)


def test_latent_demand_is_positive_while_exposure_still_catches_up():
    steps = np.r_[np.random.default_rng(5).normal(-0.0005, 0.01, 1470), np.full(30, 0.006) + np.random.default_rng(6).normal(0, 0.03, 30)]
    close = pd.DataFrame({"SPY": 100 * np.exp(steps.cumsum())}, index=DAYS)
    assert trend_followers(TinyPanel({"close": close})).latent["SPY"].iloc[-1] > 0


def test_an_unknown_shape_is_refused():
    with pytest.raises(ParameterError, match="tanh or sign"):
        trend_followers(TinyPanel({"close": walk(0)}), shape="linear")


def test_speculators_are_a_share_of_open_interest():
    net = np.sin(np.arange(1500) / 50) * 1000
    panel = TinyPanel({"cot_spec_net": constant(net), "cot_open_interest": constant(4000)}, symbols=("SPY",))
    found = speculator_position(panel)
    assert found.share["SPY"].iloc[10] == pytest.approx(net[10] / 4000)
    assert found.z["SPY"].iloc[-1] == pytest.approx((net[-1] - net[-756:].mean()) / net[-756:].std(ddof=1))


def test_surveys_are_fractions():
    data = {"aaii_bullish": constant(0.4)["SPY"], "aaii_bearish": constant(0.3)["SPY"], "naaim_exposure": constant(80)["SPY"]}
    found = survey_sentiment(TinyPanel({(k, "US"): v for k, v in data.items()}, symbols=("SPY",)))
    assert found.spread["SPY"].iloc[0] == pytest.approx(0.1)
    assert found.exposure["SPY"].iloc[0] == pytest.approx(0.8)


def test_flow_is_a_share_of_the_assets_before_it():
    panel = TinyPanel({"fund_flow_usd": constant(2.0), "fund_aum_usd": constant(1000 + 2.0 * np.arange(1500))}, symbols=("SPY",))
    found = passive_flow(panel, bars=5)
    assert found.share["SPY"].iloc[5] == pytest.approx(10 / 1000)
    assert found.inflow_days["SPY"].iloc[-1] == 1500


def test_one_sided_flow_has_persistence_one():
    both = np.tile([1.0, -1.0], 750)
    assert flow_persistence(TinyPanel({"fund_flow_usd": constant(3)}, symbols=("SPY",)))["SPY"].iloc[-1] == 1
    assert flow_persistence(TinyPanel({"fund_flow_usd": constant(both)}, symbols=("SPY",)), window=20)["SPY"].iloc[-1] == 0
