"""`flowbt data add`: look at a file, say what was understood, ask what remains, and bring it in.

1. The file is read: dialect, encoding, header, dates, numbers. What has two readings is refused with its row.
2. What nothing says (symbol, when the rows were published) is a `Question`; an option or an answer settles it, and dataset.toml keeps it.
3. Values that cannot be in the unit or sign of what the catalog has of the same field are refused.
4. The import is the usual one: into what is there, as a new version.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from flowbt.data.catalog import Catalog, Imported
from flowbt.data.declare import Dataset, field_name, parse_declaration, read_declaration
from flowbt.data.ingest.plan import PlanDataset, PlanFile
from flowbt.data.sources import messy
from flowbt.data.sources.base import RawTable, parsing
from flowbt.data.sources.textgrid import Grid, read_grid
from flowbt.data.versions import dataset_name
from flowbt.ground.clock import Clock
from flowbt.ground.errors import DatasetError, ParameterError, RefusedImport, SourceError
from flowbt.ground.fields import FIELDS
from flowbt.ground.files import hash_file, real
from flowbt.ground.types import Json, JsonView
from flowbt.studies.ingest.arrival import Arrival
from flowbt.studies.ingest.files import publication_rule
from flowbt.studies.ingest.ingest import ImportOutcome, import_dataset

MAX_AGE = {"session": "1 session", "day": "1D", "1h": "3h", "4h": "12h", "8h": "9h", "week": "8D", "month": "35D", "irregular": "7D"}
ANY = "--any-size brings it in as it is"
FEWEST, MOST = 5, 50  # common labels that can be compared; symbols that are
USUAL = {  # of a known field by its unit: the sizes between which the median of its values lies, whatever the market
    "fraction": (0.0, 1.0), "fraction per interval": (0.0, 0.005), "percent": (1.5, 200.0), "vol points": (1.5, 1000.0)
}  # fmt: skip
APART = 30.0  # a field is in another unit where its usual size is so many times that of its sisters


@dataclass(frozen=True)
class Wishes:
    """What was said of a file: reading options, and of a new dataset its publication rule, calendar, frequency and the units of its fields."""

    name: str
    reading: JsonView = field(default_factory=dict)
    publication: str = ""
    clock: str = ""
    frequency: str = ""
    max_age: str = ""
    units: Mapping[str, str] = field(default_factory=dict)
    any_size: bool = False


@dataclass(frozen=True)
class Question:
    """Something the file does not say. `key` names the option that says it."""

    key: str
    text: str


@dataclass(frozen=True)
class Look:
    """What was understood of a file: how it is read, its rows, its calendar; and what remains to be asked."""

    path: Path
    grid: Grid
    reading: Json
    table: RawTable | None
    clock: str
    frequency: str
    questions: tuple[Question, ...]
    sha256: str = ""  # of the file as it was read

    def lines(self) -> list[str]:
        """The preview, for people."""
        grid = self.grid
        names = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
        out = [f"{self.path.name}: {len(grid.rows):,} rows, {grid.encoding}, {names.get(grid.delimiter, grid.delimiter)}, columns from line {grid.header}"]
        if grid.left_out:
            out.append(f"  left out   {len(grid.left_out)} lines around the table, such as {grid.left_out[0][:60]!r}")
        out.append(f"  time       {self.reading['time']}" + (f", {self.frequency} rows, clock {self.clock}" if self.clock else ""))
        out.append(f"  symbol     {self.reading.get('symbol_column') or self.reading.get('symbol') or ('the columns' if 'wide' in self.reading else '?')}")
        for name, column in self.mapping.items():
            units = FIELDS[name].units if name in FIELDS else "your own field"
            shown = ", ".join(f"{value:g}" for value in self.table.frame[name].head(3)) if self.table is not None and name in self.table.frame else ""
            out.append(f"  {name:10} {column!r} ({units}): {shown}")
        if self.table is None:
            return out
        if unused := messy.unused(grid, self.reading):
            out.append(f"  not taken  {', '.join(unused[:8])}{' ...' if len(unused) > 8 else ''}")
        return out + [f"  granted    {line}" for line in messy.granted(grid, self.reading)]

    @property
    def mapping(self) -> dict[str, str]:
        """Field -> its column; of a wide file the field and what its columns are."""
        return {str(self.reading["wide"]): "a column per symbol"} if self.reading.get("wide") else dict(self.reading.get("map", {}))


def look(path: Path, wishes: Wishes, root: Path) -> Look:
    """Read a file and find what it does not say. SourceError, with the row, for what cannot be read or has two readings."""
    with parsing(path, "a table"):
        return _look(path, wishes, root)


def _look(path: Path, wishes: Wishes, root: Path) -> Look:
    declared = declared_at(wishes, root)
    reading = {**(declared.reading if declared else {}), **wishes.reading}
    read = hash_file(path) if path.is_file() else ""
    grid = read_grid(path, reading)
    reading["time"] = reading.get("time") or messy.time_column(grid)
    if not any(reading.get(key) for key in ("symbol", "symbol_column", "wide")) and (column := messy.symbol_column(grid)):
        reading["symbol_column"] = column
    questions = _of_columns(grid, reading)
    if not any(reading.get(key) for key in ("symbol", "symbol_column", "wide")) and "map" in reading:
        column, word = messy.perhaps_symbols(grid)
        hint = f" (column {column!r} holds {word}: if it names them, say --symbol-column {shlex.quote(column)})" if column else ""
        questions.append(Question("symbol", f"which symbol are the rows about?{hint}"))
    if declared is None and not wishes.publication:
        questions.append(Question("publication", "when did a row become public? (close, session 18:00, session 1 09:00, after 1h, month 1 10:00)"))
    if "map" not in reading and "wide" not in reading:
        return Look(path, grid, reading, None, "", "", tuple(questions))
    reading |= messy.proved(grid, reading)
    table = messy.table_of(grid, {"symbol": "?", **reading})
    clock, frequency = (declared.clock, declared.frequency) if declared else calendar_of(pd.DatetimeIndex(table.frame["event_time"]), wishes)
    return Look(path, grid, reading, table, clock, frequency, tuple(questions), read)


def _of_columns(grid: Grid, reading: Json) -> list[Question]:
    """Finds which columns are which fields (`reading["map"]`), and what has to be asked of them."""
    questions = []
    if not reading.get("map") and not reading.get("wide"):
        columns = messy.number_columns(grid, (reading["time"], str(reading.get("symbol_column", ""))))
        if not reading.get("symbol_column") and messy.are_symbols(columns):
            shown = ", ".join(columns[:4]) + (" ..." if len(columns) > 4 else "")
            return [Question("wide", f"the columns {shown} look like symbols: which field do they hold? (such as close; --map where they are fields)")]
        if not columns:
            raise SourceError(grid.path.name, f"no column of numbers among {', '.join(grid.columns[:8])}", "say which with --map FIELD=COLUMN")
        reading["map"] = messy.by_name(columns, grid)
    for name in reading.get("map") or (reading["wide"],):
        try:
            field_name(name)
        except ValueError as error:
            raise ParameterError(f"--map {name}", str(error), "for example --map flow='Net flow'") from None
    for name, column, factor in messy.scale_questions(reading):
        what = f"column {column!r} speaks of {factor:g} where {name} is in {FIELDS[name].units}: by what are its numbers multiplied?"
        questions.append(Question("scale", f"{what} ({name}={factor:g} or {name}=1)"))
    return questions


def declared_at(wishes: Wishes, root: Path) -> Dataset | None:
    folder = root / dataset_name(wishes.name)
    return read_declaration(folder) if (folder / "dataset.toml").exists() else None


def add(seen: Look, wishes: Wishes, root: Path, arrival: Arrival | None = None) -> ImportOutcome:
    """Bring a file in that leaves no question. DatasetError names the options where one is open."""
    if seen.questions:
        asked = " and ".join(f"--{question.key}" for question in seen.questions)
        raise DatasetError(f"{seen.path.name} as dataset {wishes.name}", "; ".join(question.text for question in seen.questions), f"say it with {asked}")
    declaration = declared_at(wishes, root) or _declaration(seen, wishes)
    if not wishes.any_size and seen.table is not None:
        like_sisters(seen.table, Catalog((root,)), wishes.name)
        in_unit(seen.table)
    entry = PlanFile(path=str(real(seen.path)), source="messy", options=seen.reading)
    arrival = replace(arrival or Arrival(), parsed=(seen.sha256, seen.table) if seen.table is not None else None)
    return import_dataset(PlanDataset(name=wishes.name, files=(entry,)), Path("/"), declaration, root, arrival)


def calendar_of(times: pd.DatetimeIndex, wishes: Wishes) -> tuple[str, str]:
    """Clock and frequency that the rows' times show, unless they were said."""
    days = times.normalize()
    unique = pd.DatetimeIndex(np.unique(times))
    gap = pd.Series(unique).diff().median() if len(unique) > 1 else pd.Timedelta(days=1)
    dated = bool((times == days).all())
    weekends = bool((days.day_of_week >= 5).any())
    if not dated:
        clock = "24/7"
        hours = {1: "1h", 4: "4h", 8: "8h"}.get(int(gap / pd.Timedelta(hours=1)))
        frequency = hours if hours and bool(Clock("24/7", "1h").is_label(unique).all()) and bool((unique.hour % int(hours[0]) == 0).all()) else "irregular"
    elif gap >= pd.Timedelta(days=26):
        clock, frequency = "XNYS", "month"
    elif gap >= pd.Timedelta(days=6):
        clock, frequency = "XNYS", "week"
    elif weekends:
        clock, frequency = "24/7", "day"
    else:
        clock = "XNYS"
        frequency = "session" if gap <= pd.Timedelta(days=4) and bool(Clock("XNYS").is_label(unique).all()) else "irregular"
    return wishes.clock or clock, wishes.frequency or frequency


def in_unit(table: RawTable) -> None:
    """RefusedImport where a known field's usual size cannot be in its unit: percents for a fraction, fractions for percents."""
    for one in (name for name in table.fields if name in FIELDS and FIELDS[name].units in USUAL):
        sizes, units = table.frame[one].abs(), FIELDS[one].units
        low, high = USUAL[units]
        if not low <= (usual := float(sizes[sizes > 0].median())) <= high and usual == usual:
            raise RefusedImport(f"field {one!r}", f"its usual size is {usual:g}, and it is in {units}", f"say --scale {one}=FACTOR; {ANY}")


def like_sisters(table: RawTable, catalog: Catalog, name: str) -> None:
    """RefusedImport where a field's sign or size cannot be that of the same field in other datasets."""
    for one in table.fields:
        values = table.frame.loc[table.frame[one].notna(), ["symbol", "event_time", one]]
        for sister in [other for other in catalog.imported.values() if other.name != name and other.spans(one)] if len(values) else ():
            _like(one, values, sister)


def _like(one: str, values: pd.DataFrame, sister: Imported) -> None:
    """On the latest labels both have; where these are few, by the span of all the other has."""
    there = sister.spans(one)
    same = [symbol for symbol in values["symbol"].unique() if symbol in there][:MOST] or list(there)[:MOST]
    held = sister.read(["symbol", "event_time", one], same).dropna(subset=[one]).astype({"symbol": "str"})
    both = values.merge(held, on=["symbol", "event_time"], suffixes=("", " there")).sort_values("event_time").tail(250)
    a, b = both[one], both[f"{one} there"]
    there_and_not_0 = (a != 0) & (b != 0)
    if there_and_not_0.sum() >= FEWEST:
        where, ratio = f"on {int(there_and_not_0.sum())} labels that dataset {sister.name} has too", (a / b)[there_and_not_0]
        if (ratio < 0).mean() >= 0.8:
            raise RefusedImport(f"field {one!r}", f"{(ratio < 0).mean():.0%} of its signs are the other way round {where}", f"is the sign another? {ANY}")
        if not 1 / APART <= ratio.abs().median() <= APART:
            raise RefusedImport(f"field {one!r}", f"it is {ratio.abs().median():.4g} times as large {where}", f"is the unit another? {ANY}")
        return
    mine, other = values[one], held[one]
    near = f"dataset {sister.name} has {other.quantile(0.01):g} to {other.quantile(0.99):g}"
    sides = (float((other < 0).mean()), float((mine < 0).mean()))
    if (sides[0] == 0 and sides[1] > 0.5) or (sides[0] > 0.99 and sides[1] < 0.5):
        raise RefusedImport(f"field {one!r}", f"{sides[1]:.0%} of the values are negative, {near}", f"is the sign another? {ANY}")
    sizes, usual = other.abs().quantile([0.01, 0.99]), float(mine.abs().median())
    if one not in _FREE and sizes.iloc[1] > 0 and (usual > APART * sizes.iloc[1] or 0 < usual < sizes.iloc[0] / APART):
        raise RefusedImport(f"field {one!r}", f"its usual size is {usual:g}, {near}", f"is the unit another? {ANY}")


_FREE = ("open", "high", "low", "close", "volume", "value", "event", "member_close", "member_volume")  # of any size from symbol to symbol


def _declaration(seen: Look, wishes: Wishes) -> Dataset:
    rules = {
        name: {
            "units": wishes.units.get(name, FIELDS[name].units if name in FIELDS else ""),
            "max_age": wishes.max_age or MAX_AGE.get(seen.frequency, "1 session"),
        }
        for name in seen.mapping
    }
    raw = {"title": f"{wishes.name} (from {seen.path.name})", "source": "messy", "clock": seen.clock, "frequency": seen.frequency, "reading": seen.reading}
    return parse_declaration(wishes.name, {**raw, "publication": publication_rule(wishes.publication), "fields": rules})
