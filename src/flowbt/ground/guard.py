"""While a strategy or a claim decides, it may look at its panel and at nothing else: no file, no socket, no process, no frame of its caller.

Python's audit events name what is reached for (PEP 578). The hook is asleep unless a decision is being made in the same thread, and while the panel
or a feature does its own work. What was refused is remembered, so that a file that swallows the error does not hide it.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import FrameType
from typing import NoReturn

from flowbt.ground.errors import FenceError

FILES = ("open", "os.listdir", "os.scandir", "os.remove", "os.rename", "os.mkdir", "glob.glob", "shutil.", "sqlite3.", "tempfile.", "mmap.")
OUTSIDE = ("socket.", "urllib.", "subprocess.", "os.system", "os.exec", "os.fork", "os.spawn", "os.posix_spawn", "ftplib.", "http.", "smtplib.")
INSIDE = ("gc.get_", "sys._current_frames", "sys.settrace", "sys.setprofile", "sys.addaudithook", "ctypes.dlopen", "ctypes.dlsym")
FRAMES = ("sys._getframe",)
WORDS = {FILES: "reads a file", OUTSIDE: "leaves the process", INSIDE: "looks into the interpreter", FRAMES: "looks at its caller"}
EXEMPT = ("importlib", "zoneinfo", "pytz", "dateutil", "exchange_calendars", "numba")  # a module that loads, a time zone's table: no data


class GuardState(threading.local):
    """What this thread is doing: the file that decides ("" for none), how deep in trusted code it is, and what was refused."""

    path: str = ""
    resting: int = 0
    refused: FenceError | None = None


@cache
def _state() -> GuardState:
    """The state, with the hook that reads it: one per process, for an audit hook cannot be taken out again."""
    state = GuardState()

    def hook(event: str, args: tuple[object, ...]) -> None:
        if state.path and not state.resting:
            _watch(state, event, args)

    sys.addaudithook(hook)
    return state


@contextmanager
def deciding(path: str) -> Iterator[None]:
    """Inside, code of the file `path` decides. FenceError where it reached outside its panel, also where it caught the error itself."""
    state = _state()
    if state.path:  # a decision inside a decision: the outer one watches
        yield
        return
    state.path, state.refused = path, None
    try:
        yield
    finally:
        state.path = ""
        refused, state.refused = state.refused, None
        if refused is not None:
            raise refused


@contextmanager
def resting() -> Iterator[None]:
    """Inside, the panel or a feature works: it may read what it needs."""
    state = _state()
    state.resting += 1
    try:
        yield
    finally:
        state.resting -= 1


def refuse(found: str, do: str) -> NoReturn:
    """Raise a FenceError for what the deciding file does, and remember it."""
    state = _state()
    state.refused = FenceError(f"{state.path or 'a file'} while deciding", found, do)
    raise state.refused


def _watch(state: GuardState, event: str, args: tuple[object, ...]) -> None:
    words = next((words for names, words in WORDS.items() if event.startswith(names)), "")
    if not words:
        return
    state.resting += 1  # looking at the stack raises events of its own
    try:
        line = _line(state.path, event)
    finally:
        state.resting -= 1
    if line:
        what = f" ({str(args[0])[:80]})" if args and isinstance(args[0], (str, bytes, int)) else ""
        found = f"line {line} {words}: {event}{what}"
        state.refused = FenceError(f"{state.path} while deciding", found, "take data from the panel: only there is it known when it was known")
        raise state.refused


def _line(path: str, event: str) -> int:
    """The line of the deciding file that led to this event; 0 where it did not, or by way of what may read."""
    frame: FrameType | None = sys._getframe(2)
    direct = True
    while frame is not None:
        name = frame.f_code.co_filename
        if name == path:
            return frame.f_lineno if direct or event not in FRAMES else 0
        if name != __file__:
            if any(word in name for word in EXEMPT):
                return 0
            direct = direct and (name.endswith(("inspect.py", "sys.py")) or name == __file__)
        frame = frame.f_back
    return 0
