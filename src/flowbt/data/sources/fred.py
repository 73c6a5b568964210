"""FRED csv: one series (`observation_date,DGS10`, or `date,value`, old header `DATE,DGS10`) and wide panels of many series.

A point or nothing stands for no value (holidays). FRED serves the latest vintage of each series: revised series carry later knowledge,
so a dataset of them declares vintage = "latest". https://fred.stlouisfed.org/docs/api/fred/
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from flowbt.data.sources.base import Options, RawTable, read_sheet, symbol_of
from flowbt.data.sources.cboe_index import dates
from flowbt.data.sources.given import names_of, pairs_of
from flowbt.data.sources.request import Download, Wanted
from flowbt.ground.errors import SourceError

OPTIONS = ("symbol", "columns", "field")
URL = "https://fred.stlouisfed.org/graph/fredgraph.csv?id={symbol}"


def parse(path: Path, options: Options) -> RawTable:
    """Field value (or the option `field`) of one symbol per column, percent or units as published.

    Options: symbol (for a `date,value` file, or to rename the series); columns (a mapping from column to symbol, or a list) picks from a panel.
    """
    sheet = read_sheet(path)
    date = next((str(name) for name in sheet.frame.columns if str(name).lower() in ("observation_date", "date", "fecha")), None)
    if date is None:
        raise SourceError(path.name, f"no date column among {', '.join(map(str, sheet.frame.columns[:4]))}", "check that it is a FRED csv")
    series = [str(name) for name in sheet.frame.columns if name != date]
    chosen = names_of(options, "columns")
    if chosen:
        columns = pairs_of(options, "columns") if isinstance(options["columns"], Mapping) else {name: name for name in chosen}
        sheet.require(*columns)
    elif len(series) == 1:
        named = "symbol" not in options and series[0].lower() != "value"
        columns = {series[0]: series[0].upper() if named else symbol_of(options, path)}
    else:
        columns = {name: name for name in series}
    return sheet.wide(dates(sheet, date), columns, str(options.get("field", "value")))


def requests(wanted: Wanted) -> list[Download]:
    """One file per series, from --from on where given. The latest vintage."""
    since = f"&cosd={wanted.start}" if wanted.start else ""
    return [Download(URL.format(symbol=symbol) + since, f"{symbol}.csv") for symbol in wanted.named("DGS10")]
