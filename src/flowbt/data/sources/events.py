"""Tables of dated events: `event_time,symbol,known_at[,value]`, one row per event (FOMC, CPI, PAYROLLS, EARNINGS:NVDA).

`known_at` is when the date itself was announced. Times are ISO; without a zone they are in the option `zone` (default New York). A plain date
stays a date as event_time, and as known_at is that day's end.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from flowbt.data.sources.table import Options, RawTable, Sheet, read_sheet


def parse(path: Path, options: Options) -> RawTable:
    """Field event: 1.0, or the column `value` (a surprise) where the file has one."""
    sheet = read_sheet(path).require("event_time", "symbol", "known_at")
    zone = str(options.get("zone", "America/New_York"))
    value = sheet.numbers("value") if "value" in sheet.frame.columns else pd.Series(1.0, index=sheet.frame.index)
    known = _instants(sheet, "known_at", zone, dates_end=True)
    sheet.note("unreadable", "an event without the time it was announced", known.isna(), "known_at")
    return sheet.long(_instants(sheet, "event_time", zone, dates_end=False), sheet.frame["symbol"].astype("str").str.strip(), {"event": value}, known)


def _instants(sheet: Sheet, column: str, zone: str, dates_end: bool) -> pd.Series:
    """ISO texts as naive UTC instants; plain dates as dates, or as the end of the day in `zone`."""
    text = sheet.frame[column].astype("str").str.strip()
    aware = text.str.contains(r"[Zz]$|[+-]\d\d:?\d\d$", regex=True)
    plain = text.str.fullmatch(r"\d{4}-\d\d-\d\d")
    stamps = sheet.times(column)  # read as UTC; what has no zone of its own is local
    local = stamps + pd.Timedelta(days=1) if dates_end else stamps
    moved = local.where(plain, stamps).dt.tz_localize(zone, ambiguous="NaT", nonexistent="shift_forward").dt.tz_convert("UTC").dt.tz_localize(None)
    keep = aware | plain if not dates_end else aware
    return stamps.where(keep, moved).astype("datetime64[ns]")
