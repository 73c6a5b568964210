"""Where sources contradict each other, and where a document says otherwise than the data.

* Two datasets that hold the same field of the same symbol are compared on the last event that both had published; a difference over TOLERANCE, or of sign, is
  shown. So are two fields that measure the same thing (PAIRS), by their signs.
* `said.toml` beside the datasets has what documents say of a day; on the board of that day each figure stands beside ours.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date as Date

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from flowbt.data.catalog import Catalog, Imported
from flowbt.data.panel.reader import PanelReader
from flowbt.ground.clock import Clock
from flowbt.ground.documents import read_declared
from flowbt.ground.errors import DatasetError
from flowbt.ground.fields import FieldKey

TOLERANCE = 0.01  # of the larger value
SAID, DO = "said.toml", "each [[said]] has document, on, what, said, and may have within, why"
LEVELS = ("open", "high", "low", "close", "volume")  # of different bases where datasets differ: only the close is compared


@dataclass(frozen=True)
class Conflict:
    """Two sources of one thing. `event`: what both are about."""

    what: str
    event: str
    first: str
    first_value: float
    second: str
    second_value: float
    words: str


@dataclass(frozen=True)
class Said:
    """A figure of a document on its day beside ours; `here` is NaN where the board has none. `agrees`: within the document's rounding or `within`."""

    document: str
    what: str
    said: float
    here: float
    agrees: bool
    why: str


class SaidRow(BaseModel):
    """One `[[said]]` of the file: what a document prints of a day."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    document: str
    on: Date
    what: str
    said: float = Field(allow_inf_nan=False)
    within: float | None = Field(default=None, ge=0)
    why: str = ""


class SaidFile(BaseModel):
    """`said.toml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    said: tuple[SaidRow, ...]


def conflicts(catalog: Catalog, keys: Iterable[tuple[str, str]], decided: pd.Timestamp) -> list[Conflict]:
    """Datasets that contradict each other on the fields and symbols given, by what was public at `decided` (naive UTC)."""
    found = []
    for field, symbol in sorted(set(keys)):
        if field in LEVELS[:3] or field in ("event", "volume") or symbol.endswith("*") or not catalog.has(field, symbol):
            continue
        clock = Clock()
        holders = catalog.holders(field, symbol, clock)
        for other in holders[1:]:
            if (one := _compared(holders[0], other, field, symbol, decided)) is not None:
                found.append(one)
    return found


def _compared(first: Imported, second: Imported, field: str, symbol: str, decided: pd.Timestamp) -> Conflict | None:
    if first.declaration.basis != second.declaration.basis or first.declaration.frequency != second.declaration.frequency:
        return None
    shown = [_published(one, field, symbol, decided) for one in (first, second)]
    both = shown[0].index.intersection(shown[1].index)
    if not len(both) or decided - both[-1] > pd.Timedelta(days=40):
        return None
    a, b = float(shown[0][both[-1]]), float(shown[1][both[-1]])
    apart = abs(a - b) / max(abs(a), abs(b)) if a or b else 0.0
    if apart <= TOLERANCE:
        return None
    words = "of opposite sign" if a * b < 0 else f"{apart:.1%} apart"
    return Conflict(FieldKey(field, symbol).words, f"{both[-1]:%Y-%m-%d}", first.name, a, second.name, b, words)


def _published(one: Imported, field: str, symbol: str, decided: pd.Timestamp) -> pd.Series:
    table = one.read(["event_time", "known_at", field], [symbol])
    table = table[(table["known_at"] < decided) & table[field].notna()]
    table = table[table["event_time"] > decided - pd.Timedelta(days=90)]
    return table.sort_values(["event_time", "known_at"]).groupby("event_time")[field].last()


PAIRS = (
    ("dealer gamma of SPX: published, and of its chains", ("gex", "SPX", "squeezemetrics"), ("gex", "SPX", "chains-gamma")),
    ("10-year yield: FRED, and the Treasury", ("value", "DGS10", "fred-rates"), ("value", "DGS10", "treasury-yields")),
)  # the same thing by other rules: only signs, or the value at the same event, can be compared


def by_other_rules(catalog: Catalog, decided: pd.Timestamp) -> list[Conflict]:
    """PAIRS whose signs differ on the last event that both had published."""
    found = []
    for what, one, other in PAIRS:
        held = [catalog.imported.get(name) for _, _, name in (one, other)]
        if held[0] is None or held[1] is None or any(symbol not in d.spans(field) for d, (field, symbol, _) in zip(held, (one, other), strict=True) if d):
            continue
        shown = [_published(d, field, symbol, decided) for d, (field, symbol, _) in zip(held, (one, other), strict=True) if d]
        both = shown[0].index.intersection(shown[1].index)
        if len(both) and float(shown[0][both[-1]]) * float(shown[1][both[-1]]) < 0:
            values = [float(series[both[-1]]) for series in shown]
            found.append(Conflict(what, f"{both[-1]:%Y-%m-%d}", one[2], values[0], other[2], values[1], "of opposite sign"))
    return found


def said(catalog: Catalog, session: pd.Timestamp, values: Mapping[str, float]) -> list[Said]:
    """What documents say of this session beside the board's values (by name). DatasetError for a file that cannot be read."""
    found = []
    paths = [root / SAID for root in catalog.roots if (root / SAID).is_file()]
    files = [read_declared(path, SaidFile, "what documents say,", DatasetError, "check the file", DO) for path in paths]
    for row in (row for file in files for row in file.said if pd.Timestamp(row.on) == session):
        here = float(values.get(row.what, math.nan))
        agrees = abs(here - row.said) <= (abs(row.said) * 0.01 if row.within is None else row.within)
        found.append(Said(row.document, row.what, row.said, here, agrees, row.why))
    return found


def read_keys(panels: Iterable[PanelReader]) -> set[tuple[str, str]]:
    """Every field and symbol that panels have read."""
    return {key for panel in panels for key in panel.used}
