"""Does a claim look ahead? Its reported definition is decided again on panels that end early: up to there it must say the same.

The panels end where the event begins and where it ends (stages: at spread labels): there the newest values decide, so a peek at the next ones shows.
Stages of a sequence may be moved back by how late they are published, so those not known yet at the cut are not compared.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from flowbt.data.panel.reader import PanelReader
from flowbt.evidence.claims.declare import Claim
from flowbt.evidence.claims.study import Array
from flowbt.ground.errors import ClaimError, FlowbtError

BEGINS, ENDS = 3, 2  # cuts where the event begins, and where it ends
TOLERANCE = 1e-9  # relative: rounding noise is no peek
Values = Callable[[Any, Any], Array]


class Until:
    """The first `rows` labels of a panel. What a panel shows at a label is what was known there, its frames are only cut; see flowbt.ground.protocols.Panel."""

    def __init__(self, panel: PanelReader, rows: int) -> None:
        self.panel, self.rows = panel, rows
        self.index, self.symbols, self.clock = panel.index[:rows], panel.symbols, panel.clock

    def __getitem__(self, key: str | tuple[str, str]) -> pd.DataFrame:
        return self.panel[key].iloc[: self.rows].copy()

    def has(self, field: str, symbol: str | None = None) -> bool:
        return self.panel.has(field, symbol)

    def either(self, field: str | tuple[str, str], *stand_ins: str | tuple[str, str]) -> pd.DataFrame:
        return self.panel.either(field, *stand_ins).iloc[: self.rows].copy()

    def wide(self, field: str, prefix: str = "") -> pd.DataFrame:
        return self.panel.wide(field, prefix).iloc[: self.rows].copy()

    def spread(self, series: pd.Series) -> pd.DataFrame:
        return pd.DataFrame({symbol: series.to_numpy() for symbol in self.symbols}, index=self.index)

    def events(self, symbol: str) -> pd.DataFrame:
        return self.panel.events(symbol)

    def note(self, name: str, parameters: Any, result: Any) -> None:
        """A claim's features are not kept."""


def refuse_peeking(claim: Claim, panel: PanelReader, whole: Array, rows: slice, values: Values) -> None:
    """ClaimError where the claim, decided on a part of the panel, differs in `rows` from `whole` (labels x columns).

    `values(given, panel)`: what the claim's function gave as such an array.
    """
    definition, moved_back = claim.variants()[0], claim.outcome.kind == "sequence"
    for cut in cuts(whole, rows):
        short = Until(panel, cut + 1)
        unknown = f"when what came after {_date(panel, cut)} is unknown"
        try:
            given = claim.function(short, **definition)
        except FlowbtError:
            continue  # too short for a feature: no cut to judge by
        except Exception as error:
            raise _peeks(claim, f"it fails {unknown} ({type(error).__name__}: {error})") from None
        there = values(given, short)
        known = slice(rows.start, cut + 1)
        near = np.isclose(there[known], whole[known], rtol=TOLERANCE, atol=1e-12, equal_nan=True)
        same = np.all(near | (moved_back & np.isnan(there[known])), axis=1)
        if not same.all():
            raise _peeks(claim, f"event on {_date(panel, rows.start + int(same.argmin()))} changes {unknown}")


def cuts(whole: Array, rows: slice) -> list[int]:
    """Rows at which the event begins, and at which it ends, spread over its history."""
    on = np.nan_to_num(whole[rows])
    changed = on[1:-1] != on[:-2]
    begins = np.flatnonzero((changed & (on[1:-1] != 0)).any(axis=1)) + 1
    ends = np.flatnonzero((changed & (on[1:-1] == 0)).any(axis=1)) + 1
    found: set[int] = set()
    for at, count in ((begins, BEGINS), (ends, ENDS)):
        if len(at):
            found |= {rows.start + int(row) for row in at[np.linspace(0, len(at) - 1, count + 2)[1:-1].astype(int)]}
    return sorted(found)


def _peeks(claim: Claim, found: str) -> ClaimError:
    return ClaimError(f"claim {claim.id} uses the future", found, "use only trailing windows and what the panel gives")


def _date(panel: PanelReader, row: int) -> str:
    return f"{panel.index[row]:%Y-%m-%d %H:%M}".removesuffix(" 00:00")
