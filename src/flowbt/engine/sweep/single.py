"""The fused kernel for one symbol whose bars can all be traded: the same walk as `kernel.py`, with one position in plain variables.

When a position opens, the bar of its next exit decision is looked up in the masks at once; until then a bar costs its levels, its mark and its
sums, and no bit is read.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from flowbt.engine.sweep.kernel import HOLD, NONE, ONE, SIZE, STOP, TAKE, TRAIL, Codes, Lanes, Span, Trials, Words, combine, next_bit, sell
from flowbt.engine.sweep.sums import DEPTH, DOWN, GROWTH, HELD, MEAN, RUIN, SQUARE, finish, jit
from flowbt.engine.walk.kernel import Terms

Sums = tuple[float, float, float, float, float, float, float]
NEVER = 1 << 40  # a bar after all bars


@jit
def upcoming(words: Words, known: int, t: int) -> int:
    """The first set bit at or after t, given that the last answer was `known`; NEVER where there is none."""
    if known >= t:
        return known
    found = next_bit(words, t)
    return found if found >= 0 else NEVER


@jit
def add_bar(s: Sums, value: float, before: float) -> Sums:
    """The running sums (of returns, squares, squared losses; growth, peak, deepest drawdown; ruin) after a bar that ends at `value`."""
    total, square, down, growth, peak, depth, ruined = s
    if value > 0.0 and ruined == 0.0:
        r = value / before - 1.0
        growth = value
    else:  # after ruin there is nothing to earn a return on
        r = value / before - 1.0 if before > 0.0 else 0.0
        growth *= 1.0 + r
        ruined += 1.0 if r <= -1.0 else 0.0
    peak = growth if growth > peak else peak
    fall = growth / peak - 1.0
    depth = fall if fall < depth else depth
    return total + r, square + r * r, down + (r * r if r < 0.0 else 0.0), growth, peak, depth, ruined


@jit
def run_single(lanes: Lanes, terms: Terms, masks: Words, codes: Codes, trials: Trials, span: Span) -> None:
    """As `kernel.run_trials`, for lanes of one symbol without a missing open."""
    opened, high, low, mark, funding, days = lanes.open[0], lanes.high[0], lanes.low[0], lanes.mark[0], lanes.funding[0], lanes.days
    rows, rules, out, returns = trials
    first, last, year = span
    begin, end = np.uint64(first), np.uint64(last - 1)
    fees, slip, lend, margin, gross, start = terms.fees, terms.slippage, terms.borrow / 365.0, terms.margin, terms.max_gross, terms.cash
    width = masks.shape[1]
    stack, signal, entry = np.empty((codes.depth, width), np.uint64), np.empty((3, width), np.uint64), np.empty(width, np.uint64)
    ups, downs, exits = signal[0], signal[1], signal[2]
    paying, record = False, returns.size > 0
    for t in range(first, last):
        paying |= funding[t] != 0.0
    sums, closed = np.zeros(7), np.zeros(5)
    for i in range(rows.shape[0]):
        fresh = i == 0
        for k in range(rows.shape[1]):
            fresh |= i > 0 and rows[i, k] != rows[i - 1, k]
        if fresh:
            combine(codes, masks, rows[i], stack, signal, entry)
        hold, stop, take, trail, size = rules[i, HOLD], rules[i, STOP], rules[i, TAKE], rules[i, TRAIL], rules[i, SIZE]
        stay, trailing, share = math.ceil(hold) if hold > 0.0 else NEVER, trail > 0.0, gross / size if size > gross else 1.0
        closed[:] = 0.0
        cash, before, held, next_up, next_down, next_exit = start, start, 0.0, -1, -1, -1
        s = (0.0, 0.0, 0.0, start, start, 0.0, 0.0)
        t = first + 1
        while t < last:
            t = next_bit(entry, t - 1) + 1  # flat: on to the next entry
            if t == 0 or t >= last:
                break
            entering = True
            while entering:
                entering = False
                if not (size > 0.0 and before > 0.0):
                    t += 1
                    continue
                price = opened[t]
                side = 1.0 if (ups[(t - 1) >> 6] >> np.uint64((t - 1) & 63)) & ONE != NONE else -1.0
                units = side * (size * before * share / price)
                moved = price * (1.0 + side * slip)
                paid = abs(units) * moved
                cost = paid * fees
                cash -= units * moved + cost
                best, goal = price, price * (1.0 + side * take)
                level = price * (1.0 - side * stop) if stop > 0.0 else -np.inf * side
                next_exit = upcoming(exits, next_exit, t)
                if side > 0.0:
                    next_down = upcoming(downs, next_down, t)
                    due = 1 + min(next_exit, next_down)
                else:
                    level = min(level, price * (1.0 + margin))
                    next_up = upcoming(ups, next_up, t)
                    due = 1 + min(next_exit, next_up)
                due = min(due, t + stay)
                carrying = paying or side < 0.0
                leave = 0.0
                u: Any = np.uint64(t)
                for u in range(np.uint64(t), np.uint64(min(due, last))):  # unsigned: no check for an index from the end
                    if side > 0.0:
                        floor = max(level, best * (1.0 - trail)) if trailing else level
                        if low[u] <= floor:
                            leave = min(opened[u], floor)
                            break
                        if high[u] >= goal:  # False where take is NaN
                            leave = max(opened[u], goal)
                            break
                        best = max(best, high[u])
                    else:
                        floor = min(level, best * (1.0 + trail)) if trailing else level
                        if high[u] >= floor:
                            leave = max(opened[u], floor)
                            break
                        if low[u] <= goal:
                            leave = min(opened[u], goal)
                            break
                        best = min(best, low[u])
                    notional = units * mark[u]
                    if carrying:
                        carry = notional * funding[u]
                        if side < 0.0 and u < end:
                            carry -= notional * lend * days[u]
                        cost += carry
                        cash -= carry
                    value = cash + notional
                    s = add_bar(s, value, before)
                    held += 1.0 if value > 0.0 else 0.0
                    if record:
                        returns[i, u - begin] = value / before - 1.0 if before > 0.0 else 0.0
                    before = value
                t = np.int64(u)  # type: ignore[assignment]
                if leave == 0.0:
                    t = due
                    if due >= last:  # still open at the end
                        break
                    leave = opened[t]
                    entering = (entry[(t - 1) >> 6] >> np.uint64((t - 1) & 63)) & ONE != NONE
                cash += sell(units, leave, slip, fees, paid, cost, closed)
                if not entering:
                    s = add_bar(s, cash, before)
                    if record:
                        returns[i, t - first] = cash / before - 1.0 if before > 0.0 else 0.0
                    before = cash
                    t += 1
        sums[MEAN], sums[SQUARE], sums[DOWN], sums[GROWTH], sums[DEPTH], sums[RUIN], sums[HELD] = s[0], s[1], s[2], s[3] / start, s[5], s[6], held
        finish(sums, closed, last - first, year, out[i])
