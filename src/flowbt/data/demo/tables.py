"""The simulated arrays as long tables: event_time, symbol, fields; `known_at` follows from each dataset's own publication rule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from flowbt.data.declare import Dataset, parse_declaration
from flowbt.ground.fields import FIELDS

SOURCE = "flowbt's seeded demo market"
_RULES: dict[str, dict[str, object]] = {
    "bar": {"rule": "close"},
    "auction": {"rule": "session", "at": "17:00"},
    "prints": {"rule": "session", "at": "17:00"},  # the day's prints, summed after the close
    "evening": {"rule": "session", "at": "18:00"},
    "next": {"rule": "session", "days": 1, "at": "16:15"},
    "week": {"rule": "weekday", "weekday": 3, "at": "16:30"},
    "positions": {"rule": "weekday", "weekday": 4, "at": "15:30"},
    "month": {"rule": "month", "business_day": 1, "at": "10:00"},
    "instant": {"rule": "after", "delay": "1s"},
    "day": {"rule": "close"},
    "stated": {"rule": "column"},
}
AGES = {"auction": "45 days", "week": "12 days", "positions": "12 days", "month": "45 days", "next": "4 sessions"}


@dataclass(frozen=True)
class Frame:
    """A table without known_at: `rule` names the publication rule; `frequency` and `clock` are the declaration's."""

    name: str
    title: str
    table: pd.DataFrame
    rule: str
    frequency: str = "session"
    clock: str = "XNYS"


@dataclass(frozen=True)
class DemoTable:
    """A dataset of the demo market: its declaration and its rows (event_time, known_at, symbol, fields)."""

    declaration: Dataset
    table: pd.DataFrame


def finish(frame: Frame) -> DemoTable:
    """Declare a table and date its rows."""
    fields = [column for column in frame.table.columns if column not in ("event_time", "known_at", "symbol")]
    age = "36500 days" if frame.frequency == "event" else AGES.get(frame.rule, "1 session" if frame.frequency == "session" else "3 days")
    raw: dict[str, object] = {
        "title": frame.title,
        "source": SOURCE,
        "clock": frame.clock,
        "frequency": frame.frequency,
        "synthetic": True,
        "priority": 900,
        "licence": "CC0-1.0",
        "schedule": "invented; the rule above is kept to the second",
        "publication": _RULES[frame.rule],
        "fields": {name: {"units": _units(name), "max_age": age} for name in fields},
    }
    declaration = parse_declaration(frame.name, raw)
    table = frame.table
    if "known_at" not in table:
        events = pd.DatetimeIndex(table["event_time"])
        unique = pd.DatetimeIndex(events.unique())  # long tables repeat their times
        known = declaration.publication.known_at(unique, declaration.calendar)
        table = table.assign(known_at=known.to_numpy()[unique.get_indexer(events)])
    return DemoTable(declaration, table[["event_time", "known_at", "symbol", *fields]])


def _units(name: str) -> str:
    return FIELDS[name].units if name in FIELDS else "fraction of volume" if name == "null_flow" else "none"


def long(times: pd.DatetimeIndex, symbols: tuple[str, ...], **fields: np.ndarray) -> pd.DataFrame:
    """T x N arrays as one long table, symbol by symbol."""
    columns = {name: np.asarray(values, dtype=float).reshape(len(times), len(symbols)).T.ravel() for name, values in fields.items()}
    labels = pd.Categorical.from_codes(np.repeat(np.arange(len(symbols)), len(times)), categories=pd.Index(symbols))
    return pd.DataFrame({"event_time": np.tile(times.to_numpy(), len(symbols)), "symbol": labels, **columns})


def stack(*tables: pd.DataFrame) -> pd.DataFrame:
    """Long tables under each other; a field one of them lacks is missing there."""
    plain = [table.assign(symbol=table["symbol"].astype(str)) for table in tables]
    return pd.concat(plain, ignore_index=True)
