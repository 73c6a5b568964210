"""Forced selling and the order book: liquidations by side, lending-protocol liquidations, depth and spread."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from flowbt.features.declare import feature
from flowbt.features.trailing import zscore
from flowbt.ground.errors import ParameterError
from flowbt.ground.protocols import Panel


class Liquidations(NamedTuple):
    total: pd.DataFrame  # $ over the last `bars` labels, both sides
    net: pd.DataFrame  # $ of shorts less $ of longs liquidated; negative = longs were sold out
    long_z: pd.DataFrame  # z-score of longs liquidated
    short_z: pd.DataFrame  # z-score of shorts liquidated


@feature(
    family="liquidations",
    units="$; z-score",
    sign="net negative = longs were liquidated",
    needs=("liquidations_long_usd", "liquidations_short_usd"),
    source="document carry",
)
def forced_liquidations(panel: Panel, *, bars: int = 1, window: int = 90) -> Liquidations:
    """Liquidations of perpetuals by side over `bars` labels, and how unusual they are over `window` labels.

    Labels x symbols. A missing label is missing, not 0: providers leave out quiet days only if their dataset says so.
    """
    longs = panel["liquidations_long_usd"].rolling(bars).sum()
    shorts = panel["liquidations_short_usd"].rolling(bars).sum()
    return Liquidations(longs + shorts, shorts - longs, zscore(longs, window), zscore(shorts, window))


@feature(
    family="liquidations",
    units="z-score",
    sign="positive = more collateral liquidated than usual",
    needs=("lending_liquidations_usd",),
    source="document carry",
)
def lending_liquidations_z(panel: Panel, *, bars: int = 1, window: int = 90) -> pd.DataFrame:
    """Collateral liquidated by lending protocols over `bars` labels, against the last `window`. Labels x symbols; missing as in `zscore`."""
    return zscore(panel["lending_liquidations_usd"].rolling(bars).sum(), window)


class BookStress(NamedTuple):
    depth_z: pd.DataFrame  # negative = thinner than usual
    spread_z: pd.DataFrame  # positive = wider than usual
    thin: pd.DataFrame  # bool: both at least `sigmas` on the bad side


@feature(
    family="liquidations",
    units="z-score; bool",
    sign="depth negative = thin, spread positive = wide",
    needs=("depth_1pct_usd", "spread_bps"),
    source="ours; claim thin-book-jump",
)
def book_stress(panel: Panel, *, window: int = 90, sigmas: float = 1.0) -> BookStress:
    """Depth within 1% of mid and the spread, against their last `window` labels. Labels x symbols; missing as in `zscore`, `thin` then False.

    ParameterError for negative sigmas.
    """
    if sigmas < 0:
        raise ParameterError(f"book_stress(sigmas={sigmas:g})", "negative", "give sigmas of 0 or more")
    depth, spread = zscore(panel["depth_1pct_usd"], window), zscore(panel["spread_bps"], window)
    return BookStress(depth, spread, (depth <= -sigmas) & (spread >= sigmas))
