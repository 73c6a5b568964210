"""Crypto carry: perpetual funding, the basis of dated futures, and how compressed the yield of both is.

Annual rates are fractions per year (0.10 = 10%). A positive funding rate is paid by longs to shorts.

Frames are labels x symbols, series by label.
"""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from flowbt.features.declare import feature
from flowbt.features.futures import constant_maturity, curve, held
from flowbt.features.trailing import enough, percentile
from flowbt.ground.errors import ParameterError
from flowbt.ground.protocols import Panel

YEAR = 365.0
LEGS = ("both", "funding", "basis")


def annualised_funding(rate: pd.DataFrame, hours: pd.DataFrame | float, compound: bool = False) -> pd.DataFrame:
    """Rate per interval -> fraction per year: rate x (24 / hours) x 365, or compounded. Missing stays missing."""
    per_year = 24.0 / hours * YEAR
    return (1.0 + rate) ** per_year - 1.0 if compound else rate * per_year


def _paid(panel: Panel, field: str) -> pd.DataFrame:
    """A field of funding, labels x symbols: missing for a symbol that has none, such as spot beside its perpetual."""
    there = [symbol for symbol in panel.symbols if panel.has(field, symbol)]
    if len(there) in (0, len(panel.symbols)):  # none: the panel says what is missing
        return panel[field]
    return pd.DataFrame({symbol: panel[field, symbol].iloc[:, 0] for symbol in there}).reindex(columns=list(panel.symbols))


@feature(
    family="carry",
    units="fraction per year",
    sign="positive = longs pay shorts",
    needs=("funding_rate", "funding_interval_hours"),
    source="document carry",
)
def funding_apr(panel: Panel, *, window: int = 1, interval_hours: float | None = None, compound: bool = False) -> pd.DataFrame:
    """Perpetual funding a year: rate x (24 / interval) x 365, mean of the last `window` labels.

    The interval is the field `funding_interval_hours`, or `interval_hours` where given. Labels x symbols. Missing
    funding is missing, never 0; the mean needs two thirds of its window.
    """
    hours = _paid(panel, "funding_interval_hours") if interval_hours is None else interval_hours
    yearly = annualised_funding(_paid(panel, "funding_rate"), hours, compound)
    return yearly.rolling(window, min_periods=enough(window)).mean() if window > 1 else yearly


class Flip(NamedTuple):
    smoothed: pd.DataFrame  # fraction per year
    to_negative: pd.DataFrame  # bool: crossed from positive (or zero) to negative on this label
    to_positive: pd.DataFrame  # bool: the reverse


@feature(
    family="carry",
    units="fraction per year; bool",
    sign="smoothed positive = longs pay shorts",
    needs=("funding_rate", "funding_interval_hours"),
    source="document carry; claim funding-flip-oi-dump",
)
def funding_flip(panel: Panel, *, window: int = 3, interval_hours: float | None = None) -> Flip:
    """When funding, smoothed over `window` labels, changes sign.

    Labels x symbols; the flips are False where the smoothed rate is missing on this label or the one before.
    """
    hours = _paid(panel, "funding_interval_hours") if interval_hours is None else interval_hours
    smoothed = annualised_funding(_paid(panel, "funding_rate"), hours).rolling(window, min_periods=enough(window)).mean()
    before = smoothed.shift(1)
    return Flip(smoothed, (smoothed < 0) & (before >= 0), (smoothed > 0) & (before <= 0))


@feature(
    family="carry",
    units="fraction per year",
    sign="positive = futures over spot",
    needs=("close", "futures_close"),
    source="document carry",
)
def basis_apr(panel: Panel, *, days: float = 30.0, nearest_days: float = 3.0, min_volume: float = 0.0, root: str | None = None) -> pd.DataFrame:
    """Basis of dated futures at a constant maturity of `days`: (F / S - 1) x 365 / days to expiry, linear between expiries.

    Futures are the panel's symbols `ROOT-YYYY-MM-DD`, with each panel symbol as root (or `root` for all). Left out: expiries under
    `nearest_days`, volume under `min_volume` contracts, and bars that repeat close and volume of the label before. Beyond the listed
    expiries the nearest one is used if it is at most 15 days off. Where no contract is left, the last basis stands for three days (weekends, daily
    futures under hourly spot), then it is missing. Futures that close before the spot's bar ends (CME on Fridays, by hours) show the spot's later
    move as basis: 2025-10-10 reads +23%. Labels x symbols.
    """
    columns = {s: held(constant_maturity(curve(panel, root or s, nearest_days, min_volume), days), panel.clock.bar) for s in panel.symbols}
    return pd.DataFrame(columns, index=panel.index, columns=list(panel.symbols))


def _yield(panel: Panel, legs: str, window: int, days: float) -> pd.DataFrame:
    if legs not in LEGS:
        raise ParameterError(f"carry legs {legs!r}", "not known", f"use one of {', '.join(LEGS)}")
    parts = []
    if legs != "basis":
        parts.append(
            annualised_funding(_paid(panel, "funding_rate"), _paid(panel, "funding_interval_hours")).rolling(window, min_periods=enough(window)).mean()
        )
    if legs != "funding":
        columns = {s: held(constant_maturity(curve(panel, s), days), panel.clock.bar) for s in panel.symbols}
        parts.append(pd.DataFrame(columns, index=panel.index, columns=list(panel.symbols)))
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total / len(parts)


@feature(
    family="carry",
    units="fraction per year",
    sign="positive = paid for being short the future",
    needs=("close", "funding_rate", "funding_interval_hours", "futures_close"),
    source="document carry",
)
def carry_yield(panel: Panel, *, legs: str = "both", window: int = 7, days: float = 30.0) -> pd.DataFrame:
    """Mean of funding (smoothed over `window` labels) and basis (at `days`), a year.

    `legs`: "both", "funding" or "basis"; with "both" a missing leg makes the mean missing, so that it never jumps
    because its make-up changed. Labels x symbols.
    """
    return _yield(panel, legs, window, days)


class Crowding(NamedTuple):
    carry: pd.DataFrame  # percentile of the carry yield in its own window, 0..1
    volatility: pd.DataFrame  # percentile of implied volatility, 0..1
    score: pd.DataFrame  # 1 - mean of the two; near 1 = both compressed


@feature(
    family="carry",
    units="fraction",
    sign="score near 1 = yield and implied volatility both at their lows",
    needs=("funding_rate", "funding_interval_hours", "iv_30d"),
    stand_ins=("close:DVOL",),
    source="ours; claim carry-crowding",
)
def carry_crowding(panel: Panel, *, legs: str = "funding", window: int = 365, smooth: int = 7, days: float = 30.0) -> Crowding:
    """How compressed carry and implied volatility are against their own last `window` labels (ours).

    `legs` as in `carry_yield`. Labels x symbols; a percentile needs two thirds of its window, and the score both.
    """
    carry = percentile(_yield(panel, legs, smooth, days), window)
    volatility = percentile(panel.either("iv_30d", ("close", "DVOL")), window)
    return Crowding(carry, volatility, 1.0 - (carry + volatility) / 2.0)
