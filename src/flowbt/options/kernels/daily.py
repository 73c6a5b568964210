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
def quoted_at(day: Array, moneyness: float, years: float, beyond: float) -> tuple[float, float, float]:
    """Volatility, rate and dividend yield (fractions a year) of one option by a day's slices: strike over spot `moneyness`, `years` to go. NaN where the day
    has none, time is up, or lasts over `beyond` times the surface's last expiry."""
    n = len(day)
    if n == 0 or not years > 0.0 or years > beyond * day[n - 1, YEARS] or not moneyness > 0.0:
        return np.nan, np.nan, np.nan
    carry, rate = _line(years, day[:, YEARS], day[:, CARRY]), _line(years, day[:, YEARS], day[:, RATE])
    return math.sqrt(_variance(day, math.log(moneyness) - carry * years, years) / years), rate, rate - carry


@jit
def quoted_inputs(first: Ints, slices: Array, rows: Ints, moneyness: Array, years: Array, beyond: float) -> Array:
    """`quoted_at` for each of `rows` (its day's slices are first[row] to first[row + 1]): 3 x rows."""
    out = np.full((3, len(rows)), np.nan)
    for n in range(len(rows)):
        day = slices[first[rows[n]] : first[rows[n] + 1]]
        out[0, n], out[1, n], out[2, n] = quoted_at(day, moneyness[n], years[n], beyond)
    return out
