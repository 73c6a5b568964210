"""Where a decision is probed: on its own entries and exits, every year and symbol among them, and at some other dates.

And what is shown there in place of the future: nothing, or another course of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowbt.data.panel.views import Change, Range
from flowbt.studies.lookahead.parts import PartTable

Rows = npt.NDArray[np.int64]
ENTRIES, BEFORE, EXITS, ELSEWHERE = 15, 2, 3, 3  # cuts; with the last rows and the screens 27 to 29 evaluations
AFTER = 30  # made-up rows that follow a cut
APART = 12  # rows between those that a screen changes


@dataclass(frozen=True)
class Activity:
    """Rows at which the decision begins to ask for something, and ends to; `column` is the place among all columns of its tables."""

    begins: npt.NDArray[np.int64]  # n x 2: row, column
    ends: npt.NDArray[np.int64]


def activity_of(parts: dict[str, object]) -> Activity:
    """Where the tables of a decision change; of a long history the same wherever it is called from."""
    tables = [table.values for table in parts.values() if isinstance(table, PartTable) and table.numeric]
    if not tables:
        nothing = np.empty((0, 2), np.int64)
        return Activity(nothing, nothing)
    values = np.hstack([np.nan_to_num(one) for one in tables])
    changed = np.zeros(values.shape, bool)
    changed[1:] = values[1:] != values[:-1]
    changed[0] = values[0] != 0
    busy = changed & (values != 0)
    return Activity(np.argwhere(busy), np.argwhere(changed & (values == 0)))


def cut_rows(active: Activity, index: pd.DatetimeIndex, rng: np.random.Generator) -> list[int]:
    """Rows after which the panel ends: entries spread over years and symbols first, then rows before some, exits, other rows, and the last ones."""
    rows = len(index)
    years = index.year.to_numpy()
    entries = _spread(active.begins, years, ENTRIES, rng)
    chosen = entries + [row - 1 for row in entries[:BEFORE]] + _spread(active.ends, years, EXITS, rng)
    chosen += [int(row) for row in np.linspace(rows // 12, rows - 2, ELSEWHERE).astype(int) + rng.integers(-5, 6, ELSEWHERE)]
    chosen += [rows - 2, *_spread(active.begins[active.begins[:, 0] >= rows - max(rows // 20, 20)], years, 1, rng)]
    return [row for row in dict.fromkeys(chosen) if 1 <= row < rows - 1]


def _spread(places: npt.NDArray[np.int64], years: npt.NDArray[np.int64], count: int, rng: np.random.Generator) -> list[int]:
    """`count` rows of `places`, taking years in turn, and in each the symbol that has been taken least."""
    if not len(places):
        return []
    places = places[rng.permutation(len(places))]
    year_of = years[places[:, 0]]
    by_year = {year: places[year_of == year] for year in rng.permutation(np.unique(year_of))}
    taken: dict[int, int] = {}
    found: list[int] = []
    while by_year and len(found) < count:
        for year in list(by_year):
            row, column = min(by_year[year][:200].tolist(), key=lambda place: taken.get(place[1], 0))
            taken[column] = taken.get(column, 0) + 1
            found.append(row)
            by_year[year] = by_year[year][by_year[year][:, 0] != row]
            if not len(by_year[year]):
                del by_year[year]
            if len(found) == count:
                break
    return found


def other_future(direction: float) -> Change:
    """Another future: from the last value known, rising (direction over 0) or falling; what can be negative changes to that sign."""

    def change(values: np.ndarray, kept: int, span: Range) -> np.ndarray:
        after = len(values) - kept
        if after <= 0:
            return values
        if values.dtype == bool:
            values[kept:] = direction > 0
        elif values.dtype.kind == "f":
            values[kept:] = _moved(span, _last(values, kept), _steps(direction, after))
        return values

    return change


def _steps(direction: float, count: int) -> np.ndarray:
    j = np.arange(count)[:, None]
    return np.asarray(direction * 0.3 * (1 - np.exp(-(j + 1) / 5.0)) + 0.02 * np.sin(7.3 * j))


def screen(rows: Rows, directions: npt.NDArray[np.float64]) -> Change:
    """Single rows changed, each up or down by a twentieth; all others as they are."""

    def change(values: np.ndarray, kept: int, span: Range) -> np.ndarray:
        if values.dtype == bool:
            values[rows] = directions[:, None] > 0
        elif values.dtype.kind == "f":
            values[rows] = _moved(span, values[rows], 0.05 * directions[:, None])
        return values

    return change


def _moved(span: Range, start: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """`start` times 1 + steps where the column is never negative; else so far to that side of zero."""
    moved, signed = start * (1 + steps), span.low < 0
    if signed.any():
        size = np.maximum(-span.low, span.high)
        moved = np.where(signed, np.sign(steps) * (np.abs(start) + 0.1 * size), moved)
    return np.asarray(moved)


def _last(values: np.ndarray, kept: int) -> np.ndarray:
    """The last value there before `kept`, column by column; missing where there was none."""
    last: np.ndarray = values[kept - 1].copy()
    for column in np.flatnonzero(np.isnan(last)):
        there = np.flatnonzero(~np.isnan(values[:kept, column]))
        last[column] = values[there[-1], column] if len(there) else np.nan
    return last


def screens(active: Activity, rows: int, rng: np.random.Generator, count: int = 2) -> list[tuple[Rows, npt.NDArray[np.float64]]]:
    """Rows right after entries (then any), far enough apart, with a direction each; so many sets of them (a third found nothing that two did not)."""
    after = np.unique(np.minimum(active.begins[:, 0] + 1, rows - 1))
    found = []
    for n in range(count):
        start = int(rng.integers(APART))
        pool = after if n == 0 and len(after) else np.arange(start, rows)
        kept, last = [], -APART
        for row in pool[start % max(min(len(pool) // 4, APART), 1) :]:
            if row - last >= APART:
                kept.append(int(row))
                last = row
        directions = np.where((np.arange(len(kept)) + n) % 2 == 0, 1.0, -1.0)
        found.append((np.array(kept, np.int64), directions))
    return [one for one in found if len(one[0])]
