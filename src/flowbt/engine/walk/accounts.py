"""The accounting of trades, in one place: what entered and left, what was paid, and whether it is closed.

A trade is a position from flat to flat (`events.is_flat`), or to the last bar, when it is open. Partial exits belong to their trade. The book's table,
the sweep's measures, vectorbt's mode and option structures all count their trades here.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from flowbt.engine.walk.events import trade_profit
from flowbt.engine.walk.kernel import Array, Bools, Ints
from flowbt.ground.compiled import jit


class Trades(NamedTuple):
    """One entry per trade. `side` +1 or -1; `begin`, `end` bars of its first and last order; `reason` of the last one; `entered`, `left` units;
    `paid_in`, `paid_out` notionals at the prices paid; `fees`, `slippage`, `carry` cash."""

    column: Ints
    begin: Ints
    end: Ints
    reason: Ints
    closed: Bools
    side: Array
    entered: Array
    left: Array
    paid_in: Array
    paid_out: Array
    fees: Array
    slippage: Array
    carry: Array


@jit
def trades_from(order: Ints, fill: Array, carry: Array) -> Trades:
    """The trades of a tape. `order` (bar, column, reason, trade), `fill` (signed units, price, fee, slippage): a row per order, trades numbered from 0 in
    the order of their first fill; `carry` T x N, cash paid as borrow and funding at each close."""
    count = order[:, 3].max() + 1 if order.shape[0] else 0
    whole, cash = np.zeros((4, count), np.int64), np.zeros((9, count))
    column, begin, end, reason = whole
    side, now, entered, left, paid_in, paid_out, fees, slippage, held = cash
    for k in range(order.shape[0]):
        n, units, price = order[k, 3], fill[k, 0], fill[k, 1]
        if side[n] == 0.0:
            side[n], begin[n], column[n] = 1.0 if units > 0.0 else -1.0, order[k, 0], order[k, 1]
        end[n], reason[n] = order[k, 0], order[k, 2]
        now[n] += units  # as the walk adds them up: what it took for flat is exactly 0 here too
        fees[n] += fill[k, 2]
        slippage[n] += fill[k, 3]
        if units * side[n] > 0.0:
            entered[n] += abs(units)
            paid_in[n] += abs(units) * price
        else:
            left[n] += abs(units)
            paid_out[n] += abs(units) * price
    closed = np.empty(count, np.bool_)
    for n in range(count):
        closed[n] = now[n] == 0.0
        for t in range(begin[n], end[n] if closed[n] else carry.shape[0]):
            held[n] += carry[t, column[n]]
    return Trades(column, begin, end, reason, closed, side, entered, left, paid_in, paid_out, fees, slippage, held)


@jit
def profits(trades: Trades, mark: Array) -> Array:
    """Profit of each trade, net of fees, slippage and carry; what is still open counts at `mark` (one price per column)."""
    out = np.empty(trades.side.size)
    for n in range(out.size):
        rest = 0.0 if trades.closed[n] else (trades.entered[n] - trades.left[n]) * mark[trades.column[n]]
        out[n] = trade_profit(trades.side[n], trades.paid_in[n], trades.paid_out[n] + rest, trades.fees[n] + trades.carry[n])
    return out
