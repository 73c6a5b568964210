"""Importing: files are parsed, checked, spliced, checked against the calendar, placed in time and stored.

1. The declaration is read: without a publication rule nothing is imported.
2. Hashes of files, declaration and plan entry make the import key; the same key as the stored one means there is nothing to do.
3. Each file is parsed by its source, cut to what the plan keeps, and its rows are checked.
4. The files are spliced, first one first; overlaps must agree within the plan's tolerance.
5. Holes against the calendar are listed; `known_at` comes from the publication rule.
6. Table and provenance are stored as a new version, which one rename makes the current one: an interrupted import leaves the old data.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from flowbt.data.declare import Dataset, read_declaration
from flowbt.data.ingest.plan import ImportPlan, PlanDataset, PlannedFile, inputs
from flowbt.data.ingest.splice import Overlap, SourceRows, combine, select
from flowbt.data.ingest.validate import as_records, check_holes, check_rows, refuse
from flowbt.data.sources import source
from flowbt.data.sources.base import Anomaly, RawTable
from flowbt.data.versions import KEYS, Version, current, declaration_toml, write_dataset, writing_alone
from flowbt.ground.errors import DatasetError, FlowbtError, RefusedImport, SpoiltDataset, nearest
from flowbt.ground.files import hash_file, hash_text, write_text
from flowbt.ground.protocols import Step

VERSION = 1  # raised when parsing or validation changes what is stored
Status = Literal["imported", "unchanged", "refused"]


@dataclass(frozen=True)
class ImportOutcome:
    """What became of one dataset."""

    name: str
    status: Status
    rows: int = 0
    span: tuple[str, ...] = ()
    findings: dict[str, int] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True)
class Target:
    """Where to import to. `root`: the catalog's folder; `declarations`: the folder whose `<name>/dataset.toml` count."""

    root: Path
    declarations: Path


@dataclass(frozen=True)
class Assembled:
    """The table of a dataset before it is placed in time; `rows`: those each file gave."""

    frame: pd.DataFrame
    rows: list[int]
    overlaps: list[Overlap]
    findings: list[Anomaly]


def import_plan(plan: ImportPlan, files: Path, target: Target, only: Sequence[str] = (), progress: Step | None = None) -> list[ImportOutcome]:
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
            outcomes.append(import_dataset(dataset, files, declaration, target.root))
        except FlowbtError as error:
            outcomes.append(ImportOutcome(dataset.name, "refused", problem=str(error)))
    if progress:
        progress("", len(chosen), len(chosen))
    return outcomes


def import_dataset(dataset: PlanDataset, files: Path, declaration: Dataset, root: Path) -> ImportOutcome:
    """Import one dataset. Raises FlowbtError when it is refused; the old data then stays."""
    try:
        with writing_alone(root, dataset.name):
            return _import(dataset, files, declaration, root)
    except OSError as error:
        do = "choose another folder with --datasets or FLOWBT_DATASETS"
        raise DatasetError(f"dataset {dataset.name}", f"cannot write to {root} ({error.strerror or error})", do) from None


def _import(dataset: PlanDataset, files: Path, declaration: Dataset, root: Path) -> ImportOutcome:
    found = inputs(dataset, files, declaration.source)
    records = [_file_record(item.path) for item in found]
    key = _key(declaration, dataset, records)
    stored = _stored(root / dataset.name)
    if stored and stored.provenance.get("import_key") == key:
        return ImportOutcome(dataset.name, "unchanged", stored.provenance["rows"], tuple(stored.provenance["span"]), stored.provenance["finding_counts"])
    made = assemble(found, declaration, dataset.overlap)
    table = place(made.frame, declaration)
    counts = dict(Counter(finding.kind for finding in made.findings))
    provenance = {
        "import_key": key,
        "files": [{**record, "rows": rows} for record, rows in zip(records, made.rows, strict=True)],
        "overlaps": [overlap.record() for overlap in made.overlaps],
        "finding_counts": counts,
        "findings": as_records(made.findings, declaration),
    }
    _declare(root / dataset.name, declaration)
    write_dataset(root, declaration, table, provenance)
    return ImportOutcome(dataset.name, "imported", len(table), _span(table), counts)


def assemble(found: Sequence[PlannedFile], declaration: Dataset, overlap: dict[str, float | str]) -> Assembled:
    """Steps 3 to 5: parse, check, splice, look for holes."""
    parts: list[SourceRows] = []
    findings: list[Anomaly] = []
    for item in found:
        checked = check_rows(_named(select(_parse(item), item.entry.keep()), item.path.name), declaration)
        findings += [replace(finding, file=finding.file or item.path.name) for finding in checked.findings]
        parts.append(SourceRows(item.path.name, checked.frame.drop(columns="file"), item.entry.check))
    frame, overlaps, differing = combine(parts, overlap)
    refuse(differing, declaration)
    frame = frame.drop(columns="row")
    if frame.empty:
        raise RefusedImport(f"dataset {declaration.name}", "no row is left", "check the plan's options and the policies in its dataset.toml")
    undeclared = [name for name in frame.columns if name not in KEYS and name not in declaration.fields]
    if undeclared:
        problem = f"the files hold {', '.join(undeclared)}, which its dataset.toml does not declare"
        raise DatasetError(f"dataset {declaration.name}", problem, "declare them, or list the wanted fields in the plan")
    holes = check_holes(frame, declaration)
    refuse(holes, declaration)
    return Assembled(frame, [len(part.frame) for part in parts], overlaps, findings + differing + holes)


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
    fields = [name for name in frame.columns if name not in KEYS]
    table = pd.DataFrame({"event_time": frame["event_time"].astype("datetime64[ns]"), "known_at": known.astype("datetime64[ns]"), "symbol": frame["symbol"]})
    return table.join(frame[fields].astype("float64"))


def _parse(item: PlannedFile) -> RawTable:
    return source(item.source).parse(item.path, item.options)


def _named(table: RawTable, file: str) -> RawTable:
    return RawTable(table.frame.assign(file=file), table.findings)


def _file_record(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {"name": path.name, "sha256": "", "bytes": 0}  # the source says what is wrong with it
    try:
        return {"name": path.name, "sha256": hash_file(path), "bytes": path.stat().st_size}
    except OSError:
        return {"name": path.name, "sha256": "", "bytes": 0}


def _key(declaration: Dataset, dataset: PlanDataset, records: list[dict[str, Any]]) -> str:
    parts = [VERSION, declaration.model_dump(mode="json"), dataset.model_dump(mode="json"), records]
    return hash_text(json.dumps(parts, sort_keys=True, default=str))


def _stored(folder: Path) -> Version | None:
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
