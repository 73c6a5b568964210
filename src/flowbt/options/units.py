"""Whether a chain's volatilities are fractions or percent: told by solving its own quotes, else by its deltas, not by their size where these are there."""

from __future__ import annotations

import numpy as np
import pandas as pd

from flowbt.ground.errors import SourceError
from flowbt.options.agreement import MIXED, REFUSED, MixedUnits, level_of, near_the_money, quoted_times, within
from flowbt.options.levels import repeated
from flowbt.options.market import UNCARRIED, option_market

FITS = 2.0  # an option is of a unit when given over implied volatility is within this factor of it
UNHELD = 3.0  # times, for what nobody can hold: a provider may solve its options with the index where their future is elsewhere
EXPIRIES, REACH = 12, 0.2  # soonest expiries, share of spot: a sample tells
UNITS = (1.0, 100.0, 0.01)  # the last: divided by a hundred twice (fractions where a venue has percent)
LEAST_FRACTION, LARGEST_FRACTION, LEAST_PERCENT = 0.02, 3.0, 4.0  # of the median near the money, where there are neither quotes nor deltas


def as_fractions(chain: pd.DataFrame, name: str) -> pd.DataFrame:
    """The chain table with `iv` as fractions, its first snapshot of each symbol having told which it was. SourceError where neither fits.

    Judged by `agreement.level_of`: near the money by its quotes, with too few of them by its deltas, else by the median's size.
    """
    if not (chain["iv"] > 0).any():
        return chain
    out = []
    for _, part in chain.groupby("symbol", sort=False):
        first = part[part["as_of"] == part["as_of"].min()]
        out.append(part.assign(iv=part["iv"] / _unit(first, name)))
    return pd.concat(out).sort_index() if len(out) > 1 else out[0]


def _unit(chain: pd.DataFrame, name: str) -> float:
    soon = np.sort(chain["expiry"][chain["expiry"] > chain["as_of"]].unique())[:EXPIRIES]
    some = chain[chain["expiry"].isin(soon) & ((chain["strike"] / chain["spot"] - 1).abs() < REACH)]
    try:
        rows = option_market(some).options
    except MixedUnits:
        raise
    except SourceError:  # nothing alive, no spot: who uses the chain says so
        return 1.0
    near = near_the_money(rows)
    odd = rows["iv"].isin(repeated(rows["iv"]))
    rows = rows.assign(iv_stands_in=odd & bool((near & ~odd).any()))
    level = level_of(rows)
    if level.by == "quotes":
        times = quoted_times(rows, near & ~rows["iv_stands_in"])
        fits = sorted(float(times.between(unit / FITS, unit * FITS).mean()) for unit in UNITS)
        if fits[-2] > MIXED:
            raise MixedUnits(f"{fits[-1]:.0%} of the volatilities near the money are in one unit and {fits[-2]:.0%} in another, by its quotes", name)
    if level.by:
        factor = UNHELD if str(chain["symbol"].iloc[0]) in UNCARRIED else REFUSED
        unit = next((unit for unit in UNITS if within(level.times / unit, factor)), 0.0)
        found = f"volatilities are {level.times:.3g} times what its {level.by} imply"
    else:
        rows = rows[near & ~rows["iv_stands_in"]]
        middle = float(rows["iv"].median()) if len(rows) else 0.2
        unit = 1.0 if LEAST_FRACTION <= middle <= LARGEST_FRACTION else 100.0 if middle >= LEAST_PERCENT else 0.0
        found = f"volatilities near the money have a median of {middle:.3g}, without quotes to judge by"
    if not unit:
        raise SourceError(name, found, "give them as fractions (0.20) or percent (20), or drop the column to have them solved from the quotes")
    return unit
