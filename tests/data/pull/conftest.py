"""A loopback server in place of the providers: files in their layouts, errors, slow and broken answers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest


@dataclass
class Answer:
    """What the server says for a path: a list of answers is given one by one, the last one from then on."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int = 0  # send only so many bytes, then break the connection
    silent: bool = False  # say nothing until the test is over
    drip: float = 0.0  # seconds between one byte and the next
    slow_head: float = 0.0  # the same of its headers, for ever
    ranges: bool = False


@dataclass
class Provider:
    url: str
    Answer: ClassVar = Answer
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def gives(self, path: str, *answers: Answer | bytes | str) -> None:
        self.answers[path] = [one if isinstance(one, Answer) else Answer(one.encode() if isinstance(one, str) else one) for one in answers]

    def asked(self) -> list[str]:
        return [path for path, _ in self.seen]


def _handler(provider: Callable[[], Provider]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            server = provider()
            server.seen.append((self.path, dict(self.headers)))
            queue = server.answers.get(self.path) or server.answers.get(self.path.split("?")[0], [Answer(b"not found", 404)])
            answer = queue.pop(0) if len(queue) > 1 else queue[0]
            if answer.silent:
                server.over.wait()
            with suppress(OSError):  # a client that did not wait is gone
                self._send(answer, server.over)

        def _send(self, answer: Answer, over: threading.Event) -> None:
            body, status, headers = answer.body, answer.status, dict(answer.headers)
            while answer.slow_head and not over.wait(answer.slow_head):
                self.wfile.write(b"H")
                self.wfile.flush()
            if answer.ranges:
                headers |= {"Accept-Ranges": "bytes"}
                if self.headers.get("Range") and self.headers.get("If-Range") == headers.get("ETag"):
                    body, status = body[int(self.headers["Range"].split("=")[1].rstrip("-")) :], 206
            if status == 200 and headers.get("ETag") and self.headers.get("If-None-Match") == headers["ETag"]:
                body, status = b"", 304
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if status != 304:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            for byte in body if answer.drip else b"":
                if over.wait(answer.drip):
                    return
                self.wfile.write(bytes((byte,)))
                self.wfile.flush()
            if answer.drip:
                return
            cut = answer.cut and not self.headers.get("Range")
            self.wfile.write(body[: answer.cut] if cut else body)
            if cut:
                self.wfile.flush()
                self.close_connection = True
                self.connection.close()

        def log_message(self, format: str, *args: object) -> None: ...

    return Handler


@pytest.fixture
def provider() -> Iterator[Provider]:
    held: list[Provider] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(lambda: held[0]))
    held.append(Provider(f"http://127.0.0.1:{server.server_address[1]}"))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield held[0]
    held[0].over.set()
    server.shutdown()
    server.server_close()
    thread.join()
