"""Any csv, Parquet, Feather or JSON table, with the mapping given by the import: long (a symbol column, or one symbol) or wide."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from flowbt.data.sources.table import Options, RawTable, Sheet, read_sheet, symbol_of
from flowbt.errors import SourceError


def parse(path: Path, options: Options) -> RawTable:
    """Fields as mapped. Options: time (column), map ({field: column}), symbol or symbol_column, wide (a field: every other column is a symbol),

    time_format (strptime), time_unit (s, ms, us: epoch numbers), known (a column of publication instants), sep, skip, scale ({field: factor}),
    columns (of a wide table), rename ({the file's symbol: ours}).
    """
    sheet = read_sheet(path, sep=str(options.get("sep", ",")), skip=int(options.get("skip", 0)))
    time = str(options.get("time") or "")
    if not time:
        raise SourceError(path.name, "no time column named", "give it with --time")
    times = _times(sheet.require(time), time, options)
    rename = dict(options.get("rename", {}))
    if field := options.get("wide"):
        wanted = set(options.get("columns", ()))
        columns = {str(c): str(rename.get(c, c)) for c in sheet.frame.columns if c not in (time, "row") and (not wanted or c in wanted)}
        return sheet.wide(times, columns, str(field))
    fields = _fields(sheet, options)
    known = _times(sheet.require(str(options["known"])), str(options["known"]), options) if options.get("known") else None
    if column := options.get("symbol_column"):
        symbol: str | pd.Series = sheet.require(str(column)).frame[str(column)].astype("str").str.strip().replace(rename)
    else:
        symbol = symbol_of(options, path)
    return sheet.long(times, symbol, fields, known)


def _times(sheet: Sheet, column: str, options: Options) -> pd.Series:
    if unit := options.get("time_unit"):
        return sheet.epoch(column, str(unit))
    return sheet.times(column, options.get("time_format"))


def _fields(sheet: Sheet, options: Options) -> dict[str, pd.Series]:
    mapping = dict(options.get("map", {}))
    if not mapping:
        raise SourceError(sheet.path.name, "no columns mapped to fields", "give --map field=column, or --wide field")
    sheet.require(*mapping.values())
    scale = dict(options.get("scale", {}))
    return {field: sheet.numbers(column) * float(scale.get(field, 1.0)) for field, column in mapping.items()}
