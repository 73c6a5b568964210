"""What a structure is worth: contracts out of legs, marks by Black-Scholes, payoff, and a structure followed to its expiry.

Time to expiry is calendar time from the bar to the settlement: 16:00 of the expiry date on an exchange's clock (half days too; 9:30 for the monthly options of
indices), 08:00 UTC on a 24/7 clock. Exchange labels are dates (bars from 9:30 to 16:00), 24/7 labels bar starts. A year has 365 days.

An option settles in the bar that holds its instant: at the open or close where it falls on one, else at the mean of its payoff over the paths between that
bar's open and close (a Brownian bridge with the variance of the bar's own range: neither end of the bar is the price at 08:00).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowbt.engine.options.structures import Leg, Model, Skew, Structure, declared
from flowbt.features.calendar import third_fridays
from flowbt.features.expiries import last_fridays
from flowbt.ground.clock import Clock
from flowbt.ground.errors import EngineError, SignalError
from flowbt.ground.types import Moment
from flowbt.options import blackscholes as bs
from flowbt.options.daily import DaySurfaces
from flowbt.options.implied import black_price
from flowbt.options.kernels.american import american_values
from flowbt.options.model import SmileModel

Array = bs.Array
YEAR = 365.0
FLAT_SPREAD = 0.04
MORNING = frozenset({"SPX", "NDX", "RUT", "DJX"})
LEAST = 1e-12  # of the strike: vectorbt takes no order at a price of zero, so the worthless settles at this


@dataclass(frozen=True)
class BarHours:
    """Where bars lie in the day, in days from their label, and where settlement lies in the expiry date."""

    opens: float
    closes: float
    settles: float
    always: bool

    @classmethod
    def of(cls, clock: Clock, morning: bool = False) -> BarHours:
        if clock.always:
            return cls(0.0, clock.bar / pd.Timedelta(days=1), 8.0 / 24, True)
        return cls(9.5 / 24, 16.0 / 24, 9.5 / 24 if morning else 16.0 / 24, False)

    def years(self, days: npt.ArrayLike, expiry: pd.Timestamp, at_open: bool = False) -> Array:
        """Years from the opens or closes of labels (`days_of` them) to settlement, at least 0."""
        left = days_of(expiry) + self.settles - (self.opens if at_open else self.closes) - np.asarray(days, dtype=np.float64)
        return np.where(left > 1e-9, left, 0.0) / YEAR  # a billionth of a day is rounding

    def last_bar(self, days: Array, expiry: pd.Timestamp) -> int:
        """The bar that holds settlement, or where the data skip it the one before; len(days) if settlement is after the data."""
        instant = days_of(expiry) + self.settles
        at = int(np.searchsorted(days, instant - self.closes - 1e-9, side="left"))
        return at - 1 if 0 < at < len(days) and days[at] + self.opens > instant + 1e-9 else at

    def within(self, day: float, expiry: pd.Timestamp) -> float:
        """Where in the bar of a label settlement lies: 0 at (or before) its open, 1 at its close."""
        return float(np.clip((days_of(expiry) + self.settles - day - self.opens) / (self.closes - self.opens), 0.0, 1.0))


def timing_of(structure: Structure, clock: Clock, symbols: tuple[str, ...]) -> BarHours:
    """The options of these indices that expire on a third Friday and are no weeklies settle on its opening prices; all others at the close."""
    dates = [pd.Timestamp(leg.expiry) for leg in structure.options if leg.expiry is not None]
    third_fridays_only = all(date.weekday() == 4 and 15 <= date.day <= 21 for date in dates)
    return BarHours.of(clock, structure.cycle == "month" and bool(symbols) and set(symbols) <= MORNING and third_fridays_only)


def crossing(structure: Structure, fair: float, deviation: tuple[float, float]) -> float:
    """How far from the middle a fill is: its part of the spread, of at least a tick. `deviation`: days left, and the strike's distance in deviations."""
    terms, skew = structure.trading, structure.model.skew
    width = terms.spread if terms.spread is not None else skew.spread.at(*deviation) if isinstance(skew, SmileModel) else FLAT_SPREAD
    tick = terms.tick if terms.tick is not None else 0.0001 if structure.model.coin else 0.01
    return terms.cross * max(width * fair, tick)


def distance(contract: Contract, spot: float, vol: float, years: float) -> tuple[float, float]:
    """Days left and |ln(strike / spot)| in deviations."""
    return years * YEAR, abs(float(np.log(contract.strike / spot))) / max(vol * float(np.sqrt(years)), 1e-6)


def days_of(labels: Any) -> Any:
    """Labels as days since 1970."""
    if isinstance(labels, pd.DatetimeIndex):
        return (labels.to_numpy() - np.datetime64(0, "D")) / np.timedelta64(1, "D")
    return pd.Timestamp(labels).value / 86_400e9


class Contract(NamedTuple):
    """One option of a structure; `quantity` signed, per unit of it."""

    kind: str
    strike: float
    expiry: pd.Timestamp
    quantity: float

    def label(self, symbol: str) -> str:
        return f"{symbol} {self.expiry:%Y-%m-%d} {self.kind[0].upper()}{self.strike:.10g}"


@lru_cache(maxsize=8192)
def expiry_of(leg: Leg, label: pd.Timestamp, cycle: str, always: bool) -> pd.Timestamp:
    """The date a leg opened at `label` expires."""
    if leg.expiry is not None:
        date = pd.Timestamp(leg.expiry)
        return date if always else Clock().shift(pd.DatetimeIndex([date]), 0)[0]
    wanted = label.normalize() + pd.Timedelta(days=leg.days or 0)
    if cycle == "month":
        dates = last_fridays(wanted, wanted + pd.DateOffset(months=2)).normalize() if always else third_fridays(wanted, wanted + pd.DateOffset(months=2))
        return dates[dates >= wanted][0]
    friday = wanted + pd.Timedelta(days=(4 - wanted.weekday()) % 7)
    if always:
        return friday if cycle == "week" else wanted
    sessions = Clock().labels(wanted, friday + pd.Timedelta(days=10))
    if cycle == "day":
        return sessions[0]
    held = sessions[sessions <= friday]  # a Friday without trading: the session before it, or if that is too early the next Friday's
    return held[-1] if len(held) else expiry_of(Leg(leg.kind, leg.quantity, leg.strike, days=(leg.days or 0) + 7), label, cycle, always)


def volatility(iv: npt.ArrayLike, spot: npt.ArrayLike, strike: npt.ArrayLike, years: npt.ArrayLike, model: Model, carry: npt.ArrayLike = 0.0) -> Array:
    """Volatility of a strike as a fraction, from the at-the-money one or the index in points. `carry`: of the forward over spot, a year."""
    skew = model.skew or Skew()
    if isinstance(skew, SmileModel):
        growth = np.exp(np.asarray(carry, dtype=np.float64) * np.asarray(years, dtype=np.float64))
        return skew.vol(iv, np.asarray(spot) * growth, strike, years)
    atm = np.asarray(iv, dtype=np.float64) / 100.0
    if not (skew.slope or skew.curve):
        return atm + 0.0 * np.asarray(spot, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        m = np.log(np.asarray(strike) / spot) / np.maximum(atm * np.sqrt(years), 1e-9)
    m = np.clip(m, -3.0, 3.0)
    out: Array = atm * np.clip(1.0 + skew.slope * m + skew.curve * m**2, 0.2, 3.0)
    return out


class OptionInputs(NamedTuple):
    """What prices an option beside spot, strike and time, as arrays: volatility (fraction), rate and dividend yield (fractions a year, continuous), and
    whether a surface of the day gave them (else the declared model)."""

    vol: Array
    rate: Array
    dividend: Array
    quoted: npt.NDArray[np.bool_]


def declared_inputs(iv: npt.ArrayLike, spot: npt.ArrayLike, strike: npt.ArrayLike, years: npt.ArrayLike, model: Model) -> OptionInputs:
    """By the declared model, with the rate and the dividend the structure states (0 where it states none)."""
    return _modelled((iv, spot), (strike, years), (np.asarray(model.rate or 0.0), np.asarray(model.dividend or 0.0)), model)


def _modelled(
    market: tuple[npt.ArrayLike, npt.ArrayLike], option: tuple[npt.ArrayLike, npt.ArrayLike], carry: tuple[Array, Array], model: Model
) -> OptionInputs:
    (iv, spot), (strike, years), (rate, dividend) = market, option, carry
    vol = np.asarray(volatility(iv, spot, strike, years, model, rate - dividend))
    shape = np.broadcast_shapes(vol.shape, np.shape(spot), np.shape(years), np.shape(rate))
    return OptionInputs(np.broadcast_to(vol, shape), np.broadcast_to(rate, shape), np.broadcast_to(dividend, shape), np.zeros(shape, np.bool_))


class QuotedVolatility(NamedTuple):
    """A volatility in points (a number, or a series by label) and beside it the stored surfaces of the same labels, bar by bar."""

    index: Any
    surfaces: DaySurfaces

    def since(self, row: int) -> DaySurfaces:
        """The surfaces from a bar on."""
        return self.surfaces.cut(row, len(self.surfaces.first) - 1)


def known_inputs(
    surfaces: DaySurfaces | None,
    rows: npt.NDArray[np.int64],
    market: tuple[npt.ArrayLike, npt.ArrayLike],
    option: tuple[npt.ArrayLike, npt.ArrayLike],
    model: Model,
) -> OptionInputs:
    """By the surface of `rows` where there is one, else by the declared model with the structure's rate and dividend, or those of the day. `market`:
    volatility in points and spot; `option`: strike and years."""
    (iv, spot), (strike, years) = market, option
    if surfaces is None:
        return declared_inputs(iv, spot, strike, years, model)
    vol, rate, dividend = surfaces.inputs(rows, np.asarray(strike, dtype=np.float64) / np.asarray(spot, dtype=np.float64), years)
    there = np.isfinite(vol)
    day = (_of_day(rate, model.rate, there), _of_day(dividend, model.dividend, there))
    return OptionInputs(np.where(there, vol, _modelled(market, option, day, model).vol), *day, there)


def _of_day(known: Array, stated: float | None, quoted: npt.NDArray[np.bool_]) -> Array:
    """What is known, where the day has no surface what the structure states, 0 where neither is there."""
    return np.where(quoted, known, np.nan_to_num(known) if stated is None else stated)


def strike_of(leg: Leg, spot: float, years: float, inputs: Callable[[float], OptionInputs]) -> float:
    """The strike of a leg, in price units, from its rule (absolute, moneyness or delta); `inputs` of a strike. EngineError where no strike has that delta."""
    rule = leg.strike
    assert rule is not None
    if rule.kind != "delta":
        return rule.value * (spot if rule.kind == "moneyness" else 1.0)
    call = leg.kind == "call"

    def off(log: float) -> float:
        k = spot * float(np.exp(log))
        vol, rate, dividend, _ = inputs(k)
        return abs(float(bs.delta(bs.OptionTerms(spot, k, years, vol, rate, dividend), call))) - rule.value

    middle = float(inputs(spot).vol)
    wide = 8.0 * middle * float(np.sqrt(years)) + 0.5
    from scipy.optimize import brentq  # late: 40 MB, which a run or sweep without options does not need

    if off(-wide) * off(wide) > 0:
        raise EngineError(f"a strike of {rule.value:g} delta", f"none at volatility {100 * middle:g} and {years:.4f} years", "use another delta or moneyness")
    return spot * float(np.exp(brentq(off, -wide, wide, xtol=1e-12)))


def _at(surfaces: DaySurfaces | None, market: tuple[float, float], years: float, model: Model, strike: float) -> OptionInputs:
    return known_inputs(surfaces, np.asarray(0), market, (strike, years), model)


def contract_of(
    structure: Structure,
    leg: Leg,
    label: pd.Timestamp,
    market: tuple[float, Callable[[float, float], OptionInputs]],
    timing: BarHours,
    since: pd.Timestamp | None = None,
) -> Contract:
    """The option of a leg opened at the open of `label`; `market`: spot, and the inputs of a strike and years. Its days count from
    `since`, else from the label. Raises EngineError for an expiry that has passed."""
    expiry = expiry_of(leg, since if since is not None and leg.days else label, structure.cycle, timing.always)
    years = float(timing.years(days_of(label), expiry, at_open=True))
    if years <= 0.0:
        raise EngineError(f"{leg} opened on {label:%Y-%m-%d}", f"it expired on {expiry:%Y-%m-%d}", "give a later expiry, or days=")
    spot, inputs = market
    return Contract(leg.kind, strike_of(leg, spot, years, lambda strike: inputs(strike, years)), expiry, leg.quantity)


def value_with(contract: Contract, spot: npt.ArrayLike, years: npt.ArrayLike, inputs: OptionInputs, model: Model) -> tuple[Array, Array]:
    """Model price (in coin for coin settlement) and delta (in units of the underlying), arrays. American options are exercised early where that can
    pay: calls with dividends, puts with interest."""
    spots, call = np.asarray(spot, dtype=np.float64), contract.kind == "call"
    option = bs.OptionTerms(spots, contract.strike, years, inputs.vol, inputs.rate, inputs.dividend)
    price, delta = bs.price(option, call), bs.delta(option, call)
    early = np.broadcast_to((inputs.dividend if call else inputs.rate) > 0, np.shape(price)).ravel() & bool(model.american)
    if early.any():
        s, k, t, v, r, d = (np.array(one, dtype=np.float64).ravel()[early] for one in np.broadcast_arrays(*option))
        flat_price, flat_delta = np.array(price, dtype=np.float64).ravel(), np.array(delta, dtype=np.float64).ravel()
        flat_price[early], flat_delta[early] = american_values(s, k, t, v, r, d, np.full(len(s), call))
        price, delta = flat_price.reshape(np.shape(price)), flat_delta.reshape(np.shape(delta))
    return (price / spots if model.coin else price), delta


def settled(contract: Contract, bar: tuple[float, float], part: float, deviation: float, coin: bool = False) -> tuple[float, float]:
    """What an option is paid at `part` of a bar (open, close), and the mean price of the underlying there. `deviation`: volatility x sqrt(years) of a bar.

    At the ends intrinsic; between them the mean over the Brownian bridge from open to close, on logarithms.
    """
    first, last = np.log(bar[0]), np.log(bar[1])
    spread = deviation * float(np.sqrt(max(part * (1.0 - part), 0.0)))
    middle, call = first + part * (last - first), contract.kind == "call"
    spot = float(np.exp(middle + spread**2 / 2))
    if coin:  # payoff / price: strike times an option of the other kind on 1 / price
        return contract.strike * float(black_price(np.exp(-middle + spread**2 / 2), 1.0 / contract.strike, 1.0, spread, 1.0, not call)), spot
    return float(black_price(spot, contract.strike, 1.0, spread, 1.0, call)), spot


def payoff(contracts: tuple[Contract, ...], spot: npt.ArrayLike, shares: float = 0.0) -> Array:
    """Value at expiry per unit of the structure, all expiries taken as one, in dollars."""
    s = np.asarray(spot, dtype=np.float64)
    out = shares * s
    for c in contracts:
        out = out + c.quantity * np.maximum(s - c.strike if c.kind == "call" else c.strike - s, 0.0)
    return out


def worst_loss(contracts: tuple[Contract, ...], paid: float, shares: float = 0.0, coin: bool = False) -> float:
    """The most that can be lost at expiry, per unit, having paid `paid` for all (dollars, or coin); inf where there is no bound. Several
    expiries: what was paid."""
    if len({c.expiry for c in contracts}) > 1:
        return paid if paid > 0 else np.inf
    calls = shares + sum(c.quantity for c in contracts if c.kind == "call")  # slope of the payoff at high prices
    spots = np.array([0.0, *(c.strike for c in contracts)])
    values = payoff(contracts, spots, shares)
    if not coin:
        return np.inf if calls < 0 else paid - float(values.min())
    if values[0] < 0:  # a fixed sum of dollars is worth any number of coins as the coin falls
        return np.inf
    return paid - min(float((values[1:] / spots[1:]).min()), calls)


@dataclass(frozen=True)
class Quote:
    """A structure priced at one time, per unit. `table`: one row per option (contract, strike, expiry, days, volatility, quantity, price, delta).
    `net`: what it costs in the middle of the market (negative: received), shares left out; `loss`: the most that can be lost at
    expiry, with the shares. In coin for coin settlement."""

    table: pd.DataFrame
    contracts: tuple[Contract, ...]
    net: float
    delta: float
    loss: float


def price_structure(structure: Structure, when: Moment, spot: float, iv: float | QuotedVolatility, *, clock: Clock | None = None, symbol: str = "") -> Quote:
    """Price a structure as of the close of `when`, with this spot and at-the-money volatility in points, or the surface (the first of its bars) beside it.
    Raises EngineError, SignalError."""
    label = pd.Timestamp(when)
    iv, surfaces = (float(iv.index), iv.surfaces) if isinstance(iv, QuotedVolatility) else (iv, None)
    if not (spot > 0 and iv > 0):
        raise SignalError(f"{structure.name} on {label:%Y-%m-%d}", f"spot {spot:g} and volatility {iv:g}", "give the price and volatility of that date")
    clock = clock or Clock()
    structure = declared(structure, clock.always, (symbol,) if symbol else ())
    timing = timing_of(structure, clock, (symbol,) if symbol else ())
    rows, contracts = [], []
    for leg in structure.options:
        expiry = expiry_of(leg, label, structure.cycle, timing.always)
        years = float(timing.years(days_of(label), expiry))
        if years <= 0.0:
            raise EngineError(f"{leg} on {label:%Y-%m-%d}", f"it expired on {expiry:%Y-%m-%d}", "give a later expiry, or days=")
        c = Contract(leg.kind, strike_of(leg, spot, years, partial(_at, surfaces, (iv, spot), years, structure.model)), expiry, leg.quantity)
        known = _at(surfaces, (iv, spot), years, structure.model, c.strike)
        price, delta = value_with(c, spot, years, known, structure.model)
        sigma = float(known.vol)
        rows.append((c.label(symbol).strip(), c.strike, expiry, years * YEAR, sigma, c.quantity, float(price), float(delta)))
        contracts.append(c)
    table = pd.DataFrame(rows, columns=["contract", "strike", "expiry", "days", "volatility", "quantity", "price", "delta"])
    net, shares = float((table["quantity"] * table["price"]).sum()), structure.shares
    total = float((table["quantity"] * table["delta"]).sum()) + shares
    loss = worst_loss(tuple(contracts), net + shares * spot, shares, structure.model.coin)
    return Quote(table, tuple(contracts), net, total, loss)


def follow(
    structure: Structure, when: Moment, spots: pd.Series, ivs: pd.Series | QuotedVolatility, *, clock: Clock | None = None, symbol: str = ""
) -> pd.DataFrame:
    """A structure bought at the close of `when` in the middle of the market, marked at each later close to its last expiry or the end of the data.

    `spots`, `ivs` (points, with the surfaces of their labels where there are any): on the same labels, in order, from before `when` on; a missing value is
    the last known one. Gives spot, iv,
    `value` (options, per unit, settled ones at intrinsic), `profit` (shares included), `settled` (bool: all expiries have passed).
    Raises EngineError where there is no price on `when`.
    """
    label = pd.Timestamp(when)
    index, surfaces = (ivs.index, ivs.surfaces) if isinstance(ivs, QuotedVolatility) else (ivs, None)
    data = pd.DataFrame({"spot": spots, "iv": index}).sort_index().ffill()
    if isinstance(ivs, QuotedVolatility):
        surfaces = ivs.since(int(data.index.searchsorted(label)))
    data = data.loc[label:]
    if not len(data) or data.index[0] != label or data.iloc[0].isna().any():
        raise EngineError(f"{structure.name} from {label:%Y-%m-%d}", "no price or no volatility on that label", "give series that contain it")
    clock = clock or Clock()
    spot_then, iv_then = (float(one) for one in data.iloc[0])
    quote = price_structure(structure, label, spot_then, QuotedVolatility(iv_then, surfaces) if surfaces else iv_then, clock=clock, symbol=symbol)
    structure = declared(structure, clock.always, (symbol,) if symbol else ())
    days, timing = days_of(pd.DatetimeIndex(data.index)), timing_of(structure, clock, (symbol,) if symbol else ())
    last = {c: timing.last_bar(days, c.expiry) for c in quote.contracts}
    data = data.iloc[: max(last.values()) + 1]
    value = np.zeros(len(data))
    for c in quote.contracts:
        years = timing.years(days[: min(last[c] + 1, len(data))], c.expiry)
        spot, iv = (data[name].to_numpy()[: len(years)] for name in ("spot", "iv"))
        rows = np.arange(len(years))
        price, _ = value_with(c, spot, years, known_inputs(surfaces, rows, (iv, spot), (c.strike, years), structure.model), structure.model)
        price = np.array(price)
        if last[c] < len(data) and last[c] > 0:
            bar = (float(spot[-2]), float(spot[-1]))  # without opens: from close to close
            deviation = float(volatility(iv[-2], spot[-2], c.strike, years[-2], structure.model) * np.sqrt((timing.closes - timing.opens) / YEAR))
            price[-1] = settled(c, bar, timing.within(days[last[c]], c.expiry), deviation, structure.model.coin)[0]
        value += c.quantity * np.append(price, np.full(len(value) - len(years), price[-1]))
    data["value"] = value
    data["profit"] = value - quote.net + structure.shares * (data["spot"] - data["spot"].iloc[0])
    data["settled"] = np.arange(len(data)) >= max(last.values())
    return data
