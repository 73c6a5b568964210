"""Clocks: the labels of bars, and the UTC instants at which they open, close and are decided upon.

Labels are naive: session dates for an exchange, bar starts in UTC for the 24/7 clock. Instants are naive UTC.
Exchange hours and half days come from `calendars/hours.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from flowbt.ground.calendars.hours import FIRST, RULED, Hours, hours_of
from flowbt.ground.errors import ParameterError, RangeError
from flowbt.ground.types import Moment

ALWAYS = "24/7"
HOURS_PER_BAR = {"1d": 24, "8h": 8, "4h": 4, "1h": 1}  # of a clock
HOURS_PER_ROW = {"1m": 1 / 60, "5m": 1 / 12, "15m": 0.25, "30m": 0.5, "1h": 1.0, "4h": 4.0, "8h": 8.0, "day": 24.0, "session": 24.0}  # of a dataset


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

    def labels(self, start: Moment, end: Moment) -> pd.DatetimeIndex:
        """Labels from `start` to `end`, both included."""
        first, last = pd.Timestamp(start), pd.Timestamp(end)
        if last < first:
            raise RangeError(f"{first:%Y-%m-%d} to {last:%Y-%m-%d}", "the end is before the start", "swap --from and --to")
        if self.always:
            return pd.date_range(first.ceil(self.bar), last, freq=self.bar, unit="ns")
        sessions = self._at(first).sessions
        return sessions[(sessions >= first) & (sessions <= last)]

    def opens(self, labels: pd.DatetimeIndex) -> pd.DatetimeIndex:
        return labels if self.always else self._instants(labels, "opens")

    def closes(self, labels: pd.DatetimeIndex) -> pd.DatetimeIndex:
        """The instant a bar ends; its close is known a millisecond before."""
        return labels + self.bar if self.always else self._instants(labels, "closes")

    def decisions(self, labels: pd.DatetimeIndex) -> pd.DatetimeIndex:
        """The instant each bar is decided upon: the bar's end, or `decide_at` New York time of the session."""
        return self.closes(labels) if self.always else local_instants(labels, self.decide_at, "America/New_York")

    def is_label(self, times: pd.DatetimeIndex) -> np.ndarray:
        """Which times are labels of this clock, as a bool array."""
        if self.always:
            return np.asarray(times == times.floor(self.bar))
        return np.asarray(times.isin(self._at(times.min()).sessions))

    def shift(self, labels: pd.DatetimeIndex, n: int) -> pd.DatetimeIndex:
        """The n-th label after each (a time between labels counts from the last label before it)."""
        if self.always:
            return labels.floor(self.bar) + n * self.bar
        sessions = self._at(labels.min() - pd.Timedelta(days=max(10, -2 * n))).sessions
        where = sessions.searchsorted(labels, side="right") - 1 + n
        return sessions[np.clip(where, 0, len(sessions) - 1)]

    def _instants(self, labels: pd.DatetimeIndex, which: str) -> pd.DatetimeIndex:
        hours = self._at(labels.min())
        return pd.DatetimeIndex(pd.Series(getattr(hours, which), index=hours.sessions).reindex(labels))

    def _at(self, first: pd.Timestamp) -> Hours:
        """The exchange's hours, those before 1970 included where `first` is."""
        return hours_of(self.name, bool(first < RULED))


def local_instants(dates: pd.DatetimeIndex, clock_time: str, zone: str) -> pd.DatetimeIndex:
    """`clock_time` (HH:MM) in `zone` on each date, as naive UTC instants. Daylight saving is respected."""
    hour, minute = (int(part) for part in clock_time.split(":"))
    local = dates.normalize() + pd.Timedelta(hours=hour, minutes=minute)
    aware = local.tz_localize(ZoneInfo(zone), ambiguous=np.zeros(len(local), dtype=bool), nonexistent="shift_forward")
    return aware.tz_convert("UTC").tz_localize(None).as_unit("ns")


_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2})?)?")


def read_asof(text: Moment) -> pd.Timestamp:
    """A date or an instant up to which something is asked, naive UTC where it names a zone. RangeError for what is none, lies before every calendar, or
    has not come yet: nobody knows what will be known then."""
    try:
        moment = read_date(text) if isinstance(text, str) and _ISO.fullmatch(text.strip()) else pd.Timestamp(text)
    except (ValueError, TypeError, OverflowError):
        raise RangeError(f"as of {text!r}", "not a date or a time", "write YYYY-MM-DD, or YYYY-MM-DDTHH:MM in UTC") from None
    if pd.isna(moment) or (isinstance(text, str) and not re.match(r"\d{4}-\d{2}-\d{2}", text.strip())):
        raise RangeError(f"as of {text!r}", "not a date or a time", "write YYYY-MM-DD, or YYYY-MM-DDTHH:MM in UTC")
    moment = moment.tz_convert("UTC").tz_localize(None) if moment.tzinfo is not None else moment
    if not pd.Timestamp(FIRST) <= moment <= pd.Timestamp.now("UTC").tz_localize(None) + pd.Timedelta(days=1):
        raise RangeError(f"as of {text}", "before every calendar" if moment < pd.Timestamp(FIRST) else "that day has not come yet", "ask for a past date")
    return moment


def read_date(text: Moment) -> pd.Timestamp:
    """A date somebody wrote: YYYY-MM-DD, with HH:MM or not. RangeError for anything else: 01/02/2020 is January to some and February to others."""
    if isinstance(text, date) and not pd.isna(text):
        return pd.Timestamp(text)
    if not isinstance(text, str):
        raise RangeError(f"date {text!r}", f"a {type(text).__name__}", "write YYYY-MM-DD, or give a date")
    if not _ISO.fullmatch(text.strip()):
        raise RangeError(f"date {text!r}", "not a date in ISO order", "write YYYY-MM-DD (01/02/2020 is January to some)")
    try:
        moment = pd.Timestamp(text.strip())
        if not 1700 <= moment.year <= 2200:
            raise ValueError
        return moment
    except ValueError:
        raise RangeError(f"date {text!r}", "no such day", "write YYYY-MM-DD") from None


def read_end(text: Moment) -> pd.Timestamp:
    """The end of a span, as somebody wrote it: a date without a time is all of that day, for clocks with several bars a day. RangeError as in `read_date`."""
    end = read_date(text)
    return end + pd.Timedelta(days=1) - pd.Timedelta(seconds=1) if isinstance(text, str) and end == end.normalize() else end
