"""Figures that are checked, not believed: a document's own arithmetic, and what it prints of the market against data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from flowbt.ground.protocols import Panel
from flowbt.ground.types import Json


@dataclass(frozen=True)
class Recomputed:
    """The outcome of an arithmetic check: its function returns a list of `FigureCheck`."""

    label: str = "recomputed figures"
    horizon: int = 0
    also: tuple[int, ...] = ()
    units: str = "as printed"
    symbol: str | None = None
    kind: str = "arithmetic"


@dataclass(frozen=True)
class Facts(Recomputed):
    """The outcome of a check of facts: its function takes the panel and returns a list of `FigureCheck`, what is found in data in the place of what follows."""

    label: str = "printed facts"
    kind: str = "facts"


def recomputed() -> Recomputed:
    """The document's figures against what follows from its own tables."""
    return Recomputed()


def facts() -> Facts:
    """What the document prints of the market (a level, a mean, a record, a sign) against data."""
    return Facts()


@dataclass(frozen=True)
class FigureCheck:
    """A printed figure, what follows from the document's other figures or is found in data, and how far they may lie apart.

    Texts must be equal. A `follows` that is NaN or empty is not known here: the check neither holds nor fails. `note`: what else was seen.
    """

    what: str
    printed: float | str
    follows: float | str
    tolerance: float = 0.0
    note: str = ""

    @property
    def known(self) -> bool:
        return bool(self.follows) if isinstance(self.follows, str) else math.isfinite(self.follows)

    @property
    def holds(self) -> bool:
        if isinstance(self.printed, str) or isinstance(self.follows, str):
            return self.printed == self.follows
        return self.known and abs(self.printed - self.follows) <= self.tolerance + 1e-12


class Figures(NamedTuple):
    """What a list of checks comes to. `checks`: one mapping a figure: what, printed, follows, tolerance, note, holds (None: not known here)."""

    checks: list[Json]
    wrong: list[str]
    unknown: list[str]

    @property
    def n(self) -> int:
        """Figures that could be checked."""
        return len(self.checks) - len(self.unknown)


def figures_of(checks: Sequence[FigureCheck]) -> Figures:
    """The checks as plain values, with the names of those that fail and of those that cannot be known here."""
    rows = [
        {"what": c.what, "printed": c.printed, "follows": c.follows if c.known else None, "tolerance": c.tolerance, "note": c.note}
        | {"holds": c.holds if c.known else None}
        for c in checks
    ]
    return Figures(rows, [c.what for c in checks if c.known and not c.holds], [c.what for c in checks if not c.known])


def level(panel: Panel, symbol: str, day: str, field: str = "close") -> float:
    """The value of a field that was known on the evening of `day`; NaN where no dataset has it then."""
    if not panel.has(field, symbol):
        return math.nan
    series = panel[field, symbol].iloc[:, 0]
    at = int(series.index.searchsorted(pd.Timestamp(day) + pd.Timedelta(days=1))) - 1
    return float(series.iloc[at]) if at >= 0 and series.index[at] >= pd.Timestamp(day) - pd.Timedelta(days=5) else math.nan


def change(panel: Panel, symbol: str, day: str, field: str = "close", *, since: str = "", bars: int = 1) -> float:
    """Percent change of a field to `day`: from the evening of `since`, or over `bars` labels. NaN where either is not there."""
    end = level(panel, symbol, day, field)
    if since or math.isnan(end):
        return 100 * (end / level(panel, symbol, since, field) - 1) if since else math.nan
    at = int(panel.index.searchsorted(pd.Timestamp(day) + pd.Timedelta(days=1))) - 1
    return 100 * (end / float(panel[field, symbol].iloc[:, 0].iloc[at - bars]) - 1) if at >= bars else math.nan


def sign_word(value: float) -> str:
    """ "positive" or "negative"; empty for 0 and NaN."""
    return "positive" if value > 0 else "negative" if value < 0 else ""
