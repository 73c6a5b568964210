"""Price impact and the market maker's answer: illiquidity, jumps on little volume, the mid of toxic flow, the spread after it."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from flowbt.features.declare import feature
from flowbt.features.toxicity import buys
from flowbt.features.trailing import enough, log_returns
from flowbt.ground.errors import ParameterError
from flowbt.ground.protocols import Panel


@feature(family="toxicity", units="fraction per $ million", sign="high = little depth", needs=("close", "volume"), source="Amihud (2002)")
def amihud(panel: Panel, *, window: int = 21) -> pd.DataFrame:
    """Mean over `window` bars of |return| / dollar volume, per million dollars.

    Labels x symbols; a bar without volume is left out, and two thirds of the window are needed.
    """
    close = panel["close"]
    dollars = close * panel["volume"]
    per_dollar = close.pct_change(fill_method=None).abs() / dollars.where(dollars > 0)
    return 1e6 * per_dollar.rolling(window, min_periods=enough(window)).mean()


@feature(family="toxicity", units="ratio", sign="over 1 = moved more than its volume", needs=("close", "volume"), source="ours")
def jump_on_little_volume(panel: Panel, *, window: int = 60) -> pd.DataFrame:
    """(|return| in its usual size) / (volume in its usual size); usual = root mean square of the `window` bars before.

    Labels x symbols; missing without volume, or with under two thirds of the window.
    """
    moved, volume = log_returns(panel["close"]).abs(), panel["volume"]
    size = (moved**2).shift(1).rolling(window, min_periods=enough(window)).mean() ** 0.5
    usual = (volume**2).shift(1).rolling(window, min_periods=enough(window)).mean() ** 0.5
    traded = (volume / usual.where(usual > 0)).where(volume > 0)
    return moved / size.where(size > 0) / traded


def toxic_bars(panel: Panel, side: str, window: int, quantile: float, sigma_bars: int = 60) -> pd.DataFrame:
    """Bool: the bar's |buy - sell| / volume is over the `quantile` of the `window` bars before it, or its liquidations are (where known).

    ParameterError for a quantile outside 0 to 1.
    """
    if not 0 < quantile < 1:
        raise ParameterError(f"quantile={quantile:g}", "not between 0 and 1", "0.9 takes the most toxic tenth")
    bought = buys(panel, side, sigma_bars)
    volume = bought + panel["taker_sell_volume"] if side == "taker" else panel["volume"]
    toxic = _over((2.0 * bought - volume).abs() / volume.where(volume > 0), window, quantile)
    if panel.has("liquidations_long_usd") and panel.has("liquidations_short_usd"):
        forced = panel["liquidations_long_usd"].fillna(0.0) + panel["liquidations_short_usd"].fillna(0.0)
        toxic |= _over(forced, window, quantile) & (forced > 0)
    return toxic


def _over(x: pd.DataFrame, window: int, quantile: float) -> pd.DataFrame:
    return x > x.shift(1).rolling(window, min_periods=enough(window)).quantile(quantile)


class ToxicMid(NamedTuple):
    price: pd.DataFrame  # volume-weighted price of the toxic bars of the window
    distance: pd.DataFrame  # close / price - 1; positive = close over it
    toxic: pd.DataFrame  # bool: this bar is toxic


@feature(
    family="toxicity",
    units="price; fraction; bool",
    sign="distance positive = close over the toxic mid",
    needs=("close", "volume"),
    stand_ins=("taker_buy_volume", "taker_sell_volume", "liquidations_long_usd", "liquidations_short_usd"),
    source="ours; claim toxic-flow-spread",
)
def toxic_mid(panel: Panel, *, side: str = "bulk", window: int = 240, quantile: float = 0.9) -> ToxicMid:
    """Volume-weighted close of the most toxic bars of the last `window`, and how far the close is from it.

    A bar is toxic when its share of one-sided volume, or its forced liquidations where known, is over the `quantile` of the window before it.
    Labels x symbols; missing where the window holds no toxic bar.
    """
    toxic = toxic_bars(panel, side, window, quantile)
    close, volume = panel["close"], panel["volume"]
    weight = volume.where(toxic & close.notna(), 0.0).fillna(0.0)
    traded = weight.rolling(window, min_periods=1).sum()
    price = (weight * close.fillna(0.0)).rolling(window, min_periods=1).sum() / traded.where(traded > 1e-9 * volume.abs().cummax())
    return ToxicMid(price, close / price - 1.0, toxic)


@feature(
    family="toxicity",
    units="bp",
    sign="positive = spreads widen after toxic bars",
    needs=("close", "volume", "spread_bps"),
    stand_ins=("taker_buy_volume", "taker_sell_volume", "liquidations_long_usd", "liquidations_short_usd"),
    source="ours; claim toxic-flow-spread",
)
def spread_response(panel: Panel, *, side: str = "bulk", after: int = 1, window: int = 240, quantile: float = 0.9) -> pd.DataFrame:
    """Mean change of the spread over the `after` bars that followed the toxic bars of the last `window`, all of it already seen.

    Labels x symbols; missing where no toxic bar has its answer yet.
    """
    toxic = toxic_bars(panel, side, window, quantile)
    spread = panel["spread_bps"]
    answer = (spread - spread.shift(after)).where(toxic.shift(after, fill_value=False))
    return answer.rolling(window, min_periods=1).mean()
