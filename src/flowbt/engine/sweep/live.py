"""The fused kernels for symbols whose bars can all be traded: the same walk as `kernel.py`, trade by trade.

When a position opens, the bar of its next exit decision is looked up in the masks at once; until then no bit is read. One symbol (`run_single`) has its
position in plain variables. Of some symbols (`run_several`) each position is followed to its end when it opens, in the bars of its symbol alone, for nothing
else moves when and at what price it ends; its marks and what it brings are added to the bars it is held in, so that a bar costs one sum. Of very many (over
FEW), and of more than a few over bars that do not fit near the processor, a bar's symbols are nearer at hand than a symbol's bars, and `kernel.run_trials` is
the faster: several of its trials share the bars they touch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from flowbt.engine.sweep.kernel import HOLD, NEVER, SIZE, STOP, TAKE, TRAIL, Trials, opens_of, run_trials, sell
from flowbt.engine.sweep.masks import EMPTY, ONE, THREE, TWO, Words, count_bits, is_set, lowest, next_bit
from flowbt.engine.sweep.program import Codes, other_masks, trial_signals, whole
from flowbt.engine.sweep.sums import add_path, finish, no_bars
from flowbt.engine.types import frozen
from flowbt.engine.walk.events import MISSED, better, borrow_paid, entry_units, fixed_level, funding_paid, level_hit, share_of, slipped, trailed_level
from flowbt.engine.walk.kernel import Array, Bars, Terms
from flowbt.ground.compiled import jit

Kernel = Callable[[Terms, Words, Codes, Trials, float], None]
FEW_BARS = 2_048  # values that stay near the processor
FEW, FEWEST, NEAR = 64, 8, 1 << 24  # symbols, and bytes of prices: a third of a large cache. Found by benchmarks/turns.py and many_bars.py
OPEN, HIGH, LOW, MARK, SIX = EMPTY, ONE, TWO, THREE, np.uint64(6)


def kernel_of(bars: Bars) -> Kernel:
    """The fastest walk of these bars."""
    symbols, far = bars.open.shape[1], 4 * bars.open.nbytes > NEAR
    if symbols > FEW or (symbols > FEWEST and far) or not (bars.open > 0.0).all():
        return partial(run_trials, bars, opens_of(bars))
    return partial(run_single, bars) if symbols == 1 else partial(run_several, columns_of(bars))


class Columns(NamedTuple):
    """The bars of each symbol as neighbours: open, high, low and mark (N x T x 4), funding (N x T); calendar days to the next bar (T); whether anybody pays
    or receives funding."""

    prices: Array
    funding: Array
    days: Array
    pays: bool


def columns_of(bars: Bars) -> Columns:
    """The same bars, symbol by symbol."""
    prices = np.stack([part.T for part in (bars.open, bars.high, bars.low, bars.mark)], axis=2)
    return Columns(frozen(prices), frozen(np.ascontiguousarray(bars.funding.T)), bars.days, bool((bars.funding != 0.0).any()))


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
    closed, path = np.zeros(5), np.zeros(last + FEW_BARS)  # values at the close, one bar after another where a position was held
    for i in range(rows.shape[0]):
        if other_masks(rows, i):
            trial_signals(codes, masks, rows[i], whole(masks), stack, signal, entry)
        hold, stop, take, trail, size = rules[i, HOLD], rules[i, STOP], rules[i, TAKE], rules[i, TRAIL], rules[i, SIZE]
        stay, trailing = math.ceil(hold) if hold > 0.0 else NEVER, trail > 0.0
        share = share_of(size, 0.0, 1.0, terms.max_gross)  # nothing else is ever held: the same for any equity
        closed[:] = 0.0
        cash, before, held, next_up, next_down, next_exit = terms.cash, terms.cash, 0, -1, -1, -1
        s, path[0], k = no_bars(terms.cash), terms.cash, 0
        t, again = next_bit(entry, 0) + 1, False  # the next entry; whether a position was sold at the same open
        while 0 < t < last:
            price = opened[t]
            side = 1.0 if is_set(ups, t - 1) else -1.0
            units = entry_units(side, size, before, share, price)
            if units == 0.0:
                if again:
                    k += 1
                    path[k] = cash
                    if record:
                        returns[i, t] = cash / before - 1.0 if before > 0.0 else 0.0
                    before = cash
                t, again = next_bit(entry, t) + 1, False
                continue
            paid = abs(units) * slipped(price, side, terms.slippage)
            cost = paid * terms.fees
            cash -= side * paid + cost
            goal = price * (1.0 + side * take)
            level, why = fixed_level(side, price, stop, terms.margin)
            next_exit = upcoming(exits, next_exit, t)
            if side > 0.0:
                next_down = upcoming(downs, next_down, t)
                due = 1 + min(next_exit, next_down)
            else:
                next_up = upcoming(ups, next_up, t)
                due = 1 + min(next_exit, next_up)
            due = min(due, t + stay)
            end = np.uint64(min(due, last))
            hit, exit_price, u = MISSED, 0.0, np.uint64(t)
            if trailing or paying or (side < 0.0 and terms.borrow != 0.0):
                best = price
                while u < end:
                    nearest = trailed_level(side, level, why, best, trail)[0] if trailing else level
                    hit, exit_price = level_hit(side, opened[u], high[u], low[u], nearest, goal)
                    if hit != MISSED:
                        break
                    best = better(side, best, high[u], low[u])
                    notional = units * mark[u]
                    carry = borrow_paid(notional, terms.borrow, days[u]) + funding_paid(notional, funding[u])
                    cost += carry
                    cash -= carry
                    k += 1
                    path[np.uint64(k)] = cash + notional
                    held += 1 if path[np.uint64(k)] > 0.0 else 0
                    u += ONE
            else:
                floor, ceiling, ago = (level if side > 0.0 else goal), (goal if side > 0.0 else level), np.uint64(t - 1 - k)
                if goal == goal or abs(level) < np.inf:
                    while u < end and not (low[u] <= floor) | (high[u] >= ceiling):
                        u += ONE
                    if u < end:
                        hit, exit_price = level_hit(side, opened[u], high[u], low[u], level, goal)
                else:  # nothing can happen before it is due
                    u = end
                for v in range(np.uint64(t), u):
                    path[v - ago] = cash + units * mark[v]
                for v in range(np.uint64(t), u):
                    held += 1 if path[v - ago] > 0.0 else 0
                k += np.int64(u) - t  # type: ignore[assignment]
            if record:
                for v in range(np.uint64(t), u):
                    returns[i, v] = path[v - (u - np.uint64(k)) + ONE] / path[v - (u - np.uint64(k))] - 1.0 if path[v - (u - np.uint64(k))] > 0.0 else 0.0
            before, t = path[k], np.int64(u)  # type: ignore[assignment]
            if hit == MISSED:
                if due >= last:  # still open at the end
                    break
                exit_price = opened[t]
            cash += sell(units, exit_price, terms, paid, cost, closed)
            upcome = next_bit(entry, t if hit != MISSED else t - 1) + 1
            again = upcome == t
            path[k + 1] = cash
            if record and not again:
                returns[i, t] = cash / before - 1.0 if before > 0.0 else 0.0
            k, before, t = (k, before, upcome) if again else (k + 1, cash, upcome)
            if k >= FEW_BARS:
                s, path[0], k = add_path(s, path, 1, k + 1), path[k], 0
        s = add_path(s, path, 1, k + 1)
        finish(s, held, terms.cash, closed, last, year, out[i])


@jit
def first_of(signal: Words, kind: int, j: int, width: int, t: int) -> int:
    """The first bar at or after t at which symbol j has a signal of a kind; NEVER where there is none."""
    begin = np.uint64(j) * np.uint64(width)
    w, end = begin + np.uint64(t >> 6), begin + np.uint64(width)
    if w >= end:
        return NEVER
    word = (signal[kind, w] >> np.uint64(t & 63)) << np.uint64(t & 63)
    while word == EMPTY:
        w += ONE
        if w == end:
            return NEVER
        word = signal[kind, w]
    found: int = np.int64(w - begin) * 64 + lowest(word)
    return found


@jit
def run_several(columns: Columns, terms: Terms, masks: Words, codes: Codes, trials: Trials, year: float) -> None:
    """As `kernel.run_trials`, for bars that can all be traded. What is known of bars to come is kept by bar: who asks for an entry; marks and gross notional of
    what is held, cash that comes in at the open and inside the bar, how many more are held at its end. One long function, for the reason given there."""
    prices, fundings, days, pays = columns
    rows, rules, out, returns = trials
    n, last, _ = prices.shape
    width, wide = masks.shape[1] // n, (n + 63) // 64
    stack, signal, entry = np.empty((codes.depth, n * width), np.uint64), np.empty((3, n * width), np.uint64), np.empty(width, np.uint64)
    asks, asked = np.zeros((last + 1, wide), np.uint64), np.zeros(width + 1, np.uint64)
    up, down, exit = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    worth, gross, at_open, inside, path = np.zeros(last + 1), np.zeros(last + 1), np.zeros(last + 1), np.zeros(last + 1), np.zeros(last + 1)
    change = np.zeros(last + 1, np.int64)
    closed = np.zeros(5)
    j: Any = ONE  # unsigned: no check for an index from the end
    u: Any = ONE
    for i in range(rows.shape[0]):
        if other_masks(rows, i):
            trial_signals(codes, masks, rows[i], whole(masks), stack, signal, entry)
        hold, stop, take, trail, size = rules[i, HOLD], rules[i, STOP], rules[i, TAKE], rules[i, TRAIL], rules[i, SIZE]
        stay, trailing = math.ceil(hold) if hold > 0.0 else NEVER, trail > 0.0
        closed[:] = 0.0
        for j in range(n):
            up[j], down[j], exit[j] = first_of(signal, 0, j, width, 0), first_of(signal, 1, j, width, 0), -1
            t = min(up[j], down[j]) + 1
            if t < last:
                asks[t, j >> 6] |= ONE << np.uint64(j & 63)
                asked[t >> 6] |= ONE << np.uint64(t & 63)
        cash, before, exposed, held, k = terms.cash, terms.cash, 0.0, 0, 0
        path[0] = cash
        t = 0
        while True:
            t += 1
            if held == 0:
                t = next_bit(asked, t)
                if t < 0:
                    break
            if t >= last:
                break
            b = np.uint64(t)
            cash += at_open[b]
            if ((asked[b >> SIX] >> (b & np.uint64(63))) & ONE) != EMPTY:
                entering = 0
                for m in range(wide):
                    entering += count_bits(asks[b, m])
                share = share_of(size * before * entering, gross[b], before, terms.max_gross)
                asked[b >> SIX] ^= ONE << (b & np.uint64(63))
                for m in range(wide):
                    word = asks[b, m]
                    asks[b, m] = EMPTY
                    while word != EMPTY:
                        bit = word & (~word + ONE)
                        j = np.uint64(64 * m + lowest(word))
                        word ^= bit
                        side, price = 1.0 if up[j] < down[j] else -1.0, prices[j, b, OPEN]
                        units = entry_units(side, size, before, share, price)
                        then: Any = t  # the first decision that may be an entry again
                        if units != 0.0:
                            paid = abs(units) * slipped(price, side, terms.slippage)
                            cost = paid * terms.fees
                            cash -= side * paid + cost
                            level, why = fixed_level(side, price, stop, terms.margin)
                            goal = price * (1.0 + side * take)
                            if exit[j] < t:
                                exit[j] = first_of(signal, 2, j, width, t)
                            due = min(1 + min(exit[j], down[j] if side > 0.0 else up[j]), t + stay)  # the other side's next decision comes after this one
                            end = np.uint64(min(due, last))
                            hit, exit_price, u, carried, weight = MISSED, 0.0, b, 0.0, abs(units)
                            if trailing or pays or (side < 0.0 and terms.borrow != 0.0):
                                best = price
                                while u < end:
                                    nearest = trailed_level(side, level, why, best, trail)[0] if trailing else level
                                    hit, exit_price = level_hit(side, prices[j, u, OPEN], prices[j, u, HIGH], prices[j, u, LOW], nearest, goal)
                                    if hit != MISSED:
                                        break
                                    best = better(side, best, prices[j, u, HIGH], prices[j, u, LOW])
                                    notional = units * prices[j, u, MARK]
                                    carried += borrow_paid(notional, terms.borrow, days[u]) + funding_paid(notional, fundings[j, u])
                                    worth[u] += notional - carried
                                    gross[u] += weight * prices[j, u, OPEN]
                                    u += ONE
                                cost += carried
                            else:
                                floor, ceiling = (level, goal) if side > 0.0 else (goal, level)
                                while u < end:
                                    if (prices[j, u, LOW] <= floor) | (prices[j, u, HIGH] >= ceiling):
                                        hit, exit_price = level_hit(side, prices[j, u, OPEN], prices[j, u, HIGH], prices[j, u, LOW], level, goal)
                                        break
                                    worth[u] += units * prices[j, u, MARK]
                                    gross[u] += weight * prices[j, u, OPEN]
                                    u += ONE
                            change[b] += 1
                            then = NEVER
                            if hit != MISSED:
                                gross[u] += weight * prices[j, u, OPEN]
                                inside[u] += sell(units, exit_price, terms, paid, cost, closed) - carried
                                change[u] -= 1
                                then = np.int64(u)
                            elif due < last:
                                at_open[u] += sell(units, prices[j, u, OPEN], terms, paid, cost, closed) - carried
                                change[u] -= 1
                                then = np.int64(u) - 1
                        if then != NEVER:
                            if up[j] < then:
                                up[j] = first_of(signal, 0, j, width, then)
                            if down[j] < then:
                                down[j] = first_of(signal, 1, j, width, then)
                            x = min(up[j], down[j]) + 1
                            if x < last:
                                asks[x, m] |= bit
                                asked[x >> 6] |= ONE << np.uint64(x & 63)
            cash += inside[b]
            held += change[b]
            value = cash + worth[b]
            worth[b], gross[b], at_open[b], inside[b], change[b] = 0.0, 0.0, 0.0, 0.0, 0
            k += 1
            path[k] = value
            exposed += 1.0 if held > 0 and value > 0.0 else 0.0
            if returns.size:
                returns[i, t] = value / before - 1.0 if before > 0.0 else 0.0
            before = value
        finish(add_path(no_bars(terms.cash), path, 1, k + 1), exposed, terms.cash, closed, last, year, out[i])
