"""Funding as cash: the rates that settle while a bar's position is held.

1. What settles after the label's instant and until the next label's belongs to the label's bar: on a 24/7 clock inside the bar, its end included, for it
   is paid on the position carried into it; on an exchange's clock until the next session's date, so that nights and weekends are paid for.
2. Of a rate that was corrected the last counts.
3. A settlement that should be there and is not makes its bar missing. It should be there where two are further apart than one and a half of the interval
   that the later one stands for (`funding_interval_hours`; where that is not there, the usual distance).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from flowbt.data.panel.columns import FieldTable, latest, on_labels
from flowbt.ground.clock import Clock

HOUR_NS = 3_600_000_000_000


def settled_by_bar(rates: FieldTable, intervals: FieldTable | None, clock: Clock, index: pd.DatetimeIndex) -> np.ndarray:
    """Rates added up by bar (labels of `index`, without gaps): 0 where none is due, NaN where one is missing, and before the first and after the last."""
    settled, paid = latest(rates)
    if not len(settled):
        return np.full(len(index), np.nan)
    starts, ends = index.to_numpy("datetime64[ns]"), clock.shift(index, 1).to_numpy("datetime64[ns]")
    hours = np.full(len(settled), np.nan) if intervals is None else on_labels(settled, intervals)
    out = np.where((ends > settled[0]) & (ends <= settled[-1]), 0.0, np.nan)
    bars, inside = _bars(settled, starts, ends)
    out[np.unique(bars[inside])] = 0.0
    np.add.at(out, bars[inside], paid[inside])
    bars, inside = _bars(_absent(settled, hours), starts, ends)
    out[bars[inside]] = np.nan
    return out


def _bars(times: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each time the bar after whose start, and not after whose end, it lies; and which lie in one."""
    at = np.searchsorted(starts, times, side="left") - 1
    return at, (at >= 0) & (times <= ends[at])


def _absent(settled: np.ndarray, hours: np.ndarray) -> np.ndarray:
    """The instants at which something should have settled and did not."""
    gaps = np.diff(settled).astype(np.int64)
    usual = float(np.median(gaps)) if len(gaps) else 0.0
    due = np.where(np.isnan(hours[1:]), usual, hours[1:] * HOUR_NS)
    long = np.flatnonzero((gaps > 1.5 * due) & (due > 0))
    found = [settled[n + 1] - (np.arange(1, round(gaps[n] / due[n])) * int(due[n])).astype("timedelta64[ns]") for n in long]
    return np.concatenate(found) if found else np.empty(0, "datetime64[ns]")
