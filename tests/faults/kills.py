"""Every act, ended or refused at its calls to the disk: what was there stays or what is new is there, and the same act again makes it whole."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults import world
from tests.faults.acts import ACTS, Act
from tests.faults.forks import Done, command, run
from tests.faults.layer import ASKED, ENDS, How, worth_trying
from tests.faults.state import State, between, broken, leftovers, state


@dataclass
class Tally:
    """What came of many faults."""

    kills: Counter[str] = field(default_factory=Counter)  # by how
    wrong: list[str] = field(default_factory=list)


@contextmanager
def project() -> Iterator[Path]:
    """An untouched project; copies of it are put in `there`, always in the same place, so that what is computed of it can be kept."""
    with tempfile.TemporaryDirectory() as home:
        template = Path(home) / "template"
        template.mkdir()
        world.build(template)
        yield template


def put(template: Path, there: Path) -> Path:
    shutil.rmtree(there, ignore_errors=True)
    shutil.copytree(template, there, symlinks=True, copy_function=_copy)
    return there


def _copy(source: str, target: str, *, follow_symlinks: bool = True) -> None:
    if stat.S_ISFIFO(os.lstat(source).st_mode):
        os.mkfifo(target)
    else:
        shutil.copy2(source, target, follow_symlinks=follow_symlinks)


@dataclass(frozen=True)
class Scene:
    """An act with the project as it is before, and its states before and after."""

    name: str
    act: Act
    before: Path
    there: Path
    old: State
    new: State
    kinds: bytes


def scene(name: str, template: Path) -> Scene:
    """Do the act once, undisturbed. AssertionError where it does not work."""
    act, home = ACTS[name], template.parent
    there, before = put(template, home / "project"), home / f"before {name}"
    for number, words in enumerate(act.before, start=1):
        at = act.halted if act.halted and number == len(act.before) else 0
        run(command(*words), there, at, How.KILL if at else How.COUNT)
    put(there, before)
    old = state(there)
    done = run(command(*act.words), there)
    assert done.code == 0, (name, done)
    new = state(there)
    assert not broken(old) + broken(new), (name, broken(old) + broken(new))
    return Scene(name, act, before, there, old, new, done.points)


def disturb(one: Scene, at: int, how: How, tally: Tally) -> None:
    """Once: with the fault, then without. What is wrong is added to the tally."""
    there = put(one.before, one.there)
    done = run(command(*one.act.words), there, at, how)
    tally.kills[how.name] += 1

    def wrong(words: str) -> None:
        tally.wrong.append(f"{one.name}, {how.name} at {at}: {words}")

    if how in ENDS and done.code != 137:
        return wrong(f"it was not ended: code {done.code}, {done.lines[-1:]}")
    if how in ASKED and done.code not in (0, ASKED[how]):
        wrong(f"it ended with {done.code}, {done.lines[-2:]}")
    if how in ASKED and (left := [name for name in leftovers(there) if not name.endswith(".working")]):
        wrong(f"left: {left[:3]}")
    if how not in ENDS:
        for words in _told(done):
            wrong(words)
    now = state(there)
    for words in between(now, one.old, one.new):
        wrong(words)
    again = run(command(*one.act.words), there)
    if again.crashed or (again.code and not (one.act.once and now == one.new)):
        wrong(f"again: code {again.code}, {again.lines[-3:]}")
    swept = [run(command(*words), there) for words in (("results", "gc"), ("data", "gc"))] if leftovers(there) else []
    for gc in swept:
        if gc.code:
            wrong(f"gc: code {gc.code}, {gc.lines[-2:]}")
    left = leftovers(there)
    if left:
        wrong(f"left after gc: {left[:3]}")
    then = state(there)
    moved = [name for name in {*then, *one.new} if then.get(name) != one.new.get(name)]
    if moved and not one.act.once:
        wrong("in the end " + "; ".join(f"{name} is {then.get(name)}, not {one.new.get(name)}" for name in moved[:3]))
    return None


def _told(done: Done) -> list[str]:
    """What is wrong with how a refused command ended: a traceback, or more or less than one line."""
    if done.crashed:
        return [f"crashed: code {done.code}: {done.err[-600:]}"]
    if done.code and len(done.lines) != 1:
        return [f"code {done.code}, said {done.lines[:4]}"]
    return []


def kills(names: tuple[str, ...], most: int, hows: tuple[How, ...], told: Callable[[str], None] = lambda line: None) -> Tally:
    """Up to `most` calls of every act, in every way."""
    tally = Tally()
    with project() as template:
        for name in names:
            one = scene(name, template)
            for how in hows:
                before = len(tally.wrong)
                for at in worth_trying(one.kinds, most):
                    disturb(one, at, how, tally)
                told(f"{name}, {how.name}: {len(worth_trying(one.kinds, most))} of {len(one.kinds)} calls, {len(tally.wrong) - before} wrong")
                for line in tally.wrong[before : before + 3]:
                    told(f"    {line[:700]}")
            shutil.rmtree(one.before)
    os.chdir("/")
    return tally
