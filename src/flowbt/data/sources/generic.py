"""Any csv, Parquet, Feather or JSON table, with the mapping given by the import: long (a symbol column, or one symbol) or wide."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from flowbt.data.sources.base import Options, RawTable, Sheet, known_options, read_sheet, symbol_of
from flowbt.data.sources.given import factors_of, names_of, number_of, pairs_of
from flowbt.ground.errors import SourceError

OPTIONS = (
    *("time", "map", "symbol", "symbol_column", "wide", "time_format", "time_unit", "known", "sep", "skip", "scale", "columns"),
    *("rename", "symbols", "where", "suffix", "sum"),
)


def parse(path: Path, options: Options) -> RawTable:
    """Fields as mapped. Options: time (column), map ({field: column}), symbol or symbol_column, wide (a field: every other column is a symbol),

    time_format (strptime), time_unit (s, ms, us: epoch numbers), known (a column of publication instants), sep, skip, scale ({field: factor}),
    columns (of a wide table), rename ({the file's symbol: ours}), symbols (of a symbol column: only these, the file's names), where
    ({column: value}: only these rows), suffix (added to symbols), sum (a bar such as "1D": rows are events, summed to bars, 0 for bars
    without any between the first and the last).
    """
    sheet = read_sheet(path, sep=str(options.get("sep", ",")), skip=int(number_of(options, "skip", 0)))
    known_options(path.name, options, OPTIONS)
    time = str(options.get("time") or "")
    if not time:
        raise SourceError(path.name, "no time column named", "give it with --time")
    sheet.require(time)
    sheet = _filtered(sheet, options)
    times = _times(sheet, time, options)
    rename = pairs_of(options, "rename")
    if field := options.get("wide"):
        wanted = set(names_of(options, "columns"))
        columns = {str(c): str(rename.get(c, c)) for c in sheet.frame.columns if c != time and (not wanted or c in wanted)}
        return sheet.wide(times, columns, str(field))
    fields = _fields(sheet, options)
    known = _times(sheet.require(str(options["known"])), str(options["known"]), options) if options.get("known") else None
    if column := options.get("symbol_column"):
        symbol: str | pd.Series = sheet.require(str(column)).frame[str(column)].astype("str").str.strip().replace(rename)
    else:
        symbol = symbol_of(options, path)
    table = sheet.long(times, symbol + str(options.get("suffix", "")), fields, known)
    return summed(table, str(options["sum"])) if options.get("sum") else table


def summed(table: RawTable, bar: str) -> RawTable:
    """Events as sums per bar; of each symbol, bars without events between the first and the last are 0."""
    rows = table.frame.assign(event_time=table.frame["event_time"].dt.floor(bar))
    parts = []
    for symbol, events in rows.groupby("symbol", observed=True):
        bars = events.groupby("event_time").agg({"row": "min", **dict.fromkeys(table.fields, "sum")})
        full = bars.reindex(pd.date_range(bars.index[0], bars.index[-1], freq=bar, unit="ns"), fill_value=0)
        parts.append(full.rename_axis("event_time").reset_index().assign(symbol=str(symbol)))
    return RawTable(pd.concat(parts, ignore_index=True), table.findings) if parts else table


def _filtered(sheet: Sheet, options: Options) -> Sheet:
    wanted = {column: [value] for column, value in pairs_of(options, "where").items()}
    if "symbols" in options and "symbol_column" in options:
        wanted[str(options["symbol_column"])] = names_of(options, "symbols")
    for column, values in wanted.items():
        sheet = sheet.take(sheet.require(column).frame[column].astype("str").str.strip().isin(values))
    if not len(sheet.frame):
        raise SourceError(sheet.path.name, f"no row with {', '.join(f'{column} {values}' for column, values in wanted.items())}", "check where and symbols")
    return sheet


def _times(sheet: Sheet, column: str, options: Options) -> pd.Series:
    if unit := options.get("time_unit"):
        return sheet.epoch(column, str(unit))
    return sheet.times(column, str(options.get("time_format") or "") or None)


def _fields(sheet: Sheet, options: Options) -> dict[str, pd.Series]:
    mapping = pairs_of(options, "map")
    if not mapping:
        raise SourceError(sheet.path.name, "no columns mapped to fields", "give --map field=column, or --wide field")
    sheet.require(*mapping.values())
    scale = factors_of(options, "scale")
    return {field: sheet.numbers(column) * scale.get(field, 1.0) for field, column in mapping.items()}
