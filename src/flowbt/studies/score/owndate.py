"""Was the event on, on the day the document says it was? A definition that is off on its own date is mended, or says why in one line."""

from __future__ import annotations

import pandas as pd

from flowbt.evidence.claims.declare import Claim, Document
from flowbt.evidence.claims.study import Array
from flowbt.studies.score.watched import Watched


def own_date(claim: Claim, document: Document, panel: Watched, event: Array, columns: list[str]) -> dict[str, object] | None:
    """The reported event on the document's own day. `event`: labels x `columns` of the whole panel, 1, 0 and -1.

    Gives day, label (the last at or before the day), says and found ("on", "off"; found "no data" where a field has no value), columns (that are on), why, and
    `agrees` (None where the document does not say or there are no data). None for a document without a date.
    """
    day = claim.own.day or document.dated
    if not day:
        return None
    at = int(panel.index.searchsorted(pd.Timestamp(day) + pd.Timedelta(days=1))) - 1
    says = "" if claim.own.on is None else "on" if claim.own.on else "off"
    told: dict[str, object] = {"day": day, "says": says, "why": claim.own.why, "label": "", "found": "no data", "columns": [], "missing": [], "agrees": None}
    if at < 0 or panel.index[at] < pd.Timestamp(day) - pd.Timedelta(days=5):
        return told
    on = [f"-{name}" if value < 0 else name for name, value in zip(columns, event[at], strict=True) if value]
    missing = panel.without_value(at)
    held = set(claim.own.symbols) <= set(on) if claim.own.symbols else bool(on)
    told |= {"label": f"{panel.index[at]:%Y-%m-%d}", "columns": on if len(columns) > 1 else [], "missing": missing}
    if missing and not held and not claim.data.partial:
        return told
    return told | {"found": "on" if held else "off", "agrees": None if claim.own.on is None else held == claim.own.on}
