"""A later file into a dataset that is there: new rows are appended, equal ones dropped, different ones become revisions.

A revision is a row of its own with only the cells that changed and `revised_at`, the instant from which it was known. The row before it stays, so a
decision sees what was known when it was taken. A missing cell says nothing: it neither fills nor empties what is there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from flowbt.data.sources.base import Anomaly
from flowbt.data.versions import KEYS, REVISED

SAME = 1e-12  # relative: two texts of one number


@dataclass(frozen=True)
class Merged:
    """The rows together (event_time, symbol, known_at where the files say, fields, revised_at), and what became of the later file's rows."""

    frame: pd.DataFrame
    change: dict[str, int]  # rows: new, equal, revised; filled: rows that got the value of a field the dataset never had
    findings: tuple[Anomaly, ...]


def merge(old: pd.DataFrame, new: pd.DataFrame, known: pd.Timestamp, keep_old: bool = False) -> Merged:
    """`old` as stored, `new` as files gave it (with `row`, and known_at where they say), `known`: when its changes became known.

    `keep_old`: a different value is left out, not taken as a revision.
    """
    keys = ["symbol", "event_time", *(["known_at"] if "known_at" in new else [])]
    fields = [name for name in new.columns if name not in (*KEYS, "row", "file")]
    there = [name for name in fields if name in old.columns]
    both = new.merge(_latest(old, new, keys, there), on=keys, how="left", indicator="_found", suffixes=("", " before"))
    common = (both.pop("_found") == "both").to_numpy()
    moved = pd.DataFrame(False, index=both.index, columns=there)
    for name in there:
        now, before = both[name], both[f"{name} before"]
        moved[name] = common & now.notna() & ~np.isclose(now, before, rtol=SAME, atol=0.0)
    changed = moved.any(axis=1)
    revisions = pd.concat([both.loc[changed, keys], both[there].where(moved)[changed]], axis=1).assign(**{REVISED: known})
    unheard = [name for name in fields if name not in there]
    parts = [_with_new_fields(old, both[common], keys, unheard), both.loc[~common, [*keys, *fields]]]
    if not keep_old:
        parts.append(revisions)
    frame = pd.concat([part for part in parts if len(part)], ignore_index=True)
    filled = both.loc[common, unheard].notna().any(axis=1)
    change = {"new": int((~common).sum()), "equal": int(common.sum() - changed.sum()), "revised": int(changed.sum())}
    return Merged(frame, change | ({"filled": int(filled.sum())} if unheard else {}), _findings(both, moved))


def _latest(old: pd.DataFrame, new: pd.DataFrame, keys: list[str], fields: list[str]) -> pd.DataFrame:
    """The last known value of every cell of `old` within the span of `new`; `old` is in the order of known_at within a symbol."""
    near = old[old["event_time"].between(new["event_time"].min(), new["event_time"].max())]
    return near.groupby(keys, as_index=False, sort=False, observed=True)[fields].last()


def _with_new_fields(old: pd.DataFrame, common: pd.DataFrame, keys: list[str], fields: list[str]) -> pd.DataFrame:
    """`old` with values of fields it never had, on the first row of each key."""
    if not fields or common.empty:
        return old
    first = old[REVISED].isna() if REVISED in old else pd.Series(True, index=old.index)
    widened = old[first].merge(common[[*keys, *fields]], on=keys, how="left")
    return pd.concat([widened, old[~first]], ignore_index=True)


def _findings(both: pd.DataFrame, moved: pd.DataFrame) -> tuple[Anomaly, ...]:
    found = []
    for name in moved.columns:
        for at in moved.index[moved[name]]:
            row, before = both.loc[at], both.loc[at, f"{name} before"]
            reason = f"{row[name]:g} where it was {before:g}" if before == before else f"{row[name]:g} where nothing was"
            found.append(Anomaly("revision", reason, str(row.get("file", "")), int(row.get("row", 0)), row["event_time"], str(row["symbol"]), name))
    return tuple(found)
