"""The Treasury's daily par yield curve: `Date,"1 Mo",...,"10 Yr",...` a year, newest first, mm/dd/yyyy, percent.

Symbols are those of FRED for the same yields (10 Yr is DGS10), which takes them from here a day later. Published after 15:30 New York of the day; at times
in the evening. https://home.treasury.gov/resource-center/data-chart-center/interest-rates
"""

from __future__ import annotations

from pathlib import Path

from flowbt.data.sources.base import Options, RawTable, read_sheet
from flowbt.data.sources.cboe_index import dates
from flowbt.data.sources.request import Download, Wanted
from flowbt.ground.errors import SourceError

OPTIONS: tuple[str, ...] = ()
URL = (
    "https://home.treasury.gov/resource-center/data-chart-center/interest-rates/daily-treasury-rates.csv/{year}/all"
    "?type=daily_treasury_yield_curve&field_tdr_date_value={year}&page&_format=csv"
)


def parse(path: Path, options: Options) -> RawTable:
    """Field value, percent, of DGS1MO .. DGS30."""
    sheet = read_sheet(path).require("Date")
    columns = {name: symbol for name in map(str, sheet.frame.columns) if (symbol := _symbol(name))}
    if not columns:
        raise SourceError(path.name, f"no yields among {', '.join(map(str, sheet.frame.columns[:6]))}", "check that it is the Treasury's par yield curve")
    return sheet.wide(dates(sheet, "Date"), columns, "value")


def requests(wanted: Wanted) -> list[Download]:
    """One file a year."""
    first, last = wanted.days()
    return [Download(URL.format(year=year), f"yields-{year}.csv") for year in range(first.year, last.year + 1)]


def _symbol(column: str) -> str:
    count, _, unit = column.partition(" ")
    return f"DGS{count}" if unit == "Yr" and count.isdigit() else f"DGS{count}MO" if unit in ("Mo", "Month") and count.replace(".", "").isdigit() else ""
