"""The panel: what was known at each decision time.

Fields load when first touched. Every frame is labels x symbols, float64, NaN where nothing (or only something stale) was
known. The panel remembers what it was asked for: fields with their datasets, stand-ins, and feature results.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from flowbt.data.asof import asof_rows
from flowbt.data.catalog import Catalog, Imported
from flowbt.data.panel.bases import dividends_of, scale_to_meet, split_factor, stale_opens
from flowbt.data.panel.columns import FieldTable, Reader, by_label, on_labels
from flowbt.data.panel.joining import Joined, Speaker, join, preceded
from flowbt.data.panel.settled import settled_by_bar
from flowbt.data.provenance import SymbolSpan
from flowbt.ground.clock import HOURS_PER_BAR, HOURS_PER_ROW, Clock, read_date, read_end
from flowbt.ground.errors import FieldError, RangeError
from flowbt.ground.fields import FOLDED, PRICES
from flowbt.ground.protocols import Key, first_held, key_words
from flowbt.ground.types import Moment, Parameters

BAR_FIELDS = ("open", "high", "low", "close", "volume")
MISSING = np.array([np.nan])


@dataclass(frozen=True)
class StandIn:
    """A field used in place of one that is not there."""

    asked: str
    used: str


@dataclass(frozen=True)
class TradedBars:
    """The traded bars by label, as they happened (not point in time). Frames are labels x symbols."""

    open: pd.DataFrame
    high: pd.DataFrame
    low: pd.DataFrame
    close: pd.DataFrame
    funding: pd.DataFrame  # sum of the funding rates that settle while a bar's position is held; 0 where none are
    stale: pd.DataFrame  # bool: the open repeats the close before, so the bar is its close only
    dividend: pd.DataFrame  # cash per share to who held it into the bar; 0 where none, and where prices have dividends folded in


class PanelReader:
    """Point-in-time frames of a catalog for some symbols on a clock. See flowbt.ground.protocols.Panel."""

    def __init__(self, catalog: Catalog, symbols: Iterable[str], clock: Clock, index: pd.DatetimeIndex) -> None:
        self.catalog, self.clock = catalog, clock
        self.symbols = tuple(symbols)
        self.index = index
        self.decisions = clock.decisions(index).to_numpy()
        self.used: dict[tuple[str, str], Imported] = {}
        self._folded: dict[str, Imported] = {}  # symbol -> whose closes with dividends folded in were read for what they pay
        self._joined: dict[tuple[str, str], Joined] = {}
        self._bars: TradedBars | None = None
        self.stand_ins: list[StandIn] = []
        self.noted: dict[str, object] = {}
        self._readers: dict[str, Reader] = {}
        self._shared: dict[tuple[str, str, str], np.ndarray] = {}
        self._series: dict[tuple[str, str], np.ndarray] = {}
        self._touched: dict[tuple[str, str], None] = {}
        self._rows: dict[tuple[str, str], np.ndarray] = {}
        self._alike = (np.empty(0, "datetime64[ns]"),) * 3, np.full(len(index), -1)
        self._wide: dict[tuple[str, str], pd.DataFrame] = {}

    def beside(self, other: PanelReader) -> PanelReader:
        """This panel, with the columns that another one of the same catalog and clock has read, and those that either will."""
        self._readers, self._joined = other._readers, other._joined
        return self

    def __repr__(self) -> str:
        data = "SYNTHETIC" if self.catalog.synthetic else "real data"
        return f"Panel({', '.join(self.symbols)}; {self.index[0]:%Y-%m-%d} to {self.index[-1]:%Y-%m-%d}, {len(self.index):,} labels, {data})"

    def __getitem__(self, key: str | tuple[str, str]) -> pd.DataFrame:
        """`panel[field]`: the strategy's symbols. `panel[field, symbol]`: one symbol's series under every column."""
        if isinstance(key, tuple):
            field, symbol = key
            self._touched[key] = None
            return self.spread(pd.Series(self._values(field, [symbol])[:, 0], index=self.index))
        self._touched.update(dict.fromkeys((key, symbol) for symbol in self.symbols))
        return pd.DataFrame(self._values(key, list(self.symbols)), index=self.index, columns=list(self.symbols), copy=False)  # it has no other holder

    def has(self, field: str, symbol: str | None = None) -> bool:
        """Whether the catalog holds the field: for `symbol`, or else for every symbol of the panel."""
        return all(self.catalog.has(field, one) for one in ([symbol] if symbol else self.symbols))

    def either(self, field: Key, *stand_ins: Key) -> pd.DataFrame:
        """The first of the fields that the catalog holds; using any but the first is recorded as a stand-in."""
        found = first_held(self, field, *stand_ins)
        if found is None:
            error = self.catalog.missing(field if isinstance(field, str) else field[0], self.symbols[0] if isinstance(field, str) else field[1])
            tried = ", ".join(key_words(one) for one in stand_ins)
            raise FieldError(error.asked, error.found + (f"; stand-ins not there either: {tried}" if tried else ""), error.do)
        if found != field and (standing := StandIn(key_words(field), key_words(found))) not in self.stand_ins:
            self.stand_ins.append(standing)
        return self[found]

    def wide(self, field: str, prefix: str = "") -> pd.DataFrame:
        """Every symbol that has the field (names starting with `prefix`): labels x those symbols."""
        if (field, prefix) not in self._wide:
            names = self.catalog.symbols(field, prefix)
            if not names:
                raise self.catalog.missing(field)
            self._wide[(field, prefix)] = pd.DataFrame(self._values(field, names), index=self.index, columns=names)
        return self._wide[(field, prefix)].copy(deep=False)  # pandas copies what is written to

    def spread(self, series: pd.Series) -> pd.DataFrame:
        """One series under every column of the panel, so that frames always combine."""
        values = np.repeat(series.to_numpy()[:, None], len(self.symbols), axis=1)
        return pd.DataFrame(values, index=self.index, columns=list(self.symbols))

    def events(self, symbol: str) -> pd.DataFrame:
        """The event table of a symbol (event_time, known_at, value), all rows; what may be used when is for the feature to respect."""
        rows = self._table("event", symbol)
        table = pd.DataFrame({"event_time": rows.event, "known_at": rows.known, "value": rows.values})
        return table.sort_values("event_time", kind="stable", ignore_index=True)

    def unlogged(self) -> PanelReader:
        """The same panel with a log of its own, sharing what has been read: what is asked of it leaves no trace in this one's."""
        other = copy.copy(self)
        other.used, other.stand_ins, other.noted, other._touched = dict(self.used), [], {}, {}
        return other

    def known_at(self, field: str, symbol: str) -> pd.Series:
        """When the value shown at each label became public (naive UTC; NaT where there is none)."""
        self._values(field, [symbol])
        rows = self._rows[(field, symbol)]
        known = self._table(field, symbol).known
        found = known[np.maximum(rows, 0)] if len(known) else np.full(len(rows), np.datetime64("NaT", "ns"))
        return pd.Series(np.where(rows >= 0, found, np.datetime64("NaT", "ns")), index=self.index)

    def event_time(self, field: str, symbol: str) -> pd.Series:
        """The event time of the value shown at each label."""
        self._values(field, [symbol])
        rows = self._rows[(field, symbol)]
        events = self._table(field, symbol).event
        found = events[np.maximum(rows, 0)] if len(events) else np.full(len(rows), np.datetime64("NaT", "ns"))
        return pd.Series(np.where(rows >= 0, found, np.datetime64("NaT", "ns")), index=self.index)

    def note(self, name: str, parameters: Parameters, result: object) -> None:
        """Remember a feature's result, for the trades' values at entry and exit."""
        words = ", ".join(f"{key}={value}" for key, value in parameters.items() if isinstance(value, (int, float, str, bool)))
        if not isinstance(result, tuple):
            self.noted[f"{name}({words})"] = result
        else:
            for part in getattr(result, "_fields", ()):
                self.noted[f"{name}({words}).{part}"] = getattr(result, part)

    def touched(self) -> dict[str, pd.DataFrame | pd.Series]:
        """The raw fields that were asked for: `field` -> frame where all the panel's symbols were, then `field of SYMBOL` -> series."""
        fields = dict.fromkeys(field for field, _ in self._touched)
        own = [field for field in fields if all((field, symbol) in self._touched for symbol in self.symbols)]
        frames: dict[str, pd.DataFrame | pd.Series] = {field: self[field] for field in own}
        others = [key for key in self._touched if key[0] not in own or key[1] not in self.symbols]
        return frames | {f"{field} of {symbol}": pd.Series(self._series[(field, symbol)], index=self.index) for field, symbol in others}

    def bars(self) -> TradedBars:
        """The bars the engine trades, adjusted for splits. FieldError where a symbol has none on this clock.

        Where opens are stale (`bases.stale_opens`), a bar is its close only.
        """
        if self._bars is None:
            self._bars = self._traded()
        return self._bars

    def _traded(self) -> TradedBars:
        self._announce("close", list(self.symbols), BAR_FIELDS[:4])
        prices = {field: self._traded_prices(field) for field in BAR_FIELDS[:4]}
        frames = {field: pd.DataFrame(values, self.index, list(self.symbols), copy=False) for field, values in prices.items()}
        stale = stale_opens(frames["open"], frames["close"]) if not self.clock.always else self._frame({}, False)
        if stale.to_numpy().any():
            for values in prices.values():
                np.copyto(values, prices["close"], where=stale.to_numpy())
        return TradedBars(**frames, funding=self._frame(self._funding(), 0.0), dividend=self._frame(self._dividends(), 0.0), stale=stale)

    def _traded_prices(self, field: str) -> np.ndarray:
        """Labels x symbols, by label as they happened. What was read for them is let go where nobody asked for the field."""
        out = np.empty((len(self.symbols), len(self.index)))
        self._announce(field, list(self.symbols))
        labels = self.index.to_numpy()
        for symbol, values in zip(self.symbols, out, strict=True):
            holder = self.catalog.holder(field, symbol, self.clock)
            if HOURS_PER_ROW.get(holder.declaration.frequency, 24) > HOURS_PER_BAR[self.clock.step]:
                has = f"dataset {holder.name} has {holder.declaration.frequency} bars"
                raise FieldError(f"{self.clock.step} bars of {symbol}", has, "use a longer STEP or import finer bars")
            values[:] = on_labels(labels, self._table(field, symbol))
        if not any(name == field for name, _ in self._touched):
            for reader in self._readers.values():
                reader.let_go(field)
        return np.ascontiguousarray(out.T)

    def _frame(self, columns: dict[int, np.ndarray], others: float) -> pd.DataFrame:
        """Labels x symbols of some columns, and one value in all others; of that value alone it takes no memory."""
        values = np.broadcast_to(others, (len(self.index), len(self.symbols)))
        if columns:
            values = values.copy()
            for column, one in columns.items():
                values[:, column] = one
        return pd.DataFrame(values, self.index, list(self.symbols), copy=False)

    def total_return(self, symbol: str) -> pd.Series:
        """Closes with dividends folded in, by label as they happened (not point in time): a provider's where there is one, else the symbol's closes."""
        found = self.catalog.holders("close", symbol, self.clock, FOLDED)
        self._folded.update((symbol, one) for one in found[:1])
        table = self._reader(found[0]).on(self.clock, "close", symbol) if found else self._table("close", symbol)
        return by_label(table).reindex(self.index)

    def speakers(self) -> dict[tuple[str, str], tuple[Speaker, ...]]:
        """Field and symbol -> which datasets answered for which labels, where there were several."""
        return {key: joined.speakers for key, joined in self._read().items() if len(joined.speakers) > 1}

    def datasets(self) -> list[tuple[str, str, Imported]]:
        """Field, symbol and dataset of everything that was read, those that only filled what the first lacked, or told of dividends, included."""
        found = [(field, symbol, holder) for (field, symbol), holder in self.used.items()]
        found += [("dividend", symbol, holder) for symbol, holder in self._folded.items()]
        for (field, symbol), joined in self._read().items():
            others = [one.dataset for one in joined.speakers if one.dataset != self.used[(field, symbol)].name]
            found += [(field, symbol, self.catalog.imported[name]) for name in others]
        return found

    def left_out(self) -> list[str]:
        """Datasets that hold a field that was read and were not joined, with the reason."""
        return sorted({reason for joined in self._read().values() for reason in joined.left_out})

    def _read(self) -> dict[tuple[str, str], Joined]:
        """What was joined of several datasets for this panel."""
        return {key: joined for key, joined in self._joined.items() if key in self.used}

    def live(self) -> pd.Timestamp | None:
        """The first date on which everything that was touched had been published as it happened; None where all of it always was."""
        touched = [self.used[key].declaration.live(*key) for key in self._touched if key in self.used]
        return max((date for date in touched if date is not None), default=None)

    def _splits(self, field: str, symbol: str) -> pd.Series:
        """New shares per old by ex-date: all of them; of prices as traded those up to the panel's last label, and after what has them folded in."""
        found, basis = by_label(self._table("split", symbol)), self.used[(field, symbol)].declaration.basis
        return found[(found.index > self._last_folded(field, symbol)) & (found.index <= self.index[-1])] if basis == "traded" else found

    def _dividends(self) -> dict[int, np.ndarray]:
        """Column -> dividends by label: the field's, else what traded and total-return closes imply; none where the closes have them folded in."""
        paid = {}
        for column, symbol in enumerate(self.symbols):
            if self.used[("close", symbol)].declaration.basis == FOLDED:
                continue
            if self.catalog.has("dividend", symbol):
                found = by_label(self._table("dividend", symbol))
                found = found[found.index > self._last_folded("close", symbol)]
                if self.catalog.has("split", symbol):
                    found = found / split_factor(pd.DatetimeIndex(found.index), self._splits("close", symbol))
            elif self.catalog.holders("close", symbol, self.clock, FOLDED):
                found = dividends_of(by_label(self._table("close", symbol)), self.total_return(symbol))
            else:
                continue
            paid[column] = found.reindex(self.index).fillna(0.0).to_numpy()
        return paid

    def _last_folded(self, field: str, symbol: str) -> pd.Timestamp:
        """The first label after the prices that have all folded in, before those as traded: a dividend or split up to then is in their returns already."""
        joined = self._joined.get((field, symbol))
        folded = [one.last for one in joined.speakers if self.catalog.imported[one.dataset].declaration.basis == FOLDED] if joined else []
        after = self.index[self.index > max(folded)] if folded else self.index[:0]
        return after[0] if len(after) else pd.Timestamp.min

    def ready(self) -> tuple[pd.Timestamp, pd.Timestamp]:
        """First and last label at which every touched field has a value (fields read with `wide` do not count)."""
        first, last = self.index[0], self.index[-1]
        for field, symbol in self._touched:
            there = np.flatnonzero(~np.isnan(self._values(field, [symbol])[:, 0]))
            if not len(there):
                raise RangeError(f"{field} of {symbol}", "has no value inside the panel's dates", "ask for another span or import more of it")
            first, last = max(first, self.index[there[0]]), min(last, self.index[there[-1]])
        if last < first:
            found = f"the latest starts {first:%Y-%m-%d}, the earliest ends {last:%Y-%m-%d}"
            raise RangeError("a span in which all fields are there", found, "import more history")
        return first, last

    def _funding(self) -> dict[int, np.ndarray]:
        """Column -> funding settled per bar, of the symbols that have any; NaN where it is missing (a hole is not 0)."""
        rates: dict[int, np.ndarray] = {}
        for column, symbol in enumerate(self.symbols):
            if self.catalog.has("funding_rate", symbol):
                self._table("funding_rate", symbol)  # says which datasets answer
                intervals = self._settlements("funding_interval_hours", symbol) if self.catalog.has("funding_interval_hours", symbol) else None
                rates[column] = settled_by_bar(self._settlements("funding_rate", symbol), intervals, self.clock, self.index)
        return rates

    def _settlements(self, field: str, symbol: str) -> FieldTable:
        """The rows of all datasets that answer, as they settled, not added up to bars."""
        holders = [one for one in self.catalog.holders(field, symbol, self.clock) if field in one.declaration.fields]
        return join([(one, self._reader(one).table(field, symbol)) for one in holders]).table

    def _values(self, field: str, symbols: list[str]) -> np.ndarray:
        out = np.empty((len(symbols), len(self.index)))
        self._announce(field, symbols)
        for at, symbol in enumerate(symbols):
            key = (field, symbol)
            if key not in self._series:
                table = self._table(field, symbol)
                self._rows[key] = self._asof(key, table)
                self._series[key] = np.concatenate((table.values, MISSING))[self._rows[key]]  # row -1 takes the last one
            out[at] = self._series[key]
        return out.T

    def _announce(self, field: str, symbols: list[str], fields: tuple[str, ...] = ()) -> None:
        """Tells each dataset which symbols will be asked of it (for `fields`, where it has them), so that it reads them together."""
        wanted: dict[str, list[str]] = {}
        for symbol in symbols:
            if fields or (field, symbol) not in self._series:
                folded = self.catalog.holders(field, symbol, self.clock, FOLDED) if field in PRICES else []
                for holder in self.catalog.holders(field, symbol, self.clock) + folded:
                    wanted.setdefault(holder.name, []).append(symbol)
        for name, some in wanted.items():
            self._reader(self.catalog.imported[name]).need(some, fields)

    def _asof(self, key: tuple[str, str], table: FieldTable) -> np.ndarray:
        """Rows shown at each decision; fields of one dataset with equal rows and ages share the answer."""
        holder = self.used[key]
        age = holder.declaration.fields[key[0]].max_age
        shared = (holder.name, key[1], age)
        if table.whole and shared in self._shared:
            return self._shared[shared]
        alike, found = self._alike
        times = (table.event, table.known, table.stale)
        rows = found if all(map(np.array_equal, times, alike)) else asof_rows(*times, self.decisions)  # many symbols have the same rows
        self._alike = times, rows
        if table.whole:
            self._shared[shared] = rows
        return rows

    def _table(self, field: str, symbol: str) -> FieldTable:
        """What a field's datasets hold for a symbol. Prices as traded are told in shares of the panel's last label, so that no return jumps at a split."""
        table = self._joined_table(field, symbol)
        if field not in PRICES or not self.catalog.has("split", symbol) or self.used[(field, symbol)].declaration.basis != "traded":
            return table
        factor = split_factor(pd.DatetimeIndex(table.event), self._splits(field, symbol))
        folded = table.event < self._last_folded(field, symbol).to_datetime64()  # whose volume is in shares of today already
        return replace(table, values=table.values * np.where(folded, 1.0, factor) if field == "volume" else table.values / factor)

    def _joined_table(self, field: str, symbol: str) -> FieldTable:
        key = (field, symbol)
        holders = self.catalog.holders(field, symbol, self.clock)
        self.used[key] = holders[0]
        if field not in holders[0].declaration.fields:
            raise FieldError(f"field {field!r}", f"dataset {holders[0].name} holds it and no longer declares it", "declare it in its dataset.toml")
        before = self.catalog.holders(field, symbol, self.clock, FOLDED)[:1] if field in PRICES and holders[0].declaration.basis != FOLDED else []
        if len(holders) == 1 and not before:
            return self._reader(holders[0]).on(self.clock, field, symbol)
        if key not in self._joined:
            declared = [one for one in holders if field in one.declaration.fields]
            joined = join([(one, self._reader(one).on(self.clock, field, symbol)) for one in declared])
            self._joined[key] = preceded(joined, self._scaled(before[0], field, symbol), before[0]) if before else joined
        return self._joined[key].table

    def _scaled(self, folded: Imported, field: str, symbol: str) -> FieldTable:
        """Prices with dividends folded in, scaled to meet those as traded at their first common close; volume as it is."""
        table = self._reader(folded).on(self.clock, field, symbol)
        if field == "volume":
            return table
        holders = self.catalog.holders("close", symbol, self.clock)
        traded = by_label(join([(one, self._reader(one).on(self.clock, "close", symbol)) for one in holders]).table)
        return replace(table, values=table.values * scale_to_meet(traded, by_label(self._reader(folded).on(self.clock, "close", symbol))), whole=False)

    def _reader(self, holder: Imported) -> Reader:
        return self._readers.setdefault(holder.name, Reader(holder))


def open_panel(catalog: Catalog, symbols: Iterable[str], clock: Clock | None = None, start: Moment | None = None, end: Moment | None = None) -> PanelReader:
    """A panel over the span in which any of `symbols` has a close (or the first field any dataset holds for it).

    `start`, `end` narrow the index itself; leave them out to keep the history that trailing windows need.
    """
    clock, names = clock or Clock(), tuple(dict.fromkeys(symbols))
    spans = [span for name in names for span in _spans(catalog, name, clock)]
    if not spans:
        raise catalog.missing("close", names[0] if names else None)
    first = read_date(start) if start is not None else min(pd.Timestamp(span[0]) for span in spans)
    last = read_end(end) if end is not None else max(pd.Timestamp(span[1]) for span in spans)
    index = clock.labels(first.normalize(), last)
    if not len(index):
        raise RangeError(f"{first:%Y-%m-%d} to {last:%Y-%m-%d}", f"no {clock.name} labels in it", "widen --from and --to")
    return PanelReader(catalog, names, clock, index)


def _spans(catalog: Catalog, symbol: str, clock: Clock) -> list[SymbolSpan]:
    for field in ("close", "value"):
        if catalog.has(field, symbol):
            folded = catalog.holders(field, symbol, clock, FOLDED) * (field in PRICES)
            return [one.spans(field)[symbol] for one in catalog.holders(field, symbol, clock) + folded]
    raise catalog.missing("close", symbol)
