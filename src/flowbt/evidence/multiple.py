"""Corrections for having tried many things.

`spa` (Hansen 2005) and `stepm` (Romano and Wolf 2005) are studentised: each mean is divided by its own bootstrap spread.
They stand on flowbt's bootstrap kernel and not on `arch`, whose 8.0 leaves the statistic unstudentised, whose variance is
quadratic in T and whose StepM fails when every model is selected; on studentised input its SPA is the tests' oracle.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from flowbt.evidence.resampling.bootstrap import block_length, resample_sums

Array = npt.NDArray[np.float64]


def benjamini_hochberg(p: Array, weights: Array | None = None) -> Array:
    """Adjusted p-values (false discovery rate); NaN stays NaN and does not count. `weights`: how much each test counts, found or not, 1 where not given
    (Benjamini and Hochberg 1997): an effect that is told in three ways counts a third each, so that telling it so helps no other one."""
    each = np.ones(len(p)) if weights is None else weights
    return _adjusted(p, lambda ranked, order: np.minimum.accumulate((ranked * each[order].sum() / np.cumsum(each[order]))[::-1])[::-1])


def holm(p: Array) -> Array:
    """Adjusted p-values (family-wise error rate); NaN stays NaN and does not count."""
    return _adjusted(p, lambda ranked, _: np.maximum.accumulate(ranked * np.arange(len(ranked), 0, -1)))


def _adjusted(p: Array, rule: Callable[[Array, npt.NDArray[np.intp]], Array]) -> Array:
    p = np.asarray(p, dtype=np.float64)
    out = np.full(p.shape, np.nan)
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    out[order] = np.minimum(rule(p[order], order), 1.0) if len(order) else []
    return out


class Spa(NamedTuple):
    """Chance that the best of models without skill does as well: Hansen's lower, consistent and upper p-values; `best` is its column."""

    lower: float
    p: float
    upper: float
    best: int


class _Studentised(NamedTuple):
    t: Array  # N: root T times mean over its spread
    draws: Array  # resamples x N: the same for the resampled mean less the mean
    rows: int


def spa(excess: Array, resamples: int = 2_000, seed: int = 0, block: float | None = None) -> Spa:
    """Superior predictive ability of N models; `excess`: T x N finite returns over the benchmark. Block: Politis-White of the columns' median.

    The statistic is the largest t, at least 0, of the resamples too: where no model gained, every p is 1.
    """
    s = _studentise(excess, resamples, seed, block)
    poor = s.t < -np.sqrt(2 * np.log(np.log(s.rows)))
    observed = max(0.0, float(s.t.max()))
    shifts = (np.minimum(s.t, 0.0), np.where(poor, s.t, 0.0), np.zeros_like(s.t))
    lower, consistent, upper = (float((1 + np.count_nonzero(np.maximum((s.draws + c).max(axis=1), 0.0) >= observed)) / (1 + resamples)) for c in shifts)
    return Spa(lower, consistent, upper, int(s.t.argmax()))


def stepm(excess: Array, resamples: int = 2_000, seed: int = 0, block: float | None = None) -> Array:
    """Adjusted p-value of each of N models (family-wise, stepwise); a model is kept at size a where its value is <= a.

    `excess`: T x N finite returns over the benchmark. A column that never varies has NaN.
    """
    moving = np.ptp(excess, axis=0) > 1e-15
    out = np.full(excess.shape[1], np.nan)
    if moving.any():
        s = _studentise(excess[:, moving], resamples, seed, block)
        out[moving] = stepdown(s.t, s.draws)
    return out


def stepdown(t: Array, draws: Array) -> Array:
    """Romano-Wolf adjusted p-values of N statistics `t` from joint null `draws` (B x N): each is compared with the highest of those not yet passed."""
    order = np.argsort(-t, kind="stable")
    highest, raw, columns = np.full(len(draws), -np.inf), np.empty(len(t)), np.ascontiguousarray(draws.T)
    for rank in range(len(t) - 1, -1, -1):
        np.maximum(highest, columns[order[rank]], out=highest)
        raw[rank] = (1 + np.count_nonzero(highest >= t[order[rank]])) / (1 + len(draws))
    out = np.empty(len(t))
    out[order] = np.maximum.accumulate(raw)
    return out


def _studentise(excess: Array, resamples: int, seed: int, block: float | None) -> _Studentised:
    rows = len(excess)
    if block is None:
        some = excess[:, np.linspace(0, excess.shape[1] - 1, min(20, excess.shape[1])).astype(int)]
        block = float(np.median([block_length(column) for column in some.T]))
    means = excess.mean(axis=0)
    draws = resample_sums(excess, block, resamples, seed) / rows - means
    spread = draws.std(axis=0)
    spread = np.where(spread > 1e-18, spread, np.inf)
    return _Studentised(means / spread, draws / spread, rows)
