"""Is a value older than its source's rhythm? What should have been published by now, by the dataset's own rule, and is not there."""

from __future__ import annotations

import pandas as pd

from flowbt.data.catalog import Imported
from flowbt.data.panel.reader import PanelReader
from flowbt.ground.clock import Clock

BACK = {"session": 12, "day": 12, "week": 8, "month": 6}  # periods looked at


def overdue(holder: Imported, event: pd.Timestamp, decided: pd.Timestamp) -> pd.Timestamp | None:
    """The newest event the rhythm of a dataset had published by `decided` (naive UTC), where it is newer than `event`, the newest that is there; else None.

    Only sessions, days, weeks and months have a rhythm. A day's grace: publishers are late by hours."""
    rule, how = holder.declaration.publication, holder.declaration.frequency
    if how not in BACK or rule.rule == "column":
        return None
    if how == "month":
        due = pd.date_range(event.to_period("M").to_timestamp(), decided, freq="MS")
    elif how == "week":
        due = pd.date_range(event, decided, freq="7D")
    else:
        due = Clock().labels(event.normalize(), max(event.normalize(), decided.normalize()))
    due = pd.DatetimeIndex(due[-BACK[how] :]).as_unit("ns")
    known = rule.known_at(due, holder.declaration.calendar) if len(due) else due
    published = due[known + pd.Timedelta(days=1) < decided]
    return published[-1] if len(published) and published[-1] > event else None


def late_fields(panel: PanelReader, keys: set[tuple[str, str]], decided: pd.Timestamp) -> list[str]:
    """`field of SYMBOL of <event>, <event> was due`, for what is shown on the last label and is older than its source's rhythm."""
    found = []
    for field, symbol in sorted(keys):
        if symbol.endswith("*") or field == "event" or (field, symbol) not in panel.used:
            continue
        event = panel.event_time(field, symbol).iloc[-1]
        if pd.isna(event) or (due := overdue(panel.used[field, symbol], event, decided)) is None:
            continue
        found.append(f"{field} of {symbol} is of {event:%Y-%m-%d}, {due:%Y-%m-%d} was due")
    return found
