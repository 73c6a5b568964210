"""Series made small enough to draw: which bars, how many digits, labels as text. Used by every page with a chart."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowbt.ground.types import Context
from flowbt.results.breakdowns import known

MOST_POINTS = 4200  # drawn per line; longer series are drawn at every k-th bar, and the page says so
WINDOWS = (63, 126, 252)
Floats = npt.NDArray[np.float64]


def scaled_to(returns: pd.Series, to: pd.Series) -> pd.Series:
    """`returns` scaled to the volatility of `to` over the whole span: for the eye only, as it knows the whole span."""
    own = float(returns.std())
    return returns * (float(to.std()) / own) if own > 0 else returns


def regime_codes(states: pd.Series, keep: npt.NDArray[np.int64]) -> Context:
    """A regime as codes per drawn bar, with the names of its states."""
    values = known(states)
    names = sorted(set(values))
    codes = values.map({name: code for code, name in enumerate(names)}).to_numpy()
    return {"names": names, "codes": codes[keep].tolist()}


def drawn(length: int, most: int = MOST_POINTS) -> npt.NDArray[np.int64]:
    """Positions of the bars that are drawn: all, or every k-th and the last."""
    if length <= most:
        return np.arange(length)
    return np.unique(np.append(np.arange(0, length, -(-length // most)), length - 1))


def compact(values: object, digits: int = 5) -> list[float | None]:
    """Numbers at `digits` significant digits, None where missing: small in the page."""
    return [None if not math.isfinite(x) else float(f"{x:.{digits}g}") for x in np.asarray(values, float).tolist()]


def stamps(index: pd.DatetimeIndex, intraday: bool) -> list[str]:
    return [str(text) for text in index.strftime("%Y-%m-%d %H:%M" if intraday else "%Y-%m-%d")]
