"""Off-exchange flow: who pressed, for how long, and whether price agreed. Net = bought at the ask less sold at the bid, in dollars.

Frames are labels x symbols, series by label.
"""

from __future__ import annotations

from typing import Literal

import pandas as pd

from flowbt.features.declare import feature
from flowbt.features.rolling import sign, signed_run
from flowbt.features.trailing import zscore
from flowbt.ground.errors import ParameterError
from flowbt.ground.protocols import Panel

Stand = Literal["auto", "net", "dix", "finra"]
STAND_INS = ("dix:SPX", "short_volume and total_volume")


def short_share(short_volume: pd.DataFrame, total_volume: pd.DataFrame) -> pd.DataFrame:
    """FINRA off-exchange short share, 0 to 1; high reads as buying (market makers sell short to fill buyers). Missing without volume."""
    return short_volume / total_volume.where(total_volume > 0)


def dollar_weighted_share(short_volume: pd.DataFrame, total_volume: pd.DataFrame, price: pd.DataFrame) -> pd.Series:
    """FINRA short share averaged over columns by dollar volume, rows 0 to 1: what DIX is, over the names given. Names without a price or
    volume on a row are left out of it; missing where none is left."""
    names = short_volume.columns.intersection(total_volume.columns).intersection(price.columns)
    share = short_share(short_volume[names], total_volume[names])
    weight = (price[names] * total_volume[names]).where(share.notna())
    size = weight.sum(axis=1, min_count=1)
    return (share * weight).sum(axis=1, min_count=1) / size.where(size > 0)


def net_proxy(short_volume: pd.DataFrame, total_volume: pd.DataFrame, price: pd.DataFrame) -> pd.DataFrame:
    """(2 x short share - 1) x off-exchange dollar volume: a proxy of the net in dollars, not the net; positive reads as bought."""
    return (2 * short_share(short_volume, total_volume) - 1) * total_volume * price


def pressure_input(panel: Panel, source: Stand = "auto") -> pd.DataFrame:
    """The series the pressure is measured on: net dollars per symbol, else DIX for all, else the FINRA short share per symbol.

    All three rise with buying. A stand-in is recorded by the panel. Raises FieldError where none is there.
    ParameterError for another source.
    """
    if source not in ("auto", "net", "dix", "finra"):
        raise ParameterError(f"dark pool source {source!r}", "not a source", "use auto, net, dix or finra")
    if source == "net" or (source == "auto" and panel.has("dark_pool_net")):
        return panel["dark_pool_net"]
    if source == "dix" or (source == "auto" and panel.has("dix", "SPX")):
        return panel.either("dark_pool_net", ("dix", "SPX")) if source == "auto" else panel["dix", "SPX"]
    short = panel.either("dark_pool_net", "short_volume") if source == "auto" else panel["short_volume"]
    return short_share(short, panel["total_volume"])


@feature(family="dark pool", units="z-score", sign="negative = sold at the bid", needs=("dark_pool_net",), stand_ins=STAND_INS, source="ours")
def dark_pool_pressure(panel: Panel, *, window: int = 63, source: Stand = "auto") -> pd.DataFrame:
    """Off-exchange net against its own last `window` bars, in standard deviations.

    `source`: "auto" takes dark-pool net per symbol, else DIX for all symbols, else FINRA's short share per symbol ("net", "dix" and
    "finra" insist on one). High DIX and high short share read as buying, so low is sold. Missing until two thirds of the window are there.
    """
    return zscore(pressure_input(panel, source), window)


@feature(family="dark pool", units="fraction of volume", sign="negative = sold", needs=("dark_pool_net", "dark_pool_volume"), source="exitliq")
def dark_pool_share(panel: Panel) -> pd.DataFrame:
    """Net over off-exchange dollar volume, -1 to +1. Missing without volume."""
    volume = panel["dark_pool_volume"]
    return panel["dark_pool_net"] / volume.where(volume > 0)


@feature(
    family="dark pool",
    units="fraction",
    sign="high = bought",
    needs=("short_volume:*", "total_volume:*", "member_close:*"),
    source="FINRA daily short volume; SqueezeMetrics' idea of DIX, members ours",
)
def member_short_share(panel: Panel) -> pd.DataFrame:
    """Dollar-weighted off-exchange short share of the members that have FINRA volumes: DIX rebuilt, the same under every symbol.

    Weights are member closes x FINRA volumes. Members are those of the catalog, so survivorship-biased where it is. Missing without any.
    """
    price = panel.wide("member_close")
    held = [s for s in price if panel.has("short_volume", str(s)) and panel.has("total_volume", str(s))]
    short, total = (pd.DataFrame({s: panel[f, str(s)].iloc[:, 0] for s in held}, index=panel.index) for f in ("short_volume", "total_volume"))
    return panel.spread(dollar_weighted_share(short, total, price[held]))


@feature(
    family="dark pool",
    units="$",
    sign="positive reads as bought",
    needs=("short_volume", "total_volume", "close"),
    source="ours; a proxy",
)
def finra_net_proxy(panel: Panel) -> pd.DataFrame:
    """(2 x short share - 1) x off-exchange dollar volume, per symbol: a proxy of dark-pool net, and called one. Missing where an input is."""
    return net_proxy(panel["short_volume"], panel["total_volume"], panel["close"])


@feature(family="dark pool", units="sessions", sign="positive = accumulation", needs=("dark_pool_net",), stand_ins=STAND_INS, source="exitliq's ladder")
def dark_pool_ladder(panel: Panel, *, window: int = 63, source: Stand = "auto") -> pd.DataFrame:
    """Sessions in a row of accumulation (+) or distribution (-). 5 and 15 are the report's rungs.

    A session counts by the sign of its net; a stand-in, which has no natural zero, by the sign of its distance from its trailing
    `window` mean. 0 where the series is missing.
    """
    return signed_run(_lean(panel, window, source))


@feature(family="dark pool", units="bool", sign="True = against the ladder", needs=("dark_pool_net",), stand_ins=STAND_INS, source="exitliq")
def contrast_day(panel: Panel, *, length: int = 5, window: int = 63, source: Stand = "auto") -> pd.DataFrame:
    """A session whose flow goes against a ladder of at least `length` sessions that ended on the session before."""
    lean = _lean(panel, window, source)
    before = signed_run(lean).shift(fill_value=0.0)
    return (before.abs() >= length) & (sign(before) * lean < 0)


@feature(family="dark pool", units="sessions of the window", sign="high = price and flow disagree", needs=("close", "dark_pool_net"),
         stand_ins=STAND_INS, source="exitliq's divergence score")  # fmt: skip
def divergence_score(panel: Panel, *, sessions: int = 10, window: int = 63, source: Stand = "auto") -> pd.DataFrame:
    """Of the last `sessions`, on how many price and off-exchange net went opposite ways. Missing until all of them are known."""
    flow, move = _lean(panel, window, source), sign(panel["close"].diff())
    return (flow * move < 0).astype(float).where(flow.notna() & move.notna()).rolling(sessions).sum()


def _lean(panel: Panel, window: int, source: Stand) -> pd.DataFrame:
    data = pressure_input(panel, source)
    signed = source == "net" or (source == "auto" and panel.has("dark_pool_net"))
    return sign(data if signed else data - data.rolling(window).mean())


@feature(family="dark pool", units="$-weighted, -1 to +1", sign="positive = accumulation by price", needs=("close", "volume"), source="exitliq's layer 1")
def price_layer(panel: Panel) -> pd.DataFrame:
    """Layer 1, from price and volume alone: +1 accumulation, -1 distribution, 0 when return and close location disagree.

    Close location value = ((close - low) - (high - close)) / (high - low), 0 in a bar without range. Missing without volume.
    """
    close, volume = panel["close"], panel["volume"]
    location = close_location(panel["high"], panel["low"], close)
    move = sign(close.diff())
    agreed = sign(location).where(sign(location) == move, 0.0)
    return agreed.where((volume > 0) & move.notna() & location.notna())


def close_location(high: pd.DataFrame, low: pd.DataFrame, close: pd.DataFrame) -> pd.DataFrame:
    """Where the close lies in the bar: -1 at its low, +1 at its high, 0 in a bar without range."""
    reach = high - low
    return ((2 * close - high - low) / reach.where(reach > 0)).mask(reach == 0, 0.0)


@feature(family="dark pool", units="bool", sign="True = fast", needs=("close",), source="exitliq; measure ours")
def fast_tape(panel: Panel, *, speed: float = 2.0, window: int = 21) -> pd.DataFrame:
    """|return| above `speed` times its mean over the `window` bars before: bid and ask labels are then doubtful."""
    move = panel["close"].pct_change(fill_method=None).abs()
    return move > speed * move.rolling(window).mean().shift()


@feature(family="dark pool", units="bool", sign="True = contested", needs=("close", "volume", "dark_pool_net"), stand_ins=STAND_INS, source="exitliq")
def contested(panel: Panel, *, speed: float = 2.0, window: int = 63, source: Stand = "auto") -> pd.DataFrame:
    """A fast tape on which layer 1 (price) and the off-exchange labels point opposite ways: layer 1 outranks, the session is contested."""
    return fast_tape(panel, speed=speed) & (price_layer(panel) * _lean(panel, window, source) < 0)


@feature(family="dark pool", units="fraction", sign="1 = all of it above spot", needs=("close", "volume"), source="exitliq's volume by price")
def underwater_share(panel: Panel, *, sessions: int = 15) -> pd.DataFrame:
    """Share of the last `sessions` sessions' volume that traded above the present close: buyers who are under water.

    A bar's volume is spread evenly from its low to its high. Missing until all the sessions have volume.
    """
    return volume_above(panel["close"], panel["high"], panel["low"], panel["volume"], sessions)


def volume_above(close: pd.DataFrame, high: pd.DataFrame, low: pd.DataFrame, volume: pd.DataFrame, sessions: int) -> pd.DataFrame:
    """Share of the volume of the last `sessions` rows at prices above the row's close; each bar spread evenly from low to high."""
    above, total = 0.0 * close, 0.0 * close
    for age in range(sessions):
        top, bottom, size = high.shift(age), low.shift(age), volume.shift(age)
        reach = (top - bottom).where(top > bottom)
        share = ((top - close) / reach).clip(0.0, 1.0).where(reach.notna(), (top > close).astype(float))
        above, total = above + share * size, total + size + 0.0 * top
    return above / total.where(total > 0)
