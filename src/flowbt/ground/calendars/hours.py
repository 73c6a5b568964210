"""The hours of exchanges, from `exchange_calendars`; for New York before 1970, where it has no holidays and no Saturdays, from `pandas_market_calendars`
(Saturdays were sessions until 1952-05-24).

Both take half a second to import and to work out, and the same comes out each time: it is kept (`ground/kept.py`) under a key of the libraries' and the time
zones' versions.
"""

from __future__ import annotations

import hashlib
import os
import warnings
import zoneinfo
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

import numpy as np
import pandas as pd

from flowbt.ground.errors import ParameterError
from flowbt.ground.guard import resting
from flowbt.ground.kept import keep_bytes, kept_bytes

FIRST, LAST = "1927-12-30", "2035-12-31"  # span asked of the calendars
RULED = pd.Timestamp("1970-01-01")  # exchange_calendars has New York's holidays from here
LIBRARIES = ("exchange_calendars", "pandas_market_calendars", "tzdata")


class Hours(NamedTuple):
    """The sessions of an exchange (dates) and the UTC instants at which they opened and closed. All naive, ns, aligned."""

    sessions: pd.DatetimeIndex
    opens: pd.DatetimeIndex
    closes: pd.DatetimeIndex


@lru_cache(maxsize=8)
def hours_of(name: str, early: bool) -> Hours:
    """The exchange's hours; those of New York before 1970 only where `early`, because they take a second to work out. ParameterError for no calendar's name."""
    with resting():
        key = _key(name, early)
        body = kept_bytes("hours", key)
        if body is not None:
            return Hours(*(pd.DatetimeIndex(row.view("M8[ns]")) for row in np.frombuffer(body, np.int64).reshape(3, -1)))
        made = _worked_out(name, early)
        keep_bytes("hours", key, np.stack([part.asi8 for part in made]).tobytes())
        return made


def _worked_out(name: str, early: bool) -> Hours:
    import exchange_calendars as xc

    if name not in xc.get_calendar_names():
        raise ParameterError(f"clock {name!r}", "no such calendar", "use XNYS, another exchange_calendars name, or 24/7")
    with warnings.catch_warnings():  # the library reads .values of aware series, which pandas 3.1 deprecates
        warnings.simplefilter("ignore", pd.errors.Pandas4Warning)
        calendar = xc.get_calendar(name, start=RULED if name == "XNYS" else FIRST, end=LAST)
    late = Hours(pd.DatetimeIndex(calendar.sessions).as_unit("ns"), _naive(calendar.opens), _naive(calendar.closes))
    if name != "XNYS" or not early:
        return late
    before = _early_new_york()
    return Hours(*(pd.DatetimeIndex(old.append(new)) for old, new in zip(before, late, strict=True)))


def _early_new_york() -> Hours:
    import pandas_market_calendars as mcal

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = mcal.get_calendar("NYSE").schedule(FIRST, RULED - pd.Timedelta(days=1))
    return Hours(pd.DatetimeIndex(table.index).as_unit("ns"), _naive(table["market_open"]), _naive(table["market_close"]))


def _naive(instants: pd.Series) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(instants).tz_convert("UTC").tz_localize(None).as_unit("ns")


def _key(name: str, early: bool) -> str:
    """The name of the file of an exchange's hours."""
    zones = [str(os.stat(folder).st_mtime_ns) for folder in zoneinfo.TZPATH if os.path.isdir(folder)]
    return hashlib.sha256(" ".join([name, str(early), FIRST, LAST, *map(_version, LIBRARIES), *zones]).encode()).hexdigest()[:32]


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return ""
