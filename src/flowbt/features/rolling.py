"""Trailing statistics that several families share. A window always ends at the row itself and is missing until it is full."""

from __future__ import annotations

from typing import TypeVar, cast

import numpy as np
import pandas as pd

Data = TypeVar("Data", pd.DataFrame, pd.Series)


def sign(data: Data) -> Data:
    """-1, 0, +1; missing stays missing."""
    return cast(Data, np.sign(data))


def log(data: Data) -> Data:
    """Natural logarithm; missing where the value is not positive."""
    return cast(Data, np.log(data.where(data > 0)))


def zscore(data: Data, window: int) -> Data:
    """(value - mean) / standard deviation of the last `window` rows, itself included; missing where they do not vary."""
    rolling = data.rolling(window)
    spread = rolling.std()
    # a window of equal numbers leaves a standard deviation of rounding noise, not of zero
    flat = spread <= 1e-12 * rolling.mean().abs()
    return ((data - rolling.mean()) / spread.mask(flat)).replace([np.inf, -np.inf], np.nan)


def min_max_rank(data: Data, window: int) -> Data:
    """(value - minimum) / (maximum - minimum) of the last `window` rows: 0 at the low, 1 at the high; missing where they are equal."""
    low, high = data.rolling(window).min(), data.rolling(window).max()
    return (data - low) / (high - low).where(high > low)


def percentile(data: Data, window: int) -> Data:
    """Share of the other rows of the last `window` that lie below the present one; ties count half. 0 to 1."""
    return (data.rolling(window).rank(method="average") - 1) / (window - 1)


def run_length(state: Data) -> Data:
    """Rows since `state` (-1, 0, +1) last changed sign, signed by it: +3 is the third row in a row above zero. 0 or missing ends a run."""
    return state.apply(_run) if isinstance(state, pd.DataFrame) else _run(state)


def _run(state: pd.Series) -> pd.Series:
    side = sign(state.fillna(0.0))
    started = side.ne(side.shift()).cumsum()
    return (side.groupby(started).cumcount() + 1.0).mul(side)
