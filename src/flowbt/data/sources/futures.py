"""Dated futures, daily bars of every expiry: `ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume,symbol`.

Symbols are a root, a month letter and the last digit of the year (`MBTF2`); the digit is resolved by the bar's own date. Rows with `-` in the
symbol are calendar spreads (a price difference) and left out. Bars are UTC days. The expiry of CME bitcoin and ether futures is the last
Friday of the month, or the session before it where New York is closed (so the last bars of the files met).
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pandas as pd

from flowbt.data.sources.base import Options, RawTable, read_sheet
from flowbt.data.sources.given import number_of
from flowbt.ground.clock import Clock
from flowbt.ground.errors import SourceError

OPTIONS = ("root", "least_volume")
MONTHS = "FGHJKMNQUVXZ"


def parse(path: Path, options: Options) -> RawTable:
    """Fields futures_close and futures_volume (contracts), symbols such as BTC-2024-03-28.

    Options: root (the name before the date, required); least_volume (bars below it are left out: their close is a stale last trade; default 0).
    """
    sheet = read_sheet(path).require("ts_event", "close", "volume", "symbol")
    if not options.get("root"):
        raise SourceError(path.name, "no root named", "give root, such as BTC")
    outright = ~sheet.frame["symbol"].astype("str").str.contains("-", regex=False)
    sheet.note("blank", f"{int((~outright).sum())} rows are calendar spreads")
    sheet = sheet.take(outright)
    volume = sheet.numbers("volume")
    thin = volume < number_of(options, "least_volume", 0)
    sheet.note("blank", f"{int(thin.sum())} bars traded fewer than {options.get('least_volume', 0)} contracts")
    sheet = sheet.take(~thin)
    times = sheet.times("ts_event").dt.normalize()
    codes = sheet.frame["symbol"].astype("str")
    named = [f"{options['root']}-{expiry(code, time.year, time.month):%Y-%m-%d}" for code, time in zip(codes, times, strict=True)]
    fields = {"futures_close": sheet.numbers("close"), "futures_volume": volume[~thin]}
    return sheet.long(times, pd.Series(named, index=codes.index), fields)


@lru_cache(maxsize=4096)
def expiry(code: str, year: int, month: int) -> pd.Timestamp:
    """The expiry of a code such as MBTF2 traded in that year and month: the first such expiry from then on."""
    letter, digit = code[-2:-1], code[-1:]
    if letter not in MONTHS or not digit.isdigit():
        raise SourceError(f"symbol {code!r}", "not root, month letter and year digit", "check that it is a file of futures")
    at = MONTHS.index(letter) + 1
    years = (candidate for candidate in range(year, year + 10) if candidate % 10 == int(digit))
    full = next(candidate for candidate in years)
    if full == year and at < month:
        full += 10
    return last_friday(full, at)


@lru_cache(maxsize=1024)
def last_friday(year: int, month: int) -> pd.Timestamp:
    """The last Friday of a month, or the session before it."""
    last = pd.Timestamp(year, month, 1) + pd.offsets.MonthEnd(0)
    day = last - pd.Timedelta(days=(last.day_of_week - 4) % 7)
    return Clock("XNYS").shift(pd.DatetimeIndex([day]), 0)[0]
