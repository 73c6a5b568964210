"""Black-Scholes-Merton for one option, compiled: `flowbt.options.blackscholes` and `flowbt.options.implied.black_price` are the same on arrays."""

from __future__ import annotations

import math

from flowbt.ground.compiled import jit


@jit
def normal(z: float) -> float:
    """The standard normal distribution."""
    return 0.5 * math.erfc(-z * math.sqrt(0.5))


@jit
def european(spot: float, strike: float, years: float, vol: float, carry: tuple[float, float], call: bool) -> tuple[float, float]:
    """Price and delta; `carry`: rate and dividend yield. Discounted intrinsic value where time or volatility is up; a missing input gives NaN."""
    rate, dividend = carry
    left = max(years, 0.0)
    deviation = vol * math.sqrt(left)
    safe = 1e-300 if deviation <= 0.0 else deviation
    away = (math.log(spot / strike) + (rate - dividend) * left) / safe
    d1 = min(max(away, -1e150), 1e150) + 0.5 * deviation
    side = 1.0 if call else -1.0
    delta = side * math.exp(-dividend * left) * normal(side * d1)
    return spot * delta - side * strike * math.exp(-rate * left) * normal(side * (d1 - deviation)), delta
