"""The fused kernel for one symbol whose bars can all be traded: the same walk as `kernel.py`, with one position in plain variables.

When a position opens, the bar of its next exit decision is looked up in the masks at once; until then a bar costs its levels, its mark and its
sums, and no bit is read.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from flowbt.engine.sweep.kernel import (
    HOLD,
    NEVER,
    ONE,
    SIZE,
    STOP,
    TAKE,
    TRAIL,
    Codes,
    Trials,
    Words,
    is_set,
    next_bit,
    opens_of,
    run_trials,
    sell,
    trial_signals,
)
from flowbt.engine.sweep.sums import add_bar, add_path, finish, no_bars
from flowbt.engine.walk.events import MISSED, better, borrow_paid, entry_units, fixed_level, funding_paid, level_hit, share_of, slipped, trailed_level
from flowbt.engine.walk.kernel import Bars, Terms
from flowbt.ground.compiled import jit

Kernel = Callable[[Terms, Words, Codes, Trials, float], None]


def kernel_of(bars: Bars) -> Kernel:
    """The walk of these bars: that of one symbol whose bars can all be traded, else that of several."""
    return partial(run_single, bars) if bars.open.shape[1] == 1 and (bars.open > 0.0).all() else partial(run_trials, bars, opens_of(bars))


@jit
def upcoming(words: Words, known: int, t: int) -> int:
    """The first set bit at or after t, given that the last answer was `known`; NEVER where there is none."""
    if known >= t:
        return known
    found = next_bit(words, t)
    return found if found >= 0 else NEVER


@jit
def run_single(bars: Bars, terms: Terms, masks: Words, codes: Codes, trials: Trials, year: float) -> None:
    """As `kernel.run_trials`, for bars of one symbol without a missing open."""
    opened, high, low, mark, funding = bars.open.ravel(), bars.high.ravel(), bars.low.ravel(), bars.mark.ravel(), bars.funding.ravel()
    days, last = bars.days, bars.open.size
    rows, rules, out, returns = trials
    width = masks.shape[1]
    stack, signal, entry = np.empty((codes.depth, width), np.uint64), np.empty((3, width), np.uint64), np.empty(width, np.uint64)
    ups, downs, exits = signal[0], signal[1], signal[2]
    paying, record = False, returns.size > 0
    u: Any = ONE  # an unsigned index needs no check for one from the end
    for t in range(last):
        paying |= funding[t] != 0.0
    closed, path = np.zeros(5), np.zeros(last)
    for i in range(rows.shape[0]):
        fresh = i == 0
        for k in range(rows.shape[1]):
            fresh |= i > 0 and rows[i, k] != rows[i - 1, k]
        if fresh:
            trial_signals(codes, masks, rows[i], stack, signal, entry)
        hold, stop, take, trail, size = rules[i, HOLD], rules[i, STOP], rules[i, TAKE], rules[i, TRAIL], rules[i, SIZE]
        stay, trailing = math.ceil(hold) if hold > 0.0 else NEVER, trail > 0.0
        share = share_of(size, 0.0, 1.0, terms.max_gross)  # nothing else is ever held: the same for any equity
        closed[:] = 0.0
        cash, before, held, next_up, next_down, next_exit = terms.cash, terms.cash, 0.0, -1, -1, -1
        s = no_bars(terms.cash)
        t = 1
        while t < last:
            t = next_bit(entry, t - 1) + 1  # flat: on to the next entry
            if t == 0 or t >= last:
                break
            entering = True
            while entering:
                entering = False
                price = opened[t]
                side = 1.0 if is_set(ups, t - 1) else -1.0
                units = entry_units(side, size, before, share, price)
                if units == 0.0:
                    t += 1
                    continue
                paid = abs(units) * slipped(price, side, terms.slippage)
                cost = paid * terms.fees
                cash -= side * paid + cost
                best, goal = price, price * (1.0 + side * take)
                level, why = fixed_level(side, price, stop, terms.margin)
                next_exit = upcoming(exits, next_exit, t)
                if side > 0.0:
                    next_down = upcoming(downs, next_down, t)
                    due = 1 + min(next_exit, next_down)
                else:
                    next_up = upcoming(ups, next_up, t)
                    due = 1 + min(next_exit, next_up)
                due = min(due, t + stay)
                carrying, end = paying or (side < 0.0 and terms.borrow != 0.0), min(due, last)
                hit, exit_price = MISSED, 0.0
                if not (carrying or trailing or goal == goal or abs(level) < np.inf):  # nothing can happen before it is due
                    path[t - 1] = before
                    for u in range(np.uint64(t), np.uint64(end)):
                        path[u] = cash + units * mark[u]
                    s = add_path(s, path, t, end)
                    for u in range(np.uint64(t), np.uint64(end)):
                        held += 1.0 if path[u] > 0.0 else 0.0
                        if record:
                            returns[i, u] = path[u] / path[u - ONE] - 1.0 if path[u - ONE] > 0.0 else 0.0
                    before = path[end - 1]
                    t = end
                else:
                    u = np.uint64(t)
                    for u in range(np.uint64(t), np.uint64(end)):  # unsigned: no check for an index from the end
                        nearest = trailed_level(side, level, why, best, trail)[0] if trailing else level
                        hit, exit_price = level_hit(side, opened[u], high[u], low[u], nearest, goal)
                        if hit != MISSED:
                            break
                        best = better(side, best, high[u], low[u])
                        notional = units * mark[u]
                        if carrying:
                            carry = borrow_paid(notional, terms.borrow, days[u]) + funding_paid(notional, funding[u])
                            cost += carry
                            cash -= carry
                        value = cash + notional
                        s = add_bar(s, value, before)
                        held += 1.0 if value > 0.0 else 0.0
                        if record:
                            returns[i, u] = value / before - 1.0 if before > 0.0 else 0.0
                        before = value
                    t = np.int64(u)  # type: ignore[assignment]
                if hit == MISSED:
                    t = due
                    if due >= last:  # still open at the end
                        break
                    exit_price = opened[t]
                    entering = is_set(entry, t - 1) and entry_units(1.0, size, before, share, exit_price) != 0.0
                cash += sell(units, exit_price, terms, paid, cost, closed)
                if not entering:
                    s = add_bar(s, cash, before)
                    if record:
                        returns[i, t] = cash / before - 1.0 if before > 0.0 else 0.0
                    before = cash
                    t += 1
        finish(s, held, terms.cash, closed, last, year, out[i])
