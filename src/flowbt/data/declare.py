"""`dataset.toml`: what a dataset is, in which units, and when its rows became public.

A dataset without a publication rule is refused: without it no row could be placed in time.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from flowbt.ground import federal
from flowbt.ground.clock import ALWAYS, HOURS_PER_BAR, Clock, local_instants
from flowbt.ground.errors import DatasetError, FieldError
from flowbt.ground.fields import FIELDS, RULES, is_rule

Policy = Literal["refuse", "drop", "flag"]
Frequency = Literal["session", "1m", "5m", "15m", "30m", "1h", "4h", "8h", "day", "week", "month", "irregular", "event"]
NEW_YORK = "America/New_York"
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
BEFORE_END = pd.Timedelta(milliseconds=1)  # a half-open bar's last trade is before its end


class Publication(BaseModel):
    """When a row became public.

    close: the end of its bar. session: `at` local time, `days` sessions after the event date. after: `delay` after the event
    time. weekday: `at` on the first `weekday` (0 = Monday) after the event date. month: `at` on the n-th `business_day` of the month
    after the event's month (the `january`-th in January, where that differs). column: the file itself carries `known_at`.

    Days are sessions of the dataset's clock, or with `calendar = "federal"` business days of the US government: a weekday that is none
    moves to the next, and with `whole_week` a holiday earlier in its week delays it by a day. `same_day`: an event on the weekday itself
    is published that day. `ahead`: how long before the event time a value may be known (a rate fixed one interval ahead).
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
    whole_week: bool = False
    same_day: bool = False
    ahead: str = "0h"

    @field_validator("delay", "ahead")
    @classmethod
    def _delay(cls, value: str) -> str:
        if pd.Timedelta(value) < pd.Timedelta(0):
            raise ValueError("a delay cannot be negative")
        return value

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
        days = {"session": self._on_session, "weekday": self._on_weekday, "month": self._on_month}[self.rule]
        return local_instants(days(events.normalize(), clock), self.at, self.zone)

    def _on_session(self, dates: pd.DatetimeIndex, clock: Clock) -> pd.DatetimeIndex:
        # days = 0 keeps the row's own date, also where it is no session
        return dates if self.days == 0 else self._shift(dates, self.days, clock)

    def _on_weekday(self, dates: pd.DatetimeIndex, clock: Clock) -> pd.DatetimeIndex:
        least = 0 if self.same_day else 1
        day = dates + pd.to_timedelta((self.weekday - dates.day_of_week.to_numpy() - least) % 7 + least, unit="D")
        if self.calendar != "federal":
            return day
        if self.whole_week:
            before = [federal.is_holiday(day - pd.Timedelta(days=back)) for back in range(1, self.weekday + 1)]
            day = day + pd.to_timedelta(np.any(before, axis=0).astype(int) if before else np.zeros(len(day), int), unit="D")
        return federal.next_open(day)

    def _on_month(self, dates: pd.DatetimeIndex, clock: Clock) -> pd.DatetimeIndex:
        first = (dates.to_period("M") + 1).to_timestamp().as_unit("ns")
        eve = first - pd.Timedelta(days=1)
        usual = self._shift(eve, self.business_day, clock)
        return usual if self.january is None else usual.where(first.month != 1, self._shift(eve, self.january, clock))

    def _shift(self, dates: pd.DatetimeIndex, n: int, clock: Clock) -> pd.DatetimeIndex:
        if self.calendar == "federal":
            return federal.shift(dates, n)
        return (Clock("XNYS") if clock.always else clock).shift(dates, n)


class FieldRule(BaseModel):
    """One field of a dataset: unit, sign, bounds, and for how long a value may stand for the present."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    units: str = ""
    sign: str = ""
    max_age: str = "1 session"
    min: float | None = None
    max: float | None = None
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
        if not value.endswith(("session", "sessions")):
            pd.Timedelta(value)
        return value

    def stale_at(self, events: pd.DatetimeIndex, known: pd.DatetimeIndex, clock: Clock) -> np.ndarray:
        """The instant (datetime64[ns]) after which each row no longer stands for the present."""
        if not self.max_age.endswith(("session", "sessions")):
            return np.asarray(known + pd.Timedelta(self.max_age))
        sessions = Clock("XNYS") if clock.always else clock
        codes, days = pd.factorize(events.normalize())  # many symbols share few dates
        dates = sessions.shift(pd.DatetimeIndex(days), 0)
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
    splice: Literal["judged", "accept", "never"] = "judged"  # may it fill what datasets before it lack: where levels agree, always, never
    live_from: dict[str, str] = Field(default_factory=dict)  # symbol, field or "*" -> first date published as it happened; before: back-calculated
    publication: Publication
    policy: dict[str, Policy] = Field(default_factory=dict)
    fields: dict[str, FieldRule]

    @field_validator("live_from")
    @classmethod
    def _dates(cls, value: dict[str, str]) -> dict[str, str]:
        for date in value.values():
            if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", date):
                raise ValueError(f"{date!r} is no date YYYY-MM-DD")
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
            raise FieldError(f"field {name!r}", found, f"is it a sum, a mean, the last? write combine = \"sum\" (or ...) under [fields.{name}] of its dataset.toml")
        return rule

    def live(self, name: str, symbol: str) -> pd.Timestamp | None:
        """The first date on which a field of a symbol was published as it happened; None where all of it was."""
        date = self.live_from.get(symbol) or self.live_from.get(name) or self.live_from.get("*")
        return pd.Timestamp(date) if date else None


def read_declaration(folder: Path) -> Dataset:
    """The declaration in `folder/dataset.toml`; DatasetError says what is missing or wrong in it."""
    path = folder / "dataset.toml"
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DatasetError(f"dataset {folder.name}", f"{path} is not there", "write one, or use `flowbt data import`") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DatasetError(f"dataset {folder.name}", f"{path} is not TOML ({error})", "mend the file") from None
    if "publication" not in raw:
        raise DatasetError(
            f"dataset {folder.name}", f"{path} has no [publication] rule", "say when its rows became public, e.g. rule = 'session', at = '18:00'"
        )
    return parse_declaration(folder.name, raw)


def parse_declaration(name: str, raw: dict[str, object]) -> Dataset:
    """A `Dataset` from the mapping a TOML file holds."""
    try:
        return Dataset.model_validate({"name": name, **raw})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DatasetError(f"dataset {name}", f"{where}: {first['msg']}", "see docs/data.md for the keys of dataset.toml") from None
