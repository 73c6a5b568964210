"""Raw files to a dataset: every file is one unit of work, files run in parallel processes, a broken one is named and the rest go on.

1. find the files of the kind (a folder is searched, deeper folders too);
2. reduce each in its own process, within its share of threads and memory;
3. put the tables together, place them in time by the dataset's publication rule, and write the dataset in one step.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pandas as pd

from flowbt.data.declare import Dataset, parse_declaration, read_declaration
from flowbt.data.ingest.download import RECORDS
from flowbt.data.ingest.validate import as_records
from flowbt.data.provenance import FileRecord, FindingRecord, Provenance
from flowbt.data.raw.duck import Limits
from flowbt.data.remote import RemoteFile, files_under
from flowbt.data.sources.base import parsing
from flowbt.data.versions import KEYS, REVISED, Version, write_dataset, writing_alone
from flowbt.ground.clock import ALWAYS, Clock
from flowbt.ground.errors import DatasetError, FlowbtError, RefusedImport, SourceError
from flowbt.ground.fields import FIELDS
from flowbt.ground.files import hash_file
from flowbt.ground.protocols import Step
from flowbt.studies.ingest.arrival import Arrival
from flowbt.studies.ingest.ingest import Assembled, Grown, grown, place, stored_version
from flowbt.studies.ingest.kinds import Kind, kind_of
from flowbt.studies.units import EVERY_PROCESSOR, Workers, each, processors

RawFile = Path | RemoteFile


@dataclass(frozen=True)
class Reduction:
    """What is asked: the kind, its files or folders, the options of the kind, and how much of the machine may be used."""

    kind: str
    paths: tuple[Path | str, ...]  # files and folders here, or addresses on an object store
    options: Mapping[str, str] = field(default_factory=dict)
    workers: Workers = EVERY_PROCESSOR
    memory_mb: int = 2000  # all of this machine's workers together


@dataclass(frozen=True)
class FileResult:
    """What became of one file: its table, or the line that says why there is none."""

    path: RawFile
    table: pd.DataFrame | None
    problem: str = ""
    sha256: str = ""
    bytes: int = 0


@dataclass(frozen=True)
class Reduced:
    """The table (event_time, symbol, fields, known_at where the files have it), and the files in the order of their names."""

    table: pd.DataFrame
    files: tuple[FileResult, ...]

    @property
    def broken(self) -> tuple[FileResult, ...]:
        return tuple(one for one in self.files if one.table is None)


def reduce_files(asked: Reduction, progress: Step | None = None) -> Reduced:
    """Reduce all files. SourceError when none of them could be read (it names the first reason)."""
    kind = kind_of(asked.kind)
    options = kind.set(asked.options)
    files = find_files(asked.paths, kind)
    results: dict[RawFile, FileResult] = {}
    for done, result in enumerate(_run(asked, files, options), start=1):
        results[result.path] = result
        if progress:
            progress(result.path.name, done, len(files))
    ordered = tuple(results[path] for path in files)
    tables = [one.table for one in ordered if one.table is not None]
    if not tables:
        raise SourceError(f"{len(files)} files of {asked.kind}", f"none could be read; the first: {ordered[0].problem}", "check the kind and its options")
    return Reduced(kind.join(tables, options), ordered)


def find_files(paths: Sequence[Path | str], kind: Kind) -> list[RawFile]:
    """The files named, and those in the folders named whose ending fits the kind, sorted by name; not a download's own records. SourceError where there
    is none."""
    found: list[RawFile] = []
    for path in paths:
        if isinstance(path, str):
            found += files_under(path, kind.endings)
        elif path.is_dir():
            found += [file for file in path.rglob("*") if file.is_file() and file.name.endswith(kind.endings) and not file.name.startswith(".")]
        elif path.exists():
            found.append(path)
        else:
            raise SourceError(str(path), "no such file or folder", "check the path")
    if not any(file.name != RECORDS for file in found):
        raise SourceError(", ".join(map(str, paths)), "no files in it", f"this kind reads {', '.join(kind.endings)}")
    return sorted({file for file in found if file.name != RECORDS}, key=lambda file: (file.name, str(file)))


def _run(asked: Reduction, files: Sequence[RawFile], options: object) -> Iterator[FileResult]:
    count = asked.workers.count(len(files))
    limits = Limits(max(1, processors() // count), max(200, asked.memory_mb // count))
    work = partial(reduce_one, kind=asked.kind, options=options, limits=limits)
    for at, result in each(work, files, asked.workers):
        yield result or FileResult(files[at], None, "the process that read it was killed (out of memory?); give fewer --workers")


def reduce_one(path: RawFile, kind: str, options: object, limits: Limits) -> FileResult:
    """One file. What is wrong with it becomes the result's `problem`."""
    try:
        with nullcontext(path) if isinstance(path, Path) else path.copy() as file, parsing(file, kind):
            return FileResult(path, kind_of(kind).one(file, options, limits), sha256=hash_file(file), bytes=file.stat().st_size)
    except (FlowbtError, OSError) as error:
        return FileResult(path, None, str(error))


def store(asked: Reduction, reduced: Reduced, name: str, root: Path, arrival: Arrival | None = None) -> dict[str, int]:
    """Store what was reduced into the dataset, as a new version; returns what changed (rows: new, equal, revised).

    What earlier files brought stays, unless all of them are given again or `arrival` says replace. Its `dataset.toml` is kept where there is one, else
    made from the kind. DatasetError where the two do not fit; RefusedImport where rows of earlier files would change and none of them was corrected.
    """
    with writing_alone(root, name):
        return _store(asked, reduced, name, root, arrival or Arrival())


def _store(asked: Reduction, reduced: Reduced, name: str, root: Path, arrival: Arrival) -> dict[str, int]:
    declaration = declaration_of(asked, reduced.table, name, root)
    strange = [column for column in reduced.table.columns if column not in KEYS and column not in declaration.fields]
    if strange:
        raise DatasetError(f"dataset {name}", f"its dataset.toml does not declare {', '.join(strange)}", "choose another name with --to, or declare them")
    files: list[FileRecord] = [
        {"name": one.path.name, "sha256": one.sha256, "bytes": one.bytes, "rows": len(one.table)} for one in reduced.files if one.table is not None
    ]
    before = None if arrival.replace else stored_version(root / name)
    kept = before.provenance if before and not _given_again(before.provenance, files) else {}
    if kept:
        _same_terms(name, kept, asked)
    state = _into(before, reduced.table, declaration, arrival, files) if before and kept else Grown(reduced.table, {"new": len(reduced.table)})
    if kept and not any(count for kind, count in state.change.items() if kind != "equal"):
        return state.change
    held = {str(file["sha256"]) for file in kept.get("files", ())}
    findings: list[FindingRecord] = [{"kind": "broken", "reason": one.problem, "file": one.path.name, "action": "left out"} for one in reduced.broken]
    provenance: Provenance = {
        "files": [*kept.get("files", ()), *(one for one in files if one["sha256"] not in held)],
        "reduced": {"kind": asked.kind, **asked.options},
        "findings": [*kept.get("findings", ()), *findings, *as_records(state.findings, declaration)],
        "revised": REVISED in state.frame,
        "change": state.change,
    }
    provenance["finding_counts"] = dict(Counter(one["kind"] for one in provenance["findings"]))
    write_dataset(root, declaration, place(state.frame, declaration), provenance)
    return state.change


def _given_again(kept: Provenance, files: Sequence[FileRecord]) -> bool:
    """Whether every file that a dataset's rows come from is among these, so that nothing is lost by beginning again."""
    return not kept.get("revised") and {file["sha256"] for file in kept.get("files", ())} <= {file["sha256"] for file in files}


def _same_terms(name: str, kept: Provenance, asked: Reduction) -> None:
    terms, now = kept.get("reduced"), {"kind": asked.kind, **asked.options}
    if terms is not None and terms != now:
        words = ", ".join(f"{key}={value}" for key, value in terms.items())
        raise RefusedImport(f"dataset {name}", f"its earlier files were reduced with {words}", "give all its files, or say --replace to begin again from these")


def _into(before: Version, table: pd.DataFrame, declaration: Dataset, arrival: Arrival, files: Sequence[FileRecord]) -> Grown:
    """The rows that are there with the new ones. What differs is a revision where a file of the same name was corrected, else half of a bar: refused."""
    state = grown(before, Assembled(table, [], [], []), declaration, arrival)
    held = {file["name"]: file["sha256"] for file in before.provenance.get("files", ())}
    corrected = any(held.get(file["name"], file["sha256"]) != file["sha256"] for file in files)
    if state.change.get("revised") and not corrected:
        first = state.findings[0].line()
        found = f"{state.change['revised']} rows are there already with other values ({first})"
        raise RefusedImport(f"dataset {declaration.name}", found, "reduce all its files together, or say --replace to begin again from these")
    return state


def declaration_of(asked: Reduction, table: pd.DataFrame, name: str, root: Path) -> Dataset:
    """The dataset's own declaration where it has one that does not show rows before they are final, else one made from the kind."""
    made = made_declaration(asked, table, name)
    if not (root / name / "dataset.toml").exists():
        return made
    declared = read_declaration(root / name)
    if (declared.clock, declared.frequency) != (made.clock, made.frequency):
        found = f"declared as {declared.clock} {declared.frequency}, reduced to {made.clock} {made.frequency}"
        raise DatasetError(f"dataset {name}", found, "choose another name with --to, or the step it has")
    if "column" not in (declared.publication.rule, made.publication.rule):
        shown, final = (place(table, one)["known_at"] for one in (declared, made))
        if (shown < final).any():
            first = table["event_time"][shown < final].iloc[0]
            found = f"its dataset.toml shows the row of {first} at {shown[shown < final].iloc[0]} UTC, it is final at {final[shown < final].iloc[0]}"
            raise DatasetError(f"dataset {name}", found, "mend its publication rule")
    return declared


def made_declaration(asked: Reduction, table: pd.DataFrame, name: str) -> Dataset:
    """A declaration from the kind, its options and the vocabulary of fields."""
    kind = kind_of(asked.kind)
    options = kind.set(asked.options)
    clock, step = kind.clock or options.clock, getattr(options, "step", "1d")
    final = getattr(options, "until", "")  # prints are summed up to then, so nothing is known before
    max_age = "1 session" if kind.frequency == "session" else f"{3 * Clock(ALWAYS, step).bar}"
    raw = {
        "title": kind.summary,
        "source": f"reduce {asked.kind}",
        "clock": clock,
        "frequency": kind.frequency if clock != ALWAYS else "day" if step == "1d" else step,
        "publication": {**kind.publication, "at": final} if final else dict(kind.publication),
        "fields": {one: {"units": FIELDS[one].units if one in FIELDS else "", "max_age": max_age} for one in table.columns if one not in KEYS},
    }
    return parse_declaration(name, raw)
