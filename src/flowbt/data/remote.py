"""Folders on object stores, worked on in a copy here and published whole.

    s3://bucket/key     gs://bucket/key     file:///folder     (`?region=...&endpoint_override=...&scheme=http` belong to the address)

The copy lies under FLOWBT_CACHE (~/.cache/flowbt where it is not set), a folder per address. `fetch` brings it up to date. `publish` sends what has changed
since: tables first, then the small files that speak of them, `current` last, deletions at the very end. Such stores replace one object at a time, each
whole: a reader finds the old version of a dataset or the new one, and what nothing points to yet is not seen.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypedDict
from urllib.parse import parse_qsl, urlsplit

from pyarrow import fs

from flowbt.ground.documents import read_json
from flowbt.ground.errors import Busy, StoreError
from flowbt.ground.files import WRITING, locked, move_into_place, write_json, writing
from flowbt.ground.home import cache_folder

SCHEMES = ("s3://", "gs://", "gcs://", "file://")
SYNCED = ".remote.json"  # what the copy held when it was last the same as the store: path -> marks there, marks here
POINTER = "current"  # of a dataset: what makes a version count
OPTIONS: dict[str, tuple[str, ...]] = {
    "file": (),
    "s3": ("endpoint_override", "region", "scheme"),
    "gs": ("endpoint_override", "scheme"),
    "gcs": ("endpoint_override", "scheme"),
}
PATIENCE = 10  # seconds until a store that does not answer is given up
Marks = list[int]  # size, time in ns


class Synced(TypedDict):
    """A file's marks on the store and here, when both were the same."""

    there: Marks
    here: Marks


def is_address(text: str) -> bool:
    """Whether a text names a place on an object store rather than a path."""
    return text.startswith(SCHEMES)


@dataclass(frozen=True)
class RemoteFolder:
    """A folder on a store, and its copy here. StoreError where the store does not answer or refuses."""

    address: str

    @cached_property
    def here(self) -> Path:
        """The copy's folder."""
        plain = self.address.split("?")[0].rstrip("/")
        return cache_folder() / f"{plain.rpartition('/')[2]}-{hashlib.sha256(self.address.encode()).hexdigest()[:12]}"

    @cached_property
    def _place(self) -> tuple[fs.FileSystem, str]:
        return filesystem(self.address)

    def fetch(self) -> Path:
        """The copy, as the store is now; what was changed here and not published yet stays. StoreError for what was changed here and there.

        Pointers are read before the list of what they point to: a version that is published meanwhile is seen whole or not yet.
        """
        system, root = self._place
        with locked(self.here / ".locks" / "remote.lock", f"the copy of {self.address}", wait=60.0), asking(self.address):
            synced, known = self._synced(), {}
            pointers = {path: info for path, info in listing(system, root).items() if posixpath.basename(path) == POINTER}
            for path, info in pointers.items():
                known[path] = self._renew(system, path, info, synced.get(path))
            for path, info in listing(system, root).items():
                if path not in pointers:
                    known[path] = self._renew(system, path, info, synced.get(path))
            for path in synced.keys() - known.keys():
                (self.here / path).unlink(missing_ok=True)
            write_json(self.here / SYNCED, {"address": self.address, "files": known})
        return self.here

    def _renew(self, system: fs.FileSystem, path: str, info: fs.FileInfo, known: Synced | None) -> Synced:
        """One file of the copy, downloaded where it is not what the store has; its marks."""
        file, there = inside_copy(self.here, path), _marks_there(info)
        touched = known is not None and file.exists() and _marks(file) != known["here"]
        if known is not None and known["there"] == there and (touched or file.exists()):
            return known
        if touched:
            raise StoreError(f"{path} of {self.address}", f"changed there, and in the copy {self.here} too", "move the copy's file away, and try again")
        download(system, info.path, file)
        return {"there": there, "here": _marks(file)}

    def publish(self) -> list[str]:
        """Send what has changed since the last `fetch` or `publish`; returns the paths, in the order in which they were sent.

        Busy where somebody else has moved a pointer that is to be moved: nothing is sent then.
        """
        system, root = self._place
        with locked(self.here / ".locks" / "remote.lock", f"the copy of {self.address}", wait=60.0), asking(self.address):
            synced = self._synced()
            files = {path.relative_to(self.here).as_posix(): path for path in self.here.rglob("*") if path.is_file() and not _private(path, self.here)}
            changed = sorted((path for path, file in files.items() if path not in synced or synced[path]["here"] != _marks(file)), key=_order)
            there = {path: _marks_there(info) for path, info in listing(system, root).items()}
            for path in changed:
                if posixpath.basename(path) == POINTER and there.get(path) != (synced[path]["there"] if path in synced else None):
                    raise Busy(f"{self.address}/{path}", "somebody else has changed it since it was read", "run the command again")
            for path in changed:
                upload(system, files[path], f"{root}/{path}")
                synced[path] = {"there": _marks_there(system.get_file_info(f"{root}/{path}")), "here": _marks(files[path])}
            gone = [path for path in synced if path not in files]
            for path in gone:
                if path in there:
                    system.delete_file(f"{root}/{path}")
                del synced[path]
            write_json(self.here / SYNCED, {"address": self.address, "files": synced})
        return changed + gone

    def _synced(self) -> dict[str, Synced]:
        try:
            found: dict[str, Synced] = read_json(self.here / SYNCED)["files"]
        except (OSError, ValueError, KeyError, TypeError):
            return {}
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True)
class RemoteFile:
    """A raw file on a store: read by whoever needs it, from a copy that is gone afterwards."""

    address: str
    bytes: int

    @property
    def name(self) -> str:
        return posixpath.basename(self.address.split("?")[0])

    @contextmanager
    def copy(self) -> Iterator[Path]:
        """The file, here, while it is needed."""
        system, path = filesystem(self.address)
        with TemporaryDirectory(prefix="flowbt-") as folder, asking(self.address):
            download(system, path, Path(folder) / self.name)
            yield Path(folder) / self.name

    def __str__(self) -> str:
        return self.address


def files_under(address: str, endings: tuple[str, ...]) -> list[RemoteFile]:
    """The file at an address, or those under it whose names end so, sorted."""
    system, root = filesystem(address)
    plain, _, query = address.partition("?")
    tail = f"?{query}" if query else ""
    with asking(address):
        if (info := system.get_file_info(root)).is_file:
            return [RemoteFile(address, info.size)]
        found = [one for one in listing(system, root).values() if one.path.endswith(endings) and not one.base_name.startswith(".")]
    return [RemoteFile(f"{plain.rstrip('/')}{one.path[len(root) :]}{tail}", one.size) for one in sorted(found, key=lambda one: one.path)]


def filesystem(address: str) -> tuple[fs.FileSystem, str]:
    """The store, and the path on it. Its keys and region come from the environment, as its own tools read them. StoreError for what is no address."""
    parts = urlsplit(address)
    known, options = OPTIONS.get(parts.scheme), dict(parse_qsl(parts.query))
    path = f"{parts.netloc}{parts.path}".rstrip("/")
    if known is None:
        raise StoreError(address, "no such kind of store", f"addresses begin with {', '.join(SCHEMES)}")
    if set(options) - set(known) or (parts.scheme == "file") == bool(parts.netloc) or not path.strip("/"):
        its = f"; its options are {', '.join(known)}" if known else ""
        raise StoreError(address, f"no address of a folder{its}", "for example s3://bucket/folder or file:///folder")
    return _system(parts.scheme, options), path


def _system(scheme: str, options: dict[str, str]) -> fs.FileSystem:
    if scheme == "file":
        return fs.LocalFileSystem()
    if scheme == "s3":
        where = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
        patience = {"connect_timeout": PATIENCE, "request_timeout": 6 * PATIENCE, "retry_strategy": fs.AwsStandardS3RetryStrategy(max_attempts=3)}
        return fs.S3FileSystem(**{"region": where, **options, **patience})
    return fs.GcsFileSystem(**options, retry_time_limit=timedelta(seconds=PATIENCE))


def listing(system: fs.FileSystem, root: str) -> dict[str, fs.FileInfo]:
    """Every file under a folder, deeper folders too, by its path from there; none where the folder is not there yet."""
    found = system.get_file_info(fs.FileSelector(root, allow_not_found=True, recursive=True))
    return {one.path[len(root) + 1 :]: one for one in found if one.is_file and WRITING not in one.base_name}


def address_of(folder: Path) -> str | None:
    """The address a folder is the copy of; None for any other folder."""
    try:
        found = read_json(folder / SYNCED)["address"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, str) else None


def local_folder(name: str) -> Path:
    """A folder by its path, or the copy of one by its address, brought up to date."""
    return RemoteFolder(name).fetch() if is_address(name) else Path(name)


def download(system: fs.FileSystem, source: str, target: Path) -> None:
    """One file from the store, whole or not there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with writing(target) as temporary, system.open_input_stream(source) as reader, temporary.open("wb") as writer:
        while chunk := reader.read(1 << 22):
            writer.write(chunk)


def upload(system: fs.FileSystem, source: Path, target: str) -> None:
    """One file to the store. What is there under this name stays until the new one is whole (file systems get it by a rename)."""
    local = isinstance(system, fs.LocalFileSystem)
    if local:
        Path(target).parent.mkdir(parents=True, exist_ok=True)
    name = f"{posixpath.dirname(target)}/{WRITING}{posixpath.basename(target)}.{os.getpid()}" if local else target
    with source.open("rb") as reader, system.open_output_stream(name) as writer:
        while chunk := reader.read(1 << 22):
            writer.write(chunk)
    if local:
        move_into_place(Path(name), Path(target))


@contextmanager
def asking(address: str) -> Iterator[None]:
    """Inside, a store is asked: what it refuses is one line."""
    try:
        yield
    except OSError as error:
        raise StoreError(address, _first(error), "is the address right, the store up, and are its keys in the environment?") from None


def inside_copy(folder: Path, path: str) -> Path:
    """A path of the store under the copy's folder. StoreError for one that would leave it."""
    if path.startswith("/") or any(part in ("", ".", "..") for part in path.split("/")) or "\\" in path:
        raise StoreError(f"object {path[:80]!r}", "its name leaves the folder", "rename it on the store")
    return folder / path


def _marks_there(info: fs.FileInfo) -> Marks:
    return [int(info.size), int(info.mtime_ns or 0)]


def _marks(file: Path) -> Marks:
    stat = file.stat()
    return [stat.st_size, stat.st_mtime_ns]


def _order(path: str) -> tuple[int, str]:
    name = posixpath.basename(path)
    return (2 if name == POINTER else 1 if name.endswith((".json", ".toml")) else 0), path


def _private(path: Path, root: Path) -> bool:
    """What belongs to this machine: locks, scratch, workspaces of acts that go on, what was checked here."""
    parts = path.relative_to(root).parts
    return path.name == "checked.json" or any(part.startswith(".") or part.endswith(".working") for part in parts)


def _first(error: BaseException) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__
