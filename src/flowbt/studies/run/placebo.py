"""Placebos: a strategy's own decisions, rotated in time. The same activity, on the same symbols, with nothing left to know.

How often does the same activity, at other times, do as well?
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowbt.engine.book import Book
from flowbt.engine.simulate import simulate
from flowbt.engine.types import Signals, Targets
from flowbt.evidence.sharpe import moments
from flowbt.studies.run.request import Prepared

LEAST = 63  # bars: further than the memory of most events
MOST_STRUCTURES = 39  # rotations of an option structure: each contract is priced anew, which takes fifty times as long


def placebo_of(decision: Signals | Targets, seed: int) -> Signals | Targets:
    """The decision with all its frames rotated (circularly shifted) by one seeded number of bars, the same for every frame and symbol.

    The offset is at least max(hold, 63) bars either way round, or half the span where that is too short for it. Numbers stay as they are.
    """
    return next(placebos_of(decision, 1, seed))


def placebos_of(decision: Signals | Targets, count: int, seed: int) -> Iterator[Signals | Targets]:
    """`count` rotations with different seeded offsets (with repeats only where there are fewer offsets than that)."""
    frames = {part.name: getattr(decision, part.name) for part in fields(decision) if isinstance(getattr(decision, part.name), pd.DataFrame)}
    bars = len(next(iter(frames.values())))
    least = min(max(_longest_hold(decision), LEAST), bars // 2)
    offsets = np.arange(least, bars - least + 1)
    random = np.random.default_rng(seed)
    for offset in random.choice(offsets, size=count, replace=count > len(offsets)):
        moved: dict[str, Any] = {name: rotate(frame, int(offset)) for name, frame in frames.items()}
        yield replace(decision, **moved)


def rotate(frame: pd.DataFrame, offset: int) -> pd.DataFrame:
    """`frame` with its rows moved down by `offset`, those that fall off coming back at the top; labels, columns and dtypes stay."""
    moved = {name: np.roll(frame[name].to_numpy(), offset) for name in frame}
    return pd.DataFrame(moved, index=frame.index, columns=frame.columns)


def _longest_hold(decision: Signals | Targets) -> int:
    hold = getattr(decision, "hold", None)
    if hold is None:
        return 0
    longest = float(np.nanmax(np.append(np.asarray(hold, dtype=float), 0.0)))
    return int(longest) if np.isfinite(longest) else 0


@dataclass(frozen=True)
class Placebos:
    """Annual Sharpe ratios after costs. `p`: chance that a placebo does at least as well, (1 + b) / (1 + B). `variance` is per period.

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


def against_placebos(prepared: Prepared, book: Book, count: int, seed: int) -> Placebos:
    """Simulate `count` rotations of the decision (at most MOST_STRUCTURES of an option structure) with the same costs and account."""
    count = min(count, MOST_STRUCTURES) if getattr(prepared.decision, "structure", None) is not None else count
    year = math.sqrt(prepared.market.year)
    real = moments(_values(book))[0]
    if not math.isfinite(real):
        return Placebos(math.nan, (), 1.0, math.nan)
    rotated = (simulate(prepared.market, one, prepared.costs, prepared.account) for one in placebos_of(prepared.decision, count, seed))
    per_period = np.nan_to_num([moments(_values(one))[0] for one in rotated])  # a placebo without trades has Sharpe 0
    p = (1 + int(np.count_nonzero(per_period >= real))) / (1 + count)
    return Placebos(real * year, tuple(float(x) for x in per_period * year), p, float(np.var(per_period, ddof=1)) if count > 1 else math.nan)


def _values(book: Book) -> npt.NDArray[np.float64]:
    return np.asarray(book.returns.to_numpy(), dtype=float)
