"""What chance alone gives a whole grid: the noise band."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


class NoiseBand(NamedTuple):
    """`p`: chance that the best of the grid on rotated signals is at least the best on the real ones; `low`, `middle`, `high`: quantiles of that
    best; `by_rank`: 3 x N quantiles of the sorted grid (best first); `above`: share of real trials over the band at their rank."""

    p: float
    low: float
    middle: float
    high: float
    by_rank: Array
    above: float


def noise_band(observed: Array, rotated: Array, level: float = 0.9) -> NoiseBand:
    """Compare a grid with itself on rotated signals.

    `observed`: one metric for N trials (more is better); `rotated`: worlds x N, the same grid with its signals shifted in time. NaN (no trade) counts as
    the lowest.
    """
    floor = np.nanmin(np.concatenate([observed, rotated.ravel()]))
    real = -np.sort(-np.where(np.isfinite(observed), observed, floor))
    worlds = -np.sort(-np.where(np.isfinite(rotated), rotated, floor), axis=1)
    by_rank = np.quantile(worlds, [(1 - level) / 2, 0.5, (1 + level) / 2], axis=0)
    p = (1 + np.count_nonzero(worlds[:, 0] >= real[0])) / (1 + len(worlds))
    low, middle, high = (float(v) for v in by_rank[:, 0])
    return NoiseBand(p, low, middle, high, by_rank, float(np.mean(real > by_rank[2])))
