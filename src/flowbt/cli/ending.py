"""Signals that ask a command to end: the first is raised, so that what is half done is cleared away; another one ends it at once, and its workers."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from types import FrameType
from typing import NoReturn

AT_ONCE = b"flowbt: ended at once; nothing was half-written; `flowbt results gc` and `flowbt data gc` clear away files it was working on\n"
SHOW_CURSOR = b"\x1b[?25h"
AGAIN = 0.02  # seconds


class Stopped(KeyboardInterrupt):
    """A signal that asks the process to end."""

    def __init__(self, number: int) -> None:
        self.number = number


class Ending:
    """The handler of these signals in this process. `first`: the number of the one that came first; `told`: the user has been told, and hears no more."""

    def __init__(self) -> None:
        self.first, self.told, self._show = 0, False, sys.unraisablehook

    def heed(self) -> None:
        """From now on, until the interpreter is taken apart, which takes no time. What is ignored (nohup) stays so."""
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            now = signal.getsignal(getattr(signal, name)) if hasattr(signal, name) else signal.SIG_IGN
            if isinstance(now, Ending) or now in (signal.SIG_DFL, signal.default_int_handler):
                signal.signal(getattr(signal, name), self)
                atexit.register(signal.signal, getattr(signal, name), signal.SIG_IGN)
        sys.unraisablehook = self._lost

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.first:
            self._at_once()
        self.first = number
        raise Stopped(number)

    def _lost(self, told: sys.UnraisableHookArgs) -> None:
        """Raised in a `__del__` or a callback, where it would be lost: asked once more in a moment, when other code is running."""
        if not isinstance(told.exc_value, Stopped):
            self._show(told)
            return
        self.first = 0
        try:
            threading.Timer(AGAIN, os.kill, (os.getpid(), told.exc_value.number)).start()
        except RuntimeError:  # the interpreter is ending: no thread begins any more
            self.first = told.exc_value.number
            self._at_once()

    def _at_once(self) -> NoReturn:
        """Safe at any moment, as a kill is: what is stored appears by one rename."""
        processes = sys.modules.get("multiprocessing.process")
        for worker in processes.active_children() if processes else ():
            worker.kill()
        if os.isatty(2):
            os.write(2, SHOW_CURSOR)  # a bar that is not taken down has hidden it
        if not self.told:
            os.write(2, AT_ONCE)
        os._exit(128 + self.first)
