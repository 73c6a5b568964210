"""Time to settlement in years, by one of two declared rules.

"calendar": time on the clock over 365 days. "trading": sessions' hours until settlement over 252 sessions, with the part of a session that is left
counted as it is; a night or a weekend counts nothing. Both are 0 at and after settlement.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowbt.ground.clock import Clock, local_instants

Array = npt.NDArray[np.float64]
TimeRule = Literal["calendar", "trading"]
DAY = 86_400e9
SESSIONS = 252.0


def years_to(as_of: pd.Timestamp, settlement: pd.Series | pd.DatetimeIndex, rule: TimeRule = "calendar") -> Array:
    """Years from `as_of` to each settlement instant (both naive UTC)."""
    ends = pd.DatetimeIndex(settlement).as_unit("ns")
    if rule == "calendar":
        return np.asarray(np.maximum((ends - as_of) / pd.Timedelta(365, "D"), 0.0), dtype=np.float64)
    unique = ends.unique()
    days = Clock().labels(as_of.normalize() - pd.Timedelta(days=1), max(unique.max().normalize(), as_of.normalize()) + pd.Timedelta(days=1))
    opens = local_instants(days, "09:30", "America/New_York").as_unit("ns").asi8.astype(float)
    closes = Clock().closes(days).as_unit("ns").asi8.astype(float)
    lengths = closes - opens

    def sessions(instant: Array) -> Array:
        """Sessions gone by at an instant, parts of one included."""
        part = np.clip((instant[:, None] - opens) / lengths, 0.0, 1.0)
        return np.asarray(part.sum(axis=1))

    start = sessions(np.array([float(as_of.as_unit("ns").value)]))[0]
    left = np.maximum(sessions(unique.asi8.astype(float)) - start, 0.0) / SESSIONS
    return np.asarray(left[unique.get_indexer(ends)], dtype=np.float64)
