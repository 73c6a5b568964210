"""Black-Scholes-Merton in closed form, vectorised: European options, continuous dividend yield and rate.

Every argument may be an array; they broadcast. Years and volatilities are fractions (0.25 years, 0.20 = 20%). `call` is a bool or an
array of bools. At expiry, or with no volatility, values are those of the limit: intrinsic (discounted), delta 0 or 1, gamma and vega 0.
A missing input gives a missing value.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

Array = npt.NDArray[np.float64]
_SQRT_2PI = float(np.sqrt(2 * np.pi))


class OptionTerms(NamedTuple):
    """Terms and market of an option, scalars or arrays."""

    spot: npt.ArrayLike
    strike: npt.ArrayLike
    years: npt.ArrayLike
    vol: npt.ArrayLike
    rate: npt.ArrayLike = 0.0
    dividend: npt.ArrayLike = 0.0


class _Arrays(NamedTuple):
    """The fields of `OptionTerms` as arrays."""

    spot: Array
    strike: Array
    years: Array
    vol: Array
    rate: Array
    dividend: Array


class _Parts(NamedTuple):
    o: _Arrays
    d1: Array
    d2: Array
    density: Array  # of d1
    growth: Array  # exp(-dividend x years)
    discount: Array  # exp(-rate x years)
    deviation: Array  # vol x sqrt(years), at least the smallest positive number
    live: npt.NDArray[np.bool_]  # False at expiry or without volatility


def _parts(terms: OptionTerms) -> _Parts:
    o = _Arrays(*(np.asarray(x, dtype=float) for x in terms))
    spot, strike, years, vol, rate, dividend = o
    left = np.maximum(years, 0.0)
    deviation = vol * np.sqrt(left)
    live = deviation > 0
    forward = np.log(spot / strike) + (rate - dividend) * left
    # a tiny deviation in place of none sends d1 to its limit: -/+ infinity, or 0 exactly at the money
    safe = np.where(live | np.isnan(deviation), deviation, 1e-300)
    with np.errstate(over="ignore"):
        d1 = np.clip(forward / safe, -1e150, 1e150) + deviation / 2
    d2 = d1 - deviation
    density = np.where(live, np.exp(-(d1**2) / 2) / _SQRT_2PI, 0.0 * deviation)
    return _Parts(o, d1, d2, density, np.exp(-dividend * left), np.exp(-rate * left), safe, live)


def price(terms: OptionTerms, call: npt.ArrayLike = True) -> Array:
    """Value in the currency of spot and strike."""
    p, side = _parts(terms), np.where(call, 1.0, -1.0)
    o = p.o
    out: Array = side * (o.spot * p.growth * ndtr(side * p.d1) - o.strike * p.discount * ndtr(side * p.d2))
    return out


def delta(terms: OptionTerms, call: npt.ArrayLike = True) -> Array:
    """Change of value per unit of spot: 0 to 1 for a call, -1 to 0 for a put."""
    p, side = _parts(terms), np.where(call, 1.0, -1.0)
    out: Array = side * p.growth * ndtr(side * p.d1)
    return out


def gamma(terms: OptionTerms) -> Array:
    """Change of delta per unit of spot; the same for calls and puts."""
    p = _parts(terms)
    o = p.o
    return np.where(p.live, p.growth * p.density / (o.spot * p.deviation), p.density)


def vega(terms: OptionTerms) -> Array:
    """Change of value per 1.00 of volatility (divide by 100 for one point)."""
    p = _parts(terms)
    o = p.o
    out: Array = o.spot * p.growth * p.density * np.sqrt(np.maximum(o.years, 0.0))
    return out


def vanna(terms: OptionTerms) -> Array:
    """Change of delta per 1.00 of volatility; the same for calls and puts."""
    p = _parts(terms)
    o = p.o
    return np.where(p.live, -p.growth * p.density * p.d2 / np.where(p.live, o.vol, 1.0), p.density)


def charm(terms: OptionTerms, call: npt.ArrayLike = True) -> Array:
    """Change of delta per year that passes (divide by 365 for a day), with spot and volatility unchanged."""
    p, side = _parts(terms), np.where(call, 1.0, -1.0)
    o = p.o
    carry = side * o.dividend * p.growth * ndtr(side * p.d1)
    years = np.where(p.live, np.maximum(o.years, 0.0), 1.0)
    drift = (2 * (o.rate - o.dividend) * years - p.d2 * p.deviation) / (2 * years * p.deviation)
    return np.where(p.live, carry - p.growth * p.density * drift, p.density)


def theta(terms: OptionTerms, call: npt.ArrayLike = True) -> Array:
    """Change of value per year that passes (divide by 365 for a day)."""
    p, side = _parts(terms), np.where(call, 1.0, -1.0)
    o = p.o
    root = np.where(p.live, np.sqrt(np.maximum(o.years, 0.0)), 1.0)
    decay = -o.spot * p.growth * p.density * o.vol / (2 * root)
    income = side * (o.dividend * o.spot * p.growth * ndtr(side * p.d1) - o.rate * o.strike * p.discount * ndtr(side * p.d2))
    return np.where(p.live, decay + income, p.density)
