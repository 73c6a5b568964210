"""The results folder seen through its small files only: list, find, remove, tag, note. Imports nothing heavy.

results/<strategy>/<run id>/summary.json is all that a listing reads; `marks.json` beside it holds the user's tags and note.
"""

from __future__ import annotations

import errno
import gc
import hashlib
import os
import re
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from flowbt.ground.documents import dumps, parse_json, unsealed
from flowbt.ground.errors import RunNotFound, StoreError, nearest
from flowbt.ground.files import WRITING, abandoned, locked, read_bytes, real, temporary_of, write_text
from flowbt.ground.files import remove as delete
from flowbt.ground.types import Json

if TYPE_CHECKING:
    from flowbt.evidence.belief import BeliefTold
    from flowbt.results.manifest import Summary

SUMMARY, MARKS, MARKING = "summary.json", "marks.json", ".marks.lock"
BELIEFS = "beliefs.js"  # of a strategy: run id -> what it may be believed, as a script that pages can load from disk, several on one page
PREFIX, SUFFIX = "window.flowbtBeliefs=Object.assign(window.flowbtBeliefs||{},", ");"
STUDIES = ("sweep", "walkforward")
RUN_ID = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True)
class StoredRun:
    """One stored run: its folder, its summary (see `store.summary_of`), its tags and its note."""

    path: Path
    summary: Summary
    tags: tuple[str, ...] = ()
    note: str = ""
    belief: BeliefTold | None = None  # `Belief.to_dict()`; None: stored before runs were judged

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def strategy(self) -> str:
        return str(self.summary["strategy"])

    def as_dict(self) -> dict[str, object]:
        return {**self.summary, "path": self.path.as_posix(), "tags": list(self.tags), "note": self.note, "belief": self.belief}


class StoredStudy(NamedTuple):
    """A stored sweep or walk-forward: its folder, kind, strategy, when it was made, how many trials."""

    path: Path
    kind: str
    strategy: str
    created: str
    trials: int

    @property
    def id(self) -> str:
        return self.path.name


class Listing(NamedTuple):
    """The runs of a folder, newest first, and in words what could not be read there."""

    entries: list[StoredRun]
    broken: list[str]


def slug(name: str) -> str:
    """A strategy's folder name: letters, digits, `_`, `-`, `.`; never empty, never a way out of the folder. A name that is not kept as it is has its own
    digits at the end, so that no two names share a folder."""
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "_", name).strip("._-")[:80] or "strategy"
    return plain if plain == name else f"{plain[:73]}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:6]}"


def listing(root: Path) -> Listing:
    """Every stored run under `root`. A missing folder is an empty listing; a broken run is named and skipped."""
    found = Listing([], [])
    with _uncollected():
        for folder, names in _run_folders(root, found.broken):
            believed = beliefs_in(folder)
            for name in names:
                _list_one(folder / name, believed, found)
        found.entries.sort(key=lambda entry: (str(entry.summary.get("created", "")), entry.id), reverse=True)
    return found


def _list_one(path: Path, believed: Mapping[str, BeliefTold], found: Listing) -> None:
    if path.name.startswith(WRITING):
        if abandoned(path):
            found.broken.append(f"{path}: half-written, its writer is gone; delete it")
        return
    try:
        marks = _marks(path)
        found.entries.append(_entry(path, believed, marks))
        if marks is None:
            found.broken.append(f"{path}: {MARKS} is broken: its tags and note are passed over")
    except (OSError, ValueError, KeyError, TypeError) as problem:
        found.broken.append(f"{path}: {_reason(problem)}")


@contextmanager
def _uncollected() -> Iterator[None]:
    """No garbage collection inside: of thousands of documents that all stay it finds nothing, and takes as long as reading them."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def find(root: Path, name: str) -> StoredRun:
    """The run that `name` names: a run's folder, a run id or the start of one, `strategy/id`, a strategy or a tag (the newest run), or the start of a
    strategy's name that no other begins with."""
    found = listing(root)
    entries = found.entries
    wanted = name.strip().rstrip("/")
    folder = Path(wanted)
    by_path = [entry for entry in entries if folder.is_dir() and real(entry.path) == real(folder)]
    strategy, _, start = wanted.rpartition("/")
    by_id = [entry for entry in entries if start and entry.id.startswith(start) and strategy in ("", entry.path.parent.name, entry.strategy)]
    newest = [entry for entry in entries if wanted in (entry.strategy, entry.path.parent.name)][:1]
    tagged = [entry for entry in entries if wanted in entry.tags][:1]
    begun = {entry.strategy: entry for entry in reversed(entries) if wanted and entry.strategy.startswith(wanted)}
    matches = by_path or newest or tagged or by_id or list(begun.values())
    if len(matches) > 1 and matches[0].strategy != matches[1].strategy and not by_id:
        raise RunNotFound(f"run {name!r}", f"{len(matches)} strategies begin so: {', '.join(sorted(begun)[:4])}", "give more letters")
    if len(matches) > 1:
        raise RunNotFound(f"run {name!r}", f"{len(matches)} runs begin so: {', '.join(entry.id for entry in matches[:4])}", "give more digits")
    if not matches:
        close = nearest(wanted, {entry.strategy for entry in entries} | {entry.id for entry in entries})
        raise RunNotFound(f"run {name!r}", f"not among the {len(entries)} runs in {root}", close or "see flowbt results ls")
    if not (by_path or by_id):  # "the newest": of those that are whole
        for line in found.broken:
            if Path(line.partition(": ")[0]).parent == matches[0].path.parent:
                warnings.warn(f"{line}; the newest run that is whole is taken", RuntimeWarning, stacklevel=2)
    return matches[0]


def studies(root: Path) -> list[StoredStudy]:
    """The finished sweeps and walk-forwards under `root`, newest first; a broken one is passed over."""
    found = []
    for kind in STUDIES:
        for path in Path(root).glob(f"[!._]*/{kind}-*/{kind}.json"):
            try:
                document = unsealed(read_bytes(path))
                found.append(StoredStudy(path.parent, kind, str(document["strategy"]), str(document["created"]), int(document.get("trials") or 0)))
            except (OSError, ValueError, KeyError, TypeError) as problem:
                pass_over(path, problem)
    return sorted(found, key=lambda one: (one.created, one.path.name), reverse=True)


def find_any(root: Path, name: str) -> StoredRun | StoredStudy:
    """The run (see `find`), sweep or walk-forward that `name` names: its folder, `sweep-1f2e`, `strategy/sweep-1f2e`, or its digits where no run has them."""
    wanted = name.strip().rstrip("/")
    folder, (strategy, _, start) = Path(wanted), wanted.rpartition("/")
    every = studies(root)
    matches = [one for one in every if folder.is_dir() and real(one.path) == real(folder)]
    matches = matches or [one for one in every if start.startswith(STUDIES) and one.path.name.startswith(start) and strategy in ("", one.path.parent.name)]
    if not matches:
        try:
            return find(root, name)
        except RunNotFound:
            matches = [one for one in every if start and one.path.name.partition("-")[2].startswith(start)]
            if not matches:
                raise
    if len(matches) > 1:
        names = ", ".join(f"{one.path.parent.name}/{one.path.name}" for one in matches[:4])
        raise RunNotFound(f"result {name!r}", f"{len(matches)} begin so: {names}", "give more digits")
    return matches[0]


def remove(entry: StoredRun | StoredStudy) -> None:
    """Delete one run, sweep or walk-forward. The folder is renamed first, so that nothing half-deleted is ever listed as whole."""
    gone = temporary_of(entry.path)
    with storing(entry.path, "remove"):
        try:
            entry.path.rename(gone)
            delete(gone)
        except FileNotFoundError:
            if not gone.exists():
                raise RunNotFound(f"remove {entry.path}", "it is not there any more", "somebody else has just removed it") from None
            raise
        finally:  # Ctrl-C in the middle: it is on its way out, and leaves nothing behind
            shutil.rmtree(gone, ignore_errors=True)
        entry.path.with_name(f".{entry.path.name}.lock").unlink(missing_ok=True)
    with suppress(OSError):  # somebody has just stored another one
        if {path.name for path in entry.path.parent.iterdir()} <= {BELIEFS}:
            (entry.path.parent / BELIEFS).unlink(missing_ok=True)
            entry.path.parent.rmdir()


def mark(root: Path, name: str, change: Callable[[list[str], str], tuple[list[str], str]]) -> StoredRun:
    """Change a run's (tags, note) with `change`; returns the run as it now is."""
    with storing(root, "write tags and notes in"), locked(Path(root) / MARKING, f"tags and notes in {root}", wait=30.0):
        entry = find(root, name)
        tags, note = change(list(entry.tags), entry.note)
        write_text(entry.path / MARKS, dumps({"tags": sorted(set(tags)), "note": note}))
    return _entry(entry.path, beliefs_in(entry.path.parent), _marks(entry.path))


def check_usable(root: Path) -> None:
    """StoreError where results cannot be written under `root`, which need not be there yet: asked before anything is worked out, counted or written."""
    with storing(root, "write results in"):
        home = Path(root).absolute()
        while not os.path.lexists(home):
            home = home.parent
        if not home.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "not a folder")
        if not os.access(home, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, "permission denied")


def pass_over(path: Path, problem: object) -> None:
    """Say that a stored file is left out, since it is not what was stored; the rest goes on."""
    warnings.warn(f"{path} is passed over: {' '.join(str(problem).split())[:160] or type(problem).__name__}", RuntimeWarning, stacklevel=3)


@contextmanager
def derived(path: Path) -> Iterator[None]:
    """Inside, something is made of what is stored already (an index, a page): that it cannot be fails nothing, and is a warning."""
    try:
        yield
    except (StoreError, OSError) as problem:
        warnings.warn(f"{path} is not renewed ({problem}); what was asked is done and stored", RuntimeWarning, stacklevel=3)


@contextmanager
def storing(path: Path, verb: str) -> Iterator[None]:
    """Turn the operating system's refusals into one clear line."""
    try:
        yield
    except OSError as problem:
        do = "check the folder's permissions and free space, or give another with --results"
        raise StoreError(f"{verb} {path}", problem.strerror or str(problem), do) from None


def _run_folders(root: Path, shut: list[str]) -> Iterator[tuple[Path, list[str]]]:
    """Each strategy's folder, and the names of the runs in it, whole or being written; `shut` gets a line for each that cannot be looked into."""
    try:
        strategies = [item for item in os.scandir(root) if not item.name.startswith(("_", ".")) and _is_folder(item)]
    except FileNotFoundError:
        return
    except OSError as problem:
        raise StoreError(f"results folder {root}", problem.strerror or str(problem), "give another with --results") from None
    for strategy in sorted(strategies, key=lambda item: item.name):
        try:
            items = list(os.scandir(strategy.path))
        except FileNotFoundError:  # gone meanwhile
            continue
        except OSError as problem:
            shut.append(f"{strategy.path}: {problem.strerror or problem}: its runs cannot be read")
            continue
        yield Path(strategy.path), sorted(item.name for item in items if (RUN_ID.fullmatch(item.name) or item.name.startswith(WRITING)) and _is_folder(item))


def _is_folder(item: os.DirEntry[str]) -> bool:
    """Whether it is a folder; a link that leads in a circle is none."""
    try:
        return item.is_dir()
    except OSError:
        return False


def beliefs_in(folder: Path) -> dict[str, BeliefTold]:
    """What the runs of a strategy's folder may be believed, by run id (see `belief.renew`); empty where it was never written or is damaged."""
    try:
        found = unsealed(read_bytes(folder / BELIEFS).removeprefix(PREFIX.encode()).rstrip().removesuffix(SUFFIX.encode()))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _entry(path: Path, believed: Mapping[str, BeliefTold], marks: Json | None) -> StoredRun:
    summary: Summary = unsealed(read_bytes(f"{path}/{SUMMARY}"))  # a text: there are thousands, and `Path` takes as long as the disk
    if summary["id"] != path.name or not isinstance(summary["strategy"], str):
        raise ValueError("its summary is about another run")
    if not all(isinstance(summary.get(name) or {}, dict) for name in ("measures", "parameters")):
        raise ValueError("its measures or parameters are no table")
    tags, note, belief = (marks or {}).get("tags", ()), (marks or {}).get("note", ""), believed.get(path.name)
    return StoredRun(path, summary, tuple(tags), str(note), belief if isinstance(belief, dict) else None)


def _marks(path: Path) -> dict[str, object] | None:
    """Tags and note of a run; empty where nothing was marked, None where they cannot be read."""
    try:
        marks = parse_json(read_bytes(f"{path}/{MARKS}"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        return None
    tags = marks.get("tags", []) if isinstance(marks, dict) else None
    return marks if isinstance(tags, list) and all(isinstance(tag, str) for tag in tags) else None


def _reason(problem: Exception) -> str:
    if isinstance(problem, OSError):
        return f"{problem.strerror or problem} ({Path(problem.filename or SUMMARY).name})"
    return f"{SUMMARY} lacks {problem}" if isinstance(problem, KeyError) else f"{SUMMARY} is broken: {problem}"
