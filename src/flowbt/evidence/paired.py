"""The difference of two runs' measures, with an interval that respects their common days."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from flowbt.evidence.inference import cosines_for, studentise_mean
from flowbt.evidence.measures import per_bar


def paired_difference(a: pd.Series, b: pd.Series, year: float) -> pd.DataFrame:
    """`a` less `b` in Sharpe, CAGR, volatility and mean return, on the labels both have.

    Each measure is a mean of one value a bar; the difference of the two values of a bar is tested as every claim is, so what the runs share cancels.
    Rows: measures; columns: a, b, difference, low, high (95%), p (two-sided). NaN under 20 common labels, after a ruin, and for a run that never moves.
    """
    both = np.asarray(pd.concat([a, b], axis=1, join="inner").dropna(), dtype=np.float64)
    rows = ("sharpe", "cagr", "volatility", "mean")
    table = pd.DataFrame(math.nan, index=list(rows), columns=["a", "b", "difference", "low", "high", "p"])
    if len(both) < 20 or (both <= -1).any() or (np.ptp(both, axis=0) <= 1e-12).any():
        return table
    mine, theirs = (per_bar(column, year) for column in both.T)
    cosines = cosines_for(len(both), both[:, 0] - both[:, 1])
    for name in rows:
        test = studentise_mean(mine[name] - theirs[name], cosines)
        table.loc[name] = [float(mine[name].mean()), float(theirs[name].mean()), test.estimate, *test.interval(), test.p()]
    return table
