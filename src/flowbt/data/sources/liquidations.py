"""Single forced trades of perpetuals, summed to bars: `timestamp,venue,coin,side,size_usd,price`.

The side is the taker's: `sell` closes longs, `buy` closes shorts. Rows with another side are of no use here and reported, counted.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from flowbt.data.sources.base import Options, RawTable, read_sheet
from flowbt.data.sources.generic import summed
from flowbt.data.sources.given import number_of

OPTIONS = ("venue", "bar", "suffix", "largest")


def parse(path: Path, options: Options) -> RawTable:
    """Fields liquidations_long_usd, liquidations_short_usd per bar (UTC bar starts), 0 for bars without any between the first and the last.

    Options: venue (required to pick one), bar (default "1h"), suffix (added to the coin's name), largest (rows above it, in $, are left out).
    """
    sheet = read_sheet(path).require("timestamp", "venue", "coin", "side", "size_usd")
    if venue := options.get("venue"):
        sheet = sheet.take(sheet.frame["venue"].astype("str") == venue)
    side, size = sheet.frame["side"].astype("str").str.lower(), sheet.numbers("size_usd")
    known = side.isin(["buy", "sell"])
    if not known.all():
        sheet.note("blank", f"{int((~known).sum())} rows do not say which side was liquidated")
    big = size > number_of(options, "largest", float("inf"))
    sheet.note("rejected", "larger than the source can be trusted with", known & big, "size_usd")
    kept = known & ~big
    bar = str(options.get("bar", "1h"))
    rows = pd.DataFrame({"event_time": sheet.times("timestamp").dt.floor(bar), "symbol": sheet.frame["coin"].astype("str")})
    rows["symbol"] += str(options.get("suffix", ""))
    rows["row"] = sheet.rows.astype("int64")
    rows["liquidations_long_usd"], rows["liquidations_short_usd"] = size.where(side == "sell", 0.0), size.where(side == "buy", 0.0)
    return summed(RawTable(rows[kept], tuple(sheet.findings)), bar)
