"""The difference of two runs' measures, with an interval that respects their common days."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowbt.evidence.measures import cagr_of
from flowbt.evidence.resampling.bootstrap import block_length, interval, resample_sums

Array = npt.NDArray[np.float64]


def paired_difference(a: pd.Series, b: pd.Series, year: float, resamples: int = 2_000, seed: int = 0) -> pd.DataFrame:
    """`a` less `b` in Sharpe, CAGR, volatility and mean return, on the labels both have.

    Both returns of a label are resampled together, so what they share cancels. Rows: measures; columns: a, b, difference, low, high
    (95%), p (two-sided, from the share of resampled differences beyond 0). NaN under 20 common labels.
    """
    both = np.asarray(pd.concat([a, b], axis=1, join="inner").dropna(), dtype=np.float64)
    rows = ("sharpe", "cagr", "volatility", "mean")
    table = pd.DataFrame(math.nan, index=list(rows), columns=["a", "b", "difference", "low", "high", "p"])
    n = len(both)
    if n < 20 or (both <= -1).any():
        return table
    x, y = both.T
    columns = np.column_stack([x, x * x, np.log1p(x), y, y * y, np.log1p(y)])
    drawn = resample_sums(columns, max(block_length(x), block_length(y)), resamples, seed)
    now, then = _measures(columns.sum(axis=0)[None, :], n, year), _measures(drawn, n, year)
    for at, name in enumerate(rows):
        gap = then[0][at] - then[1][at]
        gap = gap[np.isfinite(gap)]
        beyond = (1 + min(np.count_nonzero(gap >= 0), np.count_nonzero(gap <= 0))) / (1 + len(gap))
        mine, theirs = float(now[0][at][0]), float(now[1][at][0])
        table.loc[name] = [mine, theirs, mine - theirs, *interval(gap), min(1.0, 2 * beyond)]
    return table


def _measures(sums: Array, n: int, year: float) -> list[list[Array]]:
    out = []
    for at in (0, 3):
        mean = sums[:, at] / n
        deviation = np.sqrt(np.maximum(sums[:, at + 1] / n - mean**2, 0.0) * n / (n - 1))
        sharpe = np.divide(mean, deviation, out=np.full(len(mean), np.nan), where=deviation > 1e-12)
        out.append([sharpe * math.sqrt(year), cagr_of(sums[:, at + 2], n, year), deviation * math.sqrt(year), mean * year])
    return out
