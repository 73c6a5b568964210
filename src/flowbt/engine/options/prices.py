"""The prices of options, kept for every run that trades them again: trials of a sweep, rotations of a decision, windows of a walk-forward.

A price depends on the option, the bar, the bars and volatilities, and the model; never on what a run holds. `inputs_key` is of all but the
first two of these, by content: nothing stale can be found.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager
from threading import Lock

from cachetools import LRUCache

from flowbt.engine.options.valuation import Valuations, valuations
from flowbt.engine.types import Array

BYTES = 192_000_000
ENTRY = 40  # bytes of a price


class SharedPrices:
    """What was priced before, by `inputs_key`, least recently used out first; at most `size` bytes. Threads may share it: of those that ask for one key,
    one walks at a time, and the next finds what it has priced."""

    def __init__(self, size: int = BYTES) -> None:
        self._kept: LRUCache[Hashable, tuple[Valuations, Lock]] = LRUCache(size, lambda one: sum(part.nbytes for part in one[0]))
        self._lock = Lock()
        self.found = self.priced = 0

    @contextmanager
    def lent(self, key: Hashable, entries: int) -> Iterator[Valuations]:
        """What is kept under a key, or as much room as was asked for."""
        with self._lock:
            if key not in self._kept:
                self._kept[key] = valuations(min(entries, int(self._kept.maxsize) // (2 * ENTRY))), Lock()  # room is a power of two, up to twice as much
            kept, free = self._kept[key]
        with free:
            found, priced = (int(n) for n in kept.counted)
            yield kept
            with self._lock:
                self.found, self.priced = self.found + int(kept.counted[0]) - found, self.priced + int(kept.counted[1]) - priced

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return int(self._kept.currsize)


def inputs_key(arrays: Iterable[Array], words: Hashable) -> bytes:
    """A digest of arrays, their shapes, and of `words` by their repr."""
    made = hashlib.blake2b(repr(words).encode(), digest_size=16)
    for array in arrays:
        made.update(repr(array.shape).encode())
        made.update(array.tobytes())
    return made.digest()
