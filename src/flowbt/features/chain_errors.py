"""What is not known of a chain's dealer gamma, in dollars: standard errors of what stands in, and what options could add that are not counted."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowbt.features.chain_snapshot import Snapshot, unknown_interest
from flowbt.options import blackscholes as bs
from flowbt.options.levels import tried

Array = npt.NDArray[np.float64]
FEW, UNTRIED = 10, 0.1  # options a source is judged by; how wrong it is taken to be, of the dollars, where there are fewer
ROUNDED = 1e-3  # of the gross: what the last digits of volatilities, prices and discounts leave open
PAID = 5e-3  # of the gross: the same where dividends are cash on days that are not known (1% were met on invented shares and funds)
_MEDIAN = 1.253 * 1.4826  # standard error of a median over its mean absolute error


def not_counted(snap: Snapshot, dollars: Array) -> tuple[float, float, float]:
    """What options could take and add in dollars that are not counted: those without a volatility, with the middle one of their expiry; and those without a
    known open interest, were one side's held as the others of that side (for the gamma that one contract has). Then the share of the gamma of one contract
    each that is the latter's, on the side where it is larger."""
    table = snap.market.options
    lacking, bare = ~(table["open_interest"] >= 0).to_numpy(), ~(table["vol"] > 0).to_numpy()
    if not lacking.any() and not (bare & (table["open_interest"] > 0)).any():
        return 0.0, 0.0, 0.0
    vol = table["vol"].fillna(table.groupby("at")["vol"].transform("median")).fillna(table["vol"].median())
    each = np.nan_to_num(table["discount"] * bs.gamma(bs.OptionTerms(table["expiry_forward"], table["strike"], table["years"], vol))) * snap.spot**2 * 0.01
    call, held = table["call"].to_numpy(dtype=bool), table["open_interest"].fillna(0.0).clip(lower=0.0).to_numpy() * snap.multiplier
    without = np.where(call, 1.0, -1.0) * np.where(bare, held * each, 0.0)
    found, share = [float(without[without < 0].sum()), float(without[without > 0].sum())], 0.0
    for side in (True, False):
        theirs, known = (float(each[one & (call == side)].sum()) for one in (lacking, ~lacking))
        found.append(float(dollars[snap.call == side].sum()) * theirs / known if known > 0 else 0.0)
        share = max(share, theirs / (theirs + known) if theirs > 0 else 0.0)
    return sum(one for one in found if one < 0), sum(one for one in found if one > 0), share


def error_of(snap: Snapshot, dollars: Array) -> float:
    """Two standard errors of the sum of `dollars`: within an expiry what stands in is wrong together, expiries are independent of each other.

    A volatility that stands in is as wrong, in dollars, as its source is for a half of the provider's own that it is not shown (`UNTRIED` where it is shown
    none). What the source leans by there, up or down, is common to all expiries (a weekend's is) and added.
    """
    table = snap.market.options
    held = table["open_interest"] > 0
    counts = held & (table["vol"] > 0)
    source = table["vol_from"][counts].to_numpy()
    bare = np.bincount(snap.at, source == "own", len(snap.market.expiries)) == 0  # expiries without any of the provider's: nothing was tried there
    together, leaning = np.zeros(len(snap.market.expiries)), 0.0
    for name, vol in _tried(table, counts) if (source != "own").any() else []:
        stands_in = source == name
        if stands_in.any():
            wrong, lean = _wrong(snap, dollars, vol)
            leaning += lean * float(dollars[stands_in].sum())
            each = np.where(bare & (name == "quote"), max(wrong, UNTRIED), wrong)[snap.at[stands_in]]
            together += np.bincount(snap.at[stands_in], each * np.abs(dollars[stands_in]), len(together))
    left_out = 0.0
    for call, (lacking, known) in unknown_interest(table).items():
        left_out += lacking * float((dollars[snap.call == call] ** 2).sum()) / max(known, 1)
    digits = PAID if snap.market.american else ROUNDED
    squares = left_out + (together**2).sum() + (_forward_errors(snap, dollars) ** 2).sum() + (digits * np.abs(dollars).sum()) ** 2
    return 2.0 * float(np.sqrt(squares)) + abs(leaning)


def _forward_errors(snap: Snapshot, dollars: Array) -> Array:
    """By how much the dollars of each expiry move with its forward by parity one standard error (of a median of `pairs` strikes) higher."""
    table = snap.market.expiries
    error = np.nan_to_num((_MEDIAN * table["error"] / np.sqrt(table["pairs"].clip(1)) / table["forward"]).to_numpy(dtype=float))[snap.at]
    moved = snap.weight * bs.gamma(snap.option()._replace(dividend=snap.dividend - np.log1p(error) / snap.years)) * snap.spot**2 * 0.01
    out: Array = np.bincount(snap.at, moved - dollars, len(table)).astype(np.float64)
    return out


def _tried(table: pd.DataFrame, counts: pd.Series) -> list[tuple[str, Array]]:
    """Of each source, what it makes of volatilities it is not shown, for the options that count; of two of one name the first that says something."""
    found: dict[str, pd.Series] = {}
    for name, vol in tried(table):
        found[name] = found[name].fillna(vol) if name in found else vol
    return [(name, vol[counts].to_numpy(dtype=float)) for name, vol in found.items()]


def _wrong(snap: Snapshot, dollars: Array, vol: Array) -> tuple[float, float]:
    """Root of the mean square of what the dollars of options move by with `vol` (NaN where it is not given), over the larger of both, and by how much they
    are larger (above 0) or smaller in sum, without signs."""
    known = vol > 0
    if known.sum() < FEW:
        return UNTRIED, 0.0
    with np.errstate(invalid="ignore"):
        other = (snap.weight * bs.gamma(snap.option()._replace(vol=np.where(known, vol, snap.vol))) * snap.spot**2 * 0.01)[known]
    size = np.maximum(np.abs(other), np.abs(dollars[known]))
    larger = float((np.abs(other) - np.abs(dollars[known])).sum() / max(size.sum(), 1e-300))
    return float(np.sqrt(((other - dollars[known]) ** 2).sum() / max((size**2).sum(), 1e-300))), larger
