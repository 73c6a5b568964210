"""The fused kernel: evaluate a trial's signals from its masks, walk only the bars that matter, keep running sums instead of series.

The order of events is that of `engine/walk/kernel.py` with scalar rules, from the same `events.py`. While every symbol is flat the value cannot
move, so the walk jumps to the next entry bit; while there is a position (or an order waiting for an open) it goes bar by bar. Words of bits say which symbols
may be due, asked for or hit; those, and only those, are asked one by one what happens to them.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic

from flowbt.engine.sweep.program import AND, NOT, OR
from flowbt.engine.sweep.sums import add_path, count_trade, finish, no_bars
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
from flowbt.ground.compiled import jit

Words = npt.NDArray[np.uint64]
HOLD, STOP, TAKE, TRAIL, SIZE = range(5)  # columns of a trial's rules


class Codes(NamedTuple):
    """Postfix programs of the three roots, and which is there."""

    long: Ints
    short: Ints
    exit: Ints
    depth: int


class Trials(NamedTuple):
    """Per trial: rows of the masks (trials x leaves) and rules (trials x 5); room for metrics (trials x METRICS) and returns (trials x bars, or 0 x 0)."""

    rows: Ints
    rules: Array
    out: Array
    returns: Array


class Opens(NamedTuple):
    """What the bars are besides, made once (`opens_of`), T x N: a position's price at the open (the mark where there is none), its mark; nothing is missing
    where one can be held. T x (N / 64): a bit per symbol that can be traded. T: whether anybody pays or receives funding."""

    at_open: Array
    mark: Array
    live: Words
    pays: Bools


def opens_of(bars: Bars) -> Opens:
    """Arrays without gaps are taken as they are."""
    live = bars.open > 0.0
    padded = np.zeros((live.shape[0], -(-live.shape[1] // 64) * 64), np.bool_)
    padded[:, : live.shape[1]] = live
    mark = bars.mark if not np.isnan(bars.mark).any() else frozen(np.nan_to_num(bars.mark))
    at_open = bars.open if live.all() else frozen(np.where(live, bars.open, mark))
    pays = frozen((bars.funding != 0.0).any(axis=1), np.bool_)
    return Opens(at_open, mark, frozen(np.packbits(padded, axis=1, bitorder="little").view(np.uint64), np.uint64), pays)


EMPTY, ONE, TWO, THREE, FOUR = np.arange(5, dtype=np.uint64)
NEVER = 1 << 40  # a bar after all bars


@intrinsic  # type: ignore[untyped-decorator]
def lowest(_typing: object, word: object) -> object:
    """Position of the lowest set bit of a word that is not 0."""

    def build(_context: object, builder: Any, _signature: object, args: Any) -> object:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), build


@intrinsic  # type: ignore[untyped-decorator]
def count_bits(_typing: object, word: object) -> object:
    """How many bits of a word are set."""

    def build(_context: object, builder: Any, _signature: object, args: Any) -> object:
        return builder.ctpop(args[0])

    return types.int64(types.uint64), build


@jit
def next_bit(words: Words, start: int) -> int:
    """The first set bit at or after `start`; -1 if there is none."""
    w = start >> 6
    if w >= words.size:
        return -1
    word = (words[w] >> np.uint64(start & 63)) << np.uint64(start & 63)
    while word == EMPTY:
        w += 1
        if w == words.size:
            return -1
        word = words[w]
    found: int = w * 64 + lowest(word)
    return found


@jit
def is_set(words: Words, t: int) -> bool:
    """Whether bit t is set."""
    return ((words[t >> 6] >> np.uint64(t & 63)) & ONE) != EMPTY  # type: ignore[no-any-return]


@jit
def sell(units: float, price: float, terms: Terms, paid: float, cost: float, closed: Array) -> float:
    """The cash that closing a position at `price` brings; the trade is counted in `closed`. `paid`: entry notional; `cost`: fees and carry so far."""
    side = 1.0 if units > 0.0 else -1.0
    moved = slipped(price, -units, terms.slippage)
    fee = abs(units) * moved * terms.fees
    count_trade(closed, trade_profit(side, paid, abs(units) * moved, cost + fee), paid)
    return units * moved - fee


@jit
def evaluate(codes: Ints, masks: Words, rows: Ints, stack: Words, out: Words) -> None:
    """Run a postfix program over the masks of a trial (rows of N x W words); an empty program gives no bit."""
    top = -1
    words = out.size
    for code in codes:
        if code >= 0:
            top += 1
            for k in range(words):
                stack[top, k] = masks[rows[code], k]
        elif code == NOT:
            for k in range(words):
                stack[top, k] = ~stack[top, k]
        else:
            top -= 1
            for k in range(words):
                a, b = stack[top, k], stack[top + 1, k]
                stack[top, k] = a & b if code == AND else a | b if code == OR else a ^ b
    for k in range(words):
        out[k] = stack[0, k] if top >= 0 else EMPTY


@jit
def trial_signals(codes: Codes, masks: Words, rows: Ints, stack: Words, signal: Words, entry: Words) -> None:
    """The signals of a trial (3 x N*W: long, short, exit) and the bars with an entry of any symbol (W). Long and short on one bar are neither."""
    evaluate(codes.long, masks, rows, stack, signal[0])
    evaluate(codes.short, masks, rows, stack, signal[1])
    evaluate(codes.exit, masks, rows, stack, signal[2])
    width = entry.size
    entry[:] = EMPTY
    for k in range(signal.shape[1]):
        up, down = signal[0, k], signal[1, k]
        signal[0, k], signal[1, k] = up & ~down, down & ~up
        entry[k % width] |= up ^ down


@jit
def turn(block: Words) -> None:
    """A square of 64 x 64 bits, its rows made columns: halves of halves change places."""
    step, mask = 32, np.uint64(0xFFFFFFFF)
    while step:
        shift = np.uint64(step)
        for base in range(0, 64, 2 * step):
            for k in range(base, base + step):
                swap = ((block[k] >> shift) ^ block[k + step]) & mask
                block[k] ^= swap << shift
                block[k + step] ^= swap
        step >>= 1
        mask ^= mask << np.uint64(step)


@jit
def by_bar(signal: Words, symbols: int, block: Words, out: Words) -> None:
    """A signal (N*W words, a bit per bar) turned round: row t of `out` has a bit per symbol, 64 a word."""
    width = signal.size // symbols
    for m in range(out.shape[1]):
        for w in range(width):
            for k in range(64):
                block[k] = signal[(64 * m + k) * width + w] if 64 * m + k < symbols else EMPTY
            turn(block)
            for k in range(64):
                out[64 * w + k, m] = block[k]


@jit
def run_trials(bars: Bars, opens: Opens, terms: Terms, masks: Words, codes: Codes, trials: Trials, year: float) -> None:
    """Trials one after another; their metrics (and returns, where there is room for them) go to `trials`. `masks`: rows x N*W words over the bars.

    Symbols are looked at 64 at a time: what they decide, hold and wait for are bits of a word, and words without a position or an order are passed over.
    One long function: an array given to another function inside the loops would be counted by every thread, and they would fight over the counters.
    """
    opened, high, low, _, funding, days = bars
    at_open, mark, live, pays = opens
    rows, rules, out, returns = trials
    last, n = opened.shape
    width, wide = masks.shape[1] // n, live.shape[1]
    stack, signal, entry, block = (
        np.empty((codes.depth, n * width), np.uint64),
        np.empty((3, n * width), np.uint64),
        np.empty(width, np.uint64),
        np.empty(64, np.uint64),
    )
    ups, downs, exits = np.empty((64 * width, wide), np.uint64), np.empty((64 * width, wide), np.uint64), np.empty((64 * width, wide), np.uint64)
    held, shorts, rising, falling = np.zeros(wide, np.uint64), np.zeros(wide, np.uint64), np.zeros(wide, np.uint64), np.zeros(wide, np.uint64)
    leaving, late, asks, sides = np.zeros(wide, np.uint64), np.zeros(wide, np.uint64), np.zeros(wide, np.uint64), np.zeros(wide, np.uint64)
    entered = np.zeros((last, wide), np.uint64)  # who entered at a bar: due together
    units, best, level, goal, paid, cost = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    floor, ceiling = np.empty(n), np.empty(n)  # prices inside a bar that may end a position; missing where there is none
    u: Any = EMPTY  # an unsigned index needs no check for one from the end
    j: Any = EMPTY
    since, why, closed, path = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(5), np.zeros(last)
    for i in range(rows.shape[0]):
        fresh = i == 0
        for k in range(rows.shape[1]):
            fresh |= i > 0 and rows[i, k] != rows[i - 1, k]
        if fresh:
            trial_signals(codes, masks, rows[i], stack, signal, entry)
            by_bar(signal[0], n, block, ups)
            by_bar(signal[1], n, block, downs)
            by_bar(signal[2], n, block, exits)
        hold, stop, take, trail, size = rules[i, HOLD], rules[i, STOP], rules[i, TAKE], rules[i, TRAIL], rules[i, SIZE]
        trailing, stay = trail > 0.0, math.ceil(hold) if hold > 0.0 else NEVER
        for m in range(wide):
            held[m], shorts[m], rising[m], falling[m], leaving[m], late[m] = EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY
        for j in range(n):
            units[j], floor[j], ceiling[j] = 0.0, np.nan, np.nan
        closed[:] = 0.0
        cash, before, exposed, sums, busy = terms.cash, terms.cash, 0.0, no_bars(terms.cash), EMPTY
        t, began = 1, 0  # the first bar of the stretch that is walked
        while t < last:
            if busy == EMPTY:  # flat and nothing waits: on to the next entry
                if began:
                    sums = add_path(sums, path, began, t)
                t = next_bit(entry, t - 1) + 1
                began = 0
                if t == 0 or t >= last:
                    break
            if began == 0:
                began, path[t - 1] = t, before
            at = np.uint64(t)
            # listen to the decisions of bar t - 1, leave at the open
            entering = 0
            for m in range(wide):
                up, down, stopped, ready, mine = ups[at - ONE, m], downs[at - ONE, m], exits[at - ONE, m], live[at, m], held[m]
                rise, fall, quits = (rising[m] & ~(stopped | down)) | up, (falling[m] & ~(stopped | up)) | down, (leaving[m] | stopped) & mine
                old = late[m]
                if t > stay:
                    old |= entered[at - np.uint64(stay), m]
                word = mine & ready & (quits | (rise & shorts[m]) | (fall & ~shorts[m]) | old)  # who may be due
                while word != EMPTY:
                    bit = word & (~word + ONE)
                    j = np.uint64(64 * m + lowest(word))
                    word ^= bit
                    pending, fraction = (1.0 if rise & bit != EMPTY else -1.0 if fall & bit != EMPTY else 0.0), 1.0 if quits & bit != EMPTY else 0.0
                    if due_at_open(units[j], pending, fraction, t - since[j], hold)[0] != NONE:
                        cash += sell(units[j], opened[at, j], terms, paid[j], cost[j], closed)
                        units[j], floor[j], ceiling[j] = 0.0, np.nan, np.nan
                        mine ^= bit
                asks[m], sides[m] = (rise | fall) & ready & ~mine, fall
                entering += count_bits(asks[m])
                held[m], rising[m], falling[m], leaving[m], late[m], entered[at, m] = mine, rise & ~ready, fall & ~ready, quits & ~ready, old & ~ready, EMPTY
            # entries at the open
            if entering > 0:
                wanted = size * before if size > 0.0 and before > 0.0 else 0.0
                kept = 0.0
                for m in range(wide):
                    if held[m] != EMPTY:
                        a, b, c, d = 0.0, 0.0, 0.0, 0.0
                        u, end = np.uint64(64 * m), np.uint64(min(64 * m + 64, n))
                        while u + FOUR <= end:
                            a += abs(units[u]) * at_open[at, u]
                            b += abs(units[u + ONE]) * at_open[at, u + ONE]
                            c += abs(units[u + TWO]) * at_open[at, u + TWO]
                            d += abs(units[u + THREE]) * at_open[at, u + THREE]
                            u += FOUR
                        while u < end:
                            a += abs(units[u]) * at_open[at, u]
                            u += ONE
                        kept += (a + b) + (c + d)
                share = share_of(wanted * entering, kept, before, terms.max_gross)
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
                            best[j], since[j], goal[j] = price, t, price * (1.0 + side * take)
                            level[j], why[j] = fixed_level(side, price, stop, terms.margin)
                            floor[j], ceiling[j] = (level[j], goal[j]) if side > 0.0 else (goal[j], level[j])
                            mine |= bit
                    entered[at, m] = mine
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
                        side, nearest = (1.0 if units[j] > 0.0 else -1.0), level[j]
                        if trailing:
                            nearest = trailed_level(side, level[j], why[j], best[j], trail)[0]
                        hit, exit_price = level_hit(side, opened[at, j], high[at, j], low[at, j], nearest, goal[j])
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
                    a, b, c, d, u = 0.0, 0.0, 0.0, 0.0, begin
                    while u + FOUR <= end:
                        a += units[u] * mark[at, u]
                        b += units[u + ONE] * mark[at, u + ONE]
                        c += units[u + TWO] * mark[at, u + TWO]
                        d += units[u + THREE] * mark[at, u + THREE]
                        u += FOUR
                    while u < end:
                        a += units[u] * mark[at, u]
                        u += ONE
                    worth += (a + b) + (c + d)
                    held[m] = mine
                holding |= mine
                busy |= mine | rising[m] | falling[m]
            before = cash + worth
            path[t] = before
            exposed += 1.0 if holding != EMPTY and before > 0.0 else 0.0
            t += 1
            if returns.size:
                returns[i, t - 1] = path[t - 1] / path[t - 2] - 1.0 if path[t - 2] > 0.0 else 0.0
        if began:
            sums = add_path(sums, path, began, t)
        finish(sums, exposed, terms.cash, closed, last, year, out[i])
