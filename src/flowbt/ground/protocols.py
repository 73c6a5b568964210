"""What a feature may ask of a panel. The data room implements it; the ground only names it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import pandas as pd

from flowbt.ground.clock import Clock

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

    def __getitem__(self, key: str | tuple[str, str]) -> pd.DataFrame: ...

    def has(self, field: str, symbol: str | None = None) -> bool: ...

    def either(self, field: str | tuple[str, str], *stand_ins: str | tuple[str, str]) -> pd.DataFrame: ...

    def wide(self, field: str, prefix: str = "") -> pd.DataFrame: ...

    def spread(self, series: pd.Series) -> pd.DataFrame: ...

    def events(self, symbol: str) -> pd.DataFrame: ...

    def note(self, name: str, parameters: Mapping[str, Any], result: Any) -> None: ...
