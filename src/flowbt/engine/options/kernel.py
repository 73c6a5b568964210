"""The walk of option structures, compiled. `twin.py` is the same in plain Python, the order of events that `run.py` names; the tests hold them equal.

A walk goes on until its tape is full, or an option cannot be opened: the caller gives it room, or says why.
"""

from __future__ import annotations

import numpy as np

from flowbt.engine.options.trading import (
    COLUMN,
    COLUMNS,
    DUE,
    EARLY,
    ENTERED,
    EXPIRED,
    EXPIRES,
    EXPIRY,
    FEES,
    HEDGE,
    HELD,
    LAST,
    LEAVING,
    MONEY,
    NEVER,
    NUMBER,
    ORDERS,
    PENDING,
    ROLL,
    ROW,
    SHARES,
    SIDE,
    SINCE,
    SPENT,
    STRUCK,
    STRUCTURES,
    TRADE,
    UNITS,
    WAITING,
    StructureState,
    StructureTape,
    StructureWorld,
    close,
    closed,
    option_held,
    record,
    reduce,
    trade_option,
    trade_shares,
)
from flowbt.engine.options.valuation import (
    CALL,
    CLOSE,
    FUNDING,
    MARKS,
    OPEN,
    OPENS,
    POINTS,
    QUANTITY,
    OptionTraded,
    PricingArrays,
    crossed_at,
    inputs_at,
    option_of,
    settled_at,
    value_at,
    within,
    years_left,
)
from flowbt.engine.walk.events import ENTRY, LEAST_SHARE, LIQUIDATION, NONE, PARTIAL, STOP, TAKE, borrow_paid, due_at_open, funding_paid, is_flat, share_of
from flowbt.engine.walk.kernel import Rules, at
from flowbt.ground.compiled import jit, jit_part


@jit_part
def listen(s: StructureState, rules: Rules, t: int) -> None:
    """The decisions of the bar before; a newer one replaces one that waits."""
    for j in range(s.real.shape[1]):
        fraction = at(rules.exit, t - 1, j)
        if fraction > 0.0:
            s.real[LEAVING, j], s.real[PENDING, j] = fraction, 0.0
        long, short = rules.long[t - 1, j], rules.short[t - 1, j]
        if long != short:
            s.real[PENDING, j], s.whole[WAITING, j] = (1.0 if long else -1.0), t - 1


@jit_part
def choose(w: StructureWorld, s: StructureState, where: tuple[int, int], since: float) -> bool:
    """The options a structure opened at this open has; False where one cannot be."""
    j = where[1]
    for k in range(s.columns.shape[2]):
        option, there = option_of(w.prices, w.legs, k, where, since)
        if not there:
            return False
        s.options[STRUCK, j, k], s.options[EXPIRES, j, k], s.columns[LAST, j, k] = option.strike, option.expiry, option.last
    return True


@jit_part
def buy_options(w: StructureWorld, s: StructureState, out: StructureTape, where: tuple[int, int]) -> int:
    """Open a column for each option chosen, and trade it; gives how many of them a surface priced."""
    t, j = where
    quoted = 0
    for k in range(s.columns.shape[2]):
        n = s.made[COLUMNS]
        s.made[COLUMNS] += 1
        s.columns[COLUMN, j, k], s.options[HELD, j, k] = w.prices.grid.shape[2] + n, 0.0
        out.contract[n, 0], out.contract[n, 1], out.contract[n, 2] = j, k, t
        out.terms[n, 0], out.terms[n, 1] = s.options[STRUCK, j, k], s.options[EXPIRES, j, k]
        quoted += by_surface(w.prices, where, option_held(w, s, j, k))
        trade_option(w, s, out, (t, j, k, ENTRY), s.real[SIDE, j] * w.legs.terms[k, QUANTITY] * s.real[UNITS, j])
    return quoted


@jit_part
def by_surface(p: PricingArrays, where: tuple[int, int], option: OptionTraded) -> int:
    """1 where a surface of the day before prices an option at this open."""
    t, j = where
    years = years_left(p, t, option.expiry, OPEN)
    return 1 if inputs_at(p, t - 1, j, p.grid[OPENS, t, j], option.strike, years)[3] else 0


@jit_part
def roll(w: StructureWorld, s: StructureState, out: StructureTape, where: tuple[int, int]) -> bool:
    """Replace the option legs by new ones of the same rules; an underlying leg stays."""
    t, j = where
    if not w.prices.grid[POINTS, t - 1, j] > 0.0:
        return True
    for k in range(s.columns.shape[2]):
        if s.columns[COLUMN, j, k] != NEVER:
            trade_option(w, s, out, (t, j, k, ROLL), -s.options[HELD, j, k])
            s.columns[COLUMN, j, k] = NEVER
    s.whole[DUE, j] = NONE
    if not choose(w, s, where, s.real[EXPIRED, j]):
        return False
    buy_options(w, s, out, where)
    s.real[EXPIRED, j] = np.nan
    return True


@jit_part
def exit_at_open(w: StructureWorld, rules: Rules, s: StructureState, out: StructureTape, t: int) -> bool:
    """Exits at the open, whole or in part, and rolls. False where an option cannot be opened."""
    there = True
    for j in range(s.real.shape[1]):
        if not w.prices.grid[OPENS, t, j] > 0.0:
            continue
        if s.whole[NUMBER, j] != NEVER:
            reason, part = due_at_open(s.real[SIDE, j], s.real[PENDING, j], s.real[LEAVING, j], t - s.whole[SINCE, j], at(rules.hold, s.whole[ROW, j], j))
            if reason not in (NONE, PARTIAL):
                close(w, s, out, (t, j), reason)
            elif s.whole[DUE, j] == ROLL:
                there = roll(w, s, out, (t, j)) and there
            elif s.whole[DUE, j] != NONE:
                close(w, s, out, (t, j), s.whole[DUE, j])
            elif reason == PARTIAL:
                reduce(w, s, out, (t, j), part)
        s.real[LEAVING, j] = 0.0
    return there


@jit_part
def worst_loss(w: StructureWorld, s: StructureState, j: int, side: float, paid: float) -> float:
    """The most that can be lost at expiry by the options chosen, per unit, having paid `paid` for all; inf without a bound (`pricing.worst_loss`)."""
    legs, shares, coin = w.legs, side * w.terms.shares, w.prices.coin
    slope = shares
    for k in range(len(legs.terms)):
        if s.options[EXPIRES, j, k] != s.options[EXPIRES, j, 0]:
            return paid if paid > 0.0 else np.inf
        slope += side * legs.terms[k, QUANTITY] if legs.terms[k, CALL] > 0.0 else 0.0
    if not coin and slope < 0.0:
        return np.inf
    least = slope if coin else np.inf
    for n in range(-1, len(legs.terms)):
        spot = 0.0 if n < 0 else s.options[STRUCK, j, n]
        worth = shares * spot
        for k in range(len(legs.terms)):
            gap = spot - s.options[STRUCK, j, k] if legs.terms[k, CALL] > 0.0 else s.options[STRUCK, j, k] - spot
            worth += side * legs.terms[k, QUANTITY] * max(gap, 0.0)
        if not coin:
            least = min(least, worth)
        elif n >= 0:
            least = min(least, worth / spot)
        elif worth < 0.0:  # a fixed sum of dollars is worth any number of coins as the coin falls
            return np.inf
    return paid - least


@jit_part
def money_per_unit(w: StructureWorld, s: StructureState, t: int, j: int) -> float:
    """What one unit of the options chosen takes of the money asked: the most it can lose, costs included, or the spot."""
    terms, spot, side = w.terms, w.prices.grid[OPENS, t, j], s.real[PENDING, j]
    paid, gross = 0.0, 0.0
    for k in range(len(w.legs.terms)):
        option, quantity = option_held(w, s, j, k), side * w.legs.terms[k, QUANTITY]
        fair, _, vol = value_at(w.prices, w.kept, (t, j, OPEN), option)
        cash = quantity * crossed_at(w.prices, terms.crossing, (t, j), option, (fair, vol), quantity)
        paid += cash
        gross += abs(cash)
    shares = side * terms.shares
    cost = paid + gross * terms.fees + shares * spot + abs(shares) * spot * (terms.fees + terms.slippage)
    loss = worst_loss(w, s, j, side, cost)
    return loss if terms.by_risk and np.isfinite(loss) and loss > 0.0 else 1.0 if w.prices.coin else spot


@jit_part
def enter(w: StructureWorld, rules: Rules, s: StructureState, out: StructureTape, t: int) -> bool:
    """Open a structure where a signal waits and the account has room for it. False where an option cannot be opened."""
    equity = out.bars[t - 1, 0]
    opens, iv, n = w.prices.grid[OPENS], w.prices.grid[POINTS], s.real.shape[1]
    asked, taken, wanted = 0.0, 0.0, np.zeros(n)
    for j in range(n):
        if s.whole[NUMBER, j] != NEVER:
            taken += s.real[MONEY, j] * s.real[UNITS, j] / s.real[ENTERED, j]
        elif s.real[PENDING, j] != 0.0 and opens[t, j] > 0.0:
            size = at(rules.size, s.whole[WAITING, j], j)
            if size > 0.0 and equity > 0.0 and iv[t - 1, j] > 0.0:
                wanted[j] = size * equity
                asked += wanted[j]
    share = share_of(asked, taken, equity, w.terms.max_gross)
    for j in range(n):
        if wanted[j] > 0.0 and share > LEAST_SHARE:
            if not choose(w, s, (t, j), np.nan):
                return False
            open_structure(w, s, out, (t, j), wanted[j] * share)
        if opens[t, j] > 0.0:
            s.real[PENDING, j] = 0.0
    return True


@jit_part
def open_structure(w: StructureWorld, s: StructureState, out: StructureTape, where: tuple[int, int], money: float) -> None:
    """Buy or sell a structure of the options chosen at the open, for so much of the money asked."""
    t, j = where
    n, side, units = s.made[STRUCTURES], s.real[PENDING, j], money / money_per_unit(w, s, t, j)
    s.made[STRUCTURES] += 1
    s.whole[NUMBER, j], s.real[SIDE, j], s.real[UNITS, j], s.real[ENTERED, j], s.real[MONEY, j] = n, side, units, units, money
    s.real[SPENT, j], s.real[FEES, j], s.whole[SINCE, j], s.whole[ROW, j], s.whole[DUE, j], s.real[EXPIRED, j] = 0.0, 0.0, t, s.whole[WAITING, j], NONE, np.nan
    trade_shares(w, s, out, (t, j, ENTRY), side * units * w.terms.shares, w.prices.grid[OPENS, t, j])
    quoted = buy_options(w, s, out, where)
    out.opened[n, 0], out.opened[n, 1], out.opened[n, 2], out.opened[n, 3], out.opened[n, 4], out.opened[n, 5] = j, side, t, s.whole[ROW, j], 0, quoted
    out.paid[n, 0], out.paid[n, 1], out.paid[n, 2] = units, money, side * -(s.real[SPENT, j] + s.real[FEES, j])


@jit_part
def hedge(w: StructureWorld, s: StructureState, out: StructureTape, t: int) -> None:
    """Bring each position's delta to nothing at the open; shares of which only dust would stay are all sold."""
    for j in range(s.real.shape[1]):
        if s.whole[NUMBER, j] == NEVER or not w.prices.grid[OPENS, t, j] > 0.0:
            continue
        delta, options = 0.0, 0
        for k in range(s.columns.shape[2]):
            if s.columns[COLUMN, j, k] != NEVER:
                delta += s.options[HELD, j, k] * value_at(w.prices, w.kept, (t, j, OPEN), option_held(w, s, j, k))[1]
                options += 1
        delta += s.real[SHARES, j]
        if options and abs(delta) > w.terms.hedge_band * s.real[UNITS, j]:
            shares = s.real[SHARES, j]
            units = -shares if is_flat(shares - delta, s.real[ENTERED, j]) else -delta
            trade_shares(w, s, out, (t, j, HEDGE), units, w.prices.grid[OPENS, t, j])


@jit_part
def settle(w: StructureWorld, s: StructureState, out: StructureTape, t: int) -> None:
    """Options whose last bar this is are paid, free of cost."""
    p = w.prices
    for j in range(s.real.shape[1]):
        if s.whole[NUMBER, j] == NEVER:
            continue
        for k in range(s.columns.shape[2]):
            if s.columns[COLUMN, j, k] == NEVER or s.columns[LAST, j, k] != t:
                continue
            price, paid_at = settled_at(p, j, option_held(w, s, j, k))
            if s.options[HELD, j, k] != 0.0:
                record(s, out, (t, j, s.columns[COLUMN, j, k], EXPIRY, s.columns[TRADE, j, k]), (-s.options[HELD, j, k], 0.0, price, 0.0, price))
            s.columns[COLUMN, j, k], s.real[EXPIRED, j] = NEVER, s.options[EXPIRES, j, k]
            left = np.any(s.columns[COLUMN, j] != NEVER)
            s.whole[DUE, j] = ROLL if w.terms.roll else EARLY if left else EXPIRY
            if w.terms.hedge and not left and within(p, t, s.options[EXPIRES, j, k]) < 1.0:
                trade_shares(w, s, out, (t, j, EXPIRY), s.real[SIDE, j] * s.real[UNITS, j] * w.terms.shares - s.real[SHARES, j], paid_at)
        if s.whole[DUE, j] == EXPIRY and not np.any(s.columns[COLUMN, j] != NEVER) and s.real[SHARES, j] == 0.0:
            closed(s, out, j, t)


@jit_part
def mark(w: StructureWorld, rules: Rules, s: StructureState, out: StructureTape, t: int) -> None:
    """Carry, the value of everything, net and gross delta over it, and what the close makes due at the next open."""
    p, terms, n = w.prices, w.terms, s.real.shape[1]
    worth, net, gross, mine = 0.0, 0.0, 0.0, np.zeros(n)
    for j in range(n):
        if s.whole[NUMBER, j] == NEVER:
            continue
        spot, shares = p.grid[MARKS, t, j], s.real[SHARES, j]
        out.carry[0, t, j] = borrow_paid(shares * spot, terms.borrow, p.labels[1, t])
        out.carry[1, t, j] = funding_paid(shares * spot, p.grid[FUNDING, t, j]) if shares != 0.0 else 0.0
        s.cash[0] -= out.carry[0, t, j] + out.carry[1, t, j]
        s.real[SPENT, j] -= out.carry[0, t, j] + out.carry[1, t, j]
        delta, now = shares, shares * spot
        for k in range(s.columns.shape[2]):
            if s.columns[COLUMN, j, k] != NEVER:
                price, one, _ = value_at(p, w.kept, (t, j, CLOSE), option_held(w, s, j, k))
                now += s.options[HELD, j, k] * price
                delta += s.options[HELD, j, k] * one
        mine[j] = now
        worth += now
        net, gross = net + delta * spot, gross + abs(delta * spot)
    total = s.cash[0] + worth
    out.bars[t, 0] = total
    known = total > 0.0 and not p.coin
    out.bars[t, 1], out.bars[t, 2] = (net / total, gross / total) if known else (np.nan, np.nan)
    for j in range(n):
        if s.whole[NUMBER, j] != NEVER:
            stop, take = at(rules.stop, s.whole[ROW, j], j), at(rules.take, s.whole[ROW, j], j)
            fall_due(w, s, (t, j), (stop, take), (s.real[SPENT, j] + mine[j], total))
            out.paid[s.whole[NUMBER, j], 3] = s.real[SPENT, j] + mine[j]


@jit_part
def fall_due(w: StructureWorld, s: StructureState, where: tuple[int, int], levels: tuple[float, float], worth: tuple[float, float]) -> None:
    """What the close makes due; expiry and roll at expiry were set by `settle`. `worth`: result of the position, value of the account."""
    (t, j), (stop, take), (value, equity), terms = where, levels, worth, w.terms
    days = np.inf
    if s.whole[DUE, j] == NONE:
        for k in range(s.columns.shape[2]):
            if s.columns[COLUMN, j, k] != NEVER:
                days = min(days, s.options[EXPIRES, j, k] - w.prices.labels[0, t])
    if equity <= 0.0 or (not terms.by_risk and value <= -terms.margin * s.real[MONEY, j]):
        s.whole[DUE, j] = LIQUIDATION
    elif value <= -stop * s.real[MONEY, j]:
        s.whole[DUE, j] = STOP
    elif value >= take * s.real[MONEY, j]:
        s.whole[DUE, j] = TAKE
    elif days <= terms.roll_days:
        s.whole[DUE, j] = ROLL if terms.roll else EARLY


@jit
def walk_structures(w: StructureWorld, rules: Rules, s: StructureState, out: StructureTape, start: int) -> tuple[int, bool]:
    """Every bar from `start` on; gives the bar to go on from when the tape is full (T: done), and False where an option cannot be opened in that bar."""
    _, length, n = w.prices.grid.shape
    most = n * (4 * len(w.legs.terms) + 8)
    for t in range(start, length):
        if s.made[ORDERS] + most > len(out.fill):
            return t, True
        if t > 0:
            listen(s, rules, t)
            if not (exit_at_open(w, rules, s, out, t) and enter(w, rules, s, out, t)):
                return t, False
            if w.terms.hedge:
                hedge(w, s, out, t)
        out.by_open[t] = s.made[ORDERS]
        settle(w, s, out, t)
        mark(w, rules, s, out, t)
    return length, True
