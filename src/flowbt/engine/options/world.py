"""A run of option structures as the arrays and numbers its compiled walk takes, and the room it writes into."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from flowbt.engine.options.desk import Desk
from flowbt.engine.options.pricing import FLAT_SPREAD, days_of, expiry_of
from flowbt.engine.options.structures import Leg, Skew, Structure
from flowbt.engine.options.trading import COLUMN, DUE, NEVER, NUMBER, StructureState, StructureTape, TradingTerms
from flowbt.engine.options.valuation import DELTA, MONEYNESS, STRIKE, LegTerms, PricingArrays, inputs_key
from flowbt.engine.types import Array, frozen
from flowbt.engine.walk.events import NONE
from flowbt.features.calendar import third_fridays
from flowbt.features.expiries import last_fridays
from flowbt.ground.clock import Clock
from flowbt.options.daily import SLICE
from flowbt.options.model import SmileModel

RULES = {"strike": STRIKE, "moneyness": MONEYNESS, "delta": DELTA}
ENTRIES = 1 << 20  # most prices kept of one market and model
PER_BAR = 64  # prices kept a bar and symbol
LATER = 60  # days looked beyond for the next expiry of a cycle


@dataclass(frozen=True)
class Given:
    """What a walk takes besides the rules; `key` is of all that prices rest on but the option and the bar, `entries` how many prices are worth keeping."""

    desk: Desk
    pricing: PricingArrays
    legs: LegTerms
    terms: TradingTerms
    key: bytes
    entries: int


def given_of(desk: Desk) -> Given:
    """The desk's terms as numbers."""
    structure, costs, account, model = desk.structure, desk.costs, desk.account, desk.structure.model
    pricing, legs, trading = pricing_of(desk), legs_of(desk), structure.trading
    crossing = float(trading.cross), float(trading.tick if trading.tick is not None else 0.0001 if model.coin else 0.01)
    terms = TradingTerms(
        float(costs.fees),
        float(costs.slippage),
        float(costs.borrow),
        float(account.margin),
        float(account.max_gross),
        crossing,
        float(structure.shares),
        structure.by == "risk",
        np.nan if trading.roll_days is None else float(trading.roll_days),
        bool(trading.roll),
        bool(trading.hedge),
        float(trading.hedge_band),
    )
    p = pricing
    key = inputs_key((p.grid, p.labels, p.carry, p.first, p.slices), (model, desk.timing))
    return Given(desk, pricing, legs, terms, key, min(PER_BAR * desk.iv.size, ENTRIES))


def pricing_of(desk: Desk) -> PricingArrays:
    """What prices rest on; a symbol without surfaces has no slices, and interest and dividends that are not known."""
    length, surfaces = len(desk.days), desk.market.surfaces or (None,) * len(desk.market.symbols)
    first, carry = np.zeros((len(surfaces), length + 1), np.int64), np.full((2, len(surfaces), length), np.nan)
    slices, at = [np.empty((0, len(SLICE)))], 0
    for j, one in enumerate(surfaces):
        if one is not None:
            first[j], carry[0, j], carry[1, j] = one.first + at, one.rate, one.dividend
            slices.append(one.slices)
            at += len(one.slices)
    model, timing, bars = desk.structure.model, desk.timing, desk.bars
    stated = tuple(np.nan if one is None else float(one) for one in (model.rate, model.dividend))
    indexed, smile, widths = smile_of(desk.structure)
    return PricingArrays(
        frozen(np.stack([bars.open, bars.high, bars.low, bars.mark, bars.funding, desk.iv])),
        frozen(np.stack([desk.days, bars.days])),
        (float(timing.opens), float(timing.closes), float(timing.settles)),
        (stated[0], stated[1]),
        frozen(carry),
        frozen(first, np.int64),
        frozen(np.concatenate(slices)),
        indexed,
        smile,
        widths,
        bool(model.american),
        bool(model.coin),
    )


def smile_of(structure: Structure) -> tuple[bool, Array, Array]:
    """Whether the volatility model is one of an index, its numbers, and the widths of quotes: the stated one, the model's table, or a flat one."""
    model, width = structure.model.skew or Skew(), structure.trading.spread
    if isinstance(model, SmileModel):
        shape = (model.level, model.term, model.tilt, model.usual, model.slope, model.slope_term, model.curve, float(np.exp(model.shift * model.error)))
        if width is None:
            table = model.spread
            return (
                True,
                frozen(shape),
                frozen(np.block([[np.zeros((1, 1)), np.atleast_2d(table.deviations)], [np.array([table.days]).T, np.array(table.widths)]])),
            )
    else:
        shape = (0.0, 0.0, 0.0, 1.0, model.slope, 0.0, model.curve, 1.0)
    return isinstance(model, SmileModel), frozen(shape), frozen([[0.0, 0.0], [0.0, FLAT_SPREAD if width is None else width]])


def legs_of(desk: Desk) -> LegTerms:
    """The option legs, with their expiries by calendar day."""
    legs, first = desk.structure.options, int(np.floor(desk.days[0]))
    count, always = int(np.floor(desk.days[-1])) - first + 1, desk.timing.always
    terms = [
        (leg.kind == "call", leg.quantity, RULES[leg.strike.kind], leg.strike.value, bool(leg.days)) for leg in legs if leg.strike is not None
    ]  # CALL to COUNTED
    return LegTerms(frozen(terms), frozen([expiries_of(leg.days, leg.expiry, (first, count), desk.structure.cycle, always) for leg in legs]), first)


@lru_cache(maxsize=256)
def expiries_of(days: int | None, expiry: str | None, span: tuple[int, int], cycle: str, always: bool) -> Array:
    """`expiry_of` for every calendar day of `span` (first, count), in days since 1970; NaN beyond the calendar."""
    first, count = span
    if expiry is not None:
        return frozen(np.full(count, days_of(expiry_of(Leg("call", 1.0, None, expiry=expiry), _day(first), cycle, always))))
    wanted = np.arange(first, first + count, dtype=np.float64) + (days or 0)
    fridays = wanted + (1.0 - wanted) % 7.0  # 1970-01-02 was one
    if always and cycle != "month":
        return frozen(fridays if cycle == "week" else wanted)
    start, end = _day(wanted[0]), _day(wanted[-1]) + pd.Timedelta(days=LATER)
    if cycle == "month":
        return frozen(_first(days_of((last_fridays if always else third_fridays)(start, end).normalize()), wanted))
    sessions = days_of(Clock().labels(start, end))
    if cycle == "day":
        return frozen(_first(sessions, wanted))
    held = np.append(np.nan, sessions)[np.searchsorted(sessions, fridays, side="right")]  # a Friday without trading: the session before it,
    held = np.where(held >= wanted, held, np.nan)
    for k in np.flatnonzero(np.isnan(held))[::-1]:  # or if that is too early the next Friday's
        held[k] = held[k + 7] if k + 7 < count else days_of(expiry_of(Leg("call", 1.0, None, days=days), _day(first + k), cycle, always))
    return frozen(held)


def _day(days: float) -> pd.Timestamp:
    return pd.Timestamp(int(days) * 86_400_000_000_000)


def day_of(days: float) -> pd.Timestamp:
    """The instant of so many days since 1970."""
    return pd.Timestamp(round(days * 86_400e9))


def _first(dates: Array, wanted: Array) -> Array:
    """The first of the sorted dates on or after each day; NaN after the last."""
    return np.append(dates, np.nan)[np.searchsorted(dates, wanted, side="left")]


def start(given: Given) -> StructureState:
    """The state before the first bar."""
    n, legs = given.pricing.grid.shape[2], len(given.legs.terms)
    whole, columns = np.zeros((6, n), np.int64), np.zeros((3, n, legs), np.int64)
    whole[NUMBER], whole[DUE], columns[COLUMN] = NEVER, NONE, NEVER
    return StructureState(np.array([given.desk.account.cash]), np.zeros((10, n)), whole, np.zeros((3, n, legs)), columns, np.zeros(4, np.int64))


def room_for(given: Given, orders: int) -> StructureTape:
    """An empty tape with room for so many orders and those of a bar; memory that is never written costs nothing."""
    _, length, n = given.pricing.grid.shape
    size = orders + n * (4 * len(given.legs.terms) + 8)
    order, contract, opened = (np.empty((size, wide), np.int64) for wide in (4, 3, 6))
    fill, terms, paid = (np.empty((size, wide)) for wide in (5, 2, 4))
    by_bar = np.empty((length, 3)), np.zeros((2, length, n)), np.zeros(length, np.int64)
    return StructureTape(order, fill, np.empty(size, np.int64), contract, terms, opened, paid, *by_bar)


def with_room(out: StructureTape) -> StructureTape:
    """The tape with twice the room for what is not by bar."""
    rows = {name: part for name, part in out._asdict().items() if name not in ("bars", "carry", "by_open")}
    return out._replace(**{name: np.concatenate([part, np.empty_like(part)]) for name, part in rows.items()})
