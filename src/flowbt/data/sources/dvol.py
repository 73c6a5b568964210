"""Deribit DVOL (30-day implied volatility index), daily closes in vol points: csv `date,dvol` or JSON `[[ms, dvol]]`."""

from __future__ import annotations

from pathlib import Path

from flowbt.data.sources.table import Options, RawTable, read_sheet
from flowbt.errors import SourceError


def parse(path: Path, options: Options) -> RawTable:
    """Field close of the symbol DVOL (or the option symbol)."""
    sheet = read_sheet(path)
    symbol = str(options.get("symbol", "DVOL"))
    if {"date", "dvol"} <= set(sheet.frame.columns):
        return sheet.long(sheet.times("date"), symbol, {"close": sheet.numbers("dvol")})
    if set(sheet.frame.columns) == {"0", "1", "row"}:
        return sheet.long(sheet.epoch("0", "ms").dt.normalize(), symbol, {"close": sheet.numbers("1")})
    raise SourceError(path.name, "neither date,dvol nor [[ms, dvol]]", "check that it is a DVOL file")
