"""How honest are the tests? Sizes under nulls that keep overlap, clustering and persistence, and power against planted effects, of the code that judges.

    python benchmarks/size_and_power.py [--runs 1000] [--only WORD ..] [--workers 2] [--first 100000]

A row is a generator of returns, an event and a kind of claim. Per row: share of null runs with p at or under 5% and 1%; the same of the test flowbt had
before (a rotation of events against outcomes; of sequences, blocks that swap roles; of runs, the probabilistic Sharpe ratio against 0; slow, so of the first
200 null runs only); and power
where an effect of 1, 2 and 3 times the standard error (the spread of the estimate over the null runs) is planted, beside that of an
oracle who knows that spread. A size at 5% should lie in 3-8%, at 1% under 2.5%. `--first`: the first seed, a multiple of 100,000; a choice made on some
seeds is judged on others.
"""

from __future__ import annotations

import argparse
import math
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from numba import njit
from scipy.special import ndtr

from flowbt.evidence.claims import study
from flowbt.evidence.claims.events import combined
from flowbt.evidence.claims.sequences import innovations, lead, standardised
from flowbt.evidence.inference import Studentised, cosines_for, studentise_mean
from flowbt.evidence.measures import per_bar
from flowbt.evidence.multiple import spa, stepm
from flowbt.evidence.register.matched import alike, cosines_of, matched
from flowbt.evidence.register.matched import crossed as in_pairs
from flowbt.evidence.resampling.rotation import crossed, offsets, p_values, spectrum
from flowbt.evidence.sharpe import moments, probabilistic_sharpe
from flowbt.evidence.timing import skill_of

T = 3_850  # the sessions of the documents' own samples
MU = 0.0003
BEFORE = 200  # null runs of which the test there was before is asked too
FRESH = 100_000  # between the first seeds of two independent benchmarks
Rng = np.random.Generator
Array = np.ndarray


# Generators: T daily returns without anything to know (but of `level`, whose changes turn back).


@njit(cache=True)
def heavy(df: float) -> float:
    """Student's t of variance 1."""
    return np.random.standard_normal() * math.sqrt((df - 2) / np.random.chisquare(df))


@njit(cache=True)
def garch(seed: int, rows: int, alpha: float, beta: float, gamma: float, df: float) -> Array:
    """GARCH(1,1) of Student's t, with `gamma` more after falls (GJR)."""
    np.random.seed(seed)
    out, base = np.empty(rows), 0.011**2
    variance, shock = base, 0.0
    for t in range(-500, rows):
        variance = base * (1 - alpha - beta - gamma / 2) + (alpha + (gamma if shock < 0 else 0.0)) * shock**2 + beta * variance
        shock = math.sqrt(variance) * heavy(df)
        if t >= 0:
            out[t] = MU + shock
    return out


@njit(cache=True)
def switching(seed: int, rows: int) -> Array:
    """A calm and a wild state that last 120 and 40 sessions."""
    np.random.seed(seed)
    out, wild = np.empty(rows), False
    for t in range(rows):
        if np.random.random() < (1 / 40.0 if wild else 1 / 120.0):
            wild = not wild
        out[t] = MU + (0.022 if wild else 0.007) * np.random.standard_normal()
    return out


@njit(cache=True)
def jumps(seed: int, rows: int) -> Array:
    """Volatility whose log is an AR(1), Student's t of 4, and jumps that fall more than they rise."""
    np.random.seed(seed)
    out, level = np.empty(rows), 0.0
    for t in range(rows):
        level = 0.98 * level + 0.14 * np.random.standard_normal()
        out[t] = MU + 0.009 * math.exp(level) * heavy(4.0)
        if np.random.random() < 0.005:
            out[t] += 0.04 * np.random.standard_normal() - 0.01
    return out


@njit(cache=True)
def autoregressive(seed: int, rows: int, phi: float) -> Array:
    np.random.seed(seed)
    out, x = np.empty(rows), np.random.standard_normal() / math.sqrt(1 - phi * phi)
    for t in range(rows):
        x = phi * x + heavy(6.0)
        out[t] = x
    return out


@njit(cache=True)
def leveraged(seed: int, rows: int) -> Array:
    """Stochastic volatility whose shocks move against the return's by 0.7."""
    np.random.seed(seed)
    out, level = np.empty(rows), 0.0
    for t in range(-300, rows):
        shock = np.random.standard_normal()
        if t >= 0:
            out[t] = MU + 0.009 * math.exp(level) * shock
        level = 0.985 * level + 0.10 * (-0.7 * shock + math.sqrt(0.51) * np.random.standard_normal())
    return out


@njit(cache=True)
def egarch(seed: int, rows: int) -> Array:
    np.random.seed(seed)
    out, level = np.empty(rows), 0.0
    for t in range(-300, rows):
        shock = heavy(6.0)
        if t >= 0:
            out[t] = MU + 0.010 * math.exp(level / 2) * shock
        level = 0.97 * level - 0.10 * shock + 0.18 * (abs(shock) - 0.75)
    return out


@njit(cache=True)
def drifting(seed: int, rows: int) -> Array:
    """Good and bad times of 250 and 80 sessions, whose means differ: a null for events that know nothing of them."""
    np.random.seed(seed)
    out, bad = np.empty(rows), False
    for t in range(rows):
        if np.random.random() < (1 / 80.0 if bad else 1 / 250.0):
            bad = not bad
        out[t] = (-0.0010 if bad else 0.0008) + (0.016 if bad else 0.008) * heavy(5.0)
    return out


@njit(cache=True)
def rough(seed: int, rows: int) -> Array:
    """Student's t of 3 under a wandering volatility, and jumps: tails without a fourth moment."""
    np.random.seed(seed)
    out, level = np.empty(rows), 0.0
    for t in range(rows):
        level = 0.97 * level + 0.10 * np.random.standard_normal()
        out[t] = MU + 0.009 * math.exp(level) * heavy(3.0)
        if np.random.random() < 0.01:
            out[t] -= 0.03 * np.random.exponential()
    return out


@njit(cache=True)
def fear(seed: int, rows: int) -> Array:
    """Changes of the log of an index of fear: it jumps up, and turns back for weeks."""
    np.random.seed(seed)
    level, out = np.zeros(rows + 300), np.empty(rows)
    for t in range(1, rows + 300):
        level[t] = 0.97 * level[t - 1] + 0.05 * heavy(5.0) + (0.25 * np.random.exponential() if np.random.random() < 0.01 else -0.0025)
    out[:] = np.diff(level)[-rows:]
    return out


MARKETS: dict[str, Callable[[int, int], Array]] = {
    "GARCH-t": lambda seed, rows: garch(seed, rows, 0.10, 0.88, 0.0, 5.0),
    "GJR-t": lambda seed, rows: garch(seed, rows, 0.03, 0.88, 0.14, 5.0),
    "switching": switching,
    "jumps": jumps,
    "walk": lambda seed, rows: garch(seed, rows, 0.0, 0.0, 0.0, 300.0),
    "AR level": lambda seed, rows: np.diff(autoregressive(seed, rows + 1, 0.97)),
    "leverage": leveraged,
    "EGARCH": egarch,
    "drift": drifting,
    "bull": lambda seed, rows: garch(seed, rows, 0.05, 0.90, 0.06, 6.0) + 0.0012,
    "t3 jumps": rough,
    "fear": fear,
}


# Events: 1, 0 (and -1) on what is known at each label.


def recent(r: Array, n: int = 21) -> Array:
    """Root mean square of the last n returns."""
    return np.asarray(pd.Series(r**2).rolling(n).mean().to_numpy() ** 0.5)


def over(x: Array, q: float) -> Array:
    return x > np.nanquantile(x, q)


def runs(rng: Rng, rows: int, rate: float, length: int) -> Array:
    return np.convolve(rng.random(rows) < rate, np.ones(length))[:rows] > 0


def below_high(share: float, window: int) -> Callable[[Array, Rng], Array]:
    def event(r: Array, _: Rng) -> Array:
        price = pd.Series(np.cumsum(r))
        return np.asarray((price < price.rolling(window, min_periods=1).max() - share).to_numpy())

    return event


def scattered(rng: Rng, rows: int, count: int, length: int = 1) -> Array:
    """`count` runs of `length` labels anywhere."""
    held = np.zeros(rows, bool)
    for start in rng.choice(rows - 80, count, replace=False):
        held[start : start + length] = True
    return held


def over_mean(r: Array) -> Array:
    price = pd.Series(np.cumsum(r))
    return np.asarray((price > price.rolling(200, min_periods=100).mean()).to_numpy())


def other(r: Array, rng: Rng) -> Array:
    """Another asset that moves with it."""
    return 0.7 * r + 0.7 * garch(int(rng.integers(2**31)), len(r), 0.10, 0.88, 0.0, 5.0)


def milestones(r: Array) -> Array:
    """The first label at each tenth of log price never reached before."""
    reached = np.maximum.accumulate(np.floor(np.cumsum(r) / 0.1))
    return np.diff(reached, prepend=reached[0]) > 0


def last_tenth(event: Array) -> Array:
    return event * (np.arange(len(event)) >= 0.9 * len(event))


def week(r: Array) -> Array:
    return np.asarray(pd.Series(r).rolling(5).sum().fillna(0.0).to_numpy())


EVENTS: dict[str, Callable[[Array, Rng], Array]] = {
    "a day of +2%": lambda r, _: r > 0.02,
    "a day of -2%": lambda r, _: r < -0.02,
    "wild state": lambda r, _: over(recent(r), 0.8),
    "calm state": lambda r, _: ~over(recent(r), 0.3),
    "streak of 5": lambda r, _: np.convolve(r > 0, np.ones(5))[: len(r)] >= 5,
    "random days": lambda r, rng: rng.random(len(r)) < 0.02,
    "clusters": lambda r, rng: runs(rng, len(r), 0.008, 5),
    "rare clusters": lambda r, rng: runs(rng, len(r), 0.004, 3),
    "AR state": lambda r, rng: over(autoregressive(int(rng.integers(2**31)), len(r), 0.98), 0.7),
    "state of 40": lambda r, rng: np.cumsum(rng.random(len(r)) < 1 / 40) % 2 == 1,
    "over 100 ago": lambda r, _: np.concatenate([np.zeros(100, bool), (np.cumsum(r)[100:] > np.cumsum(r)[:-100])]),
    "5% under its high": below_high(0.05, 126),
    "10% under its high": below_high(0.10, 100_000),
    "streak of 3 down": lambda r, _: np.convolve(r < 0, np.ones(3))[: len(r)] >= 3,
    "over its mean of 200": lambda r, _: over_mean(r),
    "crosses its mean of 200": lambda r, _: np.diff(over_mean(r).astype(float), prepend=0.0) > 0,
    "capitulation": lambda r, rng: (r > 0.015) & below_high(0.08, 126)(r, rng),
    "volatility jumps": lambda r, _: recent(r, 5) > 1.6 * np.nan_to_num(recent(r, 42), nan=9.0),
    "a quiet day": lambda r, _: ~over(np.abs(r), 0.15),
    "turn of the month": lambda r, _: np.arange(len(r)) % 21 < 3,
    "one month a year": lambda r, _: np.arange(len(r)) // 21 % 12 == 8,
    "60 clusters": lambda r, rng: scattered(rng, len(r), 60, 4),
    "10 single days": lambda r, rng: scattered(rng, len(r), 10),
    "12 single days": lambda r, rng: scattered(rng, len(r), 12),
    "8 months": lambda r, rng: scattered(rng, len(r), 8, 25),
    "the 8 worst days": lambda r, _: r <= np.sort(r)[7],
    "signs of the 10 largest days": lambda r, _: np.where(np.abs(r) >= np.sort(np.abs(r))[-10], np.sign(r), 0.0),
    "10% under its high of a year": below_high(0.10, 252),
    "days in the last tenth": lambda r, rng: last_tenth(rng.random(len(r)) < 0.15),
    "a state of 40% of days": lambda r, rng: over(autoregressive(int(rng.integers(2**31)), len(r), 0.98), 0.6),
    "another's wild state": lambda r, rng: over(recent(other(r, rng)), 0.8),
    "sign of the trend": lambda r, _: np.where(over_mean(r), 1.0, -1.0),
    "state of 250": lambda r, rng: np.cumsum(rng.random(len(r)) < 1 / 250) % 2 == 1,
    "a new tenth": lambda r, _: milestones(r),
    "first of the month": lambda r, _: np.arange(len(r)) % 21 == 0,
    "week of expiry": lambda r, _: (np.arange(len(r)) % 21 >= 10) & (np.arange(len(r)) % 21 < 15),
    "30 single days": lambda r, rng: scattered(rng, len(r), 30),
    "6 clusters": lambda r, rng: scattered(rng, len(r), 6, 8),
    "sign, wild regime": lambda r, _: np.where(over(recent(r), 0.7), -np.sign(r), 0.0),
    "sign, calm regime": lambda r, _: np.where(over(recent(r), 0.3), 0.0, np.sign(r)),
    "sign of 1.5% days": lambda r, _: np.where(np.abs(r) > 0.015, np.sign(r), 0.0),
    "sign of 3% days": lambda r, _: np.where(np.abs(r) > 0.03, np.sign(r), 0.0),
    "against a week of 4%": lambda r, _: np.where(np.abs(week(r)) > 0.04, -np.sign(week(r)), 0.0),
    "random signs": lambda r, rng: np.where(rng.random(len(r)) < 0.1, np.sign(rng.standard_normal(len(r))), 0.0),
    "sign of the month": lambda r, _: np.sign(pd.Series(r).rolling(21).sum().fillna(0.0).to_numpy()),
}


# Outcomes: the columns a claim has over h labels.


def ahead(r: Array, h: int) -> Array:
    total = np.concatenate([[0.0], np.cumsum(r)])
    out = np.full(len(r), np.nan)
    out[: len(r) - h] = total[h + 1 :] - total[1 : len(r) - h + 1]
    return out


def fall(r: Array, h: int) -> Array:
    price = np.cumsum(r)
    lowest = np.lib.stride_tricks.sliding_window_view(price, h).min(axis=1)
    out = np.full(len(r), np.nan)
    out[: len(r) - h] = np.minimum(lowest[1:] - price[:-h], 0)
    return out


class Measured(NamedTuple):
    statistic: str
    columns: Callable[[Array, int], list[Array]]


OUTCOMES = {
    "return": Measured("mean", lambda r, h: [ahead(r, h)]),
    "drawdown": Measured("mean", lambda r, h: [fall(r, h)]),
    "direction": Measured("mean", lambda r, h: [np.where(np.isfinite(ahead(r, h)), ahead(r, h) > 0, np.nan)]),
    "next move": Measured("ratio", lambda r, h: [np.abs(ahead(r, 1))]),
    "volatility": Measured("ratio", lambda r, h: [np.sqrt(ahead(r * r, h) / h)]),
    "deviation": Measured("deviation", lambda r, h: [ahead(r, 1), ahead(r, 1) ** 2]),
    "autocorrelation": Measured("autocorrelation", lambda r, h: [r, ahead(r, 1), r * r, ahead(r, 1) ** 2, r * ahead(r, 1)]),
}


@dataclass(frozen=True)
class Tried:
    """One null run: the test, its p, and the p of the test there was before (NaN where it was not asked)."""

    test: Studentised
    p: float
    before: float


Row = Callable[[int], Tried | None]


def outcomes(r: Array, kind: str, h: int) -> study.Outcomes:
    columns = OUTCOMES[kind].columns
    single = [c[:, None] for c in columns(r, 1)] if kind == "return" else None
    return study.outcomes_of(h, [c[:, None] for c in columns(r, h)], single)


def tried(event: Array, o: study.Outcomes, statistic: str, seed: int) -> Tried | None:
    found = study.contrast(event, o, study.STATISTICS[statistic])
    if found is None:
        return None
    test = found.test(o.cosines())
    return Tried(test, test.p(), rotated(event, o, statistic) if seed % FRESH < BEFORE else math.nan)


def rotation_sums(weights: Array, columns: Array) -> Array:
    """Sum of T x N columns under weights shifted by every offset: T."""
    return np.fft.irfft(crossed(spectrum(weights), spectrum(columns)), len(weights))


def rotated(event: Array, o: study.Outcomes, statistic: str) -> float:
    """The test there was: the effect among all its rotations, nothing studentised."""
    how = study.STATISTICS[statistic]
    values = np.where(o.known > 0, how.rows(o.columns, o.known), 0.0)
    signed = bool((event < 0).any())
    if signed:
        values = np.where(o.known > 0, values - values.sum() / o.known.sum(), 0.0)
    inside, count = rotation_sums(event, values), np.round(rotation_sums(np.abs(event), o.known), 6)
    with np.errstate(divide="ignore", invalid="ignore"):
        level = inside / count
        rest = (values.sum() - inside) / (o.known.sum() - count)
        effect = level if signed else np.log(level / rest) if how.log else level - rest
    return p_values(float(effect[0]), effect[offsets(len(event), o.horizon + 5)]).p


def studied(market: str, event: str, kind: str, h: int, rows: int = T) -> Row:
    """An event study, a regime, signed events, or a forecast of direction."""

    def run(seed: int) -> Tried | None:
        r = MARKETS[market](seed, rows)
        held = np.asarray(EVENTS[event](r, np.random.default_rng(seed)), dtype=float)[:, None]
        return tried(held, outcomes(r, kind, h), OUTCOMES[kind].statistic, seed) if np.abs(held[: rows - h]).sum() >= 3 else None

    return run


def controlled(market: str, event: str, kind: str, h: int) -> Row:
    """An event against sessions of like volatility and the same side of the trend. Before: against all."""

    def run(seed: int) -> Tried | None:
        r = MARKETS[market](seed, T)
        rng = np.random.default_rng(seed)
        near = alike(recent(r))
        held = rng.random(T) < pd.Series(recent(r)).rank(pct=True).to_numpy() / 6 if event == "wilder, oftener" else EVENTS[event](r, rng)
        event_ = np.asarray(held, dtype=float)[:, None]
        o, how = outcomes(r, kind, h), study.STATISTICS[OUTCOMES[kind].statistic]
        found, raw = matched(event_, o, how, [in_pairs(near, over_mean(r).astype(np.int64)), near]), study.contrast(event_, o, how)
        if found is None or raw is None:
            return None
        test = found.contrast.test(cosines_of(found, o))
        return Tried(test, test.p(), raw.test(o.cosines()).p() if seed % FRESH < BEFORE else math.nan)

    return run


def curve(market: str, event: Callable[[Array, float], Array], grid: tuple[float, ...], horizons: tuple[int, ...]) -> Row:
    """All definitions of a claim at all horizons, judged together; before: the median of the rotated, standardised effects."""

    def run(seed: int) -> Tried | None:
        r = MARKETS[market](seed, T)
        cases = [(event(r, value).astype(float)[:, None], outcomes(r, "return", h)) for h in horizons for value in grid]
        contrasts = [(one, o.cosines()) for held, o in cases if (one := study.contrast(held, o, study.STATISTICS["mean"])) is not None]
        test, _ = combined([(one, one.test(b)) for one, b in contrasts], min(b for _, b in contrasts), 1, (20, 0))
        return None if test is None else Tried(test, test.p(), _median_rotated(cases, max(horizons)) if seed % FRESH < BEFORE else math.nan)

    return run


def _median_rotated(cases: list[tuple[Array, study.Outcomes]], longest: int) -> float:
    before, null = [], []
    for held, o in cases:
        sums, count = rotation_sums(held, o.columns[0]), rotation_sums(np.abs(held), o.known)
        level = np.divide(sums, count, out=np.full(T, np.nan), where=count > 0.5)
        shifts = level[offsets(T, longest + 5)]
        before.append((level[0] - np.nanmean(shifts)) / np.nanstd(shifts))
        null.append((shifts - np.nanmean(shifts)) / np.nanstd(shifts))
    return p_values(float(np.median(before)), np.median(np.array(null), axis=0)).p


def names(event: str, h: int) -> Row:
    """Eight correlated names, each with its own events."""

    def run(seed: int) -> Tried | None:
        rng = np.random.default_rng(seed)
        market = garch(seed, T, 0.10, 0.88, 0.0, 5.0)
        r = market[:, None] + 0.012 * rng.standard_normal((T, 8))
        weak = np.where(market[:, None] > 0.005, r < -0.01, False) if event == "weak on a strong day" else np.abs(r) > 0.025
        one = np.column_stack([ahead(x, h) for x in r.T])
        return tried(weak.astype(float), study.outcomes_of(h, [one], [np.column_stack([ahead(x, 1) for x in r.T])]), "mean", seed)

    return run


def stages(seed: int, first: str) -> pd.DataFrame:
    """Three stages that move together under clustering volatility; the first may be a level that turns back, or its change over 1 or 5 sessions; or the second
    the change of the volatility of the first and third."""
    rng, rows = np.random.default_rng(seed), T + 200
    shocks = 0.6 * rng.standard_normal((rows, 1)) + 0.8 * rng.standard_normal((rows, 3))
    shocks *= np.exp(0.1 * autoregressive(seed, rows, 0.98))[:, None]
    values = shocks.copy()
    if first == "volatility":  # returns, changes of their own volatility (by -0.7), and another asset's returns under it
        shock, white = rng.standard_normal((2, rows))
        level = np.zeros(rows)
        for t in range(1, rows):
            level[t] = 0.97 * level[t - 1] + 0.12 * (-0.7 * shock[t] + 0.71 * white[t])
        wild = np.exp(np.roll(level, 1))
        values = np.column_stack([-wild * shock, np.diff(level, prepend=0.0), -wild * (shock + rng.standard_normal(rows))])
    elif first != "white":
        level = np.zeros(rows)
        for t in range(1, rows):
            level[t] = 0.95 * level[t - 1] + shocks[t, 0]
        lag = {"change": 1, "change of 5": 5, "level": 0}[first]
        values[:, 0] = level - np.roll(level, lag) if lag else level
    return pd.DataFrame(values[200:], columns=["a", "b", "c"])


def sequence(first: str, h: int) -> Row:
    def run(seed: int) -> Tried:
        frame = stages(seed, first)
        test = studentise_mean(lead(standardised(innovations(frame)), h))
        if seed % FRESH >= BEFORE:
            return Tried(test, test.p(), math.nan)
        raw = lead(standardised(frame), h)
        blocks = np.add.reduceat(raw, np.arange(0, len(raw), 4 * h))
        signs = np.random.default_rng(seed).integers(0, 2, (499, len(blocks))) * 2.0 - 1.0
        return Tried(test, test.p(), p_values(float(raw.sum()), signs @ blocks).p)

    return run


MATCHED: dict[str, Callable[[Array, Rng], Array]] = {
    "noisy wild state": lambda level, rng: over(level * np.exp(0.5 * rng.standard_normal(len(level))), 0.85),
    "noisy calm state": lambda level, rng: ~over(level * np.exp(0.5 * rng.standard_normal(len(level))), 0.2),
    "more often when wild": lambda level, rng: rng.random(len(level)) < np.clip(0.05 * level, 0.0, 0.6),
    "random days": lambda level, rng: rng.random(len(level)) < 0.02,
    "state of 40": lambda level, rng: np.cumsum(rng.random(len(level)) < 1 / 40) % 2 == 1,
}  # events that hang on a volatility, which is known, and on nothing else


def beyond_volatility(event: str, kind: str, h: int) -> Row:
    """What an event adds to the volatility it sits in, of which it knows nothing more. Before: matched on tenths of the volatility's distribution."""

    def run(seed: int) -> Tried | None:
        rng = np.random.default_rng(seed)
        level = np.exp(np.convolve(rng.normal(0.0, 0.25, T + 300), 0.97 ** np.arange(300), "valid")[:T])  # of the label after
        r = MU + 0.01 * np.roll(level, 1) * rng.standard_t(5, T) * math.sqrt(3 / 5)
        o, on = outcomes(r, kind, h), MATCHED[event](level, rng).astype(float)[:, None]
        tests = []
        for near in (alike(level), np.searchsorted(np.quantile(level, np.arange(1, 10) / 10), level, side="right").astype(np.int64)):
            found = matched(on, o, study.STATISTICS[OUTCOMES[kind].statistic], [near])
            tests.append(None if found is None else found.contrast.test(cosines_of(found, o)))
        return None if tests[0] is None else Tried(tests[0], tests[0].p(), math.nan if tests[1] is None else tests[1].p())

    return run


def paired(seed: int) -> Tried:
    """Two rules on one market, equally worthless: their Sharpe ratios. Before: a t-test of the mean difference."""
    r, rng = garch(seed, T, 0.10, 0.88, 0.0, 5.0) - MU, np.random.default_rng(seed)
    a, b = (r * (np.cumsum(rng.random(T) < 1 / 20) % 2) for _ in range(2))
    values = per_bar(a, 252)["sharpe"] - per_bar(b, 252)["sharpe"]
    test = studentise_mean(values, cosines_for(T, a - b))
    gap = a - b
    return Tried(test, test.p(), float(2 * ndtr(-abs(gap.mean() / gap.std() * math.sqrt(T)))))


def coins(length: float) -> Row:
    """Coins long a rising market: skill over their own exposure, one-sided. Before: probabilistic Sharpe ratio against 0."""

    def run(seed: int) -> Tried | None:
        r, rng = garch(seed, 2_520, 0.03, 0.88, 0.14, 5.0) + MU, np.random.default_rng(seed)
        x = (np.cumsum(rng.random(len(r)) < 1 / length) % 2).astype(float)
        test = skill_of(x * r, [(x[:, None], r[:, None])])
        sharpe, skew, kurtosis, bars = moments(x * r)
        return None if test is None else Tried(test, test.p_above(), 1 - probabilistic_sharpe(sharpe, 0.0, bars, skew, kurtosis))

    return run


def over_sum(r: Array, n: float) -> Array:
    return np.asarray(pd.Series(r).rolling(int(n)).sum().fillna(0.0).to_numpy())


def over_last(share: float) -> Callable[[Array, float], Array]:
    return lambda r, n: pd.Series(r).rolling(int(n)).sum().to_numpy() > share * math.sqrt(n) * 0.011


def rows() -> dict[str, Row]:
    table: dict[str, Row] = {}

    def add(market: str, event: str, h: int, kind: str = "return", length: int = T) -> None:
        short = "" if length == T else f", T {length:,}"
        table[f"{market}: {event}, {kind} {h}{short}"] = studied(market, event, kind, h, length)

    for event in ("a day of +2%", "a day of -2%", "wild state", "calm state"):
        for h in (1, 21, 63):
            add("GARCH-t", event, h)
    for market, event, h in (
        ("GJR-t", "a day of -2%", 5), ("GJR-t", "wild state", 21), ("GJR-t", "5% under its high", 63), ("switching", "wild state", 10),
        ("switching", "a day of +2%", 63), ("jumps", "a day of -2%", 21), ("jumps", "a day of +2%", 1), ("jumps", "wild state", 63),
        ("GARCH-t", "streak of 5", 21), ("GARCH-t", "random days", 21), ("GARCH-t", "clusters", 63), ("GARCH-t", "rare clusters", 21),
        ("GARCH-t", "AR state", 21), ("walk", "over 100 ago", 21), ("GARCH-t", "over 100 ago", 63), ("AR level", "AR state", 21), ("AR level", "clusters", 21),
        ("GARCH-t", "sign, wild regime", 1), ("GARCH-t", "sign, wild regime", 21), ("GARCH-t", "sign, calm regime", 63), ("GJR-t", "sign of 1.5% days", 5),
        ("jumps", "sign, wild regime", 5), ("GARCH-t", "random signs", 5),
        ("GJR-t", "streak of 3 down", 21), ("GJR-t", "capitulation", 21), ("GJR-t", "volatility jumps", 10), ("GJR-t", "10% under its high", 42),
        ("GJR-t", "over its mean of 200", 10), ("GJR-t", "sign of the month", 63), ("GJR-t", "against a week of 4%", 21), ("GJR-t", "sign of 1.5% days", 63),
        ("switching", "10% under its high", 42), ("jumps", "sign of 3% days", 5), ("jumps", "volatility jumps", 42), ("jumps", "crosses its mean of 200", 21),
        ("walk", "over its mean of 200", 63), ("GARCH-t", "60 clusters", 63), ("GARCH-t", "10 single days", 10), ("GARCH-t", "a quiet day", 5),
        ("GARCH-t", "turn of the month", 5), ("jumps", "one month a year", 21), ("switching", "state of 250", 10),
        ("GARCH-t", "12 single days", 63), ("GJR-t", "the 8 worst days", 5), ("GARCH-t", "signs of the 10 largest days", 21),
        ("leverage", "a day of -2%", 21), ("leverage", "10% under its high of a year", 21), ("EGARCH", "wild state", 42), ("EGARCH", "10% under its high", 63),
        ("walk", "10% under its high", 63), ("GJR-t", "days in the last tenth", 21), ("drift", "a state of 40% of days", 63),
        ("GARCH-t", "another's wild state", 21), ("walk", "sign of the trend", 63),
        ("switching", "sign, wild regime", 21), ("switching", "sign of the month", 5), ("GJR-t", "a new tenth", 63), ("GARCH-t", "a new tenth", 21),
        ("GJR-t", "first of the month", 1), ("jumps", "week of expiry", 5), ("t3 jumps", "a day of +2%", 5), ("t3 jumps", "a day of -2%", 21),
        ("t3 jumps", "wild state", 63), ("t3 jumps", "10 single days", 21), ("fear", "clusters", 5), ("fear", "AR state", 21),
        ("fear", "10 single days", 10), ("GARCH-t", "6 clusters", 21), ("GJR-t", "clusters", 126), ("EGARCH", "30 single days", 63),
    ):  # fmt: skip
        add(market, event, h)
    for market, event, h, kind in (
        ("GARCH-t", "sign of the month", 21, "direction"), ("GARCH-t", "a day of +2%", 21, "direction"), ("GARCH-t", "clusters", 21, "drawdown"),
        ("switching", "AR state", 63, "drawdown"), ("GARCH-t", "state of 40", 1, "next move"), ("GARCH-t", "random days", 1, "next move"),
        ("switching", "AR state", 1, "next move"), ("GARCH-t", "state of 40", 21, "volatility"), ("switching", "state of 40", 63, "volatility"),
        ("GARCH-t", "state of 40", 1, "deviation"), ("jumps", "AR state", 1, "deviation"), ("GARCH-t", "random days", 1, "autocorrelation"),
        ("bull", "12 single days", 63, "direction"), ("bull", "8 months", 21, "direction"), ("bull", "a state of 40% of days", 63, "direction"),
        ("jumps", "one month a year", 21, "volatility"), ("GJR-t", "60 clusters", 21, "drawdown"), ("switching", "state of 250", 5, "volatility"),
        ("t3 jumps", "random days", 1, "next move"), ("t3 jumps", "state of 40", 1, "next move"), ("GJR-t", "week of expiry", 1, "next move"),
        ("bull", "30 single days", 21, "direction"), ("GJR-t", "6 clusters", 21, "drawdown"), ("jumps", "state of 40", 1, "autocorrelation"),
        ("GJR-t", "AR state", 21, "volatility"), ("GARCH-t", "state of 250", 21, "volatility"),
        ("GARCH-t", "12 single days", 21, "drawdown"), ("fear", "state of 40", 1, "deviation"),
    ):  # fmt: skip
        add(market, event, h, kind)
    for market, event, h in (
        ("GARCH-t", "a day of +2%", 21),
        ("GARCH-t", "wild state", 63),
        ("GJR-t", "5% under its high", 63),
        ("GARCH-t", "streak of 5", 21),
    ):
        add(market, event, h, length=1_250)
    for market, event, h in (
        ("GARCH-t", "clusters", 21), ("GJR-t", "a day of -2%", 5), ("jumps", "wild state", 21), ("AR level", "clusters", 10),
        ("switching", "sign, wild regime", 5), ("GJR-t", "10 single days", 21), ("t3 jumps", "random days", 1),
    ):  # fmt: skip
        add(market, event, h, length=800)
    for market, event, h in (
        ("GJR-t", "10% under its high", 63),
        ("GARCH-t", "wild state", 63),
        ("switching", "12 single days", 21),
        ("jumps", "a day of -2%", 1),
    ):
        add(market, event, h, length=6_000)
    for market, event, kind, h in (
        ("GARCH-t", "a day of +2%", "return", 21), ("GJR-t", "a day of -2%", "return", 5), ("jumps", "clusters", "return", 21),
        ("GARCH-t", "wilder, oftener", "return", 10), ("switching", "state of 40", "next move", 1),
    ):  # fmt: skip
        table[f"matched, {market}: {event}, {kind} {h}"] = controlled(market, event, kind, h)
    table["GARCH-t: curve, days of +1 to +2.5%, 10 to 42"] = curve("GARCH-t", lambda r, v: r > v, (0.01, 0.015, 0.02, 0.025), (21, 10, 42))
    table["GJR-t: curve, falls over 5 to 42, 5 to 21"] = curve("GJR-t", lambda r, n: ~over_last(-1.0)(r, n) & (np.arange(T) > 63), (5, 10, 21, 42), (10, 5, 21))
    table["GJR-t: curve, 5 to 15% under its high, 21 to 63"] = curve(
        "GJR-t", lambda r, x: below_high(x, 252)(r, np.random.default_rng(0)), (0.05, 0.1, 0.15), (42, 21, 63)
    )
    table["GJR-t: curve, sign of 10 to 42 sessions, 10 to 63"] = curve("GJR-t", lambda r, n: np.sign(over_sum(r, n)), (10, 21, 42), (21, 10, 63))
    table["8 names: weak on a strong day, return 10"] = names("weak on a strong day", 10)
    table["8 names: days of 2.5% either way, return 21"] = names("wild days", 21)
    for first in ("white", "change", "change of 5", "level", "volatility"):
        table[f"sequence: the first stage {first}, 10"] = sequence(first, 10)
    for first, h in (("white", 3), ("level", 21), ("change of 5", 5)):
        table[f"sequence: the first stage {first}, {h}"] = sequence(first, h)
    for event in MATCHED:
        for kind, h in (("next move", 1), ("return", 21)):
            table[f"beyond volatility: {event}, {kind} {h}"] = beyond_volatility(event, kind, h)
    table["paired runs: Sharpe ratios of two coins"] = paired
    table["strategy: coins of 15 sessions long"] = coins(15)
    table["strategy: coins of 60 sessions long"] = coins(60)
    return table


def line(name: str, row: Row, seeds: range) -> str:
    """Size at 5% and 1%, before, and power at 1, 2 and 3 standard errors (one-sided tests as they are)."""
    start = time.perf_counter()
    done = [one for seed in seeds if (one := row(seed)) is not None]
    p, before = np.array([one.p for one in done]), np.array([one.before for one in done if math.isfinite(one.before)])
    spread = float(np.std([one.test.estimate for one in done]))
    sides = "p_above" if name.startswith("strategy") else "p"
    powers = []
    for k in (1, 2, 3):
        moved = [replace(one.test, estimate=one.test.estimate + k * spread, score=one.test.score + k * spread * one.test.weight) for one in done]
        powers.append(np.mean([getattr(one, sides)() <= 0.05 for one in moved]))
    five, one = float(np.mean(p <= 0.05)), float(np.mean(p <= 0.01))
    fine = "" if 0.03 <= five <= 0.08 and one < 0.025 else "OUTSIDE"
    power = " ".join(f"{x:4.0%}" for x in powers)
    took = time.perf_counter() - start
    return f"  {name:52s} {five:6.1%} {one:6.1%} | {np.mean(before <= 0.05):6.1%} {np.mean(before <= 0.01):6.1%} | {power} | {fine:8s}{took:5.1f} s"


def told(name: str, seeds: range) -> str:
    """The line of a row, by name: what a worker process is asked."""
    return line(name, rows()[name], seeds)


def uneven(seed: int) -> Array:
    """Returns of 20 worthless models whose deviations differ twentyfold, under clustering volatility."""
    rng = np.random.default_rng(seed)
    return np.exp(0.1 * autoregressive(seed, 500, 0.98))[:, None] * rng.standard_normal((500, 20)) * np.linspace(0.002, 0.04, 20)


def coverage(effect: float, seeds: range) -> float:
    """Share of 95% intervals that hold an effect planted after clustered events, 21 sessions ahead."""
    held = 0
    for seed in seeds:
        r, rng = garch(seed, T, 0.10, 0.88, 0.0, 5.0), np.random.default_rng(seed)
        event = runs(rng, T, 0.008, 5).astype(float)[:, None]
        o = study.outcomes_of(21, [ahead(r, 21)[:, None] + effect * event])
        found = study.contrast(event, o, study.STATISTICS["mean"])
        assert found is not None
        low, high = found.test(o.cosines()).interval()
        held += low <= effect * (1 - event[o.known > 0].mean()) <= high
    return held / len(seeds)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=1_000)
    parser.add_argument("--only", nargs="*", default=[""], help="rows whose name has one of these words")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--first", type=int, default=0, help=f"first seed, a multiple of {FRESH:,}")
    options = parser.parse_args()
    if options.first % FRESH:
        parser.error(f"--first is a multiple of {FRESH:,}, asked: {options.first:,}")
    seeds = range(options.first, options.first + options.runs)
    count, start = options.runs, time.perf_counter()
    oracle = ", ".join(f"{ndtr(k - 1.96):.0%}" for k in (1, 2, 3))
    print(f"{count:,} null runs a row (sampling error {math.sqrt(0.05 * 0.95 / count):.1%}); an oracle's power: {oracle}")
    print(f"  {'':52s} {'5%':>6s} {'1%':>6s} | {'before':>6s} {'':>6s} | power at 1, 2, 3 se")
    wanted = [name for name in rows() if any(word in name for word in options.only)]
    with ProcessPoolExecutor(options.workers) as pool:
        for text in pool.map(told, wanted, [seeds] * len(wanted)):
            print(text, flush=True)
    if "" in options.only:
        few = seeds[: max(20, count // 4)]
        print(f"SPA of 20 models of uneven deviation: size {np.mean([spa(uneven(s), 499, s).p <= 0.05 for s in few]):.1%}; ", end="")
        print(f"StepM, any selected: {np.mean([np.nanmin(stepm(uneven(s), 499, s)) <= 0.05 for s in few]):.1%}")
        print(f"coverage of 95% intervals: no effect {coverage(0.0, seeds):.1%}, 3% planted {coverage(0.03, seeds):.1%}")
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
