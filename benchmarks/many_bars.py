"""Shapes between the others: python benchmarks/many_bars.py [WORD ...]

Long bars with stops, trails and several symbols; ranks across symbols; hours and minutes over years; partial exits and weights, which go through the engine's
own kernel. Prints microseconds of work (all cores) a trial and nanoseconds a symbol-bar, best of two; WORDs choose among the shapes. Then how the two walks of
several symbols compare, trade by trade and by bars, which `engine/sweep/live.py` chooses between.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import sweep
import sweep_rivals as rivals

from flowbt.engine.sweep import live
from flowbt.engine.types import Signals, Targets


def ranks(panel: Any, *, window: int, top: int, hold: int, stop: float) -> Signals:
    rank = panel["close"].pct_change(window, fill_method=None).rank(axis=1, ascending=False)
    return Signals(long=rank <= top, exit=rank > 2 * top, hold=hold, stop=stop)


def both_sides(panel: Any, *, window: int, level: float, stop: float) -> Signals:
    change = panel["close"].pct_change(window, fill_method=None)
    return Signals(long=change >= level, short=change <= -level, stop=stop, trail=stop)


def crossing(panel: Any, *, fast: int, slow: int, stop: float, take: float) -> Signals:
    close = panel["close"]
    above = close.ewm(span=fast, adjust=False).mean() > close.ewm(span=slow, adjust=False).mean()
    return Signals(long=above, exit=~above, stop=stop, take=take)


def in_parts(panel: Any, *, window: int, level: float, hold: int, part: float) -> Signals:
    change = panel["close"].pct_change(window, fill_method=None)
    return Signals(long=change >= level, exit=(change < -level) * part, hold=hold)


def weighted(panel: Any, *, window: int, gross: float) -> Targets:
    rank = panel["close"].pct_change(window, fill_method=None).rank(axis=1, pct=True) - 0.5
    return Targets(weights=rank * gross / len(panel.symbols) * 4, band=0.01)


RANKED = {"window": (5, 10, 20, 60), "top": (5, 10, 20, 40), "hold": (5, 10, 20), "stop": (0.05, 0.1)}
SIDES = {"window": (5, 10, 20, 40), "level": (0.005, 0.01, 0.02, 0.03), "stop": (0.01, 0.02, 0.03, 0.05)}
CROSSED = {"fast": tuple(range(5, 25, 2)), "slow": tuple(range(30, 70, 4)), "stop": (0.01, 0.02, 0.05), "take": (0.02, 0.05)}
PARTS = {"window": (2, 5, 10), "level": (0.01, 0.02), "hold": (5, 10, 20), "part": (0.3, 0.5)}
Shape = tuple[Callable[..., Any], dict[str, Any], int, int, int, bool]
SHAPES: dict[str, Shape] = {  # strategy, grid, bars, symbols, trials, hourly
    "stop and take, hours": (sweep.signals, rivals.GRID, 200_000, 1, 300, True),
    "stop and take, minutes": (sweep.signals, rivals.GRID, 1_000_000, 1, 60, True),
    "EMA crossing, stop and take, hours": (crossing, CROSSED, 200_000, 1, 300, True),
    "both sides, trailing stop, hours": (both_sides, SIDES, 200_000, 1, 64, True),
    "stop and take, 3 symbols of hours": (sweep.signals, rivals.GRID, 100_000, 3, 100, True),
    "stop and take, 32 symbols": (sweep.signals, rivals.GRID, 20_000, 32, 60, False),
    "stop and take, 64 symbols": (sweep.signals, rivals.GRID, 20_000, 64, 40, False),
    "ranks, 200 symbols": (ranks, RANKED, 2_500, 200, 96, False),
    "ranks, 500 symbols": (ranks, RANKED, 5_000, 500, 48, False),
    "both sides, trailing stop, 100 symbols": (both_sides, SIDES, 2_500, 100, 64, False),
    "partial exits": (in_parts, PARTS, 2_500, 1, 36, False),
    "partial exits, hours": (in_parts, PARTS, 200_000, 1, 36, True),
    "weights, 30 symbols": (weighted, {"window": (5, 10, 20, 40, 60, 80), "gross": (0.5, 0.7, 0.9, 1.0)}, 2_500, 30, 24, False),
}
WALKED = ((2_500, 3, 600), (2_500, 32, 96), (2_500, 64, 48), (20_000, 3, 100), (20_000, 10, 48), (20_000, 32, 20), (20_000, 64, 10), (100_000, 3, 24))


def work(shape: Shape, rounds: int = 2) -> float:
    """Seconds of work a trial."""
    strategy, grid, bars, symbols, count, hourly = shape
    market, best = rivals.make_market(bars, symbols, hourly=hourly), np.inf
    for k in range(rounds + 1):
        one = sweep.sweeper(market, grid, strategy)
        count = min(count, one.space.size)
        codes = one.space.codes(np.linspace(0, one.space.size - 1, count).astype(np.int64))
        begin = time.process_time()
        one.run(codes if k else codes[:4])  # the first round loads the compiled kernels
        best = min(best, (time.process_time() - begin) / count) if k else best
    return float(best)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*")
    words = parser.parse_args().words
    for name, shape in SHAPES.items():
        if not words or any(word in name for word in words):
            seconds = work(shape)
            print(f"{name:40s} {shape[3]:4d} x {shape[2]:9,d} {seconds * 1e6:10,.1f} us {seconds / shape[2] / shape[3] * 1e9:8.2f} ns a symbol-bar", flush=True)
    if words:
        return
    for bars, symbols, count in WALKED:
        found = []
        for live.FEW, live.NEAR in ((64, 1 << 40), (1, 1 << 24)):
            found.append(work((sweep.signals, rivals.GRID, bars, symbols, count, False)) / bars / symbols * 1e9)
        print(
            f"{symbols:4d} x {bars:9,d}: trade by trade {found[0]:6.2f}, by bars {found[1]:6.2f} ns a symbol-bar; {bars * symbols * 32 / 1e6:6.1f} MB",
            flush=True,
        )


if __name__ == "__main__":
    main()
