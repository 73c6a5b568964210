"""Dealer gamma as a daily series: its sign, its score against its own history, the levels a chain gives.

Gamma is in dollars of hedging per 1% move, under the naive assumption that dealers are long calls and short puts. The sign is that
assumption, not an observation. Chains become these fields through `flowbt.features.chain`.
"""

from __future__ import annotations

from typing import TypeVar

import pandas as pd

from flowbt.features.declare import feature
from flowbt.features.rolling import sign, signed_run
from flowbt.features.trailing import percentile, zscore
from flowbt.ground.protocols import Key, Panel, first_held

Data = TypeVar("Data", pd.DataFrame, pd.Series)
NAIVE = "naive: dealers long calls, short puts"


@feature(family="dealer gamma", units="-1, 0, +1", sign="+1 = dealers long gamma (they fade moves)", needs=("gex",), stand_ins=("gex:SPX",), source=NAIVE)
def gamma_sign(panel: Panel) -> pd.DataFrame:
    """Sign of dealer gamma, per symbol, or the index's for all where no symbol has its own; 0 where a chain's range (`gex_low` to `gex_high`) holds zero:
    its sign is not certain. Missing where gamma is missing."""
    own = first_held(panel, "gex", ("gex", "SPX"))
    ends: list[Key] = [(name, own[1]) if isinstance(own, tuple) else name for name in ("gex_low", "gex_high")]
    held = all(panel.has(*end) if isinstance(end, tuple) else panel.has(end) for end in ends)
    return certain_sign(_gex(panel), *(panel[end] for end in ends)) if held else sign(_gex(panel))


@feature(family="dealer gamma", units="z-score", sign="positive = more long gamma than usual", needs=("gex",), stand_ins=("gex:SPX",), source="ours; " + NAIVE)
def gex_score(panel: Panel, *, window: int = 252) -> pd.DataFrame:
    """Dealer gamma against its own last `window` bars, in standard deviations. Missing until two thirds of the window are there."""
    return zscore(_gex(panel), window)


@feature(family="dealer gamma", units="bars", sign="positive = run of long gamma", needs=("gex",), stand_ins=("gex:SPX",), source="ours; " + NAIVE)
def gamma_run(panel: Panel) -> pd.DataFrame:
    """Bars since dealer gamma last changed sign, signed by it. 0 where gamma is missing or zero, or its sign is not certain (see `gamma_sign`)."""
    return signed_run(gamma_sign(panel))


@feature(family="dealer gamma", units="fraction", sign="negative = spot under the level", needs=("close", "zero_gamma"), source=NAIVE)
def zero_gamma_distance(panel: Panel) -> pd.DataFrame:
    """close / zero-gamma level - 1, per symbol. Missing where there is no zero-gamma level (never zero)."""
    level = panel["zero_gamma"]
    return panel["close"] / level.where(level > 0) - 1


@feature(family="dealer gamma", units="fraction", sign="negative = the level lies below", needs=("close", "nearest_positive_gamma"), source=NAIVE)
def positive_gamma_gap(panel: Panel) -> pd.DataFrame:
    """Nearest level under spot with positive dealer gamma / close - 1: how far down the first cushion is. Missing if there is none."""
    level = panel["nearest_positive_gamma"]
    return level.where(level > 0) / panel["close"] - 1


@feature(family="dealer gamma", units="fraction", sign="1 = all of it expires today", needs=("gex", "gex_0dte"), source=NAIVE)
def same_day_share(panel: Panel) -> pd.DataFrame:
    """|gamma of options that expire the same day| / (that + |the rest|). Missing where either is missing or both are zero."""
    today, total = panel["gex_0dte"], panel["gex"]
    size = today.abs() + (total - today).abs()
    return today.abs() / size.where(size > 0)


@feature(
    family="dealer gamma",
    units="z-score",
    sign="positive = more bought by dealers as volatility rises than usual",
    needs=("dealer_vanna",),
    source="ours; " + NAIVE,
)
def vanna_score(panel: Panel, *, window: int = 252) -> pd.DataFrame:
    """Dealers' vanna (change of dollar delta per volatility point) against its own last `window` bars, in standard deviations."""
    return zscore(panel["dealer_vanna"], window)


@feature(
    family="dealer gamma", units="z-score", sign="positive = dealer delta grows more overnight than usual", needs=("dealer_charm",), source="ours; " + NAIVE
)
def charm_score(panel: Panel, *, window: int = 252) -> pd.DataFrame:
    """Dealers' charm (change of dollar delta per day) against its own last `window` bars, in standard deviations."""
    return zscore(panel["dealer_charm"], window)


@feature(family="dealer gamma", units="fraction", sign="negative = max pain lies under the close", needs=("close", "max_pain"), source="ours")
def max_pain_gap(panel: Panel) -> pd.DataFrame:
    """Max pain / close - 1: how far the strike lies at which holders of all live options are paid least. Missing where there is none."""
    level = panel["max_pain"]
    return level.where(level > 0) / panel["close"] - 1


@feature(family="dealer gamma", units="fraction", sign="1 = all of it within 5% of spot", needs=("oi_near_share",), source="document carry")
def open_interest_near_spot(panel: Panel) -> pd.DataFrame:
    """Share of a chain's live open interest at strikes within 5% of spot."""
    return panel["oi_near_share"].copy()


@feature(
    family="dealer gamma", units="percentile", sign="1 = more concentrated by strike than ever in the window", needs=("oi_herfindahl",), source="document carry"
)
def strike_crowding(panel: Panel, *, window: int = 252) -> pd.DataFrame:
    """Concentration of open interest by strike (sum of squared shares), as a percentile of its own last `window` bars."""
    return percentile(panel["oi_herfindahl"], window)


def certain_sign(gamma: Data, low: Data, high: Data) -> Data:
    """-1, 0, +1 of `gamma`; 0 where its range holds zero. A range that does not hold gamma itself is another provider's, and says nothing of it."""
    return sign(gamma).mask((low <= gamma) & (gamma <= high) & (low < 0) & (high > 0), 0.0)


def _gex(panel: Panel) -> pd.DataFrame:
    return panel.either("gex", ("gex", "SPX"))
