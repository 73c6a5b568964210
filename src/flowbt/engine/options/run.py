"""Signals traded as option structures: one column per contract opened, beside the underlyings' own, in one book.

Bar t, with the decision and the implied volatility of bar t - 1; `walk` is the order of events:
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

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from flowbt.engine.book import Book
from flowbt.engine.decisions import number, rules_of
from flowbt.engine.options.desk import Desk, PricedContract, StructurePosition
from flowbt.engine.options.greeks import attribution
from flowbt.engine.options.prices import ContractPrices, inputs_key
from flowbt.engine.options.pricing import days_of, timing_of, worst_loss
from flowbt.engine.options.structures import Structure, declared
from flowbt.engine.types import Account, Costs, Market, Signals, frozen
from flowbt.engine.walk.accounts import profits, trades_from
from flowbt.engine.walk.events import LEAST_SHARE, NONE, PARTIAL, REASONS, borrow_paid, due_at_open, funding_paid, is_flat, share_of
from flowbt.engine.walk.kernel import Array, Bars, Bools, Rules, Tape
from flowbt.engine.walk.tape import book_of
from flowbt.engine.walk.twin import PendingOrder, listen, rule
from flowbt.ground.errors import SignalError

SharedPrices = ContractPrices[PricedContract]


class Walked(NamedTuple):
    """What the walk gives: the tape, net and gross exposure at each close (T x 2), and the units of every column after the trades of each open."""

    tape: Tape
    exposure: Array
    after_open: Array


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
    desk = desk_of(market, bars, signals, costs, account, prices or ContractPrices())
    walked = walk(desk, rules_of_structure(signals, market))
    book = book_from(desk, walked.tape, walked.exposure)
    return book if desk.structure.model.coin else replace(book, greeks=attribution(desk, walked.tape, walked.after_open))


def rules_of_structure(signals: Signals, market: Market) -> Rules:
    """The rules as arrays, with the default size of a structure. Raises SignalError."""
    size = signals.size if signals.size is not None else 0.05 if signals.structure.by == "risk" else 1.0 / len(market.symbols)
    return rules_of(replace(signals, size=size), market)


def desk_of(market: Market, bars: Bars, signals: Signals, costs: Costs, account: Account, prices: SharedPrices) -> Desk:
    """The desk before its first bar. Raises SignalError."""
    structure = signals.structure
    if not isinstance(structure, Structure):
        raise SignalError("Signals structure", f"a {type(structure).__name__}", "use a builder of flowbt.engine.options.structures, such as put_spread(...)")
    if signals.trail is not None:
        raise SignalError("a trail on an option structure", "not supported", "use stop and take, fractions of the money at risk")
    structure = declared(structure, market.clock.always, market.symbols)
    timing, iv, days = timing_of(structure, market.clock, market.symbols), iv_of(structure, market), days_of(market.index)
    quoted = [array for one in market.surfaces if one is not None for array in one.arrays]
    known = tuple(one is not None for one in market.surfaces)
    key = inputs_key((bars.open, bars.high, bars.low, bars.mark, iv, days, *quoted), (structure.model, structure.cycle, timing, known))
    desk = Desk(market, bars, structure, costs, account, iv, timing, days, account.cash, prices, key)
    desk.pending = {j: PendingOrder() for j in range(len(market.symbols))}
    return desk


def outcome_of(desk: Desk, rules: Rules) -> StructureRun:
    """Walk, without a book: what a sweep measures. Equal to what `simulate_structure` gives."""
    tape, exposure, _ = walk(desk, rules)
    trades = trades_from(tape.order, tape.fill, tape.borrow + tape.funding)
    last = [float(option.price[-1]) for option in desk.columns]
    profit, owner = profits(trades, frozen(np.concatenate([desk.bars.mark[-1], last]))), np.array(desk.owner, np.int64)
    count = len(desk.opened)
    money = np.array([position.money for position in desk.opened], np.float64)
    closed = np.bincount(owner[~trades.closed], minlength=count) == 0
    return StructureRun(np.asarray(np.bincount(owner, profit, count), np.float64), money, closed, tape.value, np.abs(exposure[:, 1]) > 0.0)


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


def walk(desk: Desk, rules: Rules) -> Walked:
    """Every bar in order: exits and rolls at the open, entries, then what happens inside the bar, and the marks."""
    length, n = desk.bars.open.shape
    value, exposure = np.zeros(length), np.zeros((length, 2))
    borrow, funding = np.zeros((length, n)), np.zeros((length, n))
    opened = np.zeros(length, np.int64)  # fills so far, after the open of each bar
    for t in range(length):
        if t > 0:
            listen(desk.pending, rules, t)
            for j in range(n):
                if desk.bars.open[t, j] > 0:
                    exit_at_open(desk, rules, t, j)
            enter(desk, rules, t, value[t - 1])
            hedge(desk, t)
        opened[t] = len(desk.fills)
        settle(desk, t)
        value[t], exposure[t] = mark(desk, t, borrow, funding)
        fall_due(desk, rules, t, value[t])
    order, fill = np.array(desk.orders, np.int64).reshape(-1, 4), np.array(desk.fills).reshape(-1, 4)
    units, after_open = units_after(desk, opened)
    wide = np.zeros((length, len(desk.columns)))
    return Walked(Tape(order, fill, value, units, np.hstack([borrow, wide]), np.hstack([funding, wide])), exposure, after_open)


def units_after(desk: Desk, opened: Iterable[int]) -> tuple[Array, Array]:
    """Units of every column (T x columns) at each close, and after the trades of each open. `opened`: fills made by then."""
    length, columns = len(desk.market.index), len(desk.market.symbols) + len(desk.columns)
    closes, opens, now, at = np.zeros((length, columns)), np.zeros((length, columns)), np.zeros(columns), 0
    ends = np.searchsorted([t for t, *_ in desk.orders], np.arange(length), side="right") if desk.orders else np.zeros(length, np.int64)
    for t, (after_open, after_all) in enumerate(zip(opened, ends, strict=True)):
        for table, until in ((opens, after_open), (closes, after_all)):
            for k in range(at, until):
                now[desk.orders[k][1]] = desk.after[k]
            at = max(at, int(until))
            table[t] = now
    return closes, opens


def exit_at_open(desk: Desk, rules: Rules, t: int, j: int) -> None:
    """Exits of a symbol at the open, whole or in part, and rolls."""
    position, order = desk.held.get(j), desk.pending[j]
    if position is not None:
        side, hold = float(position.side), float(rule(rules.hold, position.row, j))
        reason, part = due_at_open(side, float(order.side), float(order.exit_fraction), t - position.since, hold)
        if reason not in (NONE, PARTIAL):
            close(desk, t, j, position, REASONS[reason])
        elif position.due == "roll":
            roll(desk, t, j, position)
        elif position.due:
            close(desk, t, j, position, position.due)
        elif reason == PARTIAL:
            reduce(desk, t, j, position, part)
    order.exit_fraction = 0.0


def close(desk: Desk, t: int, j: int, position: StructurePosition, reason: str) -> None:
    """Sell or buy back every leg of a position at the open of bar t."""
    for option in position.options:
        desk.trade_option(t, j, position, option, (reason, -desk.units[option.column]))
    desk.trade_shares(t, j, position, reason, -desk.units.get(j, 0.0))
    del desk.held[j]


def reduce(desk: Desk, t: int, j: int, position: StructurePosition, part: float) -> None:
    """Close `part` (a fraction) of every leg at the open of bar t; all of it where only dust would stay."""
    if is_flat(position.units * (1 - part), position.entered):
        close(desk, t, j, position, "partial")
        return
    for option in position.options:
        desk.trade_option(t, j, position, option, ("partial", -part * desk.units[option.column]))
    desk.trade_shares(t, j, position, "partial", -part * desk.units.get(j, 0.0))
    position.units *= 1 - part


def roll(desk: Desk, t: int, j: int, position: StructurePosition) -> None:
    """Replace the option legs by new ones of the same rules; an underlying leg stays."""
    if not desk.iv[t - 1, j] > 0:
        return
    for option in position.options:
        desk.trade_option(t, j, position, option, ("roll", -desk.units[option.column]))
    position.options, position.due = [], ""
    buy_options(desk, t, j, position, options_at(desk, t, j, position.expired))
    position.expired = None


def options_at(desk: Desk, t: int, j: int, expired: pd.Timestamp | None = None) -> list[PricedContract]:
    """The options an entry at this open would buy; a roll at expiry counts their days from that expiry."""
    return [desk.option(t, j, leg, expired) for leg in desk.structure.options]


def buy_options(desk: Desk, t: int, j: int, position: StructurePosition, options: list[PricedContract]) -> None:
    """Open a column for each option, and trade it."""
    for option in options:
        option.column = len(desk.market.symbols) + len(desk.columns)
        desk.columns.append(option)
        position.options.append(option)
        desk.trade_option(t, j, position, option, ("entry", position.side * option.contract.quantity * position.units))


def money_per_unit(desk: Desk, t: int, j: int, side: int, options: list[PricedContract]) -> float:
    """What one unit takes of the money asked: the most it can lose, costs included, or the spot."""
    structure, spot = desk.structure, float(desk.bars.open[t, j])
    mine = tuple(o.contract._replace(quantity=side * o.contract.quantity) for o in options)
    paid = [c.quantity * desk.crossed(t, j, o, c.quantity) for c, o in zip(mine, options, strict=True)]
    shares = side * structure.shares
    cost = sum(paid) + sum(map(abs, paid)) * desk.costs.fees + shares * spot + abs(shares) * spot * (desk.costs.fees + desk.costs.slippage)
    loss = worst_loss(mine, cost, shares, structure.model.coin)
    return loss if structure.by == "risk" and np.isfinite(loss) and loss > 0 else 1.0 if structure.model.coin else spot


def enter(desk: Desk, rules: Rules, t: int, equity: float) -> None:
    """Open a structure where a signal waits and the account has room for it."""
    wanted = {}
    for j, order in desk.pending.items():
        if order.side and j not in desk.held and desk.bars.open[t, j] > 0:
            size = rule(rules.size, order.row, j)
            if size > 0 and equity > 0 and desk.iv[t - 1, j] > 0:
                wanted[j] = size * equity
    held = sum(p.money * p.units / p.entered for p in desk.held.values())
    share = share_of(float(sum(wanted.values())), float(held), float(equity), float(desk.account.max_gross))
    for j, money in wanted.items():
        if share <= LEAST_SHARE:
            break
        order = desk.pending[j]
        options = options_at(desk, t, j)
        units = money * share / money_per_unit(desk, t, j, order.side, options)
        position = StructurePosition(len(desk.opened), j, order.side, units, units, money * share, t, order.row)
        desk.opened.append(position)
        desk.held[j] = position
        desk.trade_shares(t, j, position, "entry", order.side * units * desk.structure.shares)
        buy_options(desk, t, j, position, options)
        position.paid = order.side * -(position.cash + position.fees)
        by_surface = {bool(option.quoted[0]) for option in options}
        position.priced_by = "both" if len(by_surface) > 1 else "surface" if by_surface == {True} else "model"
    for j, order in desk.pending.items():
        if desk.bars.open[t, j] > 0:
            order.side = 0


def hedge(desk: Desk, t: int) -> None:
    """Bring each position's delta to nothing at the open."""
    for j, position in desk.held.items() if desk.structure.trading.hedge else ():
        if desk.bars.open[t, j] > 0 and position.options:
            delta = sum(desk.units[o.column] * o.at(o.open_delta, t) for o in position.options) + desk.units.get(j, 0.0)
            if abs(delta) > desk.structure.trading.hedge_band * position.units:
                desk.trade_shares(t, j, position, "hedge", -delta)


def settle(desk: Desk, t: int) -> None:
    """Options whose last bar this is are paid at intrinsic."""
    for j, position in list(desk.held.items()):
        for option in [o for o in position.options if o.last == t]:
            price = option.at(option.price, t)
            desk.fill(t, j, position, (option.column, "expiry", -desk.units[option.column], price, price))
            position.options.remove(option)
            position.expired = option.contract.expiry
            position.due = "roll" if desk.structure.trading.roll else "early" if position.options else "expiry"
            if desk.structure.trading.hedge and not position.options and desk.timing.within(desk.days[t], option.contract.expiry) < 1.0:
                desk.trade_shares(t, j, position, "expiry", position.side * position.units * desk.structure.shares - desk.units.get(j, 0.0), option.paid_at)
        if position.due == "expiry" and not position.options and not desk.units.get(j, 0.0):
            del desk.held[j]


def mark(desk: Desk, t: int, borrow: Array, funding: Array) -> tuple[float, tuple[float, float]]:
    """Value of everything, after the bar's carry, and net and gross delta notional over it."""
    worth, net, gross = 0.0, 0.0, 0.0
    for j, position in desk.held.items():
        spot, shares = float(desk.bars.mark[t, j]), desk.units.get(j, 0.0)
        borrow[t, j] = borrow_paid(shares * spot, float(desk.costs.borrow), float(desk.bars.days[t]))
        funding[t, j] = funding_paid(shares * spot, float(desk.bars.funding[t, j])) if shares else 0.0
        desk.cash -= borrow[t, j] + funding[t, j]
        position.cash -= borrow[t, j] + funding[t, j]
        delta, now = shares, shares * spot
        for option in position.options:
            held = desk.units[option.column]
            now += held * option.at(option.price, t)
            delta += held * option.at(option.delta, t)
        worth += now
        net, gross = net + delta * spot, gross + abs(delta * spot)
    total = desk.cash + worth
    scale = 1.0 if desk.structure.model.coin else total
    return total, (net / scale, gross / scale) if total > 0 and not desk.structure.model.coin else (np.nan, np.nan)


def fall_due(desk: Desk, rules: Rules, t: int, equity: float) -> None:
    """What the close makes due at the next open; expiry and roll at expiry were set by `settle`."""
    terms = desk.structure.trading
    for j, position in desk.held.items():
        value = position.cash + desk.units.get(j, 0.0) * float(desk.bars.mark[t, j])
        value += sum(desk.units[o.column] * o.at(o.price, t) for o in position.options)
        stop, take = rule(rules.stop, position.row, j), rule(rules.take, position.row, j)
        days = None
        if terms.roll_days is not None and not position.due:
            days = min((days_of(o.contract.expiry) - desk.days[t] for o in position.options), default=None)
        if equity <= 0 or (desk.structure.by == "notional" and value <= -desk.account.margin * position.money):
            position.due = "liquidation"
        elif value <= -stop * position.money:
            position.due = "stop"
        elif value >= take * position.money:
            position.due = "take"
        elif terms.roll_days is not None and days is not None and days <= terms.roll_days:
            position.due = "roll" if terms.roll else "early"


def book_from(desk: Desk, tape: Tape, exposure: Array) -> Book:
    """The book on the market of symbols and contracts; a contract has marks (no bars) from the bar it was opened."""
    market, length = desk.market, len(desk.market.index)
    prices = np.full((length, len(desk.columns)), np.nan)
    for k, option in enumerate(desk.columns):
        end = option.begin + len(option.price)
        prices[option.begin : end, k] = option.price
        prices[end:, k] = option.price[-1]  # settled
    closes, opens = np.hstack([market.close, prices]), np.hstack([desk.bars.open, prices])
    carried = np.hstack([market.funding, np.zeros(prices.shape)])
    names = [f"{option.contract.label(market.symbols[option.symbol])} #{k + 1}" for k, option in enumerate(desk.columns)]
    whole = Market(market.index, (*market.symbols, *names), opens, closes, closes, closes, carried, market.clock)
    bars = Bars(opens, closes, closes, np.hstack([desk.bars.mark, np.nan_to_num(prices)]), carried, desk.bars.days)
    book = book_of(whole, desk.account, bars, tape, len(tape.order))
    legs, owners = book.trades, np.array(desk.owner, np.int64)
    legs["structure"] = owners[legs["trade"]] if len(legs) else owners
    shown = book.exposure.assign(net=exposure[:, 0], gross=exposure[:, 1])
    return replace(book, trades=by_structure(desk, legs), legs=legs, exposure=shown)


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
