"""How much of a sweep's best result is luck. Everything is about the Sharpe ratio, whatever the sweep was sorted by.

1. Deflated Sharpe of the best trial, N from the ledger (every distinct trial ever run on the strategy) and the effective N.
2. PBO, SPA and StepM on a random sample of the trials. The best trial is not put into it: it would be chosen by the result that is judged.
3. The noise band: the same sample of the grid on signals rotated in time, which keeps their number and clusters and breaks their timing.
4. The neighbours of the best: each parameter one step away.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from flowbt.engine.sweep.results import WHOLE, BarRange
from flowbt.engine.sweep.space import Ints
from flowbt.engine.types import Array
from flowbt.evidence.cutoffs import CUTOFFS
from flowbt.evidence.multiple import spa, stepm
from flowbt.evidence.resampling.rotation import offsets
from flowbt.evidence.search.judgement import Luck, Neighbours, NoiseFound, Overfitting
from flowbt.evidence.search.noise import noise_band
from flowbt.evidence.search.overfit import overfit
from flowbt.evidence.sharpe import deflated_sharpe, effective_trials, expected_maximum, mean_correlation, moments
from flowbt.results.ledger import TrialCount
from flowbt.studies.sweep.setup import PreparedSweep
from flowbt.studies.sweep.store import SweptTrials
from flowbt.studies.sweep.values import allowed

SAMPLE = 200
SUPERIOR, RESAMPLES = 100, 500  # trials and resamples of SPA and StepM
ROTATED, ROTATIONS, TIME = 1_000, 99, 4_000_000  # trials, worlds, and trial-bars x symbols / 1000 that the band may cost
STRUCTURES, PER_TRIAL = 5_000, 50  # times what a bar of a plain trial costs: 5,630 ns measured on option_carry's grid, prices shared, 1.14 ns for a plain one
BLOCKS = 16
SEED = 7  # of the samples, rotations and resamples: nobody chooses those that the best beats


def luck_of(setup: PreparedSweep, trials: SweptTrials, tally: Callable[[], TrialCount]) -> Luck:
    """The contents of luck.json. `tally` is called last: it may have to wait for the ledger."""
    notes: list[str] = []
    drawn = _drawn(trials, SEED)
    if drawn is None:
        return {"best": None, "ledger": {"trials": tally().trials}, "notes": ["no trial traded"]}
    best, highest, sample, rotated = drawn
    returns = _returns(setup, sample)
    moving = returns[:, returns.std(axis=0) > 1e-12]
    pbo, superior = _pbo(moving, notes), _superior(moving, SEED, notes)
    noise, neighbours = _noise(setup, rotated, notes), _neighbours(setup, best, highest)
    values = setup.space.trial(setup.space.codes(np.array([best]))[0])
    return {
        "best": {**{name: values[name] for name in setup.swept}, "trial": best, "sharpe": highest},
        **_deflated(setup, best, tally(), mean_correlation(moving)),
        "pbo": pbo,
        **superior,
        "noise": noise,
        "neighbours": neighbours,
        "sample": {"trials": len(sample), "seed": SEED},
        "notes": notes,
    }


class Drawn(NamedTuple):
    """The best trial by Sharpe, its Sharpe, and two random samples of trial numbers."""

    best: int
    sharpe: float
    sample: Ints
    rotated: Ints


def _drawn(of: SweptTrials, seed: int) -> Drawn | None:
    """None where no trial traded."""
    sharpes, trials = of.sharpe, of.numbers
    if not np.isfinite(sharpes).any():
        return None
    at, rng = int(np.nanargmax(sharpes)), np.random.default_rng(seed)
    sample = np.sort(rng.choice(trials, min(SAMPLE, len(trials)), replace=False))
    return Drawn(int(trials[at]), float(sharpes[at]), sample, rng.permutation(trials)[:ROTATED].copy())


def _returns(setup: PreparedSweep, numbers: Ints) -> Array:
    """Bars x trials."""
    return setup.sweeper.run(setup.space.codes(numbers), BarRange(returns=True)).returns.T


def _deflated(setup: PreparedSweep, best: int, tally: TrialCount, correlation: float) -> Luck:
    sharpe, skew, kurtosis, bars = moments(_returns(setup, np.array([best]))[:, 0])
    effective = effective_trials(tally.trials, correlation)
    luckiest = expected_maximum(tally.trials, tally.variance)

    def deflate(trials: float) -> float:
        return deflated_sharpe(sharpe, bars, trials=trials, variance=tally.variance, skew=skew, kurtosis=kurtosis)

    return {
        "ledger": {"trials": tally.trials, "effective": effective, "mean_correlation": correlation},
        "deflated_sharpe": deflate(tally.trials),
        "deflated_sharpe_effective": deflate(effective),
        "expected_best_of_luck": luckiest * math.sqrt(setup.market.year),
        "sharpe_variance": tally.variance,
    }


def _pbo(returns: Array, notes: list[str]) -> Overfitting | None:
    if returns.shape[1] < 2 or len(returns) < 4 * BLOCKS:
        notes.append("PBO needs two trials that trade and 64 bars")
        return None
    found = overfit(returns, BLOCKS)
    slope = found.slope if abs(found.slope) < 100 else None  # a trial that did not trade in half of the blocks has no Sharpe to draw a line through
    return {"pbo": found.pbo, "slope": slope, "loss": found.loss, "trials": returns.shape[1], "blocks": BLOCKS}


def _superior(returns: Array, seed: int, notes: list[str]) -> Luck:
    """SPA and StepM of the sampled trials against holding cash."""
    if returns.shape[1] < 2:
        notes.append("SPA and StepM need two trials that trade")
        return {"spa": None, "stepm": None}
    returns = returns[:, :: -(-returns.shape[1] // SUPERIOR)]
    test = spa(returns, RESAMPLES, seed)
    steps = stepm(returns, RESAMPLES, seed)
    return {
        "spa": {"p": test.p, "lower": test.lower, "upper": test.upper, "trials": returns.shape[1]},
        "stepm": {"significant": int((steps <= CUTOFFS.level).sum()), "trials": returns.shape[1], "level": CUTOFFS.level},
    }


def _noise(setup: PreparedSweep, numbers: Ints, notes: list[str]) -> NoiseFound | None:
    """The sampled part of the grid on rotated signals; fewer rotations where trials are dear."""
    bars = len(setup.market.index)
    cost = len(numbers) * bars * len(setup.market.symbols) / 1_000
    cost *= STRUCTURES if setup.sweeper.general.structures else PER_TRIAL if setup.sweeper.tracer.per_trial or setup.sweeper.unfused else 1
    worlds = int(min(ROTATIONS, TIME / cost))
    if worlds < 19:
        numbers = numbers[: max(20, int(len(numbers) * worlds / 19))]
        worlds = 19
    gap = min(63, bars // 4)
    shifts = offsets(bars, gap, worlds, SEED)
    if len(shifts) < 19:
        notes.append("too few bars for a noise band")
        return None
    codes = setup.space.codes(np.sort(numbers))
    real, *rotated = (found.column("sharpe") for found in setup.sweeper.run_each(codes, [WHOLE, *(BarRange(rotate=int(shift)) for shift in shifts)]))
    if not np.isfinite(real).any() or not np.isfinite(rotated).any():
        notes.append("no sampled trial traded")
        return None
    band = noise_band(real, np.array(rotated))
    return {
        "p": band.p, "low": band.low, "middle": band.middle, "high": band.high, "real": float(np.nanmax(real)),
        "rotations": len(shifts), "trials": len(codes), "above": band.above,
    }  # fmt: skip


def _neighbours(setup: PreparedSweep, best: int, sharpe: float) -> Neighbours | None:
    """Trials one step away in one parameter, simulated now where they were not part of the sweep."""
    here = setup.space.codes(np.array([best]))[0]
    near = []
    for column, name in enumerate(setup.space.names):
        for step in (-1, 1):
            there = here.copy()
            there[column] += step
            if name in setup.swept and 0 <= there[column] < len(setup.space.values[column]):
                near.append(there)
    codes = np.array(near).reshape(-1, len(here))
    codes = codes[allowed(setup.space, setup.space.numbers(codes), setup.constraints)] if len(codes) else codes
    if not len(codes):
        return None
    found = np.nan_to_num(setup.sweeper.run(codes).column("sharpe"))
    middle = float(np.median(found))
    return {"count": len(found), "median_sharpe": middle, "worst_sharpe": float(found.min()), "kept": middle / sharpe if sharpe > 0 else math.nan}
