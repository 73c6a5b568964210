"""The ledger: every trial ever run. The deflated Sharpe ratio reads its N from here.

`ledger/<market>/<strategy>/<shape>/` (`market`: real or demo; `shape`: of the strategy's file) holds small Parquet files: `key` (uint64, equal for equal
decisions on the same symbols and bars under the same costs and account) and `sharpe` (per bar, NaN where there was none). It lies beside the results,
not in them, or where FLOWBT_LEDGER says. Files are written whole and never changed; each name ends in its number of trials, so that a damaged one still
counts. A name is read with every other name that is the same search: files of the same shape, or decisions that are mostly the same.

All shapes under one name are one search, even where they decide nothing alike: an edit changes the shape, and whoever edits until it works has searched. What
is a new idea and what the next try cannot be told from the files; a search hidden is worse than a bar too high, and a name of its own lowers that bar.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from flowbt.evidence.sharpe import expected_maximum
from flowbt.ground.documents import dumps
from flowbt.ground.files import writing
from flowbt.ground.types import JsonView
from flowbt.results.shelf import pass_over, slug, storing

REAL, DEMO = "real", "demo"  # trials on the demo market say nothing about how hard real data were searched
RUN = "run-"  # files of single runs: read last, so that a trial of a sweep keeps the sweep's figure, to the last digit, when its book is run too
ROWS = 1 << 17  # of a row group, which is in memory as a whole when it is written or read
TRIES = 20  # at a file that another process has just joined with others
Keys = npt.NDArray[np.uint64]
Sharpes = npt.NDArray[np.float64]
_BASE = ("symbols", "clock", "step", "from", "to", "decide_at", "costs", "account")


class TrialCount(NamedTuple):
    """Distinct trials, and the variance of their Sharpe ratios per bar (NaN for fewer than two), raised where it has to be, so that the expected best of all
    is no less than that of a part of them (`variance_of`)."""

    trials: int
    variance: float


class NamedTrials:
    """The trials of one strategy name: distinct keys, sorted, with the first Sharpe ratio of each; `parts`: those of each file;
    `lost`: trials in files that cannot be read; `files`: their names."""

    def __init__(self, parts: Sequence[tuple[Keys, Sharpes]], shapes: frozenset[str], lost: int, files: frozenset[str] = frozenset()) -> None:
        self.keys, self.sharpes = distinct(*_joined(parts))
        self.files = files
        self.parts = [distinct(*part) for part in parts]
        self.shapes, self.lost = shapes, lost

    @cached_property
    def traded(self) -> Keys:
        """Decisions that traded: any two strategies share one that never does."""
        return self.keys[np.isfinite(self.sharpes)]

    def same_search(self, other: NamedTrials) -> bool:
        """Whether the files have a shape in common, or at least half of the decisions of the one with fewer are the other's."""
        if self.shapes & other.shapes:
            return True
        few, many = sorted((self.traded, other.traded), key=len)
        if not len(few):
            return False
        found = np.minimum(np.searchsorted(many, few), len(many) - 1)
        return 2 * int((many[found] == few).sum()) >= len(few)


def home_of(results: Path) -> Path:
    """The ledger of the project these results are of."""
    return Path(os.environ.get("FLOWBT_LEDGER") or Path(results).absolute().parent / "ledger")


def trials_folder(results: Path, facts: Mapping[str, object]) -> Path:
    """The trials of the project on real data or on the demo market: `ledger/` beside the results, or FLOWBT_LEDGER."""
    return home_of(results) / (DEMO if facts.get("synthetic") else REAL)


def keys_of(facts: Mapping[str, object], prints: Keys) -> Keys:
    """Keys of trials by what they decide (`engine/sweep/fingerprint.py`). `facts`: a run's manifest or a sweep's facts."""
    base = dumps({name: facts.get(name) for name in _BASE}, sort_keys=True)
    return prints ^ np.uint64(int.from_bytes(hashlib.sha256(base.encode()).digest()[:8], "little"))


def key_of_run(manifest: Mapping[str, object]) -> int:
    """Key of the trial that a run is."""
    return int(keys_of(manifest, np.array([int(str(manifest["decision"]), 16)], np.uint64))[0])


def folder_of(results: Path, facts: JsonView) -> Path:
    """Where the trials of a strategy file on this kind of data are. `facts`: a run's manifest or a sweep's facts."""
    return trials_folder(results, facts) / slug(facts["strategy"]) / str(facts.get("shape") or "unknown")


def add(folder: Path, name: str, keys: Keys, sharpes: Sharpes) -> Path:
    """Write one file of trials, whole or not at all. Other trials never take its place, whatever wrote them under the same name."""
    path = folder / f"{name}-{_mark(keys, sharpes)}.{len(keys)}.parquet"
    with storing(folder, "write the ledger in"):
        folder.mkdir(parents=True, exist_ok=True)
        write_table(path, pa.table({"key": keys, "sharpe": sharpes}))
    return path


def add_run(results: Path, manifest: JsonView, sharpe: float) -> None:
    """Enter a run outside sweeps; `sharpe` per bar."""
    add(folder_of(results, manifest), RUN.removesuffix("-"), np.array([key_of_run(manifest)], np.uint64), np.array([sharpe], np.float64))


def gather(folder: Path, name: str) -> None:
    """Join the files of a finished sweep (`<name>-...`) into one. A damaged one stays as it is, and what another process has joined is left to it."""
    read = {path: found for path in sorted(folder.glob(f"{name}-*.parquet")) if (found := _read(path)) is not None}
    paths = list(read)
    if len(paths) > 1:
        keys, sharpes = distinct(*_joined([read.pop(path) for path in paths]))
        made = add(folder, name, keys, sharpes)
        for path in paths:
            if path != made:
                path.unlink(missing_ok=True)


class Ledger:
    """The trials of a market as they are now; each file is read once."""

    def __init__(self, folder: Path) -> None:
        self.names = {name.name: _named(name) for name in _folders(folder)}

    def count(self, strategy: str) -> TrialCount:
        """Distinct trials of a strategy, whatever its file has been over time, and of all names that are the same search."""
        one = self.names.get(slug(strategy))
        if one is None:
            return TrialCount(0, float("nan"))
        all_names = [one, *(other for other in self.names.values() if other is not one and one.same_search(other))]
        keys, sharpes = (one.keys, one.sharpes) if len(all_names) == 1 else distinct(*_joined([(name.keys, name.sharpes) for name in all_names]))
        trials, parts = len(keys) + sum(name.lost for name in all_names), [part for name in all_names for part in name.parts]
        return TrialCount(trials, variance_of(sharpes, trials, together(parts)))

    def holds(self, strategy: str, name: str, key: int | None = None) -> bool:
        """Whether the trials that were entered under a name, or the one with this key, are there under the strategy's name."""
        one = self.names.get(slug(strategy))
        if one is None:
            return False
        if key is None:
            return any(file.startswith(f"{name}-") for file in one.files)
        at = int(np.searchsorted(one.keys, np.uint64(key)))
        return at < len(one.keys) and int(one.keys[at]) == key


def together(parts: Sequence[tuple[Keys, Sharpes]]) -> list[Sharpes]:
    """Sharpe ratios of each of several files, and of those that have at most 1, 2, 4, 8 .. trials: single runs are a search as well, and what hides a search
    comes in larger files than it did, or after it."""
    out, sizes, limit = [sharpes for _, sharpes in parts if len(parts) > 1], [len(keys) for keys, _ in parts], 1
    while limit < max(sizes, default=0):
        small = [part for part, size in zip(parts, sizes, strict=True) if size <= limit]
        if len(small) > 1:
            out.append(distinct(*_joined(small))[1])
        limit *= 2
    return out


def variance_held(variance: float, part: int, trials: int) -> float:
    """The variance by which `trials` have the expected best that `part` of them have by theirs."""
    most = expected_maximum(trials, 1.0)
    return variance * (expected_maximum(part, 1.0) / most) ** 2 if most > 0 else math.nan


def variance_of(sharpes: Sharpes, trials: int, parts: Sequence[Sharpes] = ()) -> float:
    """Variance of Sharpe ratios of which equal ones count once (a stop that is never hit makes a hundred trials of one result), or the larger one by which
    `trials` have the expected best of a part: many trials beside a good one bring the variance down, and never what luck may reach. NaN for fewer than two."""
    found = [_spread(sharpes), *(variance_held(_spread(part), len(part), trials) for part in parts)]
    known = [one for one in found if np.isfinite(one)]
    return max(known) if known else float("nan")


def _spread(sharpes: Sharpes) -> float:
    known = np.sort(np.round(sharpes[np.isfinite(sharpes)], 12))  # a hash table of a million would take 50 MB
    known = known[np.diff(known, prepend=-np.inf) > 0.0]
    return float(known.var(ddof=1)) if len(known) > 1 else float("nan")


def distinct(keys: Keys, sharpes: Sharpes) -> tuple[Keys, Sharpes]:
    """Keys once each, sorted, with the first of their Sharpe ratios."""
    if (keys[1:] > keys[:-1]).all():  # as `gather` has left them
        return keys, sharpes
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    first = np.ones(len(keys), np.bool_)
    first[1:] = keys[1:] != keys[:-1]
    return keys[first], sharpes[order[first]]


def write_table(path: Path, table: pa.Table, repeated: Sequence[str] = (), compression: str = "zstd") -> None:
    """`repeated`: columns of few values; a dictionary is tried for them alone, which takes half of the time."""
    how = {"compression": compression, "write_page_checksum": True, "use_dictionary": list(repeated) or False}
    with writing(path) as temporary:
        pq.write_table(table, temporary, row_group_size=ROWS, **how)


def _named(folder: Path) -> NamedTrials:
    for _ in range(TRIES - 1):
        try:
            return _all_of(folder)
        except FileNotFoundError:  # its trials are in another file by now
            continue
    return _all_of(folder)


def _all_of(folder: Path) -> NamedTrials:
    found, lost, shapes, files = [], 0, set(), set()
    for path in sorted((path for shape in _folders(folder) for path in shape.glob("*.parquet")), key=lambda path: (path.name.startswith(RUN), path)):
        part = _read(path)
        shapes.add(path.parent.name)
        files.add(path.name)
        if part is None and not os.path.lexists(path):  # a link to nowhere is there, and is lost
            raise FileNotFoundError(path)
        if part is None:
            rows = path.name.split(".")[-2]
            lost += int(rows) if rows.isdigit() else 1
            pass_over(path, f"it is not what was stored; its {rows} trials are counted all the same")
        else:
            found.append(part)
    pa.default_memory_pool().release_unused()
    return NamedTrials(found, frozenset(shapes - {"unknown"}), lost, frozenset(files))


def _folders(home: Path) -> list[Path]:
    """The folders in one, by name; none where it is not there. StoreError where they cannot be looked into: trials not seen would make luck look small."""
    with storing(home, "read the ledger in"):
        try:
            found = sorted(path for path in home.iterdir() if path.is_dir())
        except FileNotFoundError:
            return []
        for path in found:
            os.scandir(path).close()
    return found


def _read(path: Path) -> tuple[Keys, Sharpes] | None:
    """A file's trials; None where it cannot be read. A row group at a time: Arrow keeps what a whole read took."""
    parts = []
    if not path.is_file():  # a pipe would be waited for
        return None
    try:
        with pq.ParquetFile(path, pre_buffer=False, page_checksum_verification=True) as file:
            for k in range(file.num_row_groups):
                part = file.read_row_group(k, columns=["key", "sharpe"], use_threads=False)
                parts.append((part["key"].to_numpy().astype(np.uint64), part["sharpe"].to_numpy().astype(np.float64)))
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException):
        return None
    keys, sharpes = _joined(parts)
    named = path.name.removesuffix(".parquet").rpartition(".")[0].rpartition("-")[2]
    if re.fullmatch("[0-9a-f]{12}", named) and named != _mark(keys, sharpes) and named != _mark(keys):
        return None
    return keys, sharpes


def _mark(keys: Keys, *sharpes: Sharpes) -> str:
    """Twelve digits of the hash of what a file holds, which its name ends in (before there were changes to be found: of its keys alone)."""
    made = hashlib.sha256()
    for part in (keys, *sharpes):
        made.update(np.ascontiguousarray(part).data)
    return made.hexdigest()[:12]


def _joined(parts: Sequence[tuple[Keys, Sharpes]]) -> tuple[Keys, Sharpes]:
    keys, sharpes = [np.empty(0, np.uint64)], [np.empty(0)]
    for key, sharpe in parts:
        keys.append(key)
        sharpes.append(sharpe)
    return np.concatenate(keys), np.concatenate(sharpes)
