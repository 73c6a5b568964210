"""Monthly survey series such as ISM, dated the first of the reference month (not the release).

Layouts: `Date,Value`; by sector, `Date,Sector,Value` (or Industry) or one column per sector. A sector's symbol is `ISM_PMI:Machinery`.
"""

from __future__ import annotations

from pathlib import Path

from flowbt.data.sources.base import Options, RawTable, Sheet, read_sheet, symbol_of
from flowbt.data.sources.given import names_of

OPTIONS = ("symbol", "field", "columns")
SECTOR = ("Sector", "Industry")


def parse(path: Path, options: Options) -> RawTable:
    """Field value (or the option `field`) of the option symbol, or of `symbol:sector`. Option columns: the sectors wanted of a file with a column each.

    A date that is not the first of a month is a finding.
    """
    sheet = read_sheet(path).require("Date")
    symbol, field = symbol_of(options, path), str(options.get("field", "value"))
    times = sheet.times("Date")
    sheet.note("off_month", "not the first of a month: is it the release date?", times.dt.day != 1)
    sector = next((name for name in SECTOR if name in sheet.frame.columns), "")
    if sector:
        names = sheet.require("Value").frame[sector].astype("str").str.strip()
        return sheet.long(times, symbol + ":" + names, {field: sheet.numbers("Value")})
    if "Value" in sheet.frame.columns:
        return sheet.long(times, symbol, {field: sheet.numbers("Value")})
    return sheet.wide(times, _sectors(sheet, options, symbol), field)


def _sectors(sheet: Sheet, options: Options, symbol: str) -> dict[str, str]:
    wanted = names_of(options, "columns")
    sheet.require(*(wanted or ["Value"]))  # columns are taken for sectors where they are named, never by themselves
    return {name: f"{symbol}:{name}" for name in wanted}
