"""Every command as it is used: on a terminal of 80 columns, and into a pipe whose encoding has few signs. Nothing is cut, nothing becomes a question mark."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from flowbt import cli

ROOT = Path(__file__).parents[2]
MAIN = [sys.executable, "-c", "from flowbt.cli import main; main()"]
REPLACED = re.compile(rb"\?(?=[\w.?])|(?:^|[\s(])\?", re.MULTILINE)  # where a sign stood; "did you mean dealer_delta?" is a question
USED = (
    "init {tmp}/mine",
    "run strategies/placebo_coin.py",
    "run strategies/exit_liquidity.py --no-store",
    "sweep strategies/placebo_coin.py -p hold=3,5 -p salt=0",
    "walkforward strategies/placebo_coin.py -p hold=3,5 -p salt=0 --mode rolling",
    "check strategies/placebo_coin.py",
    "check --explain",
    "results ls",
    "results ls --studies",
    "results show placebo",
    "results tag placebo_coin keep",
    "results gc",
    "compare placebo placebo_coin",
    "score claims/blowoff.py --resamples 200",
    "board",
    "ideas",
    "today strategies/placebo_coin.py strategies",
    "follow strategies/placebo_coin.py --journal {tmp}/journal",
    "journal check --journal {tmp}/journal",
    "journal score --journal {tmp}/journal",
    "features ls",
    "features show expected_move_zone",
    "data ls",
    "new strategy my_idea --dir {tmp}/ideas",
    "completion bash",
    *(f"{name} --help" for name in cli.COMMANDS),
)


def on_a_terminal(words, environment):
    """What a command shows on a terminal of 80 columns (standard error, with its progress, goes elsewhere)."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 80, 0, 0))
    running = subprocess.Popen([*MAIN, *words], cwd=ROOT, env={**environment, "COLUMNS": "80"}, stdout=slave, stdin=slave, stderr=subprocess.DEVNULL)
    os.close(slave)
    found = b""
    try:
        while part := os.read(master, 65536):
            found += part
    except OSError:  # the other end is closed
        pass
    running.wait()
    os.close(master)
    return found.decode("utf-8").replace("\r\n", "\n")


@pytest.fixture
def environment(demo, tmp_path):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FLOWBT_")}
    places = {"FLOWBT_DATASETS": str(demo), "FLOWBT_RESULTS": str(tmp_path / "results"), "FLOWBT_LEDGER": str(tmp_path / "ledger")}
    return {**kept, **places, "PYTHONPATH": str(ROOT / "src"), "NO_COLOR": "1", "TERM": "xterm"}


@pytest.mark.slow
def test_at_80_columns_no_line_is_broken_inside_a_word(environment, tmp_path):
    for command in USED:
        shown = on_a_terminal(command.format(tmp=tmp_path).split(), environment)
        if "--help" in command or command.startswith("completion"):
            continue
        assert "…" not in shown, command
        assert not [line for line in shown.splitlines() if len(line) > 80 and len(line.split()) > 1], (command, shown)


@pytest.mark.slow
def test_in_cp1252_and_ascii_no_sign_is_a_question_mark(environment, tmp_path):
    for at, command in enumerate(USED):
        words = command.format(tmp=tmp_path).split()
        encoding = ("cp1252", "ascii")[at % 2]
        done = subprocess.run([*MAIN, *words], cwd=ROOT, env={**environment, "PYTHONIOENCODING": encoding}, capture_output=True, check=False)
        assert not REPLACED.search(done.stdout), (command, REPLACED.search(done.stdout), done.stdout[-2000:])
        assert b"Traceback" not in done.stderr, (command, done.stderr[-2000:])
        assert done.stdout or done.returncode, command
