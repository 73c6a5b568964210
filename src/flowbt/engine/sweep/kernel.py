"""The fused kernel: combine a trial's masks, walk only the bars that matter, keep running sums instead of series.

Same order of events and same arithmetic as `engine/walk/kernel.py` with scalar rules; see docs/engine.md. While every symbol is flat the value cannot
move, so the walk jumps to the next entry bit; while there is a position (or an order waiting for an open) it goes bar by bar.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic

from flowbt.engine.sweep.program import AND, NOT, OR
from flowbt.engine.sweep.sums import DEPTH, DOWN, GROWTH, HELD, MEAN, RUIN, SQUARE, count_trade, finish, jit
from flowbt.engine.walk.kernel import Array, Terms

Words = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]
HOLD, STOP, TAKE, TRAIL, SIZE = range(5)  # columns of a trial's rules


class Lanes(NamedTuple):
    """Bars, one row per symbol (N x T); `days` (T) to the next bar."""

    open: Array
    high: Array
    low: Array
    mark: Array
    funding: Array
    days: Array


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


Span = tuple[int, int, float]  # first bar, the bar after the last, bars per year
ONE, NONE = np.uint64(1), np.uint64(0)


@intrinsic  # type: ignore[untyped-decorator]
def lowest(_typing: Any, word: Any) -> Any:
    """Position of the lowest set bit of a word that is not 0."""

    def build(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), build


@jit
def next_bit(words: Words, start: int) -> int:
    """The first set bit at or after `start`; -1 if there is none."""
    w = start >> 6
    if w >= words.size:
        return -1
    word = (words[w] >> np.uint64(start & 63)) << np.uint64(start & 63)
    while word == NONE:
        w += 1
        if w == words.size:
            return -1
        word = words[w]
    found: int = w * 64 + lowest(word)
    return found


@jit
def sell(units: float, price: float, slip: float, fees: float, paid: float, cost: float, closed: Array) -> float:
    """The cash that closing a position at `price` brings; the trade is counted in `closed`. `paid`: entry notional; `cost`: fees and carry so far."""
    side = 1.0 if units > 0.0 else -1.0
    moved = price * (1.0 - side * slip)
    fee = abs(units) * moved * fees
    count_trade(closed, side * (abs(units) * moved - paid) - (cost + fee), paid)
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
        out[k] = stack[0, k] if top >= 0 else NONE


@jit
def combine(codes: Codes, masks: Words, rows: Ints, stack: Words, signal: Words, entry: Words) -> None:
    """The signals of a trial (3 x N*W: long, short, exit) and the bars with an entry of any symbol (W). Long and short on one bar are neither."""
    evaluate(codes.long, masks, rows, stack, signal[0])
    evaluate(codes.short, masks, rows, stack, signal[1])
    evaluate(codes.exit, masks, rows, stack, signal[2])
    width = entry.size
    entry[:] = NONE
    for k in range(signal.shape[1]):
        up, down = signal[0, k], signal[1, k]
        signal[0, k], signal[1, k] = up & ~down, down & ~up
        entry[k % width] |= up ^ down


@jit
def run_trials(lanes: Lanes, terms: Terms, masks: Words, codes: Codes, trials: Trials, span: Span) -> None:
    """Trials one after another; their metrics (and returns, where there is room for them) go to `trials`.

    One long function: a call inside the loops would count references to every array it is given, and threads would fight over the counters.
    Everything said about bar t is in the order of docs/engine.md.
    """
    opened, high, low, mark, funding, days = lanes
    rows, rules, out, returns = trials
    n, width = opened.shape[0], masks.shape[1] // opened.shape[0]
    first, last, year = span
    fees, slip, lend, margin, gross = terms.fees, terms.slippage, terms.borrow / 365.0, terms.margin, terms.max_gross
    stack, signal, entry = np.empty((codes.depth, n * width), np.uint64), np.empty((3, n * width), np.uint64), np.empty(width, np.uint64)
    units, price_in, best, level, goal, paid, cost = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    since, wait, leaving, listed, active = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64)
    sums, closed = np.zeros(7), np.zeros(5)
    for i in range(rows.shape[0]):
        fresh = i == 0
        for k in range(rows.shape[1]):
            fresh |= i > 0 and rows[i, k] != rows[i - 1, k]
        if fresh:
            combine(codes, masks, rows[i], stack, signal, entry)
        hold, stop, take, trail, size = rules[i, HOLD], rules[i, STOP], rules[i, TAKE], rules[i, TRAIL], rules[i, SIZE]
        for j in range(n):
            units[j], wait[j], leaving[j], listed[j] = 0.0, 0, 0, 0
        closed[:] = 0.0
        cash, before, growth, peak = terms.cash, terms.cash, 1.0, 1.0
        total, square, down, ruined, depth, held = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        count, t = 0, first + 1
        while t < last:
            if count == 0:  # flat and nothing waits: on to the next entry
                t = next_bit(entry, t - 1) + 1
                if t == 0 or t >= last:
                    break
            w, shift = (t - 1) >> 6, np.uint64((t - 1) & 63)
            # listen to the decisions of bar t - 1
            for k in range(count):
                j = active[k]
                if (signal[2, j * width + w] >> shift) & ONE != NONE:
                    leaving[j], wait[j] = 1, 0
            if (entry[w] >> shift) & ONE != NONE:
                for j in range(n):
                    way = 0
                    if (signal[0, j * width + w] >> shift) & ONE != NONE:
                        way = 1
                    elif (signal[1, j * width + w] >> shift) & ONE != NONE:
                        way = -1
                    if way != 0:
                        wait[j] = way
                        if listed[j] == 0:
                            listed[j], active[count] = 1, j
                            count += 1
            # exits at the open, and what the entries ask for
            asked, kept, asking = 0.0, 0.0, False
            for k in range(count):
                j = active[k]
                price = opened[j, t]
                if not price > 0.0:
                    if units[j] != 0.0:
                        kept += abs(units[j]) * mark[j, t]
                    continue
                if units[j] != 0.0 and (leaving[j] != 0 or units[j] * wait[j] < 0.0 or t - since[j] >= hold):
                    cash += sell(units[j], price, slip, fees, paid[j], cost[j], closed)
                    units[j] = 0.0
                leaving[j] = 0
                if units[j] != 0.0:
                    kept += abs(units[j]) * price
                    wait[j] = 0
                elif wait[j] != 0:
                    asking = True
                    asked += size * before
            # entries at the open
            if asking:
                room = max(gross * before - kept, 0.0)
                share = room / asked if asked > room else 1.0
                for k in range(count):
                    j = active[k]
                    price = opened[j, t]
                    if wait[j] == 0 or not price > 0.0:
                        continue
                    if asked > 0.0 and before > 0.0 and share > 1e-12:
                        side = 1.0 * wait[j]
                        units[j] = side * (size * before * share / price)
                        moved = price * (1.0 + side * slip)
                        paid[j], cost[j] = abs(units[j]) * moved, abs(units[j]) * moved * fees
                        cash -= units[j] * moved + cost[j]
                        price_in[j], best[j], since[j] = price, price, t
                        level[j] = price * (1.0 - side * stop) if stop > 0.0 else -np.inf * side
                        if side < 0.0:
                            level[j] = min(level[j], price * (1.0 + margin))
                        goal[j] = price * (1.0 + side * take)
                    wait[j] = 0
            # inside the bar, then mark and carry at the close
            worth, watched, holding = 0.0, 0, 0.0
            for k in range(count):
                j = active[k]
                price = opened[j, t]
                if units[j] > 0.0 and price > 0.0:
                    floor = max(level[j], best[j] * (1.0 - trail)) if trail > 0.0 else level[j]
                    leave = min(price, floor) if low[j, t] <= floor else max(price, goal[j]) if high[j, t] >= goal[j] else 0.0
                    best[j] = max(best[j], high[j, t])
                elif units[j] < 0.0 and price > 0.0:
                    floor = min(level[j], best[j] * (1.0 + trail)) if trail > 0.0 else level[j]
                    leave = max(price, floor) if high[j, t] >= floor else min(price, goal[j]) if low[j, t] <= goal[j] else 0.0
                    best[j] = min(best[j], low[j, t])
                else:
                    leave = 0.0
                if leave > 0.0:
                    cash += sell(units[j], leave, slip, fees, paid[j], cost[j], closed)
                    units[j] = 0.0
                if units[j] != 0.0:
                    notional = units[j] * mark[j, t]
                    carry = notional * funding[j, t]
                    if notional < 0.0 and t + 1 < last:
                        carry -= notional * lend * days[t]
                    cost[j] += carry
                    cash -= carry
                    worth += notional
                    holding = 1.0
                if units[j] != 0.0 or wait[j] != 0:
                    active[watched] = j
                    watched += 1
                else:
                    listed[j] = 0
            count = watched
            value = cash + worth
            r = value / before - 1.0 if before > 0.0 else 0.0
            before = value
            total += r
            square += r * r
            if r < 0.0:
                down += r * r
            ruined += r <= -1.0
            growth *= 1.0 + r
            peak = max(peak, growth)
            depth = min(depth, growth / peak - 1.0)
            held += holding if value > 0.0 else 0.0
            if returns.size:
                returns[i, t - first] = r
            t += 1
        sums[MEAN], sums[SQUARE], sums[DOWN], sums[RUIN], sums[GROWTH], sums[DEPTH], sums[HELD] = total, square, down, ruined, growth, depth, held
        finish(sums, closed, last - first, year, out[i])
