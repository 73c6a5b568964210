"""`flowbt serve`: the results folder on a page of this machine only.

It listens on the loopback address, answers only requests that name it (no page of another site can reach it under a
borrowed name), serves only page files inside the results folder, and changes only tags and notes.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from flowbt.ground.documents import dumps, parse_json
from flowbt.ground.errors import FlowbtError, ResultsError
from flowbt.ground.files import read_bytes, real
from flowbt.results import shelf
from flowbt.results.pages import site
from flowbt.results.pages.base import render_page, write_assets

HOST = "127.0.0.1"
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".png": "image/png", ".csv": "text/csv", ".parquet": "application/octet-stream"}
MOST_BODY, MOST_COMPARED = 20_000, 20
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),  # even a page that let a script through could reach nothing but this server
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
Compare = Callable[[Sequence[str]], str]


def make_server(root: Path, port: int, compare: Compare) -> ThreadingHTTPServer:
    """A server of `root` on the loopback address, not yet running; port 0 takes a free one. `compare` gives a comparison's HTML."""
    root = real(Path(root))
    with shelf.storing(root, "serve"):
        root.mkdir(parents=True, exist_ok=True)
    with suppress(OSError):  # a read-only folder can still be looked at when its assets are there
        write_assets(root)
    try:
        server = Server((HOST, port), partial(Handler, root=root, compare=compare))
    except OSError as problem:
        raise ResultsError(f"serve on port {port}", problem.strerror or str(problem), "choose another with --port, or 0 for a free one") from None
    return server


class Server(ThreadingHTTPServer):
    """A thread for each request; one that its asker has left, or whose file is gone meanwhile, is no defect."""

    daemon_threads = True

    def handle_error(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def _split(target: str) -> SplitResult:
    """The parts of what is asked for; of what is no address, an address where nothing is."""
    try:
        return urlsplit(target)
    except ValueError:
        return urlsplit("/.none")


def inside(root: Path, asked: str) -> Path | None:
    """The page file that a request path names, or None where it is no page or not inside `root` (links are followed first)."""
    if "\x00" in asked or "\\" in asked:
        return None
    try:
        path = real(root / asked.lstrip("/"))
        within = path.is_relative_to(root) and not any(part.startswith(".") for part in path.relative_to(root).parts)
        return path if within and path.suffix in TYPES and path.is_file() else None
    except OSError:  # a name that is too long
        return None


class Handler(BaseHTTPRequestHandler):
    """One request. GET: the browser page, pages of the folder, /compare, /api/progress. POST: /api/mark."""

    server_version, sys_version = "flowbt", ""
    timeout = 60  # seconds for a line, or for what is sent to be taken

    def __init__(self, *args: Any, root: Path, compare: Compare) -> None:
        self.root, self.compare = root, compare
        super().__init__(*args)

    def do_GET(self) -> None:
        url = _split(self.path)
        path = unquote(url.path)
        if not self._is_local():
            self._refuse(HTTPStatus.FORBIDDEN, "This server answers only under its own name.")
        elif path in ("/", "/index.html"):
            self._send(site.index_page(self.root, live=True))
        elif path == "/api/progress":
            self._send(dumps(site.running_work(self.root)), "application/json")
        elif path == "/compare":
            self._compare(parse_qs(url.query).get("run", []))
        elif (file := inside(self.root, path)) is not None:
            self._send(read_bytes(file), TYPES[file.suffix])
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "There is no such page.")

    do_HEAD = do_GET

    def do_POST(self) -> None:
        if not self._is_local() or self.headers.get("X-Flowbt") != "page":  # another site cannot set this header
            self._refuse(HTTPStatus.FORBIDDEN, "Only flowbt's own page may change tags and notes.")
            return
        if _split(self.path).path != "/api/mark":
            self._refuse(HTTPStatus.NOT_FOUND, "There is no such action.")
            return
        try:
            length = int(self.headers.get("Content-Length", ""))
            asked: Any = parse_json(self.rfile.read(length)) if 0 < length <= MOST_BODY else None
            run, tags, note = str(asked["run"]), [str(tag).strip() for tag in asked["tags"]], str(asked["note"]).strip()
        except (ValueError, TypeError, KeyError):
            self._refuse(HTTPStatus.BAD_REQUEST, "Send run, tags and note as JSON.")
            return
        try:
            entry = shelf.mark(self.root, run, lambda *_: ([tag for tag in tags if tag], note))
        except FlowbtError as error:
            self._refuse(HTTPStatus.CONFLICT, str(error))
            return
        self._send(dumps({"tags": list(entry.tags), "note": entry.note}), "application/json")

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: the terminal shows the address only."""

    def _compare(self, names: list[str]) -> None:
        names = list(dict.fromkeys(names))
        if len(names) > MOST_COMPARED:  # a page of anybody's may ask for them
            self._refuse(HTTPStatus.BAD_REQUEST, f"{len(names)} runs; {MOST_COMPARED} are the most that are compared here.")
            return
        try:
            self._send(self.compare(names))
        except FlowbtError as error:
            self._refuse(HTTPStatus.NOT_FOUND, str(error))

    def _is_local(self) -> bool:
        name, _, port = self.headers.get("Host", "").rpartition(":")
        return name in (HOST, "localhost") and port == str(self.connection.getsockname()[1])

    def _refuse(self, status: HTTPStatus, words: str) -> None:
        self._send(render_page("message.html", {"title": status.phrase, "words": words}), status=status)

    def _send(self, body: str | bytes, kind: str = "text/html", status: HTTPStatus = HTTPStatus.OK) -> None:
        data = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8" if kind != "image/png" else kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
