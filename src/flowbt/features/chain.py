"""Dealer gamma from an option chain: profile by strike and expiry, zero-gamma level, delta, vanna, charm.

1. `snapshot` keeps the options that count: alive at the snapshot, once each, with open interest and a volatility (its own, else that of the other option
   of the strike, else what its quote implies; see `flowbt.options.market`). A chain of calls only or puts only is named so.
2. Gamma is Black's with the strike's own volatility and the expiry's forward and discount by put-call parity (the rounded gamma of the file is compared,
   not used); time is calendar time to the settlement instant over 365 days, so an option that expires today has hours.
3. Dollars per 1% move: gamma x open interest x multiplier x S^2 x 0.01. The sign is an assumption: "naive" has dealers long calls and
   short puts; "given" takes a column `dealer_sign` (+1 long, -1 short).
4. The zero-gamma level re-prices the whole chain over a grid of spots (volatility stays with the strike, the forward moves with spot), refines every
   change of sign by Brent's method and reports the one nearest to spot; missing where there is none. It is not the zero of the cumulative
   sum over strikes, which is reported apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import brentq

from flowbt.features.chain_errors import error_of, not_counted
from flowbt.features.chain_snapshot import ChainAssumptions, Snapshot, snapshot
from flowbt.options import blackscholes as bs
from flowbt.options.agreement import ASTRAY, SCATTER
from flowbt.options.forwards import SPOT, from_deltas
from flowbt.options.kernels.american import american_values

Array = npt.NDArray[np.float64]
OTHER_SIDE = 3.0  # times the gross of calls that the puts' can be, and the other way round (0.6 to 2.1 of each other on twelve chains)
CARRY = 0.05  # a year: how far carry may be from none where no quote tells
UNKNOWN = 0.05  # of the gamma one contract of each option would have: more than that without open interest, and the sign is not certain
BEYOND = 1.5  # times: what early exercise adds by a tree with a yield is of the size of what paying dividends on days adds to that
_STEP = 0.05  # standard deviations: a delta's difference over twice that is gamma
_NEGLIGIBLE = 1e-9  # of the profile's largest value: a change of sign between such values is rounding, not a level


def totals(snap: Snapshot, spots: Array) -> Array:
    """Dealer gamma in dollars per 1% at each of `spots`, the whole chain re-priced; volatility stays with the strike."""
    from flowbt.features.chain_kernel import density_sums

    slope, shift, weight = snap.densities
    out: Array = 0.01 * spots * density_sums(np.log(spots), slope, shift, weight)
    return out


def totals_twin(snap: Snapshot, spots: Array) -> Array:
    """The same as `totals`, in plain numpy."""
    slope, shift, weight = snap.densities
    d1 = np.log(spots)[:, None] * slope + shift
    out: Array = 0.01 * spots * (weight * np.exp(-(d1**2) / 2)).sum(axis=1)
    return out


def crossings(snap: Snapshot, spots: Array, values: Array) -> list[float]:
    """All spots at which the profile changes sign, ascending, refined to 1e-8 of spot."""
    floor = _NEGLIGIBLE * np.abs(values).max()
    found = []
    for left in np.flatnonzero(np.sign(values[:-1]) != np.sign(values[1:])):
        a, b = values[left], values[left + 1]
        if max(abs(a), abs(b)) <= floor:
            continue
        if a == 0 or b == 0:
            found.append(float(spots[left] if a == 0 else spots[left + 1]))
        else:
            found.append(float(brentq(lambda s: float(totals(snap, np.array([s]))[0]), spots[left], spots[left + 1], xtol=1e-8 * snap.spot)))
    return sorted(set(found))


@dataclass(frozen=True)
class Profile:
    """Dealer gamma of a chain, in dollars per 1% move; levels are prices, NaN where there is none. Exposures in dollars of delta."""

    snap: Snapshot
    total: float
    same_day: float  # options that settle on the snapshot's New York date; 0.0 if none is alive
    next_expiry: float
    zero_gamma: float
    crossings: tuple[float, ...]
    nearest_positive: float  # nearest strike under spot whose net gamma is positive and not negligible
    positive_spot: float  # nearest spot at or under the present one at which the re-priced total is positive
    cumulative_zero: float  # where the running sum over strikes changes sign, nearest to spot: another quantity
    delta: float
    vanna: float  # per volatility point
    charm: float  # per day
    by_strike: pd.DataFrame  # index strike; calls, puts, net
    by_expiry: pd.DataFrame  # index date; gamma, options, monthly (third Friday)
    curve: pd.Series  # index spot; total
    gross: float  # without signs
    error: float  # of the total, two standard errors: of volatilities that stand in, and of options left out (see `error_of`)
    unknown: tuple[float, float, float]  # see `not_counted`

    @cached_property
    def range(self) -> tuple[float, float]:
        """The lowest and highest of the total and of what it is with the provider's gammas, the quotes' volatilities, early exercise, the deltas' forwards,
        another carry where spot stands in for them and the provider's volatilities at the level of quotes, less and plus the error; with what options
        without a volatility would add, and those of unknown open interest if one side's were as its others and the other's none, and `OTHER_SIDE` times the
        gross where there are calls or puts only. It holds 0 where volatilities and quotes contradict each other (`agreement`), and where over `UNKNOWN` of
        the open interest is not given."""
        early = self.total + BEYOND * (self.by_exercise - self.total)
        ways = [one for one in (self.total, self.by_provider, self.by_quotes, self.by_deltas, early, *self.by_carry, *self.by_level) if one == one]
        call = self.snap.call
        below, above = (OTHER_SIDE * self.gross * one for one in (bool(call.all()), not call.any()))
        low, high = min(ways) - self.error + self.unknown[0] - below, max(ways) + self.error + self.unknown[1] + above
        return (min(low, 0.0), max(high, 0.0)) if self.snap.market.level.doubted or self.unknown[2] > UNKNOWN else (low, high)

    @property
    def certain(self) -> bool:
        """Whether the sign is the same all over the range."""
        return self.range[0] * self.range[1] > 0

    def fields(self) -> dict[str, float]:
        """The daily fields a chain gives (see `flowbt.ground.fields`)."""
        level = {"zero_gamma": self.zero_gamma, "nearest_positive_gamma": self.nearest_positive}
        exposure = {"dealer_delta": self.delta, "dealer_vanna": self.vanna, "dealer_charm": self.charm}
        ends = {"gex_low": self.range[0], "gex_high": self.range[1]}
        return {"gex": self.total, **ends, "gex_0dte": self.same_day, **level, **exposure}

    @cached_property
    def by_provider(self) -> float:
        """The total with the gammas the provider prints; NaN where it prints none."""
        snap = self.snap
        return float(np.nansum(snap.weight * snap.printed) * snap.spot**2 * 0.01) if (snap.printed > 0).any() else float("nan")

    @cached_property
    def by_deltas(self) -> float:
        """The total with the forwards the provider's deltas hold where quotes give none and spot stands in; NaN where there are none such."""
        snap, market = self.snap, self.snap.market
        forward = np.where(market.expiries["how"] == SPOT, from_deltas(market.options), np.nan)[snap.at]
        if not np.isfinite(forward).any():
            return float("nan")
        dividend = np.where(np.isfinite(forward), snap.rate - np.log(forward / snap.spot) / snap.years, snap.dividend)
        return float((snap.weight * bs.gamma(snap.option()._replace(dividend=dividend))).sum() * snap.spot**2 * 0.01)

    @cached_property
    def by_carry(self) -> tuple[float, ...]:
        """The totals with forwards that `CARRY` makes lower and higher where spot stands in for them; none where it stands in nowhere."""
        snap = self.snap
        lacking = (snap.market.expiries["how"] == SPOT).to_numpy()[snap.at]
        terms = [snap.option()._replace(dividend=snap.dividend + np.where(lacking, carry, 0.0)) for carry in (CARRY, -CARRY)]
        return tuple(float((snap.weight * bs.gamma(one)).sum() * snap.spot**2 * 0.01) for one in terms) if lacking.any() else ()

    @cached_property
    def by_exercise(self) -> float:
        """The total with the gammas of options that can be exercised at any time, by a tree; NaN where they are European."""
        snap, option, spot = self.snap, self.snap.option(), self.snap.spot
        if not snap.market.american:
            return float("nan")
        step = spot * np.maximum(_STEP * snap.vol * np.sqrt(snap.years), 1e-4)
        terms = (snap.strike, snap.years, snap.vol, snap.rate, snap.dividend, snap.call)
        early, late = (
            american_values(spot + step, *terms)[1] - american_values(spot - step, *terms)[1],
            bs.delta(option._replace(spot=spot + step), snap.call) - bs.delta(option._replace(spot=spot - step), snap.call),
        )
        return self.total + float(np.nansum(snap.weight * (early - late) / (2 * step)) * spot**2 * 0.01)

    @cached_property
    def by_level(self) -> tuple[float, ...]:
        """Where the provider's volatilities and its quotes (or deltas) contradict each other: the totals with its volatilities over how many times they are
        what those imply (`SCATTER` more and less), less what they are over it, and with those of the quotes where one is `ASTRAY`; none elsewhere."""
        snap, level = self.snap, self.snap.market.level
        if not level.doubted:
            return ()
        less = snap.vol - (1 - 1 / level.times) * level.middle
        vol = snap.vol / level.times
        with np.errstate(invalid="ignore"):
            astray = np.abs(np.log(vol / snap.implied)) > np.log(ASTRAY)
        ways = [vol / SCATTER, vol * SCATTER, np.where(less > 0, less, vol), np.where(astray, snap.implied, vol)]
        return tuple(float((snap.weight * bs.gamma(snap.option()._replace(vol=vol))).sum() * snap.spot**2 * 0.01) for vol in ways)

    @cached_property
    def by_quotes(self) -> float:
        """The total with the volatilities the quotes imply in place of the provider's, over the options that have both; NaN where none has."""
        snap = self.snap
        both = snap.implied > 0
        if not both.any():
            return float("nan")
        dollars = snap.weight * bs.gamma(snap.option()._replace(vol=np.where(both, snap.implied, snap.vol))) * snap.spot**2 * 0.01
        return float(dollars.sum())


def gamma_profile(chain: pd.DataFrame, terms: ChainAssumptions | None = None, levels: int = 300, share: float = 0.05) -> Profile:
    """Everything about the dealer gamma of one snapshot. `levels` spots from 0.5 to 1.5 times spot; a strike counts as a positive level
    if its net gamma is at least `share` of the largest strike's."""
    snap = snapshot(chain, terms)
    option, spot = snap.option(), snap.spot
    dollars = snap.weight * bs.gamma(option) * spot**2 * 0.01
    by_strike, by_expiry = _by_strike(snap, dollars), _by_expiry(snap, dollars)
    spots = np.linspace(0.5 * spot, 1.5 * spot, levels)
    values = totals(snap, spots)
    zeros = crossings(snap, spots, values)
    exposure = snap.weight * spot
    return Profile(
        snap=snap,
        total=float(dollars.sum()),
        same_day=float(dollars[snap.expiry == np.datetime64(snap.today, "D")].sum()),
        next_expiry=float(by_expiry["gamma"].iloc[0]),
        zero_gamma=_nearest(zeros, spot),
        crossings=tuple(zeros),
        nearest_positive=_positive_strike(by_strike["net"], spot, share),
        positive_spot=_positive_spot(float(dollars.sum()), spot, zeros),
        cumulative_zero=_cumulative_zero(by_strike["net"], spot),
        delta=float((exposure * bs.delta(option, snap.call)).sum()),
        vanna=float((exposure * bs.vanna(option)).sum() * 0.01),
        charm=float((exposure * bs.charm(option, snap.call)).sum() / 365.0),
        by_strike=by_strike,
        by_expiry=by_expiry,
        curve=pd.Series(values, index=pd.Index(spots, name="spot"), name="gamma"),
        gross=float(np.abs(dollars).sum()),
        error=error_of(snap, dollars),
        unknown=not_counted(snap, dollars),
    )


def _by_strike(snap: Snapshot, dollars: Array) -> pd.DataFrame:
    strikes, at = np.unique(snap.strike, return_inverse=True)
    calls = np.bincount(at, np.where(snap.call, dollars, 0.0))
    puts = np.bincount(at, np.where(snap.call, 0.0, dollars))
    return pd.DataFrame({"calls": calls, "puts": puts, "net": calls + puts}, index=pd.Index(strikes, name="strike"))


def _by_expiry(snap: Snapshot, dollars: Array) -> pd.DataFrame:
    dates, at = np.unique(snap.expiry, return_inverse=True)
    index = pd.DatetimeIndex(dates, name="expiry")
    third_friday = (index.day_of_week == 4) & (index.day >= 15) & (index.day <= 21)
    return pd.DataFrame({"gamma": np.bincount(at, dollars), "options": np.bincount(at), "monthly": third_friday}, index=index)


def buckets(profile: Profile) -> dict[str, float]:
    """Gamma by term: options that expire the same day, within seven days, on a third Friday, and all (they overlap)."""
    gamma = profile.by_expiry["gamma"]
    week = float(gamma[profile.by_expiry.index <= profile.snap.today + pd.Timedelta(days=7)].sum())
    return {"0DTE": profile.same_day, "this week": week, "monthly": float(gamma[profile.by_expiry["monthly"]].sum()), "all": profile.total}


def _nearest(levels: list[float], spot: float) -> float:
    return min(levels, key=lambda level: abs(level - spot)) if levels else float("nan")


def _positive_strike(net: pd.Series, spot: float, share: float) -> float:
    positive = net.index[(net > share * net.abs().max()) & (net.index < spot)]
    return float(positive.max()) if len(positive) else float("nan")


def _positive_spot(total: float, spot: float, zeros: list[float]) -> float:
    if total > 0:
        return spot
    below = [level for level in zeros if level < spot]
    return max(below) if below else float("nan")


def _cumulative_zero(net: pd.Series, spot: float) -> float:
    running = net.cumsum().to_numpy()
    turns = np.flatnonzero(np.sign(running[:-1]) * np.sign(running[1:]) < 0)
    return _nearest([float(x) for x in net.index.to_numpy(dtype=float)[turns + 1]], spot)
