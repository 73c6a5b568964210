"""The kernel's tape as tables: orders, trades, value, flows, exposure."""

from __future__ import annotations

import numpy as np
import pandas as pd

from flowbt.engine.book import Book
from flowbt.engine.types import Account, Market, frozen
from flowbt.engine.walk.accounts import profits, trades_from
from flowbt.engine.walk.events import REASONS
from flowbt.engine.walk.kernel import Array, Bars, Ints, Tape

ROWS = 256  # bars looked at together


def book_of(market: Market, account: Account, bars: Bars, tape: Tape, count: int) -> Book:
    """The tape as a book: tables of orders and trades, and series per bar, net of everything."""
    order, fill = tape.order[:count], tape.fill[:count]
    orders = orders_of(market, order, fill)
    flows = flows_of(market, order, fill, tape)
    carry = np.add(tape.borrow, tape.funding, out=tape.borrow)  # in its place: of many symbols each table counts
    before = np.concatenate([[account.cash], tape.value[:-1]])
    with np.errstate(divide="ignore", invalid="ignore"):
        returns = np.where(before > 0.0, tape.value / before - 1.0, 0.0)  # after ruin there is nothing to earn a return on
    return Book(
        market=market,
        account=account,
        orders=orders,
        trades=trades_of(market, order, fill, bars.mark, carry),
        value=pd.Series(tape.value, market.index, name="value"),
        returns=pd.Series(returns, market.index, name="returns"),
        flows=flows,
        exposure=exposure_of(market, order, fill, bars, tape, before),
        carry=carry,
    )


def orders_of(market: Market, order: Ints, fill: Array) -> pd.DataFrame:
    """One row per fill: bar, label, symbol, side, units, price, notional, fees, slippage, reason, trade."""
    bar, col, reason, trade = order.T
    units, price, fee, slip = fill.T
    return pd.DataFrame(
        {
            "bar": bar,
            "label": market.index[bar],
            "symbol": np.asarray(market.symbols, dtype=object)[col],
            "side": np.where(units > 0, "buy", "sell").astype(object),
            "units": np.abs(units),
            "price": price,
            "notional": np.abs(units) * price,
            "fees": fee,
            "slippage": slip,
            "reason": np.asarray(REASONS, dtype=object)[reason],
            "trade": trade,
        }
    )


def trades_of(market: Market, order: Ints, fill: Array, mark: Array, carry: Array) -> pd.DataFrame:
    """One row per position, from flat to flat (or to the last bar, reason "open").

    `units` is everything entered, `entry_price` and `exit_price` are means over the fills (an open rest counts at its last mark), `pnl` is
    net of fees, slippage and carry, `return` is pnl over entry notional.
    """
    one = trades_from(order, fill, carry)
    last = frozen(mark[-1])
    begin, end = one.begin, np.where(one.closed, one.end, len(market.index) - 1)
    rest = np.where(one.closed, 0.0, one.entered - one.left) * np.where(one.closed, 0.0, last[one.column])
    pnl = profits(one, last)
    with np.errstate(divide="ignore", invalid="ignore"):
        return pd.DataFrame(
            {
                "trade": np.arange(len(begin)),
                "symbol": np.asarray(market.symbols, dtype=object)[one.column],
                "side": np.where(one.side > 0, "long", "short").astype(object),
                "entry_label": market.index[begin],
                "exit_label": market.index[end],
                "entry_price": one.paid_in / one.entered,
                "exit_price": (one.paid_out + rest) / one.entered,
                "units": one.entered,
                "pnl": pnl,
                "return": pnl / one.paid_in,
                "bars": end - begin,
                "reason": np.where(one.closed, np.asarray(REASONS, dtype=object)[one.reason], "open"),
                "fees": one.fees,
                "slippage": one.slippage,
                "carry": one.carry,
                "entry_bar": begin,
                "exit_bar": end,
            }
        )


def flows_of(market: Market, order: Ints, fill: Array, tape: Tape) -> pd.DataFrame:
    """Cash paid per bar (costs positive)."""
    length = len(market.index)
    return pd.DataFrame(
        {
            "fees": np.bincount(order[:, 0], fill[:, 2], length),
            "slippage": np.bincount(order[:, 0], fill[:, 3], length),
            "borrow": tape.borrow.sum(axis=1),
            "funding": tape.funding.sum(axis=1),
        },
        index=market.index,
    )


def exposure_of(market: Market, order: Ints, fill: Array, bars: Bars, tape: Tape, before: Array) -> pd.DataFrame:
    """Net and gross notional at the close over equity; `turnover` is notional traded over equity at the previous close."""
    net, gross = np.empty(len(market.index)), np.empty(len(market.index))
    for rows in (slice(at, at + ROWS) for at in range(0, len(net), ROWS)):
        notional = np.where(tape.units[rows] == 0.0, 0.0, tape.units[rows] * bars.mark[rows])
        net[rows], gross[rows] = notional.sum(axis=1), np.abs(notional).sum(axis=1)
    traded = np.bincount(order[:, 0], np.abs(fill[:, 0]) * fill[:, 1], len(market.index))
    with np.errstate(divide="ignore", invalid="ignore"):
        over = np.where(tape.value > 0.0, 1.0 / tape.value, np.nan)
        turnover = np.where(before > 0.0, traded / before, np.nan)
    return pd.DataFrame({"net": net * over, "gross": gross * over, "turnover": turnover}, index=market.index)
