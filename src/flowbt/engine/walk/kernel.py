"""The simulation of a run, compiled: every fill on a tape. `twin.py` says the same in plain Python, and the tests hold them equal.

A bar runs: exits at the open, entries at the open, levels inside the bar, then marking and carry at the close. What each of these does to one symbol
is in `events.py`, every convention in docs/engine.md. Arrays of rules may be 1 x 1, 1 x N, T x 1 or T x N; all arrays that come in are read-only.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from flowbt.engine.walk.events import (
    ENTRY,
    LEAST_WEIGHT,
    MISSED,
    NONE,
    OPPOSITE,
    REBALANCE,
    SIGNAL,
    TAKE,
    TAKEN,
    better,
    borrow_paid,
    due_at_open,
    entry_units,
    fixed_level,
    funding_paid,
    is_flat,
    level_hit,
    share_of,
    slipped,
    sold_units,
    trailed_level,
)
from flowbt.ground.compiled import jit

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class Bars(NamedTuple):
    """T x N prices (a missing open takes no fills; `mark` is the last known close), rates, and calendar days to the next bar."""

    open: Array
    high: Array
    low: Array
    mark: Array
    funding: Array
    days: Array  # T


class Rules(NamedTuple):
    """Decisions of each bar. `exit` is the fraction to close; `hold`, `stop`, `take`, `trail` are NaN where there is none."""

    long: Bools
    short: Bools
    exit: Array
    hold: Array
    stop: Array
    take: Array
    trail: Array
    size: Array


class WeightPlan(NamedTuple):
    """Signed fractions of equity (NaN: leave it alone) and the band around them."""

    weights: Array
    band: Array


class Terms(NamedTuple):
    cash: float
    fees: float
    slippage: float
    borrow: float
    margin: float
    max_gross: float


class State(NamedTuple):
    """Per symbol: signed units, all units entered, entry price before slippage, best price, entry bar, bar of the decision, number of the trade."""

    units: Array
    entered: Array
    entry: Array
    best: Array
    opened: Ints
    row: Ints
    trade: Ints
    pending: Array  # direction or weight asked and not yet filled (0 or NaN: none)
    wait_row: Ints
    pending_exit: Array  # fraction to close
    cash: Array  # one number
    made: Ints  # orders, trades


class Tape(NamedTuple):
    """What happened: orders (bar, symbol, reason, trade | units, price, fee, slippage), then per bar."""

    order: Ints
    fill: Array
    value: Array  # T
    units: Array  # T x N at the close
    borrow: Array  # T x N, cash paid
    funding: Array  # T x N, cash paid


@jit
def at(a: Array, t: int, j: int) -> float:
    """A value of an array that may be one number (1 x 1) or one row a bar."""
    value: float = a[t if a.shape[0] > 1 else 0, j if a.shape[1] > 1 else 0]
    return value


def start(n: int, cash: float, nothing: float) -> State:
    """The state before the first bar: no units, `cash`, nothing waiting."""
    f, i = np.zeros((6, n)), np.zeros((4, n), np.int64)
    f[4] = nothing
    return State(f[0], f[1], f[2], f[3], i[0], i[1], i[2], f[4], i[3], f[5], np.full(1, cash), np.zeros(2, np.int64))


def tape_for(bars: Bars, size: int) -> Tape:
    """Room for `size` orders; memory that is never written costs nothing."""
    shape = bars.open.shape
    return Tape(np.empty((size, 4), np.int64), np.empty((size, 4)), np.empty(shape[0]), np.zeros(shape), np.zeros(shape), np.zeros(shape))


@jit
def fill(s: State, out: Tape, terms: Terms, where: tuple[int, int, int], units: float, price: float) -> None:
    """Trade `units` (signed) at `price` moved against the trader."""
    t, j, reason = where
    paid = slipped(price, units, terms.slippage)
    fee = abs(units) * paid * terms.fees
    before = s.units[j]
    if before == 0.0:
        s.trade[j] = s.made[1]
        s.made[1] += 1
        s.entered[j], s.entry[j], s.best[j], s.opened[j] = 0.0, price, price, t
    elif before * units > 0.0:  # added to: the entry is the mean price
        s.entry[j] = (before * s.entry[j] + units * price) / (before + units)
    if before * units >= 0.0:
        s.entered[j] += abs(units)
    s.units[j] = before + units
    s.cash[0] -= units * paid + fee
    k = s.made[0]
    out.order[k, 0], out.order[k, 1], out.order[k, 2], out.order[k, 3] = t, j, reason, s.trade[j]
    out.fill[k, 0], out.fill[k, 1], out.fill[k, 2], out.fill[k, 3] = units, paid, fee, abs(units) * abs(paid - price)
    s.made[0] += 1


@jit
def listen(s: State, rules: Rules, t: int) -> None:
    """Take over the decisions of bar t - 1; one that could not be filled waits until a newer one replaces it."""
    for j in range(s.units.size):
        long, short = rules.long[t - 1, j], rules.short[t - 1, j]
        fraction = at(rules.exit, t - 1, j)
        if fraction > 0.0:
            s.pending_exit[j] = fraction
            s.pending[j] = 0.0
        if long != short:
            s.pending[j] = 1.0 if long else -1.0
            s.wait_row[j] = t - 1


@jit
def exit_at_open(s: State, out: Tape, bars: Bars, terms: Terms, rules: Rules, t: int) -> None:
    """Exits due at the open."""
    for j in range(s.units.size):
        price, units = bars.open[t, j], s.units[j]
        if not price > 0.0:
            continue
        if units != 0.0:
            reason, part = due_at_open(units, s.pending[j], s.pending_exit[j], t - s.opened[j], at(rules.hold, s.row[j], j))
            if reason != NONE:
                fill(s, out, terms, (t, j, reason), -sold_units(units, s.entered[j], part), price)
        s.pending_exit[j] = 0.0


@jit
def enter(s: State, out: Tape, bars: Bars, terms: Terms, rules: Rules, t: int) -> None:
    """Entries of flat symbols, all scaled alike where they ask for more than there is."""
    equity = out.value[t - 1]
    asked, held = 0.0, 0.0
    for j in range(s.units.size):
        price = bars.open[t, j]
        if s.units[j] != 0.0:
            held += abs(s.units[j]) * (price if price > 0.0 else bars.mark[t, j])
        elif s.pending[j] != 0.0 and price > 0.0:
            size = at(rules.size, s.wait_row[j], j)
            asked += size * equity if size > 0.0 and equity > 0.0 else 0.0  # a missing size asks for nothing
    share = share_of(asked, held, equity, terms.max_gross)
    for j in range(s.units.size):
        price = bars.open[t, j]
        if not price > 0.0:
            continue
        if s.units[j] == 0.0 and s.pending[j] != 0.0:
            s.row[j] = s.wait_row[j]
            units = entry_units(s.pending[j], at(rules.size, s.row[j], j), equity, share, price)
            if units != 0.0:
                fill(s, out, terms, (t, j, int(ENTRY)), units, price)
        s.pending[j] = 0.0


@jit
def inside(s: State, out: Tape, bars: Bars, terms: Terms, rules: Rules, t: int) -> None:
    """Liquidation, stops and takes, at their level or, beyond it, at the open."""
    for j in range(s.units.size):
        units, price = s.units[j], bars.open[t, j]
        if units == 0.0 or not price > 0.0:
            continue
        side = 1.0 if units > 0.0 else -1.0
        level, reason = fixed_level(side, s.entry[j], at(rules.stop, s.row[j], j), terms.margin)
        level, reason = trailed_level(side, level, reason, s.best[j], at(rules.trail, s.row[j], j))
        goal = s.entry[j] * (1.0 + side * at(rules.take, s.row[j], j))
        hit, paid = level_hit(side, price, bars.high[t, j], bars.low[t, j], level, goal)
        if hit != MISSED:
            fill(s, out, terms, (t, j, int(TAKE if hit == TAKEN else reason)), -units, paid)
        else:
            s.best[j] = better(side, s.best[j], bars.high[t, j], bars.low[t, j])


@jit
def close(s: State, out: Tape, bars: Bars, terms: Terms, t: int) -> None:
    """Mark, and pay borrow and funding."""
    worth = 0.0
    for j in range(s.units.size):
        if s.units[j] == 0.0:
            continue
        notional = s.units[j] * bars.mark[t, j]
        worth += notional
        out.borrow[t, j] = borrow_paid(notional, terms.borrow, bars.days[t])
        out.funding[t, j] = funding_paid(notional, bars.funding[t, j])
        out.units[t, j] = s.units[j]
        s.cash[0] -= out.borrow[t, j] + out.funding[t, j]
    out.value[t] = s.cash[0] + worth


def run_signals(bars: Bars, rules: Rules, terms: Terms) -> tuple[Tape, int]:
    """Simulate entry and exit signals; gives the tape and the number of its orders."""
    decisions = int(np.count_nonzero(rules.long) + np.count_nonzero(rules.short))  # each can open one trade and close it
    partials = int(np.count_nonzero((rules.exit > 0.0) & (rules.exit < 1.0)))
    out = tape_for(bars, 2 * decisions + partials)
    return out, walk_signals(bars, rules, terms, start(bars.open.shape[1], terms.cash, 0.0), out)


def run_targets(bars: Bars, plan: WeightPlan, rules: Rules, terms: Terms) -> tuple[Tape, int]:
    """Simulate continuous positions (`rules` hold no levels: liquidation only); gives the tape and the number of its orders."""
    out = tape_for(bars, 3 * int(np.count_nonzero(~np.isnan(plan.weights))))  # out, in, liquidation
    return out, walk_targets(bars, plan, rules, terms, start(bars.open.shape[1], terms.cash, np.nan), out)


@jit
def walk_signals(bars: Bars, rules: Rules, terms: Terms, s: State, out: Tape) -> int:
    """Every bar in the order of docs/engine.md, for signals. Writes the tape; gives how many fills."""
    for t in range(bars.open.shape[0]):
        if t > 0:
            listen(s, rules, t)
            exit_at_open(s, out, bars, terms, rules, t)
            enter(s, out, bars, terms, rules, t)
            inside(s, out, bars, terms, rules, t)
        close(s, out, bars, terms, t)
    return s.made[0]  # type: ignore[no-any-return]


@jit
def rebalance(s: State, out: Tape, bars: Bars, terms: Terms, plan: WeightPlan, t: int) -> None:
    """Trade towards the weights at the open, scaled alike where their gross exceeds what is allowed."""
    equity = out.value[t - 1]
    if not equity > 0.0:
        return
    asked, held = 0.0, 0.0
    for j in range(s.units.size):
        weight = plan.weights[t - 1, j]
        if not np.isnan(weight):
            s.pending[j] = weight
        price = bars.open[t, j]
        if price > 0.0 and not np.isnan(s.pending[j]):
            asked += abs(s.pending[j]) * equity
        elif s.units[j] != 0.0:
            held += abs(s.units[j]) * (price if price > 0.0 else bars.mark[t, j])
    share = share_of(asked, held, equity, terms.max_gross)
    for j in range(s.units.size):
        price, now = bars.open[t, j], s.units[j]
        if not price > 0.0 or np.isnan(s.pending[j]):
            continue
        weight = s.pending[j] * share
        s.pending[j] = np.nan
        if not abs(weight - now * price / equity) > max(at(plan.band, t - 1, j), LEAST_WEIGHT):
            continue
        units = weight * equity / price
        if abs(weight) <= LEAST_WEIGHT or is_flat(units, s.entered[j] if now * units > 0.0 else 0.0):
            units = 0.0
        if now != 0.0 and units * now <= 0.0:
            fill(s, out, terms, (t, j, int(SIGNAL if units == 0.0 else OPPOSITE)), -now, price)
            now = 0.0
        if units != now:
            fill(s, out, terms, (t, j, int(ENTRY if now == 0.0 else REBALANCE)), units - now, price)


@jit
def walk_targets(bars: Bars, plan: WeightPlan, rules: Rules, terms: Terms, s: State, out: Tape) -> int:
    """Every bar in the order of docs/engine.md, for target weights. Writes the tape; gives how many fills."""
    for t in range(bars.open.shape[0]):
        if t > 0:
            rebalance(s, out, bars, terms, plan, t)
            inside(s, out, bars, terms, rules, t)
        close(s, out, bars, terms, t)
    return s.made[0]  # type: ignore[no-any-return]
