"""The prices of contracts, kept for every run that trades them again: trials of a sweep, rotations of a decision, windows of a walk-forward.

A price depends on the leg, the bar it is opened at, the bars and volatilities, and the model; never on what a run holds. `inputs_key` is of all but the
first two of these, by content: nothing stale can be found.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterable
from threading import Lock
from typing import Generic, TypeVar

from cachetools import LRUCache

from flowbt.engine.types import Array

BYTES = 192_000_000
OVERHEAD = 1_500  # bytes of an entry beside its arrays

T = TypeVar("T")


class ContractPrices(Generic[T]):
    """What was priced before, least recently used out first; at most `size` bytes. Threads may share it."""

    def __init__(self, size: int = BYTES) -> None:
        self._kept: LRUCache[Hashable, tuple[T, int]] = LRUCache(size, lambda entry: entry[1])
        self._lock = Lock()
        self.found = self.priced = 0

    def find(self, key: Hashable) -> T | None:
        """The entry, or None."""
        with self._lock:
            entry = self._kept.get(key)
            self.found += entry is not None
            return None if entry is None else entry[0]

    def keep(self, key: Hashable, value: T, nbytes: int) -> None:
        """Put an entry by; one that is larger than the whole store is not kept."""
        with self._lock:
            self.priced += 1
            if nbytes + OVERHEAD <= self._kept.maxsize:
                self._kept[key] = (value, nbytes + OVERHEAD)

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
