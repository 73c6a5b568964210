"""The measures of a trial from running sums: bar by bar, path by path, and at the edges where a measure has no meaning."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from flowbt.engine.sweep.sums import METRICS, add_bar, add_path, count_trade, extremes, finish, measure_path, measure_tape, no_bars, sums_of_returns
from flowbt.engine.walk.accounts import trades_from
from flowbt.evidence.measures import measure


def added(path: np.ndarray, first: int, last: int) -> tuple[float, ...]:
    """`add_path`'s plain twin, from the sums over the bars before `first`."""
    sums = no_bars(path[0])
    for t in range(1, last):
        sums = add_bar(sums, path[t], path[t - 1])
    return sums


def test_a_bar_adds_its_return_and_after_ruin_there_is_none() -> None:
    """100, 110, 99: +10%, -10%, a tenth under the high; 99 to -11: -1/9 of 99 is left, ruin; of nothing nothing is earned."""
    path = np.array([100.0, 110.0, 99.0, -11.0, 50.0, 55.0])
    assert added(path, 1, 3) == pytest.approx((0.0, 0.02, 0.01, 99.0, 110.0, -0.1, 0.0), abs=1e-13)
    lost = -10.0 / 9.0
    assert added(path, 1, 5) == pytest.approx((lost, 0.02 + lost**2, 0.01 + lost**2, -11.0, 110.0, -1.1, 1.0), abs=1e-13)
    assert added(path, 1, 6) == pytest.approx((lost + 0.1, 0.03 + lost**2, 0.01 + lost**2, -12.1, 110.0, -1.11, 1.0), abs=1e-13)


def paths() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    steady = 1e5 * np.exp(np.cumsum(rng.normal(0.0, 0.02, (4, 200)), axis=1))
    ruined, endless, zero = steady[1].copy(), steady[2].copy(), steady[3].copy()
    ruined[150:], endless[150], zero[70:] = -3.0, np.inf, 0.0
    rise_and_fall = np.concatenate([np.linspace(1.0, 3.0, 100), np.linspace(3.0, 1.2, 100)])
    return {"steady": steady[0], "ruined": ruined, "endless": endless, "zero": zero, "down": steady[0][::-1].copy(), "up, then down": rise_and_fall}


@pytest.mark.parametrize("name", paths())
@pytest.mark.parametrize(("first", "last"), [(1, 2), (1, 200), (3, 67), (64, 129), (140, 141), (160, 200), (5, 5)])
def test_a_path_adds_up_as_its_bars_do(name: str, first: int, last: int) -> None:
    path = paths()[name]
    before = added(path, 1, first)
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(add_path(before, path, first, last), added(path, first, last), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(add_path(before, path, first, first), before)


def test_sums_and_extremes_are_numpys() -> None:
    path = paths()["steady"]
    returns = path[1:] / path[:-1] - 1.0
    assert sums_of_returns(path) == pytest.approx((returns.sum(), (returns**2).sum(), (np.minimum(returns, 0.0) ** 2).sum()), rel=1e-12)
    assert extremes(path) == (path.min(), path.max())
    assert extremes(path[:1].copy()) == (path[0], path[0])


def test_trades_add_up_by_what_they_won() -> None:
    closed = np.zeros(5)
    for profit, paid in ((30.0, 100.0), (-10.0, 50.0), (0.0, 20.0)):
        count_trade(closed, profit, paid)
    assert closed.tolist() == pytest.approx([3.0, 1.0, 30.0, 10.0, 0.3 - 0.2])


RUNS = {
    "one bar": [0.1], "nothing": [0.0, 0.0, 0.0], "noise of rounding": [1e-13, -1e-13, 0.0], "a loss": [-0.5, 0.0], "growth without end": [1e9, 1e8],
    "a line": [0.5, 0.5], "ruin": [0.1, -1.5, 0.0], "usual": [0.01, -0.02, 0.03],
}  # fmt: skip


@pytest.mark.parametrize("name", RUNS)
def test_measures_without_meaning_are_missing_where_the_evidence_says_so(name: str) -> None:
    returns = np.array(RUNS[name])
    value = 50.0 * np.cumprod(1.0 + returns)
    held, out, series = np.arange(len(returns)) % 2 == 0, np.empty(len(METRICS)), np.empty(len(returns))
    measure_path(np.array([3.0, -1.0, 9.0]), np.array([10.0, 20.0, 30.0]), np.array([True, True, False]), (value, held), (50.0, 252.0), out, series)
    index = pd.bdate_range("2024-01-01", periods=len(returns))
    trades = pd.DataFrame({"pnl": [3.0, -1.0], "return": [0.3, -0.05], "bars": 1, "reason": "signal", "entry_label": index[0], "exit_label": index[0]})
    wanted = measure(pd.Series(returns, index), trades, 252.0, activity=pd.DataFrame({"gross": held * 1.0, "turnover": 0.0}, index))
    for metric, ours in zip(METRICS, out, strict=True):
        theirs = float(getattr(wanted, metric))
        assert (math.isnan(ours) and math.isnan(theirs)) or ours == pytest.approx(theirs, rel=1e-9, abs=1e-12), metric
    np.testing.assert_allclose(series, returns, atol=1e-12)


def test_what_is_held_without_any_equity_is_no_exposure() -> None:
    none, out = trades_from(np.empty((0, 4), np.int64), np.empty((0, 4)), np.zeros((3, 1))), np.empty(len(METRICS))
    measure_tape(none, np.empty(0), np.array([1.0, 0.0, 0.0]), np.array([[1.0], [1.0], [0.0]]), 1.0, 252.0, out, np.empty(0))
    assert (out[METRICS.index("exposure")], out[METRICS.index("trades")], out[METRICS.index("total_return")]) == (1 / 3, 0.0, -1.0)


def test_without_a_closed_trade_there_is_no_rate() -> None:
    out = np.empty(len(METRICS))
    finish(no_bars(1.0), 1.0, 1.0, np.zeros(5), 4, 252.0, out)
    named = dict(zip(METRICS, out, strict=True))
    assert (named["trades"], named["exposure"]) == (0.0, 0.25)
    assert np.isnan([named[name] for name in ("win_rate", "profit_factor", "expectancy", "sharpe", "sortino", "calmar")]).all()
