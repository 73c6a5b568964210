"""Cboe index history files: `DATE,OPEN,HIGH,LOW,CLOSE`, `DATE,<INDEX>`, and many indices joined (`date,VIX1D,OVX,...`).

Published after the close (VIX is computed to 16:15 New York). Dates are mm/dd/yyyy, ISO in joined files. Values in vol points.
Early rows have open = high = low = close; open or close outside high and low occurs as published.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from flowbt.data.sources.base import Options, RawTable, Sheet, read_sheet
from flowbt.data.sources.given import names_of
from flowbt.data.sources.request import Download, Wanted
from flowbt.ground.errors import SourceError

OPTIONS = ("symbol", "time", "suffix", "columns")
URL = "https://cdn.cboe.com/api/global/us_indices/daily_prices/{symbol}_History.csv"
OHLC = ("open", "high", "low", "close")


def parse(path: Path, options: Options) -> RawTable:
    """Field close (and open, high, low) of the index named by the file, or of every column of a joined file.

    Options: symbol (else from the file's name or header); time (date column); suffix (stripped from column names, such as `_close`);
    columns (those wanted of a joined file).
    """
    sheet = read_sheet(path)
    named = {str(column).lower(): str(column) for column in sheet.frame.columns}
    date = str(options.get("time") or named.get("date") or named.get("observation_date") or named.get("fecha") or "DATE")
    times = dates(sheet.require(date), date)
    if all(name in named for name in OHLC):
        symbol = str(options.get("symbol") or path.name.split("_")[0])
        return sheet.long(times, symbol, {name: sheet.numbers(named[name]) for name in OHLC})
    suffix = str(options.get("suffix", ""))
    wanted = set(names_of(options, "columns"))
    columns = {str(c): str(c).removesuffix(suffix) for c in sheet.frame.columns if c != date and str(c).endswith(suffix)}
    columns = {column: name for column, name in columns.items() if not wanted or name in wanted}
    if not columns:
        raise SourceError(path.name, "no index column", "check that the file is a Cboe index history")
    if "symbol" in options and len(columns) == 1:
        columns = {next(iter(columns)): str(options["symbol"])}
    return sheet.wide(times, columns, "close")


def requests(wanted: Wanted) -> list[Download]:
    """The history of each symbol, such as VIX, VIX9D, VIX3M, VVIX, SKEW."""
    return [Download(URL.format(symbol=symbol), f"{symbol}_History.csv") for symbol in wanted.named("VIX")]


def dates(sheet: Sheet, column: str) -> pd.Series:
    """Dates written mm/dd/yyyy, m/d/yyyy or ISO, told apart by the first row; a row written otherwise, or a month above 12, is a finding, never guessed."""
    slashes = bool(re.match(r"\s*\d{1,2}/", str(sheet.frame[column].iloc[0])))
    return sheet.times(column, "%m/%d/%Y" if slashes else None)
