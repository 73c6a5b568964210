"""The walk of option structures in plain Python, for reading; the tests hold `kernel.py` to it, number for number.

Read `walk` first: it is the order of events that `run.py` names. Everything else is one event.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from flowbt.engine.options.desk import Desk, PricedContract, StructureBars, StructurePosition
from flowbt.engine.options.pricing import days_of, worst_loss
from flowbt.engine.walk.events import LEAST_SHARE, NONE, PARTIAL, REASONS, borrow_paid, due_at_open, funding_paid, is_flat, share_of
from flowbt.engine.walk.kernel import Array, Rules
from flowbt.engine.walk.twin import listen, rule


def walk(desk: Desk, rules: Rules) -> StructureBars:
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
    return StructureBars(order, fill, np.array(desk.after), opened, value, exposure, borrow, funding)


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
    held = sum(p.money * p.units / p.entered for _, p in sorted(desk.held.items()))
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
    """Bring each position's delta to nothing at the open; shares of which only dust would stay are all sold."""
    for j, position in sorted(desk.held.items()) if desk.structure.trading.hedge else ():
        if desk.bars.open[t, j] > 0 and position.options:
            shares = desk.units.get(j, 0.0)
            delta = sum(desk.units[o.column] * o.at(o.open_delta, t) for o in position.options) + shares
            if abs(delta) > desk.structure.trading.hedge_band * position.units:
                desk.trade_shares(t, j, position, "hedge", -shares if is_flat(shares - delta, position.entered) else -delta)


def settle(desk: Desk, t: int) -> None:
    """Options whose last bar this is are paid at intrinsic."""
    for j, position in sorted(desk.held.items()):
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
    for j, position in sorted(desk.held.items()):
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
    for j, position in sorted(desk.held.items()):
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
