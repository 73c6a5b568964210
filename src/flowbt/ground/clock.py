"""Clocks: the labels of bars, and the UTC instants at which they open, close and are decided upon.

Labels are naive: session dates for an exchange, bar starts in UTC for the 24/7 clock. Instants are naive UTC.
Exchange hours, half days and daylight saving come from `exchange_calendars`.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from flowbt.ground.errors import ParameterError, RangeError

if TYPE_CHECKING:
    from exchange_calendars import ExchangeCalendar

ALWAYS = "24/7"
HOURS_PER_BAR = {"1d": 24, "8h": 8, "4h": 4, "1h": 1}
_FIRST, _LAST = "1927-12-30", "2035-12-31"  # calendar span asked of exchange_calendars


@lru_cache(maxsize=4)
def _exchange(name: str) -> ExchangeCalendar:
    import exchange_calendars as xc

    if name not in xc.get_calendar_names():
        raise ParameterError(f"clock {name!r}", "no such calendar", "use XNYS, another exchange_calendars name, or 24/7")
    with warnings.catch_warnings():  # the library reads .values of aware series, which pandas 3.1 deprecates
        warnings.simplefilter("ignore", pd.errors.Pandas4Warning)
        return xc.get_calendar(name, start=_FIRST, end=_LAST)


@dataclass(frozen=True)
class Clock:
    """A calendar name, a bar length and the time of day at which a session strategy decides (New York, HH:MM)."""

    name: str = "XNYS"
    step: str = "1d"
    decide_at: str = "18:30"

    def __post_init__(self) -> None:
        if self.step not in HOURS_PER_BAR or (self.name != ALWAYS and self.step != "1d"):
            raise ParameterError(f"clock {self.name} with step {self.step}", "not supported", "exchanges have 1d; 24/7 has 1d, 8h, 4h, 1h")
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", self.decide_at):
            raise ParameterError(f"decision time {self.decide_at!r}", "not HH:MM", "for example 15:45 or 18:30")

    @property
    def always(self) -> bool:
        return self.name == ALWAYS

    @property
    def periods_per_year(self) -> float:
        return 365.0 * 24 / HOURS_PER_BAR[self.step] if self.always else 252.0

    @property
    def bar(self) -> pd.Timedelta:
        return pd.Timedelta(hours=HOURS_PER_BAR[self.step])

    def at(self, decide_at: str) -> Clock:
        return replace(self, decide_at=decide_at)

    def labels(self, start: Any, end: Any) -> pd.DatetimeIndex:
        """Labels from `start` to `end`, both included."""
        first, last = pd.Timestamp(start), pd.Timestamp(end)
        if last < first:
            raise RangeError(f"{first:%Y-%m-%d} to {last:%Y-%m-%d}", "the end is before the start", "swap --from and --to")
        if self.always:
            return pd.date_range(first.ceil(self.bar), last, freq=self.bar, unit="ns")
        sessions = _exchange(self.name).sessions
        return pd.DatetimeIndex(sessions[(sessions >= first) & (sessions <= last)]).as_unit("ns")

    def opens(self, labels: pd.DatetimeIndex) -> pd.DatetimeIndex:
        return labels if self.always else self._instants(labels, "open")

    def closes(self, labels: pd.DatetimeIndex) -> pd.DatetimeIndex:
        """The instant a bar ends; its close is known a millisecond before."""
        return labels + self.bar if self.always else self._instants(labels, "close")

    def decisions(self, labels: pd.DatetimeIndex) -> pd.DatetimeIndex:
        """The instant each bar is decided upon: the bar's end, or `decide_at` New York time of the session."""
        return self.closes(labels) if self.always else local_instants(labels, self.decide_at, "America/New_York")

    def is_label(self, times: pd.DatetimeIndex) -> np.ndarray:
        """Which times are labels of this clock, as a bool array."""
        if self.always:
            return np.asarray(times == times.floor(self.bar))
        return np.asarray(times.isin(_exchange(self.name).sessions))

    def shift(self, labels: pd.DatetimeIndex, n: int) -> pd.DatetimeIndex:
        """The n-th label after each (a time between labels counts from the last label before it)."""
        if self.always:
            return labels.floor(self.bar) + n * self.bar
        sessions = pd.DatetimeIndex(_exchange(self.name).sessions).as_unit("ns")
        where = sessions.searchsorted(labels, side="right") - 1 + n
        return sessions[np.clip(where, 0, len(sessions) - 1)]

    def _instants(self, labels: pd.DatetimeIndex, which: str) -> pd.DatetimeIndex:
        calendar = _exchange(self.name)
        column = calendar.opens if which == "open" else calendar.closes
        return pd.DatetimeIndex(column.reindex(labels)).tz_convert("UTC").tz_localize(None).as_unit("ns")


def local_instants(dates: pd.DatetimeIndex, clock_time: str, zone: str) -> pd.DatetimeIndex:
    """`clock_time` (HH:MM) in `zone` on each date, as naive UTC instants. Daylight saving is respected."""
    hour, minute = (int(part) for part in clock_time.split(":"))
    local = dates.normalize() + pd.Timedelta(hours=hour, minutes=minute)
    aware = local.tz_localize(ZoneInfo(zone), ambiguous=np.zeros(len(local), dtype=bool), nonexistent="shift_forward")
    return aware.tz_convert("UTC").tz_localize(None).as_unit("ns")
