"""What a board cannot show: why, and what would bring it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from flowbt.data.panel.reader import PanelReader
from flowbt.ground.errors import FlowbtError
from flowbt.ground.fields import FieldKey
from flowbt.studies.board.lines import REMEDIES
from flowbt.studies.board.panel import Fresh, last


@dataclass(frozen=True)
class Gap:
    """Something the board should show and cannot: why, and what would bring it."""

    name: str
    found: str
    do: str


def stale(name: str, watched: Fresh, frame: pd.DataFrame) -> Gap:
    """Why `frame` has no value on the last label: the fields that are stale, with the span that the catalog holds of them."""
    keys = [(f, s) for f, s in sorted(watched.used) if not s.endswith("*") and f != "event" and np.isnan(last(watched.panel[f, s]))]
    if not keys:
        if frame.notna().to_numpy().any():
            return Gap(name, "has no meaning on this date", "nothing is missing")
        return Gap(name, "too little history", "import earlier data")
    return Gap(name, "; ".join(_span(watched.panel, f, s) for f, s in keys), "import data of the date")


def absent(name: str, panel: PanelReader, needs: tuple[tuple[str, ...], ...]) -> Gap:
    """Why none of the alternatives can feed an input: what the first of them lacks."""
    for need in needs[0]:
        f, symbol = FieldKey.parse(need)
        s = symbol or panel.symbols[0]
        if not panel.has(f, s):
            return never(name, panel.catalog.missing(f, s))
        if np.isnan(last(panel[f, s])):
            return Gap(name, _span(panel, f, s), "import data of the date")
    return Gap(name, "not there", "see `flowbt data ls`")


def never(name: str, error: FlowbtError) -> Gap:
    """A field that no imported dataset holds: what would bring it, where the catalog's own advice does not say."""
    named = next((words for key, words in REMEDIES.items() if f"'{key}'" in error.asked or error.asked.endswith(f" {key}")), "")
    found = "not imported" if named else f"{error.asked}: {error.found}"
    return Gap(name, found, named or error.do)


def _span(panel: PanelReader, f: str, s: str) -> str:
    first, final = panel.catalog.holder(f, s, panel.clock).spans(f)[s][:2]
    return f"{FieldKey(f, s).words} is there from {first[:10]} to {final[:10]}"
