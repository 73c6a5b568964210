"""The journal's file: one JSON line an entry, each with the hash of the one before it, so that nothing can be changed, put in or taken out unseen.

    {"n": 0, "time": "2026-04-08T22:31:00Z", "kind": "decision", "body": {...}, "before": "<hash of entry n-1>", "hash": "<sha256 of all of that>"}

Entries are only appended, under a lock, and flushed to disk. A line that was being written when the writer was killed has no end and is dropped by the next
writer. Each line is the one text its entry has: nothing can be put into it that its hash does not cover. Entries cut off the end leave a whole chain behind:
what the last one was is kept in `head.json` beside, so that this shows, too. Who changes both leaves no trace here: whoever needs to prove the last entry
keeps its hash elsewhere (`flowbt journal head`, later `--holds HASH`).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flowbt.ground.documents import parse_json, read_json
from flowbt.ground.errors import JournalError
from flowbt.ground.files import flush, locked, read_bytes, write_json
from flowbt.ground.types import Json

FILE, HEAD, LOCK = "journal.jsonl", "head.json", ".journal.lock"
START = "0" * 64  # what the first entry has before it
LEAST = 16  # digits of a hash that was kept elsewhere
WAIT = 60.0  # seconds for another writer


@dataclass(frozen=True)
class Entry:
    """One entry. `time`: when it was written, UTC, ISO. `before`, `hash`: 64 hex digits."""

    n: int
    time: str
    kind: str
    body: Json
    before: str
    hash: str


def read(folder: Path) -> list[Entry]:
    """Every entry, the chain checked. Raises JournalError naming the first line that is not what was written, or saying that lines were cut off the end; an
    unended last line that was never a whole entry is passed over."""
    try:
        head: Json = read_json(folder / HEAD) if (folder / HEAD).exists() else {"entries": 0, "hash": START}  # before the text: a writer changes it after
        text = read_bytes(folder / FILE) if (folder / FILE).exists() else b""
    except OSError as problem:
        raise JournalError(f"journal {folder}", problem.strerror or str(problem), "give another folder with --journal") from None
    except ValueError:
        raise JournalError(f"journal {folder}", f"its {HEAD} is not what was written", "restore the folder from a copy") from None
    entries: list[Entry] = []
    for number, line in enumerate(text.split(b"\n")[:-1]):
        entries.append(_checked(folder, number, line, entries[-1] if entries else None))
    try:
        kept, last = int(head["entries"]), str(head["hash"])
    except (TypeError, KeyError, ValueError):
        kept, last = -1, ""
    if not 0 <= kept <= len(entries) or (entries[kept - 1].hash if kept else START) != last:
        found = f"{len(entries)} entries, where {kept} were written" if kept > len(entries) else f"its {HEAD} is of another chain"
        raise JournalError(f"journal {folder}", found, "restore it from a copy: it was changed, or cut off")
    return entries


def entry_with_hash(folder: Path, entries: Sequence[Entry], hash: str) -> Entry:
    """The entry with a hash that was kept elsewhere (its first 16 digits or more). JournalError where none has it: entries were cut off, or written anew."""
    found = [one for one in entries if len(hash) >= LEAST and one.hash.startswith(hash.strip().lower())]
    if not found:
        short = f"it is shorter than {LEAST} digits" if len(hash) < LEAST else "no entry has it: the journal was cut off, or written anew"
        raise JournalError(f"hash {hash[:64]} in journal {folder}", short, "compare with a copy")
    return found[0]


Make = Callable[[list[Entry]], Iterable[Mapping[str, object]]]


def append(folder: Path, kind: str, make: Make, now: datetime | None = None) -> list[Entry]:
    """Append what `make` returns, given the entries there are (so that nothing is entered twice); returns the new entries, entered at `now` (UTC; the clock's).

    The whole is one critical section: two writers never give the same number. Raises JournalError where the chain is broken or the folder cannot be written.
    """
    try:
        with locked(folder / LOCK, f"journal {folder}", WAIT):
            there = read(folder)
            new = _linked(there, kind, make(there), now or datetime.now(UTC))
            if new:
                _write(folder / FILE, there, new)
            return new
    except OSError as problem:
        raise JournalError(f"journal {folder}", problem.strerror or str(problem), "check the folder's permissions and free space") from None


def iso(time: datetime) -> str:
    """An instant (UTC, with or without saying so) as entries write it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def digest(n: int, time: str, kind: str, body: Mapping[str, object], before: str) -> str:
    """sha256 of an entry's parts as canonical JSON."""
    return hashlib.sha256(_canonical([n, time, kind, body, before])).hexdigest()


def _linked(there: list[Entry], kind: str, bodies: Iterable[Mapping[str, object]], now: datetime) -> list[Entry]:
    before = there[-1].hash if there else START
    time = iso(now)
    if there and time < there[-1].time:
        raise JournalError("an entry of the journal", f"it would be of {time}, the last one is of {there[-1].time}", "set the clock right: time only goes on")
    new: list[Entry] = []
    for body in bodies:
        n, plain = len(there) + len(new), json.loads(_canonical(body))
        new.append(Entry(n, time, kind, plain, before, digest(n, time, kind, plain, before)))
        before = new[-1].hash
    return new


def _write(path: Path, there: list[Entry], new: list[Entry]) -> None:
    """Append whole lines; what an interrupted writer left without an end is cut off first."""
    lines = b"".join(_canonical(vars(entry)) + b"\n" for entry in new)
    with path.open("ab+") as file:
        file.seek(0)
        whole = file.read().rfind(b"\n") + 1
        file.truncate(whole)
        file.seek(0, os.SEEK_END)
        file.write(lines)
        file.flush()
        os.fsync(file.fileno())
    if not there:
        flush(path.parent)
    write_json(path.with_name(HEAD), {"entries": len(there) + len(new), "hash": new[-1].hash})


def _checked(folder: Path, number: int, line: bytes, last: Entry | None) -> Entry:
    try:
        entry = Entry(**parse_json(line))
        right = digest(entry.n, entry.time, entry.kind, entry.body, entry.before) == entry.hash and _canonical(vars(entry)) == line
    except (ValueError, TypeError):
        raise JournalError(f"journal {folder}, line {number + 1}", "it is not an entry", "restore the file from a copy: it was changed") from None
    follows = entry.n == number and entry.before == (last.hash if last else START)
    if not right or not follows or (last is not None and entry.time < last.time):
        unlike = "it does not follow the line before it" if not follows else "it is older than the line before it"
        found = unlike if right else "its text is not the one that has its hash"
        raise JournalError(f"journal {folder}, line {number + 1}", found, "restore the file from a copy: it was changed")
    return entry


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=str).encode()
