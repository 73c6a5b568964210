"""Signals traded as option structures: one column per contract opened, beside the underlyings' own, in one book.

Bar t, with the decision and the implied volatility of bar t - 1; the order of events (`kernel.py`; `twin.py` for reading):
1. Open: due exits (signal, opposite, hold; then what the last close made due: liquidation, stop, take, expiry, early, roll). Options are
   priced at the open with the volatility of the close before, and cross their spread; the underlying moves by `Costs.slippage`.
2. Open: entries of flat symbols. Strikes, expiry and units are set at this open. Money asked = size x equity (default size: 0.05 by risk,
   1 / number of symbols by notional), scaled alike where it exceeds `max_gross` x equity less the money of the structures held. Units =
   money / the most that can be lost (by risk) or / spot (by notional, and where there is no bound).
3. Open: hedges.
4. Inside the bar: options that settle in it are paid (`pricing.settled`), free of cost; a hedge without options left goes at that price, unless it is the
   close. Close: marks; carry on the underlying.
5. Close: what becomes due at the next open. Stops and takes are fractions of the money asked at entry, checked at closes only; a structure
   by notional is liquidated when its loss reaches `margin` x that money, everything when equity is gone.
Rolling keeps the units and the underlying and replaces the options.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from flowbt.engine.book import Book
from flowbt.engine.decisions import number, rules_of
from flowbt.engine.options.desk import Desk, StructureBars, StructurePosition
from flowbt.engine.options.greeks import attribution
from flowbt.engine.options.kernel import walk_structures
from flowbt.engine.options.pricing import Contract, days_of, timing_of
from flowbt.engine.options.structures import Structure, declared
from flowbt.engine.options.trading import StructureState, StructureTape, StructureWorld
from flowbt.engine.options.twin import walk
from flowbt.engine.options.valuation import SharedPrices
from flowbt.engine.options.world import Given, day_of, given_of, room_for, start, with_room
from flowbt.engine.types import Account, Costs, Market, Signals, frozen
from flowbt.engine.walk.kernel import Array, Bars, Bools, Rules, Tape
from flowbt.engine.walk.tape import book_of
from flowbt.engine.walk.twin import PendingOrder
from flowbt.ground.errors import EngineError, SignalError


class StructureRun(NamedTuple):
    """A run by its numbers, for sweeps: profit and money asked of each structure, whether it is closed, the value at each close, and whether anything was held
    there."""

    profit: Array
    money: Array
    closed: Bools
    value: Array
    held: Bools


def simulate_structure(market: Market, bars: Bars, signals: Signals, costs: Costs, account: Account, prices: SharedPrices | None = None) -> Book:
    """Trade `signals.structure` where the signals say long (short: the structure sold). See the module for the order of events.

    `Book.market` has a column per contract after the symbols, `Book.legs` one row per contract or spell in an underlying (`structure`: the trade it
    belongs to), `Book.trades` one per structure. `Book.exposure` counts deltas. `prices`: what other runs have priced. Raises SignalError.
    """
    desk = desk_of(market, bars, signals, costs, account)
    done = compiled_walk(desk, rules_of_structure(signals, market), prices or SharedPrices())
    return book_of_structures(desk, done)


def compiled_walk(desk: Desk, rules: Rules, prices: SharedPrices) -> StructureBars:
    """Walk, and fill the desk with what was opened, as `twin.walk` does."""
    given = given_of(desk)
    _, out, counts = walked(given, rules, prices)
    orders, trades, columns, structures = counts
    for k in range(columns):
        j, leg, begin = (int(x) for x in out.contract[k])
        strike, expiry = (float(x) for x in out.terms[k])
        rule = desk.structure.options[leg]
        option = desk.priced(begin, j, Contract(rule.kind, strike, day_of(expiry), rule.quantity))
        option.column = len(desk.market.symbols) + k
        desk.columns.append(option)
    legs = len(desk.structure.options)
    for n in range(structures):
        j, side, since, row, _, quoted = (int(x) for x in out.opened[n])
        units, money, paid, _ = (float(x) for x in out.paid[n])
        position = StructurePosition(n, j, side, units, units, money, since, row, paid=paid)
        position.priced_by = "surface" if quoted == legs else "both" if quoted else "model"
        desk.opened.append(position)
    desk.owner = [int(x) for x in out.owner[:trades]]
    made = slice(0, orders)
    return StructureBars(np.ascontiguousarray(out.order[made]), np.ascontiguousarray(out.fill[made, :4]), out.fill[made, 4], out.by_open, *bars_of_tape(out))


def bars_of_tape(out: StructureTape) -> tuple[Array, Array, Array, Array]:
    """Value, exposure, borrow and funding of each bar."""
    return np.ascontiguousarray(out.bars[:, 0]), out.bars[:, 1:], out.carry[0], out.carry[1]


def walked(given: Given, rules: Rules, prices: SharedPrices) -> tuple[StructureState, StructureTape, tuple[int, int, int, int]]:
    """The state at the end, the tape, how many orders, trades, contracts and structures there are. EngineError for an option that cannot be opened."""
    length = given.pricing.grid.shape[1]
    state, out = start(given), room_for(given, 4 * length)
    with prices.lent(given.key, given.entries) as kept:
        world, t, there = StructureWorld(given.pricing, given.legs, given.terms, kept), 0, True
        while t < length and there:
            t, there = walk_structures(world, rules, state, out, t)
            out = with_room(out) if t < length and there else out
    if not there:
        walk(given.desk, rules)  # says why
        raise EngineError(f"{given.desk.structure} on {given.desk.market.index[t]:%Y-%m-%d}", "an option that cannot be opened", "change its strikes or days")
    orders, trades, columns, structures = (int(n) for n in state.made)
    return state, out, (orders, trades, columns, structures)


def rules_of_structure(signals: Signals, market: Market) -> Rules:
    """The rules as arrays, with the default size of a structure. Raises SignalError."""
    size = signals.size if signals.size is not None else 0.05 if signals.structure.by == "risk" else 1.0 / len(market.symbols)
    return rules_of(replace(signals, size=size), market)


def prepared_walk(market: Market, bars: Bars, signals: Signals, costs: Costs, account: Account) -> Given:
    """What `outcome_of` walks, for any rules of the same structure. Raises SignalError."""
    return given_of(desk_of(market, bars, signals, costs, account))


def desk_of(market: Market, bars: Bars, signals: Signals, costs: Costs, account: Account) -> Desk:
    """The desk before its first bar. Raises SignalError."""
    structure = signals.structure
    if not isinstance(structure, Structure):
        raise SignalError("Signals structure", f"a {type(structure).__name__}", "use a builder of flowbt.engine.options.structures, such as put_spread(...)")
    if signals.trail is not None:
        raise SignalError("a trail on an option structure", "not supported", "use stop and take, fractions of the money at risk")
    structure = declared(structure, market.clock.always, market.symbols)
    timing, iv, days = timing_of(structure, market.clock, market.symbols), iv_of(structure, market), days_of(market.index)
    desk = Desk(market, bars, structure, costs, account, iv, timing, days, account.cash)
    desk.pending = {j: PendingOrder() for j in range(len(market.symbols))}
    return desk


def outcome_of(given: Given, rules: Rules, prices: SharedPrices) -> StructureRun:
    """Walk, without a book: what a sweep measures. Equal to what `simulate_structure` gives."""
    _, out, (*_, count) = walked(given, rules, prices)
    return StructureRun(
        out.paid[:count, 3], out.paid[:count, 1], out.opened[:count, 4] == 1, np.ascontiguousarray(out.bars[:, 0]), np.abs(out.bars[:, 2]) > 0.0
    )


def rotated_values(given: Given, rules: Rules, offsets: Iterable[int]) -> Iterator[Array]:
    """The value at each close with the rules rotated by each number of bars; an option is priced once a bar for all of them."""
    prices = SharedPrices()
    for offset in offsets:
        yield outcome_of(given, Rules(*(frozen(np.roll(part, offset, axis=0), part.dtype) for part in rules)), prices).value


def value_of(market: Market, bars: Bars, signals: Signals, costs: Costs, account: Account) -> Array:
    """The value at each close, and no book."""
    return outcome_of(prepared_walk(market, bars, signals, costs, account), rules_of_structure(signals, market), SharedPrices()).value


def iv_of(structure: Structure, market: Market) -> Array:
    """At-the-money volatility, T x N in points, the last known one at each bar. SignalError where none is known on the labels traded."""
    iv = structure.iv
    if isinstance(iv, pd.Series):
        iv = pd.DataFrame(dict.fromkeys(market.symbols, iv))
    if isinstance(iv, pd.DataFrame):
        iv = iv.reindex(market.index)
    elif isinstance(iv, (int, float)):
        iv = pd.DataFrame(float(iv), market.index, list(market.symbols))
    values = pd.DataFrame(number("iv", iv, market, above=0.0), market.index, list(market.symbols)).ffill()
    if values.isna().all(axis=None):
        raise SignalError(f"implied volatility for {structure.name}", "no value on the labels traded", "give a series in points on the panel's labels")
    return values.to_numpy()


def book_of_structures(desk: Desk, done: StructureBars) -> Book:
    """The book on the market of symbols and contracts; a contract has marks (no bars) from the bar it was opened."""
    market, length = desk.market, len(desk.market.index)
    prices = np.full((length, len(desk.columns)), np.nan)
    for k, option in enumerate(desk.columns):
        end = option.begin + len(option.price)
        prices[option.begin : end, k] = option.price
        prices[end:, k] = option.price[-1]  # settled
    closes, opens = np.hstack([market.close, prices]), np.hstack([desk.bars.open, prices])
    nothing = np.zeros(prices.shape)
    carried = np.hstack([market.funding, nothing])
    names = [f"{option.contract.label(market.symbols[option.symbol])} #{k + 1}" for k, option in enumerate(desk.columns)]
    whole = Market(market.index, (*market.symbols, *names), opens, closes, closes, closes, carried, market.clock)
    bars = Bars(opens, closes, closes, np.hstack([desk.bars.mark, np.nan_to_num(prices)]), carried, desk.bars.days)
    units, after_open = units_after(done, len(names) + len(market.symbols))
    tape = Tape(done.order, done.fill, done.value, units, np.hstack([done.borrow, nothing]), np.hstack([done.funding, nothing]))
    greeks = None if desk.structure.model.coin else attribution(desk, tape, after_open)
    book = book_of(whole, desk.account, bars, tape, len(tape.order))
    legs, owners = book.trades, np.array(desk.owner, np.int64)
    legs["structure"] = owners[legs["trade"]] if len(legs) else owners
    shown = book.exposure.assign(net=done.exposure[:, 0], gross=done.exposure[:, 1])
    return replace(book, trades=by_structure(desk, legs), legs=legs, exposure=shown, greeks=greeks)


def units_after(done: StructureBars, columns: int) -> tuple[Array, Array]:
    """Units of every column (T x columns) at each close, and after the trades of each open."""
    closes, opens = np.zeros((2, columns, len(done.value)))
    for k, (t, column) in enumerate(done.order[:, :2]):
        closes[column, t:] = done.after[k]
        opens[column, t + int(k >= done.by_open[t]) :] = done.after[k]
    return np.ascontiguousarray(closes.T), np.ascontiguousarray(opens.T)


def by_structure(desk: Desk, legs: pd.DataFrame) -> pd.DataFrame:
    """One row per structure opened, as docs/engine.md has it for trades. `units` of the structure; `entry_price` its net cost per unit (negative:
    received), `exit_price` that plus the profit per unit before fees and carry; `return` is pnl over `money`, what was asked."""
    ordered = legs.assign(held=legs["reason"] == "open").sort_values(["structure", "exit_bar", "held"], kind="stable")  # open as long as one leg is
    grouped = ordered.groupby("structure", sort=True)
    total, last = grouped[["pnl", "fees", "slippage", "carry"]].sum(), grouped.last()
    opened = desk.opened
    begin, end = np.array([p.since for p in opened], np.int64), last["exit_bar"].to_numpy(np.int64)
    units, side, money = (np.array([getattr(p, name) for p in opened], np.float64) for name in ("entered", "side", "money"))
    cost = np.array([p.paid for p in opened])
    pnl = total["pnl"].to_numpy()
    gain = pnl + total["fees"].to_numpy() + total["carry"].to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        return pd.DataFrame(
            {
                "trade": np.arange(len(opened)),
                "symbol": np.array([desk.market.symbols[p.symbol] for p in opened], dtype=object),
                "side": np.where(side > 0, "long", "short").astype(object),
                "entry_label": desk.market.index[begin],
                "exit_label": desk.market.index[end],
                "entry_price": cost / units,
                "exit_price": (cost + side * gain) / units,
                "units": units,
                "pnl": pnl,
                "return": pnl / money,
                "bars": end - begin,
                "reason": last["reason"].to_numpy(dtype=object),
                "fees": total["fees"].to_numpy(),
                "slippage": total["slippage"].to_numpy(),
                "carry": total["carry"].to_numpy(),
                "entry_bar": begin,
                "exit_bar": end,
                "money": money,
                "priced_by": np.array([p.priced_by for p in opened], dtype=object),
            }
        )
