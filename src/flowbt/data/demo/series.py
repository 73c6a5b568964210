"""One return series and one event, with an effect of known size: for power and size studies over thousands of draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flowbt.data.demo.noise import ar1, student


@dataclass(frozen=True)
class PlantedSeries:
    """`returns` (log, per bar) and `event` (bool); `effect` is the drift added to each of the `hold` bars after an event."""

    returns: npt.NDArray[np.float64]
    event: npt.NDArray[np.bool_]
    effect: float
    hold: int


def planted_series(seed: int, bars: int = 2500, *, effect: float = 0.0, hold: int = 5, rate: float = 0.05, persistence: float = 0.8) -> PlantedSeries:
    """Fat-tailed returns of 1% a bar; events are the top `rate` of a stream with autocorrelation `persistence`. `effect` 0 is the null.

    Windows of neighbouring events overlap; their drifts do not add up.
    """
    rng = np.random.default_rng(seed)
    stream = ar1(rng, (bars,), persistence)
    event = stream > np.quantile(stream, 1 - rate)
    since = np.arange(bars) - np.maximum.accumulate(np.where(event, np.arange(bars), -bars))
    after = np.concatenate([[False], since[:-1] < hold])
    return PlantedSeries(0.01 * student(rng, (bars,)) + effect * after, event, effect, hold)
