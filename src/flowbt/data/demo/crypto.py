"""The crypto side of the demo market: BTC and ETH by the day since 2012, and by the hour for the last three years.

Carry, funding and open interest are drawn first; unwinds hit some of the months' expiries. Prices then follow: shocks, a drift
after each unwind event, and jumps while carry and implied volatility are both crushed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from flowbt.data.demo.noise import Array, Ohlc, Random, ar1, bars_around, spells, student
from flowbt.data.demo.planted import PLANTED

COINS = ("BTC", "ETH")
HOUR = 24


@dataclass(frozen=True)
class Carry:
    """Per day. `basis` APR as a fraction, `funding` D x 3 rates per 8 hours, `open_interest` in coin, `to_expiry` days to the last Friday."""

    basis: Array
    funding: Array
    open_interest: Array
    to_expiry: np.ndarray
    unwind: np.ndarray


@dataclass(frozen=True)
class Coins:
    """Daily bars D x 2, implied volatilities, and the days on which events held."""

    bars: Ohlc
    scale: Array
    iv30: Array
    iv7: Array
    events: dict[str, np.ndarray]


@dataclass(frozen=True)
class HourlyTape:
    """Hourly bars of BTC (H x 1) and its book."""

    bars: Ohlc
    share: Array  # of the day's volume
    vpin: Array
    imbalance: Array
    spread: Array


def last_fridays(days: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """The last Friday of each month from the first to half a year after the last of `days`."""
    ends = pd.date_range(days[0], days[-1] + pd.Timedelta(days=200), freq="ME").normalize()
    return pd.DatetimeIndex(ends - pd.to_timedelta((ends.day_of_week - 4) % 7, unit="D"))


def draw_carry(rng: Random, days: pd.DatetimeIndex) -> Carry:
    """Carry of one market; about one expiry in three is preceded by an unwind: funding turns negative, open interest falls."""
    n = len(days)
    expiries = last_fridays(days)
    to_expiry = np.asarray((expiries[expiries.searchsorted(days)] - days).days)
    carry = np.clip(0.10 + 0.06 * ar1(rng, (n,), 0.993), 0.01, 0.45)
    negative, dumped = np.zeros(n), np.zeros(n)
    for expiry in days.get_indexer(expiries[(expiries > days[90]) & (expiries < days[-10])]):
        if rng.random() < 0.35:
            start = expiry - int(rng.integers(6, 10))
            negative[start : expiry + 3] = 1.0
            dumped[start : start + 4] = -0.05
            dumped[expiry + 5 : expiry + 15] = 0.02
    level = carry / 1095 * (1 - negative) - 0.0003 * negative
    funding = level[:, None] + 0.00003 * ar1(rng, (3 * n,), 0.6).reshape(n, 3)
    coin = 80_000 * np.exp(0.07 * ar1(rng, (n,), 0.98) + np.cumsum(dumped))
    smooth = pd.Series(funding.mean(axis=1)).rolling(3).mean()
    flipped = (smooth < 0) & (smooth.rolling(10).max() > 0)
    fell = pd.Series(coin).pct_change(5) <= -0.08
    unwind = (flipped & fell).to_numpy() & (to_expiry <= 10)
    return Carry(np.clip(carry + 0.01 * ar1(rng, (n,), 0.9), 0.001, 0.6), funding, coin, to_expiry, unwind)


def simulate_coins(rng: Random, carry: Carry, strength: float = 1.0) -> Coins:
    """Daily paths. `strength` scales the planted effects."""
    n = len(carry.basis)
    slow = 0.031 * np.where(spells(rng, n, 90, 25), 1.5, 0.75) * np.exp(0.2 * ar1(rng, (n,), 0.97))
    shock = student(rng, (n,), 4) * slow
    own = student(rng, (n,), 4) * 0.022
    jump = np.where(rng.random(n) < strength * PLANTED["btc_crowding"].size, -rng.uniform(0.06, 0.12, n), 0.0)
    low_basis = _lowest_quarter(carry.basis)
    premium, level = 0.08 * ar1(rng, (n,), 0.9), np.empty((n, 2))
    iv30, crowded = np.empty(n), np.zeros(n, dtype=bool)
    level[0], recent, until, drift = np.log([300.0, 12.0]), slow[0] ** 2, -1, strength * PLANTED["btc_unwind"].size
    for t in range(n):
        if t:
            move = 0.0008 + 0.0016 * strength + shock[t] + (drift if t <= until else 0.0) + (jump[t] if crowded[t - 1] else 0.0)
            level[t] = level[t - 1] + move * np.array([1.0, 1.1]) + np.array([0.0, own[t]])
            recent = 0.94 * recent + 0.06 * move * move
        iv30[t] = np.clip(108 * np.sqrt(365 * (0.5 * recent + 0.5 * slow[t] ** 2)) * np.exp(premium[t]), 15, 220)
        if t >= 365 and low_basis[t]:
            crowded[t] = iv30[t] <= np.quantile(iv30[t - 364 : t + 1], 0.25)
        if carry.unwind[t]:
            until = t + PLANTED["btc_unwind"].hold
    scale = np.column_stack([slow, np.hypot(1.1 * slow, 0.022)])
    iv7 = iv30 * np.exp(0.10 * ar1(rng, (n,), 0.7) + 0.15 * pd.Series(carry.unwind).rolling(5, min_periods=1).max().to_numpy())
    bars = bars_around(rng, level, np.zeros_like(level), scale * 0.9)
    return Coins(bars, scale, iv30, iv7, {"btc_unwind": carry.unwind, "btc_crowding": crowded})


def simulate_hours(rng: Random, coins: Coins, days: slice, strength: float = 1.0) -> HourlyTape:
    """Hourly BTC inside the daily moves of `days`: each day's hours add up to the day's own return."""
    close = np.log(coins.bars.close[days, 0])
    before = np.log(coins.bars.open[days, 0])
    n = len(close) * HOUR
    vpin = np.clip(0.38 + 0.14 * ar1(rng, (n,), 0.95), 0.02, 0.98)
    toxic = np.concatenate([[False], vpin[:-1] > 0.6])
    factor = np.where(toxic, 1 + strength * (PLANTED["toxic_flow"].size - 1), 1.0)
    own, echo = student(rng, (n,)) * factor, strength * PLANTED["maker_echo"].size
    answer = np.where(vpin > 0.6, -echo, echo)  # quiet flow is given back, toxic flow goes on
    own[1:] += answer[:-1] * own[:-1]
    noise = own.reshape(-1, HOUR) * (coins.scale[days, 0] / np.sqrt(HOUR))[:, None]
    hourly = noise - noise.mean(axis=1, keepdims=True) + ((close - before) / HOUR)[:, None]
    level = (before[:, None] + np.cumsum(hourly, axis=1)).reshape(-1, 1)
    scale = (factor.reshape(-1, HOUR) * (coins.scale[days, 0] / np.sqrt(HOUR))[:, None]).reshape(-1, 1)
    bars = bars_around(rng, level, np.zeros_like(level), 0.8 * scale)
    share = rng.gamma(6.0, 1.0, n).reshape(-1, HOUR) * factor.reshape(-1, HOUR)
    push = hourly.ravel() / scale[:, 0]
    imbalance = np.clip(0.25 * np.tanh(push) + vpin * 0.4 * rng.standard_normal(n), -0.95, 0.95)
    spread = 1.2 * np.exp(0.25 * ar1(rng, (n,), 0.9)) * np.where(toxic, 1 + strength, 1.0)
    return HourlyTape(bars, (share / share.sum(axis=1, keepdims=True)).ravel(), vpin, imbalance, spread)


def _lowest_quarter(values: Array, window: int = 365) -> np.ndarray:
    series = pd.Series(values)
    return (series <= series.rolling(window).quantile(0.25)).to_numpy()
