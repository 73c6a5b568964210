"""Commands in forked children of one warm process: what a command does is done for milliseconds, and may be killed at any call."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.layer import How, arm, disarm

LIMIT = 60.0  # seconds after which a command is taken to hang


@dataclass(frozen=True)
class Done:
    """How a command ended.

    `code`: exit code, negative a signal; `points`: the kinds of calls under the folder, where it ended by itself; `hung`: it was stopped.
    """

    code: int
    out: str
    err: str
    points: bytes = b""
    hung: bool = False

    @property
    def lines(self) -> list[str]:
        """What it said on standard error, but warnings."""
        return [line for line in self.err.splitlines() if line.strip() and not line.startswith("flowbt: warning:")]

    @property
    def crashed(self) -> bool:
        return self.hung or self.code < 0 or "Traceback" in self.err or "defect of flowbt" in self.err


@dataclass
class Child:
    """A command that runs."""

    pid: int
    scratch: Path
    began: float = field(default_factory=time.monotonic)

    def wait(self, limit: float = LIMIT, *, stopped: bool = False, kill: bool = True) -> Done | None:
        """Its end; None where it stopped itself (`stopped`). What has not ended after `limit` seconds of work, or twenty times that, is killed; with `kill`
        false it is left alone (None) after `limit` seconds."""
        while time.monotonic() - self.began < limit or (kill and time.monotonic() - self.began < 20 * limit and self._worked() < limit):
            pid, status = os.waitpid(self.pid, os.WNOHANG | (os.WUNTRACED if stopped else 0))
            if pid and os.WIFSTOPPED(status):
                return None
            if pid:
                return self._done(os.waitstatus_to_exitcode(status))
            time.sleep(0.002)
        if not kill:
            return None
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        return self._done(-9, hung=True)

    def _worked(self) -> float:
        """Seconds of work: on a busy machine the clock says nothing."""
        try:
            told = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")

    def _done(self, code: int, hung: bool = False) -> Done:
        texts = {name: (self.scratch / name).read_text(errors="replace") for name in ("out", "err")}
        points = self.scratch / "points"
        found = points.read_bytes() if points.exists() else b""
        for path in self.scratch.iterdir():
            path.unlink()
        self.scratch.rmdir()
        return Done(code, texts["out"], texts["err"], found, hung)


def start(act: Callable[[], object], folder: Path | None = None, at: int = 0, how: How = How.COUNT) -> Child:
    """Begin `act` in a child whose working folder, and armed folder, is `folder`."""
    scratch = Path(tempfile.mkdtemp(prefix="said-"))
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return Child(pid, scratch)
    code = 70
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it is ignored
    try:
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(scratch / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), number)
        sys.stdout, sys.stderr = (open(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))  # noqa: SIM115
        if folder is not None:
            os.chdir(folder)
            arm(folder, at, how)
        try:
            act()
            code = 0
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        except BaseException:
            import traceback

            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        if folder is not None:
            (scratch / "points").write_bytes(disarm())
        os._exit(code)
    raise AssertionError


def run(act: Callable[[], object], folder: Path | None = None, at: int = 0, how: How = How.COUNT, limit: float = LIMIT) -> Done:
    done = start(act, folder, at, how).wait(limit)
    assert done is not None
    return done


def command(*words: str) -> Callable[[], None]:
    """A command of the program, through the same door as a user's."""

    def act() -> None:
        from flowbt import cli

        sys.argv = ["flowbt", *words]
        cli.main()

    return act


def said(done: Done) -> str:
    return json.dumps({"code": done.code, "err": done.err[-1500:], "out": done.out[-300:]})
