"""Arithmetic shared by the feature families: trailing windows, runs, and the choice of a symbol.

Every function looks back only. `x` is a frame or series of float64, NaN where missing; the shape and labels are kept.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import pandas as pd

from flowbt.ground.protocols import Panel

F = TypeVar("F", pd.DataFrame, pd.Series)


def pick(panel: Panel, field: str, symbol: str | None = None) -> pd.DataFrame:
    """`field` of the panel's own symbols, or of one `symbol` spread over them."""
    return panel[field] if symbol is None else panel[field, symbol]


def enough(window: int) -> int:
    """Values a trailing window must hold: two thirds of it, at least two."""
    return max(2, -(-2 * window // 3)) if window > 1 else 1


def zscore(x: F, window: int) -> F:
    """(x - mean) / standard deviation over the last `window` labels, this one included. Missing with fewer than two
    thirds of the window, and where nothing varied."""
    rolling = x.rolling(window, min_periods=enough(window))
    spread = rolling.std()
    return (x - rolling.mean()) / spread.where(spread > 1e-12 * x.abs().rolling(window, min_periods=1).max())


def known_mean(x: pd.DataFrame, window: int) -> pd.DataFrame:
    """Mean of the last `window` known values, this one included: holes are passed over. Missing until there are so many, and where x is."""
    return pd.DataFrame({name: x[name].dropna().rolling(window).mean().reindex(x.index) for name in x.columns}, index=x.index, columns=x.columns)


def percentile(x: F, window: int) -> F:
    """Share of the last `window` values that are at or under this one, in (0, 1]; ties count half. Missing as in `zscore`."""
    return x.rolling(window, min_periods=enough(window)).rank(pct=True)


def run_length(state: F) -> F:
    """How many labels in a row `state` (bool) has held, this one included; 0.0 where it does not hold."""
    count = state.astype(float).cumsum()
    return count - count.where(~state).ffill().fillna(0.0)


def log_returns(close: F) -> F:
    """log(close / close before); missing where either is, or is not positive."""
    return close.where(close > 0).transform(np.log).diff()


def realised_volatility(close: F, window: int, periods: float) -> F:
    """Close-to-close volatility over `window` returns, in vol points per year (mean not removed)."""
    mean_square = (log_returns(close) ** 2).rolling(window, min_periods=enough(window)).mean()
    return 100.0 * (mean_square * periods) ** 0.5
