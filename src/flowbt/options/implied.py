"""Implied volatility of European and American options, vectorised.

Units: price, forward and strike in one currency; years and volatility as fractions; `discount` is the price today of 1 at expiry.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from flowbt.options.kernels.american import american_volatilities
from flowbt.options.kernels.black import Array, volatilities


def implied_volatility(price: ArrayLike, forward: ArrayLike, strike: ArrayLike, years: ArrayLike, discount: ArrayLike = 1.0, call: ArrayLike = True) -> Array:
    """Black's volatility of each price; arguments broadcast, the result has their shape.

    NaN where the price is at or under intrinsic (any volatility small enough gives it), at or over its bound (the discounted forward for a
    call, strike for a put), where time is up, or where an input is missing. Good to 1e-10 wherever the price determines the volatility:
    a price in the money carries its time value in the digits intrinsic leaves, so solve the out-of-the-money side where there is one.
    """
    given = np.broadcast_arrays(price, forward, strike, years, discount, call)
    p, f, k, t, d = (np.array(one, dtype=np.float64).ravel() for one in given[:5])
    found: Array = volatilities(p, f, k, t, d, np.array(given[5], dtype=np.bool_).ravel())
    return found.reshape(given[0].shape)


def black_price(forward: ArrayLike, strike: ArrayLike, years: ArrayLike, vol: ArrayLike, discount: ArrayLike = 1.0, call: ArrayLike = True) -> Array:
    """Black's price of a European option on a forward; arguments broadcast. At expiry the discounted intrinsic value."""
    f, k = np.asarray(forward, dtype=float), np.asarray(strike, dtype=float)
    side = np.where(call, 1.0, -1.0)
    deviation = np.asarray(vol, dtype=float) * np.sqrt(np.maximum(years, 0.0))
    safe = np.where(deviation > 0, deviation, 1e-300)
    d1 = np.clip(np.log(f / k) / safe, -1e150, 1e150) + deviation / 2
    return np.asarray(discount * side * (f * ndtr(side * d1) - k * ndtr(side * (d1 - deviation))), dtype=np.float64)


def volatility_twin(price: float, forward: float, strike: float, years: float, discount: float = 1.0, call: bool = True) -> float:
    """The same as `implied_volatility` for one price, by bisection of `black_price`."""
    low, high = 1e-9, 50.0
    intrinsic = discount * max(forward - strike if call else strike - forward, 0.0)
    if not (years > 0 and intrinsic < price < discount * (forward if call else strike)):
        return float("nan")
    for _ in range(200):
        middle = (low + high) / 2
        if float(black_price(forward, strike, years, middle, discount, call)) < price:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def implied_american(
    price: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    spot: ArrayLike,
    discount: ArrayLike = 1.0,
    call: ArrayLike = True,
) -> Array:
    """Volatility at which an American option is worth `price`, early exercise included; see `implied_volatility` for what is missing.

    Rate and yield follow from discount, forward and spot. Also NaN where the price is that of exercise at once.
    """
    given = np.broadcast_arrays(price, forward, strike, years, spot, discount, call)
    p, f, k, t, s, d = (np.array(one, dtype=np.float64).ravel() for one in given[:6])
    kind = np.array(given[6], dtype=np.bool_).ravel()
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(t > 0, -np.log(d) / t, np.nan)
        dividend = np.where(t > 0, rate - np.log(f / s) / t, np.nan)
    return np.asarray(american_volatilities(p, s, k, t, rate, dividend, kind), dtype=np.float64).reshape(given[0].shape)
