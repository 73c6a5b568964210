"""Streaks and milestones: runs of sessions won, and multiples of a round step. Frames are labels x symbols, series by label."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from flowbt.features.declare import feature
from flowbt.features.trailing import pick, run_length
from flowbt.ground.errors import ParameterError
from flowbt.ground.protocols import Panel

KINDS = ("up", "down", "beats", "lags")


def streak_of(change: pd.DataFrame) -> pd.DataFrame:
    """Run of positive changes, in labels. A missing change is missing and ends the run."""
    return run_length(change > 0).where(change.notna())


@feature(family="streaks", units="sessions", sign="0 = the last session was not won", needs=("close",), source="document spx7000")
def win_streak(panel: Panel, *, kind: str = "up", than: str = "SPX", symbol: str | None = None) -> pd.DataFrame:
    """Sessions in a row that a symbol won, this one included.

    `kind`: "up" / "down" = close over / under the close before; "beats" / "lags" = the session's return over / under
    that of `than`. `symbol`: that symbol's streak, spread over the panel's symbols. Labels x symbols. A missing close
    makes its session, and the next, missing and ends the streak.
    ParameterError for another kind.
    """
    if kind not in KINDS:
        raise ParameterError(f"win_streak(kind={kind!r})", "not a kind of streak", f"use one of {', '.join(KINDS)}")
    change = pick(panel, "close", symbol).pct_change(fill_method=None)
    if kind in ("beats", "lags"):
        change = change - panel["close", than].pct_change(fill_method=None)
    return streak_of(-change if kind in ("down", "lags") else change)


class Milestone(NamedTuple):
    distance: pd.DataFrame  # fraction of the nearest multiple; negative = under it
    near: pd.DataFrame  # bool: within `within` of a multiple, either side
    near_below: pd.DataFrame  # bool: within `within`, and under it
    first_above: pd.DataFrame  # bool: first close ever, in the panel, at or over a new multiple
    held: pd.DataFrame  # bool: the `hold`-th close in a row over it, the first included


def milestone_distance(close: pd.DataFrame, step: float) -> pd.DataFrame:
    """close / nearest positive multiple of `step` - 1."""
    return close / ((close / step).round().clip(lower=1.0) * step) - 1.0


def first_closes(close: pd.DataFrame, step: float) -> pd.DataFrame:
    """Bool: the close is over a multiple of `step` that no earlier close was at or over. Never on the first close."""
    before = close.cummax().ffill().shift(1)
    return close // step > before // step


@feature(
    family="streaks",
    units="fraction; bool",
    sign="distance negative = under the multiple",
    needs=("close",),
    source="document spx7000",
)
def milestone(panel: Panel, *, step: float = 1000.0, within: float = 0.01, hold: int = 5, symbol: str | None = None) -> Milestone:
    """Where the close stands against multiples of `step`, and when a new multiple was first closed over.

    What was closed over before the panel starts is not known to it: ask for a long enough span. Labels x symbols;
    a missing close is a missing distance and False in the others (`held` counts closes, so it waits).
    """
    close = pick(panel, "close", symbol)
    distance = milestone_distance(close, step)
    first = first_closes(close, step)
    level = (close // step * step).where(first).ffill()
    count, under = close.notna().cumsum(), (close < level).cumsum()
    since = count - count.where(first).ffill() + 1  # closes since the first one, that one counting 1
    held = close.notna() & (since == hold) & (under == under.where(first).ffill())
    return Milestone(distance, distance.abs() <= within, (distance < 0) & (distance >= -within), first, held)
