"""Importing: files are parsed, checked, spliced, checked against the calendar, placed in time and stored.

1. The declaration is read: without a publication rule nothing is imported.
2. Files that were read before, in the same way, bring nothing; what is to be done with others is decided in `arrival.py`.
3. Each file is parsed by its source, cut to what the plan keeps, and its rows are checked.
4. The files are spliced, first one first; overlaps must agree within the plan's tolerance.
5. They are merged into what is there: new rows appended, equal ones dropped, different ones kept as revisions (`data/ingest/merge.py`).
6. Holes against the calendar are listed; `known_at` comes from the publication rule.
7. Table and provenance are stored as a new version, which one rename makes the current one: an interrupted import leaves the old data.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from flowbt.data.declare import Dataset, read_declaration
from flowbt.data.ingest.merge import merge
from flowbt.data.ingest.plan import ImportPlan, PlanDataset, PlannedFile, inputs
from flowbt.data.ingest.splice import KEY, Overlap, SourceRows, select, splice
from flowbt.data.ingest.validate import as_records, check_holes, check_opens, check_rows, check_splits, policy, refuse
from flowbt.data.provenance import FileRecord, Provenance
from flowbt.data.sources import read
from flowbt.data.sources.base import Anomaly, RawTable
from flowbt.data.versions import KEYS, REVISED, Version, current, declaration_toml, write_dataset, writing_alone
from flowbt.ground.errors import DatasetError, FlowbtError, RefusedImport, SpoiltDataset, nearest
from flowbt.ground.files import hash_file, hash_text, write_text
from flowbt.ground.protocols import Step
from flowbt.studies.ingest.arrival import CUT, Arrival, course, identity, row_rules

VERSION = 1  # raised when parsing or validation changes what is stored
Status = Literal["imported", "merged", "unchanged", "refused"]


@dataclass(frozen=True)
class ImportOutcome:
    """What became of one dataset."""

    name: str
    status: Status
    rows: int = 0
    span: tuple[str, ...] = ()
    findings: dict[str, int] = field(default_factory=dict)
    problem: str = ""
    change: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """Where to import to. `root`: the catalog's folder; `declarations`: the folder whose `<name>/dataset.toml` count."""

    root: Path
    declarations: Path


@dataclass(frozen=True)
class Assembled:
    """What files hold, with `row`, before it is placed in time; `rows`: how many each file gave."""

    frame: pd.DataFrame
    rows: list[int]
    overlaps: list[Overlap]
    findings: list[Anomaly]
    file: str = ""  # its name, where there is one


def import_plan(
    plan: ImportPlan, files: Path, target: Target, only: Sequence[str] = (), progress: Step | None = None, arrival: Arrival | None = None
) -> list[ImportOutcome]:
    """Import the datasets of a plan (or those of `only`) from the folder `files`. A refused one does not stop the others."""
    if not files.is_dir():
        raise DatasetError(f"files of the plan under {files}", "no such folder", "give the folder with --root")
    names = [dataset.name for dataset in plan.dataset]
    for name in only:
        if name not in names:
            raise DatasetError(f"dataset {name!r}", "not in the plan", nearest(name, names) or f"it has {', '.join(names[:8])}")
    chosen = [dataset for dataset in plan.dataset if not only or dataset.name in only]
    outcomes = []
    for n, dataset in enumerate(chosen):
        if progress:
            progress(dataset.name, n, len(chosen))
        try:
            beside = target.declarations / dataset.name
            declaration = read_declaration(beside if (beside / "dataset.toml").exists() else target.root / dataset.name)
            outcomes.append(import_dataset(dataset, files, declaration, target.root, arrival))
        except FlowbtError as error:
            outcomes.append(ImportOutcome(dataset.name, "refused", problem=str(error)))
    if progress:
        progress("", len(chosen), len(chosen))
    return outcomes


def import_dataset(dataset: PlanDataset, files: Path, declaration: Dataset, root: Path, arrival: Arrival | None = None) -> ImportOutcome:
    """Import one dataset, into what is there. Raises FlowbtError when it is refused; the old data then stays."""
    try:
        with writing_alone(root, dataset.name):
            return _import(dataset, files, declaration, root, arrival or Arrival())
    except OSError as error:
        do = "choose another folder with --datasets or FLOWBT_DATASETS"
        raise DatasetError(f"dataset {dataset.name}", f"cannot write to {root} ({error.strerror or error})", do) from None


def _import(dataset: PlanDataset, files: Path, declaration: Dataset, root: Path, arrival: Arrival) -> ImportOutcome:
    found = inputs(dataset, files, declaration.source)
    records = [_file_record(item) for item in found]
    facts = _plain({"row_rules": row_rules(declaration), "publication": declaration.publication.model_dump(mode="json"), "tolerance": dataset.overlap})
    stored = None if arrival.replace else stored_version(root / dataset.name)
    what = course(dataset.name, stored.provenance, records, facts) if stored else "anew"
    if stored and what == "same":
        kept = stored.provenance
        _declare(root / dataset.name, declaration)
        return ImportOutcome(dataset.name, "unchanged", kept["rows"], tuple(kept["span"]), kept["finding_counts"])
    read = [arrival.table(record["sha256"]) for record in records]
    made = assemble(found if what != "place" else (), declaration, dataset.overlap, read)
    records = [{**record, "rows": rows} for record, rows in zip(records, made.rows, strict=False)]
    made, records = _over(made, records, declaration, arrival.over_by)
    state = grown(stored, made, declaration, arrival) if stored and what in ("place", "merge") else _fresh(made)
    holes = check_holes(state.frame, declaration) + check_opens(state.frame, declaration) + check_splits(state.frame, declaration)
    refuse(holes, declaration)
    before = stored.provenance if stored and what != "anew" else {}
    if what == "merge" and not any(count for kind, count in state.change.items() if kind != "equal"):
        return ImportOutcome(dataset.name, "unchanged", before["rows"], tuple(before["span"]), before["finding_counts"], change=state.change)
    table = place(state.frame, declaration)
    kept_findings = [one for one in before.get("findings", []) if one["kind"] not in ("hole", "stale_open", "split")]
    findings = kept_findings + as_records([*made.findings, *state.findings, *holes], declaration)
    counts = dict(Counter(finding["kind"] for finding in findings))
    again = {record["name"] for record in records}
    earlier = [record for record in before.get("files", []) if record.get("read") != CUT or record["name"] not in again]
    provenance: Provenance = {
        "row_rules": facts["row_rules"],
        "publication": facts["publication"],
        "tolerance": facts["tolerance"],
        "files": [*earlier, *[record for record in records if identity(record) not in map(identity, earlier)]],
        "overlaps": [*before.get("overlaps", []), *[overlap.record() for overlap in made.overlaps]],
        "finding_counts": counts,
        "findings": findings,
        "revised": REVISED in table,
        "change": state.change,
    }
    _declare(root / dataset.name, declaration)
    write_dataset(root, declaration, table, provenance)
    return ImportOutcome(dataset.name, "merged" if what == "merge" else "imported", len(table), _span(table), counts, change=state.change)


@dataclass(frozen=True)
class Grown:
    """The rows a dataset will have, what changed, and the findings of the change."""

    frame: pd.DataFrame
    change: dict[str, int]
    findings: tuple[Anomaly, ...] = ()


def _fresh(made: Assembled) -> Grown:
    return Grown(made.frame.drop(columns="row"), {"new": len(made.frame)})


def grown(before: Version, made: Assembled, declaration: Dataset, arrival: Arrival) -> Grown:
    """What is there with what files bring (nothing, where the rows are only placed again)."""
    old, new = before.frame(), made.frame
    if declaration.publication.rule != "column":  # what a file says of it does not count then
        old, new = old.drop(columns="known_at"), new.drop(columns="known_at", errors="ignore")
    if new.empty:
        return Grown(old, {"placed": len(old)})
    merged = merge(old, new, arrival.instant(before), keep_old=policy(declaration, "revision") == "drop")
    merged = replace(merged, findings=tuple(replace(finding, file=made.file) for finding in merged.findings))
    refuse(merged.findings, declaration)
    return Grown(merged.frame, merged.change, merged.findings)


def _over(made: Assembled, records: list[FileRecord], declaration: Dataset, over_by: pd.Timestamp | None) -> tuple[Assembled, list[FileRecord]]:
    """Without the rows that nobody can have had by then: those of bars that were not over. Files they are cut off count as not read: the same bytes are read
    again later. RefusedImport where no row is left."""
    if over_by is None or made.frame.empty:
        return made, records
    asked = np.full(len(made.frame), over_by.to_datetime64())
    early = declaration.too_early(made.frame["event_time"].to_numpy("datetime64[ns]"), asked)
    if not early.any():
        return made, records
    if early.all():
        raise RefusedImport(f"dataset {declaration.name}", f"no bar of it is over at {over_by:%Y-%m-%d %H:%M} UTC", "ask again after it")
    return replace(made, frame=made.frame[~early]), [{**record, "read": CUT} for record in records]


def assemble(found: Sequence[PlannedFile], declaration: Dataset, overlap: dict[str, float | str], read: Sequence[RawTable | None] = ()) -> Assembled:
    """Steps 3 and 4: parse (what was not `read` already), check, splice. No files give an empty table."""
    if not found:
        return Assembled(pd.DataFrame(), [], [], [])
    parts: list[SourceRows] = []
    findings: list[Anomaly] = []
    for n, item in enumerate(found):
        table = (read[n] if n < len(read) else None) or _parse(item)
        checked = check_rows(_named(select(table, item.entry.keep()), item.path.name), declaration)
        findings += [replace(finding, file=finding.file or item.path.name) for finding in checked.findings]
        parts.append(SourceRows(item.path.name, checked.frame.drop(columns="file"), item.entry.check))
    vintages = declaration.publication.rule == "column" and all("known_at" in part.frame for part in parts)
    frame, overlaps, differing = splice(parts, overlap, (*KEY, "known_at") if vintages else KEY)
    refuse(differing, declaration)
    if frame.empty:
        raise RefusedImport(f"dataset {declaration.name}", "no row is left", "check the plan's options and the policies in its dataset.toml")
    undeclared = [name for name in frame.columns if name not in (*KEYS, "row") and name not in declaration.fields]
    if undeclared:
        problem = f"the files hold {', '.join(undeclared)}, which its dataset.toml does not declare"
        raise DatasetError(f"dataset {declaration.name}", problem, "declare them, or list the wanted fields in the plan")
    return Assembled(frame, [len(part.frame) for part in parts], overlaps, findings + differing, found[0].path.name if len(found) == 1 else "")


def place(frame: pd.DataFrame, declaration: Dataset) -> pd.DataFrame:
    """The table with `known_at`, by the publication rule or as the file says."""
    if declaration.publication.rule == "column" and "known_at" in frame.columns:
        known = frame["known_at"]
    else:
        known = pd.Series(declaration.publication.known_at(pd.DatetimeIndex(frame["event_time"]), declaration.calendar), index=frame.index)
    if known.isna().any():
        problem = f"{int(known.isna().sum())} rows without a time of publication"
        raise RefusedImport(f"dataset {declaration.name}", problem, "mend the file or the publication rule")
    if (early := declaration.too_early(frame["event_time"].to_numpy("datetime64[ns]"), known.to_numpy("datetime64[ns]"))).any():
        first = frame.loc[early].index[0]
        problem = declaration.early_words(frame["event_time"][first].to_datetime64(), known[first].to_datetime64())
        raise RefusedImport(f"dataset {declaration.name}", f"{int(early.sum())} rows known too early: {problem}", "mend the file or the publication rule")
    fields = [name for name in frame.columns if name not in (*KEYS, REVISED)]
    if REVISED in frame.columns:
        known = known.where(frame[REVISED].isna() | (known > frame[REVISED]), frame[REVISED])
    table = pd.DataFrame({"event_time": frame["event_time"].astype("datetime64[ns]"), "known_at": known.astype("datetime64[ns]"), "symbol": frame["symbol"]})
    table = table.join(frame[fields].astype("float64"))
    return table.assign(**{REVISED: frame[REVISED].astype("datetime64[ns]")}) if REVISED in frame.columns and frame[REVISED].notna().any() else table


def _parse(item: PlannedFile) -> RawTable:
    return read(item.source, item.path, item.options)


def _named(table: RawTable, file: str) -> RawTable:
    return RawTable(table.frame.assign(file=file), table.findings)


def _file_record(item: PlannedFile) -> FileRecord:
    """A file's name, hash, size, and the hash of how it is read. One that cannot be read has no hash: its source says what is wrong with it."""
    read = hash_text(json.dumps([VERSION, item.source, item.options, item.entry.keep(), item.entry.check], sort_keys=True, default=str))[:16]
    try:
        return {"name": item.path.name, "sha256": hash_file(item.path), "bytes": item.path.stat().st_size, "read": read}
    except OSError:
        return {"name": item.path.name, "sha256": "", "bytes": 0, "read": read}


def _plain(value: Any) -> Any:
    """As it reads back from JSON."""
    return json.loads(json.dumps(value))


def stored_version(folder: Path) -> Version | None:
    """The version that is there, if it is whole: one that is not is imported anew."""
    try:
        version = current(folder)
        return version if version and version.file else None
    except SpoiltDataset:
        return None


def _declare(folder: Path, declaration: Dataset) -> None:
    """A folder's declaration is the one its data was imported under."""
    path = folder / "dataset.toml"
    if not path.exists() or read_declaration(folder) == declaration:
        return
    write_text(path, declaration_toml(declaration))


def _span(table: pd.DataFrame) -> tuple[str, ...]:
    return tuple(f"{time:%Y-%m-%d}" for time in (table["event_time"].min(), table["event_time"].max()))
