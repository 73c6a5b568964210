"""The other ways to run the same sweep: vectorbt (Rust and numba), backtesting.py, and hand-written kernels.

One strategy: long when the change over `window` bars is at least `level`; out after `hold` bars, at a stop or at a take. Signals are part of
the work of each side. The trade rules differ in details between the libraries (vectorbt has no time stop: an exit signal `hold` bars after each
entry signal stands in); the amount of work is the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
from numba import njit

from flowbt.engine.types import Market
from flowbt.ground.clock import Clock

GRID = {
    "window": (2, 3, 4, 5, 6, 8, 10, 12, 15, 20),
    "level": tuple(np.round(np.linspace(0.005, 0.05, 10), 4).tolist()),
    "hold": (3, 4, 5, 6, 8, 10, 12, 15, 20, 30),
    "stop": tuple(np.round(np.linspace(0.01, 0.1, 10), 4).tolist()),
    "take": tuple(np.round(np.linspace(0.02, 0.2, 10), 4).tolist()),
}
FEES, SLIPPAGE, CASH = 0.0001, 0.0002, 100_000.0


def make_market(bars: int = 2_500, n: int = 1, seed: int = 1, hourly: bool = False) -> Market:
    """A random walk with gaps at the open."""
    rng = np.random.default_rng(seed)
    index = pd.date_range("2015-01-01", periods=bars, freq="h") if hourly else pd.bdate_range("2015-01-01", periods=bars)
    close = 100 * np.exp(np.cumsum(rng.normal(0.0002, 0.012, (bars, n)), axis=0))
    opened = np.vstack([close[:1], close[:-1]]) * np.exp(rng.normal(0, 0.003, (bars, n)))
    high = np.maximum(opened, close) * np.exp(np.abs(rng.normal(0, 0.004, (bars, n))))
    low = np.minimum(opened, close) * np.exp(-np.abs(rng.normal(0, 0.004, (bars, n))))
    return Market(index, tuple(f"S{j}" for j in range(n)), opened, high, low, close, np.zeros((bars, n)), Clock("24/7", "1h") if hourly else Clock())


def trials_of(count: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Trials of the grid as columns: the first ones in order."""
    size = int(np.prod([len(values) for values in GRID.values()]))
    numbers = np.linspace(0, size - 1, count).astype(np.int64)
    columns = {}
    for name in reversed(GRID):
        numbers, at = np.divmod(numbers, len(GRID[name]))
        columns[name] = np.asarray(GRID[name])[at]
    return {name: columns[name] for name in GRID}


def signals_of(market: Market, trials: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Entries and exits (bars x trials), decided a bar before."""
    close = pd.Series(market.close[:, 0])
    changes = {w: close.pct_change(int(w)).to_numpy() for w in np.unique(trials["window"])}
    change = np.column_stack([changes[w] for w in trials["window"]])
    entries = np.zeros(change.shape, np.bool_)
    entries[1:] = change[:-1] >= trials["level"]
    exits = np.zeros_like(entries)
    for hold in np.unique(trials["hold"]):
        mine = trials["hold"] == hold
        exits[hold:, mine] = entries[:-hold, mine]
    return entries, exits


def vectorbt_from_signals(market: Market, trials: dict[str, np.ndarray], engine: str) -> dict[str, np.ndarray]:
    """The public way: `Portfolio.from_signals` and its metrics."""
    import vectorbt as vbt

    entries, exits = signals_of(market, trials)
    o, h, low, c = (x[:, :1] for x in (market.open, market.high, market.low, market.close))
    portfolio = vbt.Portfolio.from_signals(
        c, entries, exits, price=o, open=o, high=h, low=low, sl_stop=trials["stop"][None, :], tp_stop=trials["take"][None, :], fees=FEES, slippage=SLIPPAGE,
        init_cash=CASH, freq="1D", engine=engine, stop_exit_price="stoplimit",
    )  # fmt: skip
    return {
        "total_return": np.asarray(portfolio.total_return()),
        "sharpe": np.asarray(portfolio.sharpe_ratio()),
        "max_drawdown": np.asarray(portfolio.max_drawdown()),
        "trades": np.asarray(portfolio.trades.count()),
        "win_rate": np.asarray(portfolio.trades.win_rate()),
    }


def vectorbt_raw(market: Market, trials: dict[str, np.ndarray], engine: str = "rust") -> np.ndarray:
    """The bare simulate call of vectorbt and the same metrics from its order records by an own numba pass."""
    from vectorbt.portfolio.dispatch import simulate_from_signals

    entries, exits = signals_of(market, trials)
    bars, count = entries.shape
    o, h, low, c = (np.ascontiguousarray(x[:, :1]) for x in (market.open, market.high, market.low, market.close))
    orders, _ = simulate_from_signals(
        (bars, count), np.ones(count, np.int64), np.full(count, CASH), np.zeros((bars, count), np.int64), long_entries=entries, long_exits=exits,
        price=o, fees=np.asarray([[FEES]]), slippage=np.asarray([[SLIPPAGE]]), open=o, high=h, low=low, close=c,
        sl_stop=trials["stop"][None, :].astype(float), tp_stop=trials["take"][None, :].astype(float), engine=engine,
    )  # fmt: skip
    out = np.empty((count, 5))
    bounds = np.searchsorted(orders["col"], np.arange(count + 1))
    _measure_orders(orders["idx"], orders["size"], orders["price"], orders["fees"], orders["side"], bounds, c[:, 0], out)
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def _measure_orders(idx: Any, size: Any, price: Any, fees: Any, side: Any, bounds: Any, close: Any, out: Any) -> None:
    """total return, Sharpe, drawdown, trades, win rate from long-only order records."""
    bars = close.size
    for k in range(out.shape[0]):
        cash, units, before, peak, deep, total, square, trades, wins, paid = CASH, 0.0, CASH, CASH, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        at = bounds[k]
        for t in range(bars):
            while at < bounds[k + 1] and idx[at] == t:
                if side[at] == 0:
                    units += size[at]
                    cash -= size[at] * price[at] + fees[at]
                    paid = size[at] * price[at] + fees[at]
                else:
                    units -= size[at]
                    got = size[at] * price[at] - fees[at]
                    cash += got
                    trades += 1
                    wins += got > paid
                at += 1
            value = cash + units * close[t]
            r = value / before - 1.0
            before = value
            total += r
            square += r * r
            peak = max(peak, value)
            deep = min(deep, value / peak - 1.0)
        mean = total / bars
        out[k, 0], out[k, 1] = before / CASH - 1.0, mean / np.sqrt((square - bars * mean * mean) / (bars - 1)) * np.sqrt(252.0)
        out[k, 2], out[k, 3], out[k, 4] = deep, trades, wins / trades


def dense(market: Market, trials: dict[str, np.ndarray], threads: int) -> np.ndarray:
    """The hand-written floor: one kernel for this one strategy that walks every bar of every trial, signals and metrics included."""
    close = pd.Series(market.close[:, 0])
    windows = np.unique(trials["window"])
    changes = np.array([close.pct_change(int(w)).to_numpy() for w in windows])
    row = np.searchsorted(windows, trials["window"])
    o, h, low, c = (np.ascontiguousarray(x[:, 0]) for x in (market.open, market.high, market.low, market.close))
    out = np.empty((len(row), 5))
    columns = (row, *(trials[name].astype(float) for name in ("level", "hold", "stop", "take")))
    step = -(-len(row) // (threads * 4))
    with ThreadPoolExecutor(threads) as pool:
        jobs = [pool.submit(_dense, o, h, low, c, changes, tuple(x[a : a + step] for x in columns), out[a : a + step]) for a in range(0, len(row), step)]
        for job in jobs:
            job.result()
    return out


@njit(cache=True, nogil=True, error_model="numpy")
def _dense(o: Any, h: Any, low: Any, c: Any, changes: Any, trials: Any, out: Any) -> None:
    row, level, hold, stop, take = trials
    for k in range(row.size):
        change, wanted, stay, s, p = changes[row[k]], level[k], hold[k], stop[k], take[k]
        cash, units, before, peak, deep, total, square, trades, wins, paid = CASH, 0.0, CASH, CASH, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        since, floor, goal = 0, 0.0, 0.0
        for t in range(1, c.size):
            if units > 0.0 and t - since >= stay:
                got = units * o[t] * (1.0 - SLIPPAGE) * (1.0 - FEES)
                cash, units, trades, wins = cash + got, 0.0, trades + 1.0, wins + (got > paid)
            if units == 0.0 and change[t - 1] >= wanted:
                units, since = before / o[t], t
                paid = units * o[t] * (1.0 + SLIPPAGE) * (1.0 + FEES)
                cash, floor, goal = cash - paid, o[t] * (1.0 - s), o[t] * (1.0 + p)
            if units > 0.0:
                leave = min(o[t], floor) if low[t] <= floor else max(o[t], goal) if h[t] >= goal else 0.0
                if leave > 0.0:
                    got = units * leave * (1.0 - SLIPPAGE) * (1.0 - FEES)
                    cash, units, trades, wins = cash + got, 0.0, trades + 1.0, wins + (got > paid)
            value = cash + units * c[t]
            r = value / before - 1.0
            before = value
            total += r
            square += r * r
            peak = max(peak, value)
            deep = min(deep, value / peak - 1.0)
        mean = total / c.size
        out[k, 0], out[k, 1] = before / CASH - 1.0, mean / np.sqrt((square - c.size * mean * mean) / (c.size - 1)) * np.sqrt(252.0)
        out[k, 2], out[k, 3], out[k, 4] = deep, trades, wins / trades


def per_trial(run: Callable[[Any, int], Any], count: int, chunk: int) -> float:
    """Seconds per trial of a chunked side."""
    begin = time.perf_counter()
    for at in range(0, count, chunk):
        run(at, min(at + chunk, count))
    return (time.perf_counter() - begin) / count
