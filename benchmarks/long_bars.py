"""An EMA crossing over long bars: python benchmarks/long_bars.py [--trials 10000] [--bars 200000] [--rounds 3]

Every pair of a fast and a slow EMA of hourly closes, long while the fast one is above; signals, trades and metrics included. Sides take turns, each round of
each in a fresh process; the best round counts. flowbt: seconds of the whole grid by the wall clock and of work on all cores, and peak resident memory of the
process (Python, the market and compiled code included; that before the grid is printed too). raptorbt (Rust, its own EMA, all cores through
`batch_single_backtest`): a part of the same grid, seconds a trial. Both fill at the next open (raptorbt at the close of the signal's bar where it cannot);
what is compared is the amount of work.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from typing import Any

import numpy as np
import sweep_rivals as rivals

from flowbt.engine.types import Signals


def signals(panel: Any, *, fast: int, slow: int) -> Signals:
    close = panel["close"]
    above = close.ewm(span=fast, adjust=False).mean() > close.ewm(span=slow, adjust=False).mean()
    return Signals(long=above, exit=~above)


def spans(trials: int) -> dict[str, tuple[int, ...]]:
    side = round(trials**0.5)
    return {"fast": tuple(range(5, 5 + side)), "slow": tuple(range(10 + side, 10 + 3 * side, 2))}


def memory() -> dict[str, float]:
    """Resident memory now and at its peak, MB."""
    with open("/proc/self/status") as status:
        found = dict(line.split(":", 1) for line in status)
    return {name: int(found[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM")}


def flowbt(trials: int, bars: int) -> dict[str, float]:
    import sweep

    from flowbt.engine.sweep.results import ENTERED

    market, grid = rivals.make_market(bars, hourly=True), spans(trials)
    one = sweep.sweeper(market, grid, signals)
    one.run(one.space.codes(np.arange(2)), ENTERED)  # loads the compiled kernels
    base, one = memory()["VmRSS"], sweep.sweeper(market, grid, signals)
    wall, work = time.perf_counter(), time.process_time()
    found = one.run(one.space.codes(np.arange(one.space.size)), ENTERED)
    wall, work = time.perf_counter() - wall, time.process_time() - work
    shown = {name: float(found.column(name).mean()) for name in ("exposure", "trades")}
    return {"trials": one.space.size, "wall": wall, "work": work, "base": base, "peak": memory()["VmHWM"], **shown}


def raptorbt(trials: int, bars: int, count: int = 48) -> dict[str, float]:
    import raptorbt as raptor

    market, grid = rivals.make_market(bars, hourly=True), spans(trials)
    pairs = [(fast, slow) for fast in grid["fast"] for slow in grid["slow"]]
    pairs = [pairs[k] for k in np.linspace(0, len(pairs) - 1, count).astype(int)]
    opened, high, low, close = (np.ascontiguousarray(prices[:, 0]) for prices in (market.open, market.high, market.low, market.close))
    stamps = market.index.as_unit("ns").asi8
    config = raptor.BacktestConfig(initial_capital=rivals.CASH, fees=rivals.FEES, slippage=rivals.SLIPPAGE)
    wall, work, trades = time.perf_counter(), time.process_time(), 0
    for at in range(0, count, 16):
        items = []
        for fast, slow in pairs[at : at + 16]:
            above = raptor.ema(close, fast) > raptor.ema(close, slow)
            items.append(raptor.BatchSingleItem(f"{fast}-{slow}", above, ~above, config=config))
        for _, result in raptor.batch_single_backtest(stamps, opened, high, low, close, np.ones(bars), items, config):
            trades += result.metrics.total_trades
    return {"trials": count, "wall": time.perf_counter() - wall, "work": time.process_time() - work, "peak": memory()["VmHWM"], "trades": trades / count}


SIDES = {"flowbt": flowbt, "raptorbt": raptorbt}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--bars", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", choices=tuple(SIDES), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.side:
        print(json.dumps(SIDES[given.side](given.trials, given.bars)))
        return
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in SIDES}
    for _ in range(given.rounds):
        for name, found in rounds.items():
            command = [sys.executable, __file__, "--side", name, "--trials", str(given.trials), "--bars", str(given.bars)]
            found.append(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))
    best = {name: {key: min(one[key] for one in found) for key in found[0]} for name, found in rounds.items()}
    ours, theirs = best["flowbt"], best["raptorbt"]
    print(f"{ours['trials']:,.0f} trials x {given.bars:,} bars, exposure {ours['exposure']:.0%}, {ours['trades']:,.0f} trades a trial")
    print(f"flowbt    {ours['wall']:6.2f} s, {ours['work']:6.2f} s of work, {ours['wall'] / ours['trials'] * 1e3:.3f} ms a trial; peak {ours['peak']:.0f} MB")
    print(f"          of which {ours['base']:.0f} MB before the grid   (promised 4.4 s and 350 MB on two cores)")
    ratio = {key: (theirs[key] / theirs["trials"]) / (ours[key] / ours["trials"]) for key in ("wall", "work")}
    print(f"raptorbt  {theirs['wall'] / theirs['trials'] * 1e3:.3f} ms a trial, {theirs['trades']:,.0f} trades; peak {theirs['peak']:.0f} MB")
    print(f"raptorbt / flowbt: {ratio['wall']:.1f} x by the wall clock, {ratio['work']:.1f} x of work   (promised 20)")


if __name__ == "__main__":
    main()
