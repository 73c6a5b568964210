"""The measures of a trial from running sums, so that no series is kept. Definitions are those of `evidence/measures.py`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
from numba import njit

F = TypeVar("F", bound=Callable[..., Any])
Array = npt.NDArray[np.float64]

METRICS = (
    "total_return",
    "cagr",
    "volatility",
    "sharpe",
    "sortino",
    "calmar",
    "max_drawdown",
    "exposure",
    "trades",
    "win_rate",
    "profit_factor",
    "expectancy",
)


def jit(function: F) -> F:
    """Compiled, cached, without the interpreter's lock; a division by zero gives infinity or NaN as in numpy."""
    return cast(F, njit(cache=True, nogil=True, error_model="numpy")(function))


TRADES, WINS, GAIN, LOSS, RETURN = range(5)  # sums over closed trades
MEAN, SQUARE, DOWN, RUIN, GROWTH, DEPTH, HELD = range(7)  # sums over bars


@jit
def count_trade(trades: Array, pnl: float, paid: float) -> None:
    """Add a closed trade with its profit and its entry notional."""
    trades[TRADES] += 1.0
    trades[RETURN] += pnl / paid
    if pnl > 0.0:
        trades[WINS] += 1.0
        trades[GAIN] += pnl
    elif pnl < 0.0:
        trades[LOSS] -= pnl


@jit
def finish(sums: Array, trades: Array, bars: int, year: float, out: Array) -> None:
    """The metrics in the order of METRICS.

    `sums`: of returns, of their squares, of squared losses; whether the value came to nothing; growth of 1; deepest drawdown; bars held.
    `trades`: over closed trades.
    """
    mean, nan = sums[MEAN] / bars, math.nan
    variance = max(sums[SQUARE] - bars * mean * mean, 0.0) / (bars - 1) if bars > 1 else nan
    ruined = sums[RUIN] > 0.0
    root = math.sqrt(year)
    out[0] = -1.0 if ruined else sums[GROWTH] - 1.0
    out[1] = -1.0 if ruined else math.expm1(min(math.log(sums[GROWTH]) * year / bars, 700.0))
    out[2] = math.sqrt(variance) * root
    out[3] = mean / math.sqrt(variance) * root if sums[SQUARE] > 1e-24 else nan
    out[4] = mean / math.sqrt(sums[DOWN] / bars) * root if sums[DOWN] > 0.0 else nan
    out[6] = sums[DEPTH] if sums[DEPTH] < -1e-12 else 0.0
    out[5] = out[1] / -out[6] if out[6] < 0.0 else nan
    out[7] = sums[HELD] / bars
    count = trades[TRADES]
    out[8] = count
    out[9] = trades[WINS] / count if count > 0.0 else nan
    out[10] = trades[GAIN] / trades[LOSS] if trades[LOSS] > 0.0 else nan
    out[11] = trades[RETURN] / count if count > 0.0 else nan


@jit
def measure_tape(
    order: npt.NDArray[np.int64], fill: Array, value: Array, units: Array, carry: Array, cash: float, year: float, out: Array, returns: Array
) -> None:
    """Metrics of one simulation by `engine/walk/kernel.py`. `order`, `fill`: its orders; `units`, `carry`: T x N; `returns`: T, or empty when not wanted."""
    sums, trades = np.zeros(7), np.zeros(5)
    growth, peak, before = 1.0, 1.0, cash
    for t in range(value.size):
        r = value[t] / before - 1.0 if before > 0.0 else 0.0
        growth *= 1.0 + r
        peak = max(peak, growth)
        sums[MEAN] += r
        sums[SQUARE] += r * r
        sums[DOWN] += min(r, 0.0) ** 2
        sums[RUIN] += r <= -1.0
        sums[DEPTH] = min(sums[DEPTH], growth / peak - 1.0)
        sums[HELD] += 1.0 if value[t] > 0.0 and np.any(units[t] != 0.0) else 0.0
        before = value[t]
        if returns.size:
            returns[t] = r
    sums[GROWTH] = growth
    close_trades(order, fill, carry, trades)
    finish(sums, trades, value.size, year, out)


@jit
def close_trades(order: npt.NDArray[np.int64], fill: Array, carry: Array, trades: Array) -> None:
    """Count the closed trades of an order table, by the rule of `engine/walk/tape.py`: closed when everything entered has left again."""
    count = order[:, 3].max() + 1 if order.shape[0] else 0
    entered, left, paid_in, paid_out, cost, side = np.zeros((6, count))
    begin, end, column, adding = np.zeros((4, count), np.int64)
    for k in range(order.shape[0]):
        bar, n = order[k, 0], order[k, 3]
        units, price, fee = fill[k, 0], fill[k, 1], fill[k, 2]
        if side[n] == 0.0:
            side[n], begin[n], column[n] = 1.0 if units > 0.0 else -1.0, bar, order[k, 1]
        end[n], adding[n] = bar, units * side[n] > 0.0
        cost[n] += fee
        if adding[n]:
            entered[n] += abs(units)
            paid_in[n] += abs(units) * price
        else:
            left[n] += abs(units)
            paid_out[n] += abs(units) * price
    for n in range(count):
        if not adding[n] and abs(entered[n] - left[n]) <= 1e-9 * entered[n]:
            for t in range(begin[n], end[n]):
                cost[n] += carry[t, column[n]]
            count_trade(trades, side[n] * (paid_out[n] - paid_in[n]) - cost[n], paid_in[n])
