"""Faults of every command by the harness of this folder; `python -m tests.faults` prints its whole table."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.faults.layer import USABLE, worth_trying

ROOT = Path(__file__).parents[2]
needs = pytest.mark.skipif(not USABLE, reason="needs Linux, fork and cc")


def table(*words):
    """Exit code and what the harness prints, in a process of its own: it forks."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT / "src", ROOT, ROOT / "tests")))}
    done = subprocess.run([sys.executable, "-m", "tests.faults", *words], capture_output=True, text=True, check=False, cwd=ROOT, env=environment)
    return done.returncode, done.stdout + done.stderr[-3000:]


@needs
def test_a_few_kills_refusals_and_races_leave_old_or_new():
    code, said = table("--few", "kills", "refusals", "signals", "races")
    assert code == 0, said
    assert "races of two commands" in said


@needs
@pytest.mark.slow
@pytest.mark.parametrize("row", ["kills", "refusals", "signals", "races", "inputs", "tampered"])
def test_no_fault_loses_halves_or_falsifies(row):
    code, said = table(row)
    print(said[-2000:])
    assert code == 0, said


@needs
def test_the_harness_sees_a_writer_that_is_not_careful(tmp_path):
    code = (
        "import os, sys; from pathlib import Path; from tests.faults.forks import run; from tests.faults.layer import How\n"
        f"home = Path({str(tmp_path)!r}); (home / 'a').write_text('old' * 100)\n"
        "def careless(): (home / 'a').write_text('new' * 100)\n"
        "whole = []\n"
        "for at, how in ((1, How.KILL), (2, How.HALF), (3, How.POWER)): run(careless, home, at, how); whole.append(len((home / 'a').read_text()))\n"
        "print(whole, [run(careless, home, at, how).code for at, how in ((1, How.FULL), (1, How.DENIED), (2, How.BROKEN))])"
    )
    from tests.faults.layer import library

    environment = {**os.environ, "LD_PRELOAD": str(library()), "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "src")))}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.startswith("[300, 150,"), done.stdout


def test_calls_worth_trying_are_all_but_writes_in_a_row():
    opened, written, flushed = b"\x01", b"\x02", b"\x04"
    assert worth_trying(opened + written * 10 + flushed, 99) == [1, 2, 12]
    assert len(worth_trying(opened * 100, 7)) == 7
