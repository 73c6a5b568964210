"""The arithmetic of event studies and regime comparisons, over all definitions of a claim at once.

T labels, N columns (names, or one), D definitions, K outcome columns. An event is an array T x N: 1 where it holds (or a signed weight). Every statistic
is a function of sums over event rows and over all rows, so that rotations come from one FFT and bootstrap resamples from prefix sums.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import fft

from flowbt.evidence.resampling.bootstrap import resample_sums
from flowbt.evidence.resampling.rotation import offsets

Array = npt.NDArray[np.float64]


def _ratio(top: Array, bottom: Array) -> Array:
    return _over(top, bottom, bottom > 0.5)


def _over(top: Array, bottom: Array, where: npt.NDArray[np.bool_]) -> Array:
    """top / bottom, NaN where it is not to be taken."""
    return np.asarray(np.divide(top, bottom, out=np.full(np.broadcast(top, bottom).shape, np.nan), where=where))


def _mean(s: Array) -> Array:
    return _ratio(s[..., 1], s[..., 0])


def _deviation(s: Array) -> Array:
    mean = _ratio(s[..., 1], s[..., 0])
    return np.asarray(np.sqrt(np.maximum(_ratio(s[..., 2], s[..., 0]) - mean**2, 0.0)))


def _correlation(s: Array) -> Array:
    mx, my, xx, yy, xy = (_ratio(s[..., k], s[..., 0]) for k in range(1, 6))
    scale = np.sqrt(np.maximum(xx - mx**2, 0.0) * np.maximum(yy - my**2, 0.0))
    return _over(xy - mx * my, scale, scale > 1e-18)


class Statistic(NamedTuple):
    """`level`: from sums (count first) to a value; `rest`: compared with the rows outside the event, not with all; `log`: compared as a log ratio."""

    level: Callable[[Array], Array]
    rest: bool
    log: bool

    def effect(self, inside: Array, total: Array) -> Array:
        """From sums inside the event and over all rows (..., 1 + K) to the effect (...)."""
        here, there = self.level(inside), self.base(inside, total)
        if not self.log:
            return np.asarray(here - there)
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log(_over(here, there, (here > 0) & (there > 0)))
        return np.asarray(logs)

    def base(self, inside: Array, total: Array) -> Array:
        return self.level(total - inside) if self.rest else self.level(total)


STATISTICS = {
    "mean": Statistic(_mean, rest=False, log=False),
    "ratio": Statistic(_mean, rest=True, log=True),
    "deviation": Statistic(_deviation, rest=True, log=True),
    "autocorrelation": Statistic(_correlation, rest=True, log=False),
}


@dataclass(frozen=True)
class Outcomes:
    """One horizon's outcome columns with their common mask: `known` T x N of 0 and 1; `columns` K arrays T x N, 0 where not known."""

    horizon: int
    known: Array
    columns: tuple[Array, ...]

    @property
    def total(self) -> Array:
        return np.array([self.known.sum(), *(c.sum() for c in self.columns)])


def outcomes_of(horizon: int, columns: list[Array], signed: bool) -> Outcomes:
    """Mask what is unknown in any column. For signed events the mean of all rows is taken out first, so that their baseline is 0."""
    known = np.all([np.isfinite(c) for c in columns], axis=0)
    filled = [np.where(known, c, 0.0) for c in columns]
    if signed and known.any():
        filled = [np.where(known, c - c[known].mean(), 0.0) for c in filled]
    return Outcomes(horizon, known.astype(np.float64), tuple(filled))


def inside_sums(event: Array, o: Outcomes) -> Array:
    """Count and column sums over the event's rows: 1 + K."""
    return np.array([(np.abs(event) * o.known).sum(), *((event * c).sum() for c in o.columns)])


def per_row(event: Array, o: Outcomes) -> Array:
    """The same, row by row: T x (1 + K)."""
    return np.column_stack([(np.abs(event) * o.known).sum(axis=1), *((event * c).sum(axis=1) for c in o.columns)])


@dataclass(frozen=True)
class Rotated:
    """`effects`: D, at no shift; `null`: D x offsets."""

    effects: Array
    null: Array


class Spectra:
    """The outcome columns' transforms, kept so that each definition costs only its own."""

    def __init__(self, o: Outcomes) -> None:
        self.rows = len(o.known)
        self.total = o.total
        self.parts = [fft.rfft(c, axis=0) for c in (o.known, *o.columns)]

    def sums(self, event: Array) -> Array:
        """Inside sums at every offset: T x (1 + K)."""
        signed = np.conj(fft.rfft(event, axis=0))
        plain = signed if (event >= 0).all() else np.conj(fft.rfft(np.abs(event), axis=0))
        products = [((plain if k == 0 else signed) * part).sum(axis=1) for k, part in enumerate(self.parts)]
        sums = fft.irfft(np.column_stack(products), self.rows, axis=0)
        sums[:, 0] = np.round(sums[:, 0] * 1e6) / 1e6  # counts are whole or simple weights: take the transform's dust off
        return np.asarray(sums)


def rotate(events: list[Array], o: Outcomes, statistic: Statistic, gap: int) -> Rotated:
    """Effects of all definitions under every shift at least `gap` rows away from none."""
    spectra = Spectra(o)
    allowed = offsets(spectra.rows, gap)
    effects, null = np.full(len(events), np.nan), np.full((len(events), len(allowed)), np.nan)
    for d, event in enumerate(events):
        if event.any():
            found = statistic.effect(spectra.sums(event), spectra.total)
            effects[d] = statistic.effect(inside_sums(event, o), spectra.total)
            null[d] = found[allowed]
    return Rotated(effects, null)


@dataclass(frozen=True)
class Resampled:
    """Bootstrap draws, definitions first: `effect`, `level` and `base` D x B (Fisher's z is not taken: percentiles need no transform)."""

    effect: Array
    level: Array


class Resampling(NamedTuple):
    block: float
    resamples: int
    seed: int


def resample(events: list[Array], o: Outcomes, statistic: Statistic, how: Resampling) -> Resampled:
    """Stationary bootstrap of rows: events and outcomes stay together, all names of a row stay together, all definitions see the same rows."""
    width = 1 + len(o.columns)
    total = np.column_stack([o.known.sum(axis=1), *(c.sum(axis=1) for c in o.columns)])
    sums = resample_sums(np.column_stack([total, *(per_row(e, o) for e in events)]), how.block, how.resamples, how.seed)
    everything = sums[:, :width]
    effect, level = np.empty((len(events), how.resamples)), np.empty((len(events), how.resamples))
    for d, event in enumerate(events):
        inside = sums[:, width * (d + 1) : width * (d + 2)]
        signed = bool((event < 0).any())
        level[d] = statistic.level(inside)
        effect[d] = level[d] if signed else statistic.effect(inside, everything)
    return Resampled(effect, level)


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


def plain(value: Any) -> Any:
    """Numbers of numpy as Python's; NaN and infinities as None."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, np.ndarray):
        return [plain(v) for v in value.tolist()]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
