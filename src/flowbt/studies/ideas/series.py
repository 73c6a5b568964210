"""Daily prices and at-the-money volatilities for structures with printed strikes, out of a catalog, and what stands in for what.

A strike is a price of its day, so closes as they were printed come before closes with later dividends folded in; a data set that
reaches the expiry comes before one that does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as Date
from difflib import get_close_matches

import pandas as pd

from flowbt.data.catalog import Catalog, Imported
from flowbt.features.volatility import close_to_close
from flowbt.features.zones import IV_INDEX
from flowbt.ground.clock import Clock
from flowbt.ground.errors import FieldError

OWN = IV_INDEX | {"SLV": "VXSL"}
NEAR = {"SLV": ("GVZ", "GLD")}  # an index of a nearer market than the S&P 500's, and its underlying
MARKET = (("VIX", "SPX"), ("VIX", "SPY"))
RATIO, REALISED, LATE = 252, 21, 5  # bars: of the ratio, of the last resort, after which a held volatility is named
FIELDS = ("close", "member_close")
REALISED_SOURCE = "realised"
PAYS_NOTHING = frozenset({"GLD", "SLV"})  # trusts without distributions: an adjusted close is the one traded


@dataclass(frozen=True)
class Life:
    """The dates a series is wanted for."""

    opened: Date
    expiry: Date


@dataclass(frozen=True)
class Series:
    """Values on the labels of `clock`, where they are from, and what they stand in for, in words."""

    values: pd.Series
    clock: Clock
    source: str
    stand_ins: tuple[str, ...] = ()


def closes(catalog: Catalog, symbol: str, life: Life) -> Series:
    """Daily closes of a symbol that are there on the day it is opened. FieldError says what is missing and what would bring it."""
    found = [(one, field) for field in FIELDS for one in catalog.imported.values() if symbol in one.spans(field) and _daily(one)]
    day, remedy = f"{life.opened:%Y-%m-%d}", f"flowbt data import yahoo {symbol}.csv --name {symbol.lower()} --symbol {symbol} --publication close"
    if not found:
        known = {name for field in FIELDS for name in catalog.symbols(field)}
        near = get_close_matches(symbol.upper(), known, n=1, cutoff=0.8)  # short names resemble each other soon
        raise FieldError(f"closes of {symbol}", f"no dataset has them{f', only of {near[0]}' if near else ''}", remedy)
    covering = [(one, field) for one, field in found if one.spans(field)[symbol][0] <= day <= one.spans(field)[symbol][1][:10]]
    if not covering:
        last, field = max(found, key=lambda pair: str(pair[0].spans(pair[1])[symbol][1]))
        first_day, last_day, _ = last.spans(field)[symbol]
        raise FieldError(f"closes of {symbol} on {day}", f"dataset {last.name} has {first_day} to {last_day}", remedy)
    one, field = min(covering, key=lambda pair: _rank(pair[0], pair[1], symbol, life))
    values, clock = _values(one, field, symbol), one.declaration.calendar
    if pd.Timestamp(life.opened) not in values.index:
        before = values.index[values.index < pd.Timestamp(life.opened)]
        last_bar = f"; the last before it is {before[-1]:%Y-%m-%d}" if len(before) else ""
        raise FieldError(f"closes of {symbol} on {day}", f"dataset {one.name} has no bar on it{last_bar}", "give a date with trading, or mend the dataset")
    folded = _folded(one) and symbol not in PAYS_NOTHING
    adjusted = (f"closes with later dividends folded in ({one.name})",) if folded else ()
    return Series(values, clock, one.name, adjusted)


def volatilities(catalog: Catalog, symbol: str, price: Series, life: Life) -> Series:
    """At-the-money volatility in points on the labels of `price`: the symbol's own index; else another index times the ratio of the two
    realised volatilities over 252 sessions; else the realised volatility over 21 bars. Each from what was known on the label.

    Held against indices that exist, 2011-2026, the second is off by 9% on average for QQQ (VXN, from VIX) and by 11% for SLV (VXSL, from
    GVZ), with little bias; realised volatility by 28% and 25%, and some 20% too low.
    """
    own = OWN.get(symbol)
    if own and (index := _try(catalog, own, life)) is not None:
        return _held(index.values.reindex(price.values.index), price, own, life)
    wanted = f" for {own}" if own else ""
    for name, underlying in () if price.clock.always else ((NEAR[symbol],) if symbol in NEAR else ()) + MARKET:
        index, other = _try(catalog, name, life), _try(catalog, underlying, life)
        if index is None or other is None:
            continue
        ratio = _ratio(price, other).reindex(price.values.index)
        scaled = index.values.reindex(price.values.index) * ratio
        at = ratio.get(pd.Timestamp(life.opened), float("nan"))
        if at == at:
            words = f"{name} x {at:.2f}{wanted} (realised volatility of {symbol} over that of {underlying}, {RATIO} sessions)"
            return _held(scaled, price, name, life, words)
    return Series(_realised(price, REALISED), price.clock, REALISED_SOURCE, (f"realised volatility over {REALISED} bars{wanted or ' for an implied one'}",))


def _daily(one: Imported) -> bool:
    return one.declaration.frequency in ("session", "day")


def _folded(one: Imported) -> bool:
    """Whether its closes have later dividends in them, so that a printed strike does not meet them."""
    return one.declaration.basis == "total return" or one.declaration.vintage == "latest"


def _rank(one: Imported, field: str, symbol: str, life: Life) -> tuple[bool, bool, int, int, str]:
    short = one.spans(field)[symbol][1][:10] < f"{life.expiry:%Y-%m-%d}"
    return short, _folded(one), FIELDS.index(field), one.declaration.priority, one.name


def _values(one: Imported, field: str, symbol: str) -> pd.Series:
    rows = one.read(["event_time", "known_at", field], [symbol]).dropna(subset=[field]).sort_values("known_at", kind="stable")
    values = rows.groupby("event_time")[field].last().astype(float)
    clock = one.declaration.calendar
    return values[clock.is_label(pd.DatetimeIndex(values.index))]


def _try(catalog: Catalog, symbol: str, life: Life) -> Series | None:
    try:
        return closes(catalog, symbol, life)
    except FieldError:
        return None


def _realised(price: Series, window: int) -> pd.Series:
    return close_to_close(price.values.to_frame("x"), window, price.clock.periods_per_year)["x"]


def _ratio(price: Series, other: Series) -> pd.Series:
    """Realised volatility over another's, both on the labels they share: a window one wild day longer than the other's would count."""
    both = pd.concat({"a": price.values, "b": other.values}, axis=1, join="inner")
    realised = close_to_close(both, RATIO)
    return realised["a"] / realised["b"]


def _held(values: pd.Series, price: Series, source: str, life: Life, words: str = "") -> Series:
    """With a word where the volatility ends well before the expiry and its last value is carried on."""
    there, bars = values.index[values.notna()], price.values.loc[: str(life.expiry)].index
    late = (f"volatility of {there[-1]:%Y-%m-%d} held to the end",) if len(there) and (bars > there[-1]).sum() > LATE else ()
    return Series(values, price.clock, source, ((words,) if words else ()) + late)
