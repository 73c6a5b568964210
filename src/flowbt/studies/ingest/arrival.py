"""What an import does to a dataset that is there: nothing, place its rows in time again, read all files anew, or merge later ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import pandas as pd

from flowbt.data.declare import Dataset
from flowbt.data.provenance import FileRecord, Provenance
from flowbt.data.sources.base import RawTable
from flowbt.data.versions import Version
from flowbt.ground.errors import ParameterError, RefusedImport
from flowbt.ground.types import JsonView

Course = Literal["same", "place", "anew", "merge"]
CUT = "cut"  # how a file was read that had bars which were not over: it was not, and its bytes are read again


@dataclass(frozen=True)
class Arrival:
    """How files come into a dataset that is there. `replace`: in place of all it holds. `known`: when what they change became known (default: now).

    `parsed`: the hash of a file and what it holds, where it was read already. `over_by`: when a provider was asked; a bar that was not over then (a session
    that is still traded) is left out, so that its running price never stands for its close.
    """

    replace: bool = False
    known: pd.Timestamp | None = None
    parsed: tuple[str, RawTable] | None = None
    over_by: pd.Timestamp | None = None

    def table(self, sha256: object) -> RawTable | None:
        """What a file of this hash holds, where it was read already."""
        return self.parsed[1] if self.parsed and self.parsed[0] == sha256 else None

    def instant(self, before: Version) -> pd.Timestamp:
        """Naive UTC, to the millisecond. RefusedImport where the clock is behind the version that is there: a change would look known before it was."""
        if self.known is not None:
            return self.known
        now, stored = pd.Timestamp.now("UTC"), pd.Timestamp(before.provenance.get("stored") or "NaT")
        if now < stored:
            found = f"the clock says {now:%Y-%m-%d %H:%M} UTC, and what is there was stored {stored:%Y-%m-%d %H:%M}"
            raise RefusedImport(f"dataset {before.home.name}", found, "set the clock right, or say --known-at, when this became known")
        return now.tz_localize(None).floor("ms")


def instant_of(text: str) -> pd.Timestamp:
    """An instant in naive UTC from ISO text (UTC where it names no zone); ParameterError for anything else."""
    try:
        stamp = pd.Timestamp(datetime.fromisoformat(text.strip()))
        return (stamp.tz_convert("UTC").tz_localize(None) if stamp.tzinfo else stamp).as_unit("ns")
    except (ValueError, OverflowError):  # pandas' own of a year outside of 1678 to 2262 is a ValueError
        raise ParameterError(f"--known-at {text}", "not an ISO time", "for example 2024-02-15T18:00 or 2024-02-15T13:00-05:00") from None


def row_rules(declaration: Dataset) -> dict[str, object]:
    """What of a declaration decides which rows and cells are stored; the rest acts when they are read."""
    bounds = {name: (rule.min, rule.max, rule.zero) for name, rule in declaration.fields.items()}
    return {"clock": declaration.clock, "frequency": declaration.frequency, "policy": declaration.policy, "fields": bounds}


def course(name: str, stored: Provenance, records: Sequence[FileRecord], facts: JsonView) -> Course:
    """What is to be done with files (name, sha256, read: how they are read) where `stored` is there.

    same: all were read so before. place: only the publication rule changed. anew: they are read in another way, and all files of the dataset are among
    them. merge: there is something new. RefusedImport where reading anew would lose what other files brought, or a revision.
    """
    held = list(stored.get("files", ()))
    there = [identity(file) for file in held]
    again = [identity(record) for record in records if identity(record) in there]
    other = [record["name"] for record in records if identity(record) not in there and _read_otherwise(record, held)]
    reordered = [one for one in dict.fromkeys(there) if one in again] != list(dict.fromkeys(again))  # two files may have the same bytes
    if other or (again and (reordered or any(stored.get(key) != facts[key] for key in ("row_rules", "tolerance")))):
        brought = {record["sha256"] for record in records}
        absent = [file["name"] for file in held if file["sha256"] not in brought]
        if not absent and not stored.get("revised"):
            return "anew"
        lost = f"its rows come also from {', '.join(absent[:3])}{' ...' if len(absent) > 3 else ''}" if absent else "its rows were revised since"
        what = f"{other[0]} would be read in another way than before" if other else "its declaration or plan has changed"
        raise RefusedImport(
            f"dataset {name}", f"{what}, and {lost}", "give all its files, or say --replace to begin again from these (the old version is kept)"
        )
    if len(again) < len(records):
        return "merge"
    return "same" if stored.get("publication") == facts["publication"] else "place"


def identity(file: FileRecord) -> tuple[str, str]:
    """What a file is: its bytes and how they are read. One file may be read in several ways."""
    return str(file["sha256"]), str(file.get("read", ""))


def _read_otherwise(record: FileRecord, held: Sequence[FileRecord]) -> bool:
    """Whether the same bytes, or a file of this name, were read in other ways only."""
    held = [file for file in held if file.get("read") != CUT]
    same = [file for file in held if file["sha256"] == record["sha256"]] or [file for file in held if file["name"] == record["name"]]
    return bool(same) and all(file.get("read") != record["read"] for file in same)
