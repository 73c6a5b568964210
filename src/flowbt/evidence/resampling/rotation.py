"""Circular-shift (rotation) tests: is the alignment of events and outcomes special, or would any other do?

Shifting the events against the outcomes keeps the clusters of the one and the overlap of the other, and breaks only
their alignment. A shifted sum is a circular cross-correlation, so the variance over all T offsets comes from one FFT.
`sums_twin` is the plain reading.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import fft

Array = npt.NDArray[np.float64]


class Rotation(NamedTuple):
    """`p`: two-sided; `p_up`, `p_down`: chance of a statistic at least as high, as low. NaN where nothing could be compared."""

    observed: float
    null: Array
    p: float
    p_up: float
    p_down: float


def spectrum(columns: Array) -> Array:
    """Fourier transform of each column of T x K, for `crossed`."""
    return np.asarray(fft.rfft(columns, axis=0))


def crossed(weights: Array, columns: Array) -> Array:
    """From two spectra that of the sums, over all columns, of columns x weights shifted on a circle: what a weighted sum would be anywhere else. Adds up as
    the sums do."""
    return np.asarray((np.conj(weights) * columns).sum(axis=1))


def variance_of(crossing: Array, rows: int) -> float:
    """Variance of those sums over all `rows` shifts (Parseval)."""
    power = np.abs(crossing[1:]) ** 2
    return float(2 * power.sum() - (power[-1] if rows % 2 == 0 else 0.0)) / rows**2


def sums_twin(weights: Array, columns: Array) -> Array:
    """The sums themselves, offset by offset: T. Entry s is the sum over t of weights[t] * columns[t + s], wrapping at the end."""
    return np.array([(weights * np.roll(columns, -s, axis=0)).sum() for s in range(len(weights))])


def offsets(rows: int, gap: int, limit: int = 0, seed: int = 0) -> npt.NDArray[np.int64]:
    """Offsets at least `gap` rows away from 0 on the circle: all of them, or `limit` drawn at random without replacement."""
    allowed = np.arange(max(gap, 1), rows - max(gap, 1) + 1)
    if 0 < limit < len(allowed):
        return np.sort(np.random.default_rng(seed).choice(allowed, limit, replace=False))
    return allowed


def p_values(observed: float, null: Array) -> Rotation:
    """Compare a statistic with its rotated values; `(1 + b) / (1 + B)`, ties counted against it. NaN values are left out."""
    null = null[np.isfinite(null)]
    if not np.isfinite(observed) or not len(null):
        return Rotation(observed, null, np.nan, np.nan, np.nan)
    tie = 1e-9 * max(float(np.abs(null).max()), abs(observed))  # FFT rounding must not break ties
    up = (1 + np.count_nonzero(null >= observed - tie)) / (1 + len(null))
    down = (1 + np.count_nonzero(null <= observed + tie)) / (1 + len(null))
    return Rotation(observed, null, min(1.0, 2 * min(up, down)), up, down)
