"""`dataset.toml`: what a dataset is, in which units, and when its rows became public.

A dataset without a publication rule is refused: without it no row could be placed in time.
"""

from __future__ import annotations

import re
from datetime import date as Date
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from flowbt.ground.calendars import federal
from flowbt.ground.clock import ALWAYS, HOURS_PER_BAR, HOURS_PER_ROW, Clock, local_instants
from flowbt.ground.documents import as_model, read_toml
from flowbt.ground.errors import DatasetError, FieldError
from flowbt.ground.fields import FIELDS, OWN, RULES, is_rule

Policy = Literal["refuse", "drop", "flag"]
Frequency = Literal["session", "1m", "5m", "15m", "30m", "1h", "4h", "8h", "day", "week", "month", "irregular", "event"]
NEW_YORK = "America/New_York"
ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
BEFORE_END = pd.Timedelta(milliseconds=1)  # a half-open bar's last trade is before its end


def _day(text: str) -> None:
    """ValueError for a text that is no day from 1700 to 2199."""
    try:
        known = bool(ISO_DATE.fullmatch(text)) and 1700 <= Date.fromisoformat(text).year < 2200
    except ValueError:
        known = False
    if not known:
        raise ValueError(f"{text!r} is no date YYYY-MM-DD")


def _length(text: str) -> pd.Timedelta:
    try:
        length = pd.Timedelta(text)
        if not pd.isna(length):
            return length
    except (ValueError, OverflowError):
        pass
    raise ValueError(f"{text!r} is no length of time such as 5D or 12h")


LOCAL = frozenset({"rule", "ahead", "at", "zone", "calendar", "delayed"})
HEEDED = {  # by rule: the keys that it acts on
    "close": frozenset({"rule", "ahead"}),
    "column": frozenset({"rule", "ahead"}),
    "after": frozenset({"rule", "ahead", "delay"}),
    "session": LOCAL | {"days"},
    "weekday": LOCAL | {"weekday", "waits", "same_day"},
    "month": LOCAL | {"business_day", "january"},
}


class Publication(BaseModel):
    """When a row became public.

    close: the end of its bar. session: `at` local time, `days` sessions after the event date. after: `delay` after the event
    time. weekday: `at` on the first `weekday` (0 = Monday) after the event date. month: `at` on the n-th `business_day` of the month
    after the event's month (the `january`-th in January, where that differs). column: the file itself carries `known_at`.

    Days are sessions of the dataset's clock, or with `calendar = "federal"` business days of the US government: a weekday that is none
    moves to the next, and a holiday up to `waits` days before it delays it by a day. `same_day`: an event on the weekday itself is published
    that day. `delayed`: spans of event dates that came later than the rule says (shutdowns), each with the day by which all were out.
    `ahead`: how long before the event time a value may be known (a rate fixed one interval ahead).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: Literal["close", "session", "after", "weekday", "month", "column"]
    days: int = Field(default=0, ge=0)
    at: str = "18:00"
    zone: str = NEW_YORK
    delay: str = "0h"
    weekday: int = Field(default=4, ge=0, le=6)
    business_day: int = Field(default=1, ge=1)
    january: int | None = Field(default=None, ge=1)
    calendar: Literal["clock", "federal"] = "clock"
    waits: int = Field(default=0, ge=0, le=6)
    same_day: bool = False
    delayed: tuple[tuple[str, str, str], ...] = ()
    ahead: str = "0h"

    @field_validator("delayed")
    @classmethod
    def _spans(cls, value: tuple[tuple[str, str, str], ...]) -> tuple[tuple[str, str, str], ...]:
        for date in (date for span in value for date in span):
            _day(date)
        return value

    @field_validator("at")
    @classmethod
    def _at(cls, value: str) -> str:
        if not re.fullmatch(r"([01]?[0-9]|2[0-3]):[0-5][0-9]", value):
            raise ValueError(f"{value!r} is no time of day HH:MM")
        return value

    @field_validator("zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (OSError, ValueError, LookupError):
            raise ValueError(f"{value!r} is no time zone such as {NEW_YORK}") from None
        return value

    @field_validator("delay", "ahead")
    @classmethod
    def _delay(cls, value: str) -> str:
        if _length(value) < pd.Timedelta(0):
            raise ValueError("a delay cannot be negative")
        return value

    @model_validator(mode="after")
    def _heeded(self) -> Publication:
        idle = [name for name, field in type(self).model_fields.items() if name not in HEEDED[self.rule] and getattr(self, name) != field.default]
        if idle:
            heeding = [rule for rule, names in HEEDED.items() if idle[0] in names]
            raise ValueError(f"{idle[0]!r} does nothing under the rule {self.rule!r}; it belongs to {', '.join(heeding)}")
        return self

    def words(self) -> str:
        """The rule as a phrase for `flowbt data show` and the tearsheet."""
        local = f"{self.at} {self.zone.split('/')[-1].replace('_', ' ')}"
        day = "federal business day" if self.calendar == "federal" else "session"
        moved = ", later after federal holidays" if self.calendar == "federal" else ""
        first = f" (January: {self.january})" if self.january else ""
        return {
            "close": "known at the end of the bar",
            "session": f"known at {local}, " + (f"same {day}" if self.days == 0 else f"{self.days} {day}(s) later"),
            "after": f"known {self.delay} after the event time",
            "weekday": f"known at {local} on the next {WEEKDAYS[self.weekday]}{moved}",
            "month": f"known at {local} on {day} {self.business_day}{first} of the next month",
            "column": "known when the file says",
        }[self.rule]

    def known_at(self, events: pd.DatetimeIndex, clock: Clock) -> pd.DatetimeIndex:
        """Naive UTC instants at which rows with these event times became public."""
        if self.rule == "close":
            if clock.always:
                return clock.closes(events) - BEFORE_END
            closes = clock.closes(events)  # a row on a day without a session counts from the session before it
            return closes.where(closes.notna(), local_instants(events, "16:00", NEW_YORK))
        if self.rule == "after":
            return events + pd.Timedelta(self.delay)
        if self.rule == "column":
            raise DatasetError("publication rule 'column'", "the rows carry no known_at", "name the column in the import, or declare another rule")
        on = {"session": self._on_session, "weekday": self._on_weekday, "month": self._on_month}[self.rule]
        days = on(events.normalize(), clock)
        for first, last, out in self.delayed:
            held = (events >= pd.Timestamp(first)) & (events < pd.Timestamp(last) + pd.Timedelta(days=1)) & (days < pd.Timestamp(out))
            days = days.where(~held, pd.Timestamp(out))
        return local_instants(days, self.at, self.zone)

    def _on_session(self, dates: pd.DatetimeIndex, clock: Clock) -> pd.DatetimeIndex:
        # days = 0 keeps the row's own date, also where it is no session
        return dates if self.days == 0 else self._shift(dates, self.days, clock)

    def _on_weekday(self, dates: pd.DatetimeIndex, clock: Clock) -> pd.DatetimeIndex:
        least = 0 if self.same_day else 1
        day = dates + pd.to_timedelta((self.weekday - dates.day_of_week.to_numpy() - least) % 7 + least, unit="D")
        if self.calendar != "federal":
            return day
        late = np.zeros(len(day), dtype=bool)
        for back in range(1, self.waits + 1):
            late |= federal.is_holiday(day - pd.Timedelta(days=back))
        return federal.next_open(day + pd.to_timedelta(late.astype(int), unit="D"))

    def _on_month(self, dates: pd.DatetimeIndex, clock: Clock) -> pd.DatetimeIndex:
        first = (dates.to_period("M") + 1).to_timestamp().as_unit("ns")
        eve = first - pd.Timedelta(days=1)
        usual = self._shift(eve, self.business_day, clock)
        return usual if self.january is None else usual.where(first.month != 1, self._shift(eve, self.january, clock))

    def _shift(self, dates: pd.DatetimeIndex, n: int, clock: Clock) -> pd.DatetimeIndex:
        if self.calendar == "federal":
            return federal.shift(dates, n)
        return (Clock("XNYS") if clock.always else clock).shift(dates, n)


EARLIEST = {  # by source: what its provider's own schedule allows at the earliest
    "squeezemetrics": Publication(rule="session", at="18:00"),  # rests on FINRA's files of the day
    "finra": Publication(rule="session", at="17:00"),  # "no later than 6:00 p.m."
    "cftc": Publication(rule="weekday", weekday=4, at="15:30"),
    "monthly": Publication(rule="month", business_day=1, at="08:00", calendar="federal"),
}
TO_THE_CLOSE = ("close", "member_close", "dix", "put_call_equity", "put_call_total", "put_call_index", "pct_above_200d", "pct_above_50d")
SETTLED = ("funding_rate", "funding_interval_hours")  # stamped at the instant they settle, not with the start of a bar
TAKEN = (  # what a chain says of the instant it was taken, at any hour of its day
    *("gex", "gex_low", "gex_high", "gex_0dte", "zero_gamma", "nearest_positive_gamma", "dealer_delta", "dealer_vanna", "dealer_charm"),
    *("iv_7d", "iv_30d", "iv_91d", "iv_skew", "iv_curve", "max_pain", "oi_herfindahl", "oi_near_share"),
)
SLICES = "slice_"  # fields of a chain's surface begin so


def whole_session(name: str) -> bool:
    """Whether a field of the vocabulary measures a session to its close, so that nobody has it before."""
    return name in FIELDS and (FIELDS[name].over_time in ("first", "max", "min", "sum") or name in TO_THE_CLOSE)


class FieldRule(BaseModel):
    """One field of a dataset: unit, sign, bounds, and for how long a value may stand for the present."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    units: str = ""
    sign: str = ""
    max_age: str = "1 session"
    min: float | None = Field(default=None, allow_inf_nan=False)
    max: float | None = Field(default=None, allow_inf_nan=False)
    zero: Literal["ok", "never"] = "ok"
    combine: str = ""  # how rows make a longer bar, where the vocabulary does not say or the data differ (flowbt.ground.fields)
    coverage: float = Field(default=0.9, ge=0.0, le=1.0)  # share of a longer bar's parts that must be there

    @field_validator("combine")
    @classmethod
    def _combine(cls, value: str) -> str:
        if value and not is_rule(value):
            raise ValueError(f"{value!r} is no rule of combination: one of {', '.join(RULES)}, mean:FIELD")
        return value

    @field_validator("max_age")
    @classmethod
    def _age(cls, value: str) -> str:
        if not re.fullmatch(r"[0-9]{1,5} sessions?", value) and _length(value) < pd.Timedelta(0):
            raise ValueError("an age cannot be negative")
        return value

    @model_validator(mode="after")
    def _bounds(self) -> FieldRule:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is above max {self.max:g}")
        return self

    def stale_at(self, known: pd.DatetimeIndex, clock: Clock) -> np.ndarray:
        """The instant (datetime64[ns]) after which each row no longer stands for the present: sessions are counted from the day it became known, New York
        time, however late that was."""
        if not self.max_age.endswith(("session", "sessions")):
            return np.asarray(known + pd.Timedelta(self.max_age))
        sessions = Clock("XNYS") if clock.always else clock
        codes, instants = pd.factorize(known)  # many symbols share few
        local = pd.DatetimeIndex(instants).tz_localize("UTC").tz_convert("America/New_York").tz_localize(None)
        dates = sessions.shift(local.normalize(), 0)
        later = sessions.shift(dates, int(self.max_age.split()[0]))
        spans = (sessions.closes(later) - sessions.closes(dates)).to_numpy()
        return np.asarray(known.to_numpy() + spans[codes])


class Dataset(BaseModel):
    """A declared dataset. `name` is its folder."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str
    source: str
    clock: str = "XNYS"
    frequency: Frequency = "session"
    vintage: Literal["as published", "latest"] = "as published"
    synthetic: bool = False
    survivorship: bool = False
    priority: int = 100
    licence: str = ""
    url: str = ""
    schedule: str = ""
    note: str = ""
    basis: Literal["traded", "split", "total return"] = "traded"  # of its prices: as traded, adjusted for splits, dividends folded in too
    splice: Literal["judged", "accept", "never"] = "judged"  # may it fill what datasets before it lack: where levels agree, always, never
    live_from: dict[str, str] = Field(default_factory=dict)  # symbol, field or "*" -> first date published as it happened; before: back-calculated
    reading: dict[str, object] = Field(default_factory=dict)  # how `flowbt data add` reads its files: what was asked once
    publication: Publication
    policy: dict[str, Policy] = Field(default_factory=dict)
    fields: dict[str, FieldRule]

    @field_validator("fields")
    @classmethod
    def _names(cls, value: dict[str, FieldRule]) -> dict[str, FieldRule]:
        for name in value:
            field_name(name)
        return value

    @field_validator("live_from")
    @classmethod
    def _dates(cls, value: dict[str, str]) -> dict[str, str]:
        for date in value.values():
            _day(date)
        return value

    @property
    def calendar(self) -> Clock:
        """The clock its rows are labelled by."""
        step = self.frequency if self.clock == ALWAYS and self.frequency in HOURS_PER_BAR else "1d"
        return Clock(self.clock, step)

    def combines(self, name: str) -> str:
        """The rule by which rows of a field make a longer bar. FieldError where nothing says it."""
        rule = self.fields[name].combine or (FIELDS[name].over_time if name in FIELDS else "")
        if not rule:
            found = f"dataset {self.name} has {self.frequency} rows, and nothing says how they combine on a longer bar"
            raise FieldError(
                f"field {name!r}", found, f'is it a sum, a mean, the last? write combine = "sum" (or ...) under [fields.{name}] of its dataset.toml'
            )
        return rule

    def too_early(self, events: np.ndarray, known: np.ndarray) -> np.ndarray:
        """Which rows (datetime64[ns]) are said to be known before they can be: before their event (less what the rule allows as `ahead`), before their
        session or bar is over, or before the source publishes. Tables of dated events are not judged: a date is known before the day."""
        if self.frequency == "event" or not len(events):
            return np.zeros(len(events), dtype=bool)
        codes, times = pd.factorize(events)
        least = self._least(pd.DatetimeIndex(times)).to_numpy().astype("datetime64[ns]")[codes]
        return np.asarray(known < least - pd.Timedelta(self.publication.ahead).to_timedelta64())

    def out_between(self, first: pd.Timestamp, last: pd.Timestamp) -> bool:
        """Whether a row may have come out after `first` and until `last` (naive UTC): by the publication rule, or with a session's close where the rows
        themselves say when. On a 24/7 clock: whether a UTC day ended."""
        if (clock := self.calendar).always:
            return bool(first.normalize() < last.normalize())
        days = clock.labels(first.normalize() - pd.Timedelta(days=45), last.normalize())
        out = clock.closes(days) if self.publication.rule == "column" else self.publication.known_at(days, clock)
        return bool(((out > first) & (out <= last)).any())

    def early_words(self, event: np.datetime64, known: np.datetime64) -> str:
        """A row that `too_early` found, in words."""
        least = self._least(pd.DatetimeIndex([event]))[0]
        return (
            f"the row of {pd.Timestamp(event)} would be known at {pd.Timestamp(known):%Y-%m-%d %H:%M} UTC, it is out at {least:%Y-%m-%d %H:%M} at the earliest"
        )

    def _least(self, events: pd.DatetimeIndex) -> pd.DatetimeIndex:
        """The earliest instant at which rows with these event times can be known."""
        least, clock = events, self.calendar
        settled = all(self.fields[name].combine in ("rate", "compound") or name in SETTLED + TAKEN or name.startswith(SLICES) for name in self.fields)
        if self.frequency == "session" and any(whole_session(name) for name in self.fields):
            closes = clock.closes(events)
            least = closes.where(closes.notna(), events)
        elif self.frequency in HOURS_PER_ROW and clock.always and not settled:
            least = events + pd.Timedelta(hours=HOURS_PER_ROW[self.frequency]) - BEFORE_END
        if self.source in EARLIEST:
            by_source = EARLIEST[self.source].known_at(events, clock)
            least = least.where(least >= by_source, by_source)
        return least

    def live(self, name: str, symbol: str) -> pd.Timestamp | None:
        """The first date on which a field of a symbol was published as it happened; None where all of it was."""
        date = self.live_from.get(symbol) or self.live_from.get(name) or self.live_from.get("*")
        return pd.Timestamp(date) if date else None


def field_name(name: str) -> str:
    """The name, if a field can have it; ValueError for anything else."""
    if not name.isidentifier() or name in OWN or len(name) > 60:
        near = re.sub(r"\W+", "_", name[:60]).strip("_").lower()
        near = near if near.isidentifier() and near not in OWN else "value"
        raise ValueError(f"{name[:60]!r} is no name for a field: letters, digits and _, such as {near}")
    return name


def read_declaration(folder: Path) -> Dataset:
    """The declaration in `folder/dataset.toml`; DatasetError says what is missing or wrong in it."""
    path = folder / "dataset.toml"
    try:
        raw = read_toml(path)
    except FileNotFoundError:
        raise DatasetError(f"dataset {folder.name}", f"{path} is not there", "write one, or use `flowbt data import`") from None
    except OSError as error:
        raise DatasetError(f"dataset {folder.name}", f"{path} cannot be read ({error.strerror})", "check the file") from None
    except ValueError as error:
        raise DatasetError(f"dataset {folder.name}", f"{path} is not TOML ({error})", "mend the file") from None
    if "publication" not in raw:
        raise DatasetError(
            f"dataset {folder.name}", f"{path} has no [publication] rule", "say when its rows became public, e.g. rule = 'session', at = '18:00'"
        )
    return parse_declaration(folder.name, raw)


def parse_declaration(name: str, raw: dict[str, object]) -> Dataset:
    """A `Dataset` from the mapping a TOML file holds."""
    return as_model({"name": name, **raw}, Dataset, f"dataset {name}", DatasetError, "see docs/data.md for the keys of dataset.toml")
