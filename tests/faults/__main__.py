"""The faults, as a table: python -m tests.faults [--few] [kills refusals signals races inputs tampered]. Exit code 1 where anything is wrong.

Each row is worked in a copy of one warm process, beside the others. --few takes a minute; without it a thousand kills, hundreds of refusals, signals and
races, 1,500 inputs (--all: all nine thousand) and 500 tampered files take about half an hour of one core.
"""

from __future__ import annotations

import gc
import os
import pickle
import random
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tests.faults.layer import ASKED, ENDS, REFUSES, USABLE, library

FEW_ACTS = ("score --lock", "data append", "data restore", "follow on")
ROWS = ("kills", "refusals", "signals", "races", "inputs", "tampered")
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Row:
    """A row of the table; `seconds` of work."""

    what: str
    tried: int
    wrong: tuple[str, ...]
    seconds: float = 0.0


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _work() -> float:
    """Seconds of work so far, of this process and of its children."""
    return sum(os.times()[:4])


def _warm(names: tuple[str, ...], more: tuple[tuple[str, ...], ...]) -> None:
    from tests.faults.kills import project
    from tests.faults.warm import warm_up

    with project() as template:
        warm_up(template, names, more)
        os.chdir("/")


def _kills(few: bool) -> Row:
    from tests.faults.acts import ACTS
    from tests.faults.kills import kills

    names = FEW_ACTS if few else tuple(ACTS)
    found = kills(names, 2 if few else 14, ENDS, _tell)
    return Row("kills (before a call, in the middle of a write, and with what was not flushed lost)", found.kills.total(), tuple(found.wrong))


def _refusals(few: bool) -> Row:
    from tests.faults.acts import ACTS
    from tests.faults.kills import kills

    names = FEW_ACTS if few else tuple(ACTS)
    found = kills(names, 2 if few else 4, REFUSES, _tell)
    return Row("refusals (disk full, no permission, one failure)", found.kills.total(), tuple(found.wrong))


def _signals(few: bool) -> Row:
    from tests.faults.acts import ACTS
    from tests.faults.kills import kills

    names = FEW_ACTS if few else tuple(ACTS)
    found = kills(names, 1 if few else 2, tuple(ASKED), _tell)
    return Row("signals that ask it to end (SIGTERM, SIGINT, SIGHUP)", found.kills.total(), tuple(found.wrong))


def _races(few: bool) -> Row:
    from tests.faults.races import PAIRS, races

    found = races(("data append", "results tag") if few else tuple(PAIRS), 2 if few else 6, _tell)
    return Row("races of two commands", found.kills.total(), tuple(found.wrong))


def _inputs(few: bool) -> Row:
    from tests.faults.corpus import corpus
    from tests.faults.inputs import try_all

    inputs = list(corpus())
    random.Random(1).shuffle(inputs)
    with tempfile.TemporaryDirectory() as home:
        found = try_all(inputs[: 60 if few else None if "--all" in sys.argv else 1500], Path(home), _tell)
        os.chdir("/")
    return Row(f"bad inputs ({found.counts['refused']} refused, {found.counts['accepted']} odd but right)", found.counts.total(), tuple(found.wrong))


def _tampered(few: bool) -> Row:
    from tests.faults.tampered import tamper

    with tempfile.TemporaryDirectory() as home:
        found = tamper(Path(home), 6 if few else 500, told=_tell)
        os.chdir("/")
    return Row("tampered stored files", found.count.total(), tuple(found.wrong))


def main() -> int:
    if not USABLE:
        print("needs Linux, fork and cc")
        return 2
    if "LD_PRELOAD" not in os.environ:  # the layer has to be there before anything else is
        paths = os.pathsep.join([*map(str, (ROOT / "src", ROOT, ROOT / "tests")), *filter(None, [os.environ.get("PYTHONPATH")])])
        layered = {**os.environ, "LD_PRELOAD": str(library()), "NUMBA_NUM_THREADS": "1", "PYTHONPATH": paths}
        os.execve(sys.executable, [sys.executable, "-m", "tests.faults", *sys.argv[1:]], layered)
    warnings.simplefilter("ignore")
    few = "--few" in sys.argv
    asked = [word for word in sys.argv[1:] if word in ROWS] or list(ROWS)
    os.nice(max(0, 10 - os.nice(0)))  # not twice, where it was started so
    from tests.faults.acts import ACTS
    from tests.faults.corpus import BASES
    from tests.faults.races import PAIRS
    from tests.faults.tampered import MADE as BEFORE_TAMPERING
    from tests.faults.tampered import READS

    assert {name.partition(",")[0] for name in PAIRS} <= set(ACTS)
    whole = not few or set(asked) & {"inputs", "tampered"}
    _warm(tuple(ACTS) if whole else (*FEW_ACTS, "results tag"), (*BEFORE_TAMPERING, *READS, *BASES.values()) if whole else ())
    acts: dict[str, Callable[[bool], Row]] = {
        "kills": _kills,
        "refusals": _refusals,
        "signals": _signals,
        "races": _races,
        "inputs": _inputs,
        "tampered": _tampered,
    }
    with tempfile.TemporaryDirectory() as answers:
        started = [_beside(acts[name], few, Path(answers) / name) for name in asked]
        ends = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in started]
        rows = [pickle.loads((Path(answers) / name).read_bytes()) for name, end in zip(asked, ends, strict=True) if end == 0]
    for row in rows:
        for line in row.wrong:
            print(f"wrong: {line[:1000]}")
    print(f"{'tried':>7}  {'wrong':>5}  {'work':>7}  what (lost, half-written, wrong number, traceback or hang: all count as wrong)")
    for row in rows:
        print(f"{row.tried:>7,}  {len(row.wrong):>5,}  {row.seconds:>5,.0f} s  {row.what}")
    for name, end in zip(asked, ends, strict=True):
        if end:
            print(f"{name}: ended with {end}, before its end")
    return int(any(row.wrong for row in rows) or any(ends))


def _beside(act: Callable[[bool], Row], few: bool, answer: Path) -> int:
    """Begin a row of the table in a copy of this warm process; its answer lies in the file at the end. Gives the process."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    os.setsid()  # what is sent to one row ends no other
    try:
        begun = _work()
        row = act(few)
        answer.write_bytes(pickle.dumps(replace(row, seconds=_work() - begun)))
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)
    raise AssertionError


if __name__ == "__main__":
    code = main()
    gc.unfreeze()  # what `warm_up` froze; libraries would call it leaked
    sys.exit(code)
