"""Monthly survey series such as ISM: `Date,Value`, dated the first of the reference month (not the release)."""

from __future__ import annotations

from pathlib import Path

from flowbt.data.sources.base import Options, RawTable, read_sheet, symbol_of


def parse(path: Path, options: Options) -> RawTable:
    """Field value (or the option `field`) of the option symbol. A date that is not the first of a month is a finding."""
    sheet = read_sheet(path).require("Date", "Value")
    times = sheet.times("Date")
    sheet.note("off_month", "not the first of a month: is it the release date?", times.dt.day != 1)
    return sheet.long(times, symbol_of(options, path), {str(options.get("field", "value")): sheet.numbers("Value")})
