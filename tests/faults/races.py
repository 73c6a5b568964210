"""Two of everything at once: one is halted at a call to the disk, the other runs; then the first goes on. Both end well or one says it is busy."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable

from tests.faults.acts import ACTS, ADD, APPEND, FADE, FOLLOW, Words
from tests.faults.forks import Done, command, run, start
from tests.faults.kills import Tally, project, put
from tests.faults.layer import How, worth_trying
from tests.faults.state import between, broken, leftovers, state

PAIRS: dict[str, tuple[Words, Words]] = {  # name of the act that is there before (and words for more than one pair of it) -> the two
    "run": (ACTS["run"].words, ACTS["run"].words),
    "sweep": ((*ACTS["sweep"].words, "--tearsheets", "0"), (*ACTS["sweep"].words, "--tearsheets", "0")),
    "sweep --resume": (ACTS["sweep --resume"].words, ACTS["sweep --resume"].words),
    "walkforward": (ACTS["walkforward"].words, ACTS["walkforward"].words),
    "score": (ACTS["score"].words, ACTS["score"].words),
    "follow": (ACTS["follow"].words, ACTS["follow"].words),
    "data add": (ADD, ADD),
    "data append": (APPEND, APPEND),
    "data import": (ACTS["data import"].words, ACTS["data import"].words),
    "data gc": (("data", "gc"), APPEND),
    "results tag": (("results", "tag", "fade", "one"), ("results", "tag", "fade", "two")),
    "results rm": (("results", "rm", "fade", "--yes"), ("run", FADE)),
    "results gc": (("results", "gc"), ACTS["sweep --resume"].words),
    "score --lock": (ACTS["score --lock"].words, ACTS["score --lock"].words),
    "reduce": (ACTS["reduce"].words, ACTS["reduce"].words),
    "gallery": (ACTS["gallery"].words, ("run", FADE)),
    "results export": (ACTS["results export"].words, ACTS["results export"].words),
    "results export, removed": (ACTS["results export"].words, ("results", "rm", "fade", "--yes")),
    "results rm, twice": (("results", "rm", "fade", "--yes"), ("results", "rm", "fade", "--yes")),
    "compare --html": (ACTS["compare --html"].words, ("results", "rm", "fade", "--yes")),
    "board --html": (ACTS["board --html"].words, ACTS["board --html"].words),
    "features compute": (ACTS["features compute"].words, ACTS["features compute"].words),
    "follow, claims": (FOLLOW, ("journal", "register", "claims")),
    "new strategy": (ACTS["new strategy"].words, ACTS["new strategy"].words),
    "init": (ACTS["init"].words, ACTS["init"].words),
    "data rm": (("data", "rm", "x", "--yes"), APPEND),
    "data rm, read": (("data", "rm", "dix", "--yes"), ("run", FADE)),
    "data restore": (("data", "restore", "x", "--to", "previous"), APPEND),
    "data restore, cleared": (("data", "restore", "x", "--to", "previous"), ("data", "gc")),
    "daily": (("daily", "--no-update"), ("daily", "--no-update")),
}
MAY_DIFFER = {  # which of the two came last decides
    *("results rm", "results gc", "data gc", "results export, removed", "results rm, twice", "compare --html", "follow, claims", "new strategy", "init"),
    *("data rm", "data rm, read", "data restore", "data restore, cleared"),
}


def races(names: tuple[str, ...], most: int, told: Callable[[str], None] = lambda line: None) -> Tally:
    """Each pair, the first halted at up to `most` of its calls while the second runs."""
    tally = Tally()
    with project() as template:
        home = template.parent
        for name in names:
            first, second = PAIRS[name]
            there, before, act = put(template, home / "project"), home / "before", ACTS[name.partition(",")[0]]
            for number, words in enumerate(act.before, start=1):
                at = act.halted if act.halted and number == len(act.before) else 0
                run(command(*words), there, at, How.KILL if at else How.COUNT)
            put(there, before)
            old = state(there)
            kinds = run(command(*first), there).points
            run(command(*second), there)
            new = state(there)
            wrong = len(tally.wrong)
            for at in worth_trying(kinds, most):
                put(before, there)
                tally.kills["RACE"] += 1
                ends = _both(first, second, there, at)
                problems = [f"code {one.code}: {one.err[-400:]}" for one in ends if one.crashed or (one.code and not _fair(one))]
                now = state(there)
                problems += broken(now)
                if name not in MAY_DIFFER and all(one.code == 0 for one in ends):
                    problems += [f"{part}: {now.get(part)}, not {new.get(part)}" for part in {*now, *new} if now.get(part) != new.get(part)]
                elif name not in MAY_DIFFER:
                    problems += between(now, old, new)
                problems += [f"left: {left}" for left in leftovers(there)[:2] if name != "results gc"]
                tally.wrong += [f"two of {name}, the first halted at {at}: {problem}" for problem in problems]
            told(f"two of {name}: {len(worth_trying(kinds, most))} races, {len(tally.wrong) - wrong} wrong")
            for line in tally.wrong[wrong : wrong + 4]:
                told(f"    {line[:600]}")
            shutil.rmtree(before)
    os.chdir("/")
    return tally


FAIR = (
    "another process",
    "not among the",
    "is not there",
    "not imported",
    "there any more",
    "is there already",
    "Directory not empty",
    "the versions kept are",
)


def _fair(one: Done) -> bool:
    """One clear line: somebody else is at it, or what was asked for is gone, or made, meanwhile."""
    return len(one.lines) == 1 and any(words in one.err for words in FAIR)


def _both(first: Words, second: Words, there: object, at: int) -> tuple[Done, Done]:
    a = start(command(*first), there, at, How.HALT)  # type: ignore[arg-type]
    done = a.wait(stopped=True)
    b = start(command(*second), there)  # type: ignore[arg-type]
    if done is not None:  # it ended before that call: its way was shorter this time
        return done, _end(b)
    early = b.wait(2.0, kill=False)  # a lock that the halted one holds may keep it waiting
    os.kill(a.pid, signal.SIGCONT)
    return _end(a), early or _end(b)


def _end(child: object) -> Done:
    done = child.wait()  # type: ignore[attr-defined]
    assert done is not None
    return done
