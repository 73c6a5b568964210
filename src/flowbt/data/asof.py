"""The one place where tables meet in time.

For each decision time: the row with the latest event_time among the rows with `known_at < decision_time`; missing when that
row is stale. Equal event times: the one known last, so that a revision counts from when it was published.

1. Rows are ordered by known_at, then event_time.
2. A row whose event is older than an event already known is dropped: it revises the past, not the present.
3. Each decision takes the last row known strictly before it.
4. A row past its `stale_at` is missing.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.datetime64]
Rows = npt.NDArray[np.int64]


def present_rows(event: Times, known: Times) -> Rows:
    """Positions of the rows that were news when they came, in order of known_at (steps 1 and 2). Arrays of one symbol."""
    order = np.lexsort((event, known)).astype(np.int64)
    ordered = event[order].astype(np.int64)
    return order[ordered >= np.maximum.accumulate(ordered)]


def asof_rows(event: Times, known: Times, stale_at: Times, decisions: Times) -> Rows:
    """For each decision the position of its row, or -1 (steps 1 to 4). Arrays of one symbol; `decisions` need not be sorted."""
    rows = present_rows(event, known)
    if not len(rows):
        return np.full(len(decisions), -1, dtype=np.int64)
    last = np.searchsorted(known[rows], decisions, side="left") - 1
    found = rows[np.maximum(last, 0)]
    return np.where((last >= 0) & (decisions <= stale_at[found]), found, -1)
