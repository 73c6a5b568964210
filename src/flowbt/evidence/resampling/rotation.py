"""Circular-shift (rotation) tests: is the alignment of events and outcomes special, or would any other do?

Shifting the events against the outcomes keeps the clusters of the one and the overlap of the other, and breaks only
their alignment. A shifted sum is a circular cross-correlation, so all T offsets come from one FFT.
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


def rotation_sums(weights: Array, columns: Array) -> Array:
    """Sums of `columns` (T x K) under `weights` (T x D) shifted by every offset: offsets T x D x K.

    Entry s is the sum over t of weights[t] * columns[t + s], wrapping at the end; s = 0 is the data as they are. Finite input.
    """
    rows = len(weights)
    left = np.conj(fft.rfft(weights, axis=0))
    right = fft.rfft(columns, axis=0)
    return np.asarray(fft.irfft(left[:, :, None] * right[:, None, :], rows, axis=0))


def sums_twin(weights: Array, columns: Array) -> Array:
    """`rotation_sums`, offset by offset."""
    return np.array([weights.T @ np.roll(columns, -s, axis=0) for s in range(len(weights))])


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
