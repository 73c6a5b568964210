"""The fused kernel: evaluate a trial's signals from its masks, walk only the bars that matter, keep running sums instead of series.

The order of events is that of `engine/walk/kernel.py` with scalar rules, from the same `events.py`. While every symbol is flat the value cannot
move, so the walk jumps to the next entry bit; while there is a position (or an order waiting for an open) it goes bar by bar, over the symbols that
have one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic

from flowbt.engine.sweep.program import AND, NOT, OR
from flowbt.engine.sweep.sums import add_bar, count_trade, finish, no_bars
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
from flowbt.engine.walk.kernel import Array, Bars, Ints, Terms
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


ONE, EMPTY = np.uint64(1), np.uint64(0)


@intrinsic  # type: ignore[untyped-decorator]
def lowest(_typing: object, word: object) -> object:
    """Position of the lowest set bit of a word that is not 0."""

    def build(_context: object, builder: Any, _signature: object, args: Any) -> object:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

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
def by_bar(signal: Words, width: int, asks: Words) -> None:
    """The entries of a trial turned round: row t of `asks` has a bit per symbol (64 a word) that asks for an entry at bar t."""
    asks[:] = EMPTY
    for k in range(signal.shape[1]):
        word, j = signal[0, k] | signal[1, k], k // width
        bit, at = ONE << np.uint64(j & 63), 64 * (k - j * width)
        while word != EMPTY:
            asks[at + lowest(word), j >> 6] |= bit
            word &= word - ONE


@jit
def run_trials(bars: Bars, terms: Terms, masks: Words, codes: Codes, trials: Trials, year: float) -> None:
    """Trials one after another; their metrics (and returns, where there is room for them) go to `trials`. `masks`: rows x N*W words over the bars.

    One long function: an array given to another function inside the loops would be counted by every thread, and they would fight over the counters.
    """
    opened, high, low, mark, funding, days = bars
    rows, rules, out, returns = trials
    last, n = opened.shape
    width, trailing = masks.shape[1] // n, False
    stack, signal, entry = np.empty((codes.depth, n * width), np.uint64), np.empty((3, n * width), np.uint64), np.empty(width, np.uint64)
    asks, busy = np.empty((64 * width, (n + 63) // 64), np.uint64), np.zeros((n + 63) // 64, np.uint64)  # busy: symbols in `active`
    units, best, level, goal, paid, cost = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    since, pending, exiting, active, asking = np.zeros(n, np.int64), np.zeros(n), np.zeros(n), np.zeros(n, np.int64), np.zeros(n, np.int64)
    why, closed = np.zeros(n, np.int64), np.zeros(5)
    for i in range(rows.shape[0]):
        fresh = i == 0
        for k in range(rows.shape[1]):
            fresh |= i > 0 and rows[i, k] != rows[i - 1, k]
        if fresh:
            trial_signals(codes, masks, rows[i], stack, signal, entry)
            by_bar(signal, width, asks)
        hold, stop, take, trail, size = rules[i, HOLD], rules[i, STOP], rules[i, TAKE], rules[i, TRAIL], rules[i, SIZE]
        trailing = trail > 0.0
        for j in range(n):
            units[j], pending[j], exiting[j] = 0.0, 0.0, 0.0
        closed[:], busy[:] = 0.0, EMPTY
        cash, before, held, sums = terms.cash, terms.cash, 0.0, no_bars(terms.cash)
        count, t = 0, 1
        while t < last:
            if count == 0:  # flat and nothing waits: on to the next entry
                t = next_bit(entry, t - 1) + 1
                if t == 0 or t >= last:
                    break
            w, shift = (t - 1) >> 6, np.uint64((t - 1) & 63)
            any_entry = (entry[w] >> shift) & ONE != EMPTY
            wanted = size * before if size > 0.0 and before > 0.0 else 0.0
            # symbols with a position or an order: listen to the decisions of bar t - 1, leave at the open
            asked, kept, entering = 0.0, 0.0, 0
            for k in range(count):
                j = active[k]
                if (signal[2, j * width + w] >> shift) & ONE != EMPTY:
                    exiting[j], pending[j] = 1.0, 0.0
                if any_entry:
                    if (signal[0, j * width + w] >> shift) & ONE != EMPTY:
                        pending[j] = 1.0
                    elif (signal[1, j * width + w] >> shift) & ONE != EMPTY:
                        pending[j] = -1.0
                price = opened[t, j]
                if not price > 0.0:
                    if units[j] != 0.0:
                        kept += abs(units[j]) * mark[t, j]
                    continue
                if units[j] != 0.0 and due_at_open(units[j], pending[j], exiting[j], t - since[j], hold)[0] != NONE:
                    cash += sell(units[j], price, terms, paid[j], cost[j], closed)
                    units[j] = 0.0
                exiting[j] = 0.0
                if units[j] != 0.0:
                    kept += abs(units[j]) * price
                    pending[j] = 0.0
                elif pending[j] != 0.0:
                    asking[entering] = j
                    entering += 1
                    asked += wanted
            # symbols with nothing yet that ask for an entry
            if any_entry:
                for m in range(busy.size):
                    word = asks[t - 1, m] & ~busy[m]
                    busy[m] |= word
                    while word != EMPTY:
                        j = 64 * m + lowest(word)
                        word &= word - ONE
                        pending[j] = 1.0 if (signal[0, j * width + w] >> shift) & ONE != EMPTY else -1.0
                        exiting[j] = 0.0  # an exit that waited for an open has nothing to leave
                        active[count] = j
                        count += 1
                        if opened[t, j] > 0.0:
                            asking[entering] = j
                            entering += 1
                            asked += wanted
            # entries at the open
            share = share_of(asked, kept, before, terms.max_gross) if entering > 0 else 0.0
            for k in range(entering):
                j = asking[k]
                side, price = pending[j], opened[t, j]
                units[j] = entry_units(side, size, before, share, price)
                if units[j] != 0.0:
                    paid[j] = abs(units[j]) * slipped(price, side, terms.slippage)
                    cost[j] = paid[j] * terms.fees
                    cash -= side * paid[j] + cost[j]
                    best[j], since[j], goal[j] = price, t, price * (1.0 + side * take)
                    level[j], why[j] = fixed_level(side, price, stop, terms.margin)
                pending[j] = 0.0
            # inside the bar, then mark and carry at the close
            worth, watched, holding = 0.0, 0, 0.0
            for k in range(count):
                j = active[k]
                price = opened[t, j]
                if units[j] != 0.0 and price > 0.0:
                    side = 1.0 if units[j] > 0.0 else -1.0
                    nearest = trailed_level(side, level[j], why[j], best[j], trail)[0] if trailing else level[j]
                    hit, exit_price = level_hit(side, price, high[t, j], low[t, j], nearest, goal[j])
                    if hit != MISSED:
                        cash += sell(units[j], exit_price, terms, paid[j], cost[j], closed)
                        units[j] = 0.0
                    elif trailing:
                        best[j] = better(side, best[j], high[t, j], low[t, j])
                if units[j] != 0.0:
                    notional = units[j] * mark[t, j]
                    carry = borrow_paid(notional, terms.borrow, days[t]) + funding_paid(notional, funding[t, j])
                    cost[j] += carry
                    cash -= carry
                    worth += notional
                    holding = 1.0
                if units[j] != 0.0 or pending[j] != 0.0:
                    active[watched] = j
                    watched += 1
                else:
                    busy[j >> 6] &= ~(ONE << np.uint64(j & 63))
            count = watched
            value = cash + worth
            sums = add_bar(sums, value, before)
            if returns.size:
                returns[i, t] = value / before - 1.0 if before > 0.0 else 0.0
            before = value
            held += holding if value > 0.0 else 0.0
            t += 1
        finish(sums, held, terms.cash, closed, last, year, out[i])
