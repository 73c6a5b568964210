"""One probe for everything that decides: does the decision of a label change when what comes after it is unknown, or another?

1. screens: single rows changed all over the history; what changes right before such a row is a suspect (a long memory makes honest ones too);
2. suspects, and the decision's own entries and exits, every year and symbol among them: the panel ends there, or goes on differently;
   the whole decision up to there must stay as it was: frames, numbers, None, structures. The first difference is the leak.

Each evaluation is made by a module loaded anew. Results of flowbt's own features are taken from the whole panel and cut like a field, but for one cut
of a whole probe, where all is computed: the features are held causal by their own tests, and so a probe costs what the strategy costs.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from flowbt.data.panel.views import Quiet, Shown
from flowbt.ground.errors import FenceError, FlowbtError
from flowbt.studies.lookahead.cuts import AFTER, activity_of, cut_rows, other_future, screen, screens
from flowbt.studies.lookahead.parts import PartTable, first_difference, parts_of

Decide = Callable[[object], object]  # a panel to a decision, by code that remembers nothing
SEED = 20
NEAR = 5  # rows before a changed one in which a peek shows
NOWHERE, EVERYWHERE = -1.0, 1.0  # in place of the share of rows that moved: none could have, and all count as moved
FUTURES = (0.0, -1.0, 1.0)  # after entries in turn: nothing, a falling course, a rising one


@dataclass(frozen=True)
class Leak:
    """A decision that used the future: which probe, at which cut, which part, the first row that differs (the cut itself for a plain value)."""

    probe: str
    cut: pd.Timestamp
    part: str
    label: pd.Timestamp
    symbol: str
    dated: bool = True

    def __str__(self) -> str:
        if self.probe == "syntax":
            return self.part
        if self.probe == "repeat":
            return f"not repeatable: asked again on the same panel, {self.part} is another (seed its random numbers)"
        what = f"{self.part} of {self.symbol}" if self.symbol else self.part
        what += f" on {_date(self.label)}" if self.dated else ""
        words = {"truncate": "is unknown", "perturb": "is another", "fails": "is unknown (it fails)"}[self.probe]
        return f"{what} changes when what came after {_date(self.cut)} {words}"


@dataclass
class Probe:
    """One decision on one panel. `evaluations` counts how often it was decided again.

    `late`: rows may be dated back, so what a part of the history leaves missing is no difference, and another future is not asked. `memory`: one
    module decides everything, so the panels come in order of length, and what an earlier call kept is only what was known.
    """

    decide: Decide
    panel: Quiet
    decision: Any
    late: bool = False
    memory: bool = False
    evaluations: int = 0

    def __post_init__(self) -> None:
        self._recall = self.panel.features
        self.rows = len(self.panel.index)
        self.full = self._parts(self.decision, self.rows)

    def first_leak(self, most: int | None = None) -> Leak | None:
        """The first leak, or None; `most` cuts where given. Errors of the fence pass; others on a part of the history are judged by another future."""
        with quietly():
            return self._first_leak(most)

    def _first_leak(self, most: int | None) -> Leak | None:
        active, rng = activity_of(self.full), np.random.default_rng(SEED)
        cuts = cut_rows(active, self.panel.index, rng)[:most]
        begins = set(active.begins[:, 0].tolist())
        entries = [row for row in cuts if row in begins]
        for n, row in enumerate(sorted(cuts) if self.memory else cuts):
            recall = n > 0 or most is not None  # at one cut of a whole probe the features are computed too
            future = FUTURES[entries.index(row) % len(FUTURES)] if row in begins and not self.late else 0.0
            leak = self.continued(row, future, recall) if future else self.truncated(row, recall)
            if leak:
                return self._repeated(leak)
        for n, (rows, directions) in enumerate(screens(active, self.rows, rng) if most is None and not self.late else []):
            suspect = self._suspect(rows, directions, memories=n == 0)
            leak = self.continued(*suspect) if suspect else None
            if leak:
                return self._repeated(leak)
        return None

    def truncated(self, row: int, recall: bool = True) -> Leak | None:
        """The panel ends after `row`. Where nothing can be decided there, another future of the same length judges: a short history is no leak."""
        view = Shown(self.panel, row + 1, recall=self._recall if recall else None)
        try:
            parts = self._decided(view, row + 1)
        except FenceError:
            raise
        except Exception as error:
            return self._failed(row, error)
        return self._leak("truncate", row, parts)

    def continued(self, row: int, direction: float, recall: bool = True) -> Leak | None:
        """The panel goes on differently after `row`, for some rows; where it cannot be decided so, it ends there."""
        rows = min(row + 1 + AFTER, self.rows)
        view = Shown(self.panel, rows, row + 1, other_future(direction), self._recall if recall else None)
        try:
            parts = self._decided(view, rows)
        except FenceError:
            raise
        except Exception:  # too short, or numbers it cannot do with
            return self.truncated(row, recall)
        return self._leak("perturb", row, parts)

    def _failed(self, row: int, error: Exception) -> Leak | None:
        view = Shown(self.panel, self.rows, row + 1, other_future(-1.0), self._recall)
        try:
            leak = self._leak("perturb", row, self._decided(view, self.rows))
            return replace(leak, probe="fails") if leak else None
        except FlowbtError as again:
            if isinstance(again, FenceError):
                raise
        except Exception:
            pass
        asks = any(np.nan_to_num(one.values[: row + 1]).any() for one in self.full.values() if isinstance(one, PartTable) and one.numeric)
        label = self.panel.index[row]
        return (
            Leak("fails", label, f"the decision ({type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''})", label, "", False)
            if asks
            else None
        )

    def _suspect(self, rows: Any, directions: Any, memories: bool) -> tuple[int, float] | None:
        """The row right before a changed one at which the decision changed, with the change's direction: that before which the least had changed since the
        last changed row. `memories`: also where all had, which is what a memory does."""
        view = Shown(self.panel, self.rows, change=screen(rows, directions), recall=self._recall)
        try:
            parts = self._decided(view, self.rows)
        except FenceError:
            raise
        except Exception:
            return None
        moved = np.zeros(self.rows, bool)
        for name, table in self.full.items():
            other = parts.get(name)
            if isinstance(table, PartTable) and isinstance(other, PartTable) and table.values.shape == other.values.shape and table.numeric:
                moved |= ((table.values != other.values) & ~(np.isnan(table.values) & np.isnan(other.values))).any(axis=1)
        found = []
        for n, row in enumerate(rows):
            near = np.flatnonzero(moved[max(row - NEAR, 0) : row])
            if len(near):
                since = int(rows[n - 1]) + NEAR if n else 0  # a memory need not begin at once
                before = moved[since : max(row - NEAR, 0) + int(near[-1]) + 1]  # up to the last that moved before this one
                share = float(before.mean()) if len(before) else EVERYWHERE
                found.append((share if n else NOWHERE, int(row) - 1, float(directions[n])))  # before the first changed row there is nothing to remember
        share, row, direction = min(found, default=(EVERYWHERE, 0, 0.0))
        return (row, direction) if found and (share < EVERYWHERE or memories) else None

    def _decided(self, view: Shown, rows: int) -> dict[str, object]:
        self.evaluations += 1
        return self._parts(self.decide(view), rows)

    def _parts(self, decision: object, rows: int) -> dict[str, object]:
        return parts_of(decision, rows)

    def _leak(self, probe: str, row: int, parts: dict[str, object]) -> Leak | None:
        found = first_difference(self.full, parts, row + 1, self.late)
        if found is None:
            return None
        cut = self.panel.index[row]
        return Leak(probe, cut, found.part, cut if found.row < 0 else self.panel.index[found.row], found.column, found.row >= 0)

    def _repeated(self, leak: Leak) -> Leak:
        """The leak, unless the same panel gives another decision too."""
        found = first_difference(self.full, self._decided(Shown(self.panel, self.rows), self.rows), self.rows)
        if found is None:
            return leak
        return Leak("repeat", leak.cut, found.part, leak.label, leak.symbol)


@contextmanager
def quietly() -> Iterator[None]:
    """Warnings of a decision on a part of the history are nobody's: a mean of nothing there is no fault of the strategy.

    Python's filters belong to the whole process, so they are only touched by the thread that owns it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _date(label: pd.Timestamp) -> str:
    return f"{label:%Y-%m-%d %H:%M}".removesuffix(" 00:00")
