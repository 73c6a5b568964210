"""Columns of dates and instants in csv chains, as they are met."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from flowbt.data.sources.chain_terms import closes_of
from flowbt.ground.errors import SourceError

SLASHED = r"(\d{1,2})[/.](\d{1,2})[/.](\d{4}|\d{2})"
FORMS = (
    (r"\d{1,2}[A-Za-z]{3}\d{2}", "%d%b%y"),
    (r"\d{1,2}-[A-Za-z]{3}-\d{2}", "%d-%b-%y"),
    (r"\d{1,2}-[A-Za-z]{3}-\d{4}", "%d-%b-%Y"),
    (r"\d{1,2} [A-Za-z]{3} \d{4}", "%d %b %Y"),
    (r"[A-Za-z]{3} \d{1,2},? \d{4}", "%b %d %Y"),
    (r"\d{8}", "%Y%m%d"),
)
UNITS = ((1e17, 1), (1e14, 1_000), (1e11, 1_000_000), (0.0, 1_000_000_000))  # nanoseconds of a stamp since 1970, by its size


def expiry_dates(expiry: pd.Series, path: Path) -> pd.Series:
    """Expiry dates at 00:00: ISO, 20240119, 19JAN24, 19-Jan-2024, 19 Jan 2024, Jan 19, 2024, and 01/19/2024 or 19/01/2024 where the column shows
    which. SourceError for others."""
    days: pd.Series = _days(expiry, path, "expiry dates").dt.normalize()
    return days


def instants_of(stamp: pd.Series, path: Path, always: bool) -> pd.Series:
    """Quote instants (naive UTC): ISO with or without a zone, epoch stamps, and dates alone: the session's close, or around the clock (`always`) the end of
    the day, as what such a row holds was not known before."""
    text = stamp.astype(str).str.strip()
    alone = text.str.fullmatch("|".join([r"\d{4}-?\d{2}-?\d{2}", SLASHED, *(pattern for pattern, _ in FORMS)]))
    if pd.api.types.is_numeric_dtype(stamp) and not alone.all():
        unit = next((unit for size, unit in UNITS if float(stamp.max()) > size), UNITS[-1][1])
        stamps: pd.Series = (stamp.fillna(0).astype("int64") * unit).astype("datetime64[ns]").where(stamp.notna())
        return stamps
    found = _days(stamp, path, "quote dates")
    if not alone.any():
        return found
    days = pd.DatetimeIndex(found[alone])
    unique = days.unique()
    ends = days + pd.Timedelta(days=1) if always else closes_of(unique)[unique.get_indexer(days)]
    out: pd.Series = found.mask(alone, pd.Series(ends, found.index[alone]))
    return out


def _days(column: pd.Series, path: Path, what: str) -> pd.Series:
    text = column.astype(str).str.strip()
    form = next((form for pattern, form in FORMS if text.str.fullmatch(pattern).all()), None) or _slashed(text, path, what) or "ISO8601"
    try:
        instants: pd.Series = pd.to_datetime(text.str.title().str.replace(",", "") if "%b" in form else text, utc=True, format=form)
        out: pd.Series = instants.dt.tz_localize(None).astype("datetime64[ns]")
        return out
    except ValueError as error:
        raise SourceError(
            path.name, f"{what}: {error}".split(". ")[0][:140], "use 2024-01-19 (quotes also 2024-01-05T21:00:00Z), 20240119 or 19JAN24"
        ) from None


def _slashed(text: pd.Series, path: Path, what: str) -> str | None:
    """The order of day and month in 01/19/2024, by the numbers that can be only one; None for other columns."""
    parts = text.str.extract(f"^{SLASHED}$")
    if parts[0].isna().any() or parts.empty:
        return None
    first, second = (int(parts[n].astype(int).max()) for n in (0, 1))
    if (first > 12) == (second > 12):
        raise SourceError(path.name, f"{what} such as {text.iloc[0]!r} can be two dates", "write them as 2024-01-19")
    mark, year = ("." if text.str.contains(".", regex=False).all() else "/"), ("%Y" if np.all(parts[2].str.len() == 4) else "%y")
    return mark.join(["%m", "%d", year] if second > 12 else ["%d", "%m", year])
