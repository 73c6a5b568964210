"""The kernel's tape as tables: orders, trades, value, flows, exposure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowbt.engine.book import Book
from flowbt.engine.types import Account, Market
from flowbt.engine.walk.kernel import REASONS, Array, Bars, Ints, Tape


def book_of(market: Market, account: Account, bars: Bars, tape: Tape, count: int) -> Book:
    order, fill = tape.order[:count], tape.fill[:count]
    orders = orders_of(market, order, fill)
    carry = tape.borrow + tape.funding
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
        flows=flows_of(market, order, fill, tape),
        exposure=exposure_of(market, order, fill, bars, tape, before),
        carry=carry,
    )


def orders_of(market: Market, order: Ints, fill: Array) -> pd.DataFrame:
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
    bar, col, reason, trade = order.T
    units, price, fee, slip = fill.T
    n = int(trade.max()) + 1 if trade.size else 0
    first, last = _ends(trade, n)
    side, where = np.sign(units[first]), col[first]
    adds = units * side[trade] > 0

    def total(weights: Array) -> Array:
        return np.bincount(trade, weights, n).astype(np.float64)

    entered, paid_in = total(np.where(adds, np.abs(units), 0.0)), total(np.where(adds, np.abs(units) * price, 0.0))
    left, paid_out = total(np.where(adds, 0.0, np.abs(units))), total(np.where(adds, 0.0, np.abs(units) * price))
    final = ~adds[last] & (np.abs(entered - left) <= 1e-9 * entered)
    rest = np.where(final, 0.0, entered - left)
    paid_out = paid_out + rest * mark[-1, where]
    begin, end = bar[first], np.where(final, bar[last], len(market.index) - 1)
    held = _carry(carry, where, begin, np.where(final, end - 1, end))
    fees, slips = total(fee), total(slip)
    pnl = side * (paid_out - paid_in) - fees - held
    with np.errstate(divide="ignore", invalid="ignore"):
        return pd.DataFrame(
            {
                "trade": np.arange(n),
                "symbol": np.asarray(market.symbols, dtype=object)[where],
                "side": np.where(side > 0, "long", "short").astype(object),
                "entry_label": market.index[begin],
                "exit_label": market.index[end],
                "entry_price": paid_in / entered,
                "exit_price": paid_out / entered,
                "units": entered,
                "pnl": pnl,
                "return": pnl / paid_in,
                "bars": end - begin,
                "reason": np.where(final, np.asarray(REASONS, dtype=object)[reason[last]], "open"),
                "fees": fees,
                "slippage": slips,
                "carry": held,
                "entry_bar": begin,
                "exit_bar": end,
            }
        )


def _ends(trade: Ints, n: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Row of the first and of the last order of each trade."""
    first, last = np.zeros(n, np.intp), np.zeros(n, np.intp)
    rows = np.arange(trade.size)
    first[trade[::-1]], last[trade] = rows[::-1], rows
    return first, last


def _carry(carry: Array, col: Ints, begin: Ints, end: Ints) -> Array:
    """Carry paid from bar `begin` to bar `end`, both included; positions of a symbol never share a bar's close."""
    paid = np.vstack([np.zeros(carry.shape[1]), np.cumsum(carry, axis=0)])
    out: Array = paid[end + 1, col] - paid[begin, col]
    return out


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
    notional = np.where(tape.units == 0.0, 0.0, tape.units * bars.mark)
    traded = np.bincount(order[:, 0], np.abs(fill[:, 0]) * fill[:, 1], len(market.index))
    with np.errstate(divide="ignore", invalid="ignore"):
        over = np.where(tape.value > 0.0, 1.0 / tape.value, np.nan)
        turnover = np.where(before > 0.0, traded / before, np.nan)
    net, gross = notional.sum(axis=1) * over, np.abs(notional).sum(axis=1) * over
    return pd.DataFrame({"net": net, "gross": gross, "turnover": turnover}, index=market.index)
