"""What a sweep says of pure noise: python benchmarks/sweep_noise.py [--seeds 20]

For each seed, 10,000 trials of random entries on a random walk: the deflated Sharpe ratio of the best (N = 10,000) and PBO of a sample. The deflated
Sharpe must stay under 0.95 in at least 19 of 20 seeds, and PBO be about 0.5.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import sweep
import sweep_rivals as rivals

from flowbt.engine.sweep.results import BarRange
from flowbt.engine.types import Signals
from flowbt.evidence.search.overfit import overfit
from flowbt.evidence.sharpe import deflated_sharpe, moments

GRID = {"draw": tuple(range(1_250)), "chance": (0.02, 0.05), "hold": (3, 5, 8, 13)}


def coin(panel: Any, *, draw: int, chance: float, hold: int) -> Signals:
    close = panel["close"]
    toss = close * 0 + np.random.default_rng(draw).random((len(close), 1))
    return Signals(long=toss < chance, short=toss > 1 - chance, hold=hold)


def one(seed: int) -> tuple[float, float]:
    """Deflated Sharpe of the best and PBO, on one market."""
    runner = sweep.sweeper(rivals.make_market(seed=1_000 + seed), GRID, coin)
    codes = runner.space.codes(np.arange(runner.space.size))
    sharpe = runner.run(codes).column("sharpe") / np.sqrt(252)
    best = runner.run(codes[[int(np.nanargmax(sharpe))]], BarRange(returns=True)).returns[0]
    found, skew, kurtosis, bars = moments(best)
    deflated = deflated_sharpe(found, bars, trials=len(codes), variance=float(np.nanvar(sharpe, ddof=1)), skew=skew, kurtosis=kurtosis)
    sample = np.random.default_rng(seed).choice(len(codes), 100, replace=False)
    return deflated, overfit(runner.run(codes[sample], BarRange(returns=True)).returns.T).pbo


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    seeds = parser.parse_args().seeds
    results = np.array([one(seed) for seed in range(seeds)])
    print(f"deflated Sharpe of the best of 10,000: under 0.95 in {(results[:, 0] < 0.95).sum()} of {seeds} seeds (median {np.median(results[:, 0]):.2f})")
    print(f"PBO: mean {results[:, 1].mean():.2f}, from {results[:, 1].min():.2f} to {results[:, 1].max():.2f}")


if __name__ == "__main__":
    main()
