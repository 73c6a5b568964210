"""What vectorbt's sums leave out of a book: it takes a sum that nearly cancels for nothing (`vectorbt.utils.math_.add_nb`: less than 1e-9 of the larger term,
or than 1e-12), in the units and the cash of a bar and in those held, and goes on from there. Said here to the last grain, so that nothing else is forgiven."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from flowbt.engine.book import Book
from flowbt.engine.types import Array
from flowbt.engine.vbt.kernel import add
from flowbt.engine.walk.kernel import Ints
from flowbt.ground.compiled import jit


class LeftOut(NamedTuple):
    """Signed; ours less vectorbt's. 0 wherever nothing cancels."""

    traded: Array  # T x N, units of the bar
    held: Array  # T x N, units so far
    paid: Array  # T, cash of the bar
    cash: Array  # T, cash so far


class Flows(NamedTuple):
    """Orders in the order of their fills: bar, column, signed units, and the cash they bring."""

    bar: Ints
    column: Ints
    units: Array
    cash: Array


def flows_of(book: Book) -> Flows:
    """The orders of a book."""
    orders = book.orders
    units = np.where(orders["side"] == "buy", orders["units"], -orders["units"])
    column = pd.Index(book.market.symbols).get_indexer(pd.Index(orders["symbol"])).astype(np.int64)
    return Flows(np.array(orders["bar"], np.int64), column, units, -units * orders["price"].to_numpy() - orders["fees"].to_numpy())


@jit
def added(kept: float, more: float, gone: float) -> tuple[float, float]:
    """vectorbt's sum, and `gone` with what that leaves out."""
    total = add(kept, more)
    return total, gone + (kept + more - total)


@jit
def left_out(flows: Flows, carry: Array, cash: float) -> LeftOut:
    """Added up as vectorbt does: the orders of each bar and column, then the bars. `carry` T x N, cash paid; `cash` at the start."""
    bars, columns = carry.shape
    units, money, paid = np.zeros((bars, columns)), np.zeros((bars, columns)), np.zeros(bars)
    traded, held, so_far = np.zeros((bars, columns)), np.zeros((bars, columns)), np.zeros(bars)
    for k in range(flows.bar.size):
        t, j = flows.bar[k], flows.column[k]
        units[t, j], traded[t, j] = added(units[t, j], flows.units[k], traded[t, j])
        money[t, j], paid[t] = added(money[t, j], flows.cash[k], paid[t])
    for j in range(columns):
        kept, gone = 0.0, 0.0
        for t in range(bars):
            kept, gone = added(kept, units[t, j], gone + traded[t, j])
            held[t, j] = gone
    gone = 0.0
    for t in range(bars):
        flow = 0.0
        for j in range(columns):
            flow += money[t, j] - carry[t, j]
        cash, gone = added(cash, flow, gone + paid[t])
        so_far[t] = gone
    return LeftOut(traded, held, paid, so_far)
