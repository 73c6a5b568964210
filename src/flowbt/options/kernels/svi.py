"""Gatheral's raw SVI fitted to one expiry, compiled: w(k) = a + b (rho (k - m) + sqrt((k - m)^2 + s^2)), w total variance, k = ln(strike / forward).

For given m and s the rest is linear least squares within b >= 0, |rho| <= 1 (Zeliade's quasi-explicit split); m and s are searched on a grid and then
by shrinking steps. Slopes are held under Lee's bound of 2.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from flowbt.ground.compiled import jit

Array = npt.NDArray[np.float64]
_STEPS = 40


@jit
def _edge(k: Array, w: Array, weight: Array, m: float, s: float, tilt: float) -> tuple[float, float, float, float]:
    """Least squares in a + c (tilt y + root(y^2 + 1)): the edge of the cone, |rho| = 1 or (tilt 0) none. Gives error, a, d, c."""
    n = z1 = z2 = v = vz = vv = 0.0
    for i in range(len(k)):
        y = (k[i] - m) / s
        z = tilt * y + math.sqrt(y * y + 1.0)
        q = weight[i]
        n += q
        z1 += q * z
        z2 += q * z * z
        v += q * w[i]
        vz += q * w[i] * z
        vv += q * w[i] * w[i]
    det = n * z2 - z1 * z1
    c = (n * vz - z1 * v) / det if det > 1e-14 * n * z2 else 0.0
    c = min(max(c, 0.0), (1.0 if tilt != 0.0 else 2.0) * s)
    a = (v - c * z1) / n
    if a < -c * (0.0 if tilt != 0.0 else 1.0):
        a = -c * (0.0 if tilt != 0.0 else 1.0)
    error = vv - 2 * a * v - 2 * c * vz + a * a * n + 2 * a * c * z1 + c * c * z2
    return error, a, tilt * c, c


@jit
def _linear(k: Array, w: Array, weight: Array, m: float, s: float) -> tuple[float, float, float, float]:
    """Error, a, d = rho b s, c = b s of the best curve with this m and s."""
    n = y1 = z1 = y2 = yz = z2 = v = vy = vz = 0.0
    for i in range(len(k)):
        y = (k[i] - m) / s
        z = math.sqrt(y * y + 1.0)
        q = weight[i]
        n += q
        y1 += q * y
        z1 += q * z
        y2 += q * y * y
        yz += q * y * z
        z2 += q * z * z
        v += q * w[i]
        vy += q * w[i] * y
        vz += q * w[i] * z
    cyy, cyz, czz = y2 - y1 * y1 / n, yz - y1 * z1 / n, z2 - z1 * z1 / n
    cvy, cvz = vy - v * y1 / n, vz - v * z1 / n
    det = cyy * czz - cyz * cyz
    if det > 1e-12 * cyy * czz:
        d, c = (cvy * czz - cvz * cyz) / det, (cvz * cyy - cvy * cyz) / det
        a = (v - d * y1 - c * z1) / n
        low = a + math.sqrt(max(c * c - d * d, 0.0))  # the curve's least value
        if c > 0.0 and abs(d) < c and abs(d) + c <= 2.0 * s and low > 0.0:
            error = 0.0
            for i in range(len(k)):
                y = (k[i] - m) / s
                off = a + d * y + c * math.sqrt(y * y + 1.0) - w[i]
                error += weight[i] * off * off
            return error, a, d, c
    best = _edge(k, w, weight, m, s, 0.0)
    for tilt in (-0.999, 0.999):
        other = _edge(k, w, weight, m, s, tilt)
        if other[0] < best[0]:
            best = other
    return best[0], best[1], best[2], best[3]


@jit
def fit_svi(k: Array, w: Array, weight: Array) -> tuple[float, float, float, float, float]:
    """a, b, rho, m, s of the curve nearest to total variances `w` at `k` (weights on squared differences)."""
    span = max(k.max() - k.min(), 1e-4)
    best, at_m, at_s = np.inf, 0.0, 0.1 * span
    for i in range(9):
        for j in range(7):
            m, s = k.min() + span * i / 8.0, span * 2.0 ** (-j)
            error = _linear(k, w, weight, m, s)[0]
            if error < best:
                best, at_m, at_s = error, m, s
    step_m, step_s = 0.06 * span, 0.35
    for _ in range(_STEPS):
        moved = False
        for way in range(4):
            m = at_m + (step_m if way == 0 else -step_m if way == 1 else 0.0)
            s = at_s * math.exp(step_s if way == 2 else -step_s if way == 3 else 0.0)
            if s < 1e-3 * span:
                continue
            error = _linear(k, w, weight, m, s)[0]
            if error < best:
                best, at_m, at_s, moved = error, m, s, True
        if not moved:
            step_m, step_s = 0.5 * step_m, 0.5 * step_s
            if step_s < 2e-4:
                break
    _, a, d, c = _linear(k, w, weight, at_m, at_s)
    return a, c / at_s, d / c if c > 0.0 else 0.0, at_m, at_s
