"""A strategy against many placebos of itself: how often does the same activity, at other times, do as well?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flowbt.engine.book import Book
from flowbt.engine.simulate import simulate
from flowbt.evidence.sharpe import moments
from flowbt.studies.run.placebo import placebos_of
from flowbt.studies.run.request import Prepared

MOST_STRUCTURES = 39  # rotations of an option structure: each contract is priced anew, which takes fifty times as long


@dataclass(frozen=True)
class Twins:
    """Annual Sharpe ratios after costs. `p`: chance that a rotation does at least as well, (1 + b) / (1 + B). `variance` is per period.

    `real` is NaN and `p` 1 where the strategy never traded.
    """

    real: float
    placebos: tuple[float, ...]
    p: float
    variance: float

    @property
    def mean(self) -> float:
        return float(np.mean(self.placebos)) if self.placebos else math.nan

    def quantile(self, q: float) -> float:
        return float(np.quantile(self.placebos, q)) if self.placebos else math.nan


def twins_of(prepared: Prepared, book: Book, count: int, seed: int) -> Twins:
    """Simulate `count` rotations of the decision (at most MOST_STRUCTURES of an option structure) with the same costs and account."""
    count = min(count, MOST_STRUCTURES) if getattr(prepared.decision, "structure", None) is not None else count
    year = math.sqrt(prepared.market.year)
    real = moments(_values(book))[0]
    if not math.isfinite(real):
        return Twins(math.nan, (), 1.0, math.nan)
    rotated = (simulate(prepared.market, one, prepared.costs, prepared.account) for one in placebos_of(prepared.decision, count, seed))
    per_period = np.nan_to_num([moments(_values(one))[0] for one in rotated])  # a placebo without trades has Sharpe 0
    p = (1 + int(np.count_nonzero(per_period >= real))) / (1 + count)
    return Twins(real * year, tuple(float(x) for x in per_period * year), p, float(np.var(per_period, ddof=1)) if count > 1 else math.nan)


def _values(book: Book) -> npt.NDArray[np.float64]:
    return np.asarray(book.returns.to_numpy(), dtype=float)
