"""The faults, as a table: python -m tests.faults [--few] [kills refusals races inputs tampered]. Exit code 1 where anything is wrong.

--few takes seconds to a minute; without it a thousand kills, a thousand refusals, all inputs and 500 tampered files take about two hours of one core.
"""

from __future__ import annotations

import gc
import os
import random
import sys
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.faults.layer import ENDS, REFUSES, USABLE, library

FEW_ACTS = ("score --lock", "data append", "data restore", "follow on")
ROWS = ("kills", "refusals", "races", "inputs", "tampered")
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Row:
    what: str
    tried: int
    wrong: tuple[str, ...]


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
    found = kills(names, 2 if few else 12, REFUSES, _tell)
    return Row("refusals (disk full, no permission, one failure)", found.kills.total(), tuple(found.wrong))


def _races(few: bool) -> Row:
    from tests.faults.races import PAIRS, races

    found = races(("data append", "results tag") if few else tuple(PAIRS), 2 if few else 12, _tell)
    return Row("races of two commands", found.kills.total(), tuple(found.wrong))


def _inputs(few: bool) -> Row:
    from tests.faults.corpus import corpus
    from tests.faults.inputs import try_all

    inputs = list(corpus())
    random.Random(1).shuffle(inputs)
    with tempfile.TemporaryDirectory() as home:
        found = try_all(inputs[:60] if few else inputs, Path(home), _tell)
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
    os.nice(10)
    from tests.faults.acts import ACTS
    from tests.faults.corpus import BASES
    from tests.faults.races import PAIRS
    from tests.faults.tampered import MADE as BEFORE_TAMPERING
    from tests.faults.tampered import READS

    whole = not few or set(asked) & {"inputs", "tampered"}
    _warm(tuple(ACTS) if whole else (*FEW_ACTS, "results tag"), (*BEFORE_TAMPERING, *READS, *BASES.values()) if whole else ())
    assert set(PAIRS) <= set(ACTS)
    acts: dict[str, Callable[[bool], Row]] = {"kills": _kills, "refusals": _refusals, "races": _races, "inputs": _inputs, "tampered": _tampered}
    rows = []
    for name in asked:
        begun = _work()
        rows.append(acts[name](few))
        _tell(f"{name}: {_work() - begun:,.0f} s of work")
    for row in rows:
        for line in row.wrong:
            print(f"wrong: {line[:1000]}")
    print(f"{'tried':>7}  {'wrong':>5}  what (lost, half-written, wrong number, traceback or hang: all count as wrong)")
    for row in rows:
        print(f"{row.tried:>7,}  {len(row.wrong):>5,}  {row.what}")
    return int(any(row.wrong for row in rows))


if __name__ == "__main__":
    code = main()
    gc.unfreeze()  # what `warm_up` froze; libraries would call it leaked
    sys.exit(code)
