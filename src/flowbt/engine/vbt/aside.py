"""vectorbt in a process of its own. It begins with the command and imports what the book needs of vectorbt (`lean.py`), which takes more than a second, while
data is read and the strategy decides; then it compares the books. Nothing is called done before it has answered, and its word counts only where the two
books agree: whatever else it says, they are compared here, with vectorbt whole."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from flowbt.engine.book import Book

LARGE = 5_000_000  # symbol-bars; to send a larger book takes longer than to import vectorbt here
SERVE = "import gc; gc.disable(); from flowbt.engine.vbt.lean import leave_out; leave_out(); from flowbt.engine.vbt.serve import serve; serve()"


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

    def reconcile(self, book: Book, here: Callable[[Book], float]) -> Callable[[], float]:
        """Begin to compare; calling what is returned waits for the answer. A large book is compared by `here`, in this process, and so is any of which the
        other does not say that it agrees."""
        if book.market.close.size > LARGE:
            found = here(book)  # at once: the rotations of so large a book are walked in other threads meanwhile
            return lambda: found
        asked = self._pool.submit(self._asked, book)

        def answer() -> float:
            try:
                return asked.result()
            except (OSError, EOFError, pickle.PickleError):
                return here(book)

        return answer

    def _asked(self, book: Book) -> float:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        pickle.dump(replace(book), self._process.stdin, pickle.HIGHEST_PROTOCOL)  # without what it has worked out for itself
        self._process.stdin.flush()
        found: float = pickle.load(self._process.stdout)
        return found
