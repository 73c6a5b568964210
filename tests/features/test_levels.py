import numpy as np
import pandas as pd
import pytest
import vectorbt as vbt
from tests.panels import TinyPanel

from flowbt.features.bands import bollinger, keltner, true_range
from flowbt.features.levels import pivot_states, prior_month_high, structural_pivot
from flowbt.ground.errors import ParameterError

DAYS = pd.date_range("2024-01-01", periods=250, freq="B")


def frame(values):
    return pd.DataFrame({"SPX": np.asarray(values, float)}, index=DAYS[: len(values)])


def ohlc(seed=0):
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(rng.normal(0, 0.01, 250).cumsum())
    spread = rng.uniform(0.1, 2, (2, 250))
    return TinyPanel({"close": frame(close), "high": frame(close + spread[0]), "low": frame(close - spread[1])})


def test_the_prior_month_high_is_known_on_the_first_of_the_month():
    high = prior_month_high(frame(np.arange(250.0)))["SPX"]
    assert high[:"2024-01-31"].isna().all()
    assert high["2024-02-01"] == high["2024-02-29"] == 22.0  # 31 January was the 23rd label


def test_a_steady_climb_to_new_highs_is_one_pivot():
    path = np.r_[100, np.full(30, 90.0), np.arange(101, 121)]
    found = structural_pivot(TinyPanel({"close": frame(path)}), hold=3)
    assert found.broke["SPX"].to_numpy().nonzero()[0].tolist() == [31]
    assert (found.level["SPX"].iloc[31:] == 100).all()
    assert found.held["SPX"].to_numpy().nonzero()[0].tolist() == list(range(33, 51))


def test_a_held_pivot_is_broken_once():
    path = np.r_[100, np.full(30, 90.0), 101, 102, 103, 99, 98, 101]
    found = structural_pivot(TinyPanel({"close": frame(path)}), hold=3)
    assert found.broken["SPX"].to_numpy().nonzero()[0].tolist() == [34]


def test_a_pivot_lost_before_it_was_held_is_not_called_broken():
    path = np.r_[100, np.full(30, 90.0), 101, 99, 98]
    assert not structural_pivot(TinyPanel({"close": frame(path)}), hold=3).broken["SPX"].any()


def test_a_round_number_is_a_pivot_after_enough_closes_under_it():
    path = np.r_[np.full(30, 6900.0), 7005, 6995, 7010, 7020, 7030]
    found = structural_pivot(TinyPanel({"close": frame(path)}), kind="round_number", hold=2)
    assert found.broke["SPX"].to_numpy().nonzero()[0].tolist() == [30]
    assert found.level["SPX"].iloc[-1] == 7000


def test_the_level_never_looks_past_the_break():
    close = frame(np.random.default_rng(3).normal(0, 1, 250).cumsum() + 100)
    level = close.cummax().shift(1)
    whole, part = (pivot_states(close.iloc[:n], level.iloc[:n], 5, 3) for n in (250, 150))
    for a, b in zip(whole, part, strict=True):
        pd.testing.assert_frame_equal(a.iloc[:150], b)


def test_an_unknown_pivot_is_refused():
    with pytest.raises(ParameterError, match="all_time_high"):
        structural_pivot(ohlc(), kind="vwap")


def test_bollinger_bands_are_vectorbts():
    panel = ohlc()
    ours, theirs = bollinger(panel), vbt.BBANDS.run(panel["close"]["SPX"], window=20, alpha=2)
    np.testing.assert_allclose(ours.high["SPX"], theirs.upper, rtol=1e-12)
    np.testing.assert_allclose(ours.position["SPX"], theirs.percent_b, rtol=1e-9)


def test_the_true_range_includes_the_gap():
    close, high, low = frame([10, 12]), frame([11, 13]), frame([9, 12.5])
    assert true_range(high, low, close)["SPX"].iloc[1] == 3.0


def test_keltner_bands_are_a_mean_and_wilders_range():
    panel = ohlc(2)
    found = keltner(panel, window=20, atr=10)
    width = vbt.ATR.run(panel["high"]["SPX"], panel["low"]["SPX"], panel["close"]["SPX"], window=19, ewm=True).atr  # alpha 2/20 = 1/10
    ours = (found.high - found.mid)["SPX"] / 2
    np.testing.assert_allclose(ours.iloc[100:], width.iloc[100:], rtol=1e-3)  # vectorbt's first range is high - low
    assert ((found.position > 1) == (panel["close"] > found.high)).all().all()
