"""Systematic and surveyed positioning: a trend-follower model, speculators' futures, surveys. Frames are labels x symbols, series by label."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from flowbt.features.declare import feature
from flowbt.features.trailing import enough, log_returns, percentile, pick, zscore
from flowbt.ground.errors import ParameterError
from flowbt.ground.protocols import Panel

LOOKBACKS = (21, 63, 126, 252)
VOLATILITY = 63  # labels of the volatility the model scales by


class TrendFollower(NamedTuple):
    trend: pd.DataFrame  # -1..1, mean over look-backs
    exposure: pd.DataFrame  # multiples of equity, -cap..cap
    latent: pd.DataFrame  # percentile of |trend|-signed strength less percentile of exposure, -1..1


def trend_signal(close: pd.DataFrame, lookbacks: Sequence[int], shape: str) -> pd.DataFrame:
    """Mean over look-backs of sign or tanh of log return / (volatility x sqrt(look-back)); missing until the longest is full.

    ParameterError for another shape.
    """
    if shape not in ("tanh", "sign"):
        raise ParameterError(f"trend shape {shape!r}", "not known", "use tanh or sign")
    volatility = log_returns(close).rolling(VOLATILITY, min_periods=enough(VOLATILITY)).std()
    price = close.where(close > 0).transform(np.log)
    total = np.zeros(close.shape)
    for n in lookbacks:
        moved = (price - price.shift(n)) / (volatility.where(volatility > 0) * np.sqrt(n))
        total += np.tanh(moved) if shape == "tanh" else np.sign(moved)
    return pd.DataFrame(total / len(lookbacks), index=close.index, columns=close.columns)


def scaled_exposure(trend: pd.DataFrame, close: pd.DataFrame, target: float, cap: float, periods: float) -> pd.DataFrame:
    """trend x target volatility / realised volatility, capped, smoothed with a half-life of 10 labels."""
    volatility = log_returns(close).rolling(VOLATILITY, min_periods=enough(VOLATILITY)).std() * math.sqrt(periods)
    raw = (trend * target / volatility.where(volatility > 0)).clip(-cap, cap)
    smooth: pd.DataFrame = raw.ewm(halflife=10, adjust=False, ignore_na=True).mean()
    return smooth.where(raw.notna())


@feature(
    family="positioning",
    units="-1..1; multiples of equity",
    sign="exposure positive = long; latent positive = still to buy",
    needs=("close",),
    source="ours; claim cta-latent-demand",
)
def trend_followers(
    panel: Panel,
    *,
    lookbacks: Sequence[int] = LOOKBACKS,
    target: float = 0.10,
    cap: float = 2.0,
    shape: str = "tanh",
    window: int = 504,
    symbol: str | None = None,
) -> TrendFollower:
    """A model of what trend followers hold, and what they would still have to buy (ours, not a measurement).

    Exposure = trend x `target` volatility / realised volatility, within +-`cap`, half-life 10. Latent demand = percentile of trend less
    percentile of exposure over `window` labels. Labels x symbols; missing until the longest look-back is full and where the close is missing.
    """
    close = pick(panel, "close", symbol)
    trend = trend_signal(close, lookbacks, shape)
    exposure = scaled_exposure(trend, close, target, cap, panel.clock.periods_per_year)
    return TrendFollower(trend, exposure, percentile(trend, window) - percentile(exposure, window))


class Speculators(NamedTuple):
    share: pd.DataFrame  # net / open interest
    z: pd.DataFrame  # of the share


@feature(
    family="positioning",
    units="fraction; z-score",
    sign="positive = net long",
    needs=("cot_spec_net", "cot_open_interest"),
    source="CFTC commitments of traders",
)
def speculator_position(panel: Panel, *, window: int = 756, symbol: str | None = None) -> Speculators:
    """Speculators' net futures position as a share of open interest, and against its last `window` labels.

    Reports are of Tuesday and published on Friday; the panel shows them from then. Labels x symbols; missing where there is no report.
    """
    share = pick(panel, "cot_spec_net", symbol) / pick(panel, "cot_open_interest", symbol)
    return Speculators(share, zscore(share, window))


class Survey(NamedTuple):
    spread: pd.DataFrame  # AAII bullish less bearish, fraction
    exposure: pd.DataFrame  # NAAIM exposure, fraction of equity
    spread_z: pd.DataFrame
    exposure_z: pd.DataFrame


@feature(
    family="positioning",
    units="fraction; z-score",
    sign="positive = bullish",
    needs=("aaii_bullish:US", "aaii_bearish:US", "naaim_exposure:US"),
    source="AAII and NAAIM weekly surveys",
)
def survey_sentiment(panel: Panel, *, window: int = 756) -> Survey:
    """What private investors say (AAII) and active managers hold (NAAIM), with z-scores over `window` labels. Labels x symbols, the same under each."""
    spread = panel["aaii_bullish", "US"] - panel["aaii_bearish", "US"]
    exposure = panel["naaim_exposure", "US"] / 100.0
    return Survey(spread, exposure, zscore(spread, window), zscore(exposure, window))
