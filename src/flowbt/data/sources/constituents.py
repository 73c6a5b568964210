"""Wide panels of member closes: Parquet or csv, one date column (or index), one column per ticker."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from flowbt.data.sources.base import Options, RawTable, read_sheet
from flowbt.data.sources.given import pairs_of
from flowbt.ground.errors import SourceError

OPTIONS = ("field", "drop")


def parse(path: Path, options: Options) -> RawTable:
    """Field member_close (or the option `field`) per ticker. Option drop: a mapping of ticker to the reason it is left out, each reported."""
    sheet = read_sheet(path)
    columns = [str(name) for name in sheet.frame.columns]
    date = next((name for name in columns if name.lower() in ("date", "price", "index") or pd.api.types.is_datetime64_any_dtype(sheet.frame[name])), None)
    if date is None:
        raise SourceError(path.name, "no date column", "check that it is a panel with one column per ticker")
    dropped = pairs_of(options, "drop")
    for ticker, reason in dropped.items():
        sheet.require(ticker).note("documented", f"column {ticker} left out: {reason}")
    tickers = {name: name for name in columns if name != date and name not in dropped}
    return sheet.wide(sheet.times(date), tickers, str(options.get("field", "member_close")))
