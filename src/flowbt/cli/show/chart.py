"""A small line chart for the terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

BLOCKS = " ▁▂▃▄▅▆▇█"


def chart(values: Sequence[float], width: int = 72, height: int = 6) -> list[str]:
    """Lines of a column chart: `values` averaged into `width` columns, lowest value at the bottom. Missing columns stay empty."""
    columns = _columns(values, width)
    known = [value for value in columns if not math.isnan(value)]
    if not known:
        return ["(nothing known)"]
    low, high = min(known), max(known)
    step = (high - low) / (height * 8 - 1) or 1.0
    levels = [0 if math.isnan(value) else 1 + round((value - low) / step) for value in columns]
    rows = ["".join(BLOCKS[max(0, min(8, level - 8 * row))] for level in levels) for row in reversed(range(height))]
    marks = [f"{high:.4g}", *[""] * (height - 2), f"{low:.4g}"]
    margin = max(map(len, marks))
    return [f"{mark:>{margin}} {row}" for mark, row in zip(marks, rows, strict=True)]


def _columns(values: Sequence[float], width: int) -> list[float]:
    """Means of `width` equal stretches, NaN where nothing is known."""
    count = min(width, len(values))
    edges = [round(k * len(values) / count) for k in range(count + 1)] if count else [0]
    out = []
    for start, stop in pairwise(edges):
        known = [v for v in values[start:stop] if not math.isnan(v)]
        out.append(sum(known) / len(known) if known else math.nan)
    return out
