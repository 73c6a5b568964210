"""`TinyPanel`: a panel made of a few frames or series, for tests of features. It holds what it is given; it aligns nothing in time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from flowbt.ground.clock import Clock
from flowbt.ground.errors import FieldError

Key = str | tuple[str, str]


class TinyPanel:
    """`TinyPanel({"close": frame, ("gex", "SPX"): series}, events={"CPI": table})`.

    A frame under a field name gives one series per column. `symbols` defaults to the columns of the
    frame "close", or else to all.
    """

    def __init__(
        self,
        data: Mapping[Key, pd.DataFrame | pd.Series],
        *,
        symbols: tuple[str, ...] | None = None,
        clock: Clock | None = None,
        events: Mapping[str, pd.DataFrame] | None = None,
    ) -> None:
        self.data: dict[tuple[str, str], pd.Series] = {}
        for key, value in data.items():
            if isinstance(key, tuple):
                self.data[key] = value.astype(float)
            else:
                self.data.update({(key, str(c)): value[c].astype(float) for c in value.columns})
        self.index: pd.DatetimeIndex = next(iter(self.data.values())).index
        self.symbols = symbols or tuple(map(str, data["close"])) if "close" in data else symbols or tuple(dict.fromkeys(s for _, s in self.data))
        self.clock = clock or Clock()
        self._events = dict(events or {})
        self.stand_ins: list[Key] = []
        self.notes: list[tuple[str, dict[str, Any], Any]] = []

    def __getitem__(self, key: Key) -> pd.DataFrame:
        if isinstance(key, tuple):
            if key not in self.data:
                raise FieldError(f"field {key}", "not in this panel")
            return self.spread(self.data[key])
        if not any((key, s) in self.data for s in self.symbols):
            raise FieldError(f"field {key}", "not in this panel")
        missing = pd.Series(float("nan"), self.index)
        return pd.DataFrame({s: self.data.get((key, s), missing) for s in self.symbols}, index=self.index)

    def has(self, field: str, symbol: str | None = None) -> bool:
        return (field, symbol) in self.data if symbol else all((field, s) in self.data for s in self.symbols)

    def either(self, field: Key, *stand_ins: Key) -> pd.DataFrame:
        for n, key in enumerate((field, *stand_ins)):
            if self.has(*key) if isinstance(key, tuple) else self.has(key):
                if n:
                    self.stand_ins.append(key)
                return self[key]
        raise FieldError(f"field {field}", "neither it nor a stand-in is in this panel")

    def wide(self, field: str, prefix: str = "") -> pd.DataFrame:
        return pd.DataFrame({s: v for (f, s), v in self.data.items() if f == field and s.startswith(prefix)}, index=self.index)

    def spread(self, series: pd.Series) -> pd.DataFrame:
        return pd.DataFrame(dict.fromkeys(self.symbols, series), index=self.index)

    def events(self, symbol: str) -> pd.DataFrame:
        if symbol not in self._events:
            raise FieldError(f"event {symbol}", "not in this panel")
        return self._events[symbol]

    def note(self, name: str, parameters: Mapping[str, Any], result: Any) -> None:
        self.notes.append((name, dict(parameters), result))
