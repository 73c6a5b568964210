"""A panel that remembers what one claim asked of it: fields, stand-ins, and the labels on which all of it was there."""

from __future__ import annotations

import numpy as np
import pandas as pd

from flowbt.data.panel.caveats import caveats
from flowbt.data.panel.reader import PanelReader
from flowbt.data.panel.views import Remembering
from flowbt.ground.errors import ClaimError
from flowbt.ground.fields import FieldKey
from flowbt.ground.protocols import Key, key_words


class Watched(Remembering):
    """A view of a shared panel for one claim; see flowbt.ground.protocols.Panel. The claim's definitions share the results of flowbt's own features."""

    panel: PanelReader

    def __init__(self, panel: PanelReader) -> None:
        super().__init__(panel)
        self.used: set[tuple[str, str]] = set()
        self.stand_ins: set[str] = set()
        self.empty: list[str] = []  # fields without one value on these labels
        self.first, self.last = 0, len(panel.index)  # rows on which every field asked for has begun and not ended

    def __getitem__(self, key: str | tuple[str, str]) -> pd.DataFrame:
        keys = [key] if isinstance(key, tuple) else [(key, symbol) for symbol in self.symbols]
        self._refuse_hollow(keys)
        frame = self.panel[key]
        self._seen(keys, frame)
        return frame

    def _stood_in(self, asked: Key, used: Key) -> None:
        self.stand_ins.add(f"{key_words(used)} in place of {key_words(asked)}")

    def wide(self, field: str, prefix: str = "") -> pd.DataFrame:
        frame = self.panel.wide(field, prefix)
        self._seen([(field, f"{prefix}*")], frame)
        return frame

    def events(self, symbol: str) -> pd.DataFrame:
        self.used.add(("event", symbol))
        return self.panel.events(symbol)

    def without_value(self, row: int) -> list[str]:
        """The fields asked for that have no value on that label."""
        single = sorted((field, symbol) for field, symbol in self.used if not symbol.endswith("*") and field != "event")
        return [f"{field} of {symbol}" for field, symbol in single if self.panel[field, symbol].iloc[row].isna().all()]

    @property
    def datasets(self) -> list[str]:
        """The datasets behind what was asked."""
        held = self.panel.used
        names = set()
        for field, symbol in self.used:
            if symbol.endswith("*"):
                names |= {d.name for (f, s), d in held.items() if f == field and s.startswith(symbol[:-1])}
            elif (field, symbol) in held:
                names.add(held[field, symbol].name)
        return sorted(names)

    @property
    def caveats(self) -> list[str]:
        """What the data behind it should be read with."""
        read = {key for key in self.panel.used if any(key[0] == field and FieldKey(field, symbol).matches(key[1]) for field, symbol in self.used)}
        return caveats(self.panel, labels=self.index[self.first : self.last], keys=read)

    def _refuse_hollow(self, keys: list[tuple[str, str]]) -> None:
        """ClaimError for a field that was imported without one value: that is broken data, not missing data."""
        for field, symbol in keys:
            if not self.panel.has(field, symbol):
                for held in self.panel.catalog.imported.values():
                    if field in held.declaration.fields and not held.spans(field):
                        raise ClaimError(f"field {field!r} of {symbol}", f"dataset {held.name} has no value of it", "import data that is not all missing")

    def _seen(self, keys: list[tuple[str, str]], frame: pd.DataFrame) -> None:
        if not (fresh := [key for key in keys if key not in self.used]):
            return
        self.used |= set(fresh)
        there = np.flatnonzero(frame.notna().to_numpy().any(axis=1))
        if len(there):
            self.first, self.last = max(self.first, int(there[0])), min(self.last, int(there[-1]) + 1)
        else:
            self.empty += [f"{field} of {symbol}" for field, symbol in fresh]
