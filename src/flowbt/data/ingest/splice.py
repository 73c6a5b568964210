"""Several files to one table: what is kept of each file, which file counts where two have a value, and whether they agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from flowbt.data.provenance import OverlapRecord
from flowbt.data.sources.base import Anomaly, RawTable
from flowbt.ground.clock import read_date
from flowbt.ground.errors import SourceError
from flowbt.ground.types import JsonView

KEY = ("symbol", "event_time")


@dataclass(frozen=True)
class SourceRows:
    """A file's rows, in order of precedence. `check`: compared with the others, not used."""

    file: str
    frame: pd.DataFrame
    check: bool = False


@dataclass(frozen=True)
class Overlap:
    """Agreement of a file with those before it, on one field."""

    file: str
    field: str
    common: int
    differing: int
    largest: float

    def record(self) -> OverlapRecord:
        return {"file": self.file, "field": self.field, "common": self.common, "differing": self.differing, "largest": self.largest}


def select(table: RawTable, keep: JsonView) -> RawTable:
    """The rows and fields an import asks of a file.

    `keep`: start, end (dates), fields (names), drop ({"date", "first..last" or "SYMBOL:first..last": reason}).
    """
    frame, findings = table.frame, list(table.findings)
    if fields := keep.get("fields"):
        missing = [name for name in fields if name not in table.fields]
        if missing:
            raise SourceError("fields", f"{', '.join(missing)} not among {', '.join(table.fields)}", "mend the import plan")
        frame = frame.drop(columns=[name for name in table.fields if name not in fields])
        frame = frame[frame[list(fields)].notna().any(axis=1)]
    if start := keep.get("start"):
        frame = frame[frame["event_time"] >= read_date(start)]
    if end := keep.get("end"):
        frame = frame[frame["event_time"] < read_date(end) + pd.Timedelta(days=1)]
    for span, reason in dict(keep.get("drop", {})).items():
        symbol, _, dates = span.rpartition(":")
        first, _, last = dates.partition("..")
        hit = frame["event_time"].between(read_date(first), read_date(last or first) + pd.Timedelta("23:59:59.999"))
        if symbol:
            hit &= frame["symbol"] == symbol
        rows = frame[hit]
        findings += [Anomaly("documented", reason, "", int(r), t, s) for r, t, s in zip(rows["row"], rows["event_time"], rows["symbol"], strict=True)]
        frame = frame[~hit]
    return RawTable(frame.reset_index(drop=True), tuple(findings))


def splice(parts: Sequence[SourceRows], tolerance: Mapping[str, float | str], key: Sequence[str] = KEY) -> tuple[pd.DataFrame, list[Overlap], list[Anomaly]]:
    """One row per `key`; each cell from the first part that has it.

    `key`: with known_at where the files say it, so that of several vintages of an event all stay.
    `tolerance`: per field the largest difference allowed where parts overlap, absolute or as "0.1%"; fields without one are not compared.
    Returns the table, the agreement of each later part with those before it, and a finding for each difference beyond the tolerance.
    """
    used = [part.frame for part in parts if not part.check]
    if len(parts) == 1:
        return used[0], [], []
    overlaps: list[Overlap] = []
    findings: list[Anomaly] = []
    for n, part in enumerate(parts):
        before = [other.frame for other in parts[:n] if not other.check]
        if before and tolerance:
            compared = _compare(_first(before, key), part, tolerance, key)
            overlaps += compared[0]
            findings += compared[1]
    return _first(used, key), overlaps, findings


def _first(frames: Sequence[pd.DataFrame], key: Sequence[str]) -> pd.DataFrame:
    frame = pd.concat(frames, ignore_index=True)
    if not frame.duplicated(list(key)).any():
        return frame
    return frame.groupby(list(key), sort=False, as_index=False, observed=True).first()


def _compare(base: pd.DataFrame, part: SourceRows, tolerance: Mapping[str, float | str], key: Sequence[str]) -> tuple[list[Overlap], list[Anomaly]]:
    fields = [name for name in tolerance if name in base.columns and name in part.frame.columns]
    both = part.frame.merge(base[[*key, *fields]], on=list(key), suffixes=("", " before"))
    overlaps: list[Overlap] = []
    findings: list[Anomaly] = []
    for name in fields:
        new, old = both[name], both[f"{name} before"]
        there = new.notna() & old.notna()
        difference = (new - old).abs()[there]
        bad = difference > _allowed(tolerance[name], old[there])
        largest = float(difference.max()) if len(difference) else 0.0
        overlaps.append(Overlap(part.file, name, int(there.sum()), int(bad.sum()), largest))
        for at in bad.index[bad]:
            row = both.loc[at]
            reason = f"{row[name]:g} where an earlier file has {row[f'{name} before']:g}"
            findings.append(Anomaly("overlap", reason, part.file, int(row["row"]), row["event_time"], str(row["symbol"]), name))
    return overlaps, findings


def _allowed(tolerance: float | str, values: pd.Series) -> pd.Series | float:
    if isinstance(tolerance, str):
        allowed: pd.Series = np.abs(values) * float(tolerance.rstrip("%")) / 100
        return allowed
    return tolerance + 1e-12
