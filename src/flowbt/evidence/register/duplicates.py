"""Claims that are one effect: the same event, told to work the same way, in several outcomes or names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

ALIKE = 0.8  # correlation of two events over which they are one


class Told(NamedTuple):
    """A claim's event: `labels` on which it holds and `span`, its first and last label judged (integers of one clock); `rows` judged; `side`: +1 good for a
    holder, -1 bad, 0 no edge."""

    id: str
    labels: npt.NDArray[np.int64]
    span: tuple[int, int]
    rows: int
    side: int


def clusters(told: Sequence[Told]) -> dict[str, str]:
    """Id -> id of the first claim of its cluster (its own where it stands alone). Members are like the first, so that no chain joins what is unlike."""
    leads: list[Told] = []
    out = {}
    for one in told:
        lead = next((lead for lead in leads if lead.side == one.side and alike(lead, one) >= ALIKE), one)
        if lead is one:
            leads.append(one)
        out[one.id] = lead.id
    return out


def alike(first: Told, second: Told) -> float:
    """Correlation (phi) of two events over the span they share; 0 where they share none, or either always or never holds."""
    begin, end = max(first.span[0], second.span[0]), min(first.span[1], second.span[1])
    length = first.span[1] - first.span[0]
    if end <= begin or length <= 0:
        return 0.0
    rows = first.rows * (end - begin) / length
    a, b = (x[(x >= begin) & (x <= end)] for x in (first.labels, second.labels))
    both = len(np.intersect1d(a, b, assume_unique=True))
    spread = len(a) * len(b) * max(rows - len(a), 0.0) * max(rows - len(b), 0.0)
    return float((rows * both - len(a) * len(b)) / np.sqrt(spread)) if spread > 0 else 0.0
