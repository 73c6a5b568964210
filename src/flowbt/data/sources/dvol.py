"""Deribit DVOL (30-day implied volatility index), daily closes in vol points: csv `date,dvol`, JSON `[[ms, dvol]]`, or the API's candles."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from flowbt.data.sources.base import Options, RawTable, read_sheet
from flowbt.data.sources.request import Download, Wanted
from flowbt.ground.errors import SourceError

OPTIONS = ("symbol",)
URL = "https://www.deribit.com/api/v2/public/get_volatility_index_data?currency={currency}&start_timestamp={start}&end_timestamp={end}&resolution=1D"


def parse(path: Path, options: Options) -> RawTable:
    """Field close of the symbol DVOL (or the option symbol). Candles `[ms, open, high, low, close]` give their close."""
    sheet = read_sheet(path)
    symbol = str(options.get("symbol", "DVOL"))
    names = set(sheet.frame.columns)
    if {"date", "dvol"} <= names:
        return sheet.long(sheet.times("date"), symbol, {"close": sheet.numbers("dvol")})
    if names in ({"0", "1"}, {"0", "1", "2", "3", "4"}):
        return sheet.long(sheet.epoch("0", "ms").dt.normalize(), symbol, {"close": sheet.numbers(max(names))})
    raise SourceError(path.name, "neither date,dvol nor [[ms, dvol]]", "check that it is a DVOL file")


def requests(wanted: Wanted) -> list[Download]:
    """Years of each currency (BTC, ETH), within the span."""
    first, last = wanted.days()
    found = []
    for currency in wanted.named("BTC"):
        for year in range(first.year, last.year + 1):
            start, end = max(first, pd.Timestamp(year, 1, 1)), min(last + pd.Timedelta(days=1), pd.Timestamp(year + 1, 1, 1))
            url = URL.format(currency=currency, start=start.value // 10**6, end=end.value // 10**6 - 1)
            found.append(Download(url, f"DVOL-{currency}-{year}.json"))
    return found
