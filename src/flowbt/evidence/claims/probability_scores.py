"""Forecasts with probabilities, scored: Brier and log score beside those of the base rate, and the gain with an interval.

    Brier (p - y)^2 (Brier 1950), log score -ln of the probability given to what happened (Good 1952); both are lower for the better forecast and best, in
    expectation, for one who says what he believes. `gain`: the base rate's score less the forecast's; above 0, the forecast knew more than the past did.

Forecasts whose time overlaps are settled by the same moves, so they are one cluster; the interval of the mean gain is that of a t test over clusters
(Liang, Zeger 1986, with G - 1 degrees of freedom). One cluster has no interval.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from flowbt.evidence.cutoffs import CUTOFFS

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Settled:
    """A forecast that is settled: its probability and the base rate's, both inside 0 and 1, what happened, and its time (ISO dates)."""

    probability: float
    base: float
    true: bool
    first: str
    last: str


@dataclass(frozen=True)
class Gain:
    """Mean score of the forecasts and of the base rate; the mean gain with its 95% interval, None where there is one cluster."""

    own: float
    base: float
    gain: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class ProbabilityScore:
    """Scores of one author or document. `came_true`, `expected`: how many did, and how many should have by its own probabilities and by the base rate."""

    n: int
    clusters: int
    came_true: int
    expected: float
    expected_base: float
    brier: Gain
    log: Gain

    def to_dict(self) -> dict[str, object]:
        return asdict(self)


def brier(p: Array, true: Array) -> Array:
    """Squared error of each probability (values as given); lower is better."""
    return (p - true) ** 2


def log_score(p: Array, true: Array) -> Array:
    """Minus the logarithm of the probability given to what happened (values as given); lower is better."""
    return -np.log(np.where(true > 0, p, 1 - p))


def score_of(settled: Sequence[Settled]) -> ProbabilityScore | None:
    """The scores of some settled forecasts; None for none."""
    if not settled:
        return None
    p, base, true = (np.array([getattr(one, name) for one in settled], dtype=float) for name in ("probability", "base", "true"))
    group = clusters(settled)
    gains = [_gain(rule, (p, base, true), group) for rule in (brier, log_score)]
    return ProbabilityScore(len(p), int(group.max()) + 1, int(true.sum()), float(p.sum()), float(base.sum()), *gains)


def clusters(settled: Sequence[Settled]) -> npt.NDArray[np.int64]:
    """The cluster of each forecast (values from 0): those whose times overlap, directly or through others, are in one."""
    group, reach, count = np.zeros(len(settled), dtype=np.int64), "", -1
    for at in sorted(range(len(settled)), key=lambda k: settled[k].first):
        count += settled[at].first > reach or count < 0
        reach = max(reach, settled[at].last)
        group[at] = count
    return group


def _gain(rule: Callable[[Array, Array], Array], given: tuple[Array, Array, Array], group: npt.NDArray[np.int64]) -> Gain:
    p, base, true = given
    own, other = rule(p, true), rule(base, true)
    gain, count = other - own, int(group.max()) + 1
    mean = float(gain.mean())
    if count < 2:
        return Gain(float(own.mean()), float(other.mean()), mean, None, None)
    sums = np.bincount(group, weights=gain - mean)
    error = math.sqrt(float(sums @ sums) * count / (count - 1)) / len(gain)
    reach = float(stdtrit(count - 1, 1 - CUTOFFS.level / 2)) * error
    return Gain(float(own.mean()), float(other.mean()), mean, mean - reach, mean + reach)
