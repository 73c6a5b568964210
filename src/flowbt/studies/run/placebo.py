"""Placebos: a strategy's own decisions, moved in time. The same activity, on the same symbols, with nothing left to know."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd

from flowbt.engine.types import Signals, Targets

LEAST = 63  # bars: further than the memory of most events


def placebo_of(decision: Signals | Targets, seed: int) -> Signals | Targets:
    """The decision with all its frames rotated (circularly shifted) by one seeded number of bars, the same for every frame and symbol.

    The offset is at least max(hold, 63) bars either way round, or half the span where that is too short for it. Numbers stay as they are.
    """
    return next(placebos_of(decision, 1, seed))


def placebos_of(decision: Signals | Targets, count: int, seed: int) -> Iterator[Signals | Targets]:
    """`count` rotations with different seeded offsets (with repeats only where there are fewer offsets than that)."""
    frames = {part.name: getattr(decision, part.name) for part in fields(decision) if isinstance(getattr(decision, part.name), pd.DataFrame)}
    bars = len(next(iter(frames.values())))
    least = min(max(_longest_hold(decision), LEAST), bars // 2)
    offsets = np.arange(least, bars - least + 1)
    random = np.random.default_rng(seed)
    for offset in random.choice(offsets, size=count, replace=count > len(offsets)):
        moved: dict[str, Any] = {name: rotate(frame, int(offset)) for name, frame in frames.items()}
        yield replace(decision, **moved)


def rotate(frame: pd.DataFrame, offset: int) -> pd.DataFrame:
    """`frame` with its rows moved down by `offset`, those that fall off coming back at the top; labels, columns and dtypes stay."""
    moved = {name: np.roll(frame[name].to_numpy(), offset) for name in frame}
    return pd.DataFrame(moved, index=frame.index, columns=frame.columns)


def _longest_hold(decision: Signals | Targets) -> int:
    hold = getattr(decision, "hold", None)
    if hold is None:
        return 0
    longest = float(np.nanmax(np.append(np.asarray(hold, dtype=float), 0.0)))
    return int(longest) if np.isfinite(longest) else 0
