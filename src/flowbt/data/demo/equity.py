"""The equity side of the demo market: one factor, regimes, fat tails, and drifts that follow events the market itself has just seen.

Each session: 1. the drifts still running are added to the session's shock; 2. the close and VIX are marked; 3. events are looked for
in what is known at that close; 4. each event found starts its drift at the next session. Nothing looks ahead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from flowbt.data.demo.names import AT, COLUMNS, FUNDS, INDICES, MEMBERS, loads
from flowbt.data.demo.noise import Array, Ohlc, Random, ar1, bars_around, spells, student
from flowbt.data.demo.planted import PLANTED
from flowbt.data.demo.streams import MEMBER_AT, Streams

SPX, NDX, RUT, GLD, SLV, TLT = (AT[name] for name in ("SPX", "NDX", "RUT", "GLD", "SLV", "TLT"))
MEMBER = slice(len(COLUMNS) - len(MEMBERS), len(COLUMNS))
REST = np.array([column for column in range(len(COLUMNS)) if column not in (SPX, NDX, RUT)])
TREND = [AT[name] for name in ("USO", "TLT", "XLE")]
MARKET_VOL = 0.0072  # a calm session's scale before regime and gamma; gives SPX about 16% a year
ROWS = {name: row for row, name in enumerate(PLANTED)}


@dataclass(frozen=True)
class Shocks:
    """Log moves before any drift, T x COLUMNS: overnight `gap` and `day`; `scale` is the session's standard deviation."""

    gap: Array
    day: Array
    scale: Array
    beta: Array
    first: Array
    market_scale: Array  # T, without the gamma factor
    crush: np.ndarray  # T, sessions on which implied volatility collapses


@dataclass(frozen=True)
class Equities:
    """T x COLUMNS bars, the VIX closes, and per effect the sessions on which its event held (T x COLUMNS bool, or T for market-wide)."""

    bars: Ohlc
    returns: Array
    vix: Array
    events: dict[str, np.ndarray]


def draw_shocks(rng: Random, streams: Streams, strength: float) -> Shocks:
    """Shocks of one market. Negative gamma scales the next session's by 1 + strength * (factor - 1)."""
    bars, n = len(streams.gamma), len(COLUMNS)
    beta, own, first = loads(rng)
    slow = MARKET_VOL * np.where(streams.stress, 1.6, 0.8) * np.exp(0.2 * ar1(rng, (bars,), 0.97))
    factor = np.where(streams.gamma < 0, 1 + strength * (PLANTED["short_gamma"].size - 1), 1.0)
    market = slow * np.concatenate([[1.0], factor[:-1]])
    own_scale = own * np.where(streams.stress, 1.2, 0.9)[:, None]
    moves = []
    for share in (0.15, 0.85):  # overnight and day, shares of variance
        alone = student(rng, (bars, n)) * own_scale
        alone[:, SLV] += 1.2 * alone[:, GLD]
        moves.append(np.sqrt(share) * (beta * (student(rng, (bars,)) * market)[:, None] + alone))
    gap, day = moves
    rates = -0.17 * np.diff(streams.yield10, prepend=streams.yield10[:1])
    day[:, TLT] += rates
    leads = np.where(spells(rng, bars, 40, 40), 0.0016, -0.0016)  # small caps lead for two months, then lag
    day[:, RUT] += leads
    day += np.where(np.arange(n) == AT["NULL"], 0.0, (0.0003 + 0.0001 * strength) * np.clip(beta, 0, 1.2))
    scale = np.sqrt((beta * market[:, None]) ** 2 + own_scale**2 + 1e-10)
    return Shocks(gap, day, scale, beta, first, slow, rng.random(bars) < 0.012)


class _Drifts:
    """Running drifts: per effect and column, the size per session and the last session it applies to."""

    def __init__(self, shocks: Shocks, strength: float) -> None:
        self.beta, self.strength = shocks.beta, strength
        self.size = np.zeros((len(ROWS), len(COLUMNS)))
        self.until = np.full((len(ROWS), len(COLUMNS)), -1)
        bars = len(shocks.market_scale)
        self.seen = {name: np.zeros((bars, len(COLUMNS)), dtype=bool) for name in ROWS}

    def at(self, t: int) -> Array:
        return np.asarray((self.size * (self.until >= t)).sum(axis=0))

    def plant(self, name: str, t: int, columns: Any, by: Any = 1.0) -> None:
        """Start effect `name` after session t in `columns`, its size times `by`."""
        row, effect = ROWS[name], PLANTED[name]
        self.size[row, columns] = self.strength * effect.size * np.asarray(by)
        self.until[row, columns] = t + effect.hold
        self.seen[name][t, columns] = np.asarray(by) != 0

    def market(self, name: str, t: int, sign: float = 1.0) -> None:
        self.plant(name, t, slice(None), sign * self.beta)


def simulate_equities(rng: Random, streams: Streams, strength: float = 1.0) -> Equities:
    """One path. `strength` scales every planted effect; 0 gives a market without any."""
    shocks = draw_shocks(rng, streams, strength)
    bars = len(streams.gamma)
    level = np.empty((bars, len(COLUMNS)))
    level[0], vix = np.log(shocks.first), np.full(bars, 17.0)
    drifts, fear = _Drifts(shocks, strength), _Fear(rng, shocks, strength)
    dark5 = _member_dark_score(streams)
    campaign = _runs(streams.side_share[:, : len(FUNDS)] <= -0.05, 5)
    lead = 0
    for t in range(1, bars):
        level[t] = level[t - 1] + shocks.gap[t] + shocks.day[t] + drifts.at(t)
        move = level[t] - level[t - 1]
        vix[t] = fear.mark(t, move[SPX], vix[t - 1], drifts)
        lead = lead + 1 if move[RUT] > move[SPX] else 0
        if lead >= 7:
            drifts.market("streak", t)
        _flows(t, streams, dark5, campaign, move, drifts)
        if t >= 201:
            _history(t, level[: t + 1, SPX], drifts)
        if t >= 63:
            _levels(t, level, vix, streams, drifts)
    path = bars_around(rng, level, shocks.gap, shocks.scale * 0.9)
    return Equities(path, np.diff(level, axis=0, prepend=level[:1]), vix, drifts.seen)


class _Fear:
    """VIX: fair volatility (recent and slow), times a reverting premium that rises when SPX falls, times a crush that fills up again."""

    def __init__(self, rng: Random, shocks: Shocks, strength: float) -> None:
        self.noise, self.shocks, self.strength = 0.03 * rng.standard_normal(len(shocks.crush)), shocks, strength
        self.recent, self.premium, self.crushed = MARKET_VOL**2, 0.0, 0.0

    def mark(self, t: int, move: float, before: float, drifts: _Drifts) -> float:
        slow = 1.85 * self.shocks.market_scale[t] ** 2
        self.recent = 0.95 * self.recent + 0.05 * move * move
        self.premium = 0.93 * self.premium + self.noise[t] - 4.5 * move
        self.crushed = 0.98 * self.crushed + (self.strength * PLANTED["vix_crush"].size if drifts.until[ROWS["vix_crush"], 0] >= t else 0.0)
        if self.shocks.crush[t] and before > 13:
            self.crushed -= 0.24
        fair = 110 * np.sqrt(252 * (0.4 * self.recent + 0.6 * slow))
        value = float(np.clip(fair * np.exp(self.premium + self.crushed), 9.0, 85.0))
        if value / before - 1 <= -0.18:
            drifts.until[ROWS["vix_crush"], 0] = t + PLANTED["vix_crush"].hold
            drifts.seen["vix_crush"][t, 0] = True
        return value


def _flows(t: int, streams: Streams, dark5: Array, campaign: np.ndarray, move: Array, drifts: _Drifts) -> None:
    """Events of flow alone: members' option side and dark-pool rank, funds' campaigns, the dollar's block on metals, weak members."""
    side = streams.side_share[t, MEMBER_AT]
    drifts.plant("option_side", t, MEMBER, np.where(np.abs(side) > 0.05, np.sign(side), 0.0))
    drifts.plant("dark_pool_rank", t, MEMBER, dark5[t])
    drifts.plant("campaign", t, np.flatnonzero(campaign[t]))
    metals, by = [GLD, SLV], np.array([1.0, 1.6])
    if streams.dollar[t] >= 100:
        drifts.plant("metals_blocked", t, metals, by)
    elif t >= 21 and streams.dollar[t] < streams.dollar[t - 21] and streams.yield10[t] > streams.yield10[t - 21]:
        drifts.plant("metals_open", t, metals, by)
    if move[SPX] >= np.log(1.02):
        drifts.plant("weakness", t, MEMBER.start + np.flatnonzero(move[MEMBER] < 0))


def _levels(t: int, level: Array, vix: Array, streams: Streams, drifts: _Drifts) -> None:
    """Events of price against gamma, zones, trend, rates and implied volatility."""
    spx, move = level[: t + 1, SPX], level[t, : len(INDICES)] - level[t - 1, : len(INDICES)]
    negative = streams.gamma[t] < 0
    means = np.log(np.exp(level[t - 20 : t + 1, : len(INDICES)]).mean(axis=0))
    sold = negative & (move >= np.log(1.01)) & (streams.dark_z[t, : len(INDICES)] <= -1) & (level[t, : len(INDICES)] > means)
    drifts.plant("distribution", t, np.flatnonzero(sold))
    if sold[SPX]:  # the large index carries everything but the two indices that have flows of their own
        drifts.plant("distribution", t, REST, drifts.beta[REST])
    distance = (spx[t] - means[SPX]) / (vix[t] / 100 * np.sqrt(21 / 252))
    if not negative and abs(distance) >= 0.5 and drifts.until[ROWS["pivot"], SPX] <= t:  # a fresh break is not faded
        drifts.market("fade", t, -np.sign(distance))
    if negative and abs(np.expm1(move[SPX])) >= 0.01:
        drifts.market("follow", t, np.sign(move[SPX]))
    price = np.exp(spx[t])
    if abs(price / (1000 * max(round(price / 1000), 1)) - 1) <= 0.01:
        drifts.market("milestone", t)
    if streams.put_call[t - 4 : t + 1].mean() <= 0.55:
        drifts.market("put_call", t)
    month = spx[t] - spx[t - 21]
    if streams.yield10[t] - streams.yield10[t - 21] >= 0.15 and month >= np.log(1.02) and streams.liquidity[t] < streams.liquidity[t - 21]:
        drifts.market("divergence", t)
    if spx[t] - spx[t - 63] >= np.log(1.08) and vix[t] / vix[t - 5] >= 1.15:
        drifts.market("blow_off", t)
    steps = np.diff(level[t - 63 : t + 1, TREND], axis=0)
    trend = (level[t, TREND] - level[t - 21, TREND]) / (steps.std(axis=0, ddof=1) * np.sqrt(21))
    drifts.plant("trend", t, TREND, np.where(np.abs(trend) >= 1.5, np.sign(trend), 0.0))


def _history(t: int, spx: Array, drifts: _Drifts) -> None:
    """Events that need long histories of SPX: its 200-session mean, its record, its trends."""
    price = np.exp(spx[-202:])
    over = [price[200 + k] > price[k + 1 : k + 201].mean() for k in (-1, 0, 1)]  # two sessions ago, yesterday, today
    if not over[0] and over[1] and over[2]:
        drifts.market("reclaim", t)
    record = int(np.argmax(spx[:-1]))
    if spx[t] > spx[record] and t - record > 21:
        drifts.market("pivot", t)
    deviation = np.diff(spx[t - 63 :]).std(ddof=1)
    month, half = (spx[t] - spx[t - 21]) / (deviation * np.sqrt(21)), (spx[t] - spx[t - 126]) / (deviation * np.sqrt(126))
    if month > 1 and half < 0.3:
        drifts.market("latent_demand", t)


def _member_dark_score(streams: Streams) -> Array:
    """5-session mean of dark-pool net over volume as a z-score across members, held to +-2; 0 before there are five. T x MEMBERS."""
    share = streams.dark_share[:, MEMBER_AT]
    sums = np.cumsum(share, axis=0)
    five = np.zeros_like(share)
    five[5:] = sums[5:] - sums[:-5]
    score = (five - five.mean(axis=1, keepdims=True)) / np.maximum(five.std(axis=1, ddof=1, keepdims=True), 1e-12)
    return np.asarray(np.clip(score, -2, 2), dtype=float)


def _runs(flags: np.ndarray, length: int) -> np.ndarray:
    """True where the last `length` rows were all true. Bool T x N."""
    out = np.zeros_like(flags)
    window = np.cumsum(flags, axis=0)
    out[length - 1 :] = window[length - 1 :] - np.vstack([np.zeros_like(window[:1]), window[:-length]]) == length
    return out
