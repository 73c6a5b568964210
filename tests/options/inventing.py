"""Random chains whose dealer gamma is known by construction: a market of our own in the files' layouts, priced by QuantLib where exercise is American.

Nothing here is flowbt's: closed forms of scipy, finite differences of QuantLib. The truth is the gamma of the true volatilities, forwards and dividends,
calls less puts, x open interest x 100 (coins 1) x spot^2 x 0.01. What the provider prints is one of `PRINTED`, its quotes are rounded, noisy, wide and
now and then stale.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import ndtr
from tests.features.chainfiles import HEADER

Array = npt.NDArray[np.float64]
NEW_YORK, UTC = ZoneInfo("America/New_York"), ZoneInfo("UTC")
KINDS = ("index", "fund", "share", "coin")
PRINTED = ("true", "holes", "no rates", "none")  # volatilities: the true ones, without 30% of them, solved at no rate and no dividend, none
CLOSE, OPEN = 16.0, 9.5


@dataclass(frozen=True)
class World:
    """What is true: `cash` is a dividend every quarter, the first after `ex` years (shares and funds)."""

    kind: str
    spot: float
    taken: datetime
    rate: float
    dividend: float
    cash: float
    ex: float
    level: float
    skew: float
    bend: float

    def payments(self, years: float) -> list[tuple[float, float]]:
        return [(t, self.cash) for t in np.arange(self.ex, years, 0.25)] if self.cash else []

    def discount(self, years: float) -> float:
        """1 for coins: an option is paid in the coin, and its price is Black's at the forward."""
        return 1.0 if self.kind == "coin" else float(np.exp(-self.rate * years))

    def forward(self, years: float) -> float:
        paid = sum(cash * np.exp(-self.rate * t) for t, cash in self.payments(years))
        return float((self.spot - paid) * np.exp((self.rate - self.dividend) * years))

    def vol(self, strike: Array, years: float) -> Array:
        """Volatilities of a smile in standard deviations, higher at the short end where the level is high."""
        level = self.level * (1 + 0.1 * np.tanh(years - 0.3) * np.sign(0.25 - self.level))
        m = np.clip(np.log(strike / self.forward(years)) / (level * np.sqrt(years)), -3, 3)
        return np.asarray(level * np.clip(1 - self.skew * m + self.bend * m**2, 0.4, 2.5))


@dataclass(frozen=True)
class Invented:
    path: Path
    world: World
    printed: str
    dead: bool
    total: float
    gross: float


def black(forward: float, strike: Array, years: float, vol: Array, discount: float, call: bool) -> Array:
    side, s = (1.0 if call else -1.0), vol * np.sqrt(years)
    d1 = np.log(forward / strike) / s + s / 2
    return np.asarray(discount * side * (forward * ndtr(side * d1) - strike * ndtr(side * (d1 - s))))


def black_gamma(w: World, strike: Array, years: float, vol: Array) -> Array:
    """Of a European option, per unit of spot, the yield continuous."""
    forward, s = w.forward(years), vol * np.sqrt(years)
    d1 = np.log(forward / strike) / s + s / 2
    return np.asarray(w.discount(years) * forward / w.spot * np.exp(-(d1**2) / 2) / np.sqrt(2 * np.pi) / (w.spot * s))


def american(w: World, strike: Array, years: float, vol: Array, call: bool) -> tuple[Array, Array]:
    """Price and gamma by QuantLib's finite differences with cash dividends. Its days are whole: some minutes are one there."""
    import QuantLib as ql

    start = ql.Date(1, 1, 2000)
    ql.Settings.instance().evaluationDate = start
    minutes = max(1, int(np.ceil(years * 525_600 / 40_000)))
    faster, days = 1440 / minutes, max(round(years * 525_600 / minutes), 1)
    day, calendar = ql.Actual365Fixed(), ql.NullCalendar()
    curve = ql.YieldTermStructureHandle(ql.FlatForward(start, w.rate / faster, day))
    none = ql.YieldTermStructureHandle(ql.FlatForward(start, w.dividend / faster, day))
    spot = ql.QuoteHandle(ql.SimpleQuote(w.spot))
    paid = [(start + round(t * 525_600 / minutes), cash) for t, cash in w.payments(years)]
    dividends = ql.DividendVector([date for date, _ in paid], [cash for _, cash in paid])
    out = []
    for k, sigma in zip(strike, vol, strict=True):
        process = ql.BlackScholesMertonProcess(
            spot, none, curve, ql.BlackVolTermStructureHandle(ql.BlackConstantVol(start, calendar, float(sigma) / np.sqrt(faster), day))
        )
        option = ql.VanillaOption(ql.PlainVanillaPayoff(ql.Option.Call if call else ql.Option.Put, float(k)), ql.AmericanExercise(start, start + days))
        option.setPricingEngine(ql.FdBlackScholesVanillaEngine(process, dividends, 40, 160, 0, ql.FdmSchemeDesc.TrBDF2()))
        out.append((option.NPV(), option.gamma()))
    price, gamma = np.array(out).T
    return price, np.maximum(gamma, 0.0)


def invent(folder: Path, seed: int, kind: str = "", printed: str = "") -> Invented:
    """A chain file of `seed` in `folder`: kind and what is printed at random unless given."""
    rng = np.random.default_rng(seed)
    kind, printed = kind or str(rng.choice(KINDS)), printed or str(rng.choice(PRINTED))
    printed = "true" if kind == "coin" and printed == "no rates" else printed  # the venue solves with its own forward
    world = _world(rng, kind)
    dead = bool(rng.random() < 0.08 and printed in ("true", "no rates"))
    rows, total, gross = [], 0.0, 0.0
    for root, settles in _expiries(rng, world):
        years = (settles - world.taken).total_seconds() / (365 * 86400)
        strike = _strikes(rng, world, years)
        vol, calls_held = world.vol(strike, years), rng.uniform(0.5, 1.6)
        for call in (True, False):
            price, gamma = _priced(world, strike, years, vol, call)
            held = _interest(rng, world, strike, years, call) * (calls_held if call else 1.0)
            held = held.round() if kind != "coin" else held.round(1)
            dollars = (1 if call else -1) * held * gamma * (1 if kind == "coin" else 100) * world.spot**2 * 0.01
            total, gross = total + dollars.sum(), gross + np.abs(dollars).sum()
            bid, ask = (np.zeros((2, len(price)))) if dead else _quotes(rng, world, price)
            rows.append((root, settles, call, strike, bid, ask, _printed(rng, world, (strike, vol, price), (years, call), printed), held))
    path = _book_summary(folder / f"{seed}.json", world, rows) if kind == "coin" else _quote_table(folder / f"{seed}.csv", world, rows)
    return Invented(path, world, printed, dead, float(total), float(gross))


def _world(rng: np.random.Generator, kind: str) -> World:
    day = datetime(2023, 1, 3) + timedelta(days=int(rng.integers(0, 330)))
    while day.weekday() > 4:
        day += timedelta(days=1)
    hour = float(rng.choice([10.5, 13.25, 15.5, 16.5, 20.5]))
    taken = (day + timedelta(hours=hour)).replace(tzinfo=NEW_YORK)
    spot = {"index": rng.uniform(1500, 5000), "fund": rng.uniform(30, 450), "share": rng.uniform(20, 400), "coin": rng.uniform(1500, 90000)}[kind]
    level = {"index": rng.uniform(0.1, 0.35), "fund": rng.uniform(0.1, 0.4), "share": rng.uniform(0.2, 0.8), "coin": rng.uniform(0.3, 1.0)}[kind]
    payer = kind == "fund" or (kind == "share" and rng.random() < 0.6)
    cash = spot * rng.uniform(0.002, 0.01) if payer else 0.0
    dividend = rng.uniform(0.005, 0.02) if kind == "index" else 0.0
    skew = rng.uniform(-0.03, 0.06) if kind == "coin" else rng.uniform(0.02, 0.14)
    ex = rng.uniform(0.002, 0.25)
    return World(kind, float(np.round(spot, 2)), taken, rng.uniform(0.0, 0.055), dividend, cash, ex, level, skew, rng.uniform(0.0, 0.03))


def _expiries(rng: np.random.Generator, w: World) -> list[tuple[str, datetime]]:
    """Today where the session is on (an index), days of the next weeks, third Fridays: an index's in the morning and in the afternoon."""
    day = w.taken.replace(hour=0, minute=0)
    if w.kind == "coin":
        dates = [day + timedelta(days=int(n)) for n in (1, 2, *np.sort(rng.choice(np.arange(4, 300), 6, replace=False)))]
        return [("BTC", one.replace(hour=8, tzinfo=UTC)) for one in dates]
    weekly, monthly, share = {"index": "SPXW", "fund": "SPY", "share": "ABC"}[w.kind], {"index": "SPX"}.get(w.kind, ""), w.kind == "share"
    fridays = [day + timedelta(days=n) for n in range(400) if (day + timedelta(days=n)).weekday() == 4]
    third = [one for one in fridays if 15 <= one.day <= 21]
    days = [] if share else [day + timedelta(days=n) for n in range(8) if (day + timedelta(days=n)).weekday() < 5][:: int(rng.integers(1, 3))]
    picked = {*days, *fridays[: int(rng.integers(1, 5))], *third[:3], *third[3 :: int(rng.integers(3, 6))]}
    out = [(weekly, one + timedelta(hours=CLOSE)) for one in sorted(picked)]
    if monthly:
        out += [(monthly, one + timedelta(hours=OPEN)) for one in third[:: int(rng.integers(1, 4))]]
    return [(root, when) for root, when in out if when > w.taken]


def _strikes(rng: np.random.Generator, w: World, years: float) -> Array:
    step = float(next(s for s in (0.5, 1, 2.5, 5, 10, 25, 50, 100, 500, 1000, 2500) if s >= w.spot * (0.012 if w.kind in ("share", "coin") else 0.006)))
    wide = np.clip(4.5 * w.level * np.sqrt(max(years, 0.01)), 0.06, 0.45)
    low, high = np.ceil(w.spot * (1 - wide) / step), np.floor(w.spot * (1 + wide) / step)
    strikes = step * np.arange(low, high + 1)
    return strikes[rng.random(len(strikes)) > 0.05]


def _priced(w: World, strike: Array, years: float, vol: Array, call: bool) -> tuple[Array, Array]:
    if w.kind in ("fund", "share"):
        return american(w, strike, years, vol, call)
    return black(w.forward(years), strike, years, vol, w.discount(years), call), black_gamma(w, strike, years, vol)


def _interest(rng: np.random.Generator, w: World, strike: Array, years: float, call: bool) -> Array:
    """Most a little out of the money, more at round strikes, some none."""
    m = np.log(strike / w.spot) / (w.level * np.sqrt(max(years, 0.02)))
    size = np.exp(-((m - (0.6 if call else -0.9)) ** 2) / 3) * np.exp(rng.normal(0, 1, len(strike))) * rng.uniform(200, 3000)
    round_strike = np.where(np.isclose(strike % (5 * (strike[1] - strike[0] if len(strike) > 1 else 1)), 0), 3.0, 1.0)
    return np.asarray(np.where(rng.random(len(strike)) < 0.1, 0.0, size * round_strike))


def _quotes(rng: np.random.Generator, w: World, price: Array) -> Array:
    """Bid and ask: around a middle that is off by up to a third of the half-width; in ticks; 2% stale."""
    tick = 0.0001 * w.spot if w.kind == "coin" else 0.05 if w.kind == "index" else 0.01
    half = np.maximum(tick, price * rng.uniform(0.004, 0.03) + rng.uniform(0.0, 2e-4) * w.spot)
    middle = price + half * rng.uniform(-0.33, 0.33, len(price))
    middle = np.where(rng.random(len(price)) < 0.02, middle * rng.uniform(0.7, 1.4), middle)
    return np.maximum(np.stack([np.floor((middle - half) / tick), np.ceil((middle + half) / tick)]), 0.0) * tick


def _printed(rng: np.random.Generator, w: World, terms: tuple[Array, Array, Array], when: tuple[float, bool], printed: str) -> Array:
    """The volatilities of the file, 0 for none."""
    strike, vol, price = terms
    if printed == "none":
        return np.zeros_like(vol)
    if printed == "no rates":
        return np.array([_solved(w.spot, k, when, p) for k, p in zip(strike, price, strict=True)])
    return np.where(rng.random(len(vol)) < 0.3, 0.0, vol) if printed == "holes" else vol


def _solved(spot: float, strike: float, when: tuple[float, bool], price: float) -> float:
    years, call = when
    off = lambda vol: float(black(spot, np.array([strike]), years, np.array([vol]), 1.0, call)[0]) - price  # noqa: E731
    return float(brentq(off, 1e-3, 5.0)) if off(1e-3) < 0 < off(5.0) else 0.0


def _quote_table(path: Path, w: World, rows: list[tuple]) -> Path:
    date_line = f'"Date: {w.taken:%B %d, %Y} at {w.taken:%I:%M %p} EST",Bid: 0,Ask: 0,Size: 1*1,Volume: 0'
    lines = ["", f"INVENTED,Last: {w.spot:.2f},Change:  1.5", date_line, HEADER]
    for (root, settles, _, strike, *calls), (*_, put_bid, put_ask, put_vol, put_held) in zip(rows[::2], rows[1::2], strict=True):
        date, puts = settles.astimezone(NEW_YORK), (put_bid, put_ask, put_vol, put_held)
        for n, k in enumerate(strike):
            sides = []
            for kind, (bid, ask, vol, held) in (("C", calls), ("P", puts)):
                name = f"{root}{date:%y%m%d}{kind}{round(k * 1000):08d}"
                sides.append(f"{name},0,0,{bid[n]:.2f},{ask[n]:.2f},0,{vol[n]:.4f},0,0,{held[n]:.0f}")
            lines.append(f"{date:%a %b %d %Y},{sides[0]},{k:.2f},{sides[1]}")
    path.write_text("\n".join([*lines, ""]), "utf-8")
    return path


def _book_summary(path: Path, w: World, rows: list[tuple]) -> Path:
    """Deribit's: prices in the coin, volatilities in percent, the forward as the underlying's price, the index as the price of delivery."""
    found, stamp = [], int(w.taken.timestamp() * 1000)
    for _, settles, call, strike, bids, asks, vols, held in rows:
        forward = w.forward((settles - w.taken).total_seconds() / (365 * 86400))
        for k, bid, ask, vol, interest in zip(strike, bids, asks, vols, held, strict=True):
            name = f"BTC-{settles.day}{settles:%b%y}-{k:g}-{'C' if call else 'P'}".upper()
            quotes = {"bid_price": round(bid / forward, 4) or None, "ask_price": round(ask / forward, 4) or None}
            values = {"mark_iv": round(100 * vol, 2), "open_interest": interest, "volume": 1.0, "underlying_price": forward, "estimated_delivery_price": w.spot}
            found.append({"instrument_name": name, **quotes, **values, "creation_timestamp": stamp})
    path.write_text(json.dumps({"jsonrpc": "2.0", "result": found}), "utf-8")
    return path
