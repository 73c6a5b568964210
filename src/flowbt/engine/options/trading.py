"""The compiled walk of option structures: what it holds, what it writes, and its trades. `kernel.py` has the order of events."""

from __future__ import annotations

from typing import NamedTuple

from flowbt.engine.options.valuation import CALL, OPEN, OPENS, LegTerms, OptionTraded, PricingArrays, Valuations, crossed_at, value_at
from flowbt.engine.walk.events import PARTIAL, REASONS, is_flat, slipped
from flowbt.engine.walk.kernel import Array, Ints
from flowbt.ground.compiled import jit_part

EXPIRY, ROLL, EARLY, HEDGE = (REASONS.index(name) for name in ("expiry", "roll", "early", "hedge"))
NEVER = -1  # no structure, no column
PENDING, LEAVING, SIDE, UNITS, ENTERED, MONEY, SPENT, FEES, EXPIRED, SHARES = range(10)  # LEAVING: fraction asked to close; SPENT: all paid and received;
# EXPIRED: the expiry a roll goes on from (NaN: none); SHARES: units of the underlying
WAITING, NUMBER, SINCE, ROW, DUE, SHARE_TRADE = range(6)  # WAITING: row of the pending decision; NUMBER: of the structure (NEVER: none)
HELD, STRUCK, EXPIRES = range(3)  # units, strike, expiry of a leg's option
COLUMN, TRADE, LAST = range(3)  # COLUMN: NEVER where a leg holds no option
ORDERS, TRADES, COLUMNS, STRUCTURES = range(4)  # of `StructureState.made`


class TradingTerms(NamedTuple):
    """Costs, account and trading terms of a structure. `roll_days` NaN where there are none; `tick`: the least spread."""

    fees: float
    slippage: float
    borrow: float
    margin: float
    max_gross: float
    crossing: tuple[float, float]
    shares: float
    by_risk: bool
    roll_days: float
    roll: bool
    hedge: bool
    hedge_band: float


class StructureWorld(NamedTuple):
    """What does not change while the bars go by; `kept` is what was priced."""

    prices: PricingArrays
    legs: LegTerms
    terms: TradingTerms
    kept: Valuations


class StructureState(NamedTuple):
    """`real` (PENDING to SHARES) and `whole` (WAITING to SHARE_TRADE) per symbol, of the structure held on it; `options` (HELD to EXPIRES) and `columns`
    (COLUMN to LAST) per symbol and leg. `made`: ORDERS to STRUCTURES."""

    cash: Array  # one number
    real: Array
    whole: Ints
    options: Array
    columns: Ints
    made: Ints


class StructureTape(NamedTuple):
    """What happened. A row per order: bar, column, reason, trade | units, price, fee, slippage, units after it; `owner`: the structure of each trade; a row per
    contract: symbol, leg, first bar | strike, expiry; per structure: symbol, side, first bar, row of the decision, 1 when closed, options that a surface
    priced | units, money, net paid at entry, result; then per bar: value, net and gross exposure; (borrow, funding) x T x N; fills by the end of the open."""

    order: Ints
    fill: Array
    owner: Ints
    contract: Ints
    terms: Array
    opened: Ints
    paid: Array
    bars: Array  # T x 3
    carry: Array
    by_open: Ints


@jit_part
def record(s: StructureState, out: StructureTape, where: tuple[int, int, int, int, int], fill: tuple[float, float, float, float, float]) -> int:
    """An order: bar, symbol, column, reason and trade (NEVER: a new one) | units, units after, price, fee, price without costs. Gives its trade."""
    t, j, column, reason, trade = where
    units, after, price, fee, fair = fill
    if trade == NEVER:
        trade = s.made[TRADES]
        out.owner[trade] = s.whole[NUMBER, j]
        s.made[TRADES] += 1
    s.cash[0] -= units * price + fee
    s.real[SPENT, j] -= units * price + fee
    s.real[FEES, j] += fee
    n = s.made[ORDERS]
    out.order[n, 0], out.order[n, 1], out.order[n, 2], out.order[n, 3] = t, column, reason, trade
    out.fill[n, 0], out.fill[n, 1], out.fill[n, 2], out.fill[n, 3], out.fill[n, 4] = units, price, fee, abs(units) * abs(price - fair), after
    s.made[ORDERS] += 1
    return trade


@jit_part
def trade_option(w: StructureWorld, s: StructureState, out: StructureTape, where: tuple[int, int, int, int], units: float) -> None:
    """Trade the option of (bar, symbol, leg, reason) at the open, across its part of the spread."""
    t, j, k, reason = where
    if units == 0.0:
        return
    option = option_held(w, s, j, k)
    fair, _, vol = value_at(w.prices, w.kept, (t, j, OPEN), option)
    price = crossed_at(w.prices, w.terms.crossing, (t, j), option, (fair, vol), units)
    before = s.options[HELD, j, k]
    s.options[HELD, j, k] = before + units
    trade = NEVER if before == 0.0 else s.columns[TRADE, j, k]
    fee = abs(units) * price * w.terms.fees
    s.columns[TRADE, j, k] = record(s, out, (t, j, s.columns[COLUMN, j, k], reason, trade), (units, s.options[HELD, j, k], price, fee, fair))


@jit_part
def trade_shares(w: StructureWorld, s: StructureState, out: StructureTape, where: tuple[int, int, int], units: float, fair: float) -> None:
    """Trade the underlying of (bar, symbol, reason) about the price `fair`; through zero in two orders."""
    t, j, reason = where
    before = s.real[SHARES, j]
    price = slipped(fair, units, w.terms.slippage)
    if before * units < 0.0 and abs(units) > abs(before):
        s.real[SHARES, j] = 0.0
        record(s, out, (t, j, j, reason, s.whole[SHARE_TRADE, j]), (-before, 0.0, price, abs(before) * price * w.terms.fees, fair))
        units, before = units + before, 0.0
    if units == 0.0:
        return
    s.real[SHARES, j] = before + units
    trade = NEVER if before == 0.0 else s.whole[SHARE_TRADE, j]
    s.whole[SHARE_TRADE, j] = record(s, out, (t, j, j, reason, trade), (units, s.real[SHARES, j], price, abs(units) * price * w.terms.fees, fair))


@jit_part
def option_held(w: StructureWorld, s: StructureState, j: int, k: int) -> OptionTraded:
    """The option of leg k of the structure held on symbol j."""
    return OptionTraded(w.legs.terms[k, CALL] > 0.0, s.options[STRUCK, j, k], s.options[EXPIRES, j, k], s.columns[LAST, j, k])


@jit_part
def closed(s: StructureState, out: StructureTape, j: int, t: int) -> None:
    """Nothing of the structure is left."""
    out.paid[s.whole[NUMBER, j], 3], out.opened[s.whole[NUMBER, j], 4] = s.real[SPENT, j], 1
    s.whole[NUMBER, j] = NEVER


@jit_part
def close(w: StructureWorld, s: StructureState, out: StructureTape, where: tuple[int, int], reason: int) -> None:
    """Sell or buy back every leg at the open."""
    t, j = where
    for k in range(s.columns.shape[2]):
        if s.columns[COLUMN, j, k] != NEVER:
            trade_option(w, s, out, (t, j, k, reason), -s.options[HELD, j, k])
            s.columns[COLUMN, j, k] = NEVER
    trade_shares(w, s, out, (t, j, reason), -s.real[SHARES, j], w.prices.grid[OPENS, t, j])
    closed(s, out, j, t)


@jit_part
def reduce(w: StructureWorld, s: StructureState, out: StructureTape, where: tuple[int, int], part: float) -> None:
    """Close `part` of every leg at the open; all of it where only dust would stay."""
    t, j = where
    if is_flat(s.real[UNITS, j] * (1.0 - part), s.real[ENTERED, j]):
        close(w, s, out, where, PARTIAL)
        return
    for k in range(s.columns.shape[2]):
        if s.columns[COLUMN, j, k] != NEVER:
            trade_option(w, s, out, (t, j, k, PARTIAL), -part * s.options[HELD, j, k])
    trade_shares(w, s, out, (t, j, PARTIAL), -part * s.real[SHARES, j], w.prices.grid[OPENS, t, j])
    s.real[UNITS, j] *= 1.0 - part
