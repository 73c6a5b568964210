"""Volatility and carry out of many days' surfaces at once, compiled. `flowbt.options.surface.VolSurface` is the same in plain numpy, a day at a time."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from flowbt.ground.compiled import jit

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
YEARS, CARRY, RATE, A, B, RHO, M, S, LOW, HIGH = range(10)


@jit
def _line(x: float, at: Array, values: Array) -> float:
    """Linear between points, held outside."""
    n = len(at)
    if x <= at[0]:
        return float(values[0])
    for i in range(1, n):
        if x <= at[i]:
            return float(values[i - 1] + (values[i] - values[i - 1]) * (x - at[i - 1]) / (at[i] - at[i - 1]))
    return float(values[n - 1])


@jit
def _variance(slices: Array, k: float, t: float) -> float:
    """Total variance of one day's surface at log-moneyness `k` and years `t`."""
    n = len(slices)
    w = np.empty(n)
    for i in range(n):
        off = k - slices[i, M]
        w[i] = max(slices[i, A] + slices[i, B] * (slices[i, RHO] * off + math.sqrt(off * off + slices[i, S] ** 2)), 1e-12)
    for i in range(n - 2, -1, -1):
        if k < slices[i, LOW] or k > slices[i, HIGH]:
            w[i] = min(w[i], w[i + 1])
    for i in range(1, n):
        w[i] = max(w[i], w[i - 1])
    if t < slices[0, YEARS] or n == 1:
        return float(w[0] * t / slices[0, YEARS])
    if t > slices[n - 1, YEARS]:
        return float(w[n - 1] * t / slices[n - 1, YEARS])
    return _line(t, slices[:, YEARS], w)


@jit
def quoted_inputs(first: Ints, slices: Array, rows: Ints, moneyness: Array, years: Array, beyond: float) -> Array:
    """For each of `rows` (its day's slices are first[row] to first[row + 1]): volatility, rate and dividend yield (fractions a year) of an option with
    strike over spot `moneyness` and `years` to go. NaN where the day has no surface, time is up, or lasts over `beyond` times the surface's last expiry."""
    out = np.full((3, len(rows)), np.nan)
    for n in range(len(rows)):
        begin, end = first[rows[n]], first[rows[n] + 1]
        t = years[n]
        if end == begin or not t > 0.0 or t > beyond * slices[end - 1, YEARS] or not moneyness[n] > 0.0:
            continue
        day = slices[begin:end]
        carry, rate = _line(t, day[:, YEARS], day[:, CARRY]), _line(t, day[:, YEARS], day[:, RATE])
        out[0, n] = math.sqrt(_variance(day, math.log(moneyness[n]) - carry * t, t) / t)
        out[1, n], out[2, n] = rate, rate - carry
    return out
