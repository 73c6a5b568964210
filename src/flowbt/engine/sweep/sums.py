"""The measures of a trial from running sums, so that no series is kept. Definitions are those of `evidence/measures.py`."""

from __future__ import annotations

import math

import numpy as np

from flowbt.engine.walk.accounts import Trades
from flowbt.engine.walk.kernel import Array, Bools
from flowbt.ground.compiled import jit, jit_sums

Sums = tuple[float, float, float, float, float, float, float]

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


TRADES, WINS, GAIN, LOSS, RETURN = range(5)  # sums over closed trades
BLOCK = 64  # bars


@jit
def count_trade(closed: Array, profit: float, paid: float) -> None:
    """Add a closed trade with its profit and its entry notional."""
    closed[TRADES] += 1.0
    closed[RETURN] += profit / paid
    won = profit > 0.0  # chosen, not branched on: nothing foretells it
    closed[WINS] += 1.0 if won else 0.0
    closed[GAIN] += profit if won else 0.0
    closed[LOSS] -= 0.0 if won else profit


@jit
def no_bars(start: float) -> Sums:
    """The running sums before the first bar."""
    return 0.0, 0.0, 0.0, start, start, 0.0, 0.0


@jit
def add_bar(s: Sums, value: float, before: float) -> Sums:
    """The running sums (of returns, squares, squared losses; growth, peak, deepest drawdown; ruin) after a bar that ends at `value`."""
    total, square, down, growth, peak, depth, ruined = s
    if value > 0.0 and ruined == 0.0:
        r = value / before - 1.0
        growth = value
    else:  # after ruin there is nothing to earn a return on
        r = value / before - 1.0 if before > 0.0 else 0.0
        growth *= 1.0 + r
        ruined += 1.0 if r <= -1.0 else 0.0
    peak = growth if growth > peak else peak
    fall = growth / peak - 1.0
    depth = fall if fall < depth else depth
    return total + r, square + r * r, down + (r * r if r < 0.0 else 0.0), growth, peak, depth, ruined


@jit_sums
def sums_of_returns(path: Array) -> tuple[float, float, float]:
    """Sums of returns, squares and squared losses along values that stay above zero."""
    total, square, down = 0.0, 0.0, 0.0
    for t in range(path.size - 1):
        r = path[t + 1] / path[t] - 1.0
        total += r
        square += r * r
        down += r * r if r < 0.0 else 0.0
    return total, square, down


@jit
def extremes(path: Array) -> tuple[float, float]:
    """The least and the largest of values; below zero where one of them is. Bits of what is above zero are in their order, and whole numbers are compared
    several at once."""
    bits = path.view(np.int64)
    least, largest = bits[0], bits[0]
    for k in range(bits.size):
        least, largest = min(least, bits[k]), max(largest, bits[k])
    return np.int64(least).view(np.float64), np.int64(largest).view(np.float64)


@jit
def add_path(s: Sums, path: Array, first: int, last: int) -> Sums:
    """`add_bar` over values at bars [first, last), from the one before them. Where all are above zero, returns are added up several at a time, and drawdowns
    looked for in blocks, bar by bar only where a block could hold the deepest."""
    total, square, down, _, peak, depth, ruined = s
    keep, plain = 1.0 + depth, ruined == 0.0 and path[first - 1] > 0.0
    for at in range(first, last, BLOCK):
        part = path[at : min(at + BLOCK, last)]
        low, top = extremes(part)
        plain &= low > 0.0 and top < np.inf
        if not plain:
            break
        if top > peak and low < top * keep:
            for t in range(part.size):
                peak = part[t] if part[t] > peak else peak
                keep = part[t] / peak if part[t] < peak * keep else keep
        else:
            peak = top if top > peak else peak
            keep = low / peak if low < peak * keep else keep
    if plain:
        more = sums_of_returns(path[first - 1 : last])
        return total + more[0], square + more[1], down + more[2], path[last - 1], peak, min(depth, keep - 1.0), 0.0
    for t in range(first, last):
        s = add_bar(s, path[t], path[t - 1])
    return s


@jit
def finish(s: Sums, held: float, start: float, closed: Array, bars: int, year: float, out: Array) -> None:
    """Metrics of a trial, in the order of METRICS.

    `s`: sums over bars; `held`: bars with a position; `start`: the cash it began with; `closed`: sums over closed trades.
    """
    total, square, down, growth, _, depth, ruin = s
    mean, nan = total / bars, math.nan
    variance = max(square - bars * mean * mean, 0.0) / (bars - 1) if bars > 1 else nan
    ruined, growth = ruin > 0.0, growth / start
    root = math.sqrt(year)
    out[0] = -1.0 if ruined else growth - 1.0
    out[1] = -1.0 if ruined else math.expm1(min(math.log(growth) * year / bars, 700.0))
    out[2] = math.sqrt(variance) * root
    out[3] = mean / math.sqrt(variance) * root if square > 1e-24 and variance > 1e-12 * square else nan  # equal returns: what rounding leaves is no deviation
    out[4] = mean / math.sqrt(down / bars) * root if down > 1e-24 else nan
    out[6] = depth if depth < -1e-12 else 0.0
    out[5] = out[1] / -out[6] if out[6] < 0.0 else nan
    out[7] = held / bars
    count = closed[TRADES]
    out[8] = count
    out[9] = closed[WINS] / count if count > 0.0 else nan
    out[10] = closed[GAIN] / closed[LOSS] if closed[LOSS] > 0.0 else nan
    out[11] = closed[RETURN] / count if count > 0.0 else nan


@jit
def measure_tape(trades: Trades, profit: Array, value: Array, units: Array, cash: float, year: float, out: Array, returns: Array) -> None:
    """Metrics of one simulation by `engine/walk/kernel.py`: its trades and their profits, value (T), units (T x N); `returns`: T, or empty when not wanted."""
    held = np.empty(value.size, np.bool_)
    for t in range(value.size):
        held[t] = value[t] > 0.0 and np.any(units[t] != 0.0)
    measure_path(profit, trades.paid_in, trades.closed, (value, held), (cash, year), out, returns)


@jit
def measure_path(profit: Array, paid: Array, closed: Bools, path: tuple[Array, Bools], terms: tuple[float, float], out: Array, returns: Array) -> None:
    """Metrics of one simulation: profit of each trade, what it was entered with, and whether it is closed; `path`: value at each close and whether anything
    was held there; `terms`: starting cash and bars a year."""
    value, held = path
    cash, year = terms
    s, count, before, sums = no_bars(cash), 0.0, cash, np.zeros(5)
    for t in range(value.size):
        s = add_bar(s, value[t], before)
        count += 1.0 if held[t] else 0.0
        if returns.size:
            returns[t] = value[t] / before - 1.0 if before > 0.0 else 0.0
        before = value[t]
    for n in range(profit.size):
        if closed[n]:
            count_trade(sums, profit[n], paid[n])
    finish(s, count, cash, sums, value.size, year, out)
