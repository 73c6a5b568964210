"""The second mode: a run in the bar order of `vectorbt.Portfolio.from_signals`, held equal to it to 1e-9.

Use it to compare with research that was done in vectorbt: same signals, same fills. It is not how flowbt trades, because
* signals fill at their own close (unless `price` is given): what is decided with the close is also paid at the close;
* stops are checked from the bar after the entry, count from the close of the entry bar, and fill without slippage;
* there is no borrow, funding, margin or limit on gross exposure; a short of finite size is never refused.

Reproduced are vectorbt 1.2's defaults: an entry and an exit of one direction on one bar cancel, so do both entries; an opposite entry
reverses in one order; no accumulation; cash shared by all symbols; orders are cut to the cash there is; a missing price loses the order.
vectorbt has no time stop: `hold` exits at bar e + hold as an exit signal there would. It has one stop: `stop` or `trail`, not both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from flowbt.engine.book import Book
from flowbt.engine.decisions import aligned, number, rules_of
from flowbt.engine.simulate import bars_of
from flowbt.engine.types import Account, Costs, Market, Signals, frozen
from flowbt.engine.vbt.kernel import AMOUNT, PERCENT, VALUE, How, Prices, VbtSignals, add, run
from flowbt.engine.walk.events import ENTRY, OPPOSITE
from flowbt.engine.walk.kernel import Array, Bars, Bools, Ints, Tape
from flowbt.engine.walk.tape import book_of
from flowbt.ground.errors import EngineError, SignalError

SIZE_TYPES = {"amount": AMOUNT, "value": VALUE, "percent": PERCENT}


@dataclass(frozen=True)
class Fills:
    """How `from_signals` fills: what `Signals.size` means (units, cash, or fraction of cash), the price of signal orders (a frame; None: the
    signal's own close), and whether sales go first (`call_seq="auto"`)."""

    size_type: str = "amount"
    price: Any = None
    sells_first: bool = False


def simulate_as_vectorbt(market: Market, signals: Signals, costs: Costs | None = None, account: Account | None = None, fills: Fills | None = None) -> Book:
    """The book that `vectorbt.Portfolio.from_signals` gives for these signals. `Signals.size` None is vectorbt's default: all cash.

    Raises SignalError for signals it cannot take, EngineError where vectorbt itself would raise.
    """
    book, _ = simulate_and_exits(market, signals, costs or Costs(), account or Account(), fills or Fills())
    return book


def simulate_and_exits(market: Market, signals: Signals, costs: Costs, account: Account, fills: Fills) -> tuple[Book, Bools]:
    """The book, and the exits to give to vectorbt for the same (T x N bool): those asked, and those that `hold` caused.

    EngineError for a size type that vectorbt has not, or a reversal in percent.
    """
    asked, prices = vbt_signals_of(signals, market), prices_of(market, fills)
    if fills.size_type not in SIZE_TYPES:
        raise EngineError(f"size type {fills.size_type!r}", "not one of vectorbt's for signals", f"use {', '.join(SIZE_TYPES)}")
    how = How(account.cash, costs.fees, costs.slippage, SIZE_TYPES[fills.size_type], fills.sells_first)
    try:
        orders, money = run(prices, asked, how)
    except ValueError:
        raise EngineError("a reversal sized in percent", "vectorbt refuses it", "exit first, or size in amount or value") from None
    bars = bars_of(market, Costs(funding=False))
    tape = tape_of(bars, *split(orders, money), account.cash)
    return book_of(market, account, bars, tape, len(tape.order)), asked.exit


def vbt_signals_of(signals: Signals, market: Market) -> VbtSignals:
    """The signals as arrays, T x N, for vectorbt's order of events. SignalError for what it can not do: stop with trail, partial exits."""
    if signals.stop is not None and signals.trail is not None:
        raise SignalError("stop and trail", "vectorbt has one stop", "give one of them, or use flowbt's own order of events")
    rules = rules_of(Signals(**{**signals.__dict__, "size": None}), market)
    if ((rules.exit > 0.0) & (rules.exit < 1.0)).any():
        raise SignalError("partial exits", "vectorbt's signals have none without accumulation", "use flowbt's own order of events")
    exits = np.zeros(market.close.shape, np.bool_) | (rules.exit > 0.0)
    size = frozen([[np.inf]]) if signals.size is None else number("size", signals.size, market, least=0.0)
    return VbtSignals(rules.long, rules.short, exits, rules.hold, rules.stop, rules.trail, rules.take, size)


def prices_of(market: Market, fills: Fills) -> Prices:
    """The prices orders fill at, T x N. EngineError for zero, negative or infinite ones."""
    price = market.close if fills.price is None else aligned("price", fills.price, market)
    for a in (market.open, market.high, market.low, market.close, price):
        if (a <= 0.0).any() or np.isinf(a).any():
            raise EngineError("prices for vectorbt's order", "zero, negative or infinite ones", "drop or correct them")
    return Prices(market.open, market.high, market.low, market.close, price)


def split(orders: Ints, fills: Array) -> tuple[Ints, Array, Array]:
    """A reversal as two fills, out and in, with the number of the trade of each, fees by units; and the position after each fill, by vectorbt's sums."""
    held: dict[int, tuple[float, int]] = {}
    rows, parts, after, trades = [], [], [], 0
    for (t, j, reason), (units, price, fee, slip) in zip(orders.tolist(), fills.tolist(), strict=True):
        now, trade = held.get(j, (0.0, -1))
        pieces = [(units, reason)]
        if now * add(now, units) < 0.0:
            pieces = [(-now, OPPOSITE), (units + now, ENTRY)]
        for piece, why in pieces:
            if now == 0.0:
                trade, trades = trades, trades + 1
            piece, now = (-now if now != 0.0 and add(now, piece) == 0.0 else piece), add(now, piece)
            rows.append((t, j, why, trade))
            parts.append((piece, price, fee * piece / units, slip * piece / units))
            after.append(now)
        held[j] = (now, trade)
    return np.array(rows, np.int64).reshape(-1, 4), np.array(parts, np.float64).reshape(-1, 4), np.array(after, np.float64)


def tape_of(bars: Bars, order: Ints, fill: Array, after: Array, start: float) -> Tape:
    """Value and units per bar from the fills and the positions after them."""
    shape = bars.mark.shape
    spent, latest = np.zeros(shape[0]), np.zeros(shape, np.int64)
    np.add.at(spent, order[:, 0], fill[:, 0] * fill[:, 1] + fill[:, 2])
    np.maximum.at(latest, (order[:, 0], order[:, 1]), np.arange(1, len(order) + 1))
    units = np.append(0.0, after)[np.maximum.accumulate(latest, axis=0)]
    value = start - np.cumsum(spent) + np.where(units == 0.0, 0.0, units * bars.mark).sum(axis=1)
    return Tape(order, fill, value, units, np.zeros(shape), np.zeros(shape))
