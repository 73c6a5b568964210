"""Masks as packed bits: one row per leaf and parameter values, N symbols x W words of 64 bars, lowest bit first."""

from __future__ import annotations

import operator
from collections.abc import Hashable

import numpy as np
import numpy.typing as npt

from flowbt.engine.walk.kernel import Array
from flowbt.ground.compiled import jit
from flowbt.ground.types import Function

Words = npt.NDArray[np.uint64]
COMPARES: dict[Function, int] = {operator.lt: 0, operator.le: 1, operator.gt: 2, operator.ge: 3}
FLIPPED = {0: 2, 1: 3, 2: 0, 3: 1}  # a < b read from b's side


def words_of(bars: int) -> int:
    """How many 64-bit words hold so many bars."""
    return (bars + 63) // 64


def pack(values: npt.NDArray[np.bool_]) -> Words:
    """T x N bools as N x W words."""
    bars, n = values.shape
    padded = np.zeros((n, words_of(bars) * 64), np.bool_)
    padded[:, :bars] = values.T
    words: Words = np.packbits(padded, axis=1, bitorder="little").view(np.uint64)
    return words


@jit
def pack_compare(values: Array, level: float, how: int, out: Words) -> None:
    """`values` (N x T) compared with a level, packed into `out` (N x W). A missing value compares False, as in pandas."""
    n, bars = values.shape
    for j in range(n):
        for w in range(out.shape[1]):
            word = np.uint64(0)
            for t in range(w * 64, min(w * 64 + 64, bars)):
                x = values[j, t]
                if how == 0:
                    hit = x < level
                elif how == 1:
                    hit = x <= level
                elif how == 2:
                    hit = x > level
                else:
                    hit = x >= level
                word |= np.uint64(hit) << np.uint64(t & 63)
            out[j, w] = word


@jit
def cut_bits(words: Words, bars: int, begin: int, length: int, out: Words) -> None:
    """`length` bits of each row from bit `begin` on, in a circle of `bars`."""
    for r in range(out.shape[0]):
        for w in range(out.shape[1]):
            word, at = np.uint64(0), (begin + 64 * w) % bars
            if at & 63 == 0 and at + 64 <= bars:
                word = words[r, at >> 6]
            elif at + 64 <= bars:
                word = words[r, at >> 6] >> np.uint64(at & 63) | words[r, (at >> 6) + 1] << np.uint64(64 - (at & 63))
            else:
                for k in range(64):
                    t = (at + k) % bars
                    word |= (words[r, t >> 6] >> np.uint64(t & 63) & np.uint64(1)) << np.uint64(k)
            left = length - 64 * w
            out[r, w] = word if left >= 64 else word & ((np.uint64(1) << np.uint64(left)) - np.uint64(1))


class MaskStore:
    """Rows of packed masks under keys. It grows as needed; `trim` empties it once it is over its budget."""

    def __init__(self, symbols: int, bars: int, budget: int = 128_000_000) -> None:
        self.symbols, self.bars, self.budget = symbols, bars, budget
        self.count = 0
        self._rows: dict[Hashable, int] = {}
        self._words = np.zeros((16, symbols, words_of(bars)), np.uint64)

    @property
    def words(self) -> Words:
        """Rows x N x W."""
        used: Words = self._words[: self.count]
        return used

    @property
    def row_bytes(self) -> int:
        return int(self._words[0].nbytes)

    def find(self, key: Hashable) -> int | None:
        return self._rows.get(key)

    def add(self, key: Hashable) -> Words:
        """A new row to be filled, N x W."""
        if self.count == len(self._words):
            self._words = np.concatenate([self._words, np.zeros_like(self._words)])
        self._rows[key] = self.count
        self.count += 1
        row: Words = self._words[self.count - 1]
        return row

    def trim(self) -> None:
        if self.count * self.row_bytes > self.budget:
            self._rows.clear()
            self.count = 0

    def part(self, first: int, last: int, rotate: int) -> Words:
        """All rows over bars [first, last), after their bars are shifted in a circle by `rotate`: rows x N*W words."""
        flat = self.words.reshape(-1, self._words.shape[2])
        if first == 0 and last == self.bars and rotate % self.bars == 0:
            return flat.reshape(self.count, -1)
        out: Words = np.empty((len(flat), words_of(last - first)), np.uint64)
        cut_bits(flat, self.bars, (first - rotate) % self.bars, last - first, out)
        return out.reshape(self.count, -1)
