"""What a run of trials is asked for and gives: the bars that count, and the measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from flowbt.engine.sweep.masks import Words
from flowbt.engine.sweep.sums import METRICS
from flowbt.engine.walk.kernel import Array


class TrialResults(NamedTuple):
    """`metrics`: trials x METRICS. `returns`: trials x bars where asked for, else 0 x 0. `prints`: what each trial decides (`fingerprint.py`), on request."""

    metrics: Array
    returns: Array
    prints: Words

    def column(self, name: str) -> Array:
        return self.metrics[:, METRICS.index(name)]

    def part(self, first: int, last: int) -> TrialResults:
        """Those of trials [first, last)."""
        return TrialResults(self.metrics[first:last], self.returns[first:last], self.prints[first:last])


@dataclass(frozen=True)
class BarRange:
    """Which bars count ([first, last) of the market), whether returns and fingerprints of the decisions are wanted, and by how many bars the signals are
    rotated."""

    first: int = 0
    last: int | None = None
    returns: bool = False
    rotate: int = 0
    prints: bool = False  # of the decision on the whole market


WHOLE, ENTERED = BarRange(), BarRange(prints=True)
