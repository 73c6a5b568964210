"""Stationary bootstrap (Politis and Romano 1994) of statistics that are functions of sums.

Every statistic flowbt bootstraps (a mean, a Sharpe ratio, a difference of event and baseline) is a function of a few
column sums. The sum over a block is a difference of two prefix sums, so a resample costs one step per block, not one
per row. Random numbers are SplitMix64 keyed by (seed, resample): the same blocks for every column and every definition,
in any order and on any thread. `sums_twin` is the plain Python reading of the kernel.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import fft

from flowbt.ground.compiled import jit

Array = npt.NDArray[np.float64]

_GAMMA, _MIX1, _MIX2 = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_MASK = (1 << 64) - 1
_STEPS = 5_000  # a long series is cut into at most about this many blocks: enough for the spread, and the cost is bounded


def block_length(x: Array) -> float:
    """Mean block length by Politis and White (2004, corrected 2009); `x`: T values, NaN dropped. At least 1.

    As `arch.bootstrap.optimal_block_length(x)["stationary"]`, which the tests hold it to (autocorrelations are over the whole variance, arch's over that of
    the rows that meet: under a hundred values the lag at which they count as nothing may be another). Written here because importing arch costs over
    a second. 1 for fewer than 20 values or a constant.
    """
    x = x[np.isfinite(x)]
    n = len(x)
    if n < 20 or np.ptp(x) <= 1e-12 * max(1.0, float(np.abs(x).max())):
        return 1.0
    eps = x - x.mean()
    run = max(5, int(math.log10(n)))
    top = math.ceil(math.sqrt(n)) + run
    spectrum = fft.rfft(eps, fft.next_fast_len(2 * n, real=True))
    cov = fft.irfft(spectrum * spectrum.conj(), fft.next_fast_len(2 * n, real=True))[: min(top, n - 1) + 1] / n
    quiet = np.abs(cov) / cov[0] < 2 * math.sqrt(math.log10(n) / n)
    calm = [k for k in range(len(cov) - run) if quiet[k : k + run].all()]
    lags = min(2 * max(calm[0], 1) if calm else top, len(cov) - 1)
    k = np.arange(1, lags + 1)
    weight = np.clip(2 * (1 - k / lags), 0, 1)
    spread = cov[0] + 2 * float(weight @ cov[1 : lags + 1])
    slope = 2 * float((weight * k) @ cov[1 : lags + 1])
    best = (slope**2 / spread**2) ** (1 / 3) * n ** (1 / 3) if spread else 1.0
    return float(min(max(1.0, best), math.ceil(min(3 * math.sqrt(n), n / 3))))


def resample_sums(columns: Array, block: float, resamples: int = 2_000, seed: int = 0) -> Array:
    """Column sums of `resamples` stationary-bootstrap resamples.

    `columns`: T x K, finite (put 0 where a row does not count). `block`: mean block length in rows, 1 or more.
    Returns resamples x K. Blocks wrap around the end. Raises ValueError on an empty or non-finite input.
    """
    columns = np.ascontiguousarray(columns, dtype=np.float64)
    if columns.ndim != 2 or not len(columns) or not np.isfinite(columns).all():
        raise ValueError("resample_sums needs a finite T x K array with T >= 1")
    block = max(1.0, float(block), len(columns) / _STEPS)
    out = np.empty((resamples, columns.shape[1]))
    _sums(_prefix(columns), len(columns), block, np.uint64(seed & _MASK), out)
    return out


def _prefix(columns: Array) -> Array:
    """Prefix sums of the columns laid end to end twice, so that a block may wrap; (2T + 1) x K."""
    twice = np.concatenate([columns, columns])
    return np.vstack([np.zeros((1, columns.shape[1])), np.cumsum(twice, axis=0)])


@jit
def _mix(z: Any) -> Any:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(_MIX1)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(_MIX2)
    return z ^ (z >> np.uint64(31))


@jit
def _sums(prefix: Any, rows: Any, block: Any, seed: Any, out: Any) -> None:
    unit = 1.0 / 9007199254740992.0  # 2**-53
    shrink = 0.0 if block <= 1.0 else 1.0 / np.log1p(-1.0 / block)
    gamma = np.uint64(_GAMMA)
    for b in range(out.shape[0]):
        state = _mix(seed + gamma * np.uint64(b + 1))
        for k in range(out.shape[1]):
            out[b, k] = 0.0
        done = 0
        while done < rows:
            state += gamma
            start = int(np.float64(_mix(state) >> np.uint64(11)) * unit * rows)
            length = 1
            if shrink != 0.0:
                state += gamma
                u = (np.float64(_mix(state) >> np.uint64(11)) + 1.0) * unit
                length = 1 + int(min(np.log(u) * shrink, 4e9))
            length = min(length, rows - done)
            for k in range(out.shape[1]):
                out[b, k] += prefix[start + length, k] - prefix[start, k]
            done += length


def mix_twin(z: int) -> int:
    """SplitMix64's output function on Python integers."""
    z = ((z ^ (z >> 30)) * _MIX1) & _MASK
    z = ((z ^ (z >> 27)) * _MIX2) & _MASK
    return z ^ (z >> 31)


def rows_twin(rows: int, block: float, resample: int, seed: int = 0) -> list[int]:
    """The row numbers of one resample, one by one: what the kernel adds up."""
    state = mix_twin((seed + _GAMMA * (resample + 1)) & _MASK)
    picked: list[int] = []
    while len(picked) < rows:
        state = (state + _GAMMA) & _MASK
        start = int((mix_twin(state) >> 11) / 2**53 * rows)
        length = 1
        if block > 1:
            state = (state + _GAMMA) & _MASK
            length = 1 + int(math.log(((mix_twin(state) >> 11) + 1) / 2**53) / math.log1p(-1 / block))
        picked += [(start + i) % rows for i in range(min(length, rows - len(picked)))]
    return picked


def sums_twin(columns: Array, block: float, resamples: int, seed: int = 0) -> Array:
    """`resample_sums`, row by row."""
    block = max(1.0, block, len(columns) / _STEPS)
    return np.array([columns[rows_twin(len(columns), block, b, seed)].sum(axis=0) for b in range(resamples)])
