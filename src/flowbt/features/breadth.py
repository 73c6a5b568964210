"""Breadth and leadership: how many members take part, and who leads.

Members are the symbols that have `member_close`. A member counts from the label on which its window is full. Unless the dataset knows
who was a member when, the list is survivorship-biased and its declaration says so.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from flowbt.features.declare import feature
from flowbt.features.trailing import enough
from flowbt.ground.errors import FieldError
from flowbt.ground.protocols import Panel


def members(panel: Panel, field: str = "member_close") -> pd.DataFrame:
    """Labels x members; no columns when the panel has none."""
    try:
        return panel.wide(field)
    except FieldError:
        return pd.DataFrame(index=panel.index)


def share_above_mean(close: pd.DataFrame, window: int) -> pd.Series:
    """Share (0..1) of members whose close is above their mean of `window` labels, among those that have one."""
    mean = close.rolling(window, min_periods=enough(window)).mean()
    known = (close.notna() & mean.notna()).sum(axis=1)
    return (close > mean).sum(axis=1) / known.where(known > 0)


def share_series(panel: Panel, window: int) -> pd.DataFrame:
    """Share (0..1) of members above their `window`-label mean: computed from the members where they are there, else as published. Labels x symbols."""
    close = members(panel)
    if close.shape[1]:
        return panel.spread(share_above_mean(close, window))
    return panel.either("member_close", (f"pct_above_{window}d", "US")) / 100.0


@feature(
    family="breadth",
    units="fraction",
    needs=("member_close:*",),
    stand_ins=("pct_above_200d:US", "pct_above_50d:US"),
    source="textbook",
)
def pct_above_mean(panel: Panel, *, window: int = 200) -> pd.DataFrame:
    """Share of members above their mean of `window` closes, the same under every symbol.

    Without members, a published `pct_above_200d` (or `pct_above_50d`, by `window`) stands in, as a fraction. A member needs two thirds
    of the window. Labels x symbols; missing where no member counts.
    """
    return share_series(panel, window)


@feature(family="breadth", units="fraction", sign="positive = more new highs than lows", needs=("member_close:*",), source="textbook")
def new_highs_lows(panel: Panel, *, window: int = 252) -> pd.DataFrame:
    """(Members at their highest close of `window` labels - members at their lowest) / members counted, -1..1.

    A member counts with two thirds of the window and a close today. Labels x symbols, the same under each.
    """
    close = members(panel)
    rolling = close.rolling(window, min_periods=enough(window))
    high, low = rolling.max(), rolling.min()
    known = (close.notna() & high.notna()).sum(axis=1)
    net = (close >= high).sum(axis=1) - (close <= low).sum(axis=1)
    return panel.spread(net / known.where(known > 0))


def mean_return(close: pd.DataFrame, window: int) -> pd.Series:
    """Equal-weight mean over members of the return of `window` labels; missing where none has one."""
    return (close / close.shift(window) - 1.0).mean(axis=1)


@feature(
    family="breadth",
    units="fraction",
    sign="positive = the large lead",
    needs=("close:SPX", "member_close:*"),
    source="textbook",
)
def cap_minus_equal(panel: Panel, *, window: int = 21, cap: str = "SPX", equal: str | None = None) -> pd.DataFrame:
    """Return over `window` labels of a cap-weighted index less that of an equal-weighted one.

    `equal`: a symbol such as RSP; left out, the mean return of the members. Labels x symbols, the same under each; missing where a leg is.
    """
    wide = panel["close", cap]
    narrow = panel.spread(mean_return(members(panel), window)) if equal is None else panel["close", equal].pct_change(window, fill_method=None)
    return wide.pct_change(window, fill_method=None) - narrow


def largest(close: pd.DataFrame, volume: pd.DataFrame, top: int, window: int) -> pd.DataFrame:
    """Bool: the `top` members by mean dollar volume of the `window` labels before this one."""
    dollars = (close * volume.reindex(columns=close.columns)).shift(1).rolling(window, min_periods=enough(window)).mean()
    return dollars.rank(axis=1, ascending=False, method="first") <= top


@feature(
    family="breadth",
    units="fraction",
    sign="positive = the largest lead",
    needs=("member_close:*", "member_volume:*"),
    source="textbook",
)
def mega_cap_leadership(panel: Panel, *, window: int = 21, top: int = 7, names: tuple[str, ...] | None = None) -> pd.DataFrame:
    """Mean return over `window` labels of the largest members less that of all members.

    The largest are chosen `window` labels ago, by dollar volume of the 63 labels before (market values are rarely there); or they are `names`,
    and then chosen with hindsight. Labels x symbols, the same under each; missing where no large member has a return.
    FieldError where no volume ranks the members and no `names` are given.
    """
    close = members(panel)
    returns = close / close.shift(window) - 1.0
    if names is not None:
        return panel.spread(returns.reindex(columns=list(names)).mean(axis=1) - returns.mean(axis=1))
    volume = members(panel, "member_volume")
    if not volume.shape[1]:
        raise FieldError("the largest members", "no field member_volume to rank them by", "give names=(...), or import member volumes")
    chosen = largest(close, volume, top, 63).shift(window, fill_value=False)
    return panel.spread(returns.where(chosen).mean(axis=1) - returns.mean(axis=1))


@feature(
    family="breadth",
    units="fraction",
    sign="positive = small caps lead",
    needs=("close:RUT", "close:SPX"),
    stand_ins=("close:IWM", "close:SPY"),
    source="document spx7000",
)
def small_minus_large(panel: Panel, *, window: int = 21) -> pd.DataFrame:
    """Return over `window` labels of the Russell 2000 less that of the S&P 500 (IWM and SPY stand in). Labels x symbols, the same under each."""
    small, large = panel.either(("close", "RUT"), ("close", "IWM")), panel.either(("close", "SPX"), ("close", "SPY"))
    return small.pct_change(window, fill_method=None) - large.pct_change(window, fill_method=None)


class BreadthTrend(NamedTuple):
    slope: pd.DataFrame  # share of members per label
    building: pd.DataFrame  # bool: slope at least `rise`
    stalled: pd.DataFrame  # bool: slope between -`rise` and `rise`


def slope(x: pd.DataFrame, window: int) -> pd.DataFrame:
    """Least-squares slope per label over the last `window` labels; missing where one of them is."""
    out = np.full(x.shape, np.nan)
    if len(x) >= window:
        time = np.arange(window) - (window - 1) / 2
        out[window - 1 :] = np.lib.stride_tricks.sliding_window_view(x.to_numpy(float), window, axis=0) @ time / (time @ time)
    return pd.DataFrame(out, index=x.index, columns=x.columns)


@feature(
    family="breadth",
    units="fraction per session; bool",
    sign="slope positive = more members join",
    needs=("member_close:*",),
    stand_ins=("pct_above_200d:US", "pct_above_50d:US"),
    source="ours; claim breadth-build",
)
def breadth_slope(panel: Panel, *, mean: int = 200, window: int = 21, rise: float = 0.002) -> BreadthTrend:
    """Whether the share of members above their mean of `mean` closes is rising over `window` labels, or stalled.

    `rise`: share per label (0.002 = 4.2 points in 21 sessions). Labels x symbols, the same under each; missing (bools False) where a label is.
    """
    line = slope(share_series(panel, mean), window)
    return BreadthTrend(line, line >= rise, line.abs() < rise)
