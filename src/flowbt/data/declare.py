"""`dataset.toml`: what a dataset is, in which units, and when its rows became public.

A dataset without a publication rule is refused: without it no row could be placed in time.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from flowbt.ground.clock import ALWAYS, HOURS_PER_BAR, Clock, local_instants
from flowbt.ground.errors import DatasetError

Policy = Literal["refuse", "drop", "flag"]
Frequency = Literal["session", "1h", "4h", "8h", "day", "week", "month", "irregular", "event"]
NEW_YORK = "America/New_York"
BEFORE_END = pd.Timedelta(milliseconds=1)  # a half-open bar's last trade is before its end


class Publication(BaseModel):
    """When a row became public.

    close: the end of its bar. session: `at` local time, `days` sessions after the event date. after: `delay` after the event
    time. weekday: `at` on the first `weekday` (0 = Monday) after the event date. month: `at` on the n-th `business_day` of the month
    after the event's month. column: the file itself carries `known_at`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: Literal["close", "session", "after", "weekday", "month", "column"]
    days: int = Field(default=0, ge=0)
    at: str = "18:00"
    zone: str = NEW_YORK
    delay: str = "0h"
    weekday: int = Field(default=4, ge=0, le=6)
    business_day: int = Field(default=1, ge=1)

    @field_validator("delay")
    @classmethod
    def _delay(cls, value: str) -> str:
        if pd.Timedelta(value) < pd.Timedelta(0):
            raise ValueError("a delay cannot be negative")
        return value

    def words(self) -> str:
        """The rule as a phrase for `flowbt data show` and the tearsheet."""
        local = f"{self.at} {self.zone.split('/')[-1].replace('_', ' ')}"
        return {
            "close": "known at the end of the bar",
            "session": f"known at {local}, " + ("same session" if self.days == 0 else f"{self.days} session(s) later"),
            "after": f"known {self.delay} after the event time",
            "weekday": f"known at {local} on the next {['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'][self.weekday]}",
            "month": f"known at {local} on business day {self.business_day} of the next month",
            "column": "known when the file says",
        }[self.rule]

    def known_at(self, events: pd.DatetimeIndex, clock: Clock) -> pd.DatetimeIndex:
        """Naive UTC instants at which rows with these event times became public."""
        sessions = Clock("XNYS") if clock.always else clock
        if self.rule == "close":
            if clock.always:
                return clock.closes(events) - BEFORE_END
            closes = clock.closes(events)  # a row on a day without a session counts from the session before it
            return closes.where(closes.notna(), local_instants(events, "16:00", NEW_YORK))
        if self.rule == "session":
            # days = 0 keeps the row's own date, also where it is no session
            dates = events.normalize() if self.days == 0 else sessions.shift(events.normalize(), self.days)
            return local_instants(dates, self.at, self.zone)
        if self.rule == "after":
            return events + pd.Timedelta(self.delay)
        if self.rule == "weekday":
            ahead = (self.weekday - events.day_of_week.to_numpy() - 1) % 7 + 1
            return local_instants(events.normalize() + pd.to_timedelta(ahead, unit="D"), self.at, self.zone)
        if self.rule == "month":
            first = (events.to_period("M") + 1).to_timestamp().as_unit("ns")
            return local_instants(sessions.shift(first - pd.Timedelta(days=1), self.business_day), self.at, self.zone)
        raise DatasetError("publication rule 'column'", "the rows carry no known_at", "name the column in the import, or declare another rule")


class FieldRule(BaseModel):
    """One field of a dataset: unit, sign, bounds, and for how long a value may stand for the present."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    units: str = ""
    sign: str = ""
    max_age: str = "1 session"
    min: float | None = None
    max: float | None = None
    zero: Literal["ok", "never"] = "ok"

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
    publication: Publication
    policy: dict[str, Policy] = Field(default_factory=dict)
    fields: dict[str, FieldRule]

    @property
    def calendar(self) -> Clock:
        """The clock its rows are labelled by."""
        step = self.frequency if self.clock == ALWAYS and self.frequency in HOURS_PER_BAR else "1d"
        return Clock(self.clock, step)


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
