"""How datasets are stored: immutable versions, one of which is current.

    <root>/<name>/dataset.toml                 the declaration, by hand; it is read live
    <root>/<name>/current                      the name of the version that counts, replaced by one rename
    <root>/<name>/versions/<version>/          data.parquet, provenance.json, dataset.toml (as it was at the import)
    <root>/<name>/checked.json                 what was found whole: size, times and inode of each version's table

A version is named by the hash of its provenance, which has the hashes of the other two files, so nothing in it can change unseen. A table's own
hash is taken when it is first opened, and again whenever its size, times or inode are not those that were checked.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from flowbt.data.declare import Dataset
from flowbt.data.provenance import FieldSpans, Provenance, VersionLine
from flowbt.ground.documents import parse_json, read_json
from flowbt.ground.errors import DatasetError, SpoiltDataset
from flowbt.ground.files import abandoned, hash_file, hash_text, locked, move_into_place, read_text, remove, scratch_folder, write_json, write_text

KEYS = ["event_time", "known_at", "symbol"]
REVISED = "revised_at"  # of a row that replaces an earlier one: when the change became known; missing in the rows of the first import
CURRENT, VERSIONS, CHECKED = "current", "versions", "checked.json"
DATA, PROVENANCE, DECLARATION = "data.parquet", "provenance.json", "dataset.toml"
MEND = "import it again, or go back with `flowbt data restore`"
GROUP = 65_536  # rows of a row group: what a reader of a few symbols has to unpack around them
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")
_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Version:
    """One stored version of a dataset, its small files read and found whole."""

    folder: Path
    provenance: Provenance

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def home(self) -> Path:
        """The dataset's folder."""
        return self.folder.parent.parent

    @cached_property
    def handle(self) -> pa.NativeFile:
        """The table's file, open: from then on it can be read whatever becomes of its name. OSError where it is not there."""
        return pa.OSFile(str(self.folder / DATA))

    @cached_property
    def file(self) -> pa.NativeFile:
        """The table's file, open, and found to be what was stored; SpoiltDataset when it is not."""
        try:
            file = self.handle
            marks = _marks(file.fileno())
            if _checked(self.home).get(self.id) != marks:
                file.seek(0)
                if hashlib.file_digest(file, "sha256").hexdigest() != self.provenance["sha256"][DATA]:
                    raise self.spoilt(f"{DATA} is not the file that was stored ({marks[0]:,} bytes)")
                _remember(self.home, self.id, marks)
        except OSError as error:
            raise self.spoilt(f"{DATA} cannot be read ({error.strerror or error})") from None
        return file

    @cached_property
    def parquet(self) -> pq.ParquetFile:
        """The table's file with its row groups, which follow the symbols."""
        with self.reading():
            return pq.ParquetFile(self.file, read_dictionary=["symbol"])

    @cached_property
    def ranges(self) -> list[tuple[str, str]]:
        """The first and last symbol of each row group, as the file says."""
        with self.reading():
            about = self.parquet.metadata
            at = about.schema.names.index("symbol")
            told = [about.row_group(n).column(at).statistics for n in range(about.num_row_groups)]
        return [(one.min, one.max) if one is not None and one.has_min_max else ("", "\U0010ffff") for one in told]

    @contextmanager
    def reading(self) -> Iterator[None]:
        """What the file does not give becomes SpoiltDataset."""
        try:
            yield
        except (OSError, pa.ArrowInvalid) as error:
            raise self.spoilt(f"{DATA} cannot be read ({str(error).splitlines()[0]})") from None

    def table(self, columns: Iterable[str] | None = None, symbols: Iterable[str] | None = None) -> pa.Table:
        """Columns of the stored table (all by default), all rows or those of some symbols."""
        chosen = None if symbols is None else [("symbol", "in", list(symbols))]
        with self.reading():
            return pq.read_table(self.file, columns=None if columns is None else list(columns), filters=chosen, read_dictionary=["symbol"])

    def frame(self) -> pd.DataFrame:
        """The whole stored table, its symbols as strings."""
        frame: pd.DataFrame = self.table().to_pandas()
        return frame.assign(symbol=frame["symbol"].astype("str"))

    def spoilt(self, reason: str) -> SpoiltDataset:
        return SpoiltDataset(f"dataset {self.home.name}", reason, MEND)

    def __getstate__(self) -> dict[str, object]:
        return {"folder": self.folder, "provenance": self.provenance}


def current(folder: Path) -> Version | None:
    """The version of a dataset's folder that counts; None where nothing is imported. SpoiltDataset when it is not what was stored."""
    try:
        name = read_text(folder / CURRENT).strip()
    except FileNotFoundError:
        if (folder / DATA).exists():
            raise SpoiltDataset(f"dataset {folder.name}", "stored by an older flowbt", "import it again") from None
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise SpoiltDataset(f"dataset {folder.name}", f"{folder / CURRENT} cannot be read ({error})", MEND) from None
    return open_version(folder, name)


def open_version(folder: Path, name: str) -> Version:
    """A version by its full name. SpoiltDataset when it is not there, or not what was stored."""
    if not _ID.fullmatch(name):
        raise SpoiltDataset(f"dataset {folder.name}", f"its current version is {name[:40]!r}, which is no name of one", MEND)
    home = folder / VERSIONS / name
    try:
        text = read_text(home / PROVENANCE)
        if hash_text(text)[:16] != name:
            raise SpoiltDataset(f"dataset {folder.name}", f"{PROVENANCE} of version {name} is not the file that was stored", MEND)
        version = Version(home, parse_json(text))
        size = (home / DATA).stat().st_size
    except (OSError, UnicodeDecodeError) as error:
        reason = f"version {name} cannot be read ({getattr(error, 'strerror', None) or error})"
        raise SpoiltDataset(f"dataset {folder.name}", reason, MEND) from None
    if size != version.provenance["data_bytes"]:
        raise version.spoilt(f"{DATA} has {size:,} bytes where {version.provenance['data_bytes']:,} were stored")
    return version


def versions_of(folder: Path) -> list[Version]:
    """Every whole version of a dataset, the newest first."""
    found = []
    for path in (folder / VERSIONS).glob("*"):
        with suppress(SpoiltDataset):
            found.append(open_version(folder, path.name))
    return sorted(found, key=lambda version: (str(version.provenance.get("stored", "")), len(version.provenance.get("history", ()))), reverse=True)


def held_by(folder: Path) -> dict[str, set[str]]:
    """Fields and their symbols in any version whose provenance is whole: what a dataset that cannot be read any more holds, as far as can be told."""
    held: dict[str, set[str]] = {}
    there: list[Path] = []
    with suppress(OSError):  # or it may not be looked into
        there = list((folder / VERSIONS).iterdir())
    for path in there:
        with suppress(OSError, ValueError):
            text = read_text(path / PROVENANCE)
            for name, symbols in parse_json(text)["fields"].items() if hash_text(text)[:16] == path.name else ():
                held.setdefault(name, set()).update(symbols)
    return held


def write_dataset(root: Path, declaration: Dataset, table: pd.DataFrame, provenance: Provenance) -> None:
    """Store a table as a new version under `root/<name>/` and make it the current one.

    `table` has KEYS and the declared fields (and REVISED, where rows were revised); it is sorted here. `provenance` is completed with rows, span,
    fields, hashes and the history of the versions before. The live declaration is written only where the folder has none.
    """
    folder = root / declaration.name
    try:
        (folder / VERSIONS).mkdir(parents=True, exist_ok=True)
        table = table.sort_values(["symbol", "known_at", "event_time"], kind="stable", ignore_index=True)
        version = _write_version(folder, declaration, table, {**provenance, "history": _history(folder)})
        if not (folder / DECLARATION).exists():
            write_text(folder / DECLARATION, declaration_toml(declaration))
        point(folder, version)
    except OSError as error:
        do = "choose another folder with --datasets or FLOWBT_DATASETS"
        raise DatasetError(f"dataset {declaration.name}", f"cannot write to {folder} ({error.strerror})", do) from None


def writing_alone(root: Path, name: str) -> AbstractContextManager[None]:
    """The right to change a dataset, for one process at a time; a second one waits a minute, then it is Busy. DatasetError for what is no name."""
    return locked(root / ".locks" / f"{dataset_name(name)}.lock", f"dataset {name}", wait=60.0)


def dataset_name(name: str) -> str:
    """The name, if it can be one; DatasetError for anything else: it is a folder."""
    if not NAME.fullmatch(name):
        near = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")
        raise DatasetError(f"dataset name {name[:60]!r}", "not letters, digits, - and _", f"call it {near}" if near else "give another name")
    return name


def point(folder: Path, version: str) -> None:
    """Make a version the current one, by one rename."""
    write_text(folder / CURRENT, version + "\n")


def _write_version(folder: Path, declaration: Dataset, table: pd.DataFrame, provenance: Provenance) -> str:
    with scratch_folder(folder / VERSIONS / "version") as scratch:
        arrow = pa.Table.from_pandas(table, preserve_index=False)
        arrow = arrow.set_column(arrow.schema.get_field_index("symbol"), "symbol", arrow["symbol"].cast(pa.string()))
        numbers = [column.name for column in arrow.schema if pa.types.is_floating(column.type)]  # hardly ever the same twice: a dictionary of them is of no use
        others = [name for name in arrow.column_names if name not in numbers]
        pq.write_table(arrow, scratch / DATA, compression="zstd", row_group_size=GROUP, use_dictionary=others, use_byte_stream_split=numbers)
        (scratch / DECLARATION).write_text(declaration_toml(declaration), encoding="utf-8")
        complete: Provenance = {**provenance, **describe(table)}
        complete["publication"], complete["clock"] = declaration.publication.model_dump(mode="json"), declaration.clock  # the rule its rows were placed by
        complete["data_bytes"], complete["stored"] = (scratch / DATA).stat().st_size, datetime.now(UTC).isoformat()
        complete["sha256"] = {name: hash_file(scratch / name) for name in (DATA, DECLARATION)}
        (scratch / PROVENANCE).write_text(json.dumps(complete, indent=1, sort_keys=True, ensure_ascii=False), encoding="utf-8")
        name = hash_file(scratch / PROVENANCE)[:16]
        move_into_place(scratch, folder / VERSIONS / name)
    _remember(folder, name, _marks(folder / VERSIONS / name / DATA))
    return name


def _history(folder: Path) -> list[VersionLine]:
    """What a new version says of those before it: a line each, the oldest first."""
    try:
        before = current(folder)
    except SpoiltDataset:
        return []
    return [*before.provenance.get("history", []), line_of(before)] if before else []


def line_of(version: Version) -> VersionLine:
    """A version in short: when it was stored, from which files, what it changed."""
    record = version.provenance
    files = [file["name"] for file in record.get("files", [])]
    return {"version": version.id, "stored": record.get("stored", ""), "rows": record["rows"], "files": files, "change": record.get("change", {})}


def discard(folder: Path, keep: Iterable[str]) -> list[Path]:
    """Delete the versions of a dataset that are not in `keep`, and what dead writers and an older flowbt left. Returns what was deleted."""
    kept = set(keep)
    doomed = [path for path in (folder / VERSIONS).glob("*") if path.name not in kept and not path.name.startswith(".")]
    doomed += [path for place in (folder, folder / VERSIONS) for path in place.glob(".writing-*") if abandoned(path)]
    if kept:
        doomed += [path for path in (folder / DATA, folder / PROVENANCE) if path.exists()]
    for path in doomed:
        remove(path)
    return sorted(doomed)


def describe(table: pd.DataFrame) -> Provenance:
    """Rows, span, content hash and, per field and symbol, [first, last, rows] of the values that are there."""
    spans: FieldSpans = {}
    for name in table.columns.difference([*KEYS, REVISED]):
        there = table.loc[table[name].notna(), ["symbol", "event_time"]]
        grouped = there.groupby("symbol", observed=True)["event_time"].agg(["min", "max", "size"])
        spans[name] = {str(row[0]): (_stamp(row[1]), _stamp(row[2]), int(row[3])) for row in grouped.itertuples()}
    digest = hashlib.sha256(pd.util.hash_pandas_object(table, index=False).to_numpy().tobytes())
    digest.update(",".join(map(str, table.columns)).encode())
    times = table["event_time"]
    span = [_stamp(times.min()), _stamp(times.max())] if len(table) else []
    return {"rows": len(table), "span": span, "fields": spans, "data_hash": digest.hexdigest()[:16]}


def declaration_toml(declaration: Dataset) -> str:
    """The declaration as TOML text; what has its default is left out."""
    import tomlkit  # late: a tenth of a second, and only writers need it

    return tomlkit.dumps(declaration.model_dump(exclude={"name"}, exclude_defaults=True))


def _stamp(time: pd.Timestamp) -> str:
    return time.strftime("%Y-%m-%d") if time == time.normalize() else time.strftime("%Y-%m-%dT%H:%M:%S")


def _marks(file: Path | int) -> list[int]:
    stat = os.stat(file)
    return [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino]


def _checked(folder: Path) -> dict[str, object]:
    with suppress(OSError, ValueError):
        marks = read_json(folder / CHECKED)
        return marks if isinstance(marks, dict) else {}
    return {}


def _remember(folder: Path, version: str, marks: list[int]) -> None:
    there = {name for name in os.listdir(folder / VERSIONS) if _ID.fullmatch(name)}
    with suppress(OSError):  # a folder that may not be written is checked each time
        write_json(folder / CHECKED, {**{name: mark for name, mark in _checked(folder).items() if name in there}, version: marks})
