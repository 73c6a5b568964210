"""vectorbt in a process of its own. It begins with the command and imports vectorbt, which takes seconds, while data is read and the strategy decides; then
it compares the books. Nothing is called done before it has answered."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import BinaryIO, Self

from flowbt.engine.book import Book
from flowbt.engine.vbt.reconcile import reconcile

LARGE = 5_000_000  # symbol-bars; to send a larger book takes longer than to import vectorbt here
SERVE = "from flowbt.engine.vbt.aside import serve; serve()"


class Aside:
    """The other process, for as long as the `with` lasts."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen([sys.executable, "-c", SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self._pool = ThreadPoolExecutor(1)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.kill()
        self._pool.shutdown()
        self._process.communicate()

    def reconcile(self, book: Book) -> Callable[[], float]:
        """Begin to compare; calling what is returned waits for the answer, which is that of `reconcile`. A large book is compared here, and so is any
        where the other process does not answer."""
        if book.market.close.size > LARGE:
            return partial(reconcile, book)
        asked = self._pool.submit(self._asked, book)

        def answer() -> float:
            try:
                found = asked.result()
            except (OSError, EOFError, pickle.PickleError):
                return reconcile(book)
            if isinstance(found, float):
                return found
            raise found

        return answer

    def _asked(self, book: Book) -> float | Exception:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        pickle.dump(replace(book), self._process.stdin, pickle.HIGHEST_PROTOCOL)  # without what it has worked out for itself
        self._process.stdin.flush()
        found: float | Exception = pickle.load(self._process.stdout)
        return found


def serve(books: BinaryIO | None = None, answers: BinaryIO | None = None) -> None:
    """Compare the books that come in, one after another, until there are no more."""
    import flowbt.engine.vbt.book  # noqa: F401  what takes seconds, before there is anything to do

    books, answers = books or sys.stdin.buffer, answers or sys.stdout.buffer
    while True:
        try:
            book = pickle.load(books)
        except EOFError:
            return
        try:
            found: float | Exception = reconcile(book)
        except Exception as error:
            found = error
        pickle.dump(found, answers)
        answers.flush()
