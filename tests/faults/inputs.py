"""Every bad input, by a user's door: one line or right, no traceback, nothing written where it is refused."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults import world
from tests.faults.corpus import Bad, oddities
from tests.faults.forks import Done, command, run
from tests.faults.kills import put

SECONDS = 30.0
IGNORED = (".locks", "__pycache__", ".cache", ".demo")


@dataclass
class Verdicts:
    """What came of the inputs: counts of refused and accepted, and what is wrong."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def prepared(home: Path) -> Path:
    """A project with a run, a journal and oddities."""
    template = home / "template"
    template.mkdir()
    world.build(template)
    for words in (("run", "strategies/fade.py"), ("follow", "strategies/fade.py")):
        done = run(command(*words), template)
        assert done.code == 0, done
    oddities(template)
    return template


def fingerprint(home: Path) -> dict[str, tuple[int, int]]:
    """Every file of a project, but locks and caches."""
    found = {}
    for folder, names, files in os.walk(home):
        names[:] = [name for name in names if name not in IGNORED]
        for name in files:
            path = os.path.join(folder, name)
            if name.endswith((".lock", ".pyc")) or name == "checked.json":
                continue
            stat = os.lstat(path)
            found[path] = (stat.st_size, stat.st_mtime_ns)
    return found


def try_all(inputs: Iterable[Bad], home: Path, told: Callable[[str], None] = lambda line: None) -> Verdicts:
    """Each input in a fresh copy of the project (made anew only where something was written)."""
    template, verdicts = prepared(home), Verdicts()
    there = put(template, home / "deep" / "er" / "project")
    os.environ["HOME"] = str(there / "folder")
    clean = fingerprint(home)
    for bad in inputs:
        for name, content in bad.files:
            (there / name).parent.mkdir(parents=True, exist_ok=True)
            (there / name).write_bytes(content)
        before = fingerprint(home)
        done = run(command(*bad.words), there, limit=SECONDS)
        after = fingerprint(home)
        changed = sorted(path.removeprefix(str(home)) for path in {*before, *after} if before.get(path) != after.get(path) and ".working/" not in path)
        problem = judged(bad, done, changed, str(there).removeprefix(str(home)))
        verdicts.counts["refused" if done.code else "accepted"] += 1
        if problem:
            verdicts.wrong.append(f"{bad.name}: {problem}")
            told(verdicts.wrong[-1])
        if fingerprint(home) != clean:
            put(template, there)
            for path in home.iterdir():
                if path.name not in ("template", "deep"):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            clean = fingerprint(home)
    return verdicts


def judged(bad: Bad, done: Done, changed: list[str], project: str) -> str:
    """What is wrong with how an input was met; empty where nothing is."""
    if done.hung:
        return f"no end within {SECONDS:g} s"
    if done.crashed or done.code not in (0, 1, 2, 3):
        return f"code {done.code}: {done.err.strip()[-700:]}"
    if done.code and changed:
        return f"refused with {done.code}, yet wrote {changed[:3]}"
    if outside := [path for path in changed if not path.startswith(project)]:
        return f"wrote outside the project: {outside[:3]}"
    if any("stolen" in path for path in changed):
        return f"ran what it read: {changed[:3]}"
    if bad.must and not done.code:
        return f"accepted: {done.out[-200:]!r}"
    said = [line for line in done.lines if not line.startswith(("Usage", "Try"))]
    if done.code and not said and not done.out.strip():
        return f"code {done.code} without a word"
    if done.code and len(said) > 1 and not done.out.strip():
        return f"{len(said)} lines: {said[:3]}"
    if any(ord(sign) < 32 and sign not in "\n\t" for sign in done.err):
        return f"control characters on the terminal: {done.err[:200]!r}"
    return ""
