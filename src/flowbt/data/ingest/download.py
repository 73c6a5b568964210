"""Downloads: one file at a time, with retries, resume, hashes and a pause between requests.

1. A fixed file that is there with its recorded hash is not asked for again; another is asked for with its ETag.
2. Bytes go to `<file>.part`; an interrupted download goes on from there (Range, If-Range), or starts over where the server cannot.
3. Refusals that pass (408, 425, 429, 5xx, broken and slow connections) are tried again, later each time, or when Retry-After says.
4. A web page instead of data, a short file, or a wrong checksum is an error, and the old file stays.
5. The file is renamed into place and its address, hash, size and ETag go to `pulled.json`.
6. A host that gave no answer, answers at a crawl, or says that it is asked too often, each after every try, is not asked again in this call; nor is one that
   refused REFUSALS files in a row. What is there of it already stays in use. Where SILENT hosts gave none and no other did, there is no network: none is asked.
7. Nothing of a server is waited for without end: not a body at a crawl, headers or blocks that never become whole (`watch.py`), or more than a file can have.
"""

from __future__ import annotations

import errno
import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from flowbt.data.ingest.watch import Watch
from flowbt.data.sources.request import Download
from flowbt.ground.documents import keep, kept
from flowbt.ground.errors import PullError
from flowbt.ground.files import hash_file, inside, move_into_place
from flowbt.ground.types import Json

if TYPE_CHECKING:
    import httpx

PASSING = (408, 425, 429, 500, 502, 503, 504)
TOO_OFTEN = 429
PAGE = (b"<!doctype html", b"<html")
REFUSALS = 3  # files in a row
SILENT = 3  # hosts in a row
CONNECT = 10.0  # seconds at most until a host takes a connection
SLOWEST = 100  # bytes a second, over a time-out's length


@dataclass
class Patience:
    """Hosts that are not asked any more in this call, and why; how many files in a row each of the others refused; whether any has answered at all."""

    over: dict[str, str] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    heard: bool = False

    def why_not(self, host: str) -> str:
        """Why a host is not asked; empty where it is."""
        if host in self.over:
            return f"{host} was given up ({self.over[host]})"
        return f"{', '.join(self.over)} gave no answer, and no other host did: there may be no network" if not self.heard and len(self.over) >= SILENT else ""

    def lost(self, host: str, problem: str, at_once: bool) -> None:
        """A file was refused after every try."""
        self.refused[host] = self.refused.get(host, 0) + 1
        if at_once or self.refused[host] >= REFUSALS:
            self.over[host] = problem


@dataclass(frozen=True)
class Manners:
    """How to ask: seconds between requests, tries, seconds without an answer, longest wait between tries, bytes that no file has more of."""

    pause: float = 0.5
    tries: int = 5
    timeout: float = 30.0
    longest_wait: float = 60.0
    base_url: str = ""  # in place of every address's scheme and host, for a mirror
    patience: Patience = field(default_factory=Patience, compare=False)
    most: int = 8 << 30


@dataclass(frozen=True)
class Pulled:
    """What became of one request."""

    file: str
    url: str
    status: Literal["fetched", "unchanged", "not there", "failed"]
    bytes: int = 0
    sha256: str = ""
    problem: str = ""


def pull(requests: Sequence[Download], folder: Path, manners: Manners, progress: Callable[[str, int, int], None] | None = None) -> list[Pulled]:
    """Download every request into `folder`. A failed one does not stop the others. PullError only where nothing can be asked at all."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PullError(str(folder), f"cannot be written ({error.strerror})", "choose another folder with --to-folder") from None
    done: list[Pulled] = []
    watch = Watch(2 * manners.timeout)
    with _client(manners) as client:
        for n, request in enumerate(requests):
            if progress:
                progress(request.file, n, len(requests))
            try:
                done.append(_Download(client, watch, request, folder, manners).run())
            except PullError as error:
                done.append(Pulled(request.file, request.url, "failed", problem=str(error)))
    if progress:
        progress("", len(requests), len(requests))
    return done


def ready() -> None:
    """PullError where nothing can be downloaded here at all."""
    try:
        import httpx  # noqa: F401
    except ImportError:
        raise PullError("downloads", "the package httpx is not installed", "install flowbt[online]") from None


@contextmanager
def _client(manners: Manners) -> Iterator[httpx.Client]:
    ready()
    import httpx

    patient = httpx.Timeout(manners.timeout, connect=min(manners.timeout, CONNECT))
    with httpx.Client(timeout=patient, follow_redirects=True, headers={"User-Agent": "flowbt"}) as client:
        yield client


RECORDS = "pulled.json"  # beside the files: where each is from


class _Again(Exception):
    """This try failed, another may not. `after`: seconds the server asked for. `host`: the others of this host would fail, too; None: nothing is said of it."""

    def __init__(self, problem: str, after: float | None = None, *, host: bool | None = None) -> None:
        super().__init__(problem)
        self.after, self.host = after, host


class _Download:
    def __init__(self, client: httpx.Client, watch: Watch, request: Download, folder: Path, manners: Manners) -> None:
        self.client, self.watch, self.request, self.manners = client, watch, request, manners
        self.path = inside(folder, request.file)
        self.part = inside(folder, f"{request.file}.part")
        self.records = folder / RECORDS
        self.url = address(request.url, manners.base_url)
        self.host = urlsplit(request.url).netloc

    def run(self) -> Pulled:
        known = self._known()
        if known and self.request.fixed:
            return Pulled(self.request.file, self.url, "unchanged", known["bytes"], known["sha256"])
        patience = self.manners.patience
        if reason := patience.why_not(self.host):
            raise PullError(self.url, f"not asked: {reason}", "try again later; what is there stays in use")
        wait, problem = self.manners.pause, ""
        host: bool | None = None
        for attempt in range(self.manners.tries):
            if attempt or self.manners.pause:
                time.sleep(min(wait, self.manners.longest_wait) if attempt else self.manners.pause)
            try:
                done = self._ask(known)
                patience.refused.pop(self.host, None)
                return done
            except _Again as again:
                problem, host = str(again), again.host
                wait = again.after if again.after is not None else max(2 * wait, 0.5 if self.manners.pause else 0.0)
        if host is not None:
            patience.lost(self.host, problem, host)
        raise PullError(self.url, f"{problem}, {self.manners.tries} times", "try again later; what came is kept and will be continued")

    def _ask(self, known: Json | None) -> Pulled:
        import httpx

        headers, answered = self._headers(known), False
        try:
            with self.watch.over(), self._streamed(self.url, headers) as answer:
                answered = self.manners.patience.heard = True
                self.watch.fed()
                if answer.status_code == 304 and known:
                    return Pulled(self.request.file, self.url, "unchanged", known["bytes"], known["sha256"])
                if answer.status_code == 416:
                    self.part.unlink(missing_ok=True)
                    raise _Again("the server could not continue the file")
                if answer.status_code in (403, 404) and self.request.maybe:
                    return Pulled(self.request.file, self.url, "not there")
                if answer.status_code in PASSING:
                    raise _Again(f"status {answer.status_code}", _seconds(answer.headers.get("Retry-After")), host=answer.status_code == TOO_OFTEN)
                if answer.status_code not in (200, 206):
                    text = next(answer.iter_bytes(), b"")[:120].decode("utf-8", "replace")
                    raise PullError(self.url, f"status {answer.status_code} ({' '.join(text.split())})", "check symbols and days")
                self._write(answer)
                return self._finish(answer.headers.get("ETag", ""))
        except httpx.TimeoutException:
            raise _Again(f"no answer within {self.manners.timeout:g} s", host=True) from None
        except httpx.TransportError as error:
            if self.watch.cut:
                raise _Again(f"nothing whole within {self.watch.seconds:g} s", host=True) from None
            raise _Again(f"the connection broke ({str(error) or type(error).__name__})", host=None if answered else True) from None
        except OSError as error:
            if error.errno == errno.ENOSPC:  # what was to be continued must not keep the disk full
                self._begin_again()
            raise PullError(self.url, f"cannot be written ({error.strerror})", "check the disk") from None

    def _headers(self, known: Json | None) -> dict[str, str]:
        headers = {"Accept-Encoding": "identity"}  # so that lengths and ranges are those of the file
        tag = self.part.with_suffix(".tag")
        if self.part.exists() and self.part.stat().st_size and tag.exists():
            headers |= {"Range": f"bytes={self.part.stat().st_size}-", "If-Range": tag.read_text(encoding="utf-8")}
        elif known and known.get("etag"):
            headers["If-None-Match"] = known["etag"]
        return headers

    def _write(self, answer: httpx.Response) -> None:
        """The body to the part file; the tag beside it lets a later try go on from there."""
        continued = answer.status_code == 206
        tag = self.part.with_suffix(".tag")
        if not continued:
            self._begin_again()
        if answer.headers.get("ETag") and answer.headers.get("Accept-Ranges") == "bytes":
            tag.write_text(answer.headers["ETag"], encoding="utf-8")
        before = self.part.stat().st_size if continued and self.part.exists() else 0
        since, got = time.monotonic(), 0
        with self.part.open("ab") as file:
            for block in answer.iter_bytes():
                self.watch.fed()
                file.write(block)
                got += len(block)
                if file.tell() > self.manners.most:
                    self._begin_again()
                    raise PullError(self.url, f"more than {self.manners.most:,} bytes", "no file of a provider is that large")
                if time.monotonic() - since > self.manners.timeout:
                    if got < SLOWEST * self.manners.timeout:
                        raise _Again(f"{got} bytes in {self.manners.timeout:g} s", host=True)
                    since, got = time.monotonic(), 0
        length = answer.headers.get("Content-Length")
        if length is not None and self.part.stat().st_size - before != int(length):
            raise _Again(f"{self.part.stat().st_size - before} bytes of {length}")

    def _finish(self, etag: str) -> Pulled:
        with self.part.open("rb") as file:
            begin = file.read(200)
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = self.part.stat().st_size
        problem = "an empty answer" if not begin else "a web page instead of data" if begin.lstrip().lower().startswith(PAGE) else ""
        if not problem and self.request.checksum and (stated := self._checksum()) != digest:
            self._begin_again()
            raise _Again(f"the checksum is {digest[:8]} where the provider says {stated[:8]}")
        if problem:
            self._begin_again()
            raise PullError(self.url, problem, "the provider may have moved the file; see its site")
        move_into_place(self.part, self.path)
        self.part.with_suffix(".tag").unlink(missing_ok=True)
        self._remember({"url": self.url, "sha256": digest, "bytes": size, "etag": etag, "fetched": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())})
        return Pulled(self.request.file, self.url, "fetched", size, digest)

    def _begin_again(self) -> None:
        """Without what has come of the file so far."""
        self.part.unlink(missing_ok=True)
        self.part.with_suffix(".tag").unlink(missing_ok=True)

    def _streamed(self, url: str, headers: dict[str, str]) -> AbstractContextManager[httpx.Response]:
        return self.client.stream("GET", url, headers=headers, extensions={"trace": self.watch.trace})

    def _checksum(self) -> str:
        with self._streamed(address(self.request.checksum, self.manners.base_url), {}) as answer:
            words = next(answer.iter_bytes(), b"")[:1000].decode("utf-8", "replace").split()
        if answer.status_code != 200 or not words:
            raise _Again(f"status {answer.status_code} for the checksum")
        return words[0].lower()

    def _known(self) -> Json | None:
        """The record of a file that is there, unchanged since, and came from this address."""
        record: Json | None = kept(self.records).get(self.request.file)
        if not record or record["url"] != self.url or not self.path.is_file():
            return None
        return record if hash_file(self.path) == record["sha256"] else None

    def _remember(self, record: dict[str, object]) -> None:
        keep(self.records, {**kept(self.records), self.request.file: record})


def address(url: str, base_url: str) -> str:
    """`url`, with `base_url` in place of scheme and host where one is given."""
    if not base_url:
        return url
    parts = urlsplit(url)
    return base_url.rstrip("/") + parts.path + (f"?{parts.query}" if parts.query else "")


def as_records(pulled: Sequence[Pulled]) -> list[dict[str, object]]:
    return [asdict(one) for one in pulled]


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isdigit() else None
