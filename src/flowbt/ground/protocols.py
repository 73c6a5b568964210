"""What a feature may ask of a panel. The data room implements it; the ground names it, and has the one rule of choosing among stand-ins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import pandas as pd

from flowbt.ground.clock import Clock
from flowbt.ground.types import Parameters

Key = str | tuple[str, str]  # a field of the panel's symbols, or of one symbol
Step = Callable[[str, int, int], None]
"""Told after each part of a long act: what was done, how many are, of how many."""


class Panel(Protocol):
    """What was known at each decision time. Frames are labels x symbols, float64, NaN where missing."""

    @property
    def index(self) -> pd.DatetimeIndex: ...

    @property
    def symbols(self) -> tuple[str, ...]: ...

    @property
    def clock(self) -> Clock: ...

    def __getitem__(self, key: Key) -> pd.DataFrame: ...

    def has(self, field: str, symbol: str | None = None) -> bool: ...

    def either(self, field: Key, *stand_ins: Key) -> pd.DataFrame: ...

    def wide(self, field: str, prefix: str = "") -> pd.DataFrame: ...

    def spread(self, series: pd.Series) -> pd.DataFrame: ...

    def events(self, symbol: str) -> pd.DataFrame: ...

    def note(self, name: str, parameters: Parameters, result: object) -> None: ...


def first_held(panel: Panel, *choices: Key) -> Key | None:
    """The first of the fields that the panel has; None where it has none."""
    return next((one for one in choices if (panel.has(*one) if isinstance(one, tuple) else panel.has(one))), None)


def key_words(choice: Key) -> str:
    """`field`, or `field of SYMBOL`."""
    return choice if isinstance(choice, str) else f"{choice[0]} of {choice[1]}"
