"""One inference for every kind of claim, run and pair: p, interval and power from one studentised statistic.

An estimate is written as a sum of one score per label, `estimate = sum(score)`, with the same score less its part of any other value of the effect:

    score(value) = score - value * weight,   sum(weight) = 1,   so   sum(score(value)) = estimate - value

Its long-run variance is the mean square of its projections on B cosines (equal-weighted cosine estimator, EWC: Mueller 2004; Lazarus, Lewis, Stock, Watson
2018), and `t = (estimate - value) / root of it` is compared with Student's t of B degrees of freedom (fixed-b: the noise of the variance is in the tails).
Where scores are nearly white, a share ALL of the variance is taken over all T cosines (the sum of squares): a position that grows with its losses is quiet
between them, and the first cosines alone then measure too little.
The scores are taken under the value that is tested, so that few clusters widen the test.
The fewer clusters carry the weight, the more of the variance is that of the estimate with the event rotated in time (`pooled`): PRIOR clusters' worth. Three
events that happened to turn out alike do not make a small variance, and one wild one does not hide the rest.
The variance holds a part of the estimate's own square, so `t` varies less than Student's: with m clusters and a share s of own scores its square cannot
pass m / s. It is scaled so that its 5% point is that of m equal clusters of normal outcomes (`Studentised.law`); in the tails beyond, the test stays careful.
A mean over all labels knows what came before an event and what did not come after (a fall brings the mean down and the event on); `foreseen` takes that out.

* p of any value: its t. * Interval: the values whose p is over 5%; a quadratic, so p and interval cannot contradict each other.
* Power: noncentral t of the same degrees of freedom (`power`, `smallest`).

Cosines and not rotations, because a rotation takes the event out of the volatility it sits in; docs/statistics.md has the comparison.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import fft
from scipy.special import chdtr, nctdtr, nctdtrinc, stdtr, stdtrit

from flowbt.evidence.cutoffs import CUTOFFS
from flowbt.evidence.resampling.rotation import variance_of
from flowbt.ground.types import Json

Array = npt.NDArray[np.float64]

# Cosines per T^(2/3): many where pieces are nearly white, so that a position that grows with its losses is measured as it grows; few where they persist
# (volatility) or overlap, and where they turn back (changes of levels), which are quieter near frequency 0 than a little further.
WHITE, TURNING, PERSISTENT = 1.0, 0.06, 0.08
BAND = (0.6, 1.5)  # variance ratios between which pieces count as nearly white: two deviations of the ratio either side
OUTLYING = 4.0
FEWEST = 4  # cosines
REACH = 2.5  # a cosine's half period is at least this many horizons where outcomes overlap
PRIOR = 3.0  # clusters that the variance under rotation counts for, beside those of the event
# The same of ratios of sizes, and of outcomes of two values, up or down: what is no larger than elsewhere varies no more than elsewhere, and eight of eight say
# little where four of five are usual.
CERTAIN = 20.0
LATER = 0.25  # of all labels: how long after a label an event may still be its doing
ALL = 0.3  # share of the variance that is the mean over all cosines, where pieces are nearly white
FAR = 35.0  # shift of a noncentral t beyond which its series fails
LEAST, MOST = 0.5, 1e5  # degrees of freedom: under which nothing can be said; as good as normal


@dataclass(frozen=True)
class Inference:
    """What a test says, in numbers. `statistic`: Student's t against 0 of `freedom` degrees of freedom, whose p is `p`; `low`, `high`: 95%; `smallest`: the
    smallest effect seen with a power of 80% at 5% (infinite: none could be); `n` events or labels; `clusters`: independent ones among them. NaN where
    nothing is there."""

    statistic: float
    estimate: float
    se: float
    p: float
    low: float
    high: float
    smallest: float
    n: int
    clusters: float
    freedom: float


NOTHING = Inference(*(math.nan,) * 7, n=0, clusters=0.0, freedom=0.0)


class Law(NamedTuple):
    """How t is spread where nothing is there: t times `scale` is Student's of `freedom` degrees. `pull`: part of the estimate's square in its own variance.
    A scale of 0: nothing can be said."""

    freedom: float
    scale: float
    pull: float


@dataclass(frozen=True)
class Studentised:
    """An estimate with the projections of its score under the value 0 and of the weight of the effect: B cosines, and `beyond` rows more whose squares stand
    for all the other cosines. Quadratic forms are sums over all rows, over B. `pooled`: variance of the estimate with the event rotated; NaN: not known.
    It counts for `prior` clusters."""

    estimate: float
    score: Array
    weight: Array
    beyond: int = 0
    pooled: float = math.nan
    prior: float = PRIOR

    @property
    def cosines(self) -> int:
        return len(self.score) - self.beyond

    def _mean(self, a: Array, b: Array) -> float:
        return float(np.dot(a, b)) / self.cosines

    @property
    def clusters(self) -> float:
        """How many equal independent clusters would carry as much of the weight in so few places."""
        spread = self._mean(self.weight, self.weight)
        return 1 / spread if spread > 0 else math.inf

    @property
    def own(self) -> float:
        """Share of the variance that is the event's own scores'; the rest is `pooled`."""
        return 1.0 if math.isnan(self.pooled) or math.isinf(self.clusters) else self.clusters / (self.clusters + self.prior)

    @cached_property
    def law(self) -> Law:
        """Of m clusters: the own scores' variance is Z^2 / m, of the estimate itself, and the rest of noise of 1 / (1 / B + 1 / (m - 1)) degrees of freedom;
        beside what is pooled these count for more (Satterthwaite)."""
        if math.isinf(self.clusters):
            return Law(self.cosines, 1.0, 0.0)
        pull, left = self.own / self.clusters, self.own * max(1 - 1 / self.clusters, 0.0)
        noise = left**2 * (1 / self.cosines + 1 / (self.clusters - 1)) / (1 - pull) ** 2 if left else 0.0
        if pull >= 1 or noise > 1 / LEAST:  # one cluster, and nothing to compare it with
            return Law(LEAST, 0.0, 1.0)
        freedom = min(1 / noise, MOST) if noise > 0 else MOST
        return Law(freedom, math.sqrt(1 - pull + pull * critical(freedom) ** 2), pull)

    def critical(self, level: float = CUTOFFS.level) -> float:
        """Two-sided critical value of t."""
        return critical(self.law.freedom, level) / self.law.scale if self.law.scale else math.inf

    @property
    def _rest(self) -> float:
        return (1 - self.own) * self.pooled if self.own < 1 else 0.0

    @property
    def variance(self) -> float:
        """Of the estimate, with its own effect taken out."""
        return self.variance_under(self.estimate)

    def variance_under(self, value: float) -> float:
        """Of the estimate, were `value` the effect."""
        tested = self.score - value * self.weight
        return self.own * self._mean(tested, tested) + self._rest

    def t(self, value: float = 0.0) -> float:
        spread = math.sqrt(self.variance_under(value))
        gap = self.estimate - value
        return gap / spread if spread > 1e-15 * abs(gap) else math.copysign(math.inf, gap) if gap else 0.0

    def student(self, value: float = 0.0) -> float:
        """t on the scale of Student's."""
        return self.t(value) * self.law.scale if self.law.scale else 0.0

    def p(self, value: float = 0.0) -> float:
        """Two-sided."""
        return float(2 * stdtr(self.law.freedom, -abs(self.student(value))))

    def p_above(self, value: float = 0.0) -> float:
        """One-sided, against an effect of at most `value`."""
        return float(stdtr(self.law.freedom, -self.student(value)))

    def interval(self, level: float = CUTOFFS.level) -> tuple[float, float]:
        """All values whose p is over `level`: roots of (estimate - v)^2 = c^2 x variance under v; infinite where too few clusters exclude nothing."""
        c2, share = self.critical(level) ** 2, self.own
        own = self.score - self.estimate * self.weight
        # with d = v - estimate: d^2 (1 - c2 share ww) + 2 d c2 share ow - c2 (share oo + rest) = 0
        a, b, c = 1 - c2 * share * self._mean(self.weight, self.weight), c2 * share * self._mean(own, self.weight), -c2 * self.variance
        if not a > 0:
            return -math.inf, math.inf
        root = math.sqrt(max(b * b - a * c, 0.0))
        return self.estimate + (-b - root) / a, self.estimate + (-b + root) / a

    def power(self, effect: float, level: float = CUTOFFS.level) -> float:
        """Chance that a true `effect`, under these events and this noise, has p at or under `level`."""
        bar, noise = self._bar(level), self._noise
        if math.isinf(bar) or not noise > 0:
            return float(math.isfinite(bar) and effect != 0)
        return beyond(self.law.freedom, abs(effect) / noise, bar)

    def smallest(self, power: float = CUTOFFS.power, level: float = CUTOFFS.level) -> float:
        """The smallest effect seen with that power; infinite where none is."""
        bar, noise = self._bar(level), self._noise
        return math.inf if math.isinf(bar) else float(nctdtrinc(self.law.freedom, 1 - power, bar)) * noise

    @property
    def _noise(self) -> float:
        """Deviation of the estimate: of m clusters about their own mean, the usual m / (m - 1)."""
        return math.sqrt(self.variance / (1 - self.law.pull)) if self.law.pull < 1 else math.inf

    def _bar(self, level: float) -> float:
        """`critical` of the estimate over a deviation that its own square has no part in, a Student's t; infinite where t can never be so large."""
        bar, pull = self.critical(level), self.law.pull
        return bar * math.sqrt((1 - pull) / (1 - pull * bar**2)) if pull * bar**2 < 1 else math.inf

    def to_dict(self) -> Json:
        return {
            "estimate": self.estimate,
            "score": self.score.tolist(),
            "weight": self.weight.tolist(),
            "beyond": self.beyond,
            "pooled": self.pooled,
            "prior": self.prior,
        }

    @classmethod
    def from_dict(cls, stored: Json) -> Studentised:
        return cls(
            stored["estimate"],
            np.array(stored["score"]),
            np.array(stored["weight"]),
            stored["beyond"],
            math.nan if stored["pooled"] is None else stored["pooled"],
            stored["prior"],
        )

    def summary(self, n: int, clusters: float | None = None) -> Inference:
        low, high = self.interval()
        parts = (self.student(), self.estimate, math.sqrt(self.variance), self.p(), low, high, self.smallest())
        return Inference(*parts, n=n, clusters=self.clusters if clusters is None else clusters, freedom=self.law.freedom)


def studentise(score: Array, weight: Array, cosines: int, crossing: Array | None = None, prior: float = PRIOR) -> Studentised:
    """From scores under the value 0 and weights (T each, weights summing to 1) to the test. `crossing`: spectrum of the estimate at every rotation
    (`resampling/rotation.py`), whose variance counts for `prior` clusters. Raises ValueError where scores and weights are not finite or not as long."""
    if score.shape != weight.shape or not np.isfinite(score).all() or not np.isfinite(weight).all():
        raise ValueError("studentise needs finite scores and weights of one length")
    both = np.column_stack([score, weight])
    found, pooled = project(both, cosines), math.nan if crossing is None else variance_of(crossing, len(score))
    if not is_white(cosines, len(score)):
        return Studentised(float(score.sum()), found[:, 0], found[:, 1], pooled=pooled, prior=prior)
    found = np.vstack([math.sqrt(1 - ALL) * found, math.sqrt(ALL * cosines) * squares_of(both)])
    return Studentised(float(score.sum()), found[:, 0], found[:, 1], beyond=2, pooled=pooled, prior=prior)


def foreseen(weights: Array, rows: Array) -> Array:
    """What to add to the weights of a contrast (T, or T x N by column, about their mean of `rows`, 1 where a label is of the comparison) so that what came
    before an event has no part in its effect: the mean weight of the LATER labels after each. Adds up to 0.

    An event that falls bring on is compared with a mean that the same falls brought down: without the correction "10% under its high" lies half a standard
    error above 0 in returns that nothing foretells (Stambaugh's bias).
    """
    reach = int(LATER * len(weights))
    sums, at = np.concatenate([np.zeros_like(weights[:1]), np.cumsum(weights, axis=0)]), np.arange(1, len(weights) + 1)
    later = rows * (sums[np.minimum(at + reach, len(weights))] - sums[at]) / ((1 - LATER) * rows.sum())
    return np.asarray(later - rows * later.sum(axis=0) / rows.sum())


def squares_of(both: Array) -> Array:
    """Two rows whose sums of squares and products are those of the mean over all cosines of two columns (T x 2): their own, less what is at frequency 0."""
    gram = both.T @ both - np.outer(both.sum(axis=0), both.sum(axis=0)) / len(both)
    values, vectors = np.linalg.eigh(gram)
    return np.asarray(np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T)


def is_white(cosines: int, rows: int) -> bool:
    """Whether so many cosines are those of pieces that are nearly white."""
    return cosines >= 0.5 * WHITE * math.pow(rows, 2 / 3)


def studentise_mean(values: Array, cosines: int | None = None) -> Studentised:
    """The test of the mean of T finite values."""
    rows = len(values)
    chosen = cosines_for(rows, values) if cosines is None else cosines
    return studentise(values / rows, np.full(rows, 1 / rows), chosen)


def project(scores: Array, cosines: int) -> Array:
    """Sums of each column (T x K) times root 2 cos(pi j (t + 1/2) / T), j = 1..cosines: cosines x K. One discrete cosine transform."""
    found = fft.dct(scores, type=2, axis=0)[1 : cosines + 1]  # twice the sum of x cos(pi j (2t + 1) / 2T)
    return np.asarray(found / math.sqrt(2.0))


def project_twin(scores: Array, cosines: int) -> Array:
    """`project`, sum by sum."""
    rows = len(scores)
    wave = np.array([[math.sqrt(2) * math.cos(math.pi * j * (t + 0.5) / rows) for t in range(rows)] for j in range(1, cosines + 1)])
    return np.asarray(wave @ scores)


def cosines_for(rows: int, pieces: Array | None = None, horizon: int = 1) -> int:
    """How many cosines. `pieces`: what outcomes are sums of, label by label (T or T x N); None where outcomes overlap over `horizon` labels."""
    if pieces is None:
        rate, most = PERSISTENT, rows / (REACH * horizon)
    else:
        low, high = ratios(pieces)
        rate, most = TURNING if low < BAND[0] else WHITE if high <= BAND[1] else PERSISTENT, rows - 2
    return max(FEWEST, int(min(round(rate * rows ** (2 / 3)), most)))


def ratios(pieces: Array) -> tuple[float, float]:
    """Least and largest `variance_ratio` of pieces' ranks, and of pieces no further than OUTLYING deviations from their median (1.48 median distances from it).

    A crash or two must not decide what kind of series it is (of heavy-tailed white returns a sixth would be taken for something else), and what jumps up and
    seeps down must keep its jumps (its ranks look white).
    """
    x = pieces if pieces.ndim == 1 else np.mean(pieces, axis=1)
    middle = np.median(x)
    usual = OUTLYING * 1.4826 * float(np.median(np.abs(x - middle)))
    both = variance_ratio(_ranks(x)), variance_ratio(np.clip(x, middle - usual, middle + usual) if usual > 0 else x)
    return min(both), max(both)


def variance_ratio(x: Array) -> float:
    """Variance of sums over T / 30 labels, over that of as many uncorrelated values; infinite for values that never vary."""
    x = x - x.mean()
    span = max(2, len(x) // 30)
    sums = np.concatenate([[0.0], np.cumsum(x)])
    single = float(np.mean(x**2))
    return float(np.mean((sums[span:] - sums[:-span]) ** 2)) / (span * single) if single > 0 else math.inf


def _ranks(x: Array) -> Array:
    """Ranks from 0; of equal values their mean."""
    _, place, count = np.unique(x, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count + 1) / 2)[place])


def critical(freedom: float, level: float = CUTOFFS.level) -> float:
    """Two-sided critical value of Student's t."""
    return float(stdtrit(freedom, 1 - level / 2))


def beyond(freedom: float, shift: float, bar: float) -> float:
    """Chance that a noncentral t is over `bar` or under `-bar`; from a shift of FAR on, that its denominator is small enough."""
    if shift > FAR:
        return float(chdtr(freedom, freedom * (shift / bar) ** 2))
    return float(1 - nctdtr(freedom, shift, bar) + np.nan_to_num(nctdtr(freedom, shift, -bar)))  # nothing left of it: NaN


def joint_draws(projections: Array, freedom: int, draws: int, seed: int = 0) -> Array:
    """Null draws of several t at once (draws x K) from their projections (rows x K): a multivariate t with their correlation."""
    rng = np.random.default_rng(seed)
    scale = np.sqrt(np.sum(projections**2, axis=0))
    root = np.linalg.qr(projections / np.where(scale > 0, scale, np.inf), mode="r")  # root' root: their correlation
    z = rng.standard_normal((draws, len(root))) @ root
    return np.asarray(z / np.sqrt(rng.chisquare(freedom, (draws, 1)) / freedom))
