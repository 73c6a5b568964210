"""A surface of implied volatility: raw SVI per expiry in total variance, joined so that total variance never falls with time.

    surface = fit_surface(market)
    surface.vol(strike=4400.0, years=0.1), surface.fit, surface.arbitrage()

Between expiries total variance is linear in time at a fixed ln(strike / forward). At an expiry it is at least that of every earlier one (a running
maximum: its kinks bend upwards, so it makes no butterfly arbitrage), and where an expiry has no quotes it is at most the next one's: no calendar
arbitrage by construction, and `SurfaceFit.lifted` says how much that moved what is quoted. Before the first and after the last expiry the
volatility of a moneyness is held. Butterfly arbitrage (Gatheral's g(k) < 0) is looked for on a grid and said. The forward between expiries has
the interpolated carry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowbt.ground.errors import SourceError
from flowbt.options.implied import black_price
from flowbt.options.kernels.svi import fit_svi
from flowbt.options.market import OptionMarket

Array = npt.NDArray[np.float64]
LEAST = 5  # quotes of an expiry for a fit of its own
SMILE_REACH = 1.5  # standard deviations either side of the forward
REACH = 1.0  # of |ln(strike / forward)| on the grid of the checks, within what is quoted


@dataclass(frozen=True)
class SurfaceFit:
    """How near the surface is to the quotes it was fitted to: `quotes` used, `rms` and `median` absolute difference in volatility points, `inside` the
    share of quotes whose bid and ask hold the surface's price, `lifted` the most the calendar rule added (volatility points), `skipped` expiries."""

    quotes: int
    rms: float
    median: float
    inside: float
    lifted: float
    skipped: int


@dataclass(frozen=True)
class VolSurface:
    """Slices by expiry, soonest first. `params`: expiries x (a, b, rho, m, s); `low`, `high`: the log-moneyness that was quoted."""

    spot: float
    as_of: pd.Timestamp
    years: Array
    forward: Array
    discount: Array
    params: Array
    low: Array
    high: Array
    fit: SurfaceFit

    def slices(self, k: npt.ArrayLike) -> Array:
        """Total variance of every expiry (first axis) at log-moneyness `k`, never falling with time."""
        k = np.asarray(k, dtype=np.float64)
        rows = np.stack([total_variance(p, k) for p in self.params])
        for n in range(len(rows) - 2, -1, -1):
            unquoted = (k < self.low[n]) | (k > self.high[n])
            rows[n] = np.where(unquoted, np.minimum(rows[n], rows[n + 1]), rows[n])
        return np.maximum.accumulate(rows, axis=0)

    def forward_at(self, years: npt.ArrayLike) -> Array:
        """Forward at `years`, by interpolated carry (held outside the expiries)."""
        t = np.asarray(years, dtype=np.float64)
        carry = np.log(self.forward / self.spot) / self.years
        return np.asarray(self.spot * np.exp(np.interp(t, self.years, carry) * t))

    def variance(self, k: npt.ArrayLike, years: npt.ArrayLike) -> Array:
        """Total variance at log-moneyness and years (broadcast)."""
        k, t = np.broadcast_arrays(np.asarray(k, dtype=np.float64), np.asarray(years, dtype=np.float64))
        rows = self.slices(k)
        at = np.clip(np.searchsorted(self.years, t), 1, max(len(self.years) - 1, 1))
        if len(self.years) == 1:
            return np.asarray(rows[0] * t / self.years[0])
        left, right = (np.take_along_axis(rows, (at - step)[None], axis=0)[0] for step in (1, 0))
        t0, t1 = self.years[at - 1], self.years[at]
        inside = left + (right - left) * (t - t0) / (t1 - t0)
        out = np.where(t < self.years[0], rows[0] * t / self.years[0], np.where(t > self.years[-1], rows[-1] * t / self.years[-1], inside))
        return np.asarray(out, dtype=np.float64)

    def vol(self, strike: npt.ArrayLike, years: npt.ArrayLike) -> Array:
        """Volatility (fraction) of a strike at years to settlement (broadcast)."""
        t = np.asarray(years, dtype=np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.sqrt(self.variance(np.log(np.asarray(strike) / self.forward_at(t)), t) / t))

    def at_the_money(self, days: float) -> float:
        """Volatility points at the forward, `days` to settlement; NaN outside the expiries there are."""
        t = days / 365.0
        if not self.years[0] <= t <= self.years[-1]:
            return float("nan")
        return 100.0 * float(np.sqrt(self.variance(0.0, t) / t))

    def arbitrage(self) -> tuple[str, ...]:
        """What is not free of arbitrage, in words; empty where nothing was found on 201 points of what each expiry quotes."""
        found = []
        for n in range(len(self.years)):
            k = np.linspace(max(self.low[n], -REACH), min(self.high[n], REACH), 201)
            w = self.slices(k)[n]
            bad = butterfly(k, w) < -1e-6
            if bad.any():
                found.append(f"butterfly at {365 * self.years[n]:.1f} days, ln(K/F) {k[bad][0]:+.3f} to {k[bad][-1]:+.3f}")
        return tuple(found)


def total_variance(params: Array, k: npt.ArrayLike) -> Array:
    """Raw SVI at log-moneyness `k`; see `kernels.svi`."""
    a, b, rho, m, s = params
    off = np.asarray(k, dtype=np.float64) - m
    return np.asarray(np.maximum(a + b * (rho * off + np.sqrt(off**2 + s**2)), 1e-12))


def butterfly(k: Array, w: Array) -> Array:
    """Gatheral's g on an even grid: the density is negative where it is. At the ends it has no second difference: 1."""
    step = k[1] - k[0]
    slope, bend = np.gradient(w, step), np.zeros_like(w)
    bend[1:-1] = (w[2:] - 2 * w[1:-1] + w[:-2]) / step**2
    g = (1 - k * slope / (2 * w)) ** 2 - slope**2 / 4 * (1 / w + 0.25) + bend / 2
    g[[0, -1]] = 1.0
    return np.asarray(g)


def fit_surface(market: OptionMarket) -> VolSurface:
    """The surface of a market, on the out-of-the-money quotes (an option's `vol` where no strike has a quote). SourceError where no expiry has enough."""
    rows = _points(market)
    slices: list[tuple[float, ...]] = []
    skipped = 0
    for _, part in rows.groupby("at", sort=True):
        if len(part) < LEAST or part["k"].max() - part["k"].min() < 1e-4:
            skipped += 1
            continue
        k, w = part["k"].to_numpy(), part["w"].to_numpy()
        params = fit_svi(k, w, part["weight"].to_numpy())
        first = part.iloc[0]
        slices.append((first["years"], first["expiry_forward"], first["discount"], k.min(), k.max(), *params))
    if not slices:
        raise SourceError("surface", f"no expiry has {LEAST} usable strikes", "a chain with quotes or volatilities at more strikes is needed")
    table = np.array(sorted(slices))
    years, forward, discount, low, high = table[:, :5].T
    plain = VolSurface(market.spot, market.as_of, years, forward, discount, table[:, 5:], low, high, SurfaceFit(0, 0, 0, 0, 0, 0))
    return VolSurface(market.spot, market.as_of, years, forward, discount, table[:, 5:], low, high, _fit(plain, rows, skipped))


def _points(market: OptionMarket) -> pd.DataFrame:
    """One row per strike of an expiry: log-moneyness, total variance, weight. AM and PM settlements on one date are slices of their own."""
    rows = market.options
    f, k = rows["expiry_forward"].to_numpy(), rows["strike"].to_numpy()
    out_of_money = (k >= f) == rows["call"].to_numpy(dtype=bool)
    quoted = rows["implied"].notna() & rows["middle"].notna()
    rows = rows[out_of_money & quoted] if quoted.any() else rows[out_of_money & (rows["vol"] > 0)]
    vol = (rows["implied"] if quoted.any() else rows["vol"]).to_numpy(dtype=float)
    k, years = np.log(rows["strike"].to_numpy() / rows["expiry_forward"].to_numpy()), rows["years"].to_numpy()
    deviation = vol * np.sqrt(years)
    d1 = -k / deviation + deviation / 2
    vega = rows["expiry_forward"].to_numpy() * np.exp(-(d1**2) / 2) * np.sqrt(years / (2 * np.pi))
    half = np.maximum(rows["half"].fillna(0.0).to_numpy(), 0.005 * rows["middle"].fillna(1.0).to_numpy())
    width = np.maximum(half / np.maximum(vega, 1e-12), 1e-4)  # of the quote, in volatility
    near = np.abs(k) <= 6.0 * np.maximum(deviation, 0.01)
    table: pd.DataFrame = rows[["at", "strike", "years", "expiry_forward", "discount", "middle", "half", "call"]].assign(
        k=k, w=vol**2 * years, vol=vol, weight=1.0 / (2 * vol * years * np.maximum(width, 0.002)) ** 2
    )
    kept: pd.DataFrame = table[near & (vega > 0)]
    return kept


def _fit(surface: VolSurface, rows: pd.DataFrame, skipped: int) -> SurfaceFit:
    at = np.searchsorted(surface.years, rows["years"].to_numpy())
    at = np.clip(at, 0, len(surface.years) - 1)
    mine = surface.years[at] == rows["years"].to_numpy()
    rows, at = rows[mine], at[mine]
    k = rows["k"].to_numpy()
    own, joined = total_variance(surface.params[at].T, k), surface.slices(k)[at, np.arange(len(k))]
    years = rows["years"].to_numpy()
    vol, plain = np.sqrt(joined / years), np.sqrt(own / years)
    off = 100.0 * (vol - rows["vol"].to_numpy())
    price = black_price(rows["expiry_forward"], rows["strike"], years, vol, rows["discount"], rows["call"])
    held = rows["half"].notna().to_numpy()
    inside = np.abs(price - rows["middle"].to_numpy())[held] <= rows["half"].to_numpy()[held]
    share = float(inside.mean()) if len(inside) else float("nan")
    return SurfaceFit(len(rows), float(np.sqrt((off**2).mean())), float(np.median(np.abs(off))), share, float(100 * np.max(vol - plain)), skipped)


class SmileShape(NamedTuple):
    """A smile in three numbers: vol(K) = level x (1 + slope m + curve m^2), m = ln(K/F) / (level x sqrt(years)); level in points, NaN where not quoted."""

    level: float
    slope: float
    curve: float


def smile_at(surface: VolSurface, days: float) -> SmileShape:
    """Least squares over 13 strikes within 1.5 standard deviations of the forward, its level held at the surface's own."""
    level = surface.at_the_money(days)
    if not level > 0:
        return SmileShape(np.nan, np.nan, np.nan)
    years = days / 365.0
    m = np.linspace(-SMILE_REACH, SMILE_REACH, 13)
    strikes = surface.forward_at(years) * np.exp(m * level / 100.0 * np.sqrt(years))
    ratio = 100.0 * surface.vol(strikes, years) / level - 1.0
    slope, curve = np.linalg.lstsq(np.stack([m, m**2], axis=1), ratio, rcond=None)[0]
    return SmileShape(level, float(slope), float(curve))
