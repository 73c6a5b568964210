"""The inner loop of a gamma profile, compiled. `flowbt.features.chain.totals_twin` is the same sum in plain numpy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from flowbt.ground.compiled import jit

Array = npt.NDArray[np.float64]
FAR = 40.0  # exp(-40) = 4e-18: farther options add nothing that a float64 sum can hold


@jit
def density_sums(logs: Array, slope: Array, shift: Array, weight: Array) -> Array:
    """For each of `logs`, the sum over options of weight x exp(-d^2 / 2), d = log x slope + shift."""
    out = np.zeros(len(logs))
    for n in range(len(logs)):
        total = 0.0
        for i in range(len(slope)):
            d = logs[n] * slope[i] + shift[i]
            half = 0.5 * d * d
            if half < FAR:
                total += weight[i] * np.exp(-half)
        out[n] = total
    return out
