"""Runs on disk: results/<strategy>/<run id>/ with run.json, four Parquet files, summary.json and tearsheet.html.

Saving: everything goes to a temporary folder beside the run's place, is flushed to disk, and the folder is renamed. A run
that is already there must have the same measures (the id is the hash of what decides them); its pages are then renewed.
"""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv

from flowbt.evidence.measures import Measures
from flowbt.ground.documents import plain, sealed, unsealed
from flowbt.ground.errors import StoreError
from flowbt.ground.files import hash_file, publish, read_bytes, scratch_folder
from flowbt.ground.types import Json
from flowbt.results import shelf
from flowbt.results.belief import belief_now, renew
from flowbt.results.manifest import Manifest
from flowbt.results.pages import site, tearsheet
from flowbt.results.record import RunRecord, content_key
from flowbt.results.shelf import SUMMARY, derived, storing
from flowbt.results.summary import summary_of

LARGE = 5_000_000  # cells of all tables from which they are written side by side
FRAMES = ("returns", "orders", "trades", "prices")


def save(root: Path, record: RunRecord) -> Path:
    """Store a run and its tearsheet; returns its folder. Raises StoreError; leaves nothing half-written."""
    manifest = plain(record.manifest)  # as it will be read back: no NaN, no tuples
    manifest["id"] = manifest.get("id") or content_key(manifest)
    record = replace(record, manifest=manifest)
    place = Path(root) / shelf.slug(str(manifest["strategy"])) / str(manifest["id"])
    texts = {
        SUMMARY: sealed(summary_of(record)),
        "tearsheet.html": tearsheet.render(record, belief_now(root, manifest, record.metrics)),
        "trades.csv": trades_csv(record.trades),
    }
    with storing(place, "store the run in"):
        place.parent.mkdir(parents=True, exist_ok=True)
        before = _stored(place)
        _hold_equal(place, before, record)
        _write(place, record, texts, before)
    with derived(Path(root)):
        renew(Path(root), str(manifest["strategy"]))
        site.write_index(Path(root))
    return place


def load(path: Path) -> RunRecord:
    """Read a stored run back. Raises StoreError when a file is missing or broken."""
    path = Path(path)
    try:
        manifest = read_manifest(path)
        measures = Measures.from_dict(manifest.pop("measures"))
        sums = manifest.pop("files", {})
        frames = {name: _table(path / f"{name}.parquet", sums) for name in FRAMES}
        chart = _table(path / "chart.parquet", sums) if (path / "chart.parquet").is_file() else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise StoreError(f"stored run {path}", " ".join(str(problem).split())[:160], "the folder is damaged; remove it and run again") from None
    return RunRecord(cast(Manifest, manifest), measures=measures, chart=chart, **frames)


def read_manifest(path: Path) -> Json:
    """`run.json` of a run's folder: its manifest with "measures" and "files" (the hashes of its tables). OSError or ValueError where it is not whole."""
    manifest = unsealed(read_bytes(path / "run.json"))
    if not isinstance(manifest, dict) or not isinstance(manifest.get("measures"), dict) or not isinstance(manifest.get("files", {}), dict):
        raise ValueError("run.json: no run in it")
    return manifest


def _table(path: Path, sums: Mapping[str, str]) -> pd.DataFrame:
    """A stored table. ValueError where it is not the one its run was stored with."""
    data = read_bytes(path)
    if sums and hashlib.sha256(data).hexdigest() != sums.get(path.name):
        raise ValueError(f"{path.name}: it is not what was stored")
    return pd.read_parquet(io.BytesIO(data))


def trades_csv(trades: pd.DataFrame) -> str:
    """The trades as CSV that a spreadsheet cannot take for formulas: text that begins with = + - @, a tab or a return gets an apostrophe."""
    safe: dict[str, pa.Array] = {}
    for name, column in trades.items():
        values: pd.Series | np.ndarray = column
        if pd.api.types.is_datetime64_any_dtype(column):
            instants = column.to_numpy("datetime64[s]")
            days = instants.astype("datetime64[D]")
            values = days if ((days == instants) | np.isnat(instants)).all() else instants
        elif not pd.api.types.is_numeric_dtype(column):
            values = column.map({text: _no_formula(text) for text in column.unique()})
        safe[_no_formula(str(name))] = pa.array(values, from_pandas=True)
    held = io.BytesIO()
    csv.write_csv(pa.table(safe), held)
    return held.getvalue().decode()


def _no_formula(value: str) -> str:
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def _write(place: Path, record: RunRecord, texts: dict[str, str], before: Json | None) -> None:
    """Every file anew, but the tables of a run that is whole; what was damaged is whole again, tags and notes stay."""
    with scratch_folder(place) as temporary:
        sums: dict[str, str] = before["files"] if before else {}
        frames = {} if before else {name: getattr(record, name) for name in (*FRAMES, "chart") if getattr(record, name) is not None}

        def write(name: str) -> None:
            frames[name].to_parquet(temporary / f"{name}.parquet", compression="zstd")
            sums[f"{name}.parquet"] = hash_file(temporary / f"{name}.parquet")

        with ThreadPoolExecutor(len(FRAMES) if sum(frame.size for frame in frames.values()) > LARGE else 1) as pool:
            list(pool.map(write, frames))
        texts = {**texts, "run.json": sealed({**record.manifest, "measures": record.metrics, "files": sums}, indent=1)}
        for name, text in texts.items():
            (temporary / name).write_text(text, encoding="utf-8")
        publish(temporary, place)


def _stored(place: Path) -> dict[str, object] | None:
    """The manifest of a run that is there and whole, else None: it is written anew."""
    try:
        manifest = read_manifest(place)
        sums = manifest.get("files") or {}
        whole = set(sums) >= {f"{name}.parquet" for name in FRAMES} and all(hash_file(place / name) == found for name, found in sums.items())
    except (OSError, ValueError):
        return None
    return manifest if whole else None


def _hold_equal(place: Path, stored: Json | None, record: RunRecord) -> None:
    """The same key must give the same measures; intervals too, for their seed is part of the key."""
    if stored is None:
        return
    before = stored["measures"]
    for name, now in record.metrics.items():
        then = before.get(name, now)
        if then == now or (isinstance(then, float) and isinstance(now, float) and math.isclose(then, now, rel_tol=1e-9, abs_tol=1e-12)):
            continue
        versions = record.manifest.get("versions", {})
        moved = [f"{lib} {old} -> {versions[lib]}" for lib, old in stored.get("versions", {}).items() if versions.get(lib, old) != old]
        cause = ", ".join(moved) or "same versions: something outside the key changed"
        raise StoreError(
            f"store run {place.name}", f"it is stored with {name} {then} and now gives {now} ({cause})", f"flowbt results rm {place.name} to replace it"
        )
