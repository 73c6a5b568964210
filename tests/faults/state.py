"""What a project holds, part by part, as short digests: two projects are equal where these are. What cannot be read is named."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from flowbt.data.catalog import Catalog
from flowbt.ground.files import WRITING
from flowbt.results import ledger, shelf, store
from flowbt.studies.desk import chain
from flowbt.studies.score.register import read_lock

State = dict[str, object]
_MOMENT = r"\d{8}T\d{6}Z"
VOLATILE = {"seal", "seconds", "rate", "created", "updated", "eta", "stored", "command", "history", "done", "total", "best", "state"}


def state(root: Path) -> State:
    """Parts of the project under `root`. A part that is broken has "BROKEN: ..." for its digest."""
    out: State = {}
    found = shelf.listing(root / "results")
    for line in found.broken:
        if "half-written, its writer is gone" not in line:
            out[f"listing {line}"] = f"BROKEN: {line}"
    for entry in found.entries:
        out[f"run {entry.path.name}"] = _tried(lambda entry=entry: _run(entry.path))
        out[f"marks {entry.path.name}"] = [list(entry.tags), entry.note]
    for kind, names in (("sweep", ("sweep.json", "luck.json")), ("walkforward", ("walkforward.json",))):
        for folder in sorted((root / "results").glob(f"*/{kind}-*")):
            if folder.suffix != ".working":
                out[f"{kind} {folder.name}"] = _tried(lambda folder=folder, names=names: _folder(folder, names))
    for path in sorted(path for path in root.rglob("*.html") if not any(part.startswith(".") or part.endswith(".working") for part in path.parts)):
        text = path.read_text(errors="replace").rstrip()
        out[f"page {re.sub(_MOMENT, '*', str(path.relative_to(root)))}"] = "whole" if text.endswith("</html>") else f"BROKEN: {len(text)} characters"
    for market in ("real", "demo"):
        trials = ledger.Ledger(root / "ledger" / market)
        for name in trials.names:
            out[f"ledger {name}"] = [trials.count(name).trials, trials.names[name].lost]
    out["journal"] = _tried(lambda: [entry.body.get("strategy", entry.kind) for entry in chain.read(root / "journal")])
    if (root / "claims" / "register.lock").exists():
        out["register"] = _tried(lambda: _digest(repr(read_lock(root / "claims"))))
    for path in sorted((root / "results").glob("*/*.json")):
        if path.parent.name in ("claims", "_gallery") and path.name != "progress.json":  # what it says differs between runs
            out[f"file {path.relative_to(root)}"] = _tried(lambda path=path: _document(path))
    return out | _datasets(root / "datasets")


def broken(found: State) -> list[str]:
    return [f"{name}: {value}" for name, value in found.items() if str(value).startswith("BROKEN")]


def leftovers(root: Path) -> list[str]:
    """Temporary files and workspaces."""
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.name.startswith(WRITING) or path.name.endswith(".working"))


def between(now: State, old: State, new: State) -> list[str]:
    """Parts that are neither as they were nor as they are to be. The ledger may be anywhere between; the journal of a day after any of its steps: decisions,
    then board, claims, forecasts."""
    wrong = broken(now)
    for name in {*now, *old, *new}:
        values = now.get(name), old.get(name), new.get(name)
        if name.startswith("ledger"):
            counts = [value[0] if isinstance(value, list) else 0 for value in values]
            if not counts[1] <= counts[0] <= counts[2] or (isinstance(values[0], list) and values[0][1]):
                wrong.append(f"{name}: {values[0]}, was {values[1]}, becomes {values[2]}")
        elif values[0] not in values[1:] and not (name == "journal" and _a_step(*values)):
            wrong.append(f"{name}: {values[0]}, was {values[1]}, becomes {values[2]}")
    return sorted(set(wrong))


def _a_step(now: object, old: object, new: object) -> bool:
    if not (isinstance(now, list) and isinstance(old, list) and isinstance(new, list)):
        return False
    rest = new[len(now) :]
    return now[: len(old)] == old and new[: len(now)] == now and rest[0] in ("board", "claim", "forecast", "settlement")


def _datasets(root: Path) -> State:
    catalog = Catalog((root,))
    out: State = {f"dataset {name}": [one.hash, one.provenance["rows"]] for name, one in catalog.imported.items()}
    for name, one in catalog.imported.items():
        held = _tried(one.version.frame)
        out |= {f"table {name}": held} if isinstance(held, str) else {}
    return out | {f"dataset {name}": f"BROKEN: {reason}" for name, reason in catalog.spoilt.items()}


def _run(path: Path) -> str:
    record = store.load(path)
    frames = [_frame(getattr(record, name)) for name in store.FRAMES]
    return _digest(json.dumps([record.metrics, frames], sort_keys=True))


def _folder(folder: Path, names: tuple[str, ...]) -> str:
    tables = [_frame(pd.read_parquet(path)) for path in sorted(folder.glob("*.parquet"))]
    return _digest(json.dumps([tables, *(_document(folder / name) for name in names)]))


def _document(path: Path) -> str:
    return _digest(json.dumps(_still(json.loads(path.read_bytes())), sort_keys=True))


def _still(value: object) -> object:
    if isinstance(value, dict):
        return {name: _still(one) for name, one in value.items() if name not in VOLATILE}
    return [_still(one) for one in value] if isinstance(value, list) else value


def _frame(frame: pd.DataFrame) -> str:
    return _digest(frame.to_csv())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def _tried(read: Callable[[], object]) -> object:
    try:
        return read()
    except Exception as problem:
        return f"BROKEN: {type(problem).__name__}: {problem}"
