"""Probability of backtest overfitting by combinatorially symmetric cross-validation (Bailey, Borwein, Lopez de Prado, Zhu 2017).

Every choice of half the blocks as in-sample needs only each block's count, sum and sum of squares, so no return is copied.
"""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
IDLE = -1e9  # in place of the Sharpe of a trial that never moved in a half: last of its ranks, but no loss
_CHUNK_CELLS = 250_000  # splits x trials looked at together: 2 MB an array, which stays near the processor


class Overfit(NamedTuple):
    """`pbo`: share of splits in which the in-sample best is at or under the out-of-sample median. `logits`: one per split.
    `slope`: of its out-of-sample on its in-sample Sharpe. `loss`: share of splits in which it loses out of sample."""

    pbo: float
    logits: Array
    slope: float
    loss: float


def overfit(returns: Array, blocks: int = 16) -> Overfit:
    """PBO of N trials from their T x N `returns` (finite). Blocks are `blocks` (even) consecutive, near equal stretches."""
    parts = np.array_split(np.asarray(returns, dtype=np.float64), blocks)
    counts = np.array([len(p) for p in parts], dtype=np.float64)
    return overfit_from_blocks(counts, np.array([p.sum(axis=0) for p in parts]), np.array([(p * p).sum(axis=0) for p in parts]))


def overfit_from_blocks(counts: Array, sums: Array, squares: Array) -> Overfit:
    """PBO from per-block counts (S), sums and sums of squares (S x N). Trials with no variance in a half rank last there.

    Raises ValueError for an odd S or fewer than two trials.
    """
    blocks, trials = sums.shape
    if blocks % 2 or trials < 2:
        raise ValueError(f"PBO needs an even number of blocks and two trials, not {blocks} and {trials}")
    picks = np.zeros((len(chosen := list(combinations(range(blocks), blocks // 2))), blocks))
    picks[np.arange(len(chosen))[:, None], chosen] = 1.0
    step = max(1, _CHUNK_CELLS // trials)
    found = [_halves(picks[at : at + step], counts, sums, squares) for at in range(0, len(picks), step)]
    rank, inside, outside = (np.concatenate(column) for column in zip(*found, strict=True))
    share = rank / (trials + 1)
    logits = np.log(share / (1 - share))
    moved = (inside > IDLE) & (outside > IDLE)
    spread = float(np.var(inside[moved])) if moved.sum() > 1 else 0.0
    slope = float(np.cov(inside[moved], outside[moved])[0, 1] / np.var(inside[moved], ddof=1)) if spread > 0 else np.nan
    return Overfit(float(np.mean(logits <= 0)), logits, slope, float(np.mean((outside < 0) & (outside > IDLE))))


def _halves(picks: Array, counts: Array, sums: Array, squares: Array) -> tuple[Array, Array, Array]:
    """For each split: out-of-sample rank of the in-sample best (1 worst), its Sharpe inside and outside."""
    inside = _sharpe(picks, counts, sums, squares)
    outside = _sharpe(1 - picks, counts, sums, squares)
    rows = np.arange(len(picks))
    best = inside.argmax(axis=1)
    theirs = outside[rows, best]
    below = (outside < theirs[:, None]).sum(axis=1)
    level = (outside == theirs[:, None]).sum(axis=1)
    return below + (level + 1) / 2, inside[rows, best], theirs  # ties share their mean rank


def _sharpe(picks: Array, counts: Array, sums: Array, squares: Array) -> Array:
    n = (picks @ counts)[:, None]
    mean = picks @ sums / n
    variance = np.maximum(picks @ squares / n - mean**2, 0.0)
    return np.asarray(np.divide(mean, np.sqrt(variance), out=np.full(mean.shape, IDLE), where=variance > 1e-20))
