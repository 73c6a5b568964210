"""The panel of a board: it says what was read and when that was known, and a stale field counts as not there."""

from __future__ import annotations

import pandas as pd

from flowbt.ground.fields import FieldKey
from flowbt.ground.protocols import Key, first_held
from flowbt.studies.score.watched import Watched


def last(frame: pd.DataFrame) -> float:
    """The first column's value on the last label."""
    return float(frame.iloc[-1].iloc[0])


class Fresh(Watched):
    """A watched panel in which a field that is stale on the last label counts as not there."""

    def has(self, field: str, symbol: str | None = None) -> bool:
        names = [symbol] if symbol else list(self.symbols)
        return all(self.panel.has(field, one) and last(self.panel[field, one]) == last(self.panel[field, one]) for one in names)

    def _chosen(self, *choices: Key) -> Key | None:
        """The first that is fresh; where none is, the first that is there at all, so that the gap names what is stale."""
        fresh = super()._chosen(*choices)
        return first_held(self.panel, *choices) if fresh is None else fresh

    def known_at(self) -> pd.Timestamp | None:
        """The latest instant at which anything read became known, on the last label."""
        seen = [self.panel.known_at(f, s).iloc[-1] for f, s in self._keys()]
        return max((t for t in seen if not pd.isna(t)), default=None)

    def event_time(self) -> pd.Timestamp | None:
        """The latest event time of anything read, on the last label."""
        seen = [self.panel.event_time(f, s).iloc[-1] for f, s in self._keys()]
        return max((t for t in seen if not pd.isna(t)), default=None)

    def stale(self) -> bool:
        """Whether fields were read, and none of them has a value on the last label (a count of sessions would then be 0)."""
        return bool(self._keys()) and self.known_at() is None

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(FieldKey(f, s).words for f, s in self.used))

    def _keys(self) -> list[tuple[str, str]]:
        whole = [(f, s) for f, s in self.used if not s.endswith("*") and f != "event"]
        return whole + [(f, one) for f, s in self.used if s.endswith("*") for one in self.panel.catalog.symbols(f, s[:-1])]
