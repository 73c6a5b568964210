import numpy as np
import pandas as pd
import pytest
import vectorbt as vbt
from tests.panels import TinyPanel

from flowbt.features.trend import ema, ema_stack, mean_status, melt_up, momentum, status_200d
from flowbt.ground.errors import ParameterError


def walk(seed=0, n=400, columns=("SPY", "QQQ")):
    steps = np.random.default_rng(seed).normal(0, 0.01, (n, len(columns)))
    return pd.DataFrame(100 * np.exp(steps.cumsum(axis=0)), index=pd.date_range("2022-01-03", periods=n, freq="B"), columns=list(columns))


def test_ema_equals_vectorbts():
    close = walk()
    np.testing.assert_allclose(ema(close, 20), vbt.MA.run(close, 20, ewm=True).ma, rtol=1e-12)


def test_a_reclaim_counts_after_two_closes_above():
    close = pd.DataFrame({"A": [10, 10, 10, 7, 8, 12, 13, 14.0]})
    status = mean_status(close, 3, 2)
    assert status.above["A"].tolist() == [False] * 5 + [True] * 3
    assert status.reclaimed["A"].tolist() == [False] * 6 + [True, False]
    assert status.since["A"].tolist()[2:] == [1, 2, 3, 1, 2, 3]


def test_a_reclaim_that_does_not_last_fails():
    close = pd.DataFrame({"A": [10, 10, 9, 7, 12, 7, 6.0]})
    status = mean_status(close, 3, 2)
    assert status.failed["A"].tolist() == [False] * 5 + [True, False]
    assert not status.confirmed["A"].any()


def test_starting_above_the_mean_is_no_reclaim():
    close = pd.DataFrame({"A": np.arange(1.0, 30.0)})
    status = mean_status(close, 5, 2)
    assert status.confirmed["A"].iloc[6:].all()
    assert not status.reclaimed["A"].any()


def test_200d_status_is_missing_before_its_window_is_full():
    status = status_200d(TinyPanel({"close": walk()}))
    assert status.distance.iloc[:199].isna().all().all()
    assert not status.above.iloc[:199].any().any()
    assert status.since.iloc[199:].ge(1).all().all()


def test_ema_stack_is_plus_one_in_a_steady_rise_and_minus_one_in_a_fall():
    up = pd.DataFrame({"A": np.exp(np.arange(300) / 100)})
    stack = ema_stack(TinyPanel({"close": up}))
    assert stack["A"].iloc[:199].isna().all()
    assert (stack["A"].iloc[199:] == 1).all()
    assert (ema_stack(TinyPanel({"close": 1 / up}))["A"].iloc[199:] == -1).all()


def test_ema_stack_wants_rising_spans():
    with pytest.raises(ParameterError, match="from fast to slow"):
        ema_stack(TinyPanel({"close": walk()}), spans=(21, 8))


def test_momentum_and_melt_up_agree():
    panel = TinyPanel({"close": walk(3)})
    gain = momentum(panel, window=21)
    pd.testing.assert_frame_equal(melt_up(panel, gain=0.05), gain >= 0.05)
    assert gain.iloc[21, 0] == pytest.approx(panel["close"].iloc[21, 0] / panel["close"].iloc[0, 0] - 1)
