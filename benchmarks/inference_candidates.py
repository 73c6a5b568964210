"""Which test? Candidates for the one inference core on the same null runs: their sizes at 5% and 1%, and their power where an effect is planted.

    python benchmarks/inference_candidates.py [--runs 400]

Every candidate tests the mean of an event's outcomes less the mean of all rows (or half the difference of two sides), from the position an event holds in
each later session: a return over h sessions after an event is h sessions of one unit. The planted effect is 3 times the spread of the estimate over the null
runs.

* rotation: the studentised statistic (sum of squares) among its own rotations in time.
* wild: a dependent wild bootstrap, the daily returns of 40 blocks change sign together and outcomes are rebuilt from them.
* bootstrap-t: stationary blocks of 64 sessions, each resample studentised by its own sum of squares, equal tails.
* divided: positions in units of the volatility known the day before (exponential, 0.94), a sum of squares; another estimand, risk-adjusted.
* cosines: the first B cosines alone. * squares: all of them. * chosen: 0.7 of the first and 0.3 of the second (`evidence/inference.py`).
"""

from __future__ import annotations

import argparse
import math

import numpy as np
import size_and_power as nulls
from numba import njit
from scipy.special import stdtr

from flowbt.evidence.claims import study
from flowbt.evidence.inference import project, studentise
from flowbt.evidence.resampling.bootstrap import resample_sums
from flowbt.evidence.resampling.rotation import offsets

Array = np.ndarray
ROWS = (
    ("GARCH-t", "a day of +2%", 1),
    ("GARCH-t", "a day of -2%", 63),
    ("GARCH-t", "wild state", 63),
    ("GARCH-t", "calm state", 1),
    ("GARCH-t", "rare clusters", 21),
    ("GJR-t", "a day of -2%", 5),
    ("GJR-t", "5% under its high", 63),
    ("GJR-t", "sign of 1.5% days", 63),
    ("jumps", "a day of -2%", 21),
    ("switching", "wild state", 10),
)
NAMES = ("rotation", "wild", "bootstrap-t", "divided", "cosines", "squares", "chosen")
DRAWS = 299


@njit(cache=True)
def known_volatility(x: Array, decay: float) -> Array:
    """Exponentially weighted root mean square of what came before each row."""
    out, level = np.empty(len(x)), np.mean(x * x)
    for t in range(len(x)):
        out[t] = math.sqrt(level)
        level = decay * level + (1 - decay) * x[t] ** 2
    return out


def positions(event: Array, o: study.Outcomes) -> Array:
    """Units held in each session, T; they add up to 0."""
    up, down = (event > 0) * o.known, (event < 0) * o.known
    a = (up / up.sum() - down / down.sum()) / 2 if down.any() else up / up.sum() - o.known / o.known.sum()
    sums = np.concatenate([[0.0], np.cumsum(a[:, 0])])
    rows = np.arange(1, len(sums))
    return np.asarray(sums[rows] - sums[np.maximum(rows - o.horizon, 0)])


def p_values(held: Array, moves: Array, planted: float, seed: int, horizon: int) -> dict[str, float]:
    """Two-sided p of every candidate; `planted` is added to the estimate, in proportion to the weight of the position."""
    x = moves - moves.mean()
    weight = held**2 / (held**2).sum()
    score = held * x + planted * weight
    estimate, squares = score.sum(), float((score**2).sum())
    cosines = max(4, round(len(x) ** (2 / 3)))
    t = estimate / math.sqrt(squares)
    own = score - estimate * weight
    shifted = nulls.rotation_sums(held[:, None], x[:, None]) / np.sqrt(np.maximum(nulls.rotation_sums(held[:, None] ** 2, x[:, None] ** 2), 1e-30))
    null = shifted[offsets(len(x), horizon + 5)]
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], (DRAWS, 40))
    wild = signs @ np.array([part.sum() for part in np.array_split(own, 40)])
    sums = resample_sums(np.column_stack([own, own**2]), 64, DRAWS, seed)
    boot = sums[:, 0] / np.sqrt(sums[:, 1])
    divided = score / known_volatility(x, 0.94)
    first = estimate / math.sqrt(float(np.mean(project(score[:, None], cosines) ** 2)))

    def student(value: float) -> float:
        return float(2 * stdtr(cosines, -abs(value)))

    return {
        "rotation": (1 + np.count_nonzero(np.abs(null) >= abs(t))) / (1 + len(null)),
        "wild": (1 + np.count_nonzero(np.abs(wild) >= abs(estimate))) / (1 + DRAWS),
        "bootstrap-t": min(1.0, 2 * min(1 + np.count_nonzero(boot >= t), 1 + np.count_nonzero(boot <= t)) / (1 + DRAWS)),
        "divided": student(divided.sum() / math.sqrt(float((divided**2).sum()))),
        "cosines": student(first),
        "squares": student(t),
        "chosen": studentise(score, weight, cosines).p(),
    }


def row(market: str, event: str, horizon: int, runs: int) -> str:
    cases = []
    for seed in range(runs):
        r = nulls.MARKETS[market](seed, nulls.T)
        given = np.asarray(nulls.EVENTS[event](r, np.random.default_rng(seed)), dtype=float)[:, None]
        o = nulls.outcomes(r, "return", horizon)
        if np.abs(given * o.known).sum() >= 3:
            cases.append((positions(given, o), np.append(r[1:], 0.0), seed))
    spread = float(np.std([held @ (moves - moves.mean()) for held, moves, _ in cases]))
    null = [p_values(held, moves, 0.0, seed, horizon) for held, moves, seed in cases]
    planted = [p_values(held, moves, 3 * spread, seed, horizon) for held, moves, seed in cases]
    cells = []
    for name in NAMES:
        p, there = np.array([one[name] for one in null]), np.array([one[name] for one in planted])
        cells.append(f"{np.mean(p <= 0.05):5.1%} {np.mean(p <= 0.01):4.1%} {np.mean(there <= 0.05):4.0%}")
    return f"  {market + ': ' + event + ', ' + str(horizon):34s} " + " | ".join(cells)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=400)
    runs = parser.parse_args().runs
    print(f"{runs} null runs a row: size at 5%, at 1%, power at 3 standard errors (an oracle's: 85%)")
    print(f"  {'':34s} " + " | ".join(f"{name:15s}" for name in NAMES))
    for one in ROWS:
        print(row(*one, runs), flush=True)


if __name__ == "__main__":
    main()
