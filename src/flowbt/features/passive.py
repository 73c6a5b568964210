"""Passive flow: creations and redemptions of funds."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from flowbt.features.declare import feature
from flowbt.features.trailing import enough, pick, run_length, zscore
from flowbt.ground.protocols import Panel


class PassiveFlow(NamedTuple):
    share: pd.DataFrame  # flow over `bars` labels / assets before it
    z: pd.DataFrame  # of the share
    inflow_days: pd.DataFrame  # labels in a row with creations


@feature(
    family="passive flow",
    units="fraction; z-score; sessions",
    sign="positive = money came in",
    needs=("fund_flow_usd", "fund_aum_usd"),
    source="ours",
)
def passive_flow(panel: Panel, *, bars: int = 5, window: int = 252, symbol: str | None = None) -> PassiveFlow:
    """Fund flow over `bars` labels as a share of the assets before them, its z-score over `window`, and the run of inflows.

    `symbol`: another fund's flow (QQQ's for NDX). Labels x symbols; a missing flow makes the sum missing and ends the run.
    """
    flow, assets = pick(panel, "fund_flow_usd", symbol), pick(panel, "fund_aum_usd", symbol)
    before = assets.shift(bars)
    share = flow.rolling(bars).sum() / before.where(before > 0)
    return PassiveFlow(share, zscore(share, window), run_length(flow > 0).where(flow.notna()))


@feature(
    family="passive flow",
    units="fraction",
    sign="near 1 = one-sided, near 0 = two-sided",
    needs=("fund_flow_usd",),
    source="ours",
)
def flow_persistence(panel: Panel, *, window: int = 21, symbol: str | None = None) -> pd.DataFrame:
    """|sum of flows| / sum of |flows| over `window` labels: how one-sided money moves, as scheduled buying does.

    Labels x symbols, 0..1; missing with under two thirds of the window, and where nothing flowed.
    """
    flow = pick(panel, "fund_flow_usd", symbol)
    net = flow.rolling(window, min_periods=enough(window)).sum().abs()
    gross = flow.abs().rolling(window, min_periods=enough(window)).sum()
    return (net / gross.where(gross > 0)).clip(upper=1.0)
