"""Tables of dated events: `event_time,symbol,known_at[,value]`, one row per event (FOMC, CPI, PAYROLLS, EARNINGS:NVDA).

`known_at` is when the date was announced; `value` is the outcome or surprise, blank before it is there. A symbol without values holds 1.0
at each event, known at the announcement. A symbol with values holds its outcomes, each known when it happened, never at the announcement;
its dates are then the symbol `<symbol>:date` (1.0, known at the announcement).

Times are ISO; without a zone they are in the option `zone` (default New York). A plain date stays a date as event_time; what is known on a
plain date is known at that day's end.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from flowbt.data.sources.base import Options, RawTable, Sheet, read_sheet

OPTIONS = ("zone",)


def parse(path: Path, options: Options) -> RawTable:
    """Field event, as this page says."""
    sheet = read_sheet(path).require("event_time", "symbol", "known_at")
    zone = str(options.get("zone", "America/New_York"))
    announced = _instants(sheet, "known_at", zone, ends=True)
    sheet.note("unreadable", "an event without the time it was announced", announced.isna(), "known_at")
    times, symbol = _instants(sheet, "event_time", zone, ends=False), sheet.frame["symbol"].astype("str").str.strip()
    value = sheet.numbers("value") if "value" in sheet.frame.columns else pd.Series(float("nan"), index=times.index)
    valued = symbol.isin(symbol[value.notna()])
    dates = sheet.long(times, symbol.where(~valued, symbol + ":date"), {"event": pd.Series(1.0, index=times.index)}, announced)
    held = sheet.take(value.notna())
    if not len(held.frame):
        return dates
    there = held.frame.index
    outcomes = held.long(times[there], symbol[there], {"event": value[there]}, _instants(held, "event_time", zone, ends=True))
    return RawTable(pd.concat([dates.frame, outcomes.frame], ignore_index=True), tuple(sheet.findings))


def _instants(sheet: Sheet, column: str, zone: str, ends: bool) -> pd.Series:
    """ISO texts as naive UTC instants; plain dates as they are, or (`ends`) as the end of that day in `zone`."""
    text = sheet.frame[column].astype("str").str.strip()
    aware, plain = text.str.contains(r"[Zz]$|:.*[+-]\d\d(?::?\d\d)?$", regex=True), text.str.fullmatch(r"\d{4}-\d\d-\d\d")
    stamps = sheet.times(column)  # read as UTC; what has no zone of its own is local
    local = (stamps + pd.Timedelta(days=1)).where(plain, stamps)
    moved = local.dt.tz_localize(zone, ambiguous="NaT", nonexistent="shift_forward").dt.tz_convert("UTC").dt.tz_localize(None)
    return stamps.where(aware if ends else aware | plain, moved).astype("datetime64[ns]")
