"""The simulator against vectorbt's `Portfolio.from_signals` (Rust and numba engines) on the same strategy, in one process.

    python benchmarks/engine.py [--bars 3850] [--symbols 3] [--repeat 5]

Both sides give orders and value per bar. flowbt's own order of events and its second mode (vectorbt's order) are both timed; the
second mode's value is checked against vectorbt's first. Medians; compilation and import apart.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time

import numpy as np
import pandas as pd

from flowbt.engine.simulate import simulate
from flowbt.engine.types import Account, Costs, Market, Signals
from flowbt.engine.vbt.mode import Fills, simulate_as_vectorbt


def market(bars: int, symbols: int) -> Market:
    rng = np.random.default_rng(7)
    shape = (bars, symbols)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.012, shape), axis=0))
    opened = np.vstack([close[:1], close[:-1]]) * np.exp(rng.normal(0, 0.004, shape))
    high, low = np.maximum(opened, close) * 1.004, np.minimum(opened, close) * 0.996
    names = tuple(f"S{k}" for k in range(symbols))
    return Market(pd.bdate_range("2000-01-03", periods=bars), names, opened, high, low, close, np.zeros(shape))


def median(repeat: int, act) -> tuple[float, float]:
    """First time and the median of the later ones, in seconds."""
    times = []
    for _ in range(repeat + 1):
        gc.collect()
        begin = time.perf_counter()
        act()
        times.append(time.perf_counter() - begin)
    return times[0], statistics.median(times[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("bars", 3850), ("symbols", 3), ("repeat", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    begin = time.perf_counter()
    import vectorbt as vbt

    print(f"{given.bars} bars x {given.symbols} symbols; importing vectorbt took {time.perf_counter() - begin:.1f} s")
    m = market(given.bars, given.symbols)
    rng = np.random.default_rng(1)
    long, short, leave = (pd.DataFrame(rng.random(m.close.shape) < p, m.index, list(m.symbols)) for p in (0.03, 0.03, 0.05))
    costs, worth = Costs(fees=0.0005, slippage=0.0005, borrow=0.0), 100_000.0 / given.symbols
    rules = {"exit": leave, "stop": 0.03, "take": 0.06}

    def theirs(engine: str):
        bars = {name: pd.DataFrame(getattr(m, name), m.index, list(m.symbols)) for name in ("open", "high", "low", "close")}
        portfolio = vbt.Portfolio.from_signals(
            **bars, entries=long, exits=leave, short_entries=short, short_exits=leave, sl_stop=0.03, tp_stop=0.06, size=worth, size_type="value",
            fees=costs.fees, slippage=costs.slippage, init_cash=100_000.0, cash_sharing=True, freq="1D", engine=engine,
        )  # fmt: skip
        return portfolio.value(), portfolio.orders.records

    sides = {
        "flowbt, own order": lambda: simulate(m, Signals(long=long, short=short, **rules), costs),
        "flowbt, second mode": lambda: simulate_as_vectorbt(m, Signals(long=long, short=short, size=worth, **rules), costs, Account(), Fills("value")),
        "vectorbt, rust": lambda: theirs("rust"),
        "vectorbt, numba": lambda: theirs("numba"),
    }
    off = np.abs(sides["flowbt, second mode"]().value.to_numpy() / theirs("rust")[0].to_numpy() - 1).max()
    print(f"second mode against vectorbt: largest relative difference of value {off:.1e}")
    timed = {name: median(given.repeat, act) for name, act in sides.items()}
    for name, (first, usual) in timed.items():
        ratio = timed["vectorbt, rust"][1] / usual
        print(f"{name:22s} first {first:7.3f} s   median {usual * 1000:9.2f} ms   {ratio:6.2f} x as fast as vectorbt, rust")


if __name__ == "__main__":
    main()
