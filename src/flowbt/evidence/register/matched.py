"""What an event adds to the times it sits in: its rows against controls of the same strata (volatility, trend, month).

Each row of the event is compared with the rows without it in its stratum; where a stratum has too few, in the next coarser one. So a control counts by how many
rows of the event it stands for:

    effect = mean of the event's rows - sum over strata of (share of the event's rows in it) x (mean of its controls)

and for ratios the log of the one over the other. A signed event is compared within its regime: +1 with -1 of the same stratum, half the difference.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from flowbt.evidence.claims.study import Array, Contrast, Outcomes, Statistic, mean_of
from flowbt.evidence.cutoffs import CUTOFFS
from flowbt.evidence.inference import cosines_for

Strata = npt.NDArray[np.int64]
WIDTH = 0.1  # of a volatility: what differs by less is alike
FEWEST = 5  # controls under which a stratum is not used


class Matched(NamedTuple):
    """The effect against matched controls, and the share of the event's rows for which there were any."""

    contrast: Contrast
    share: float


def matched(event: Array, o: Outcomes, statistic: Statistic, strata: Sequence[Strata]) -> Matched | None:
    """`event`: T x N; `strata`: codes of the T labels, the finest first, each a part of the last, negative where unknown. None where nothing can be matched."""
    signed = bool((event < 0).any())
    held = (event > 0) * o.known
    rest = ((event < 0) if signed else (event == 0)) * o.known
    left, taken, pairs = held.copy(), np.zeros_like(held), []
    for codes in strata:
        used, control = _weights(left, rest, codes)
        if used.any():
            pairs.append((used, control))
        taken, left = taken + used, left - used
    if not taken.any():
        return None
    n, controls = taken.sum(), np.sum([control for _, control in pairs], axis=0)
    x, y = statistic.rows(o.columns, taken), statistic.rows(o.columns, controls)
    here, there = mean_of(x, taken), mean_of(y, controls)
    if not (math.isfinite(here) and math.isfinite(there)) or (statistic.log and not (here > 0 and there > 0)):
        return None
    # Both sides weigh every coarsest stratum alike, so its mean may be taken off both. Not a finer one's: its few controls would hide their noise.
    centre = _stratum_means(y, rest * o.known, strata[-1])[:, None]
    scale = 0.5 if signed else 1.0
    if statistic.log:
        score, weight = taken * x / (n * there), (taken * centre + controls * (y - centre)) / (n * there)
        found = Contrast(here / there, score.sum(axis=1), weight.sum(axis=1), here, there, ratio=True)
    else:
        score = scale * (taken * (x - centre) - controls * (y - centre)) / n
        weight = scale * (taken + signed * controls) / n
        found = Contrast(scale * (here - there), score.sum(axis=1), weight.sum(axis=1), here, there)
    return Matched(found, float(n / held.sum()))


def _weights(left: Array, rest: Array, codes: Strata) -> tuple[Array, Array]:
    """Of the event's rows those whose stratum has controls, and the weight of each control: rows it stands for."""
    size = int(codes.max()) + 2
    at = np.where(codes >= 0, codes, size - 1)
    events, controls = (np.bincount(at, weights=side.sum(axis=1), minlength=size) for side in (left, rest))
    both = (events > 0) & (controls >= FEWEST)
    both[size - 1] = False
    each = np.divide(events, controls, out=np.zeros(size), where=both)
    return left * both[at][:, None], rest * each[at][:, None]


def _stratum_means(y: Array, control: Array, codes: Strata) -> Array:
    """Per label the mean of its stratum's controls, 0 where there are none."""
    size = int(codes.max()) + 2
    at = np.where(codes >= 0, codes, size - 1)
    sums, weights = np.bincount(at, weights=(control * y).sum(axis=1), minlength=size), np.bincount(at, weights=control.sum(axis=1), minlength=size)
    return np.asarray(np.divide(sums, weights, out=np.zeros(size), where=weights > 0)[at])


def cosines_of(found: Matched, o: Outcomes) -> int:
    """Cosines of its test: by whether its scores are correlated where outcomes do not overlap, else those of overlapping outcomes."""
    rows = len(o.known)
    return cosines_for(rows, found.contrast.score * rows if o.horizon == 1 else None, o.horizon)


def alike(values: Array) -> Strata:
    """Classes of positive values within WIDTH of one another, the lowest 0; -1 where missing or not positive.

    Not tenths of the distribution: the highest tenth of a volatility spans a factor of three, and an event that comes where it is highest would be compared
    with rows half as wild. What has no controls so near is not compared.
    """
    out = np.full(len(values), -1, dtype=np.int64)
    known = np.isfinite(values) & (values > 0)
    if known.any():
        classes = np.floor(np.log(values[known]) / math.log1p(WIDTH)).astype(np.int64)
        out[known] = classes - classes.min()
    return out


def crossed(first: Strata, second: Strata) -> Strata:
    """One code for each pair; -1 where either is unknown."""
    return np.where((first >= 0) & (second >= 0), first * (int(second.max(initial=0)) + 1) + second, -1)


def answer(sign: int, raw: float, low: float, high: float) -> str:
    """Does the event add something beyond what it is matched on?

    "yes": the interval lies on the claimed side (for no edge: on one side). "no": it leaves out half of the raw effect (`raw`), or lies on the other side, so
    that most of the effect is explained. "cannot tell" where neither can be said.
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        return "cannot tell"
    if sign == 0:
        return "yes" if low > 0 or high < 0 else "cannot tell"
    near, far = sorted((sign * low, sign * high))
    if near > 0:
        return "yes"
    return "no" if far < max(CUTOFFS.margin * sign * raw, 0.0) or far < 0 else "cannot tell"
