"""Following strategies: today's decisions entered in the journal, once per strategy, code, parameters and bar."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from flowbt.data.catalog import Catalog
from flowbt.ground.documents import plain
from flowbt.ground.errors import JournalError
from flowbt.ground.files import read_bytes, read_text, write_text
from flowbt.ground.types import Json, JsonView, Moment
from flowbt.studies.desk.chain import Entry, append, iso
from flowbt.studies.desk.today import Today, today_all

KIND, CODE = "decision", "code"


def follow(
    catalog: Catalog, paths: Sequence[Path], journal: Path, asof: Moment | None = None, now: pd.Timestamp | None = None
) -> tuple[list[Entry], list[str]]:
    """Enter every strategy's decision for its last bar; returns the new entries and one line per strategy that cannot decide. A second call adds nothing.

    `now`: when they are entered, naive UTC (the clock's where it is not given)."""
    said, problems = today_all(catalog, paths, asof, now)
    return enter(said, paths, journal, now), problems


def enter(said: Sequence[Today], paths: Sequence[Path], journal: Path, now: pd.Timestamp | None = None) -> list[Entry]:
    """Enter decisions that are not there yet, and keep the code that made them."""
    for path, one in ((path, one) for one in said for path in paths if path.stem == one.strategy):
        keep_code(journal, one.code_hash, read_text(path))

    def make(there: list[Entry]) -> list[Mapping[str, object]]:
        known = {_key(entry.body) for entry in there if entry.kind == KIND}
        return [body for body in map(body_of, said) if _key(body) not in known]

    return append(journal, KIND, make, now)


def body_of(said: Today) -> dict[str, object]:
    """A decision as it is entered: plain values, instants as ISO text in UTC, missing numbers as None."""
    kept = {name: getattr(said, name) for name in ("strategy", "code_hash", "parameters", "synthetic", "stand_ins", "data")}
    times = {name: iso(getattr(said, name)) for name in ("label", "decision_time", "fill")}
    rows = {"decisions": [asdict(one) for one in said.decisions], "known": [asdict(one) for one in said.known]}
    body: Json = plain(kept | times | rows)
    return body


def keep_code(journal: Path, code_hash: str, text: str) -> None:
    """Keep a strategy's text beside the journal, so that its past decisions can be made again after it was changed."""
    path = journal / CODE / f"{code_hash}.py"
    if not (path.is_file() and read_bytes(path) == text.encode()):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text)


def kept_code(journal: Path, code_hash: str) -> Path:
    """The file a journaled decision was made by. JournalError where it is not there, or is another text: it would be run."""
    path = journal / CODE / f"{code_hash}.py"
    try:
        held = hashlib.sha256(read_bytes(path)).hexdigest()[:16]
    except OSError as problem:
        raise JournalError(f"code {path}", problem.strerror or str(problem), "restore it from a copy") from None
    if held != code_hash:
        raise JournalError(f"code {path}", "it is not the file that decided", "restore it from a copy: it was changed")
    return path


def _key(body: JsonView) -> tuple[str, ...]:
    return (body["strategy"], body["code_hash"], repr(sorted(body["parameters"].items())), body["label"])
