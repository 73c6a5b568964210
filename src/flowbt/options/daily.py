"""The surfaces of one underlying day by day, as they are stored and as prices are taken from them, and interest and dividends for days without one.

    slices = slices_of(surface)                      # rows to store: one per expiry, columns SLICE
    daily = DaySurfaces.of([slices, None, ...])      # one entry per bar
    daily.inputs(rows, strike / spot, years)         # volatility, rate, dividend; volatility NaN where there is no surface

Strikes are over spot, so that a surface serves the price of its own bar and the next open (volatility stays with the moneyness).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flowbt.options.kernels.daily import quoted_inputs
from flowbt.options.surface import VolSurface

Array = npt.NDArray[np.float64]
SLICE = tuple(f"slice_{name}" for name in ("years", "carry", "rate", "a", "b", "rho", "m", "s", "low", "high"))
"""Of an expiry: years to it, carry of the forward over spot and rate (continuous, a year), raw SVI, and the log-moneyness that was quoted."""
BEYOND = 1.5  # times the last expiry of a surface, up to which it is used


def slices_of(surface: VolSurface) -> Array:
    """A surface as expiries x SLICE."""
    carry, rate = np.log(surface.forward / surface.spot) / surface.years, -np.log(surface.discount) / surface.years
    return np.column_stack([surface.years, carry, rate, surface.params, surface.low, surface.high])


@dataclass(frozen=True)
class DaySurfaces:
    """Surfaces of T bars: bar t has the slices first[t] to first[t + 1], soonest first; none where these are the same. `rate` and `dividend` (T, fractions
    a year, continuous) are what was known at each bar beside them; NaN where nothing was."""

    first: npt.NDArray[np.int64]
    slices: Array
    rate: Array
    dividend: Array

    @classmethod
    def of(cls, days: Sequence[Array | None], rate: Array | None = None, dividend: Array | None = None) -> DaySurfaces:
        unknown = np.full(len(days), np.nan)
        counts = [0 if day is None else len(day) for day in days]
        whole = [day for day in days if day is not None]
        slices = np.concatenate(whole) if whole else np.empty((0, len(SLICE)))
        first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return cls(first, np.ascontiguousarray(slices, np.float64), unknown if rate is None else rate, unknown if dividend is None else dividend)

    @property
    def there(self) -> npt.NDArray[np.bool_]:
        """Which bars have a surface."""
        return np.asarray(np.diff(self.first) > 0)

    def cut(self, first: int, last: int) -> DaySurfaces:
        """Of the bars [first, last)."""
        bounds = self.first[first : last + 1]
        return DaySurfaces(bounds - bounds[0], self.slices[bounds[0] : bounds[-1]], self.rate[first:last], self.dividend[first:last])

    @property
    def arrays(self) -> tuple[Array, ...]:
        """All that prices rest on."""
        return self.first.astype(np.float64), self.slices, self.rate, self.dividend

    def inputs(self, rows: npt.ArrayLike, moneyness: npt.ArrayLike, years: npt.ArrayLike) -> tuple[Array, Array, Array]:
        """Volatility, rate and dividend yield (fractions a year) by the surfaces of `rows`; arguments broadcast. Where there is none the volatility is NaN,
        and the others are what was known beside (NaN where nothing was)."""
        r, k, t = np.broadcast_arrays(np.asarray(rows), np.asarray(moneyness, np.float64), np.asarray(years, np.float64))
        flat = (np.ascontiguousarray(r.ravel(), np.int64), np.ascontiguousarray(k.ravel()), np.ascontiguousarray(t.ravel()))
        vol, rate, dividend = quoted_inputs(self.first, self.slices, *flat, BEYOND)
        bare = np.isnan(vol)
        rate, dividend = np.where(bare, self.rate[flat[0]], rate), np.where(bare, self.dividend[flat[0]], dividend)
        return vol.reshape(r.shape), rate.reshape(r.shape), dividend.reshape(r.shape)
