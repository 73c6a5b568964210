"""Whether a provider's volatilities agree with its quotes, and where there are none with its own deltas: how many times they are what those imply.

The median over the options near the money (`NEAR` of the forward, `TERM` years), the mean of calls' and puts' (a provider that leaves out interest and
dividends has one too high and the other too low), is within 3% of 1 on every real chain met, on weekends and in the evening
too; single expiries are not (a Sunday's chain has Friday's volatilities, the eve of a dividend nonsense), so they do not tell. A constant factor, a shift
or another unit moves it, whatever it comes from. A call's delta less a put's is the growth and a call's over that N(d1), so two strikes of an expiry give
the volatility the deltas were made with, without a forward.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri

from flowbt.ground.errors import SourceError

Array = npt.NDArray[np.float64]
NEAR, TERM = 0.15, (2.0 / 365, 400.0 / 365)
ENOUGH = 8  # options to judge by
SCATTER = 1.03  # times, up or down: what was met where nothing was wrong
DOUBTED, REFUSED = 1.1, 1.5  # times, up or down: named, and the sign is not certain; one of the two columns is not what it is called
ASTRAY = 1.25  # times: at most 4% of the volatilities near the money were so far from their quotes where nothing was wrong
APART = 30.0  # times: no two volatilities near the money are so far from each other in one unit
MIXED = 0.1  # of the volatilities near the money: more than these in each unit, and it is no slip


class LevelFound(NamedTuple):
    """`times` the provider's volatilities are what `by` ("quotes", "deltas") implies, the median over the options near the money; NaN, "" where nothing
    tells. `middle`: the median of those volatilities; `apart`: the share of them that is `ASTRAY` times more or less than `times` what quotes imply."""

    times: float
    by: str
    middle: float
    apart: float

    @property
    def doubted(self) -> bool:
        return self.times == self.times and (not within(self.times, DOUBTED) or self.apart > MIXED)

    def words(self) -> str:
        if self.doubted and within(self.times, DOUBTED):
            return f"{self.apart:.0%} OF THE VOLATILITIES NEAR THE MONEY ARE NOT WHAT THEIR QUOTES IMPLY"
        return f"VOLATILITIES ARE {self.times:.3g} TIMES WHAT ITS {self.by.upper()} IMPLY" if self.doubted else ""


UNTOLD = LevelFound(float("nan"), "", float("nan"), 0.0)


class MixedUnits(SourceError):
    """Some of a chain's volatilities are percent, the others fractions."""

    def __init__(self, found: str, source: str = "chain") -> None:
        super().__init__(source, found, "give all of them as fractions (0.20), or drop the column to have them solved from the quotes")


def within(times: float, factor: float) -> bool:
    return bool(1.0 / factor <= times <= factor)


def near_the_money(rows: pd.DataFrame) -> pd.Series:
    """Which options the level is judged by, both sides of the strike; `rows` have strike, expiry_forward, years, iv."""
    near = np.abs(np.log(rows["strike"] / rows["expiry_forward"])) < NEAR
    taken: pd.Series = rows["years"].between(*TERM) & (rows["iv"] > 0) & near
    return taken


def quoted_times(rows: pd.DataFrame, taken: pd.Series) -> pd.Series:
    """The provider's volatility over what the quote implies, of the options out of the money among `taken` that have both."""
    return (rows["iv"] / rows["implied"])[taken & (rows["strike"].ge(rows["expiry_forward"]) == rows["call"])].dropna()


def level_of(rows: pd.DataFrame) -> LevelFound:
    """The level of a market's rows (see `option_market`), without the numbers that stand in place of a volatility."""
    taken = near_the_money(rows) & ~rows["iv_stands_in"] if "iv" in rows else pd.Series(False, rows.index)
    for by, times in (("quotes", quoted_times), ("deltas", delta_times)):
        found = times(rows, taken)
        if len(found) >= ENOUGH:
            sides = np.log(found).groupby(rows["call"].reindex(found.index) if by == "quotes" else np.full(len(found), True)).median()
            level = float(np.exp(sides.mean()))
            apart = float((np.abs(np.log(found / level)) > np.log(ASTRAY)).mean()) if by == "quotes" else 0.0  # single deltas say little
            return LevelFound(level, by, float(rows["iv"][taken].median()), apart)
    return UNTOLD


def delta_times(rows: pd.DataFrame, taken: pd.Series) -> pd.Series:
    """The provider's volatility over what its deltas imply, of each strike of `taken` and the next one of its expiry."""
    pairs = with_chances(rows[taken])
    pairs = pairs[pairs["chance"].between(0.15, 0.85)].sort_values(["at", "strike"])
    s, d1, k = pairs["iv"] * np.sqrt(pairs["years"]), ndtri(pairs["chance"]), np.log(pairs["strike"])
    # with t times too large an s: ln(forward / strike) = d1 s / t - (s / t)^2 / 2, the difference of two strikes is a quadratic in t
    step, first, second = (one.groupby(pairs["at"]).diff() for one in (-k, d1 * s, s**2 / 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        times: pd.Series = (first + np.sign(step) * np.sqrt(first**2 - 4 * step * second)) / (2 * step)
    return times.replace([np.inf, -np.inf], np.nan).dropna()


def with_chances(rows: pd.DataFrame) -> pd.DataFrame:
    """Calls whose put of the same strike has a delta too, with `chance`: N(d1) by the provider's deltas. None where it prints none."""
    if "delta" not in rows or "iv" not in rows:
        return rows.assign(chance=np.nan).iloc[:0]
    told = (rows["iv"] > 0) & rows["delta"].abs().between(0.02, 0.98)
    calls, puts = (rows[told & (rows["call"] == side)].set_index("pair") for side in (True, False))
    pairs = calls.join(puts["delta"].rename("put"), how="inner")
    return pairs.assign(chance=pairs["delta"] / (pairs["delta"] - pairs["put"]))


def refuse_mixed(rows: pd.DataFrame) -> None:
    """MixedUnits where the volatilities of one expiry and side are a hundred times what its quotes imply near the money, and those of another are not;
    without quotes, where out of the money some are `APART` from the median of all and as far as another unit is."""
    if "iv" not in rows:
        return
    near = (np.abs(np.log(rows["strike"] / rows["expiry_forward"])) < NEAR) & (rows["iv"] > 0)
    quoted = near & (rows["implied"] > 0)
    groups = (rows["iv"] / rows["implied"])[quoted].groupby([rows["at"][quoted], rows["call"][quoted]])
    middle = groups.median()[groups.count() >= 3]
    percent, fractions = (int(middle.between(0.5 * unit, 2.0 * unit).sum()) for unit in (100.0, 1.0))
    if percent and fractions:
        raise MixedUnits(f"volatilities in percent in {percent} of its expiries' calls or puts, in fractions in {fractions}, by their quotes")
    if quoted.sum() >= ENOUGH:
        return
    iv = rows["iv"][near & (rows["strike"].ge(rows["expiry_forward"]) == rows["call"]) & ~rows["iv_stands_in"]]
    times = iv / iv.median()
    above, below = (float(times.between(*ends).mean()) for ends in ((APART, 10 * APART), (0.1 / APART, 1 / APART)))
    if len(iv) >= ENOUGH and max(above, below) > MIXED:
        large = f"{iv[times > APART].median():.3g}" if above > below else f"{iv.median():.3g}"
        small = f"{iv.median():.3g}" if above > below else f"{iv[times < 1 / APART].median():.3g}"
        raise MixedUnits(f"volatilities near the money are about {large} in some options and about {small} in others")
