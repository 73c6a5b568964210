"""The one place where rows of a dataset make longer bars.

1. Each row belongs to a bar. On a 24/7 clock, and for prices and rows of the exchange itself: the bar its event time lies in (half open; for an
   exchange, the date; prices before its open and from its close on are of no bar). What is measured around the clock (flows, rates) on an exchange's clock:
   all that ended since the session before closed.
2. Of rows about the same event the one known last counts; where some were known later, the bar has a row for each such instant.
3. A bar whose parts cover less than the declared share of its hours is missing.
4. The parts combine by the field's rule. The bar is known when the last of its parts is, and not before its own end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from flowbt.data.declare import BEFORE_END, Dataset
from flowbt.ground.clock import ALWAYS, HOURS_PER_BAR, HOURS_PER_ROW, Clock

Columns = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
HOUR = np.timedelta64(3600, "s")


@dataclass(frozen=True)
class Parts:
    """Rows of one field and symbol that are to combine. `hours`: how long each lasts (NaN: not said)."""

    event: np.ndarray
    known: np.ndarray
    values: np.ndarray
    weights: np.ndarray
    hours: np.ndarray
    declaration: Dataset
    coverage: float

    def take(self, rows: np.ndarray) -> Parts:
        columns = {name: getattr(self, name)[rows] for name in ("event", "known", "values", "weights", "hours")}
        return replace(self, **columns)


@dataclass(frozen=True)
class _Bars:
    """Per row: the label of its bar, the instants at which that bar and the next end, and the hours it should cover."""

    label: np.ndarray
    end: np.ndarray
    after: np.ndarray
    hours: np.ndarray


def finer(declaration: Dataset, clock: Clock) -> bool:
    """Whether a dataset's rows are finer than the clock's bars, so that several of them make one."""
    if declaration.frequency == "irregular":
        return True
    rows, bar = HOURS_PER_ROW.get(declaration.frequency), HOURS_PER_BAR[clock.step]
    if rows is None:
        return False
    return rows < bar or (rows == bar and declaration.clock == ALWAYS and not clock.always)  # a session after a weekend has three days


def crowded(events: np.ndarray, clock: Clock) -> bool:
    """Whether a bar of the clock has more than one event; where none has, irregular rows stand for the present as they are."""
    bars = pd.DatetimeIndex(np.unique(events)).floor(clock.bar)
    return bool(bars.has_duplicates)


def combine(parts: Parts, rule: str, clock: Clock, price: bool) -> Columns:
    """event (the bars' labels), known, stale and values of the bars that `parts` make."""
    parts = parts.take(np.lexsort((parts.known, parts.event)))
    bars = _bars_of(parts, clock, price)
    inside = ~np.isnat(bars.end)
    if not inside.all():
        parts, bars = parts.take(inside), _take(bars, inside)
    if not len(parts.event):
        return parts.event, parts.known, parts.known, parts.values
    again = parts.event[1:] == parts.event[:-1]
    if not again.any():
        return _reduced(parts, bars, rule)
    revised = np.isin(bars.label, bars.label[1:][again])
    made = [_reduced(parts.take(~revised), _take(bars, ~revised), rule)] if not revised.all() else []
    for label in np.unique(bars.label[revised]):
        made += _vintages(parts, bars, rule, np.flatnonzero(bars.label == label))
    columns = [np.concatenate(column) for column in zip(*made, strict=True)]
    return columns[0], columns[1], columns[2], columns[3]


def _vintages(parts: Parts, bars: _Bars, rule: str, rows: np.ndarray) -> list[Columns]:
    """One bar, as it stood after each instant at which one of its parts became known."""
    made = []
    for instant in np.unique(parts.known[rows]):
        known = rows[parts.known[rows] <= instant]
        last = known[np.r_[parts.event[known][1:] != parts.event[known][:-1], True]]
        made.append(_reduced(parts.take(last), _take(bars, last), rule))
    return made


def _reduced(parts: Parts, bars: _Bars, rule: str) -> Columns:
    """Rows in order of event time, one per event, to one row per bar; bars with too few parts are left out."""
    starts = np.flatnonzero(np.r_[True, bars.label[1:] != bars.label[:-1]])
    ends = np.r_[starts[1:], len(bars.label)]
    values = _by_rule(parts, rule, starts, ends)
    known = np.maximum(np.maximum.reduceat(parts.known, starts), bars.end[starts] - BEFORE_END.to_timedelta64())
    stale = known + (bars.after[starts] - bars.end[starts])
    covered = np.add.reduceat(parts.hours, starts) / bars.hours[starts]
    there = ~(covered < parts.coverage - 1e-9) & ~np.isnan(values)  # rows that do not say how long they last are not judged
    return bars.label[starts][there], known[there], stale[there], values[there]


def _by_rule(parts: Parts, rule: str, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    values = parts.values
    if rule in ("last", "event"):
        return np.asarray(values[ends - 1])
    if rule == "first":
        return np.asarray(values[starts])
    if rule in ("max", "min"):
        return np.asarray((np.maximum if rule == "max" else np.minimum).reduceat(values, starts))
    if rule in ("sum", "rate"):
        return np.asarray(np.add.reduceat(values, starts))
    if rule == "compound":
        return np.asarray(np.multiply.reduceat(1.0 + values, starts)) - 1.0
    weight = np.add.reduceat(parts.weights, starts)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.add.reduceat(values * parts.weights, starts) / weight)  # nothing to weigh by: missing


def _bars_of(parts: Parts, clock: Clock, price: bool) -> _Bars:
    events = pd.DatetimeIndex(parts.event)
    around = parts.declaration.calendar.always
    if clock.always:
        label = events.floor(clock.bar)
        end = label + clock.bar
        return _Bars(_ns(label), _ns(end), _ns(end + clock.bar), np.full(len(label), float(HOURS_PER_BAR[clock.step])))
    if around and not price:
        return _since_the_close(parts, clock)
    label = events.floor("D")
    days, where = label.unique(), label.unique().get_indexer(label)
    if around:
        end = days + pd.Timedelta(days=1)
        return _take(_Bars(_ns(days), _ns(end), _ns(end + pd.Timedelta(days=1)), np.full(len(days), 24.0)), where)
    opens, ends, after = clock.opens(days), clock.closes(days), clock.closes(clock.shift(days, 1))
    hours = np.asarray((ends - opens) / pd.Timedelta(hours=1), dtype=float)
    bars = _take(_Bars(_ns(days), _ns(ends), _ns(after), hours), where)
    if not price:
        return bars
    inside = (parts.event + _lasting(parts) > _ns(opens)[where]) & (parts.event < bars.end)
    return replace(bars, end=np.where(inside, bars.end, np.datetime64("NaT", "ns")))


def _since_the_close(parts: Parts, clock: Clock) -> _Bars:
    lasts = _lasting(parts) if parts.declaration.publication.rule == "close" else np.timedelta64(0, "s")
    over = parts.event + lasts
    days = clock.labels(pd.Timestamp(over.min()) - pd.Timedelta(days=15), pd.Timestamp(over.max()) + pd.Timedelta(days=15))
    closes = _ns(clock.closes(days))
    where = np.clip(np.searchsorted(closes, over, side="left"), 1, len(days) - 2)
    return _Bars(_ns(days)[where], closes[where], closes[where + 1], np.asarray((closes[where] - closes[where - 1]) / HOUR, dtype=float))


def _lasting(parts: Parts) -> np.ndarray:
    """How long each row lasts; nothing where it does not say."""
    return np.asarray((np.nan_to_num(parts.hours) * 3600).astype("timedelta64[s]"))


def _take(bars: _Bars, rows: np.ndarray) -> _Bars:
    return _Bars(bars.label[rows], bars.end[rows], bars.after[rows], bars.hours[rows])


def _ns(times: pd.DatetimeIndex) -> np.ndarray:
    return times.to_numpy().astype("datetime64[ns]", copy=False)
