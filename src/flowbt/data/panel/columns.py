"""Columns of a dataset as arrays per symbol, ready for the join in time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from flowbt.data.catalog import Imported
from flowbt.data.panel.combining import Parts, combine, crowded, finer
from flowbt.data.panel.stored import TIMES, StoredRows
from flowbt.ground.clock import HOURS_PER_ROW, Clock

PRICE_FIELDS = ("open", "high", "low", "close", "volume")


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
    """The columns of one dataset, each read once for the symbols that are asked for together (`need`)."""

    def __init__(self, holder: Imported) -> None:
        self.holder = holder
        self._blocks: dict[str, Block] = {}

    def need(self, symbols: Iterable[str], fields: Iterable[str] = ()) -> None:
        """Announces symbols: those not read yet are read with one pass over the file; and fields that will all be asked for, so that they are read together."""
        asked = set(symbols)
        wanted = sorted(asked - self._blocks.keys())
        if wanted:
            self._blocks |= dict.fromkeys(wanted, Block(self.holder, wanted))
        together = [field for field in fields if field in self.holder.declaration.fields]
        for block in {id(self._blocks[symbol]): self._blocks[symbol] for symbol in asked}.values() if together else ():
            block.read(together)

    def block(self, symbol: str) -> Block:
        """What was read with a symbol."""
        if symbol not in self._blocks:
            self.need([symbol])
        return self._blocks[symbol]

    def let_go(self, field: str) -> None:
        """Forgets a column; it is read again when it is asked for."""
        for block in self._blocks.values():
            block.let_go(field)

    def table(self, field: str, symbol: str) -> FieldTable:
        """The non-missing rows of a field for a symbol."""
        return self.block(symbol).table(field, symbol)

    def on(self, clock: Clock, field: str, symbol: str) -> FieldTable:
        """The rows of a field for a symbol, as bars of the clock where its rows are finer and its rule says how they combine."""
        return self.block(symbol).on(clock, field, symbol)


class Block:
    """Some symbols of one dataset, each column read once. A symbol is a slice of the columns."""

    def __init__(self, holder: Imported, symbols: Iterable[str]) -> None:
        self.holder = holder
        self._stored = StoredRows(holder.version, symbols)
        self._columns: dict[str, np.ndarray] = {}
        self._stale: dict[str, np.ndarray] = {}

    def let_go(self, field: str) -> None:
        self._columns.pop(field, None)

    def table(self, field: str, symbol: str) -> FieldTable:
        """The non-missing rows of a field for a symbol."""
        rows = self.slices[symbol]
        values = self._column(field)[rows]
        there = ~np.isnan(values)
        stale = self._stale_at(field)
        if there.all():
            return FieldTable(self.event[rows], self.known[rows], stale[rows], values, whole=True)
        return FieldTable(self.event[rows][there], self.known[rows][there], stale[rows][there], values[there])

    def on(self, clock: Clock, field: str, symbol: str) -> FieldTable:
        """The rows of a field for a symbol, as bars of the clock where its rows are finer and its rule says how they combine.

        FieldError where they are finer and nothing says how they combine.
        """
        declaration, rows = self.holder.declaration, self.slices[symbol]
        price = field in PRICE_FIELDS
        if not finer(declaration, clock) or (declaration.frequency == "irregular" and (price or not crowded(self.event[rows], clock))):
            return self.table(field, symbol)
        rule = declaration.combines(field)
        if rule in ("last", "event") and not price:
            return self.table(field, symbol)
        values = self._column(field)[rows]
        there = ~np.isnan(values)
        parts = Parts(
            event=self.event[rows][there],
            known=self.known[rows][there],
            values=values[there],
            weights=self._weights(rule, rows)[there],
            hours=self._hours(rule, rows)[there],
            declaration=declaration,
            coverage=declaration.fields[field].coverage,
        )
        return FieldTable(*combine(parts, rule, clock, price))

    @cached_property
    def _times(self) -> tuple[np.ndarray, np.ndarray]:
        found = self._stored.columns(TIMES)
        return found["event_time"], self.holder.known_at(found["event_time"], found["known_at"])

    @property
    def event(self) -> np.ndarray:
        return self._times[0]

    @property
    def known(self) -> np.ndarray:
        return self._times[1]

    def read(self, fields: Iterable[str]) -> None:
        """Reads columns together."""
        missing = [field for field in fields if field not in self._columns and self.holder.spans(field)]
        if missing:
            self._columns |= self._stored.columns(missing)

    @property
    def slices(self) -> Mapping[str, slice]:
        return self._stored.slices

    def _column(self, field: str) -> np.ndarray:
        if field not in self._columns:
            self._columns[field] = self._stored.column(field).astype(float, copy=False)
        return self._columns[field]

    def _weights(self, rule: str, rows: slice) -> np.ndarray:
        """What a weighted mean weighs by; ones where the rule is another, or the dataset lacks the field it names."""
        name = rule.partition(":")[2]
        if not name or not self.holder.spans(name):
            return np.ones(rows.stop - rows.start)
        return np.asarray(np.nan_to_num(self._column(name)[rows]))

    def _hours(self, rule: str, rows: slice) -> np.ndarray:
        """Hours that each row covers; NaN where nothing says so (irregular rows without intervals)."""
        declaration = self.holder.declaration
        if declaration.frequency in HOURS_PER_ROW:
            return np.full(rows.stop - rows.start, HOURS_PER_ROW[declaration.frequency])
        if rule in ("rate", "compound", "sum") and self.holder.spans("funding_interval_hours"):
            return np.asarray(self._column("funding_interval_hours")[rows])
        return np.full(rows.stop - rows.start, np.nan)

    def _stale_at(self, field: str) -> np.ndarray:
        rule = self.holder.declaration.fields[field]
        if rule.max_age not in self._stale:
            stale = rule.stale_at(pd.DatetimeIndex(self.known), self.holder.declaration.calendar)
            self._stale[rule.max_age] = stale.astype("datetime64[ns]", copy=False)
        return self._stale[rule.max_age]


def latest(table: FieldTable) -> tuple[np.ndarray, np.ndarray]:
    """Event times in order, each once, and the values: of several vintages the one known last (a missing value is none)."""
    event, values = table.event, table.values
    if (event[1:] > event[:-1]).all():
        return event, values
    there = ~np.isnan(values)
    order = np.lexsort((table.known[there], event[there]))
    event, values = event[there][order], values[there][order]
    last = np.r_[event[1:] != event[:-1], np.ones(min(len(event), 1), dtype=bool)]
    return event[last], values[last]


def by_label(table: FieldTable) -> pd.Series:
    """The values by event time (`latest`)."""
    event, values = latest(table)
    return pd.Series(values, index=pd.DatetimeIndex(event))


def on_labels(labels: np.ndarray, table: FieldTable) -> np.ndarray:
    """The values at the labels (`latest`); missing where there is none."""
    event, values = latest(table)
    if np.array_equal(event, labels):
        return values
    if not len(event):
        return np.full(len(labels), np.nan)
    at = np.searchsorted(event, labels, side="right") - 1
    return np.where((at >= 0) & (event[at] == labels), values[at], np.nan)
