"""`DeferredPanel`: records what is read from a panel; a question about what there is (`has`, `index`, `symbols`) is answered at once."""

from __future__ import annotations

import operator
from typing import Any

import pandas as pd

from flowbt.deferred.graph import NeedsValue, method
from flowbt.deferred.record import Deferred, Recorder, apply
from flowbt.ground.clock import Clock
from flowbt.ground.protocols import Panel
from flowbt.ground.types import Function, Parameters


class QuietPanel:
    """The real panel without its notebook: a sweep's feature results are not kept for a tearsheet."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel

    def __getattr__(self, name: str) -> Any:
        return getattr(self._panel, name)

    def __getitem__(self, key: str | tuple[str, str]) -> pd.DataFrame:
        return self._panel[key]

    def note(self, name: str, parameters: Parameters, result: object) -> None: ...


class DeferredPanel:
    """Stands for `panel` while a strategy is traced. `panel` itself is a constant of the graph."""

    def __init__(self, recorder: Recorder, panel: QuietPanel) -> None:
        self._recorder, self._panel = recorder, panel

    @property
    def index(self) -> pd.DatetimeIndex:
        index: pd.DatetimeIndex = self._panel.index
        return index

    @property
    def symbols(self) -> tuple[str, ...]:
        return tuple(self._panel.symbols)

    @property
    def clock(self) -> Clock:
        clock: Clock = self._panel.clock
        return clock

    def __getitem__(self, key: object) -> Deferred:
        return self._recorder.record(operator.getitem, self._panel, key)

    def has(self, field: str, symbol: str | None = None) -> bool:
        for asked in (field, symbol):
            if isinstance(asked, Deferred):
                raise NeedsValue(frozenset(asked._node.parameters), "panel.has()")
        return bool(self._panel.has(field, symbol))

    def either(self, *choices: object) -> Deferred:
        return self._call("either", *choices)

    def wide(self, field: str, prefix: str = "") -> Deferred:
        return self._call("wide", field, prefix)

    def spread(self, series: object) -> Deferred:
        return self._call("spread", series)

    def events(self, symbol: str) -> Deferred:
        return self._call("events", symbol)

    def _call(self, name: str, *args: object) -> Deferred:
        return self._recorder.record(method, self._panel, name, args, {})

    def __defer__(self, feature: Function, kwargs: Parameters) -> Deferred:
        """Called by `@feature`: the whole feature is one node, evaluated once per distinct set of its arguments."""
        given = {name: value for name, value in sorted(kwargs.items()) if value is not self}
        return self._recorder.record(apply, feature, (self._panel,), given)
