"""American options on a Leisen-Reimer tree, compiled. With no reason to exercise early (a call without yield, a put without interest) the closed form.

QuantLib's finite differences are the oracle of the tests; 101 steps are within 3e-4 of spot of them.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from flowbt.ground.compiled import jit
from flowbt.options.kernels.european import european

Array = npt.NDArray[np.float64]
STEPS = 101
_MOST, _FINE = 40, 1e-8


@jit
def _chance(z: float, steps: int) -> float:
    """Peizer and Pratt's inversion: the probability of an up move whose binomial has N(z) in the upper half."""
    q = z / (steps + 1.0 / 3.0 + 0.1 / (steps + 1.0))
    root = math.sqrt(max(0.25 - 0.25 * math.exp(-q * q * (steps + 1.0 / 6.0)), 0.0))
    return 0.5 + root if z > 0 else 0.5 - root


@jit
def american(spot: float, strike: float, years: float, vol: float, rate: float, dividend: float, call: bool) -> tuple[float, float]:
    """Price and delta of one option; vol and years positive."""
    if (call and dividend <= 0.0) or (not call and rate <= 0.0):
        value, delta = european(spot, strike, years, vol, (rate, dividend), call)
        return value, delta
    side, dev, step = 1.0 if call else -1.0, vol * math.sqrt(years), years / STEPS
    d1 = (math.log(spot / strike) + (rate - dividend) * years) / dev + 0.5 * dev
    up_chance, other = _chance(d1 - dev, STEPS), _chance(d1, STEPS)
    if not (1e-12 < up_chance < 1.0 - 1e-12):  # too far for a tree: worth intrinsic or nothing
        value, delta = european(spot, strike, years, vol, (rate, dividend), call)
        now = side * (spot - strike)
        return (now, side) if now > value else (value, delta)
    growth, discount = math.exp((rate - dividend) * step), math.exp(-rate * step)
    up = growth * other / up_chance
    down = (growth - up_chance * up) / (1.0 - up_chance)
    prices, values = np.empty(STEPS + 1), np.empty(STEPS + 1)
    price, ratio, back = spot * down**STEPS, up / down, 1.0 / down
    for i in range(STEPS + 1):
        prices[i] = price
        values[i] = max(side * (price - strike), 0.0)
        price *= ratio
    delta, rises, falls = 0.0, discount * up_chance, discount * (1.0 - up_chance)
    for n in range(STEPS - 1, -1, -1):
        if n == 0:
            delta = (values[1] - values[0]) / (prices[1] - prices[0])
        for i in range(n + 1):
            prices[i] *= back
            values[i] = max(rises * values[i + 1] + falls * values[i], side * (prices[i] - strike))
    return values[0], delta


@jit
def american_values(spot: Array, strike: Array, years: Array, vol: Array, rate: Array, dividend: Array, call: npt.NDArray[np.bool_]) -> tuple[Array, Array]:
    """Prices and deltas, arrays of one length; intrinsic where time or volatility is up, NaN where an input is."""
    price, delta = np.full(len(spot), np.nan), np.full(len(spot), np.nan)
    for i in range(len(spot)):
        side = 1.0 if call[i] else -1.0
        if years[i] > 0.0 and vol[i] > 0.0 and spot[i] > 0.0 and strike[i] > 0.0:
            price[i], delta[i] = american(spot[i], strike[i], years[i], vol[i], rate[i], dividend[i], call[i])
        elif years[i] <= 0.0 or vol[i] == 0.0:
            price[i] = max(side * (spot[i] - strike[i]), 0.0)
            delta[i] = side if price[i] > 0.0 else 0.0
    return price, delta


@jit
def american_volatilities(price: Array, spot: Array, strike: Array, years: Array, rate: Array, dividend: Array, call: npt.NDArray[np.bool_]) -> Array:
    """Volatility of each price, by the secant inside a bracket, to 1e-8; NaN where none gives it."""
    out = np.full(len(price), np.nan)
    for i in range(len(price)):
        side, low, high = 1.0 if call[i] else -1.0, 1e-3, 10.0
        if not (price[i] > max(side * (spot[i] - strike[i]), 0.0) and years[i] > 0.0 and spot[i] > 0.0 and strike[i] > 0.0):
            continue
        if not (np.isfinite(rate[i]) and np.isfinite(dividend[i]) and price[i] < (spot[i] if call[i] else strike[i])):
            continue
        last, now = 0.3, math.sqrt(2.0 * math.pi / years[i]) * price[i] / spot[i]
        now = min(max(now, 0.05), 2.0)
        gap = american(spot[i], strike[i], years[i], last, rate[i], dividend[i], call[i])[0] - price[i]
        for _ in range(_MOST):
            here = american(spot[i], strike[i], years[i], now, rate[i], dividend[i], call[i])[0] - price[i]
            if here > 0.0:
                high = min(high, now)
            else:
                low = max(low, now)
            new = now - here * (now - last) / (here - gap) if here != gap else low
            if not low < new < high:
                new = 0.5 * (low + high)
            last, gap, now = now, here, new
            if abs(now - last) < _FINE:
                break
        if 2e-3 < now < 9.99:
            out[i] = now
    return out
