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

from flowbt.data.panel.reader import PanelReader
from flowbt.data.panel.views import Quiet, Shown
from flowbt.ground.errors import FenceError, FlowbtError
from flowbt.studies.lookahead.cuts import AFTER, activity_of, course, cut_rows, screen, screens
from flowbt.studies.lookahead.parts import PartTable, first_difference, parts_of

Decide = Callable[[Any], Any]  # a panel to a decision, by code that remembers nothing
SEED = 20
SUSPECTS = 2  # of each screen


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
    module decides everything, so the panels come in order of length, and what an earlier call kept is only what was known. `read`: the panel
    as other probes have read it already.
    """

    decide: Decide
    panel: PanelReader
    decision: Any
    late: bool = False
    memory: bool = False
    evaluations: int = 0
    read: Quiet | None = None

    def __post_init__(self) -> None:
        self.quiet = self.read or Quiet(self.panel.unlogged())
        self._recall = self.quiet.features
        self.rows = len(self.panel.index)
        self.full = self._parts(self.decision, self.rows)

    def first_leak(self, most: int | None = None) -> Leak | None:
        """The first leak, or None; `most` cuts where given. Errors of the fence pass; others on a part of the history are judged by another future."""
        with quietly():
            return self._first_leak(most)

    def _first_leak(self, most: int | None) -> Leak | None:
        active, rng = activity_of(self.full), np.random.default_rng(SEED)
        cuts = cut_rows(active, self.panel.index, rng)[:most]
        computed = (0,) if most is None else ()  # the cut where the features are computed too
        for n, row in enumerate(sorted(cuts) if self.memory else cuts):
            leak = self.truncated(row, recall=n not in computed)
            if leak is None and n % 3 == 1 and not self.late:
                leak = self.continued(row, 1.0 if n % 2 else -1.0)
            if leak:
                return self._repeated(leak)
        for rows, directions in screens(active, self.rows, rng) if most is None and not self.late else []:
            for row, direction in self._suspects(rows, directions):
                leak = self.continued(row, direction)
                if leak:
                    return self._repeated(leak)
        return None

    def truncated(self, row: int, recall: bool = True) -> Leak | None:
        """The panel ends after `row`. Where nothing can be decided there, another future of the same length judges: a short history is no leak."""
        view = Shown(self.quiet, row + 1, recall=self._recall if recall else None)
        try:
            parts = self._decided(view, row + 1)
        except FenceError:
            raise
        except Exception as error:
            return self._failed(row, error)
        return self._leak("truncate", row, parts)

    def continued(self, row: int, direction: float) -> Leak | None:
        """The panel goes on differently after `row`, for some rows."""
        rows = min(row + 1 + AFTER, self.rows)
        view = Shown(self.quiet, rows, row + 1, course(direction), self._recall)
        try:
            parts = self._decided(view, rows)
        except FenceError:
            raise
        except Exception:
            return None  # too short, or numbers it cannot do with: nothing to compare
        return self._leak("perturb", row, parts)

    def _failed(self, row: int, error: Exception) -> Leak | None:
        view = Shown(self.quiet, self.rows, row + 1, course(-1.0), self._recall)
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

    def _suspects(self, rows: Any, directions: Any) -> list[tuple[int, float]]:
        """Rows right before changed ones at which the decision changed; first those before which the least had changed since the last changed row."""
        view = Shown(self.quiet, self.rows, change=screen(rows, directions), recall=self._recall)
        try:
            parts = self._decided(view, self.rows)
        except FenceError:
            raise
        except Exception:
            return []
        moved = np.zeros(self.rows, bool)
        for name, table in self.full.items():
            other = parts.get(name)
            if isinstance(table, PartTable) and isinstance(other, PartTable) and table.values.shape == other.values.shape and table.numeric:
                moved |= ((table.values != other.values) & ~(np.isnan(table.values) & np.isnan(other.values))).any(axis=1)
        found = []
        for n, row in enumerate(rows):
            near = moved[max(row - 5, 0) : row]
            if near.any():
                before = moved[rows[n - 1] + 1 if n else 0 : max(row - 5, 0)].mean() if row else 0.0
                found.append((0.0 if np.isnan(before) else float(before), int(row) - 1, float(directions[n])))
        return [(row, direction) for _, row, direction in sorted(found)[:SUSPECTS]]

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
        found = first_difference(self.full, self._decided(Shown(self.quiet, self.rows), self.rows), self.rows)
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
