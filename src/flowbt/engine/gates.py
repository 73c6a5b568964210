"""Sizes from conviction, and gates around signals. Plain frame arithmetic, so that they also work in a sweep.

    size = conviction_size(convergence.conviction, most=0.25)
    return soft_gate(hard_block(Signals(long=breakout, short=fade, size=size), dollar >= 100, side="long"), credit_stress, side="short")

Partial exits need no wrapper: `Signals.exit` may be a frame of fractions of the position to close.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pandas as pd

from flowbt.engine.types import Signals
from flowbt.ground.errors import SignalError
from flowbt.ground.types import Json

Side = Literal["long", "short", "both"]
LINEAR = (0.2, 0.4, 0.6, 0.8, 1.0)


def conviction_size(conviction: pd.DataFrame, *, most: float, steps: tuple[float, ...] = LINEAR) -> pd.DataFrame:
    """Size as a fraction of equity from conviction 1..5 (a frame): `most` x the step of that conviction; above 5 counts as 5.

    `steps`: shares of `most`, rising or equal; start with zeros to take no trade under a conviction. Under 1 or missing: size 0, no entry.
    Raises SignalError for steps that fall or lie outside 0..1.
    """
    if list(steps) != sorted(steps) or not steps or steps[0] < 0 or steps[-1] > 1:
        raise SignalError("steps of conviction", str(steps), "give shares of `most` from 0 to 1 that do not fall, such as (0, 0, 0.5, 0.75, 1)")
    size, before = (conviction >= 1) * 0.0, 0.0
    for k, step in enumerate(steps, start=1):
        size, before = size + (conviction >= k) * (most * (step - before)), step
    return size


def hard_block(signals: Signals, block: pd.DataFrame, *, side: Side = "both", close: bool = False) -> Signals:
    """No entries of `side` where `block` (bool frame) is True; with `close`, positions are closed there too (of both sides: exits know no side)."""
    changes: Json = {name: getattr(signals, name) & ~block for name in _sides(signals, side)}
    if close:
        changes["exit"] = block if signals.exit is None else _at_least(signals.exit, block)
    return replace(signals, **changes)


def soft_gate(signals: Signals, shut: pd.DataFrame, *, side: Side = "both", scale: float = 0.0) -> Signals:
    """Where `shut` (bool frame) is True, entries of `side` keep only `scale` (0..1) of their size; 0 filters them off. Positions stay.

    With a scale above 0 the signals must name a size. Raises SignalError.
    """
    if not 0.0 <= scale <= 1.0:
        raise SignalError(f"a gate's scale of {scale:g}", "", "give 0 (off) to 1 (no effect)")
    if scale == 0.0:
        return hard_block(signals, shut, side=side)
    if signals.size is None:
        raise SignalError("a soft gate that scales", "signals without a size", "give Signals(size=...), a number or a frame")
    size = signals.size
    for name in _sides(signals, side):
        size = (shut & getattr(signals, name)) * (scale - 1.0) * size + size
    return replace(signals, size=size)


def _sides(signals: Signals, side: str) -> list[str]:
    if side not in ("long", "short", "both"):
        raise SignalError(f"side {side!r}", "", "use long, short or both")
    return [name for name in ("long", "short") if side in (name, "both") and getattr(signals, name) is not None]


def _at_least(exits: pd.DataFrame, block: pd.DataFrame) -> pd.DataFrame:
    """Exits of bool or fractions, whole where `block`."""
    is_bool = all(str(d) == "bool" for d in exits.dtypes)
    return exits | block if is_bool else exits.where(~block, 1.0)
