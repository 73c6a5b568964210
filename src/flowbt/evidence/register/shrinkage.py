"""Effects of related claims drawn together: empirical Bayes with one mean and one spread per group.

Each effect is a draw about the group's mean with deviation tau, seen with its own error. tau is Paule and Mandel's (1982): the one at which the weighted
squares about the weighted mean are as many as their degrees of freedom; 0 where they are fewer already. The shrunk effect is the posterior mean.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


class Shrunk(NamedTuple):
    """`mean` and `tau` of the group; `effects`: posterior means, N."""

    mean: float
    tau: float
    effects: Array


def shrink(effects: Array, errors: Array) -> Shrunk:
    """`effects`, `errors`: N finite values, errors over 0. Fewer than two effects stay as they are. Raises ValueError for errors that are not over 0."""
    if not (np.isfinite(effects).all() and (errors > 0).all()):
        raise ValueError("shrink needs finite effects and errors over 0")
    if len(effects) < 2:
        return Shrunk(float(effects.mean()) if len(effects) else 0.0, 0.0, effects.copy())
    tau2 = _between(effects, errors**2)
    weight = 1 / (errors**2 + tau2)
    mean = float((weight * effects).sum() / weight.sum())
    trust = tau2 / (tau2 + errors**2)
    return Shrunk(mean, float(np.sqrt(tau2)), np.asarray(mean + trust * (effects - mean)))


def _between(effects: Array, variances: Array) -> float:
    """Paule and Mandel's variance between, by bisection: the squares fall as it rises."""

    def excess(tau2: float) -> float:
        weight = 1 / (variances + tau2)
        mean = (weight * effects).sum() / weight.sum()
        return float((weight * (effects - mean) ** 2).sum() - (len(effects) - 1))

    low, high = 0.0, float(np.var(effects) * len(effects) + variances.max())
    if excess(0.0) <= 0:
        return 0.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return (low + high) / 2
