"""Bands around a mean: Keltner (true range) and Bollinger (standard deviation). Frames are labels x symbols, series by label."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from flowbt.features.declare import feature
from flowbt.features.trailing import known_mean, pick
from flowbt.features.trend import ema
from flowbt.ground.protocols import Panel


class Bands(NamedTuple):
    low: pd.DataFrame
    mid: pd.DataFrame
    high: pd.DataFrame
    position: pd.DataFrame  # (close - low) / (high - low); over 1 = above the band


def around(mid: pd.DataFrame, half: pd.DataFrame, close: pd.DataFrame) -> Bands:
    """`mid` -/+ `half` and where the close lies in it; the position is missing where the band has no width."""
    return Bands(mid - half, mid, mid + half, ((close - mid) / half.where(half > 0) + 1.0) / 2.0)


def true_range(high: pd.DataFrame, low: pd.DataFrame, close: pd.DataFrame) -> pd.DataFrame:
    """Largest of high - low and the distances of both from the close before; missing on the first label, or where a price is."""
    before = close.shift(1)
    top, bottom = high.where(high >= before, before), low.where(low <= before, before)
    return (top - bottom).where(high.notna() & low.notna() & before.notna())


@feature(
    family="bands",
    units="price; fraction",
    sign="position 0 = lower band, 1 = upper",
    needs=("high", "low", "close"),
    source="textbook",
)
def keltner(panel: Panel, *, window: int = 20, atr: int = 10, width: float = 2.0, symbol: str | None = None) -> Bands:
    """EMA of the close over `window` -/+ `width` x Wilder's average true range over `atr` labels.

    Labels x symbols; missing until both means have their labels, and where a price is.
    """
    high, low, close = (pick(panel, field, symbol) for field in ("high", "low", "close"))
    average = true_range(high, low, close).ewm(alpha=1 / atr, adjust=False, min_periods=atr).mean()
    return around(ema(close, window), width * average, close)


@feature(family="bands", units="price; fraction", sign="position 0 = lower band, 1 = upper", needs=("close",), source="textbook")
def bollinger(panel: Panel, *, window: int = 20, width: float = 2.0, symbol: str | None = None) -> Bands:
    """Mean of the last `window` closes -/+ `width` population standard deviations (ddof 0). Labels x symbols; holes are passed over, missing until
    there are so many closes and where the close is."""
    close = pick(panel, "close", symbol)
    deviation = pd.DataFrame({name: close[name].dropna().rolling(window).std(ddof=0).reindex(close.index) for name in close.columns})
    return around(known_mean(close, window), width * deviation, close)
