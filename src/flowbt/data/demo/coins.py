"""The 24/7 tables of the demo market: daily and hourly bars, funding, dated futures, the book."""

from __future__ import annotations

import numpy as np
import pandas as pd

from flowbt.data.demo.crypto import COINS, HOUR, Carry, Coins, HourlyTape, last_fridays
from flowbt.data.demo.noise import Array, Random, ar1
from flowbt.data.demo.tables import Frame, long, stack
from flowbt.ground.clock import ALWAYS

HOURLY_DAYS = 1096
SIZES = np.array([30_000.0, 250_000.0])  # coins traded on an ordinary day


def crypto_frames(rng: Random, days: pd.DatetimeIndex, carry: Carry, coins: Coins, hours: HourlyTape) -> list[Frame]:
    """All tables of BTC and ETH."""
    moves = np.diff(np.log(coins.bars.close), axis=0, prepend=np.log(coins.bars.open[:1]))
    volume = SIZES * np.exp(0.3 * ar1(rng, (len(days), 2), 0.8)) * (1 + 10 * np.abs(moves))
    lean = np.clip(0.12 * np.tanh(moves / coins.scale) + 0.02 * ar1(rng, moves.shape, 0.5), -0.9, 0.9)
    recent = slice(len(days) - HOURLY_DAYS, len(days))
    hourly = _hours(days[recent], hours, volume[recent, 0], carry.open_interest[recent], coins, recent)
    bought = volume * (0.5 + lean / 2)
    bought[recent, 0] = hourly["taker_buy_volume"].to_numpy().reshape(-1, HOUR).sum(axis=1)  # the day is the sum of its hours
    return [
        Frame(
            "demo-crypto-daily",
            "Demo: daily bars of BTC and ETH, positions, implied volatility",
            _days(rng, days, carry, coins, volume, bought),
            "day",
            "day",
            ALWAYS,
        ),
        Frame("demo-crypto-hourly", "Demo: hourly bars and book of BTC", hourly, "bar", "1h", ALWAYS),
        Frame("demo-funding", "Demo: perpetual funding every 8 hours", _funding(rng, days, carry), "instant", "8h", ALWAYS),
        Frame("demo-futures", "Demo: dated futures of BTC", _futures(rng, days, carry, coins.bars.close[:, 0]), "day", "day", ALWAYS),
    ]


def _days(rng: Random, days: pd.DatetimeIndex, carry: Carry, coins: Coins, volume: Array, bought: Array) -> pd.DataFrame:
    bars, n = coins.bars, len(days)
    held = np.column_stack([carry.open_interest, 9 * carry.open_interest * np.exp(0.02 * ar1(rng, (n,), 0.9))])
    moves = np.log(bars.close / bars.open)
    worth = held * bars.close
    stress = np.exp(6 * np.abs(moves) + 0.15 * ar1(rng, moves.shape, 0.8))
    table = long(
        days, COINS, open=bars.open, high=bars.high, low=bars.low, close=bars.close, volume=volume,
        open_interest_coin=held, open_interest_usd=worth,
        liquidations_long_usd=worth * 0.002 * np.exp(-25 * moves), liquidations_short_usd=worth * 0.002 * np.exp(25 * moves),
        lending_liquidations_usd=worth * 0.0002 * np.exp(-35 * np.minimum(moves, 0)), depth_1pct_usd=0.01 * worth / stress, spread_bps=1.2 * stress,
        iv_7d=np.column_stack([coins.iv7, 1.15 * coins.iv7]), iv_30d=np.column_stack([coins.iv30, 1.15 * coins.iv30]),
        taker_buy_volume=bought, taker_sell_volume=volume - bought,
    )  # fmt: skip
    spot = {name: getattr(bars, name)[:, :1] for name in ("open", "high", "low", "close")}  # the hedge leg: BTC without funding
    return stack(table, long(days, ("BTCSPOT",), **spot, volume=volume[:, :1]), long(days, ("DVOL",), close=coins.iv30))


def _hours(days: pd.DatetimeIndex, hours: HourlyTape, volume: Array, held: Array, coins: Coins, recent: slice) -> pd.DataFrame:
    times = pd.date_range(days[0], periods=len(days) * HOUR, freq="h", unit="ns")
    traded = (volume[:, None] * hours.share.reshape(-1, HOUR)).ravel()
    bought = traded * (0.5 + hours.imbalance / 2)
    close = hours.bars.close[:, 0]
    coin = np.interp(np.arange(len(times)), np.arange(len(days)) * HOUR + HOUR - 1, held)
    depth = 0.01 * coin * close / hours.spread
    fields = {name: getattr(hours.bars, name) for name in ("open", "high", "low", "close")}
    iv = np.repeat(np.concatenate([coins.iv30[recent.start - 1 : recent.stop - 1]]), HOUR)  # the day before's: a day's own is known at its end
    return long(
        times, ("BTC",), **fields, volume=traded, taker_buy_volume=bought, taker_sell_volume=traded - bought, vpin=hours.vpin,
        spread_bps=hours.spread, depth_1pct_usd=depth, open_interest_coin=coin, open_interest_usd=coin * close, iv_30d=iv,
    )  # fmt: skip


def _funding(rng: Random, days: pd.DatetimeIndex, carry: Carry) -> pd.DataFrame:
    """Settlements at 00:00, 08:00 and 16:00, each stamped at the end of its interval."""
    times = pd.date_range(days[0] + pd.Timedelta(hours=8), periods=3 * len(days), freq="8h", unit="ns")
    rate = carry.funding.ravel()
    eth = rate * 1.05 + 0.00001 * ar1(rng, rate.shape, 0.5)
    null = np.column_stack([carry.basis.mean() / 1095 + 0.00007 * ar1(rng, rate.shape, 0.95), np.full(len(times), np.nan)])
    paid = long(times, COINS, funding_rate=np.column_stack([rate, eth]), funding_interval_hours=np.full((len(times), 2), 8.0), null_funding=null)
    return stack(paid, long(times, ("BTCSPOT",), funding_rate=np.zeros(len(times)), funding_interval_hours=np.full(len(times), 8.0)))


def _futures(rng: Random, days: pd.DatetimeIndex, carry: Carry, spot: Array) -> pd.DataFrame:
    """Monthly expiries listed 90 days ahead, quarterly ones 180: spot times (1 + basis x days / 365)."""
    tables = []
    for expiry in last_fridays(days):
        ahead = 180 if expiry.month % 3 == 0 else 90
        rows = np.flatnonzero((days >= expiry - pd.Timedelta(days=ahead)) & (days < expiry))
        if len(rows):
            left = np.asarray((expiry - days[rows]).days, dtype=float)
            wobble = 0.002 * rng.standard_normal(len(rows)) / np.sqrt(365 / np.maximum(left, 1))
            price = spot[rows] * (1 + carry.basis[rows] * left / 365 + wobble * 0.2)
            traded = 4000 * np.exp(-left / 120) * rng.uniform(0.6, 1.4, len(rows))
            tables.append(long(days[rows], (f"BTC-{expiry:%Y-%m-%d}",), futures_close=price, futures_volume=traded))
    return stack(*tables)
