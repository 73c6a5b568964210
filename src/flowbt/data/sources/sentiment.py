"""Weekly surveys of AAII (`date,bullish,neutral,bearish,...`, fractions) and NAAIM (`date,mean,...,naaim,...`, percent).

AAII dates are those of publication (Thursday) or of the survey's end (Wednesday). Rows of AAII with a time of day come from a broken scrape
(they repeat the last survey): rejected, each one reported. Rows whose shares do not add to 1 are reported.
"""

from __future__ import annotations

from pathlib import Path

from flowbt.data.sources.base import Options, RawTable, Sheet, read_sheet
from flowbt.ground.errors import SourceError
from flowbt.ground.fields import US

OPTIONS: tuple[str, ...] = ()


def parse(path: Path, options: Options) -> RawTable:
    """Fields aaii_bullish, aaii_bearish (fractions) or naaim_exposure (percent of equity, -200 to 200) of the symbol US."""
    sheet = read_sheet(path)
    if {"date", "bullish", "bearish", "neutral"} <= set(sheet.frame.columns):
        return _aaii(sheet)
    if {"date", "naaim"} <= set(sheet.frame.columns):
        return sheet.long(sheet.times("date"), US, {"naaim_exposure": sheet.numbers("naaim")})
    raise SourceError(path.name, "neither an AAII nor a NAAIM file", "check its columns")


def _aaii(sheet: Sheet) -> RawTable:
    times = sheet.times("date")
    scraped = times.notna() & (times != times.dt.normalize())
    sheet.note("rejected", "has a time of day: a scrape that repeats the last survey", scraped)
    kept = sheet.take(~scraped)
    shares = [kept.numbers(name) for name in ("bullish", "neutral", "bearish")]
    kept.note("arithmetic", "the three shares do not add to 1", (sum(shares[1:], start=shares[0]) - 1).abs() > 0.015)
    return kept.long(times[~scraped], US, {"aaii_bullish": shares[0], "aaii_bearish": shares[2]})
