"""Several datasets that answer for one field and symbol, as one table.

The first dataset (nearest frequency, then lowest priority number) answers wherever it has a row. A later one fills the labels that are still
missing; where its rows are of another frequency, only those before the first and after the last. Every row keeps its own `known_at`.

A later dataset whose level differs is another construction, and is left out: where both have values, their median difference is more than half
the median step between neighbouring values; where they never meet, the jump at the joint is more than ten such steps. `splice = "accept"` in its
dataset.toml joins it all the same, "never" keeps it out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from flowbt.data.catalog import Imported
from flowbt.data.panel.columns import FieldTable, latest

FEWEST = 5  # common rows that can be compared


@dataclass(frozen=True)
class Speaker:
    """A dataset that answered for a field and symbol, and for which labels (its first and last; the number of its rows)."""

    dataset: str
    first: pd.Timestamp
    last: pd.Timestamp
    rows: int


@dataclass(frozen=True)
class Agreement:
    """Two tables on the labels that both have: how many, their median and largest difference, and the median step of the first."""

    common: int
    median: float
    largest: float
    step: float

    @property
    def same(self) -> bool:
        """Whether the levels agree; with too few common labels they cannot be told apart."""
        return self.common < FEWEST or self.median <= 0.5 * self.step


@dataclass(frozen=True)
class Joined:
    """The table, who spoke when, and what was left out, in words."""

    table: FieldTable
    speakers: tuple[Speaker, ...]
    left_out: tuple[str, ...]


Held = tuple[Imported, FieldTable]
Series = tuple[np.ndarray, np.ndarray]  # times and values


def join(held: Sequence[Held]) -> Joined:
    """One table of several, the first first."""
    (first, table), *others = held
    speakers, left_out = [_speaker(first, table, len(table.event))], []
    for holder, other in others:
        rows = _missing(table, other, holder.declaration.frequency == first.declaration.frequency)
        if not rows.any():
            continue
        reason = _against(table, other, holder)
        if reason:
            left_out.append(reason)
            continue
        more = _take(other, rows)
        speakers.append(_speaker(holder, more, int(rows.sum())))
        table = _both(table, more)
    return Joined(table, tuple(sorted((one for one in speakers if one.rows), key=lambda one: one.first)), tuple(left_out))


def preceded(joined: Joined, table: FieldTable, holder: Imported) -> Joined:
    """What was joined, with the rows of another table before its first (without values: none)."""
    rows = (table.event < joined.table.event.min()) & ~np.isnan(table.values) if joined.table.event.size else np.zeros(len(table.event), dtype=bool)
    if not rows.any():
        return joined
    more = _take(table, rows)
    return replace(joined, table=_both(joined.table, more), speakers=(_speaker(holder, more, int(rows.sum())), *joined.speakers))


def agreement(one: FieldTable, other: FieldTable) -> Agreement:
    """How two tables agree where both have a value (of several vintages the last)."""
    (times, a), (others, b) = latest(one), latest(other)
    at = np.minimum(np.searchsorted(others, times), max(len(others) - 1, 0))
    met = others[at] == times if len(others) else np.zeros(len(times), dtype=bool)
    step = float(np.median(np.abs(np.diff(a)))) if len(a) > 1 else 0.0
    if not met.any():
        return Agreement(0, np.nan, np.nan, step)
    ours, off = a[met], np.abs(a[met] - b[at[met]])
    if len(ours) >= FEWEST:
        step = float(np.median(np.abs(np.diff(ours))))  # of the same time: levels grow
    return Agreement(len(ours), float(np.median(off)), float(off.max()), step)


def _against(table: FieldTable, other: FieldTable, holder: Imported) -> str:
    """Why a dataset may not fill a table; empty where it may."""
    declared = holder.declaration.splice
    if declared == "accept":
        return ""
    if declared == "never":
        return f"{holder.name} is not joined: its declaration says so"
    if not len(table.event):  # what the first has does not make one bar
        return ""
    met = agreement(table, other)
    if met.common >= FEWEST:
        if met.same:
            return ""
        return f"{holder.name} is not joined: it differs by {met.median:.4g} at the median of {met.common} common labels, where a usual step is {met.step:.4g}"
    jump = _jump(latest(table), latest(other))
    if jump <= 10 * met.step:
        return ""
    return f"{holder.name} is not joined: a jump of {jump:.4g} at the joint, where a usual step is {met.step:.4g}"


def _jump(one: Series, other: Series) -> float:
    """The step from one series to the other where they come nearest in time."""
    (times, a), (others, b) = one, other
    if times[0] > others[0]:
        return abs(float(a[0] - b[others < times[0]][-1]))
    after = b[others > times[-1]]
    return abs(float(after[0] - a[-1])) if len(after) else 0.0


def _missing(table: FieldTable, other: FieldTable, alike: bool) -> np.ndarray:
    if not len(table.event):
        return np.ones(len(other.event), dtype=bool)
    outside = (other.event < table.event.min()) | (other.event > table.event.max())
    return np.asarray(~np.isin(other.event, table.event) if alike else outside)


def _take(table: FieldTable, rows: np.ndarray) -> FieldTable:
    return FieldTable(table.event[rows], table.known[rows], table.stale[rows], table.values[rows])


def _both(one: FieldTable, other: FieldTable) -> FieldTable:
    parts = [np.concatenate([getattr(one, name), getattr(other, name)]) for name in ("event", "known", "stale", "values")]
    order = np.lexsort((parts[0], parts[1]))
    return replace(one, event=parts[0][order], known=parts[1][order], stale=parts[2][order], values=parts[3][order], whole=False)


def _speaker(holder: Imported, table: FieldTable, rows: int) -> Speaker:
    nothing = pd.Timestamp("NaT")
    first, last = (pd.Timestamp(table.event.min()), pd.Timestamp(table.event.max())) if rows else (nothing, nothing)
    return Speaker(holder.name, first, last, rows)
