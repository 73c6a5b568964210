"""The bar order of `vectorbt.Portfolio.from_signals` (1.2, its defaults), compiled. See `mode.py` for what it is for.

Per bar: prices of the bar; per symbol a stop that is hit or else the signals, after their conflicts; sizes; then the fills in call order,
each limited by the cash there is. Sums that cancel to within vectorbt's tolerance are exactly zero here too.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from flowbt.engine.walk.events import ENTRY, HOLD, NONE, OPPOSITE, SIGNAL, STOP, TAKE, TRAIL
from flowbt.engine.walk.kernel import Array, Bools, Ints, at
from flowbt.ground.compiled import jit

AMOUNT, VALUE, PERCENT = range(3)
LEAST = 1e-8  # vectorbt's smallest order
NOTHING = 0.0, 0.0, 0.0  # units, price and fee of an order that is not made


class Prices(NamedTuple):
    """T x N; `fill` is the price of signal orders, NaN: the order is lost."""

    open: Array
    high: Array
    low: Array
    close: Array
    fill: Array


class VbtSignals(NamedTuple):
    long: Bools
    short: Bools
    exit: Bools
    hold: Array
    stop: Array
    trail: Array
    take: Array
    size: Array


class How(NamedTuple):
    cash: float
    fees: float
    slippage: float
    size_type: int
    sells_first: bool


class Stand(NamedTuple):
    """Per symbol: units, short proceeds owed (`debt`), bar opened, stop and take; `money`: cash, and cash less what shorts lock."""

    units: Array
    debt: Array
    opened: Ints
    level: Array  # price the stop counts from
    stop: Array
    trailing: Bools
    goal: Array  # price the take counts from
    take: Array
    money: Array


class Order(NamedTuple):
    """`way`: 0 may cross zero, 1 sells a long, -1 covers a short. `share` (not NaN): of what the cash allows. `rank`: what it is worth when
    sales go first."""

    size: float
    rank: float
    share: float
    way: int
    price: float
    slippage: float
    reason: int


@jit
def near(a: float, b: float) -> bool:
    """vectorbt's `is_close`: equal to a relative 1e-9, or to 1e-12; never where one is not finite."""
    if not (np.isfinite(a) and np.isfinite(b)):
        return False
    return abs(a - b) <= max(1e-9 * max(abs(a), abs(b)), 1e-12)


@jit
def add(a: float, b: float) -> float:
    """vectorbt's addition: a sum that is nearly nothing is 0."""
    if np.sign(a) != np.sign(b):
        return 0.0 if near(abs(a), abs(b)) else a + b
    return 0.0 if near(a + b, 0.0) else a + b


@jit
def triggered(s: Stand, p: Prices, t: int, j: int) -> tuple[float, int]:
    """Price and reason of a stop or take that is hit in bar t; then the trail moves on."""
    units = s.units[j]
    if np.isnan(s.stop[j]) and np.isnan(s.take[j]):  # as where nothing is held (`arm`)
        return np.nan, NONE
    side = 1.0 if units > 0.0 else -1.0
    opened = p.close[t, j] if np.isnan(p.open[t, j]) else p.open[t, j]
    high = max(opened, p.close[t, j]) if np.isnan(p.high[t, j]) else p.high[t, j]
    low = min(opened, p.close[t, j]) if np.isnan(p.low[t, j]) else p.low[t, j]
    price, reason = np.nan, NONE
    if not np.isnan(s.stop[j]):
        price, reason = hit(s.level[j] * (1.0 - side * s.stop[j]), side, opened, low, high), TRAIL if s.trailing[j] else STOP
    if np.isnan(price) and not np.isnan(s.take[j]):
        price, reason = hit(s.goal[j] * (1.0 + side * s.take[j]), -side, opened, low, high), TAKE
    if s.trailing[j]:
        if side > 0.0 and high > s.level[j]:
            s.level[j] = high
        if side < 0.0 and low < s.level[j]:
            s.level[j] = low
    return price, reason


@jit
def hit(level: float, down: float, opened: float, low: float, high: float) -> float:
    """The open when it is at or beyond the level (`down` > 0: below it), the level when the bar contains it, else NaN."""
    if down * (opened - level) <= 0.0:
        return opened
    return level if low <= level <= high else np.nan


@jit
def resolve(long: bool, short: bool, closing: bool) -> tuple[bool, bool, bool, bool]:
    """Entries and exits after vectorbt's defaults: an entry and its exit on one bar cancel each other, so do both entries."""
    long_in, short_in = long and not closing, short and not closing
    both = long_in and short_in
    return long_in and not both, closing and not long, short_in and not both, closing and not short


@jit
def decide(s: Stand, a: VbtSignals, how: How, where: tuple[int, int], price: float, worth: float) -> Order:
    """The order of a symbol from its signals; size 0: none. `worth` is the symbol's last known price. ValueError for a reversal in percent, as in vectorbt."""
    t, j = where
    units, size = s.units[j], at(a.size, t, j)
    due = units != 0.0 and t - s.opened[j] >= at(a.hold, t, j)
    long_in, long_out, short_in, short_out = resolve(a.long[t, j], a.short[t, j], a.exit[t, j] or due)
    why = HOLD if due and not a.exit[t, j] else SIGNAL
    a.exit[t, j] = a.exit[t, j] or due
    amount = size / worth if how.size_type == VALUE else size
    if units == 0.0 and (long_in or short_in):
        side = 1.0 if long_in else -1.0
        if how.size_type == PERCENT and size > 0.0:
            cash = s.money[0] if long_in else max(s.money[1], 0.0)
            return Order(side * np.inf, side * size * cash, size, 0, price, how.slippage, ENTRY)
        rank = size if how.size_type == VALUE else size * worth
        all_in = 1.0 if short_in and np.isinf(amount) else np.nan
        return Order(side * amount, side * rank, all_in, 0, price, how.slippage, ENTRY)
    if (units > 0.0 and short_in) or (units < 0.0 and long_in):
        if how.size_type == PERCENT and not np.isnan(size):
            raise ValueError("percent")
        more = 0.0 if np.isnan(size) else amount  # without a size it only closes
        asked = -units - more if units > 0.0 else -units + more
        all_in = 1.0 if short_in and np.isinf(asked) else np.nan
        return Order(asked, asked * worth, all_in, 0, price, how.slippage, OPPOSITE)
    if (units > 0.0 and long_out) or (units < 0.0 and short_out):
        return Order(-units, -units * worth, np.nan, 1 if units > 0.0 else -1, price, how.slippage, why)
    return Order(0.0, 0.0, np.nan, 0, price, how.slippage, NONE)


@jit
def buy(s: Stand, how: How, order: Order, j: int) -> tuple[float, float, float]:
    """Units, price and fee of a purchase; 0 units where it cannot be made."""
    price, cash = order.price * (1.0 + order.slippage), s.money[0]
    limit = cash if np.isnan(order.share) else min(cash, order.share * cash)
    size = min(-s.units[j], order.size) if order.way < 0 else order.size
    paid = size * price
    total = paid + paid * how.fees
    if total <= limit or near(total, limit):
        fee, final = paid * how.fees, size
    else:
        affordable = limit / (1.0 + how.fees)  # where it is less than nothing, so is what it buys
        fee, final, total = limit - affordable, affordable / price, limit
    if final < LEAST and not near(final, LEAST):
        return NOTHING
    units = s.units[j]
    s.money[0] = add(cash, -total)
    if units < 0.0:
        after = add(units, final)
        covered = final if after < 0.0 else -units
        freed = covered * (s.debt[j] / -units)
        s.debt[j] = add(s.debt[j], -freed)
        s.money[1] = add(s.money[1] + 2.0 * freed, -total)
    else:
        s.money[1] = add(s.money[1], -total)
    s.units[j] = add(units, final)
    return final, price, fee


@jit
def sell(s: Stand, how: How, order: Order, j: int) -> tuple[float, float, float]:
    """Units, price and fee of a sale; 0 units where it cannot be made."""
    price, size, units = order.price * (1.0 - order.slippage), -order.size, s.units[j]
    if order.way > 0:
        size = min(units, size)
    elif np.isinf(size):
        owned = max(units, 0.0)
        free = add(s.money[1], owned * price * (1.0 - how.fees))
        size = owned if free <= 0.0 else add(owned, free / (price * (1.0 + how.fees)))
        size *= order.share
    if size < LEAST and not near(size, LEAST):
        return NOTHING
    got = size * price
    fee = got * how.fees
    final = add(got, -fee)
    after = add(units, -size)
    if after < 0.0:
        shorted = size if units < 0.0 else -after
        s.debt[j] += shorted * price
        s.money[1] = add(s.money[1], add(final, -2.0 * shorted * price))
    else:
        s.money[1] += final
    s.money[0] += final
    s.units[j] = after
    return size, price, fee


@jit
def arm(s: Stand, a: VbtSignals, p: Prices, where: tuple[int, int], before: float) -> None:
    """Set or clear the levels after a fill; they count from the close of the bar."""
    t, j = where
    if s.units[j] == 0.0:
        s.stop[j], s.take[j] = np.nan, np.nan
    elif np.sign(before) != np.sign(s.units[j]):  # also from nothing
        trail = at(a.trail, t, j)
        s.trailing[j] = not np.isnan(trail)
        s.stop[j], s.take[j] = trail if s.trailing[j] else at(a.stop, t, j), at(a.take, t, j)
        s.level[j], s.goal[j], s.opened[j] = p.close[t, j], p.close[t, j], t


@jit
def sort_by(worth: Array, turn: Ints) -> None:
    """Stable, missing last."""
    for k in range(1, worth.size):
        value, who, i = worth[k], turn[k], k - 1
        while i >= 0 and (worth[i] > value or (np.isnan(worth[i]) and not np.isnan(value))):
            worth[i + 1], turn[i + 1] = worth[i], turn[i]
            i -= 1
        worth[i + 1], turn[i + 1] = value, who


@jit
def collect(s: Stand, p: Prices, a: VbtSignals, how: How, worth: Array, t: int) -> list[Order]:
    """The orders of a bar, one per symbol."""
    out = []
    for j in range(s.units.size):
        if not np.isnan(p.fill[t, j]):
            worth[j] = p.fill[t, j]
        level, reason = triggered(s, p, t, j)
        if np.isnan(level):
            out.append(decide(s, a, how, (t, j), p.fill[t, j], worth[j]))
        else:
            units = s.units[j]
            out.append(Order(-units, -units * worth[j], np.nan, 1 if units > 0.0 else -1, level, 0.0, reason))
    return out


@jit
def run(p: Prices, a: VbtSignals, how: How) -> tuple[Ints, Array]:
    """Orders: bar, symbol, reason | signed units, price, fee, slippage. `a.exit` is left with the exits that `hold` caused."""
    length, n = p.close.shape
    f = np.zeros((5, n))
    none, money = np.full((2, n), np.nan), np.full(2, how.cash)
    s = Stand(f[0], f[1], np.zeros(n, np.int64), f[2], none[0], np.zeros(n, np.bool_), f[3], none[1], money)
    orders, fills, made = np.empty((length * n, 3), np.int64), np.empty((length * n, 4)), 0
    worth, turn = np.full(n, np.nan), np.arange(n)
    for t in range(length):
        book = collect(s, p, a, how, worth, t)
        turn[:] = np.arange(n)
        if how.sells_first:
            sort_by(np.array([o.rank for o in book]), turn)
        for k in range(n):
            j = int(turn[k])
            o, before = book[j], s.units[j]
            if o.size == 0.0 or np.isnan(o.size) or np.isnan(o.price):
                continue
            traded, paid, fee = buy(s, how, o, j) if o.size > 0.0 else sell(s, how, o, j)
            if traded > 0.0:
                arm(s, a, p, (t, j), before)
                orders[made, 0], orders[made, 1], orders[made, 2] = t, j, o.reason
                fills[made, 0], fills[made, 1], fills[made, 2] = traded if o.size > 0.0 else -traded, paid, fee
                fills[made, 3] = traded * abs(paid - o.price)
                made += 1
    return orders[:made], fills[:made]
