"""Structural pivots: a level known beforehand that the close broke, and whether it holds. Frames are labels x symbols, series by label."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from flowbt.features.declare import feature
from flowbt.features.trailing import pick, run_length
from flowbt.ground.errors import ParameterError
from flowbt.ground.protocols import Panel

PIVOTS = ("all_time_high", "month_high", "round_number")


class Pivot(NamedTuple):
    level: pd.DataFrame  # the pivot in force: the level at the last break
    broke: pd.DataFrame  # bool: this close broke a new pivot
    above: pd.DataFrame  # bool: close over the pivot in force
    held: pd.DataFrame  # bool: `hold` closes in a row over it, or more, since the break
    broken: pd.DataFrame  # bool: first close back at or under a pivot that was held


def prior_month_high(high: pd.DataFrame) -> pd.DataFrame:
    """Highest of the calendar month before, on every label of a month; missing in the first month."""
    months = pd.DatetimeIndex(high.index).to_period("M")
    highest = high.groupby(months).max().shift(1)
    return highest.reindex(months).set_axis(high.index, axis=0)


def candidate_levels(kind: str, high: pd.DataFrame, close: pd.DataFrame, step: float) -> pd.DataFrame:
    """The level a close could break on each label, known before it (a round number: the multiple at or under the close). ParameterError for another kind."""
    if kind == "all_time_high":
        return close.cummax().ffill().shift(1)  # closes: an intraday poke over the old high would hide its break
    if kind == "month_high":
        return prior_month_high(high)
    if kind == "round_number":
        return close // step * step
    raise ParameterError(f"pivot kind {kind!r}", "not known", f"use one of {', '.join(PIVOTS)}")


def pivot_states(close: pd.DataFrame, level: pd.DataFrame, age: int, hold: int) -> Pivot:
    """A break is a close over `level` when the `age` closes before it were all under; its level stays the pivot until the next break."""
    before = close.shift(1).rolling(age).max()
    broke = (close >= level) & (before < level)
    pivot = level.where(broke).ffill()
    above = close >= pivot
    since = run_length(~broke & pivot.notna()) + 1.0
    run = run_length(above)
    held = above & (run >= hold) & (since >= hold)
    same = pivot == pivot.shift(1)
    broken = ~above & close.notna() & held.shift(1, fill_value=False) & same
    return Pivot(pivot, broke, above, held, broken)


@feature(family="levels", units="price; bool", needs=("close", "high"), stand_ins=("close",), source="ours; claim pivot-hold")
def structural_pivot(panel: Panel, *, kind: str = "all_time_high", age: int = 21, hold: int = 3, step: float = 1000.0, symbol: str | None = None) -> Pivot:
    """The last pivot broken from below, and whether the close still holds it.

    `kind`: "all_time_high" (highest close of the panel so far), "month_high" (highest high of the calendar month before), "round_number" (a
    multiple of `step`). A break needs `age` closes under the level before it, so that a steady climb is one pivot, not one a day. `high` falls
    back on the close. Labels x symbols; before the first break the level is missing and the bools False, also where the close is missing.
    """
    close = pick(panel, "close", symbol)
    high = panel.either("high", "close") if symbol is None else panel.either(("high", symbol), ("close", symbol))
    return pivot_states(close, candidate_levels(kind, high, close, step), age, hold)
