"""The arithmetic of event studies and regime comparisons: from events and outcomes to scores (`evidence/inference.py`).

T labels, N columns (names, or one), K outcome columns. An event is an array T x N: 1 where it holds, 0 elsewhere; signed events also have -1.

| statistic | events | effect |
| --- | --- | --- |
| mean | 0 and 1 | mean of the event's rows less that of all rows |
| mean | signed | half the difference of the two sides, so each against their own regime's mean |
| ratio, deviation | 0 and 1 | log ratio of the means (of the mean distances from the mean) inside and outside |
| autocorrelation | 0 and 1 | correlation inside less that outside |

Where an outcome over several labels is a sum of one-label pieces (returns), its score is kept on the label of the piece: outcomes that overlap then
share nothing (Hodrick 1992). All names of a label are one observation.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from flowbt.evidence.inference import CERTAIN, PRIOR, Studentised, cosines_for, foreseen, studentise
from flowbt.evidence.resampling.rotation import crossed, spectrum

Array = npt.NDArray[np.float64]
CLIP = 2.5  # deviations beyond which a day counts no more in a correlation
ADDITIVE = 0.9  # share of an outcome's variance that the sum of its pieces must explain
NEAR = 21  # labels either side over which the volatility at a label is taken


class Statistic(NamedTuple):
    """`rows`: from columns and the weights of one side (T x N) to one value a row, whose weighted mean is that side's level; `rest`: compared with the rows
    outside the event, not with all; `log`: compared as a log ratio."""

    rows: Callable[[tuple[Array, ...], Array], Array]
    rest: bool
    log: bool


def _own(c: tuple[Array, ...], side: Array) -> Array:
    return c[0]


def _distances(c: tuple[Array, ...], side: Array) -> Array:
    """Distance from the side's mean. Not squared: with tails as heavy as returns have, a few days would decide (size 14% at 5% for random days)."""
    return np.abs(c[0] - mean_of(c[0], side))


def _products(c: tuple[Array, ...], side: Array) -> Array:
    """Product of the two columns, standardised on the side and clipped: its mean is their correlation."""
    x, y = (_standard(column, side) for column in c[:2])
    return np.asarray(x * y)


def _standard(column: Array, side: Array) -> Array:
    mean = mean_of(column, side)
    spread = math.sqrt(mean_of((column - mean) ** 2, side))
    return np.clip((column - mean) / spread, -CLIP, CLIP) if spread > 1e-12 else np.full_like(column, np.nan)


def mean_of(column: Array, weights: Array) -> float:
    """Weighted mean; NaN for no weight."""
    total = float(np.abs(weights).sum())
    return float((weights * column).sum()) / total if total > 0 else math.nan


STATISTICS = {
    "mean": Statistic(_own, rest=False, log=False),
    "ratio": Statistic(_own, rest=True, log=True),
    "deviation": Statistic(_distances, rest=True, log=True),
    "autocorrelation": Statistic(_products, rest=True, log=False),
}


@dataclass(frozen=True)
class Outcomes:
    """One horizon's outcome columns with their common mask: `known` T x N of 0 and 1; `columns` K arrays T x N, 0 where not known.

    `pieces` T x N: the outcome over one label, finite, where outcomes are sums of `horizon` of them; else None."""

    horizon: int
    known: Array
    columns: tuple[Array, ...]
    pieces: Array | None = None

    def part(self, mask: npt.NDArray[np.bool_]) -> Outcomes:
        """Only the labels of the mask, a stretch of time."""
        return Outcomes(self.horizon, self.known[mask], tuple(c[mask] for c in self.columns), None if self.pieces is None else self.pieces[mask])

    @cached_property
    def scaled(self) -> tuple[Array, Array]:
        """Volatility at each label (T x 1), and the spectrum of the pieces (of outcomes that have none: of themselves) less their mean in units of it."""
        values, known = (self.columns[0], self.known) if self.pieces is None else (self.pieces, np.ones_like(self.pieces))
        centred = (values - mean_of(values, known)) * known
        there = self.volatility(centred)
        return there, spectrum(centred / there)

    def volatility(self, centred: Array) -> Array:
        """Root mean square of centred values near each label: T x 1. 1 for outcomes of two values, whose spread hangs on none, and of one sign (a fall, a
        move), whose level it is: what is as high as elsewhere is as wild as elsewhere."""
        values = self.columns[0][self.known > 0]
        if self.two_valued or (values >= 0).all() or (values <= 0).all():
            return np.ones((len(centred), 1))
        there = centred != 0
        sums = _near(np.column_stack([(centred**2).sum(axis=1), there.sum(axis=1)]), NEAR if self.pieces is not None else max(NEAR, self.horizon))
        found = np.sqrt(sums[:, :1] / np.maximum(sums[:, 1:], 1.0))
        return np.asarray(np.maximum(found, 1e-3 * found.max()))

    @cached_property
    def two_valued(self) -> bool:
        """Whether outcomes are up or down, or came true or not."""
        values = self.columns[0][self.known > 0]
        return len(values) > 0 and bool(((values == values.min()) | (values == values.max())).all())

    @property
    def prior(self) -> float:
        """What the variance under rotation counts for: more where outcomes are of two values."""
        return CERTAIN if self.two_valued else PRIOR

    def cosines(self) -> int:
        return cosines_for(len(self.known), self.pieces, self.horizon)


def outcomes_of(horizon: int, columns: list[Array], single: list[Array] | None = None) -> Outcomes:
    """Mask what is unknown in any column. `single`: the same columns over one label, kept as pieces where their sums are the outcome."""
    known = np.all([np.isfinite(c) for c in columns], axis=0)
    filled = tuple(np.where(known, c, 0.0) for c in columns)
    pieces = columns[0] if horizon == 1 else single[0] if single else None
    if len(columns) > 1 or pieces is None or not (horizon == 1 or additive(columns[0], pieces, horizon)):
        return Outcomes(horizon, known.astype(np.float64), filled)
    return Outcomes(horizon, known.astype(np.float64), filled, np.nan_to_num(pieces))


def additive(y: Array, pieces: Array, horizon: int) -> bool:
    """Whether y is, nearly, the sum of the next `horizon` pieces, label for label."""
    if pieces.shape != y.shape:
        return False
    rest = y - _next_sums(np.nan_to_num(pieces), horizon)
    known = np.isfinite(rest)
    return bool(known.sum() > horizon and np.var(rest[known]) <= (1 - ADDITIVE) * np.var(y[known]))


def _next_sums(pieces: Array, horizon: int) -> Array:
    """Sum of this row's piece and the next horizon - 1; T x N, the last rows with what is left."""
    sums = np.vstack([np.zeros((1, pieces.shape[1])), np.cumsum(pieces, axis=0)])
    rows = np.arange(len(pieces))
    return np.asarray(sums[np.minimum(rows + horizon, len(pieces))] - sums[rows])


def _near(x: Array, reach: int) -> Array:
    """Sums over `reach` labels either side, of what there is of them: T x N."""
    sums, rows = np.vstack([np.zeros((1, x.shape[1])), np.cumsum(x, axis=0)]), np.arange(len(x))
    return np.asarray(sums[np.minimum(rows + reach + 1, len(x))] - sums[np.maximum(rows - reach, 0)])


def _past_sums(x: Array, horizon: int) -> Array:
    """Sum of this row and the horizon - 1 before: how much weight of events rests on the piece of each row."""
    return _next_sums(x[::-1], horizon)[::-1]


@dataclass(frozen=True)
class Contrast:
    """An effect as scores (T each, `estimate` their sum). `level`: of the event's rows; `base`: what it is compared with. A ratio is tested against 1
    (`ratio`), and shown as its log. `printed`: the effect as a document prints it, where the estimate is corrected. `crossing`: spectrum of
    the estimate at every rotation of the event, None where it is not known."""

    estimate: float
    score: Array
    weight: Array
    level: float
    base: float
    ratio: bool = False
    printed: float | None = None
    crossing: Array | None = None
    prior: float = PRIOR

    def test(self, cosines: int) -> Studentised:
        return studentise(self.score - self.ratio * self.weight, self.weight, cosines, self.crossing, self.prior)

    @property
    def effect(self) -> float:
        return math.log(self.estimate) if self.ratio else self.estimate if self.printed is None else self.printed


def shown(value: float, ratio: bool) -> float:
    """From a value of a test to the effect as a finding has it: a ratio less 1 to its log."""
    return (math.log1p(value) if value > -1 else -math.inf) if ratio else value


def tested(effect: float, ratio: bool) -> float:
    """The other way."""
    return math.expm1(effect) if ratio else effect


class PlainEffect(NamedTuple):
    """An effect as documents print it: level of the event's rows (signed: half the difference of its sides), what it is compared with, effect (of a ratio: its
    log)."""

    level: float
    base: float
    effect: float


def effect_of(event: Array, o: Outcomes, statistic: Statistic) -> PlainEffect | None:
    """The effect of an event without a test; None where there is nothing inside, or nothing to compare with."""
    held = np.abs(event) * o.known
    rest = o.known - held
    if not held.any():
        return None
    if statistic.rest:
        here, there = (mean_of(statistic.rows(o.columns, side), side) for side in (held, rest))
        if not rest.any() or not (math.isfinite(here) and math.isfinite(there)) or (statistic.log and not (here > 0 and there > 0)):
            return None
        return PlainEffect(here, there, math.log(here / there) if statistic.log else here - there)
    up, down = (event > 0) * o.known, (event < 0) * o.known
    if up.any() and down.any():
        level = (mean_of(o.columns[0], up) - mean_of(o.columns[0], down)) / 2
        return PlainEffect(level, 0.0, level)
    if not rest.any():
        return None
    side, level, base = (1 if up.any() else -1), mean_of(o.columns[0], held), mean_of(o.columns[0], o.known)
    return PlainEffect(side * level, side * base, side * (level - base))


def contrast(event: Array, o: Outcomes, statistic: Statistic) -> Contrast | None:
    """The effect of an event on outcomes; None where there is nothing inside, or nothing to compare with."""
    if statistic.rest:
        return _of_regime(event, o, statistic)
    if (event < 0).any():
        return _of_sides(event, o)
    held = event * o.known
    inside, total = held.sum(), o.known.sum()
    if not 0 < inside < total:
        return None
    share = inside / total
    centre, level = mean_of(o.columns[0], o.known), mean_of(o.columns[0], held)
    found = _linear(_corrected(held / inside - o.known / total, (held - share) / (1 - share), o.known), o, centre)
    return replace(found, level=level, base=centre, printed=level - centre)


def level_of(event: Array, o: Outcomes) -> Contrast | None:
    """The mean of the event's rows itself (signed: half the difference of its sides, as `contrast`)."""
    if (event < 0).any():
        return _of_sides(event, o)
    held = event * o.known
    inside = held.sum()
    return replace(_linear((held / inside, np.ones_like(held)), o, 0.0), level=mean_of(o.columns[0], held)) if inside > 0 else None


def _of_sides(event: Array, o: Outcomes) -> Contrast | None:
    """Half the mean after +1 less that after -1: each side against their own regime, so that what the regime does cancels."""
    up, down = (event > 0) * o.known, (event < 0) * o.known
    if not down.any():
        return contrast((event > 0).astype(np.float64), o, STATISTICS["mean"])
    if not up.any():
        found = contrast((event < 0).astype(np.float64), o, STATISTICS["mean"])  # one side only: against all rows
        return None if found is None else replace(_negative(found), printed=-found.effect)
    both = mean_of(o.columns[0], up + down)
    printed = (mean_of(o.columns[0], up) - mean_of(o.columns[0], down)) / 2
    found = _linear(_corrected((up / up.sum() - down / down.sum()) / 2, np.sign(event), up + down), o, both)
    return replace(found, level=printed, printed=printed)


def _negative(found: Contrast) -> Contrast:
    return Contrast(-found.estimate, -found.score, found.weight, -found.level, -found.base, crossing=found.crossing, prior=found.prior)


def _corrected(a: Array, x: Array, rows: Array) -> tuple[Array, Array]:
    """Weights `a` without what they foresee of the `rows` compared, scaled so that an effect of 1, which adds x to y, is 1 again; and x."""
    found = a + (rows * foreseen(a.sum(axis=1), rows.sum(axis=1))[:, None]) / np.maximum(rows.sum(axis=1, keepdims=True), 1.0)
    return found / (found * x).sum(), x


def _linear(weights: tuple[Array, Array], o: Outcomes, centre: float) -> Contrast:
    """Sum of a (y - centre) as scores, of weights (a, x); `x` is what an effect of 1 adds to y, with sum(a x) = 1."""
    (a, x), h = weights, o.horizon
    values = (o.columns[0] - centre) * o.known
    estimate = float((a * values).sum())
    if o.pieces is None:
        return Contrast(estimate, (a * values).sum(axis=1), (a * x).sum(axis=1), 0.0, 0.0, crossing=anywhere(a, o), prior=o.prior)
    spread, weight = _past_sums(a, h), _past_sums(a * x, h).sum(axis=1) / h
    score = (spread * (o.pieces - centre / h)).sum(axis=1)
    score += (estimate - score.sum()) * weight  # compounding: what pieces do not add up to
    return Contrast(estimate, score, weight, 0.0, 0.0, crossing=anywhere(spread, o), prior=o.prior)


def anywhere(weights: Array, o: Outcomes, values: Array | None = None) -> Array:
    """Spectrum of the sum of weights x values (T x N each) with the weights at every other place, in units of the volatility there: an event in wild times
    meets times as wild wherever it is put. `values`: of outcomes, their own pieces where None. What is known of all labels is transformed once."""
    if values is None and not (weights[o.known > 0] == 0).any():
        there, transformed = o.scaled
        return crossed(spectrum(weights * there), transformed)
    if values is None:
        values = o.columns[0] if o.pieces is None else o.pieces
    known = o.known if values is not o.pieces else np.ones_like(weights)
    centred = _centred(weights, values, known)
    there = o.volatility(centred)
    return crossed(spectrum(weights * there), spectrum(centred / there))


def _centred(weights: Array, values: Array, known: Array) -> Array:
    """Values less their mean, apart where there are weights and where there are none (what a regime does is no part of what its two sides differ by)."""
    centred = np.zeros_like(values)
    for rows in ((weights != 0) & (known > 0), (weights == 0) & (known > 0)):
        centred[rows] = values[rows] - values[rows].mean() if rows.any() else 0.0
    return centred


def _of_regime(event: Array, o: Outcomes, statistic: Statistic) -> Contrast | None:
    """Inside against outside. A ratio r is tested as mean(inside) - r mean(outside) = 0 about the common mean under r (Fieller)."""
    held = np.abs(event) * o.known
    rest = o.known - held
    n, m = held.sum(), rest.sum()
    if not (n > 0 and m > 0):
        return None
    x, y = statistic.rows(o.columns, held), statistic.rows(o.columns, rest)
    here, there, share = mean_of(x, held), mean_of(y, rest), n / (n + m)
    apart_ = held / n - rest / m
    if not (math.isfinite(here) and math.isfinite(there)) or (statistic.log and not (here > 0 and there > 0)):
        return None
    if not statistic.log:
        both = share * here + (1 - share) * there
        score = held * (x - both) / n - rest * (y - both) / m
        weight = apart_ * (held - share * o.known)
        crossing = anywhere(apart_, o, held * x + rest * y)
        return Contrast(here - there, score.sum(axis=1), weight.sum(axis=1), here, there, crossing=crossing, prior=o.prior)
    crossing = anywhere(apart_ / there, o, held * x + rest * y)
    score = (held * x / n - apart_ * share * here) / there
    weight = (rest * y / m + apart_ * (1 - share) * there) / there
    return Contrast(here / there, score.sum(axis=1), weight.sum(axis=1), here, there, ratio=True, crossing=crossing, prior=CERTAIN)


def apart(rows: npt.NDArray[np.int64], gap: int) -> npt.NDArray[np.int64]:
    """The first of the sorted `rows`, and then each more than `gap` after the last one taken: events whose outcomes do not overlap."""
    taken: list[int] = []
    for row in rows.tolist():
        if not taken or row - taken[-1] > gap:
            taken.append(row)
    return np.array(taken, dtype=np.int64)


def wilson(share: float, n: float, z: float = 1.959964) -> tuple[float, float]:
    """Wilson's 95% interval of a share seen in `n` independent trials; (NaN, NaN) for none."""
    if n <= 0 or not math.isfinite(share):
        return math.nan, math.nan
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, centre - half), min(1.0, centre + half)
