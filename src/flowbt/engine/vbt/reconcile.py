"""Two books of one run, ours and vectorbt's, must agree; a difference is an error, never a warning."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from flowbt.engine.book import Book
from flowbt.engine.types import PRICES, Array
from flowbt.engine.vbt.dust import Flows, LeftOut, flows_of, left_out
from flowbt.ground.errors import ReconciliationError

TOLERANCE = 1e-9
MOST = 2_000_000  # symbol-bars; vectorbt keeps a dozen tables of them


def reconcile(book: Book) -> float:
    """Compare value and cash per bar, orders, and the profit of each trade; gives the largest relative difference.

    Differences of money are relative to the larger of the equity there and the starting cash, of units to the symbol's largest order; what vectorbt's own
    sums leave out (`dust.py`) is no difference. Raises ReconciliationError naming the first bar where they exceed 1e-9, and by how much. Many symbols are
    compared some at a time, each part with an account of its own: only the value is of all.
    """
    scale = np.maximum(np.abs(book.value.to_numpy()), book.account.cash)
    ours, theirs = book.value.to_numpy(copy=True), np.full(len(scale), book.account.cash)
    worst, wrong = [0.0], []
    for part in parts_of(book):
        flows = flows_of(part)
        gone = left_out(flows, np.array(part.carry), float(part.account.cash))
        ours -= np.where(gone.held != 0.0, gone.held * part.market.mark, 0.0).sum(axis=1) + gone.cash
        theirs += np.asarray(part.portfolio.value(), dtype=np.float64) - part.account.cash
        try:
            worst += [_orders(part, part.portfolio, flows, gone), _trades(part, part.portfolio, float(scale.max()))]
        except ReconciliationError as error:  # what is wrong with the whole is said first
            wrong.append(error)
    worst.append(_compare("value", ours, theirs, scale, book.market.index))
    if wrong:
        raise wrong[0]
    return max(worst)


def parts_of(book: Book) -> Iterator[Book]:
    """The book, symbols x bars of at most `MOST`, in parts by symbol where it has more; `value` stays that of the whole."""
    symbols, count = book.market.symbols, max(1, MOST // len(book.market.index))
    if len(symbols) <= count or book.legs is not None:
        yield book
        return
    for first in range(0, len(symbols), count):
        own = slice(first, first + count)
        market = replace(book.market, symbols=symbols[own], surfaces=(), **{name: getattr(book.market, name)[:, own] for name in PRICES})
        orders, trades = (table[table["symbol"].isin(symbols[own])] for table in (book.orders, book.trades))
        part = replace(book, market=market, orders=orders, trades=trades, carry=book.carry[:, own])
        yield part
        vars(part).pop("portfolio", None)
        gc.collect()  # nothing less frees a portfolio


def _orders(book: Book, portfolio: Any, flows: Flows, gone: LeftOut) -> float:
    """Units signed, cash and fees per bar, from vectorbt's own sums over its records."""
    ours, size = np.zeros(book.market.close.shape), np.zeros(len(book.market.symbols))
    np.add.at(ours, (flows.bar, flows.column), flows.units)
    np.maximum.at(size, flows.column, np.abs(flows.units))
    ours -= gone.traded
    theirs = np.asarray(portfolio.asset_flow(), dtype=np.float64).reshape(ours.shape)
    size[size == 0.0] = 1.0
    far = np.abs((ours - theirs) / size).argmax(axis=1)  # the symbol that differs most
    row = np.arange(len(ours))
    worst = _compare("units traded", ours[row, far], theirs[row, far], size[far], book.market.index)
    cash = np.bincount(flows.bar, flows.cash, len(ours)) - book.carry.sum(axis=1) - gone.paid
    flow = np.asarray(portfolio.cash_flow(), dtype=np.float64)
    scale = np.maximum(np.abs(book.value.to_numpy()), book.account.cash)
    return max(worst, _compare("cash flow", cash, flow, scale, book.market.index))


def _trades(book: Book, portfolio: Any, scale: float) -> float:
    """Our trades, before carry, against vectorbt's positions."""
    trades = book.trades if book.legs is None else book.legs
    positions = portfolio.positions.values
    column = pd.Index(book.market.symbols).get_indexer(pd.Index(trades["symbol"]))
    ours = trades.iloc[np.lexsort((trades["trade"], column))]
    if len(ours) != len(positions):
        raise ReconciliationError("trades of the two books", f"{len(ours)} here, {len(positions)} in vectorbt", "report it with the command and its data")
    if not len(ours):
        return 0.0
    labels = pd.DatetimeIndex(ours["entry_label"])
    size = np.full(len(ours), scale)
    worst = _compare("profit of the trade entered", (ours["pnl"] + ours["carry"]).to_numpy(), _profits(positions), size, labels)
    return max(worst, _compare("entry of the trade", ours["entry_price"].to_numpy(), positions["entry_price"], positions["entry_price"], labels))


def _profits(positions: Any) -> Array:
    """vectorbt's profit of each position, with the move that it takes for nothing: one of less than 1e-9 of the notional, so that only fees are left."""
    moved = positions["size"] * (positions["exit_price"] - positions["entry_price"]) * np.where(positions["direction"] == 0, 1.0, -1.0)
    unmoved = positions["pnl"] == -positions["entry_fees"] - positions["exit_fees"]
    profits: Array = positions["pnl"] + np.where(unmoved, moved, 0.0)
    return profits


def _compare(what: str, ours: Array, theirs: Array, scale: Array, labels: pd.DatetimeIndex) -> float:
    off = np.abs(ours - theirs) / scale
    bad = np.flatnonzero(~(off <= TOLERANCE))
    if bad.size:
        k = bad[0]
        found = f"{float(ours[k]):.12g} here, {float(theirs[k]):.12g} in vectorbt (off by {off[k]:.3g}, {bad.size} of {off.size} differ)"
        raise ReconciliationError(f"{what} at {labels[k]:%Y-%m-%d %H:%M}", found, "report it with the command and its data")
    return float(off.max(initial=0.0))
