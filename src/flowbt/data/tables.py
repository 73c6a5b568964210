"""One field of one dataset as arrays per symbol, ready for the join in time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from flowbt.data.catalog import Imported
from flowbt.data.declare import BEFORE_END
from flowbt.sessions import Clock

REDUCE = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}


@dataclass(frozen=True)
class FieldTable:
    """Rows of one field and symbol: event, known, stale (datetime64[ns], naive UTC) and values, in file order. No NaN values."""

    event: np.ndarray
    known: np.ndarray
    stale: np.ndarray
    values: np.ndarray


def field_table(holder: Imported, field: str, symbols: list[str]) -> dict[str, FieldTable]:
    """The non-missing rows of `field`, per symbol."""
    table = holder.read(["event_time", "known_at", "symbol", field], symbols)
    table = table[table[field].notna()]
    return _split(table, field, _stale(holder, field, table["event_time"], table["known_at"]))


def bar_table(holder: Imported, field: str, symbols: list[str], clock: Clock) -> dict[str, FieldTable]:
    """Bars of the clock's length made from finer ones: first open, highest high, lowest low, last close, summed volume.

    A bar is known when its own end has come, whether or not all its parts are there.
    """
    table = holder.read(["event_time", "symbol", field], symbols)
    table = table[table[field].notna()].sort_values(["symbol", "event_time"], kind="stable")
    table["event_time"] = table["event_time"].dt.floor(clock.bar)
    bars = table.groupby(["symbol", "event_time"], observed=True, sort=True)[field].agg(REDUCE[field]).reset_index()
    bars["known_at"] = bars["event_time"] + clock.bar - BEFORE_END
    return _split(bars, field, (bars["known_at"] + clock.bar).to_numpy())


def _stale(holder: Imported, field: str, event: pd.Series, known: pd.Series) -> np.ndarray:
    rule = holder.declaration.fields[field]
    return rule.stale_at(pd.DatetimeIndex(event), pd.DatetimeIndex(known), holder.declaration.calendar)


def _split(table: pd.DataFrame, field: str, stale: np.ndarray) -> dict[str, FieldTable]:
    codes, names = pd.factorize(table["symbol"].astype(str))
    order = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[order], np.arange(len(names) + 1))
    event, known = table["event_time"].to_numpy("datetime64[ns]"), table["known_at"].to_numpy("datetime64[ns]")
    values = table[field].to_numpy(float)
    out = {}
    for code, name in enumerate(names):
        rows = order[bounds[code] : bounds[code + 1]]
        out[str(name)] = FieldTable(event[rows], known[rows], np.asarray(stale, "datetime64[ns]")[rows], values[rows])
    return out
