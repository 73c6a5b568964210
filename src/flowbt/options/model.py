"""The declared volatility model for days without a chain: a volatility index scaled to an expiry and a strike, and the width of quotes.

    vol(K, T) = index x ratio(days, index) x (1 + slope(days) m + curve m^2),   m = ln(K / F) / (at-the-money volatility x sqrt(T))
    ln ratio = level + term x + tilt x ln(index / usual),   x = ln(days / 30)

An index such as VIX or DVOL is the price of a strip of all strikes: at the money 0.75 to 0.95 of it is traded. The parameters below are least squares
over chains (`fitted`, which the tests run again on the chains where those are at hand), with what the fit misses as their error:
`error` is the root mean square of ln(traded at the money / model), and the band of a result is the run at both of its ends.
Few days stand behind them, and calm ones more than wild ones; an error bar of six days is itself uncertain.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]
DAYS = (2.0, 400.0)  # ratio, slope and curve are held outside
REACH = 3.0  # deviations from the forward beyond which the smile is held
LOWEST, HIGHEST = 0.2, 3.0  # of the factor of a strike
RATIOS = (0.4, 1.6)


@dataclass(frozen=True)
class SpreadTable:
    """Bid to ask over the middle, medians of quotes. Rows: days up to `days` (the last row: all longer); columns: |m| up to `deviations`."""

    days: tuple[float, ...]
    deviations: tuple[float, ...]
    widths: tuple[tuple[float, ...], ...]

    def at(self, days: float, m: float) -> float:
        row = int(np.searchsorted(self.days, days))
        return self.widths[min(row, len(self.days) - 1)][min(int(np.searchsorted(self.deviations, abs(m))), len(self.deviations) - 1)]


@dataclass(frozen=True)
class SmileModel:
    """See the module. `error` is in ln(volatility); `shift` moves the level by so many of them (the ends of the band are -1 and +1)."""

    name: str
    source: str
    level: float
    term: float
    tilt: float
    usual: float
    slope: float
    slope_term: float
    curve: float
    error: float
    spread: SpreadTable
    shift: float = 0.0

    def __str__(self) -> str:
        return f"{self.name} (fitted on {self.source}; its at-the-money volatility is off by {np.expm1(self.error):.0%})"

    def end(self, shift: float) -> SmileModel:
        return replace(self, shift=shift)

    def ratio(self, index: npt.ArrayLike, years: npt.ArrayLike) -> Array:
        """At-the-money volatility over the index (points)."""
        x = np.log(np.clip(365.0 * np.asarray(years, dtype=np.float64), *DAYS) / 30.0)
        y = np.log(np.clip(np.asarray(index, dtype=np.float64) / self.usual, 0.5, 2.0))
        out = np.exp(self.level + self.term * x + self.tilt * x * y)
        return np.asarray(np.clip(out, *RATIOS) * np.exp(self.shift * self.error))

    def vol(self, index: npt.ArrayLike, forward: npt.ArrayLike, strike: npt.ArrayLike, years: npt.ArrayLike) -> Array:
        """Volatility (fraction) of a strike; `index` in points; broadcasts. NaN where the index is missing."""
        t = np.maximum(np.asarray(years, dtype=np.float64), 0.0)
        middle = np.asarray(index, dtype=np.float64) / 100.0 * self.ratio(index, t)
        x = np.log(np.clip(365.0 * t, *DAYS) / 30.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            m = np.log(np.asarray(strike) / forward) / np.maximum(middle * np.sqrt(t), 1e-9)
        m = np.clip(m, -REACH, REACH)
        return np.asarray(middle * np.clip(1.0 + (self.slope + self.slope_term * x) * m + self.curve * m**2, LOWEST, HIGHEST))


def fitted(points: pd.DataFrame, usual: float, tilted: bool) -> dict[str, float]:
    """Parameters by least squares from `points`: days, index (points), atm (points), slope, curve (see `smile.smile_at`). `tilted`: fit the tilt too, for
    which days of low and of high index are needed."""
    x, y = np.log(points["days"].to_numpy() / 30.0), np.log(points["index"].to_numpy() / usual)
    target = np.log(points["atm"].to_numpy() / points["index"].to_numpy())
    columns = [np.ones_like(x), x] + ([x * y] if tilted else [])
    found, *_ = np.linalg.lstsq(np.stack(columns, axis=1), target, rcond=None)
    error = float(np.sqrt(np.mean((target - np.stack(columns, axis=1) @ found) ** 2)))
    skew, *_ = np.linalg.lstsq(np.stack([np.ones_like(x), x], axis=1), points["slope"].to_numpy(), rcond=None)
    tilt = float(found[2]) if tilted else 0.0
    shape = {"slope": float(skew[0]), "slope_term": float(skew[1]), "curve": float(points["curve"].mean())}
    return {"level": float(found[0]), "term": float(found[1]), "tilt": tilt, **shape, "error": error}


EQUITY = SmileModel(
    name="equity volatility model",
    source="10 chains of SPX, SPY, XSP, NDX and QQQ on 7 days of 2022 to 2024, against VIX and VXN",
    level=-0.1299,
    term=0.0313,
    tilt=-0.1523,
    usual=20.0,
    slope=-0.1671,
    slope_term=-0.0390,
    curve=0.0392,
    error=0.0622,
    spread=SpreadTable(
        (3.0, 10.0, 35.0, 100.0, 4000.0),
        (0.3, 1.0, 2.0, 9.0),
        ((0.028, 0.054, 0.182, 0.667), (0.021, 0.038, 0.101, 0.400), (0.016, 0.027, 0.071, 0.296), (0.011, 0.016, 0.039, 0.211), (0.017, 0.025, 0.050, 0.222)),
    ),
)
COIN = SmileModel(
    name="coin volatility model",
    source="Deribit chains of BTC on 3 days of 2025-12 and 2026-01, against DVOL",
    level=-0.0331,
    term=0.0496,
    tilt=0.0,
    usual=50.0,
    slope=-0.0793,
    slope_term=-0.0003,
    curve=0.0572,
    error=0.0515,
    spread=SpreadTable(
        (3.0, 10.0, 35.0, 100.0, 4000.0),
        (0.3, 1.0, 2.0, 9.0),
        ((0.119, 0.108, 0.286, 0.667), (0.046, 0.087, 0.133, 0.500), (0.017, 0.043, 0.133, 0.376), (0.013, 0.025, 0.091, 0.316), (0.018, 0.025, 0.077, 0.286)),
    ),
)
