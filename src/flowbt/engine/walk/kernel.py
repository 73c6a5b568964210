"""The simulation, compiled. `twin.py` says the same in plain Python, and the tests hold them equal.

A bar runs: exits at the open, entries at the open, levels inside the bar, then marking and carry at the close. The order of
events and every convention are in docs/engine.md. Arrays of rules may be 1 x 1, 1 x N, T x 1 or T x N.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
import numpy.typing as npt
from numba import njit

F = TypeVar("F", bound=Callable[..., Any])
Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

REASONS = ("entry", "signal", "opposite", "hold", "stop", "take", "trail", "liquidation", "rebalance", "partial", "expiry", "roll", "early", "hedge")
ENTRY, SIGNAL, OPPOSITE, HOLD, STOP, TAKE, TRAIL, LIQUIDATION, REBALANCE, PARTIAL = range(10)


def jit(function: F) -> F:
    """Compile, once for all runs, and let other threads work meanwhile."""
    return cast(F, njit(cache=True, nogil=True)(function))


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
    """Per symbol: signed units, entry price before slippage, best price, entry bar, bar of the decision, number of the trade."""

    units: Array
    entry: Array
    best: Array
    opened: Ints
    row: Ints
    trade: Ints
    wait: Array  # direction or weight asked and not yet filled (0 or NaN: none)
    wait_row: Ints
    wait_exit: Array  # fraction to close
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
    value: float = a[t if a.shape[0] > 1 else 0, j if a.shape[1] > 1 else 0]
    return value


def start(n: int, cash: float, nothing: float) -> State:
    f, i = np.zeros((5, n)), np.zeros((4, n), np.int64)
    f[3] = nothing
    return State(f[0], f[1], f[2], i[0], i[1], i[2], f[3], i[3], f[4], np.full(1, cash), np.zeros(2, np.int64))


def tape_for(bars: Bars, size: int) -> Tape:
    """Room for `size` orders; memory that is never written costs nothing."""
    shape = bars.open.shape
    return Tape(np.empty((size, 4), np.int64), np.empty((size, 4)), np.empty(shape[0]), np.zeros(shape), np.zeros(shape), np.zeros(shape))


@jit
def fill(s: State, out: Tape, terms: Terms, where: tuple[int, int, int], units: float, price: float) -> None:
    """Trade `units` (signed) at `price` moved against the trader."""
    t, j, reason = where
    paid = price * (1.0 + terms.slippage) if units > 0 else price * (1.0 - terms.slippage)
    fee = abs(units) * paid * terms.fees
    before = s.units[j]
    if before == 0.0:
        s.trade[j] = s.made[1]
        s.made[1] += 1
        s.entry[j], s.best[j], s.opened[j] = price, price, t
    elif before * units > 0.0:  # added to: the entry is the mean price
        s.entry[j] = (before * s.entry[j] + units * price) / (before + units)
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
        leave = at(rules.exit, t - 1, j)
        if leave > 0.0:
            s.wait_exit[j] = leave
            s.wait[j] = 0.0
        if long != short:
            s.wait[j] = 1.0 if long else -1.0
            s.wait_row[j] = t - 1


@jit
def leave(s: State, out: Tape, bars: Bars, terms: Terms, rules: Rules, t: int) -> None:
    """Exits due at the open."""
    for j in range(s.units.size):
        price = bars.open[t, j]
        if not price > 0.0:
            continue
        units, part, reason = s.units[j], min(s.wait_exit[j], 1.0), -1
        if units != 0.0:
            if part == 1.0:
                reason = SIGNAL
            elif units * s.wait[j] < 0.0:
                reason, part = OPPOSITE, 1.0
            elif t - s.opened[j] >= at(rules.hold, s.row[j], j):  # False where hold is NaN
                reason, part = HOLD, 1.0
            elif part > 0.0:
                reason = PARTIAL
        if reason >= 0:
            fill(s, out, terms, (t, j, reason), -units * part, price)
        s.wait_exit[j] = 0.0


@jit
def enter(s: State, out: Tape, bars: Bars, terms: Terms, rules: Rules, t: int) -> None:
    """Entries of flat symbols, all scaled alike where they ask for more than there is."""
    equity = out.value[t - 1]
    asked, held = 0.0, 0.0
    for j in range(s.units.size):
        price = bars.open[t, j]
        if s.units[j] != 0.0:
            held += abs(s.units[j]) * (price if price > 0.0 else bars.mark[t, j])
        elif s.wait[j] != 0.0 and price > 0.0:
            size = at(rules.size, s.wait_row[j], j)
            if size > 0.0 and equity > 0.0:
                asked += size * equity
            else:
                s.wait[j] = 0.0
    room = max(terms.max_gross * equity - held, 0.0)
    share = room / asked if asked > room else 1.0
    for j in range(s.units.size):
        price = bars.open[t, j]
        if not price > 0.0:
            continue
        if s.units[j] == 0.0 and s.wait[j] != 0.0 and share > 1e-12:
            s.row[j] = s.wait_row[j]
            units = s.wait[j] * (at(rules.size, s.row[j], j) * equity * share / price)
            fill(s, out, terms, (t, j, int(ENTRY)), units, price)
        s.wait[j] = 0.0


@jit
def inside(s: State, out: Tape, bars: Bars, terms: Terms, rules: Rules, t: int) -> None:
    """Liquidation, stops and takes, at their level or, beyond it, at the open."""
    for j in range(s.units.size):
        units, price = s.units[j], bars.open[t, j]
        if units == 0.0 or not price > 0.0:
            continue
        side = 1.0 if units > 0.0 else -1.0
        stop, take, trail = at(rules.stop, s.row[j], j), at(rules.take, s.row[j], j), at(rules.trail, s.row[j], j)
        level, reason = -np.inf * side, -1
        if stop > 0.0:
            level, reason = s.entry[j] * (1.0 - side * stop), STOP
        if trail > 0.0 and side * (s.best[j] * (1.0 - side * trail) - level) > 0.0:
            level, reason = s.best[j] * (1.0 - side * trail), TRAIL
        if side < 0.0 and s.entry[j] * (1.0 + terms.margin) < level:
            level, reason = s.entry[j] * (1.0 + terms.margin), LIQUIDATION
        worst, finest = (bars.low[t, j], bars.high[t, j]) if side > 0.0 else (bars.high[t, j], bars.low[t, j])
        goal = s.entry[j] * (1.0 + side * take)
        if side * (worst - level) <= 0.0:
            price = side * min(side * price, side * level)
        elif side * (finest - goal) >= 0.0:  # False where take is NaN
            price, reason = side * max(side * price, side * goal), TAKE
        else:
            reason = -1
        if reason >= 0:
            fill(s, out, terms, (t, j, reason), -units, price)
        else:
            s.best[j] = side * max(side * s.best[j], side * finest)


@jit
def close(s: State, out: Tape, bars: Bars, terms: Terms, t: int) -> None:
    """Mark, and pay borrow and funding."""
    worth = 0.0
    for j in range(s.units.size):
        if s.units[j] == 0.0:
            continue
        notional = s.units[j] * bars.mark[t, j]
        worth += notional
        if notional < 0.0:
            out.borrow[t, j] = -notional * terms.borrow * bars.days[t] / 365.0
        out.funding[t, j] = notional * bars.funding[t, j]
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
    for t in range(bars.open.shape[0]):
        if t > 0:
            listen(s, rules, t)
            leave(s, out, bars, terms, rules, t)
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
            s.wait[j] = weight
        price = bars.open[t, j]
        if price > 0.0 and not np.isnan(s.wait[j]):
            asked += abs(s.wait[j]) * equity
        elif s.units[j] != 0.0:
            held += abs(s.units[j]) * (price if price > 0.0 else bars.mark[t, j])
    room = max(terms.max_gross * equity - held, 0.0)
    share = room / asked if asked > room else 1.0
    for j in range(s.units.size):
        price = bars.open[t, j]
        if not price > 0.0 or np.isnan(s.wait[j]):
            continue
        weight = s.wait[j] * share
        s.wait[j] = np.nan
        off = weight - s.units[j] * price / equity
        if not abs(off) > max(at(plan.band, t - 1, j), 1e-9):
            continue
        units = weight * equity / price if abs(weight) > 1e-9 else 0.0
        if units * s.units[j] < 0.0 or (units == 0.0 and s.units[j] != 0.0):
            fill(s, out, terms, (t, j, int(SIGNAL if units == 0.0 else OPPOSITE)), -s.units[j], price)
        if units != s.units[j]:
            fill(s, out, terms, (t, j, int(ENTRY if s.units[j] == 0.0 else REBALANCE)), units - s.units[j], price)


@jit
def walk_targets(bars: Bars, plan: WeightPlan, rules: Rules, terms: Terms, s: State, out: Tape) -> int:
    for t in range(bars.open.shape[0]):
        if t > 0:
            rebalance(s, out, bars, terms, plan, t)
            inside(s, out, bars, terms, rules, t)
        close(s, out, bars, terms, t)
    return s.made[0]  # type: ignore[no-any-return]
