"""An end for a connection that says something before each time-out, and never anything whole: a byte of a header now and then, for ever."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any


class Watch:
    """Shuts the connection in use where `fed` is not called for `seconds`. One for each client, whose requests come one after the other."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.cut = False  # whether the request of the last block was ended so
        self._stream: Any = None
        self._last = 0.0

    def trace(self, event: str, told: dict[str, Any]) -> None:
        """What httpx calls (its extension `trace`): keeps hold of the connection."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._stream = told["return_value"]

    def fed(self) -> None:
        """Something whole has come."""
        self._last = time.monotonic()

    @contextmanager
    def over(self) -> Iterator[None]:
        """Watch the request made inside."""
        self.cut = False
        self.fed()
        ended = threading.Event()
        thread = threading.Thread(target=self._watch, args=(ended,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _watch(self, ended: threading.Event) -> None:
        while (left := self._last + self.seconds - time.monotonic()) > 0:
            if ended.wait(left):
                return
        self.cut = True
        with suppress(OSError, AttributeError):  # it is gone, or never was
            socket.socket.shutdown(self._stream.get_extra_info("socket"), socket.SHUT_RDWR)  # not the one of TLS: who reads would be told nonsense
