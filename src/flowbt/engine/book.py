"""What a simulation gives. Shapes: T bars x N symbols."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from flowbt.engine.types import Account, Array, Frame, Market


@dataclass(frozen=True)
class Book:
    """What a simulation gives.

    `orders`: one row per fill (bar, label, symbol, side, units, price, notional, fees, slippage, reason, trade).
    `trades`: one row per position (see docs/engine.md). `value`, `returns`: per bar, net of everything. `flows`: per bar, cash
    paid as fees, slippage, borrow, funding (costs positive). `exposure`: net and gross notional over equity at the close, and turnover.
    `carry`: T x N cash paid as borrow and funding. `legs`: with option structures, one row per contract or spell in an underlying, where
    `trades` has one per structure and `market` a column per contract. `greeks`: with option structures, cash per bar by delta, gamma, vega, theta,
    residual and costs (see `options/greeks.py`).
    """

    market: Market
    account: Account
    orders: Frame
    trades: Frame
    value: pd.Series
    returns: pd.Series
    flows: Frame
    exposure: Frame
    carry: Array
    legs: Frame | None = None
    greeks: Frame | None = None

    @cached_property
    def portfolio(self) -> Any:
        """The same orders as a real `vectorbt.Portfolio`."""
        from flowbt.engine.vbt.book import portfolio_of  # late: it imports vectorbt, which takes seconds

        return portfolio_of(self.market, self.account, self.orders, self.carry)
