"""Views of a panel: the same protocol, told from less, or told otherwise.

`PanelView` answers by the panel under it, and has the one `either`. `fenced` is what a user's function is given. `Shown` ends the panel after some label, or
lets it go on differently from there: what the look-ahead probe compares a decision with.
"""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from cachetools import LRUCache

from flowbt.ground.clock import Clock
from flowbt.ground.errors import FenceError
from flowbt.ground.guard import resting
from flowbt.ground.protocols import Key, Panel, first_held
from flowbt.ground.types import Function, Parameters

MOST_BYTES = 512_000_000  # of features' results that are kept


class PanelView:
    """A panel over another one; see flowbt.ground.protocols.Panel. Notes are not kept."""

    def __init__(self, panel: Panel) -> None:
        self.panel = panel

    @property
    def index(self) -> pd.DatetimeIndex:
        return self.panel.index

    @property
    def symbols(self) -> tuple[str, ...]:
        return self.panel.symbols

    @property
    def clock(self) -> Clock:
        return self.panel.clock

    def __getitem__(self, key: Key) -> pd.DataFrame:
        return self.panel[key]

    def has(self, field: str, symbol: str | None = None) -> bool:
        return self.panel.has(field, symbol)

    def either(self, field: Key, *stand_ins: Key) -> pd.DataFrame:
        found = self._chosen(field, *stand_ins)
        if found is None:
            return self.panel.either(field, *stand_ins)  # the panel under it says what is missing
        if found != field:
            self._stood_in(field, found)
        return self[found]

    def _chosen(self, *choices: Key) -> Key | None:
        """Which of the fields is taken; None where none is there."""
        return first_held(self, *choices)

    def _stood_in(self, asked: Key, used: Key) -> None:
        """Told where a stand-in was used."""

    def wide(self, field: str, prefix: str = "") -> pd.DataFrame:
        return self.panel.wide(field, prefix)

    def spread(self, series: pd.Series) -> pd.DataFrame:
        values = np.repeat(series.to_numpy()[:, None], len(self.symbols), axis=1)
        return pd.DataFrame(values, index=self.index, columns=list(self.symbols))

    def events(self, symbol: str) -> pd.DataFrame:
        return self.panel.events(symbol)

    def note(self, name: str, parameters: Parameters, result: object) -> None: ...


class Recalled:
    """Results of flowbt's own features on the whole of a panel, each computed once: for what decides on it again, and for probes.

    Those used least recently go first where they take more than 512 MB together.
    """

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        self._known: LRUCache[object, object] = LRUCache(MOST_BYTES, _bytes)

    def on(self, panel: Panel) -> Recalled:
        """The same results, and `panel` for those that are not known yet."""
        other = Recalled(panel)
        other._known = self._known
        return other

    def __call__(self, feature: Function, parameters: Parameters) -> Any:
        """The frames themselves, not to be written to; None where the arguments are not plain, or the result is not frames of all labels."""
        key = (feature, tuple(sorted((name, type(value), value) for name, value in parameters.items() if _plain(value))))
        if len(key[1]) < len(parameters):
            return None
        found = self._known.get(key)
        if found is None:
            found = inspect.unwrap(feature)(self.panel, **parameters)  # not by the door of features, which would look it up here
            if _bytes(found) <= MOST_BYTES:
                self._known[key] = found
        return found if all(isinstance(part, pd.DataFrame) and len(part) == len(self.panel.index) for part in _frames(found)) else None


def _frames(found: object) -> tuple[object, ...]:
    return found if isinstance(found, tuple) else (found,)


def _bytes(found: object) -> int:
    return sum(part.to_numpy().nbytes for part in _frames(found) if isinstance(part, pd.DataFrame))


class Remembering(PanelView):
    """A panel that keeps the results of flowbt's own features, and gives copies of them where they are asked for again; see `Recalled`."""

    def __init__(self, panel: Panel, features: Recalled | None = None) -> None:
        super().__init__(panel)
        self.features = Recalled(self) if features is None else features.on(self)

    def __recall__(self, feature: Function, parameters: Parameters) -> object:
        found = self.features(feature, parameters)
        return type(found)(*(part.copy() for part in found)) if isinstance(found, tuple) else None if found is None else found.copy()


class Decided(Remembering):
    """A panel as a run decides on it: what it is asked is told to the panel under it, and features are kept for the probe."""

    def either(self, field: Key, *stand_ins: Key) -> pd.DataFrame:
        return self.panel.either(field, *stand_ins)

    def note(self, name: str, parameters: Parameters, result: object) -> None:
        self.panel.note(name, parameters, result)


class Range(NamedTuple):
    """The least and the largest value of each column, and zero; what is missing apart."""

    low: np.ndarray
    high: np.ndarray


class Quiet(Remembering):
    """A panel without its notebook, that reads each field once: what it is asked leaves no trace in a run's record. `features`: results known already."""

    def __init__(self, panel: Panel, features: Recalled | None = None) -> None:
        super().__init__(panel, features)
        self._read: dict[object, pd.DataFrame] = {}
        self._ranges: dict[int, tuple[weakref.ref[pd.DataFrame], Range]] = {}

    def __getitem__(self, key: Key) -> pd.DataFrame:
        return self.shared(key).copy()

    def wide(self, field: str, prefix: str = "") -> pd.DataFrame:
        return self.shared_wide(field, prefix).copy()

    def shared(self, key: Key) -> pd.DataFrame:
        """The field's frame itself, for who does not write to it."""
        if key not in self._read:
            self._read[key] = self.panel[key]
        return self._read[key]

    def shared_wide(self, field: str, prefix: str = "") -> pd.DataFrame:
        """The same of every symbol that has the field."""
        key = (field, prefix, "wide")
        if key not in self._read:
            self._read[key] = self.panel.wide(field, prefix)
        return self._read[key]

    def range(self, frame: pd.DataFrame) -> Range:
        """Of a frame that is kept here, worked out once."""
        known = self._ranges.get(id(frame))
        if known is None or known[0]() is not frame:
            values = frame.to_numpy() if frame.to_numpy().dtype.kind == "f" else np.zeros((0, frame.shape[1]))
            found = Range(np.fmin.reduce(values, axis=0, initial=0.0), np.fmax.reduce(values, axis=0, initial=0.0))
            known = self._ranges[id(frame)] = (weakref.ref(frame), found)
        return known[1]


def _plain(value: object) -> bool:
    return isinstance(value, (int, float, str, bool, type(None))) or (isinstance(value, tuple) and all(map(_plain, value)))


def known_events(table: pd.DataFrame, moment: pd.Timestamp) -> pd.DataFrame:
    """The rows of an event table announced before `moment`; the value of an event that had not happened then is missing."""
    rows = table[table["known_at"] < moment].reset_index(drop=True)
    rows["value"] = rows["value"].where(rows["event_time"] < moment)
    return rows


Recall = Callable[[Function, Parameters], Any]
Change = Callable[[np.ndarray, int, Range], np.ndarray]


class Shown(PanelView):
    """The first `rows` labels of a panel. With `change`, what it gives for the labels from `kept` on is made up: `change(values, kept, range)` of labels x
    columns, with the range of the whole field.

    `recall`: gives the whole panel's result of one of flowbt's own features, or None; it is shown and changed like a field, so that a probe costs what
    the strategy costs, not what its features cost.
    """

    panel: Quiet

    def __init__(self, panel: Quiet, rows: int, kept: int | None = None, change: Change | None = None, recall: Recall | None = None) -> None:
        super().__init__(panel)
        self.rows, self.kept, self.change, self.recall = rows, rows if kept is None else kept, change, recall
        self._index = pd.DatetimeIndex(panel.index[:rows].to_numpy().copy())

    @property
    def index(self) -> pd.DatetimeIndex:
        return self._index

    def __getitem__(self, key: Key) -> pd.DataFrame:
        return self._shown(self.panel.shared(key))

    def wide(self, field: str, prefix: str = "") -> pd.DataFrame:
        return self._shown(self.panel.shared_wide(field, prefix))

    def events(self, symbol: str) -> pd.DataFrame:
        moment = self.clock.decisions(self.index[self.kept - 1 : self.kept])[0]
        return known_events(self.panel.events(symbol), moment)

    def __recall__(self, feature: Callable[..., object], parameters: Parameters) -> object:
        found = None if self.recall is None else self.recall(feature, parameters)
        if isinstance(found, tuple):
            return type(found)(*(self._shown(part) for part in found))
        return None if found is None else self._shown(found)

    def _shown(self, frame: pd.DataFrame) -> pd.DataFrame:
        values = frame.to_numpy()[: self.rows].copy(order="F")  # a column lies together, as in the panel's own frames: pandas works by columns
        if self.change is not None:
            values = self.change(values, self.kept, self.panel.range(frame))
        return pd.DataFrame(values, index=self._index, columns=frame.columns.view(), copy=False)


def _own(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with an index of its own."""
    frame.index = frame.index.view()  # known to pandas as the same labels, with a name of its own
    return frame


def fenced(panel: Any) -> Any:
    """The panel's protocol and nothing behind it. While the panel or a feature works on its behalf, files may be read.

    A deferred panel, a fence already there, and None (for arithmetic) pass as they are.
    """
    if panel is None or hasattr(type(panel), "__defer__") or getattr(type(panel), "__fenced__", False):
        return panel
    recall, note = getattr(panel, "__recall__", None), getattr(panel, "note", None)

    class Fence:
        """See flowbt.ground.protocols.Panel."""

        __slots__ = ()
        __fenced__ = True
        index = property(lambda self: panel.index.view())  # a name put on it stays with who put it there
        symbols = property(lambda self: panel.symbols)
        clock = property(lambda self: panel.clock)

        def __new__(cls) -> Any:
            raise FenceError("a panel of one's own", "it is the one that is given", "ask for other symbols with panel[field, symbol]")

        def __getattr__(self, name: str) -> object:
            if name.startswith("_"):
                raise AttributeError(name)
            raise FenceError(f"panel.{name}", "not part of what a decision may see", "use panel[...], has, either, wide, spread, events, index, symbols, clock")

        def __getitem__(self, key: object) -> pd.DataFrame:
            with resting():
                return _own(panel[key])

        def has(self, field: str, symbol: str | None = None) -> bool:
            with resting():
                return bool(panel.has(field, symbol))

        def either(self, field: Key, *stand_ins: Key) -> pd.DataFrame:
            with resting():
                return _own(panel.either(field, *stand_ins))

        def wide(self, field: str, prefix: str = "") -> pd.DataFrame:
            with resting():
                return _own(panel.wide(field, prefix))

        def spread(self, series: pd.Series) -> pd.DataFrame:
            return _own(panel.spread(series))

        def events(self, symbol: str) -> pd.DataFrame:
            with resting():
                return known_events(panel.events(symbol), panel.clock.decisions(panel.index[-1:])[0])

        def note(self, name: str, parameters: Parameters, result: object) -> None:
            if note is not None:
                note(name, parameters, result)

        def __recall__(self, feature: Callable[..., object], parameters: Parameters) -> object:
            return None if recall is None else recall(feature, parameters)

    return object.__new__(Fence)
