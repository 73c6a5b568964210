"""Whether a chain's volatilities are fractions or percent: told by solving its own quotes, not by their size where quotes are there."""

from __future__ import annotations

import numpy as np
import pandas as pd

from flowbt.ground.errors import SourceError
from flowbt.options.levels import MixedUnits, repeated
from flowbt.options.market import option_market

FITS = 2.0  # a unit fits when the median of given over implied volatility is within this factor of it
EXPIRIES, REACH = 12, 0.2  # soonest expiries, share of spot: a sample tells
ENOUGH = 8  # quotes to judge by
MIXED = 0.1  # of the volatilities near the money: more than these in each unit, and calls, puts or expiries are in another than the rest
LARGEST_FRACTION, LEAST_PERCENT = 3.0, 4.0  # of the median near the money, where there are no quotes to solve


def as_fractions(chain: pd.DataFrame, name: str) -> pd.DataFrame:
    """The chain table with `iv` as fractions, its first snapshot of each symbol having told which it was. SourceError where neither fits the quotes.

    Judged near the money (15% of the forward, 2 to 400 days). With fewer than `ENOUGH` quotes to solve the median's size decides.
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
    near = (np.abs(np.log(rows["strike"] / rows["expiry_forward"])) < 0.15) & rows["years"].between(2 / 365, 400 / 365) & (rows["iv"] > 0)
    rows = rows[near & ~rows["iv"].isin(repeated(rows["iv"]))] if (near & ~rows["iv"].isin(repeated(rows["iv"]))).any() else rows[near]
    ratio = (rows["iv"] / rows["implied"]).dropna()
    if len(ratio) >= ENOUGH:
        fits = {unit: float(ratio.between(unit / FITS, unit * FITS).mean()) for unit in (1.0, 100.0)}
        if min(fits.values()) > MIXED:
            found = f"{fits[100.0]:.0%} of the volatilities near the money are percent and {fits[1.0]:.0%} fractions, by its quotes"
            raise SourceError(name, found, "give all of them as fractions (0.20), or drop the column to have them solved from the quotes")
        middle = float(ratio.median())
        unit = next((unit for unit in (1.0, 100.0) if unit / FITS <= middle <= unit * FITS), 0.0)
        found = f"volatilities are {middle:.3g} times what its quotes imply"
    else:
        middle = float(rows["iv"].median()) if len(rows) else 0.2
        unit = 1.0 if middle <= LARGEST_FRACTION else 100.0 if middle >= LEAST_PERCENT else 0.0
        found = f"volatilities near the money have a median of {middle:.3g}, without quotes to judge by"
    if not unit:
        raise SourceError(name, found, "give them as fractions (0.20) or percent (20), or drop the column to have them solved from the quotes")
    return unit
