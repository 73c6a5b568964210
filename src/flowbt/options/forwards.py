"""Forward and discount of every expiry, from put-call parity: call - put = discount x (forward - strike).

Per root and expiry, over the strikes within 8% of spot that have both quotes: the discount is the median of all pairwise slopes (Theil and Sen: a
third of the quotes may be wrong), at most 1, and the forward the median of strike + (call - put) / discount. For American options parity
is an inequality; near the money it is out by less than the quotes' width, and the median does not see the rest.

Where an expiry has fewer than `LEAST` such strikes its carry is interpolated between the expiries around it that have them; outside those the
forward is spot (a year's carry says little about a week's). A provider's own forward (Deribit names it per option) comes before all of these.
Each expiry says which it was.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri

from flowbt.options.agreement import with_chances

Array = npt.NDArray[np.float64]
NEAR, LEAST, MOST = 0.08, 3, 500
SOON = 60.0 / 365.0  # years: later carry is no measure of a spot
AGREED = 1.5e-3  # of the forward: how far the strikes' deltas may be from each other
LOWEST = 0.5  # a discount under this is a broken file, not an interest rate
PARITY, PROVIDER, NEIGHBOURS, SPOT, GIVEN = "parity", "provider's", "carry of neighbours", "spot", "given rate and dividend"


def parity(strike: Array, gap: Array) -> tuple[float, float, float]:
    """Forward, discount and the forward's median absolute error from call - put (`gap`) at each strike; NaN where they are too few or absurd."""
    if len(strike) < LEAST:
        return np.nan, np.nan, np.nan
    if len(strike) > MOST:  # evenly thinned: pairs grow with the square
        keep = np.linspace(0, len(strike) - 1, MOST).round().astype(int)
        strike, gap = strike[keep], gap[keep]
    i, j = np.triu_indices(len(strike), 1)
    discount = min(-float(np.median((gap[j] - gap[i]) / (strike[j] - strike[i]))), 1.0)
    if not discount > LOWEST:
        return np.nan, np.nan, np.nan
    forwards = strike + gap / discount
    forward = float(np.median(forwards))
    return forward, discount, float(np.median(np.abs(forwards - forward)))


def forwards(rows: pd.DataFrame, spot: float, within: float = NEAR) -> pd.DataFrame:
    """One row per root and expiry: forward, discount, `error` (of the forward), `pairs` (strikes used), `how` (words), years.

    `within`: the share of spot that strikes may be from it.
    `rows`: live options with root, expiry, years, strike, call, middle (and `forward` where the provider gives it), one row per option.
    """
    found = []
    near = rows["middle"].notna().to_numpy() & (np.abs(rows["strike"].to_numpy() / spot - 1) <= within)
    quoted = rows[near]
    calls, puts = (quoted[quoted["call"] == side].set_index(["root", "expiry", "strike"])["middle"] for side in (True, False))
    gaps = (calls - puts).dropna().sort_index()
    by: dict[object, pd.Series] = {}
    for key, part in gaps.groupby(level=[0, 1], sort=False):
        by[key] = part
    theirs = rows.groupby(["root", "expiry"])["forward"].median() if "forward" in rows else None
    listed = rows.groupby(["root", "expiry"], sort=True)["years"].first().reset_index()
    for root, expiry, years in zip(listed["root"], listed["expiry"], listed["years"], strict=True):
        own_gaps = by.get((root, expiry))
        strikes = own_gaps.index.get_level_values(2).to_numpy(dtype=float) if own_gaps is not None else np.empty(0)
        forward, discount, error = parity(strikes, own_gaps.to_numpy(dtype=float)) if own_gaps is not None else (np.nan,) * 3
        how = PARITY if forward == forward else ""
        own = float(theirs.loc[(root, expiry)]) if theirs is not None else np.nan
        if own > 0:
            forward, discount, error, how = own, 1.0, np.nan, PROVIDER
        found.append((root, expiry, float(years), forward, discount, error, len(strikes), how))
    table = pd.DataFrame(found, columns=["root", "expiry", "years", "forward", "discount", "error", "pairs", "how"])
    return _filled(table, spot)


def _filled(table: pd.DataFrame, spot: float) -> pd.DataFrame:
    """Expiries without a forward of their own: the interpolated carry of those around them, else spot."""
    lacking = (table["how"] == "").to_numpy()
    if not lacking.any():
        return table
    out, known = table.copy(), table[~lacking].sort_values("years")
    years = table["years"].to_numpy()
    out.loc[lacking, ["forward", "discount", "how"]] = spot, 1.0, SPOT
    if len(known) > 1:
        at = known["years"].to_numpy()
        between = lacking & (years >= at[0]) & (years <= at[-1])
        carry, rate = np.log(known["forward"].to_numpy() / spot) / at, -np.log(known["discount"].to_numpy()) / at
        out.loc[between, "forward"] = (spot * np.exp(np.interp(years, at, carry) * years))[between]
        out.loc[between, "discount"] = np.exp(-np.interp(years, at, rate) * years)[between]
        out.loc[between, "how"] = NEIGHBOURS
    return out


def from_deltas(rows: pd.DataFrame) -> Array:
    """The forward of each expiry (by `rows.at`) that the provider's deltas and volatilities were made with; NaN where they give none.

    A call's delta less a put's is the discounted growth, a call's over that N(d1), and d1 with the volatility gives forward / strike: the median over the
    strikes with both, 5% to 95% of the growth, where they agree within `AGREED`. It is the provider's model, not the market's: compared, not used.
    """
    out, pairs = np.full(int(rows["at"].max()) + 1, np.nan), with_chances(rows)
    deviation = pairs["iv"] * np.sqrt(pairs["years"])
    implied = (pairs["strike"] * np.exp(deviation * ndtri(pairs["chance"]) - deviation**2 / 2))[pairs["chance"].between(0.05, 0.95)]
    for at, some in implied.groupby(pairs["at"]):
        middle = some.median()
        if len(some) >= LEAST and (some - middle).abs().median() <= AGREED * middle:
            out[int(at)] = middle
    return out


def nearest_forwards(rows: pd.DataFrame) -> tuple[float, float]:
    """The median forward of the three soonest expiries within 60 days, wherever spot is said to be: by the quotes, strike + call - put where they differ
    least, and the provider's own. NaN where no expiry has three strikes with both quotes, or where it names none."""
    soon, quoted, named = rows[rows["years"] <= SOON], [], []
    for _, part in soon.groupby("years", sort=True):
        own = float(part["forward"].median()) if "forward" in part and part["forward"].notna().any() else np.nan
        sides = part[part["middle"].notna()].drop_duplicates(["strike", "call"]).pivot(index="strike", columns="call", values="middle").dropna()
        if own > 0:
            named.append(own)
        if len(sides) >= LEAST and sides.shape[1] == 2:
            gap = sides[True] - sides[False]
            nearest = int(np.argmin(gap.abs().to_numpy()))
            quoted.append(float(gap.index[nearest] + gap.iloc[nearest]))
        if max(len(quoted), len(named)) == LEAST:
            break
    return (float(np.median(quoted)) if quoted else np.nan), (float(np.median(named)) if named else np.nan)


def given(rows: pd.DataFrame, spot: float, rate: float, dividend: float) -> pd.DataFrame:
    """The same table from a flat rate and dividend yield (fractions a year, continuous) in place of quotes."""
    table = rows.groupby(["root", "expiry"], sort=True)["years"].first().reset_index()
    years = table["years"]
    return table.assign(forward=spot * np.exp((rate - dividend) * years), discount=np.exp(-rate * years), error=np.nan, pairs=0, how=GIVEN)


def stale(rows: pd.DataFrame, error: Array) -> npt.NDArray[np.bool_]:
    """In-the-money quotes whose middle misses what parity makes of the other side's by more than both widths and four times the forward's own error.

    Of a pair that disagrees the side in the money is the one that is traded less and left standing. Less than 0.2% of the forward is never stale.
    """
    pairs = rows.groupby("pair")
    middle, forward, call = rows["middle"].to_numpy(), rows["expiry_forward"].to_numpy(), rows["call"].to_numpy(dtype=bool)
    other = pairs["middle"].transform("sum").to_numpy() - middle
    widths = pairs["half"].transform("sum").to_numpy()
    expected = other + np.where(call, 1.0, -1.0) * rows["discount"].to_numpy() * (forward - rows["strike"].to_numpy())
    paired = pairs["middle"].transform("count").to_numpy() == 2
    with np.errstate(invalid="ignore"):
        off = np.abs(middle - expected) > np.maximum(widths + 4 * error, 0.002 * forward)
    return np.asarray(paired & off & ((rows["strike"].to_numpy() < forward) == call))
