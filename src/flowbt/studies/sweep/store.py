"""A sweep's folder: finished slices as they come, then the whole table. The layout is in docs/sweeps.md."""

from __future__ import annotations

import contextlib
import ctypes
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from flowbt.engine.sweep.results import TrialResults
from flowbt.engine.sweep.space import Ints, Space
from flowbt.engine.sweep.sums import METRICS
from flowbt.engine.types import Array
from flowbt.ground.documents import sealed
from flowbt.ground.errors import Busy
from flowbt.ground.files import WRITING, abandoned, locked, publish, remove, write_text, writing
from flowbt.ground.protocols import Step
from flowbt.results import ledger
from flowbt.results.shelf import slug, storing

WORKING = ".working"  # ending of a workspace's name
DECIDED = "decided"  # column of a slice: what each trial decides, for the ledger
TRIALS, SWEEP, LUCK, PROGRESS, PARTS = "trials.parquet", "sweep.json", "luck.json", "progress.json", "parts"


@dataclass
class SweepFolder:
    """`results/<strategy>/sweep-<id>/`, made in a workspace beside it (`sweep-<id>.working/`) that takes its place when the sweep is whole.

    One process at a time works on a sweep (`working`); what an earlier run of it stored stays until then.
    """

    home: Path
    path: Path  # where files are written and read now: the workspace, after `publish` the home

    @classmethod
    def of(cls, results: Path, strategy: str, id: str) -> SweepFolder:
        home = results / slug(strategy) / f"sweep-{id}"
        return cls(home, home.with_name(f"{home.name}{WORKING}"))

    @contextlib.contextmanager
    def working(self, resume: bool) -> Iterator[None]:
        """Hold the workspace. Without `resume`, slices of an interrupted run of the same sweep are dropped; a workspace
        without a slice goes with the error that ended it. Raises Busy, StoreError."""
        with contextlib.ExitStack() as held:
            with storing(self.home, "store the sweep in"):
                held.enter_context(locked(lock_of(self.home), f"sweep {self.home.name}"))
                if not resume and self.path.exists():
                    shutil.rmtree(self.path)
                (self.path / PARTS).mkdir(parents=True, exist_ok=True)
            try:
                yield
            except BaseException:
                if not self.parts() and not (self.path / TRIALS).exists():  # nothing to resume
                    with contextlib.suppress(OSError):
                        remove(self.path)
                raise

    def publish(self) -> None:
        with storing(self.home, "store the sweep in"):
            publish(self.path, self.home)
            self.path = self.home

    def part(self, k: int) -> Path:
        return self.path / PARTS / f"part-{k:06d}.parquet"

    def parts(self) -> list[Path]:
        return sorted((self.path / PARTS).glob("part-*.parquet"))

    def write_part(self, k: int, table: pa.Table) -> None:
        with storing(self.path, "store the sweep in"):
            ledger.write_table(self.part(k), table, _repeated(table.schema), "lz4")  # read again soon: quick before small

    def read_part(self, k: int) -> pa.Table | None:
        """A finished slice, or None where it is not there or not whole."""
        try:
            return pq.read_table(self.part(k))
        except (FileNotFoundError, pa.ArrowInvalid):
            return None

    def join(self) -> SweepFolder:
        """Write `trials.parquet` from the slices, which follow one another by trial number; returns itself."""
        with storing(self.path, "store the sweep in"):
            paths = self.parts()
            schema = _kept(pq.read_schema(paths[0]))
            with (
                writing(self.path / TRIALS) as temporary,
                pq.ParquetWriter(temporary, schema, compression="zstd", use_dictionary=_repeated(schema) or False) as writer,
            ):
                for path in paths:
                    writer.write_table(pq.read_table(path, columns=writer.schema.names, use_threads=False))
            shutil.rmtree(self.path / PARTS)
        release()
        return self

    def write(self, name: str, document: Mapping[str, object]) -> None:
        with storing(self.path, "store the sweep in"):
            write_text(self.path / name, sealed(document, indent=1))

    def rows(self, trials: Sequence[int]) -> pd.DataFrame:
        """Some trials, in the order asked. Only the row groups that hold them are read whole."""
        found = []
        with pq.ParquetFile(self.path / TRIALS, pre_buffer=False) as file:
            for k in range(file.num_row_groups):
                hits = np.flatnonzero(np.isin(file.read_row_group(k, columns=["trial"], use_threads=False)["trial"].to_numpy(), trials))
                if len(hits):
                    found.append(file.read_row_group(k, use_threads=False).take(hits))
        rows: pd.DataFrame = pa.concat_tables(found).to_pandas().set_index("trial", drop=False)
        found.clear()
        release()
        return rows.loc[list(trials)].reset_index(drop=True)


@dataclass(frozen=True)
class SweptTrials:
    """What a sweep is judged by, a value for each trial, in the order of their numbers: number, Sharpe ratio, the metric it is sorted by, and its key
    in the ledger."""

    numbers: Ints
    sharpe: Array
    ranked: Array
    keys: ledger.Keys

    @classmethod
    def of(cls, table: pa.Table, sort: str, keys: ledger.Keys) -> SweptTrials:
        """Those of a slice, copied: the slice itself is let go."""
        return cls(np.array(table["trial"].to_numpy(), np.int64), np.array(table["sharpe"].to_numpy()), np.array(table[sort].to_numpy(), np.float64), keys)

    @classmethod
    def joined(cls, parts: Sequence[SweptTrials]) -> SweptTrials:
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("numbers", "sharpe", "ranked", "keys")))


def lock_of(home: Path) -> Path:
    """The lock file of a stored sweep or walk-forward."""
    return home.with_name(f".{home.name}.lock")


def sweep_up(results: Path) -> list[Path]:
    """Remove what processes that are gone left under `results` and in its ledger: temporary files and folders, and workspaces that nobody holds.
    Returns them, sorted."""
    gone = []
    for path in sorted(path for root in (results, ledger.home_of(results)) for path in root.rglob(f"{WRITING}*")):
        if path.exists() and abandoned(path):
            _remove(path)
            gone.append(path)
    for path in sorted(results.glob(f"*/*{WORKING}")):
        with contextlib.suppress(Busy), locked(lock_of(path.with_name(path.name.removesuffix(WORKING))), f"workspace {path.name}"):
            if path.exists():  # nobody else has just swept it up
                _remove(path)
                gone.append(path)
    return sorted(gone)


def _remove(path: Path) -> None:
    with storing(path, "remove"):
        remove(path)


def _kept(schema: pa.Schema) -> pa.Schema:
    """The columns of `trials.parquet`: those of a slice but what the ledger alone needs."""
    return schema.remove(schema.get_field_index(DECIDED))


def _repeated(schema: pa.Schema) -> list[str]:
    """Columns of few values: parameters and counts."""
    return [name for name in schema.names if name == "trades" or name not in ("trial", DECIDED, *METRICS)]


def table_of(space: Space, swept: Sequence[str], numbers: Ints, results: TrialResults) -> pa.Table:
    """A slice as stored: number, swept parameters, metrics, fingerprints."""
    codes = space.codes(numbers)
    columns: dict[str, object] = {"trial": pa.array(numbers, pa.int64())}
    for name in swept:
        at = space.names.index(name)
        columns[name] = _values(space.values[at]).take(pa.array(codes[:, at]))
    for at, name in enumerate(METRICS):
        columns[name] = pa.array(results.metrics[:, at].astype(np.int64) if name == "trades" else results.metrics[:, at])
    columns[DECIDED] = pa.array(results.prints)
    return pa.table(columns)


def _values(values: Sequence[object]) -> pa.Array:
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if value is None else str(value) for value in values])


def release() -> None:
    """Give freed memory back to the system; Arrow's pool and glibc's heap keep it otherwise, and a million trials leave much of it."""
    pa.default_memory_pool().release_unused()
    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL("libc.so.6").malloc_trim(0)


class SweepProgress:
    """`progress.json`, about once a second, and a callback for a terminal."""

    def __init__(self, folder: SweepFolder, head: Mapping[str, object], total: int, show: Step | None = None) -> None:
        self.folder, self.head, self.total, self.show = folder, head, total, show
        self.done = self.fresh = 0
        self.best: dict[str, object] | None = None
        self._begin, self._written = time.monotonic(), 0.0

    def add(self, table: pa.Table, *, stored: bool = False) -> None:
        """Count a slice; `stored`: it was there from an earlier run."""
        self.done += table.num_rows
        self.fresh += 0 if stored else table.num_rows
        sharpe = table["sharpe"].to_numpy()
        if np.isfinite(sharpe).any():
            at = int(np.nanargmax(sharpe))
            if self.best is None or sharpe[at] > self.best["sharpe"]:
                row = table.take([at]).to_pylist()[0]
                self.best = {name: value for name, value in row.items() if name not in (*METRICS, DECIDED) or name == "sharpe"}
        if time.monotonic() - self._written >= 1.0:
            self.write("running")
        if self.show is not None:
            self.show(f"{self.rate:,.0f} trials/s", self.done, self.total)

    @property
    def rate(self) -> float:
        return self.fresh / max(time.monotonic() - self._begin, 1e-9)

    def write(self, state: str) -> None:
        self._written = time.monotonic()
        eta = (self.total - self.done) / self.rate if self.rate > 0 else None
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        counts = {"state": state, "done": self.done, "total": self.total, "rate": self.rate, "eta": eta, "best": self.best, "updated": now}
        self.folder.write(PROGRESS, {**self.head, **counts})


def slices(numbers: Ints, size: int) -> Iterator[tuple[int, Ints]]:
    for k, at in enumerate(range(0, len(numbers), size)):
        yield k, numbers[at : at + size]
