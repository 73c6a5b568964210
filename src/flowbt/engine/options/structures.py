"""Option structures as declarations: legs, how their strikes and expiries are chosen, and how they are priced and traded.

    Signals(long=event, structure=put_spread(panel["close", "VIX"], moneyness(0.98), delta(0.15), days=45), hold=21, take=1.0)

Nothing is priced here; `pricing.py` does that and `run.py` simulates. American options are worth what exercise at the best time gives; being assigned then
costs the seller nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import pandas as pd

from flowbt.ground.errors import SignalError
from flowbt.ground.types import Json
from flowbt.options.market import is_american
from flowbt.options.model import COIN, EQUITY, SmileModel

Volatility = float | pd.Series | pd.DataFrame | None
"""At-the-money, in points: a number, a series of labels, or a frame of labels x symbols; None where only the legs are declared."""
Cycle = Literal["day", "week", "month"]


@dataclass(frozen=True)
class Strike:
    """`kind`: "strike" (a price), "moneyness" (times spot), "delta" (of the option, 0..1 without sign)."""

    kind: str
    value: float

    def __post_init__(self) -> None:
        top = 1.0 if self.kind == "delta" else float("inf")
        if not 0.0 < self.value < top:
            raise SignalError(f"{self.kind} of {self.value:g}", "", "give a delta between 0 and 1, or a positive number")

    def __str__(self) -> str:
        return {"strike": f"{self.value:g}", "moneyness": f"{self.value:.1%} of spot", "delta": f"{self.value:g} delta"}[self.kind]


def strike(price: float) -> Strike:
    """A strike at a price."""
    return Strike("strike", price)


def moneyness(fraction: float) -> Strike:
    """`moneyness(0.95)`: a strike 5% under spot."""
    return Strike("moneyness", fraction)


def delta(value: float) -> Strike:
    """`delta(0.25)`: the strike whose option has a delta of 0.25 (a put: -0.25)."""
    return Strike("delta", value)


@dataclass(frozen=True)
class Leg:
    """`kind`: "call", "put" or "underlying". `quantity` is signed, per unit of the structure. `days`: calendar days to the expiry (the first of the
    cycle on or after them); `expiry`: a date instead."""

    kind: str
    quantity: float
    strike: Strike | None = None
    days: int | None = None
    expiry: str | None = None

    def __str__(self) -> str:
        side = "long" if self.quantity > 0 else "short"
        many = "" if abs(self.quantity) == 1 else f"{abs(self.quantity):g} "
        when = f", {self.days} days" if self.days is not None else f", {self.expiry}" if self.expiry else ""
        return f"{side} {many}{self.kind}" + (f" {self.strike}{when}" if self.strike else "")


@dataclass(frozen=True)
class Skew:
    """Implied volatility of a strike: `at the money x (1 + slope m + curve m^2)`, m = ln(strike / spot) / (at-the-money volatility x sqrt(years)), m kept
    within -3..3 and the factor within 0.2..3. Flat by default; a slope under 0 makes low strikes dearer. The same at every expiry."""

    slope: float = 0.0
    curve: float = 0.0

    def __str__(self) -> str:
        return "flat skew" if not (self.slope or self.curve) else f"skew {self.slope:+g} m {self.curve:+g} m^2"


@dataclass(frozen=True)
class Model:
    """`rate`, `dividend`: fractions a year, continuous; None: what was known on the day (0 where no data set has it). `skew`: how the volatility of a strike
    and an expiry follows from `Structure.iv`: a `Skew` takes it for the at-the-money volatility of every expiry, a `SmileModel` for an index; None is a flat
    `Skew` where `iv` is a number and the declared model of the market where it is a series. `american`: exercised at any time (None: shares and funds are).
    `coin`: prices and the account are in the coin (settled in it), not in dollars."""

    rate: float | None = None
    dividend: float | None = None
    skew: Skew | SmileModel | None = None
    coin: bool = False
    american: bool | None = None


@dataclass(frozen=True)
class Trading:
    """`spread`: bid to ask, as a fraction of the model price (None: by days and deviations from quotes on record where a `SmileModel` prices, else 4%), at
    least `tick` (0.01 dollars or 0.0001 coin); a fill crosses `cross` of it (0.5: from the
    middle to the quote). `roll_days`: at this many days to the first expiry the options are closed at the next open, and with `roll`
    opened anew. `hedge`: trade the underlying at each open so that the position has no delta there, when it is off by
    more than `hedge_band` per unit."""

    spread: float | None = None
    tick: float | None = None
    cross: float = 0.5
    roll_days: int | None = None
    roll: bool = False
    hedge: bool = False
    hedge_band: float = 0.0

    def __post_init__(self) -> None:
        if min(self.spread or 0.0, self.tick or 0.0, self.cross, self.roll_days or 0, self.hedge_band) < 0:
            raise SignalError("option trading terms", "a negative spread, tick, cross, roll_days or hedge_band", "give 0 or more")


@dataclass(frozen=True)
class Structure:
    """Legs traded together. `iv`: at-the-money implied volatility in points (20 = 20%), a series or a frame of labels x symbols, as known at
    each decision. `cycle`: the expiries there are: every session ("day"), Fridays ("week"), third Fridays ("month"; last Fridays on a
    24/7 clock). `by`: what `Signals.size` is a fraction of equity of: "risk" (the most that can be lost at expiry) or
    "notional" (of the underlying)."""

    name: str
    legs: tuple[Leg, ...]
    iv: Volatility
    by: str = "risk"
    cycle: Cycle = "week"
    model: Model = Model()
    trading: Trading = Trading()

    def __post_init__(self) -> None:
        options = [leg for leg in self.legs if leg.kind != "underlying"]
        bad = [leg for leg in self.legs if leg.kind not in ("call", "put", "underlying") or leg.quantity == 0]
        bad += [leg for leg in options if leg.strike is None or (leg.days is None) == (leg.expiry is None)]
        if not options or bad:
            found = str(bad[0]) if bad else "no option among its legs"
            raise SignalError(f"structure {self.name}", found, "an option leg has a strike and either days or an expiry date, and a quantity")
        if self.model.coin and len(options) < len(self.legs):
            raise SignalError(f"structure {self.name}", "an underlying leg in an account of coin", "the account is the coin: leave the leg out")
        if self.model.coin and self.trading.hedge:
            raise SignalError(f"structure {self.name}", "a hedge in an account of coin", "use Model(coin=False), or no hedge")
        if self.trading.roll and any(leg.expiry for leg in options):
            raise SignalError(f"structure {self.name}", "a roll to a date", "give days= to roll, or with_(roll=False)")
        if self.by not in ("risk", "notional") or self.cycle not in ("day", "week", "month"):
            raise SignalError(f"structure {self.name}", f"by {self.by!r}, cycle {self.cycle!r}", "by risk or notional; cycle day, week or month")

    @property
    def options(self) -> tuple[Leg, ...]:
        return tuple(leg for leg in self.legs if leg.kind != "underlying")

    @property
    def shares(self) -> float:
        """Units of the underlying per unit of the structure."""
        return sum(leg.quantity for leg in self.legs if leg.kind == "underlying")

    def __str__(self) -> str:
        t, m = self.trading, self.model
        skew = m.skew or ("flat skew" if isinstance(self.iv, (int, float)) else "the market's declared volatility model")
        style = "" if m.american is None else ", American" if m.american else ", European"
        carry = ", ".join(f"{name} {'of the day' if value is None else f'{value:.2%}'}" for name, value in (("rate", m.rate), ("dividend", m.dividend)))
        out = f"{self.name} ({'; '.join(map(str, self.legs))}), expiries by {self.cycle}, sized by {self.by}; Black-Scholes, {skew}, {carry}"
        out += f"{style}{', settled in coin' if m.coin else ''}; fills {t.cross:g} of "
        out += "a spread by days and moneyness from the middle" if t.spread is None else f"a {t.spread:.1%} spread from the middle"
        if t.roll_days is not None:
            out += f"; {'rolled' if t.roll else 'closed'} {t.roll_days} days before expiry"
        elif t.roll:
            out += "; rolled at expiry"
        return out + (f"; delta hedged at each open (band {t.hedge_band:g})" if t.hedge else "")

    def with_(self, **changes: Any) -> Structure:
        """A copy with other `by`, `cycle`, or with fields of `model` or `trading` changed by name: `with_(roll=True, spread=0.02)`."""
        model = {k: v for k, v in changes.items() if k in Model.__dataclass_fields__}
        trading = {k: v for k, v in changes.items() if k in Trading.__dataclass_fields__}
        rest = {k: v for k, v in changes.items() if k not in model and k not in trading}
        return replace(self, model=replace(self.model, **model), trading=replace(self.trading, **trading), **rest)


def _options(name: str, iv: Volatility, parts: list[tuple[str, float, Strike]], when: Json, **given: Any) -> Structure:
    if len(when) != 1:
        raise SignalError(f"structure {name}", "neither or both of days and expiry", "give days=30 or expiry='2026-06-18'")
    return Structure(name, tuple(Leg(kind, quantity, at, **when) for kind, quantity, at in parts), iv, **given)


def _when(days: int | None, expiry: str | None) -> dict[str, object]:
    return {k: v for k, v in (("days", days), ("expiry", expiry)) if v is not None}


def long_call(iv: Volatility, at: Strike, *, days: int | None = None, expiry: str | None = None) -> Structure:
    """One bought call. `iv`: volatility in points; `days` or `expiry` says when it ends."""
    return _options("long call", iv, [("call", 1.0, at)], _when(days, expiry))


def long_put(iv: Volatility, at: Strike, *, days: int | None = None, expiry: str | None = None) -> Structure:
    """One bought put. `iv`: volatility in points; `days` or `expiry` says when it ends."""
    return _options("long put", iv, [("put", 1.0, at)], _when(days, expiry))


def put_spread(iv: Volatility, upper: Strike, lower: Strike, *, days: int | None = None, expiry: str | None = None) -> Structure:
    """Long the upper put, short the lower one: a debit."""
    return _options("put spread", iv, [("put", 1.0, upper), ("put", -1.0, lower)], _when(days, expiry))


def call_spread(iv: Volatility, lower: Strike, upper: Strike, *, days: int | None = None, expiry: str | None = None) -> Structure:
    """Long the lower call, short the upper one: a debit."""
    return _options("call spread", iv, [("call", 1.0, lower), ("call", -1.0, upper)], _when(days, expiry))


def straddle(iv: Volatility, at: Strike | None = None, *, days: int | None = None, expiry: str | None = None) -> Structure:
    """Long a call and a put of one strike (at the money by default). Sell it with `Signals(short=...)`; sized by notional."""
    at = at or moneyness(1.0)
    return _options("straddle", iv, [("call", 1.0, at), ("put", 1.0, at)], _when(days, expiry), by="notional")


def calendar(iv: Volatility, at: Strike, *, near: int, far: int, kind: str = "call") -> Structure:
    """Short the near expiry, long the far one, of one strike; all is closed at the open after the near expiry."""
    return Structure("calendar", (Leg(kind, -1.0, at, days=near), Leg(kind, 1.0, at, days=far)), iv)


def covered_call(iv: Volatility, at: Strike, *, days: int | None = None, expiry: str | None = None) -> Structure:
    """Long the underlying, short a call; rolled at expiry, unless that is a date."""
    out = _options("covered call", iv, [("call", -1.0, at)], _when(days, expiry), by="notional", trading=Trading(roll=expiry is None))
    return replace(out, legs=(Leg("underlying", 1.0), *out.legs))


def collar(iv: Volatility, put: Strike, call: Strike, *, floor: Strike | None = None, days: int | None = None, expiry: str | None = None) -> Structure:
    """Long the underlying and a put, short a call; with `floor` also short a lower put. Rolled at expiry, unless that is a date."""
    parts = [("put", 1.0, put), ("call", -1.0, call)] + ([("put", -1.0, floor)] if floor else [])
    out = _options("collar", iv, parts, _when(days, expiry), by="notional", cycle="month", trading=Trading(roll=expiry is None))
    return replace(out, legs=(Leg("underlying", 1.0), *out.legs))


def declared(structure: Structure, always: bool, symbols: tuple[str, ...]) -> Structure:
    """The structure with what it left to the market: the volatility model, exercise. `always`: a 24/7 clock."""
    m = structure.model
    skew: Skew | SmileModel = Skew() if isinstance(structure.iv, (int, float)) else COIN if always else EQUITY
    american = not always and any(is_american(name) for name in symbols)
    model = replace(m, skew=m.skew if m.skew is not None else skew, american=m.american if m.american is not None else american)
    return replace(structure, model=model)
