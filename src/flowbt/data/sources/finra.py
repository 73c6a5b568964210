"""FINRA daily short sale volume (consolidated, off exchange), and two derived layouts.

Raw: `Date|Symbol|ShortVolume|ShortExemptVolume|TotalVolume|Market`, last line the number of rows; volumes are whole shares, fractional
since 2026. Parquet: many such files concatenated. Wide: `<SYM>_short_ratio` and `<SYM>_short_vol` columns.
Tickers such as NA, NAN and TRUE are text. Posted by 18:00 New York the same day, at times re-posted.
https://www.finra.org/finra-data/browse-catalog/short-sale-volume-data
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from flowbt.data.sources.base import Options, RawTable, Sheet, read_sheet
from flowbt.data.sources.given import names_of
from flowbt.data.sources.request import Download, Wanted
from flowbt.ground.clock import Clock
from flowbt.ground.errors import SourceError

OPTIONS = ("symbols",)
URL = "https://cdn.finra.org/equity/regsho/daily/CNMSshvol{date}.txt"
PATTERN = "CNMSshvol*.txt*"  # the files of a folder


def parse(path: Path, options: Options) -> RawTable:
    """Fields short_volume, total_volume (shares) per ticker. Option: symbols (a list) keeps only those."""
    is_text = ".txt" in path.name
    sheet = read_sheet(path, sep="|" if is_text else ",")
    if is_text:
        sheet = _trailer(sheet.require("Date", "Symbol", "ShortVolume", "TotalVolume"))
    if any(str(name).endswith("_short_ratio") for name in sheet.frame.columns):
        return _wide(sheet)
    sheet.require("Date", "Symbol", "ShortVolume", "TotalVolume")
    if wanted := names_of(options, "symbols"):
        sheet = sheet.take(sheet.frame["Symbol"].astype("str").isin(wanted))
    short, total = sheet.numbers("ShortVolume"), sheet.numbers("TotalVolume")
    sheet.note("arithmetic", "short volume above total volume", short > total * (1 + 1e-9), "short_volume")
    fields = {"short_volume": short, "total_volume": total}
    return sheet.long(sheet.times("Date", "%Y%m%d"), sheet.frame["Symbol"].astype("str").str.strip(), fields)


def requests(wanted: Wanted) -> list[Download]:
    """One file per session of the span."""
    names = [f"{day:%Y%m%d}" for day in Clock("XNYS").labels(*wanted.days())]
    return [Download(URL.format(date=name), f"CNMSshvol{name}.txt", fixed=True, maybe=True) for name in names]


def _trailer(sheet: Sheet) -> Sheet:
    """Without its last line, which must be the count of the others: a file without it was cut off."""
    last = sheet.frame.iloc[-1]
    if last["Symbol"] != "" or not str(last["Date"]).strip().isdigit():
        raise SourceError(sheet.path.name, "the closing row count is not there", "the file was cut off; download it again")
    if int(last["Date"]) != len(sheet.frame) - 1:
        raise SourceError(sheet.path.name, f"{len(sheet.frame) - 1} rows where the file says {int(last['Date'])}", "download it again")
    return sheet.take(pd.Series(np.arange(len(sheet.frame)) < len(sheet.frame) - 1, index=sheet.frame.index))


def _wide(sheet: Sheet) -> RawTable:
    times = sheet.times("date")
    parts = []
    for column in [str(name) for name in sheet.frame.columns if str(name).endswith("_short_ratio")]:
        symbol = column.removesuffix("_short_ratio")
        sheet.require(f"{symbol}_short_vol")
        short, ratio = sheet.numbers(f"{symbol}_short_vol"), sheet.numbers(column)
        total = (short / ratio).where(ratio > 0)
        parts.append(pd.DataFrame({"event_time": times, "symbol": symbol, "row": sheet.rows, "short_volume": short, "total_volume": total}))
    frame = pd.concat(parts, ignore_index=True)
    return RawTable(frame[frame["event_time"].notna() & frame["short_volume"].notna()].reset_index(drop=True), tuple(sheet.findings))
