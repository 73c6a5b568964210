"""Volatility: implied against realised, its rank, its term structure. Volatilities are in points (20 = 20% a year).

Frames are labels x symbols, series by label.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from flowbt.features.declare import feature
from flowbt.features.rolling import log, min_max_rank, share_below
from flowbt.features.trailing import zscore
from flowbt.ground.protocols import Panel

OHLC = ("open", "high", "low", "close")


class Level(NamedTuple):
    """An index's level, its z-score and its percentile over the window."""

    level: pd.DataFrame
    zscore: pd.DataFrame
    percentile: pd.DataFrame


class Term(NamedTuple):
    """Ratios of volatility indices; above 1 the nearer one is the dearer (stress)."""

    short: pd.DataFrame  # 9 days over 30 days
    long: pd.DataFrame  # 30 days over 3 months
    inverted: pd.DataFrame  # bool: either ratio above 1


def close_to_close(close: pd.DataFrame, window: int, year: float = 252.0) -> pd.DataFrame:
    """Standard deviation of the last `window` log returns, annualised by `year` rows a year, in points."""
    return log(close).diff().rolling(window).std() * (100.0 * float(np.sqrt(year)))


def yang_zhang(open_: pd.DataFrame, high: pd.DataFrame, low: pd.DataFrame, close: pd.DataFrame, window: int, year: float = 252.0) -> pd.DataFrame:
    """Yang and Zhang's (2000) volatility from four prices, which takes in the overnight gap; annualised, in points.

    variance = overnight + k x open-to-close + (1 - k) x Rogers-Satchell, k = 0.34 / (1.34 + (n + 1) / (n - 1)).
    Missing until `window` rows with a previous close are there, and where any price is missing or not positive.
    """
    o, h, lo, c = (log(frame) for frame in (open_, high, low, close))
    overnight, session = o - c.shift(), c - o
    satchell = (h - c) * (h - o) + (lo - c) * (lo - o)
    k = 0.34 / (1.34 + (window + 1) / (window - 1))
    variance = overnight.rolling(window).var() + k * session.rolling(window).var() + (1 - k) * satchell.rolling(window).mean()
    return variance.clip(lower=0.0).pow(0.5) * (100.0 * float(np.sqrt(year)))


@feature(family="volatility", units="points", sign="higher = wilder", needs=("close",), source="Yang, Zhang (2000)")
def realised_volatility(panel: Panel, *, window: int = 21, method: str = "auto") -> pd.DataFrame:
    """Annualised realised volatility of each symbol over `window` bars.

    `method`: "yang-zhang" (needs open, high, low, close), "close" (close to close), or "auto": the first where the panel has all
    four prices of the symbol, else the second. Annualised by the clock's bars a year. Missing until the window is full.
    """
    return realised_by_symbol(panel, window, method)


def realised_by_symbol(panel: Panel, window: int, method: str = "auto") -> pd.DataFrame:
    """`realised_volatility` for use inside other features, which are noted by their own names only."""
    close, year = panel["close"], panel.clock.periods_per_year
    four = [s for s in panel.symbols if method != "close" and (method == "yang-zhang" or all(panel.has(f, s) for f in OHLC))]
    plain = close_to_close(close, window, year)
    if four:
        o, h, lo = (panel[f][four] for f in OHLC[:3])
        plain[four] = yang_zhang(o, h, lo, close[four], window, year)
    return plain


@feature(family="volatility", units="fraction", sign="1 = highest of the window", needs=("close:VIX",), source="ours: min-max over the window")
def iv_rank(panel: Panel, *, index: str = "VIX", window: int = 252) -> pd.DataFrame:
    """Where `index` stands between its lowest and highest close of the last `window` bars: 0 to 1. Not the percentile."""
    return min_max_rank(panel["close", index], window)


@feature(family="volatility", units="fraction", sign="1 = above all others of the window", needs=("close:VIX",), source="ours: share of days below")
def iv_percentile(panel: Panel, *, index: str = "VIX", window: int = 252) -> pd.DataFrame:
    """Share of the last `window` bars on which `index` closed lower than now; ties count half. Not the rank."""
    return share_below(panel["close", index], window)


@feature(family="volatility", units="points", sign="positive = options dear", needs=("close", "close:VIX"), source="ours")
def iv_minus_realised(panel: Panel, *, index: str = "VIX", window: int = 21, method: str = "auto") -> pd.DataFrame:
    """`index` (implied, points) less each symbol's realised volatility over `window` bars. Missing if either is."""
    return panel["close", index] - realised_by_symbol(panel, window, method)


@feature(family="volatility", units="ratio", sign="above 1 = near dearer than far", needs=("close:VIX", "close:VIX9D", "close:VIX3M"), source="Cboe indices")
def vix_term_structure(panel: Panel) -> Term:
    """VIX9D / VIX, VIX / VIX3M, and whether either is above 1. Missing where an index is missing (`inverted` is then False)."""
    vix = panel["close", "VIX"]
    short, long = panel["close", "VIX9D"] / vix, vix / panel["close", "VIX3M"]
    return Term(short, long, (short > 1) | (long > 1))


@feature(family="volatility", units="as published; z-score; fraction", sign="higher = more", needs=("close:VVIX",), source="Cboe, ICE indices")
def volatility_index(panel: Panel, *, index: str = "VVIX", window: int = 252) -> Level:
    """Level, z-score and percentile of one volatility index: VVIX (vol of vol), SKEW, MOVE (rates), OVX (oil), GVZ (gold), VIX, DVOL."""
    level = panel["close", index]
    return Level(level, zscore(level, window), share_below(level, window))
