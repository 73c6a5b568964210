"""The simulation in plain Python, for reading; the tests hold the kernel to it, number for number.

Read `walk` first: it is the order of events. Everything else is one event.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf, isnan, nan

import numpy as np

from flowbt.engine.walk.events import DUST, ENTRY, GRAIN, HOLD, LIQUIDATION, OPPOSITE, PARTIAL, REBALANCE, SIGNAL, STOP, TAKE, TRAIL
from flowbt.engine.walk.kernel import Array, Bars, Rules, Tape, Terms, WeightPlan


@dataclass
class Position:
    """`entered`: all units that went in; `entry` is the price before slippage, `row` the bar whose decision opened it."""

    units: float
    entered: float
    entry: float
    best: float
    opened: int
    row: int
    trade: int

    @property
    def side(self) -> int:
        return 1 if self.units > 0 else -1


@dataclass
class PendingOrder:
    """What was asked of a symbol and could not be filled yet."""

    side: int = 0
    row: int = 0
    exit_fraction: float = 0.0
    weight: float = nan


@dataclass
class World:
    bars: Bars
    terms: Terms
    cash: float
    held: dict[int, Position] = field(default_factory=dict)
    pending: dict[int, PendingOrder] = field(default_factory=dict)
    orders: list[tuple[int, int, int, int]] = field(default_factory=list)
    fills: list[tuple[float, float, float, float]] = field(default_factory=list)
    trades: int = 0

    @property
    def symbols(self) -> range:
        return range(self.bars.open.shape[1])

    def opens(self, t: int, j: int) -> bool:
        return bool(self.bars.open[t, j] > 0)

    def trade(self, t: int, j: int, reason: int, units: float, price: float, row: int = 0) -> None:
        """Buy (units > 0) or sell at `price`, moved by slippage, and pay the fee."""
        paid = price * (1 + self.terms.slippage) if units > 0 else price * (1 - self.terms.slippage)
        fee = abs(units) * paid * self.terms.fees
        self.cash -= units * paid + fee
        position = self.held.get(j)
        if position is None:
            position = self.held[j] = Position(units, abs(units), price, price, t, row, self.trades)
            self.trades += 1
        else:
            if position.units * units > 0:
                position.entry = (position.units * position.entry + units * price) / (position.units + units)
                position.entered += abs(units)
            position.units += units
            if position.units == 0:
                del self.held[j]
        self.orders.append((t, j, reason, position.trade))
        self.fills.append((units, paid, fee, abs(units) * abs(paid - price)))

    def gross(self, t: int, symbols: list[int]) -> float:
        """Notional of the positions in `symbols` at the open, at the last mark where there is no open."""
        return sum((abs(self.held[j].units) * (self.bars.open[t, j] if self.opens(t, j) else self.bars.mark[t, j]) for j in symbols), 0.0)


def is_flat(units: float, entered: float) -> bool:
    """Whether so little is left of a position into which `entered` units went that it is nothing."""
    return abs(units) <= max(DUST * entered, GRAIN)


def rule(a: Array, t: int, j: int) -> float:
    """The rule for a bar and symbol; one row or column stands for all."""
    return float(a[t if len(a) > 1 else 0, j if len(a[0]) > 1 else 0])


def run_signals(bars: Bars, rules: Rules, terms: Terms) -> Tape:
    """`kernel.run_signals` in plain Python: the same tape."""

    def at_open(world: World, t: int, equity: float) -> None:
        listen(world.pending, rules, t)
        exit_at_open(world, rules, t)
        enter(world, rules, t, equity)

    return walk(bars, rules, terms, at_open)


def run_targets(bars: Bars, plan: WeightPlan, rules: Rules, terms: Terms) -> Tape:
    """`kernel.run_targets` in plain Python: the same tape."""
    return walk(bars, rules, terms, lambda world, t, equity: rebalance(world, plan, t, equity))


def walk(bars: Bars, rules: Rules, terms: Terms, at_open: Callable[[World, int, float], None]) -> Tape:
    """Every bar: the open, inside, the close."""
    shape = bars.open.shape
    world = World(bars, terms, terms.cash)
    world.pending = {j: PendingOrder() for j in world.symbols}
    value, units, borrow, funding = np.zeros(shape[0]), np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for t in range(shape[0]):
        if t > 0:  # the first bar has no decision before it
            at_open(world, t, value[t - 1])
            inside(world, rules, t)
        worth = 0.0
        for j in sorted(world.held):
            notional = world.held[j].units * bars.mark[t, j]
            worth += notional
            units[t, j] = world.held[j].units
            borrow[t, j] = max(-notional, 0.0) * terms.borrow * bars.days[t] / 365.0
            funding[t, j] = notional * bars.funding[t, j]
            world.cash -= borrow[t, j] + funding[t, j]
        value[t] = world.cash + worth
    orders = np.array(world.orders, np.int64).reshape(-1, 4)
    return Tape(orders, np.array(world.fills).reshape(-1, 4), value, units, borrow, funding)


def listen(everyone: dict[int, PendingOrder], rules: Rules, t: int) -> None:
    """The decisions of the bar before; a newer one replaces one that waits."""
    for j, order in everyone.items():
        fraction = rule(rules.exit, t - 1, j)
        if fraction > 0:
            order.exit_fraction, order.side = fraction, 0
        long, short = rules.long[t - 1, j], rules.short[t - 1, j]
        if long != short:
            order.side, order.row = (1 if long else -1), t - 1


def exit_at_open(world: World, rules: Rules, t: int) -> None:
    """Exits that are due at the open."""
    for j, order in world.pending.items():
        if not world.opens(t, j):
            continue
        position, price = world.held.get(j), world.bars.open[t, j]
        if position is not None:
            if order.exit_fraction >= 1:
                world.trade(t, j, SIGNAL, -position.units, price)
            elif order.side == -position.side:
                world.trade(t, j, OPPOSITE, -position.units, price)
            elif t - position.opened >= rule(rules.hold, position.row, j):
                world.trade(t, j, HOLD, -position.units, price)
            elif order.exit_fraction > 0:
                rest = position.units - position.units * order.exit_fraction
                world.trade(t, j, PARTIAL, -position.units if is_flat(rest, position.entered) else -position.units * order.exit_fraction, price)
        order.exit_fraction = 0.0


def enter(world: World, rules: Rules, t: int, equity: float) -> None:
    """Entries at the open, sharing what room there is in proportion."""
    wanted = {}
    for j, order in world.pending.items():
        if order.side and j not in world.held and world.opens(t, j):
            size = rule(rules.size, order.row, j)
            if size > 0 and equity > 0:
                wanted[j] = size * equity
    room = max(world.terms.max_gross * equity - world.gross(t, list(world.held)), 0.0)
    asked = sum(wanted.values(), 0.0)
    share = room / asked if asked > room else 1.0
    for j, notional in wanted.items():
        if share > 1e-12:
            price, order = world.bars.open[t, j], world.pending[j]
            units = notional * share / price
            if not is_flat(units, units):
                world.trade(t, j, ENTRY, order.side * units, price, row=order.row)
    for j, order in world.pending.items():
        if world.opens(t, j):
            order.side = 0


def inside(world: World, rules: Rules, t: int) -> None:
    """Liquidation, stops and takes inside the bar."""
    for j, position in sorted(world.held.items()):
        if not world.opens(t, j):
            continue
        price, side, row = world.bars.open[t, j], position.side, position.row
        high, low = world.bars.high[t, j], world.bars.low[t, j]
        losses = [(-side * inf, -1)]  # (level, reason); the one nearest to the price counts, the first of equals
        stop, trail, take = rule(rules.stop, row, j), rule(rules.trail, row, j), rule(rules.take, row, j)
        if not isnan(stop):
            losses.append((position.entry * (1 - side * stop), STOP))
        if not isnan(trail):
            losses.append((position.best * (1 - side * trail), TRAIL))
        if side < 0:
            losses.append((position.entry * (1 + world.terms.margin), LIQUIDATION))
        level, reason = max(losses, key=lambda loss: side * loss[0])
        goal = position.entry * (1 + side * take)
        if side > 0:
            stopped, taken = low <= level, high >= goal
        else:
            stopped, taken = high >= level, low <= goal
        if stopped:
            world.trade(t, j, reason, -position.units, min(price, level) if side > 0 else max(price, level))
        elif taken:
            world.trade(t, j, TAKE, -position.units, max(price, goal) if side > 0 else min(price, goal))
        else:
            position.best = max(position.best, high) if side > 0 else min(position.best, low)


def rebalance(world: World, plan: WeightPlan, t: int, equity: float) -> None:
    """Trade to the target weights where they are off by more than the band."""
    if not equity > 0:
        return
    for j, order in world.pending.items():
        if not isnan(plan.weights[t - 1, j]):
            order.weight = plan.weights[t - 1, j]
    moves = [j for j, order in world.pending.items() if world.opens(t, j) and not isnan(order.weight)]
    room = max(world.terms.max_gross * equity - world.gross(t, [j for j in sorted(world.held) if j not in moves]), 0.0)
    asked = sum((abs(world.pending[j].weight) * equity for j in moves), 0.0)
    share = room / asked if asked > room else 1.0
    for j in moves:
        price, weight = world.bars.open[t, j], world.pending[j].weight * share
        world.pending[j].weight = nan
        now = world.held[j].units if j in world.held else 0.0
        entered = world.held[j].entered if j in world.held else 0.0
        if abs(weight - now * price / equity) <= max(rule(plan.band, t - 1, j), 1e-9):
            continue
        units = weight * equity / price
        if abs(weight) <= 1e-9 or is_flat(units, entered if units * now > 0 else 0.0):
            units = 0.0
        if now and units * now <= 0:
            world.trade(t, j, OPPOSITE if units else SIGNAL, -now, price)
            now = 0.0
        if units != now:
            world.trade(t, j, REBALANCE if now else ENTRY, units - now, price)
