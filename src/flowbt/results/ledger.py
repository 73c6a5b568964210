"""The ledger: every trial ever run on a strategy. The deflated Sharpe ratio reads its N from here.

`results/<strategy>/ledger/` (`ledger-demo/` for the demo market) holds small Parquet files, each written whole and never
changed: `key` (uint64, the same for the same code, data, span, costs and parameters) and `sharpe` (per bar, NaN where there
was none). Running a trial again adds nothing to the count.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from flowbt.engine.sweep.space import Ints, Space
from flowbt.ground.files import writing
from flowbt.ground.types import JsonView
from flowbt.results.record import dumps
from flowbt.results.shelf import slug, storing

REAL, DEMO = "ledger", "ledger-demo"  # trials on the demo market say nothing about how hard real data were searched
Keys = npt.NDArray[np.uint64]
_BASE = ("code_hash", "symbols", "clock", "step", "from", "to", "decide_at", "costs", "account")


class TrialCount(NamedTuple):
    """Distinct trials, and the variance of their Sharpe ratios per bar (NaN for fewer than two)."""

    trials: int
    variance: float


def base_of(manifest: JsonView) -> int:
    """What a trial's key starts from: code, data, span, costs; a run's manifest or a sweep's facts."""
    parts = {name: manifest.get(name) for name in _BASE}
    parts["data"] = sorted(use["hash"] for use in manifest.get("datasets", []))
    return _hash(dumps(parts, sort_keys=True))


def keys_of(base: int, space: Space, codes: Ints) -> Keys:
    """One key per trial; the order in which parameters are named does not matter."""
    key = np.full(len(codes), base, np.uint64)
    for name, values in zip(space.names, space.values, strict=True):
        hashes = np.array([_hash(f"{name}={value!r}") for value in values], np.uint64)
        key += hashes[codes[:, space.names.index(name)]]
    return key


def folder_of(results: Path, facts: JsonView) -> Path:
    """Where the trials of a strategy on this kind of data are: under the results, or under FLOWBT_LEDGER where that is set. `facts`: a run's manifest or a
    sweep's facts."""
    return Path(os.environ.get("FLOWBT_LEDGER") or results) / slug(facts["strategy"]) / (DEMO if facts.get("synthetic") else REAL)


def add(folder: Path, name: str, keys: Keys, sharpes: npt.NDArray[np.float64]) -> None:
    """Write one file of trials, whole or not at all."""
    with storing(folder, "write the ledger in"):
        folder.mkdir(parents=True, exist_ok=True)
        write_table(folder / f"{name}.parquet", pa.table({"key": keys, "sharpe": sharpes}))


def add_run(results: Path, manifest: JsonView, sharpe: float) -> None:
    """Enter a run outside sweeps; `sharpe` per bar."""
    space = Space.of({name: (value,) for name, value in manifest["parameters"].items()})
    keys = keys_of(base_of(manifest), space, np.zeros((1, len(space.names)), np.int64))
    add(folder_of(results, manifest), f"run-{keys[0]:016x}", keys, np.array([sharpe], np.float64))


def gather(folder: Path, name: str) -> None:
    """Join the slices of a finished sweep (`<name>-*.parquet`) into one file."""
    slices = sorted(folder.glob(f"{name}-*.parquet"))
    with storing(folder, "write the ledger in"):
        with writing(folder / f"{name}.parquet") as temporary, pq.ParquetWriter(temporary, pq.read_schema(slices[0]), compression="zstd") as writer:
            for path in slices:
                writer.write_table(pq.read_table(path, use_threads=False))
        for path in slices:
            path.unlink()


def tally(folder: Path) -> TrialCount:
    """Distinct trials of a strategy so far. Files are read a row group at a time: Arrow keeps what a whole read took."""
    files = [pq.ParquetFile(path, pre_buffer=False) for path in sorted(folder.glob("*.parquet"))]
    total, at = sum(file.metadata.num_rows for file in files), 0
    keys, sharpes = np.empty(total, np.uint64), np.empty(total)
    for file in files:
        for k in range(file.num_row_groups):
            part = file.read_row_group(k, use_threads=False)
            keys[at : at + part.num_rows], sharpes[at : at + part.num_rows] = part["key"].to_numpy(), part["sharpe"].to_numpy()
            at += part.num_rows
        file.close()
    pa.default_memory_pool().release_unused()
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    first = np.ones(total, np.bool_)
    first[1:] = keys[1:] != keys[:-1]
    count = int(first.sum())
    del keys
    known = sharpes[order[first]]
    known = known[np.isfinite(known)]
    return TrialCount(count, float(known.var(ddof=1)) if len(known) > 1 else float("nan"))


def write_table(path: Path, table: pa.Table) -> None:
    with writing(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")
