"""Columns of a dataset as arrays per symbol, ready for the join in time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from flowbt.data.catalog import Imported
from flowbt.data.declare import BEFORE_END
from flowbt.ground.clock import Clock
from flowbt.ground.errors import DatasetError

REDUCE = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}


@dataclass(frozen=True)
class FieldTable:
    """Rows of one field and symbol: event, known, stale (datetime64[ns], naive UTC) and values; no NaN values.

    `whole`: no row of the dataset was left out, so fields of the same age share their rows.
    """

    event: np.ndarray
    known: np.ndarray
    stale: np.ndarray
    values: np.ndarray
    whole: bool = False


class Reader:
    """The columns of one dataset, each read once. The table is sorted by symbol, so a symbol is a slice."""

    def __init__(self, holder: Imported) -> None:
        self.holder = holder
        self._columns: dict[str, np.ndarray] = {}
        self._stale: dict[str, np.ndarray] = {}

    def table(self, field: str, symbol: str) -> FieldTable:
        """The non-missing rows of a field for a symbol."""
        if field not in self._columns:
            self._columns[field] = self.holder.column(field).astype(float, copy=False)
        rows = self.slices[symbol]
        values = self._columns[field][rows]
        there = ~np.isnan(values)
        stale = self._stale_at(field)
        if there.all():
            return FieldTable(self.event[rows], self.known[rows], stale[rows], values, whole=True)
        return FieldTable(self.event[rows][there], self.known[rows][there], stale[rows][there], values[there])

    def bars(self, field: str, symbol: str, clock: Clock) -> FieldTable:
        """Bars of the clock's length made from finer ones: first open, highest high, lowest low, last close, summed volume.

        A bar is known when its own end has come, whether or not all its parts are there.
        """
        fine = self.table(field, symbol)
        series = pd.Series(fine.values, index=pd.DatetimeIndex(fine.event)).sort_index(kind="stable")
        bars = series.groupby(pd.DatetimeIndex(series.index).floor(clock.bar)).agg(REDUCE[field])
        known = (pd.DatetimeIndex(bars.index) + clock.bar - BEFORE_END).to_numpy()
        return FieldTable(bars.index.to_numpy("datetime64[ns]"), known, known + clock.bar.to_timedelta64(), bars.to_numpy(float))

    @cached_property
    def event(self) -> np.ndarray:
        return self.holder.column("event_time").astype("datetime64[ns]", copy=False)

    @cached_property
    def known(self) -> np.ndarray:
        return self.holder.column("known_at").astype("datetime64[ns]", copy=False)

    @cached_property
    def slices(self) -> dict[str, slice]:
        codes, names = self.holder.symbol_codes()
        starts = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]]) if len(codes) else np.empty(0, int)
        ends = np.r_[starts[1:], len(codes)]
        if len(starts) != len(names):
            raise DatasetError(f"dataset {self.holder.name}", "data.parquet is not sorted by symbol", "import it again")
        return {names[codes[start]]: slice(int(start), int(end)) for start, end in zip(starts, ends, strict=True)}

    def _stale_at(self, field: str) -> np.ndarray:
        rule = self.holder.declaration.fields[field]
        if rule.max_age not in self._stale:
            stale = rule.stale_at(pd.DatetimeIndex(self.event), pd.DatetimeIndex(self.known), self.holder.declaration.calendar)
            self._stale[rule.max_age] = stale.astype("datetime64[ns]", copy=False)
        return self._stale[rule.max_age]
