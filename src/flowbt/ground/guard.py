"""While a strategy or a claim decides, it may look at its panel and at nothing else: no file, no socket, no process, no frame of its caller.

Python's audit events name what is reached for (PEP 578). The hook is asleep unless a decision is being made in the same thread, and while the panel
or a feature does its own work. What was refused is remembered, so that a file that swallows the error does not hide it.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from multiprocessing import parent_process
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import NoReturn

from flowbt.ground.errors import FenceError, ParameterError, StrategyError, lost_errors_in_a_line
from flowbt.ground.home import TIMEOUT

FILES = ("open", "os.listdir", "os.scandir", "os.remove", "os.rename", "os.mkdir", "glob.glob", "shutil.", "sqlite3.", "tempfile.", "mmap.")
OUTSIDE = ("socket.", "urllib.", "subprocess.", "os.system", "os.exec", "os.fork", "os.spawn", "os.posix_spawn", "ftplib.", "http.", "smtplib.")
INSIDE = ("gc.get_", "sys._current_frames", "sys.settrace", "sys.setprofile", "sys.addaudithook", "ctypes.dlopen", "ctypes.dlsym")
FRAMES = ("sys._getframe",)
WORDS = {FILES: "reads a file", OUTSIDE: "leaves the process", INSIDE: "looks into the interpreter", FRAMES: "looks at its caller"}
SELDOM = 200_000  # objects after which garbage in circles is looked for: a third of what a process imports takes went to looking at it
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # mallopt(3): from how many bytes on freed memory goes back to the system, and an array has a mapping of its own
EXEMPT = ("importlib", "zoneinfo", "pytz", "dateutil", "exchange_calendars", "numba", "compat/_cpu.py")  # modules, time zones, a count of cores: no data


class Passing(BaseException):
    """Raised by this package through a file's own code, to be caught again by this package: not the file's doing."""


class TimeUp(BaseException):
    """Raised in a thread whose file takes too long."""


@contextmanager
def contained(path: str) -> Iterator[None]:
    """Inside, code of the file `path` runs. What would end the process, or takes longer than FLOWBT_TIMEOUT, is a StrategyError with the line."""
    watch = _Watch(path)
    try:
        try:
            yield
        finally:
            watch.end()
    except TimeUp as stop:
        watch.end()
        raise StrategyError(path, f"{_where(stop, path)}took longer than {watch.seconds:g} s", "mend the file, or give more with --timeout") from None
    except (Exception, KeyboardInterrupt, Passing):
        raise
    except BaseException as stop:  # SystemExit and the like
        raise StrategyError(path, f"{_where(stop, path)}{type(stop).__name__}: it would end the whole command", "mend the file") from None


class _Watch:
    """A thread that stops another one's Python code after FLOWBT_TIMEOUT seconds, until `end`. Compiled code is stopped after it."""

    def __init__(self, path: str) -> None:
        text = os.environ.get(TIMEOUT) or "0"
        try:
            self.seconds = float(text)
        except ValueError:
            self.seconds = -1.0
        if not 0.0 <= self.seconds < 1e9:
            raise ParameterError(f"{TIMEOUT}={text}", "not a number of seconds", "for example 60")
        self.target, self.over = threading.get_ident(), threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True, name=f"limit of {path}") if self.seconds else None
        if self.thread is not None:
            self.thread.start()

    def _run(self) -> None:
        if not self.over.wait(self.seconds):
            while not self.over.wait(0.05):
                _raise_in(self.target, TimeUp)

    def end(self) -> None:
        if self.thread is not None:
            self.over.set()
            self.thread.join()
            _raise_in(self.target, None)
            self.thread = None


def _raise_in(thread: int, kind: type[BaseException] | None) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(kind) if kind is not None else None)


def _where(stop: BaseException, path: str) -> str:
    """`line N: ` of the innermost frame in the file; empty where there is none."""
    trace, line = stop.__traceback__, ""
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            line = f"line {trace.tb_lineno}: "
        trace = trace.tb_next
    return line


class GuardState(threading.local):
    """What this thread is doing: the file that decides ("" for none), the folder name of tables that it may read, how deep in trusted code it is, and
    what was refused."""

    path: str = ""
    tables: str = ""
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
def deciding(path: str, tables: str = "") -> Iterator[None]:
    """Inside, code of the file `path` decides. FenceError where it reached outside its panel, also where it caught the error itself.

    `tables`: name of the folder whose files it may read all the same: a document's own tables, which are no market data.
    """
    state = _state()
    if state.path:  # a decision inside a decision: the outer one watches
        yield
        return
    state.refused = None
    try:
        with contained(path), _lost_errors_rest():
            state.path, state.tables = path, tables
            try:
                yield
            finally:
                state.path = state.tables = ""
    finally:
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


@contextmanager
def _lost_errors_rest() -> Iterator[None]:
    """Inside, whoever shows what `__del__` and the like raise may read the source for it: the file that decides has not."""
    show = sys.unraisablehook

    def rested(told: sys.UnraisableHookArgs) -> None:
        with resting():
            show(told)

    sys.unraisablehook = rested
    try:
        yield
    finally:
        sys.unraisablehook = show


def _end_after(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _leave() -> None:
    """End now: to take apart all that a worker has in memory takes a second, and its results have been sent."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def begin_worker() -> None:
    """For a worker process: look for circles of garbage as seldom as a command does (`flowbt/cli`), keep freed memory for the next array, and end when the
    process that started it has ended, however that was."""
    lost_errors_in_a_line()
    atexit.register(_leave)
    gc.set_threshold(SELDOM)
    with suppress(OSError, AttributeError):  # another C library
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(MMAP_THRESHOLD, 1 << 25)
        libc.mallopt(TRIM_THRESHOLD, 1 << 30)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent,), daemon=True, name="watch of the parent").start()


def refuse(found: str, do: str) -> NoReturn:
    """Raise a FenceError for what the deciding file does, and remember it."""
    state = _state()
    with resting():  # looking at the stack raises events of its own
        line = _line(state.path, "") if state.path else 0
    state.refused = FenceError(f"{state.path or 'a file'} while deciding", f"line {line} {found}" if line else found, do)
    raise state.refused


def _watch(state: GuardState, event: str, args: tuple[object, ...]) -> None:
    words = next((words for names, words in WORDS.items() if event.startswith(names)), "")
    if not words or (state.tables and event == "open" and _is_table(state.tables, args)):
        return
    state.resting += 1  # looking at the stack raises events of its own
    try:
        line = _line(state.path, event)
    finally:
        state.resting -= 1
    if line:
        what = f" ({str(args[0])[-80:]})" if args and isinstance(args[0], (str, bytes, int)) else ""
        found = f"line {line} {words}: {event}{what}"
        state.refused = FenceError(f"{state.path} while deciding", found, "take data from the panel: only there is it known when it was known")
        raise state.refused


def _is_table(folder: str, args: tuple[object, ...]) -> bool:
    """Whether a file is opened for reading in the folder of that name."""
    name, mode = args[0], args[1]
    return isinstance(name, str) and mode in ("r", "rb") and os.path.basename(os.path.dirname(os.path.realpath(name))) == folder


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
