"""The volatility at which Black's formula gives a price, compiled: in logarithms, so that the far tails keep their digits.

With x = -|ln(F/K)| and s = volatility x sqrt(years), the option that is out of the money is worth b(s) = e^(x/2) N(x/s + s/2) - e^(-x/2) N(x/s - s/2),
in units of discount x sqrt(F K). b turns from convex to concave at s = sqrt(2|x|). Under that price the root is sought in 1 / ln b, which is nearly
a parabola of s, above it in ln(e^(x/2) - b), which keeps its slope where b saturates; both by Halley's method inside a bracket (the objectives
are Jaeckel's, "Let's be rational", 2015; his four-piece starting guess is not needed here). `flowbt.options.implied.volatility_twin` is the
same root by bisection.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from flowbt.ground.compiled import jit

Array = npt.NDArray[np.float64]
_ROOT_HALF = math.sqrt(0.5)
_LOG_ROOT_2PI = 0.5 * math.log(2.0 * math.pi)
_FAR = 5.0  # beyond it erfc is taken from its continued fraction, scaled, so that nothing underflows
_MOST = 64


@jit
def scaled_tail(z: float) -> float:
    """exp(z^2) erfc(z) for z of at least 5, by its continued fraction."""
    tail = z
    for n in range(24, 0, -1):
        tail = z + 0.5 * n / tail
    return 0.5641895835477563 / tail


@jit
def log_price(x: float, s: float) -> float:
    """ln b(s) for x <= 0 and s > 0."""
    h, t = x / s, 0.5 * s
    a, c = -(h + t) * _ROOT_HALF, (t - h) * _ROOT_HALF
    if a < _FAR:
        b = 0.5 * (math.exp(0.5 * x) * math.erfc(a) - math.exp(-0.5 * x) * math.erfc(c))
        return math.log(b) if b > 0.0 else -np.inf
    gap = 0.5 * (scaled_tail(a) - scaled_tail(c))
    if gap <= 0.0:
        return -np.inf
    return math.log(gap) - 0.5 * (h * h + t * t)


@jit
def log_room(x: float, s: float) -> float:
    """ln(e^(x/2) - b(s)): how far the price is from the most it can be."""
    h, t = x / s, 0.5 * s
    return math.log(0.5 * (math.exp(0.5 * x) * math.erfc((h + t) * _ROOT_HALF) + math.exp(-0.5 * x) * math.erfc((t - h) * _ROOT_HALF)))


@jit
def deviation_of(x: float, beta: float) -> float:
    """s with b(s) = beta, for x <= 0 and 0 < beta < e^(x/2)."""
    most = math.exp(0.5 * x)
    turn = math.sqrt(-2.0 * x)
    low = x < 0.0 and math.log(beta) < log_price(x, turn)
    target = math.log(beta) if low else math.log(most - beta)
    if low:
        left, right = 0.0, turn
        s = turn
        for _ in range(3):  # ln b = -(x/s)^2 / 2 + ln(s^3 / x^2) - .. : the leading terms solved for s
            depth = -target + 3.0 * math.log(s) - 2.0 * math.log(-x) - _LOG_ROOT_2PI
            s = min(turn, -x / math.sqrt(2.0 * max(depth, 0.25)))
        s = max(s, 1e-3 * turn)
    else:
        left, right = turn, 1e3
        s = turn + beta * math.exp(_LOG_ROOT_2PI) * (1.0 if x == 0.0 else 0.5)
    for _ in range(_MOST):
        h = x / s
        bend = h * h / s - 0.25 * s  # b'' / b'
        slope = math.exp(-0.5 * (h * h + 0.25 * s * s) - _LOG_ROOT_2PI)
        if low:
            now = log_price(x, s)
            if now == -np.inf:
                left, s = s, 0.5 * (s + right)
                continue
            over = now > target
            rise = math.exp(-0.5 * (h * h + 0.25 * s * s) - _LOG_ROOT_2PI - now)
            value = (1.0 / now - 1.0 / target) * now * now / -rise  # objective over its slope
            curve = bend - rise - 2.0 * rise / now
        else:
            now = log_room(x, s)
            over = now < target
            fall = slope / math.exp(now)
            value = (now - target) / -fall
            curve = bend + fall
        if over:
            right = s
        else:
            left = s
        step = value / max(1.0 - 0.5 * value * curve, 0.25)
        new = s - step
        if left < new < right:
            if abs(step) <= 1e-6 * s:  # Halley triples the digits: the next step is under rounding
                return float(new)
        elif right - left <= 4e-16 * right:
            return s
        else:
            new = 0.5 * (left + right) if right < 1e3 else 2.0 * s
        s = new
    return s


@jit
def volatilities(price: Array, forward: Array, strike: Array, years: Array, discount: Array, call: npt.NDArray[np.bool_]) -> Array:
    """Volatility of each price; NaN where none gives it (see `flowbt.options.implied.implied_volatility`)."""
    out = np.full(len(price), np.nan)
    for i in range(len(price)):
        f, k, t, d = forward[i], strike[i], years[i], discount[i]
        if not (f > 0.0 and k > 0.0 and t > 0.0 and d > 0.0 and f < np.inf and k < np.inf):
            continue
        value = price[i] / d
        if call[i]:
            value -= max(f - k, 0.0)
        else:
            value -= max(k - f, 0.0)
        unit = math.sqrt(f) * math.sqrt(k)
        x = -abs(math.log(f / k))
        beta = value / unit
        if beta > 0.0 and beta < math.exp(0.5 * x):
            out[i] = deviation_of(x, beta) / math.sqrt(t)
    return out
