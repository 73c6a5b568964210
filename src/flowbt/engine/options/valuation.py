"""What an option is worth at a bar, compiled, and kept: an option of a strike and expiry is priced once a bar for all runs that hold it (trials of a sweep,
rotations of a decision, windows of a walk-forward).

A price depends on the option, the bar, the bars and volatilities, and the model; never on what a run holds. `inputs_key` is of all but the first two of these,
by content: nothing stale can be found.

`pricing.py` is the same on arrays (`known_inputs`, `value_with`, `settled`, `strike_of`, `crossing`), in plain numpy; `desk.py` reads it so, and the tests hold
both together. NaN stands for a term that was not stated.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from cachetools import LRUCache

from flowbt.engine.options.pricing import LEAST, YEAR
from flowbt.engine.walk.kernel import Array, Ints
from flowbt.ground.compiled import jit_part
from flowbt.options.daily import BEYOND
from flowbt.options.kernels.american import american
from flowbt.options.kernels.daily import quoted_at
from flowbt.options.kernels.european import european
from flowbt.options.model import DAYS, HIGHEST, LOWEST, RATIOS, REACH

SOON = 1e-9  # of a day: rounding
OPENS, HIGHS, LOWS, MARKS, FUNDING, POINTS = range(6)  # of `PricingArrays.grid`
CALL, QUANTITY, RULE, VALUE, COUNTED = range(5)  # of `LegTerms.terms`; `COUNTED`: whether a roll counts its days from the expiry before
BYTES, ENTRY = 192_000_000, 40  # most kept by one store, and of a price
STRIKE, MONEYNESS, DELTA = range(3)  # how a strike is chosen
CLOSE, OPEN = range(2)
_HALVINGS, _PLACES = 60, 8


class PricingArrays(NamedTuple):
    """All that prices rest on. `grid`: OPENS to POINTS x T x N, the volatility in points; `labels`: 2 x T, days since 1970 and to the next bar; `hours`: where
    bars open, close and options settle, in days from the label. `carry` 2 x N x T: rate and dividend yield as known at each bar; `stated`: what the structure
    says. `first` N x (T + 1): where a bar's slices lie. `indexed`: `smile` (level, term, tilt, usual, slope, slope_term, curve, scale) is a `SmileModel`,
    else a `Skew`; `widths`: of quotes, below a row of deviations and beside a column of days."""

    grid: Array
    labels: Array
    hours: tuple[float, float, float]
    stated: tuple[float, float]
    carry: Array
    first: Ints
    slices: Array
    indexed: bool
    smile: Array
    widths: Array
    american: bool
    coin: bool


class LegTerms(NamedTuple):
    """Option legs of a structure: `terms` L x (CALL to COUNTED); `expiries` L x D: the expiry (days since 1970) of a leg whose days count from each calendar
    day since `since`."""

    terms: Array
    expiries: Array
    since: int


class Valuations(NamedTuple):
    """What was priced, M entries (a power of two): a code of option and bar | strike, price, delta, volatility; one that finds
    no free place takes another's. `counted`: found, priced. One walk at a time writes here."""

    code: Ints
    value: Array  # M x 4
    counted: Ints


class OptionTraded(NamedTuple):
    """An option: a call or a put, strike, expiry (days since 1970) and the bar it settles in (T: after the data)."""

    call: bool
    strike: float
    expiry: float
    last: int


def valuations(entries: int) -> Valuations:
    """Room for at least so many; memory that is never written costs nothing."""
    size = 1 << max(int(entries) - 1, 1).bit_length()
    return Valuations(np.zeros(size, np.int64), np.zeros((size, 4)), np.zeros(2, np.int64))


@jit_part
def _clip(x: float, low: float, high: float) -> float:
    return min(max(x, low), high)


@jit_part
def years_left(p: PricingArrays, t: int, expiry: float, at: int) -> float:
    """Years from the open or close of bar t to settlement, at least 0."""
    left = expiry + p.hours[2] - (p.hours[0] if at == OPEN else p.hours[1]) - p.labels[0, t]
    return left / YEAR if left > SOON else 0.0


@jit_part
def within(p: PricingArrays, t: int, expiry: float) -> float:
    """Where in bar t settlement lies: 0 at (or before) its open, 1 at its close."""
    return _clip((expiry + p.hours[2] - p.labels[0, t] - p.hours[0]) / (p.hours[1] - p.hours[0]), 0.0, 1.0)


@jit_part
def last_bar(p: PricingArrays, t: int, expiry: float) -> int:
    """The bar from t on that holds settlement, or where the data skip it the one before; T if it is after the data."""
    instant = expiry + p.hours[2]
    at = t + int(np.searchsorted(p.labels[0, t:], instant - p.hours[1] - SOON))
    return at - 1 if t < at < p.labels.shape[1] and p.labels[0, at] + p.hours[0] > instant + SOON else at


@jit_part
def smile_at(p: PricingArrays, index: float, spot: float, strike: float, years: float, carry: float) -> float:
    """Volatility (a fraction) of a strike; `index`: an index or the volatility at the money, in points."""
    s = p.smile
    level, term, tilt, usual, slope, slope_term, curve, scale = s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]
    middle, forward = index / 100.0, spot
    if p.indexed:
        x = math.log(_clip(YEAR * years, DAYS[0], DAYS[1]) / 30.0)
        y = math.log(_clip(index / usual, 0.5, 2.0))
        middle *= _clip(math.exp(level + term * x + tilt * x * y), RATIOS[0], RATIOS[1]) * scale
        slope += slope_term * x
        forward = spot * math.exp(carry * years)
    m = _clip(math.log(strike / forward) / max(middle * math.sqrt(years), 1e-9), -REACH, REACH)
    return middle * _clip(1.0 + slope * m + curve * m * m, LOWEST, HIGHEST)


@jit_part
def inputs_at(p: PricingArrays, row: int, j: int, spot: float, strike: float, years: float) -> tuple[float, float, float, bool]:
    """Volatility, rate, dividend yield as known at the close of `row`, and whether the surface of that day gave them."""
    day = p.slices[p.first[j, row] : p.first[j, row + 1]]
    vol, rate, dividend = quoted_at(day, strike / spot, years, BEYOND)
    if np.isfinite(vol):
        return vol, rate, dividend, True
    rate, dividend = p.stated
    if np.isnan(rate):
        rate = 0.0 if np.isnan(p.carry[0, j, row]) else p.carry[0, j, row]
    if np.isnan(dividend):
        dividend = 0.0 if np.isnan(p.carry[1, j, row]) else p.carry[1, j, row]
    return smile_at(p, p.grid[POINTS, row, j], spot, strike, years, rate - dividend), rate, dividend, False


@jit_part
def model_value(p: PricingArrays, call: bool, spot: float, strike: float, years: float, inputs: tuple[float, float, float, bool]) -> tuple[float, float]:
    """Price (in coin for coin settlement) and delta."""
    vol, rate, dividend, _ = inputs
    price, delta = european(spot, strike, years, vol, (rate, dividend), call)
    if p.american and (dividend if call else rate) > 0.0:
        if years > 0.0 and vol > 0.0:
            price, delta = american(spot, strike, years, vol, rate, dividend, call)
        else:
            side = 1.0 if call else -1.0
            price = max(side * (spot - strike), 0.0)
            delta = side if price > 0.0 else 0.0
    return (price / spot if p.coin else price), delta


@jit_part
def settled_at(p: PricingArrays, j: int, option: OptionTraded) -> tuple[float, float]:
    """What an option is paid in its last bar, and the underlying's mean price there: the mean of its payoff over the paths between the bar's ends."""
    t = option.last
    mark, opened, high, low = p.grid[MARKS, t, j], p.grid[OPENS, t, j], p.grid[HIGHS, t, j], p.grid[LOWS, t, j]
    first, last = math.log(opened if opened > 0.0 else mark), math.log(mark)
    deviation = math.log(high / low) / math.sqrt(4.0 * math.log(2.0)) if high > low and low > 0.0 else 0.0
    part = within(p, t, option.expiry)
    spread = deviation * math.sqrt(max(part * (1.0 - part), 0.0))
    middle = first + part * (last - first)
    spot = math.exp(middle + spread * spread / 2.0)
    if p.coin:
        paid = option.strike * european(math.exp(-middle + spread * spread / 2.0), 1.0 / option.strike, 1.0, spread, (0.0, 0.0), not option.call)[0]
    else:
        paid = european(spot, option.strike, 1.0, spread, (0.0, 0.0), option.call)[0]
    return max(paid, LEAST * option.strike), spot


@jit_part
def priced_at(p: PricingArrays, t: int, j: int, at: int, option: OptionTraded) -> tuple[float, float, float]:
    """Price, delta and volatility at the open or close of bar t; at an open with the volatility of the close before."""
    if at == CLOSE and t == option.last:
        return settled_at(p, j, option)[0], 0.0, 0.0
    spot, row = (p.grid[OPENS, t, j], t - 1) if at == OPEN else (p.grid[MARKS, t, j], t)
    years = years_left(p, t, option.expiry, at)
    inputs = inputs_at(p, row, j, spot, option.strike, years)
    price, delta = model_value(p, option.call, spot, option.strike, years, inputs)
    return price, delta, inputs[0]


@jit_part
def value_at(p: PricingArrays, kept: Valuations, where: tuple[int, int, int], option: OptionTraded) -> tuple[float, float, float]:
    """`priced_at` of `where` (bar, symbol, open or close), out of what is kept where it was priced before."""
    t, j, at = where
    _, bars, symbols = p.grid.shape
    kind = (np.int64(option.expiry * 1440.0) + 1_000_000_000) * 4 + (2 if option.call else 0) + at
    code = np.int64((kind * symbols + j) * bars + t + 1)
    mixed = np.uint64(code) * np.uint64(0x9E3779B97F4A7C15) ^ np.uint64(np.int64(option.strike * 4096.0)) * np.uint64(0xC2B2AE3D27D4EB4F)
    first = np.int64(mixed >> np.uint64(36))
    slot = first & (kept.code.size - 1)
    for n in range(_PLACES):
        here = (first + n) & (kept.code.size - 1)
        if kept.code[here] == code and kept.value[here, 0] == option.strike:
            kept.counted[0] += 1
            return kept.value[here, 1], kept.value[here, 2], kept.value[here, 3]
        if kept.code[here] == 0:
            slot = here
            break
    price, delta, vol = priced_at(p, t, j, at, option)
    kept.counted[1] += 1
    kept.code[slot] = code
    kept.value[slot, 0], kept.value[slot, 1], kept.value[slot, 2], kept.value[slot, 3] = option.strike, price, delta, vol
    return price, delta, vol


@jit_part
def crossed_at(p: PricingArrays, terms: tuple[float, float], where: tuple[int, int], option: OptionTraded, fair: tuple[float, float], units: float) -> float:
    """The price a fill at the open of a bar gets. `terms`: part of the spread that is crossed, the least spread; `fair`: middle and volatility."""
    t, j = where
    years, table = years_left(p, t, option.expiry, OPEN), p.widths
    m = abs(math.log(option.strike / p.grid[OPENS, t, j])) / max(fair[1] * math.sqrt(years), 1e-6)
    row, column = np.searchsorted(table[1:, 0], years * YEAR), np.searchsorted(table[0, 1:], m)
    width = table[1 + min(row, table.shape[0] - 2), 1 + min(column, table.shape[1] - 2)]
    half = terms[0] * max(width * fair[0], terms[1])
    price: float = fair[0] + (half if units > 0.0 else -half)
    return max(price, LEAST * option.strike)


@jit_part
def _off(p: PricingArrays, where: tuple[int, int], call: bool, log: float, years: float, asked: float) -> float:
    """Delta (without sign) of a strike at e^log of the open, less what is asked."""
    t, j = where
    spot = p.grid[OPENS, t, j]
    strike = spot * math.exp(log)
    vol, rate, dividend, _ = inputs_at(p, t - 1, j, spot, strike, years)
    return abs(european(spot, strike, years, vol, (rate, dividend), call)[1]) - asked


@jit_part
def option_of(p: PricingArrays, legs: LegTerms, k: int, where: tuple[int, int], since: float) -> tuple[OptionTraded, bool]:
    """The option of leg k opened at the open of bar t, and whether there is one: not where it has expired, or no strike has the delta. `since`: the expiry
    from which a roll counts its days (NaN: the bar)."""
    t, j = where
    spot, value, rule, call = p.grid[OPENS, t, j], legs.terms[k, VALUE], legs.terms[k, RULE], legs.terms[k, CALL] > 0.0
    day = since if legs.terms[k, COUNTED] > 0.0 and not np.isnan(since) else p.labels[0, t]
    expiry = legs.expiries[k, math.floor(day) - legs.since]
    if np.isnan(expiry):
        return OptionTraded(call, value, expiry, t), False
    years, last = years_left(p, t, expiry, OPEN), last_bar(p, t, expiry)
    if rule != DELTA or years <= 0.0:
        return OptionTraded(call, value * spot if rule == MONEYNESS else value, expiry, last), years > 0.0
    wide = 8.0 * inputs_at(p, t - 1, j, spot, spot, years)[0] * math.sqrt(years) + 0.5
    low, high = -wide, wide
    under = _off(p, where, call, low, years, value)
    if under * _off(p, where, call, high, years, value) > 0.0:
        return OptionTraded(call, spot, expiry, last), False
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        if under * _off(p, where, call, middle, years, value) > 0.0:
            low = middle
        else:
            high = middle
    return OptionTraded(call, spot * math.exp(0.5 * (low + high)), expiry, last), True


class SharedPrices:
    """What was priced before, by `inputs_key`, least recently used out first; at most `size` bytes. Threads may share it: of those that ask for one key,
    one walks at a time, and the next finds what it has priced."""

    def __init__(self, size: int = BYTES) -> None:
        self._kept: LRUCache[Hashable, tuple[Valuations, Lock]] = LRUCache(size, lambda one: sum(part.nbytes for part in one[0]))
        self._lock = Lock()
        self.found = self.priced = 0

    @contextmanager
    def lent(self, key: Hashable, entries: int) -> Iterator[Valuations]:
        """What is kept under a key, or as much room as was asked for."""
        with self._lock:
            if key not in self._kept:
                self._kept[key] = valuations(min(entries, int(self._kept.maxsize) // (2 * ENTRY))), Lock()  # room is a power of two, up to twice as much
            kept, free = self._kept[key]
        with free:
            found, priced = (int(n) for n in kept.counted)
            yield kept
            with self._lock:
                self.found, self.priced = self.found + int(kept.counted[0]) - found, self.priced + int(kept.counted[1]) - priced

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return int(self._kept.currsize)


def inputs_key(arrays: Iterable[npt.NDArray[Any]], words: Hashable) -> bytes:
    """A digest of arrays, their shapes, and of `words` by their repr."""
    made = hashlib.blake2b(repr(words).encode(), digest_size=16)
    for array in arrays:
        made.update(repr(array.shape).encode())
        made.update(array.tobytes())
    return made.digest()
