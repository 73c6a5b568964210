"""The register of a folder of claims: `register.lock`, reviewed in git, says what is tested, since when, and by which rules.

An entry is a claim as it was when it was written down: its function with what it calls in its file, definitions, horizons, outcome, stated figures and
data, as one hash. A claim that is changed is another entry with its own date; the entry it replaces stays, closed, and counts as one more test.
Whatever is named on the command line, the correction is over the whole register.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from types import FunctionType
from typing import cast

from flowbt.evidence.claims.declare import Claim
from flowbt.ground.documents import read_json
from flowbt.ground.errors import ClaimError
from flowbt.ground.files import write_text
from flowbt.ground.types import Json, JsonView
from flowbt.studies.score.files import LOCK, ClaimFile

UNTESTED = ("arithmetic", "facts", "dated forecast")  # kinds without a p: the correction does not count them


@dataclass(frozen=True)
class RegisterEntry:
    """A claim as it was registered. `since`, `until`: dates (YYYY-MM-DD); an entry that is in force has no `until`. `tested`: it has a p."""

    claim: str
    file: str
    hash: str
    definitions: int
    horizons: tuple[int, ...]
    tested: bool
    since: str
    until: str = ""


@dataclass(frozen=True)
class Register:
    """What a lock file holds. `rules`: the cut-offs and settings by which verdicts are reached."""

    path: Path
    entries: tuple[RegisterEntry, ...] = ()
    rules: JsonView | None = None

    @property
    def retired(self) -> int:
        """Tests of definitions that were given up: they were looked at, so the correction counts them."""
        return sum(bool(e.until) and e.tested for e in self.entries)

    def current(self) -> dict[str, RegisterEntry]:
        return {e.claim: e for e in self.entries if not e.until}


@dataclass(frozen=True)
class Drift:
    """How claims differ from their register, by id; `rules`: names of the rules that differ."""

    changed: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()

    def lines(self, folder: Path) -> list[str]:
        """One line for each kind of difference, with what to do."""
        do = f"`flowbt score {folder} --lock` enters it, dated"
        words = {"changed since they were registered": self.changed, "not in the register": self.new, "in the register, but no longer here": self.gone}
        out = [f"{folder / LOCK}: {', '.join(names)}: {what}; {do}" for what, names in words.items() if names]
        return out + ([f"{folder / LOCK}: rules changed: {', '.join(self.rules)}; {do}"] if self.rules else [])


def read_lock(folder: Path) -> Register | None:
    """The register of a folder, None where it has none. ClaimError for a file that is none."""
    path = folder / LOCK
    if not path.is_file():
        return None
    try:
        held = read_json(path)
        known = {f.name for f in fields(RegisterEntry)}
        rows: list[Json] = [{k: tuple(v) if k == "horizons" else v for k, v in row.items() if k in known} for row in held["entries"]]
        return Register(path, tuple(RegisterEntry(**row) for row in rows), dict(held["rules"] or {}))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        found = f"cannot be read ({type(error).__name__})"
        raise ClaimError(f"register {path}", found, f"take it from git again, or write it anew with `flowbt score {folder} --lock`") from None


def write_lock(register: Register) -> None:
    """One line an entry, so that a change shows as one line in a review."""

    rows = ",\n  ".join(json.dumps(asdict(entry)) for entry in register.entries)
    rules = ",\n  ".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in sorted((register.rules or {}).items()))
    write_text(register.path, f'{{\n "rules": {{\n  {rules}\n }},\n "entries": [\n  {rows}\n ]\n}}\n')


def entries_of(files: Iterable[ClaimFile], today: str) -> list[RegisterEntry]:
    """What the claims are now."""
    return [
        RegisterEntry(c.id, f.path.name, definition_hash(c, f), len(c.variants()), tuple(int(h) for h in c.horizons), c.kind not in UNTESTED, today)
        for f in files
        for c in f.claims
    ]


def drift(register: Register, entries: Iterable[RegisterEntry], rules: Mapping[str, object]) -> Drift:
    """How the claims as they are, and the rules, differ from the register."""
    now, then = {e.claim: e for e in entries}, register.current()
    changed = tuple(name for name in now if name in then and now[name].hash != then[name].hash)
    kept = register.rules or {}
    moved = tuple(sorted(name for name in {*kept, *rules} if kept.get(name) != rules.get(name)))
    return Drift(changed, tuple(n for n in now if n not in then), tuple(n for n in then if n not in now), moved)


def renewed(register: Register | None, path: Path, entries: Iterable[RegisterEntry], rules: JsonView, today: str) -> Register:
    """The register with the claims as they are: an entry that did not change keeps its date, one that did is closed and has a successor. ClaimError where
    `today` is before what is written already (by more than the day that another time zone may be ahead): a claim would look older than it is."""
    last = max((max(entry.since, entry.until) for entry in register.entries), default="") if register else ""
    if today < last and (date.fromisoformat(last) - date.fromisoformat(today)).days > 1:
        raise ClaimError(f"register {path}", f"today would be {today}, its last entry is of {last}", "set the clock right: time only goes on")
    now = {e.claim: e for e in entries}
    kept: list[RegisterEntry] = []
    for entry in register.entries if register else ():
        same = not entry.until and entry.claim in now and now[entry.claim].hash == entry.hash
        kept.append(replace(now.pop(entry.claim), since=entry.since) if same else entry if entry.until else replace(entry, until=today))
    found = sorted([*kept, *now.values()], key=lambda e: (e.file, bool(e.until)))
    return Register(path, tuple(found), dict(rules))


def definition_hash(claim: Claim, file: ClaimFile) -> str:
    """Hash of all that decides what a claim says; names, titles, comments and layout are not part of it."""
    outcome = {name: value for name, value in vars(claim.outcome).items() if value is not None and not callable(value)}
    data = {k: v for k, v in asdict(claim.data).items() if k not in ("strategy", "needs", "sisters")}
    told = [claim.stated, claim.direction, claim.definitions, type(claim.outcome).__name__, outcome, data]
    text = json.dumps([sorted(_sources(cast(FunctionType, claim.function), file)), told], default=repr, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _sources(function: FunctionType, file: ClaimFile) -> Iterator[str]:
    """The text of a function, of what it calls in its own file, and of the constants it reads, without comments and docstrings."""
    waiting, seen = [function], {id(function)}
    while waiting:
        one = waiting.pop()
        node = _node(one, file)
        yield ast.unparse(node)
        cells = dict(zip(one.__code__.co_freevars, (c.cell_contents for c in one.__closure__ or ()), strict=True))
        names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        for name, value in sorted({**{n: one.__globals__[n] for n in names if n in one.__globals__}, **cells}.items()):
            if isinstance(value, FunctionType) and value.__code__.co_filename == one.__code__.co_filename:
                if id(value) not in seen:
                    seen.add(id(value))
                    waiting.append(value)
            elif isinstance(value, (bool, int, float, str, tuple, list, set, frozenset, dict)):
                yield f"{name} = {sorted(value, key=repr) if isinstance(value, (set, frozenset)) else value!r}"


def _node(function: FunctionType, file: ClaimFile) -> ast.FunctionDef:
    """The definition of a function in its file, without decorators and docstring, under one name."""
    found = _definitions(file.text).get(function.__code__.co_firstlineno)
    if found is None:
        raise ClaimError(f"claim {function.__name__}", "it is not a function of its file", "write it with `def`")
    return found


@lru_cache(maxsize=64)
def _definitions(text: str) -> dict[int, ast.FunctionDef]:
    """First line (that of the first decorator) -> definition."""
    found = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            line = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            told = ast.get_docstring(node) is not None and len(node.body) > 1
            node.name, node.decorator_list, node.body = "claim", [], node.body[told:]
            found[line] = node
    return found
