"""Daily bars as Yahoo serves them, in the three layouts met.

`Date,Open,High,Low,Close,Adj Close,Volume` (split-adjusted prices, Adj Close also for dividends); `date,open,high,low,close,volume`
(auto-adjusted: dividends and splits folded into all prices); and the newer download with three header lines (Price / Ticker / Date).
Adjusted prices are the latest vintage: their level, not their returns, changes with each later dividend.
"""

from __future__ import annotations

from pathlib import Path

from flowbt.data.sources.base import Options, RawTable, first_lines, read_sheet, symbol_of

OPTIONS = ("symbol", "adjusted")
BASIS = "split"  # in every layout at least
PRICES = ("open", "high", "low", "close")


def parse(path: Path, options: Options) -> RawTable:
    """Fields open, high, low, close and volume (shares; left out where it is 0 throughout). Options: symbol; adjusted = true scales OHLC to Adj Close."""
    lines = first_lines(path, 3)
    stacked = lines[0].startswith("Price,") and lines[1].startswith("Ticker,")
    sheet = read_sheet(path, skip=3, columns=["Date", *lines[0].split(",")[1:]]) if stacked else read_sheet(path)
    sheet = sheet.renamed(str.lower).require("date", *PRICES)
    symbol = str(options.get("symbol") or (lines[1].split(",")[1].lstrip("^") if stacked else symbol_of(options, path)))
    fields = {name: sheet.numbers(name) for name in PRICES}
    if options.get("adjusted"):
        scale = sheet.numbers("adj close") / fields["close"]
        fields = {name: values * scale for name, values in fields.items()}
    if "volume" in sheet.frame.columns:
        volume = sheet.numbers("volume")
        if (volume > 0).any():
            fields["volume"] = volume
    return sheet.long(sheet.times("date"), symbol, fields)
