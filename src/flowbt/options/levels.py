"""The volatility every option of a market has, and where it is from: the provider's own, or what stands in where it gives none.

A number that stands in place of a volatility (9.99, 5.0, 999, a cap or a default) is taken for missing: one that is there far more often than those about
it, while quotes, or the others of its expiry, say otherwise (`stand_ins`). None is at or under `LEAST`.

In this order (`SOURCES`):
1. "own": the provider's;
2. "neighbours": between the provider's own of the next strikes on both sides, same expiry and side; out of the money those no farther apart than a
   standard deviation count first, those up to `REACH` after 3;
3. "own quote": what the option's own quote implies in the provider's way: within a standard deviation of the forward, its price is corrected by how far the
   neighbours' prices are from Black's at the provider's volatilities (a dividend, early exercise or another forward than parity's is in both), and the
   geometric mean with the neighbours' is taken;
4. "other side" of the strike;
5. "quote": what the strike's quote implies, between those of the next strikes where it has none and beyond the last as at it (an option without a bid
   has a price under its ask, and next to no gamma); not in a snapshot whose quotes are mostly gone while the provider's volatilities are there (those left over
   are no market);
6. "": none. Such options are left out, and the share of open interest they hold is said; over `REFUSED` of it there is no number.

In the money a provider's volatilities can be nonsense (0.02 where the price is intrinsic): there neighbours count where both are the same number (`SAME`), or
within a standard deviation of the forward and where the other side agrees within `AGREE`; out of the money the other side counts only where the quote agrees.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowbt.options.implied import black_price, implied_volatility

Array = npt.NDArray[np.float64]
AGREE = 0.25
REACH = 2.0  # standard deviations: out of the money neighbours farther apart than one, but not than these, count after the option's own quote
SAME = 0.05  # of the strike: in the money two neighbours with one number are no farther apart
LEAST = 1e-4  # a year: a volatility no option has (Yahoo prints 0.00001 where it has none)
QUOTED = 0.5  # of a snapshot's quotes: fewer usable ones are left over
NAMED, REFUSED = 0.01, 0.5  # of the open interest: a source is named from, and too much to leave out
OFTEN, ABOUT = 5, 0.1  # times: a number is suspect when it is there so often, and so much oftener than the mean of the others within this share of it
MOSTLY, FAR = 0.25, 3.0  # of its options: more than these disagree with quotes by `AGREE`; without quotes, by so many times with the others of their expiry
SOURCES = ("own", "neighbours", "own quote", "other side", "quote", "")
WORDS = {
    "neighbours": "between the provider's neighbouring strikes",
    "own quote": "from the option's quote in the provider's way",
    "other side": "from the other side of the strike",
    "quote": "solved from quotes",
    "": "NONE, LEFT OUT",
}


def volatilities_of(rows: pd.DataFrame) -> tuple[Array, npt.NDArray[np.object_]]:
    """Volatility (fraction, NaN where there is none) and its source of every row; `rows` have iv, at, pair, strike, call, years, expiry_forward, discount,
    middle, fault, implied."""
    own = _own(rows)
    levels = [("own", own), *_sources(rows, own)]
    vol = own
    for _, one in levels:
        vol = vol.fillna(one)
    source = np.select([one.notna() for _, one in levels], [name for name, _ in levels], "")
    return np.asarray(vol, dtype=np.float64), np.asarray(source, dtype=object)


def tried(rows: pd.DataFrame) -> list[tuple[str, pd.Series]]:
    """What each source but "own" makes of a half of the provider's own volatilities without seeing them, where it is the one that counts; NaN elsewhere.
    Quotes are tried on all of that half: they count for whole expiries."""
    own = _own(rows)
    hidden = own.notna() & (np.random.default_rng(0).random(len(own)) < 0.5)
    left, found = hidden, []
    for name, one in _sources(rows, own.mask(hidden)):
        found.append((name, one.where(hidden if name == "quote" else left)))
        left = left & one.isna()
    return found


def _own(rows: pd.DataFrame) -> pd.Series:
    iv = rows["iv"].astype(float) if "iv" in rows else pd.Series(np.nan, rows.index)
    own = iv.where((iv > LEAST) & np.isfinite(iv))
    return own.mask(rows["iv_stands_in"]) if "iv_stands_in" in rows else own


def _sources(rows: pd.DataFrame, own: pd.Series) -> list[tuple[str, pd.Series]]:
    """What stands in for `own`, the first that says something counts."""
    between, gap, alike = (pd.Series(one, rows.index) for one in _between(rows, own.to_numpy(dtype=np.float64)))
    inside = rows["strike"].lt(rows["expiry_forward"]) == rows["call"]  # in the money
    distance, root = np.abs(np.log(rows["strike"] / rows["expiry_forward"])), np.sqrt(rows["years"])
    near, wide = (between.where(gap <= reach * between * root) for reach in (1.0, REACH))
    outer, inner = (part.groupby(rows["pair"]).transform("first") for part in (own.fillna(near).mask(inside), own.where(inside)))
    quote = rows["implied"] if own.isna().all() or (rows["fault"] == "").mean() >= QUOTED else pd.Series(np.nan, rows.index)
    theirs = _in_their_way(rows, own)
    theirs = np.sqrt(theirs * between.fillna(theirs))
    return [
        ("neighbours", near.mask(inside)),
        ("own quote", theirs.where(distance <= theirs * root)),
        ("neighbours", wide.mask(inside).fillna(alike.where(gap <= SAME)).fillna(near.where(_agree(near, outer) & (distance <= outer * root)))),
        ("other side", outer.where(inside, inner.where(quote.isna() | _agree(inner, quote)))),
        ("quote", quote.fillna(pd.Series(_between(rows, quote.to_numpy(dtype=np.float64), beyond=True)[0], rows.index))),
    ]


def repeated(iv: pd.Series) -> list[float]:
    """Numbers that are there far oftener than those about them."""
    counts = iv[(iv > 0) & np.isfinite(iv)].value_counts()
    found = []
    for value, count in counts[counts >= OFTEN].items():
        about = counts[(counts.index > (1 - ABOUT) * value) & (counts.index < (1 + ABOUT) * value) & (counts.index != value)]
        if count >= OFTEN * max(float(about.mean()) if len(about) else 1.0, 1.0):
            found.append(float(value))
    return found


def stand_ins(rows: pd.DataFrame) -> pd.Series:
    """Which rows have a number in place of a volatility; `rows` have iv (fractions), implied, at."""
    out = pd.Series(False, rows.index)
    if "iv" not in rows:
        return out
    iv, outside = rows["iv"].astype(float), rows["strike"].ge(rows["expiry_forward"]) == rows["call"]
    out |= (iv > 0) & (iv <= LEAST)
    for value in repeated(iv):
        mine = iv == value
        if outside[mine].mean() < ABOUT:  # what a provider prints where a price is intrinsic
            continue
        quoted = rows[mine & outside & rows["implied"].notna() & rows["middle"].notna()]
        others = rows["at"].map(iv.where((iv > 0) & ~mine).groupby(rows["at"]).median())[mine].dropna()
        off, beside = _contradicted(quoted, value), np.abs(np.log(value / others)) > np.log(FAR)
        if (off.mean() if len(quoted) >= OFTEN else beside.mean() if len(beside) else 0.0) > MOSTLY:
            out |= mine
    return out


def _contradicted(rows: pd.DataFrame, vol: float) -> npt.NDArray[np.bool_]:
    """Which quotes (of `rows`, out of the money) a volatility contradicts: by more than `AGREE`, and its price is not within bid and ask. A quote of a tick
    or two says little of a volatility."""
    forward, strike, years, discount, middle, half = (
        rows[name].to_numpy(dtype=float) for name in ("expiry_forward", "strike", "years", "discount", "middle", "half")
    )
    outside = np.abs(black_price(forward, strike, years, vol, discount, rows["call"].to_numpy(dtype=bool)) - middle) > half
    return np.asarray((np.abs(vol / rows["implied"].to_numpy(dtype=float) - 1.0) > AGREE) & outside)


def _agree(one: pd.Series, other: pd.Series) -> pd.Series:
    return (one / other - 1.0).abs() <= AGREE


def _in_their_way(rows: pd.DataFrame, own: pd.Series) -> pd.Series:
    """What each quote implies once it is moved by how far Black's price at the provider's volatility is from the quote where both are there, between the
    next strikes of the same expiry and side (beyond the last one as at it)."""
    forward, strike, years, discount, middle = (rows[name].to_numpy(dtype=float) for name in ("expiry_forward", "strike", "years", "discount", "middle"))
    call = rows["call"].to_numpy(dtype=bool)
    theirs = black_price(forward, strike, years, own.fillna(0.0).to_numpy(dtype=float), discount, call) - middle
    moved = middle + _between(rows, np.where(own.notna(), theirs, np.nan), beyond=True)[0]
    return pd.Series(implied_volatility(moved, forward, strike, years, discount, call), rows.index)


def _between(rows: pd.DataFrame, given: npt.NDArray[np.floating[Any]], beyond: bool = False) -> tuple[Array, Array, Array]:
    """`given` interpolated in ln(strike) between the nearest finite ones of the same expiry and side, how far apart those are, and their value where both are
    the same; NaN where one is lacking (`beyond`: the other one's)."""
    side = 2 * rows["at"].to_numpy() + rows["call"].to_numpy(dtype=bool)
    log = np.log(rows["strike"].to_numpy(dtype=float))
    order = np.lexsort((log, side))
    value, side, log = given[order], side[order], log[order]
    there, n = np.isfinite(value), np.arange(len(value))
    left = np.maximum.accumulate(np.where(there, n, 0))
    right = np.minimum.accumulate(np.where(there, n, len(value) - 1)[::-1])[::-1]
    lower, upper = (there[one] & (side[one] == side) for one in (left, right))
    if beyond:
        left, right = np.where(lower, left, right), np.where(upper, right, left)
        lower = upper = lower | upper
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.nan_to_num((log - log[left]) / (log[right] - log[left]), posinf=0.0, neginf=0.0)
        found = np.array(
            [value[left] + part * (value[right] - value[left]), log[right] - log[left], np.where(value[left] == value[right], value[left], np.nan)]
        )
    out = np.empty_like(found)
    out[:, order] = np.where(lower & upper, found, np.nan)
    return out[0], out[1], out[2]


def shares_of(rows: pd.DataFrame) -> dict[str, float]:
    """Share of open interest by the source of its volatility (0 to 1; all 0 where there is no open interest)."""
    interest = np.maximum(rows["open_interest"].fillna(0.0).to_numpy(dtype=float), 0.0)
    source, total = rows["vol_from"].to_numpy(), interest.sum()
    return {name: float(interest[source == name].sum() / total) if total > 0 else 0.0 for name in SOURCES}


def words_of(rows: pd.DataFrame) -> str:
    """A line on what stands in for the provider's volatilities ("" where that is under 1% of the open interest)."""
    shares = shares_of(rows)
    found = [f"{shares[name]:.1%} {words}" for name, words in WORDS.items() if shares[name] >= NAMED]
    lines = [f"volatilities, by open interest: {', '.join(found)}"] if found else []
    taken = rows["iv"][rows["iv_stands_in"]].value_counts() if "iv_stands_in" in rows else pd.Series(dtype=float)
    if len(taken):
        numbers = ", ".join(f"{value:g} ({count:,} times)" for value, count in taken.head(3).items())
        lines.append(f"NO VOLATILITY, THOUGH GIVEN AS ONE: {numbers}")
    return "; ".join(lines)
