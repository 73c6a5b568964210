"""How much to believe a Sharpe ratio: Bailey and Lopez de Prado (2012, 2014).

Sharpe ratios here are per period, not annualised; kurtosis is raw (3 for a normal).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

Array = npt.NDArray[np.float64]
_EULER = 0.5772156649015329


def per_bar_sharpe(returns: Array) -> float:
    """The first of `moments`, without the work of the others."""
    x = returns[np.isfinite(returns)]
    return math.nan if len(x) < 2 or np.ptp(x) <= 1e-12 else float(x.mean() / x.std(ddof=1))


def moments(returns: Array) -> tuple[float, float, float, int]:
    """Per-period Sharpe (sample deviation), skew, raw kurtosis and count of `returns` (T values, NaN dropped). NaN where the deviation is 0."""
    x = returns[np.isfinite(returns)]
    if len(x) < 2 or np.ptp(x) <= 1e-12:
        return math.nan, math.nan, math.nan, len(x)
    centred = x - x.mean()
    variance = float(np.mean(centred**2))
    skew = float(np.mean(centred**3)) / variance**1.5
    kurtosis = float(np.mean(centred**4)) / variance**2
    return per_bar_sharpe(x), skew, kurtosis, len(x)


def probabilistic_sharpe(sharpe: float, threshold: float, bars: int, skew: float = 0.0, kurtosis: float = 3.0) -> float:
    """Probability that the true per-period Sharpe is above `threshold`, given `bars` returns. NaN for fewer than 2 bars."""
    spread = 1 - skew * sharpe + (kurtosis - 1) / 4 * sharpe**2
    if bars < 2 or not spread > 0:
        return math.nan
    return float(ndtr((sharpe - threshold) * math.sqrt(bars - 1) / math.sqrt(spread)))


def expected_maximum(trials: float, variance: float) -> float:
    """Expected best per-period Sharpe of `trials` skill-less trials whose Sharpes have `variance`; 0 for one trial."""
    if trials <= 1:
        return 0.0
    first, second = ndtri(1 - 1 / trials), ndtri(1 - 1 / (trials * math.e))
    return float(math.sqrt(variance) * ((1 - _EULER) * first + _EULER * second))


def deflated_sharpe(sharpe: float, bars: int, *, trials: float, variance: float, skew: float = 0.0, kurtosis: float = 3.0) -> float:
    """Probability that the best of `trials` beats what luck alone gives: PSR at `expected_maximum`."""
    return probabilistic_sharpe(sharpe, expected_maximum(trials, variance), bars, skew, kurtosis)


def effective_trials(trials: int, mean_correlation: float) -> float:
    """Independent trials among correlated ones: `rho + (1 - rho) N`, rho their mean correlation (under 0 counts as 0). Source: Bailey and
    Lopez de Prado (2014), appendix 3. Between 1 and N; a NaN correlation counts as 0, which deflates most."""
    rho = min(max(mean_correlation, 0.0), 1.0) if math.isfinite(mean_correlation) else 0.0
    return rho + (1 - rho) * trials if trials > 1 else float(trials)


def mean_correlation(returns: Array) -> float:
    """Mean correlation over all pairs of columns of `returns` (T x N, finite), without the N x N matrix.

    Columns that never vary are left out; NaN for fewer than two that do.
    """
    spread = returns.std(axis=0)
    moving = returns[:, spread > 1e-15]
    n = moving.shape[1]
    if n < 2:
        return math.nan
    z = (moving - moving.mean(axis=0)) / moving.std(axis=0)
    return float((np.mean(z.sum(axis=1) ** 2) - n) / (n * (n - 1)))
