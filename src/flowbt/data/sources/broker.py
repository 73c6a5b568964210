"""A broker's daily bars: `date,open,high,low,close,volume,wap,count`. Split-adjusted, not dividend-adjusted.

Index files have volume 0. Where `wap` and `count` stop, the rows come from elsewhere: reported as a format break.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from flowbt.data.sources.base import Options, RawTable, read_sheet, symbol_of

OPTIONS = ("symbol",)
BASIS = "split"


def parse(path: Path, options: Options) -> RawTable:
    """Fields open, high, low, close and volume (shares; left out where it is 0 throughout). Option: symbol."""
    sheet = read_sheet(path).require("date", "open", "high", "low", "close", "volume", "wap", "count")
    fields = {name: sheet.numbers(name) for name in ("open", "high", "low", "close")}
    volume = sheet.numbers("volume")
    if (volume > 0).any():
        fields["volume"] = volume
    filled = sheet.numbers("count").isna()
    if filled.any() and not filled.all():
        first = pd.Series(filled.index == filled.idxmax(), index=filled.index)
        sheet.note("format_break", "trade count and average price stop here: rows from another feed", first)
    return sheet.long(sheet.times("date"), symbol_of(options, path), fields)
