"""The fused kernel: evaluate a trial's signals from its masks, walk only the bars that matter, keep running sums instead of series.

The order of events is that of `engine/walk/kernel.py` with scalar rules, from the same `events.py`. While every symbol is flat the value cannot
move, so the walk jumps to the next entry bit; while there is a position (or an order waiting for an open) it goes bar by bar. Words of bits say which symbols
may be due, asked for or hit; those, and only those, are asked one by one what happens to them.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from flowbt.engine.sweep.masks import EMPTY, ONE, Words, by_bar, count_bits, lowest, next_bit
from flowbt.engine.sweep.program import Codes, Part, other_masks, trial_signals
from flowbt.engine.sweep.sums import add_path, count_trade, finish
from flowbt.engine.types import frozen
from flowbt.engine.walk.events import (
    MISSED,
    NONE,
    better,
    borrow_paid,
    due_at_open,
    entry_units,
    fixed_level,
    funding_paid,
    level_hit,
    share_of,
    slipped,
    trade_profit,
    trailed_level,
)
from flowbt.engine.walk.kernel import Array, Bars, Bools, Ints, Terms
from flowbt.ground.compiled import jit, jit_sums

HOLD, STOP, TAKE, TRAIL, SIZE = range(5)  # columns of a trial's rules
NEVER = 1 << 40  # a bar after all bars
NEAR = 1 << 19  # bytes of prices that stay near the processor while several trials go through them
TOGETHER = 16  # trials
WORD_BYTES = 64 * 4 * 8  # of a symbol's prices over the bars of a word
WAITING = 1 << 21  # words, at most, that say who entered when


class Trials(NamedTuple):
    """Per trial: rows of the masks (trials x leaves) and rules (trials x 5); room for metrics (trials x METRICS) and returns (trials x bars, or 0 x 0)."""

    rows: Ints
    rules: Array
    out: Array
    returns: Array


class Opens(NamedTuple):
    """What the bars are besides, made once (`opens_of`), T x N: a position's price at the open (the mark where there is none), its mark; nothing is missing
    where one can be held. T x (N / 64): a bit per symbol that can be traded. T: whether anybody pays or receives funding. Words of 64 bars that trials go
    through together."""

    at_open: Array
    mark: Array
    live: Words
    pays: Bools
    words: int


def opens_of(bars: Bars, near: int = NEAR) -> Opens:
    """Arrays without gaps are taken as they are."""
    live = bars.open > 0.0
    padded = np.zeros((live.shape[0], -(-live.shape[1] // 64) * 64), np.bool_)
    padded[:, : live.shape[1]] = live
    mark = bars.mark if not np.isnan(bars.mark).any() else frozen(np.nan_to_num(bars.mark))
    at_open = bars.open if live.all() else frozen(np.where(live, bars.open, mark))
    pays = frozen((bars.funding != 0.0).any(axis=1), np.bool_)
    bits = frozen(np.packbits(padded, axis=1, bitorder="little").view(np.uint64), np.uint64)
    return Opens(at_open, mark, bits, pays, max(near // (WORD_BYTES * live.shape[1]), 1))


@jit
def sell(units: float, price: float, terms: Terms, paid: float, cost: float, closed: Array) -> float:
    """The cash that closing a position at `price` brings; the trade is counted in `closed`. `paid`: entry notional; `cost`: fees and carry so far."""
    side = 1.0 if units > 0.0 else -1.0
    moved = slipped(price, -units, terms.slippage)
    fee = abs(units) * moved * terms.fees
    count_trade(closed, trade_profit(side, paid, abs(units) * moved, cost + fee), paid)
    return units * moved - fee


@jit_sums
def worth_of(units: Array, prices: Array, t: Any, begin: Any, end: Any, gross: bool) -> float:
    """What the units of symbols [begin, end) are worth at a bar's prices, or the sum of what they are worth without their signs."""
    worth = 0.0
    for j in range(begin, end):
        worth += abs(units[j]) * prices[t, j] if gross else units[j] * prices[t, j]
    return worth


@jit
def longest_stay(rules: Array, last: int) -> int:
    """Bars of the longest hold that ends before the last bar, over trials; 0 where there is none."""
    longest = 0
    for i in range(rules.shape[0]):
        if rules[i, HOLD] < last:
            longest = max(longest, math.ceil(rules[i, HOLD]))
    return longest


@jit
def run_trials(bars: Bars, opens: Opens, terms: Terms, masks: Words, codes: Codes, trials: Trials, year: float) -> None:
    """Trials, some of them side by side; their metrics (and returns, where there is room for them) go to `trials`. `masks`: rows x N*W words over the bars.

    All bars of many symbols are more than fits near the processor, so a few trials go through a block of bars before the next block is touched. Symbols are
    looked at 64 at a time: what they decide, hold and wait for are bits of a word, and words without a position or an order are passed over.
    One long function: an array given to another function inside the loops would be counted by every thread, and they would fight over the counters.
    """
    opened, high, low, _, funding, days = bars
    at_open, mark, live, pays, many = opens
    rows, rules, out, returns = trials
    last, n = opened.shape
    width, wide = masks.shape[1] // n, live.shape[1]
    many = min(many, width)
    ring = 1
    while ring <= longest_stay(rules, last):
        ring *= 2
    group = max(min(TOGETHER, rows.shape[0], WAITING // (ring * wide)), 1)
    stacks, signals, entries = np.empty(codes.depth * n * many, np.uint64), np.empty(3 * n * many, np.uint64), np.empty(many, np.uint64)
    block, turned = np.empty(64, np.uint64), np.empty((3, 64 * many, wide), np.uint64)
    ups, downs, exits = turned[0], turned[1], turned[2]
    asks, sides, path = np.zeros(wide, np.uint64), np.zeros(wide, np.uint64), np.zeros(64 * many + 1)
    lanes, own, bits = np.zeros((group, 4, n)), np.zeros((group, n, 3)), np.zeros((group, 6, wide), np.uint64)
    entered = np.zeros((group, ring, wide), np.uint64)  # who entered at a bar: due together
    money, counts = np.zeros((group, 10)), np.zeros((group, 5))
    j: Any = EMPTY  # an unsigned index needs no check for one from the end
    for first in range(0, rows.shape[0], group):
        together = min(group, rows.shape[0] - first)
        for g in range(together):
            lanes[g, :2], lanes[g, 2:], bits[g], counts[g], money[g] = 0.0, np.nan, EMPTY, 0.0, 0.0
            money[g, 0], money[g, 1], money[g, 6], money[g, 7] = terms.cash, terms.cash, terms.cash, terms.cash
        for word_at in range(0, width, many):
            words, start = min(many, width - word_at), 64 * word_at  # the decisions of bars from `start` on are carried out a bar later
            until, entry = min(start + 64 * words + 1, last), entries[:words]
            stack, signal = stacks[: codes.depth * n * words].reshape(codes.depth, n * words), signals[: 3 * n * words].reshape(3, n * words)
            for g in range(together):
                i = first + g
                if g == 0 or other_masks(rows, i):
                    trial_signals(codes, masks, rows[i], Part(word_at, words, width), stack, signal, entry)
                    by_bar(signal[0], words, block, ups)
                    by_bar(signal[1], words, block, downs)
                    by_bar(signal[2], words, block, exits)
                hold, stop, take, trail, size = rules[i, HOLD], rules[i, STOP], rules[i, TAKE], rules[i, TRAIL], rules[i, SIZE]
                trailing, stay = trail > 0.0, math.ceil(hold) if 0.0 < hold < last else NEVER
                units, best, floor, ceiling = lanes[g, 0], lanes[g, 1], lanes[g, 2], lanes[g, 3]
                paid, cost, since = own[g, :, 0], own[g, :, 1], own[g, :, 2]
                held, shorts, rising, falling, leaving, late = bits[g, 0], bits[g, 1], bits[g, 2], bits[g, 3], bits[g, 4], bits[g, 5]
                lately, closed = entered[g], counts[g]
                cash, before, exposed = money[g, 0], money[g, 1], money[g, 2]
                sums = (money[g, 3], money[g, 4], money[g, 5], money[g, 6], money[g, 7], money[g, 8], money[g, 9])
                busy = EMPTY
                for m in range(wide):
                    busy |= held[m] | rising[m] | falling[m]
                t, began = start + 1, 0  # the first bar of the stretch that is walked
                while t < until:
                    if busy == EMPTY:  # flat and nothing waits: on to the next entry
                        if began:
                            sums = add_path(sums, path, began - start, t - start)
                        t = next_bit(entry, t - 1 - start) + 1 + start
                        began = 0
                        if t <= start or t >= until:
                            break
                    if began == 0:
                        began, path[t - 1 - start] = t, before
                    at, ago = np.uint64(t), np.uint64(t - 1 - start)
                    slot, due = np.uint64(t & (ring - 1)), np.uint64((t - stay) & (ring - 1))
                    # listen to the decisions of bar t - 1, leave at the open
                    entering = 0
                    for m in range(wide):
                        up, down, stopped, ready, mine = ups[ago, m], downs[ago, m], exits[ago, m], live[at, m], held[m]
                        rise, fall, quits = (rising[m] & ~(stopped | down)) | up, (falling[m] & ~(stopped | up)) | down, (leaving[m] | stopped) & mine
                        old = late[m]
                        if t > stay:
                            old |= lately[due, m]
                        word = mine & ready & (quits | (rise & shorts[m]) | (fall & ~shorts[m]) | old)  # who may be due
                        while word != EMPTY:
                            bit = word & (~word + ONE)
                            j = np.uint64(64 * m + lowest(word))
                            word ^= bit
                            pending, fraction = (1.0 if rise & bit != EMPTY else -1.0 if fall & bit != EMPTY else 0.0), 1.0 if quits & bit != EMPTY else 0.0
                            if due_at_open(units[j], pending, fraction, t - int(since[j]), hold)[0] != NONE:
                                cash += sell(units[j], opened[at, j], terms, paid[j], cost[j], closed)
                                units[j], floor[j], ceiling[j] = 0.0, np.nan, np.nan
                                mine ^= bit
                        asks[m], sides[m] = (rise | fall) & ready & ~mine, fall
                        entering += count_bits(asks[m])
                        held[m], lately[slot, m] = mine, EMPTY
                        rising[m], falling[m], leaving[m], late[m] = rise & ~ready, fall & ~ready, quits & ~ready, old & ~ready
                    # entries at the open
                    if entering > 0:
                        kept = 0.0
                        for m in range(wide):
                            if held[m] != EMPTY:
                                kept += worth_of(units, at_open, at, np.uint64(64 * m), np.uint64(min(64 * m + 64, n)), True)
                        share = share_of(size * before * entering, kept, before, terms.max_gross)
                        for m in range(wide):
                            word, mine = asks[m], EMPTY
                            while word != EMPTY:
                                bit = word & (~word + ONE)
                                j = np.uint64(64 * m + lowest(word))
                                word ^= bit
                                side, price = -1.0 if sides[m] & bit else 1.0, opened[at, j]
                                units[j] = entry_units(side, size, before, share, price)
                                if units[j] != 0.0:
                                    paid[j] = abs(units[j]) * slipped(price, side, terms.slippage)
                                    cost[j] = paid[j] * terms.fees
                                    cash -= side * paid[j] + cost[j]
                                    best[j], since[j] = price, t
                                    level, goal = fixed_level(side, price, stop, terms.margin)[0], price * (1.0 + side * take)
                                    floor[j], ceiling[j] = (level, goal) if side > 0.0 else (goal, level)
                                    mine |= bit
                            lately[slot, m] = mine
                            held[m] |= mine
                            shorts[m] = (shorts[m] & ~asks[m]) | (mine & sides[m])
                    # inside the bar, then mark and carry at the close
                    worth, holding, busy = 0.0, EMPTY, EMPTY
                    for m in range(wide):
                        mine = held[m]
                        if mine != EMPTY:
                            begin, end = np.uint64(64 * m), np.uint64(min(64 * m + 64, n))
                            word = mine
                            if not trailing:  # only who may be hit
                                word = EMPTY
                                for k in range(begin, end):
                                    word |= np.uint64((low[at, k] <= floor[k]) | (high[at, k] >= ceiling[k])) << (k - begin)
                            word &= live[at, m] & mine
                            while word != EMPTY:
                                bit = word & (~word + ONE)
                                j = np.uint64(64 * m + lowest(word))
                                word ^= bit
                                side = 1.0 if units[j] > 0.0 else -1.0
                                level, goal = (floor[j], ceiling[j]) if side > 0.0 else (ceiling[j], floor[j])
                                if trailing:
                                    level = trailed_level(side, level, NONE, best[j], trail)[0]
                                hit, exit_price = level_hit(side, opened[at, j], high[at, j], low[at, j], level, goal)
                                if hit != MISSED:
                                    cash += sell(units[j], exit_price, terms, paid[j], cost[j], closed)
                                    units[j], floor[j], ceiling[j] = 0.0, np.nan, np.nan
                                    mine ^= bit
                                elif trailing:
                                    best[j] = better(side, best[j], high[at, j], low[at, j])
                            word = mine if pays[at] else mine & shorts[m] if terms.borrow != 0.0 else EMPTY
                            while word != EMPTY:
                                j = np.uint64(64 * m + lowest(word))
                                word &= word - ONE
                                notional = units[j] * mark[at, j]
                                carry = borrow_paid(notional, terms.borrow, days[at]) + funding_paid(notional, funding[at, j])
                                cost[j] += carry
                                cash -= carry
                            worth += worth_of(units, mark, at, begin, end, False)
                            held[m] = mine
                        holding |= mine
                        busy |= mine | rising[m] | falling[m]
                    before = cash + worth
                    path[t - start] = before
                    exposed += 1.0 if holding != EMPTY and before > 0.0 else 0.0
                    t += 1
                    if returns.size:
                        now, then = path[t - 1 - start], path[t - 2 - start]
                        returns[i, t - 1] = now / then - 1.0 if then > 0.0 else 0.0
                if began:
                    sums = add_path(sums, path, began - start, t - start)
                money[g, 0], money[g, 1], money[g, 2] = cash, before, exposed
                money[g, 3], money[g, 4], money[g, 5], money[g, 6], money[g, 7], money[g, 8], money[g, 9] = sums
        for g in range(together):
            ended = money[g]
            finish((ended[3], ended[4], ended[5], ended[6], ended[7], ended[8], ended[9]), ended[2], terms.cash, counts[g], last, year, out[first + g])
