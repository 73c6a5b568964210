"""Seeded building blocks: persistent noise, regimes, fat tails, and bars around given moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Random = np.random.Generator


def ar1(rng: Random, shape: tuple[int, ...], rho: float) -> Array:
    """Stationary AR(1) along the first axis, mean 0, variance 1."""
    from scipy.signal import lfilter  # half a second to import: only where the market is built

    noise = rng.standard_normal(shape) * np.sqrt(1 - rho * rho)
    noise[0] = rng.standard_normal(shape[1:])
    return np.asarray(lfilter([1.0], [1.0, -rho], noise, axis=0), dtype=float)


def student(rng: Random, shape: tuple[int, ...], freedom: float = 5.0) -> Array:
    """Student t noise of variance 1."""
    draws: Array = rng.standard_t(freedom, shape)
    return np.asarray(draws * np.sqrt((freedom - 2) / freedom), dtype=float)


def spells(rng: Random, bars: int, outside: float, inside: float) -> npt.NDArray[np.bool_]:
    """A two-state Markov chain as a bool array; `outside` and `inside` are mean spell lengths in bars, starting outside."""
    flips, out, state = rng.random(bars), np.empty(bars, dtype=bool), False
    for t in range(bars):
        state = state != bool(flips[t] < (1 / inside if state else 1 / outside))
        out[t] = state
    return out


@dataclass(frozen=True)
class Ohlc:
    """Open, high, low, close; arrays T x N of positive prices with low <= open, close <= high."""

    open: Array
    high: Array
    low: Array
    close: Array

    def scaled(self, factor: Array) -> Ohlc:
        return Ohlc(self.open * factor, self.high * factor, self.low * factor, self.close * factor)


def bars_around(rng: Random, log_close: Array, gap: Array, scale: Array) -> Ohlc:
    """Bars whose closes are exp(`log_close`), whose opens lie `gap` above the close before, and whose extremes are those of a
    Brownian bridge with standard deviation `scale` over the bar. Arrays T x N."""
    before = np.vstack([log_close[:1] - gap[:1], log_close[:-1]])
    start = before + gap
    span = log_close - start
    up, down = (0.5 * np.sqrt(span**2 - 2 * scale**2 * np.log(rng.random(span.shape))) for _ in range(2))
    middle = start + span / 2
    return Ohlc(np.exp(start), np.exp(middle + up), np.exp(middle - down), np.exp(log_close))


def rolling_z(values: Array, window: int) -> Array:
    """Z-score of each row against its last `window` rows, itself included (NaN before). Array T x N."""
    sums = np.cumsum(np.vstack([np.zeros_like(values[:1]), values]), axis=0)
    squares = np.cumsum(np.vstack([np.zeros_like(values[:1]), values**2]), axis=0)
    mean = (sums[window:] - sums[:-window]) / window
    variance = (squares[window:] - squares[:-window]) / window - mean**2
    out = np.full_like(values, np.nan)
    out[window - 1 :] = (values[window - 1 :] - mean) / np.sqrt(variance * window / (window - 1))
    return out
