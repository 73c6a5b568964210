"""Masks as packed bits: one row per leaf and parameter values, N symbols x W words of 64 bars, lowest bit first."""

from __future__ import annotations

import operator
from collections.abc import Collection, Hashable
from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic

from flowbt.engine.walk.kernel import Array
from flowbt.ground.compiled import jit
from flowbt.ground.types import Function

Words = npt.NDArray[np.uint64]
COMPARES: dict[Function, int] = {operator.lt: 0, operator.le: 1, operator.gt: 2, operator.ge: 3}
EMPTY, ONE, TWO, THREE, FOUR = np.arange(5, dtype=np.uint64)
FLIPPED = {0: 2, 1: 3, 2: 0, 3: 1}  # a < b read from b's side


def word_count(bars: int) -> int:
    """How many 64-bit words hold so many bars."""
    return (bars + 63) // 64


def pack(values: npt.NDArray[np.bool_]) -> Words:
    """T x N bools as N x W words."""
    bars, n = values.shape
    padded = np.zeros((n, word_count(bars) * 64), np.bool_)
    padded[:, :bars] = values.T
    words: Words = np.packbits(padded, axis=1, bitorder="little").view(np.uint64)
    return words


@jit
def holds(x: float, y: float, how: int) -> bool:
    """Whether x compares so with y; a missing value compares False, as in pandas."""
    return x < y if how == 0 else x <= y if how == 1 else x > y if how == 2 else x >= y


@jit
def pack_compare(values: Array, level: float, how: int, out: Words) -> None:
    """`values` (N x T) compared with a level, packed into `out` (N x W)."""
    for j in range(out.shape[0]):
        for w in range(out.shape[1]):
            word, part = np.uint64(0), values[j, w * 64 : w * 64 + 64]
            for k in range(part.size):
                word |= np.uint64(holds(part[k], level, how)) << np.uint64(k)
            out[j, w] = word


@jit
def pack_compare_two(left: Array, right: Array, how: int, out: Words) -> None:
    """`left` compared with `right` (both N x T), packed into `out` (N x W)."""
    for j in range(out.shape[0]):
        for w in range(out.shape[1]):
            word, a, b = np.uint64(0), left[j, w * 64 : w * 64 + 64], right[j, w * 64 : w * 64 + 64]
            for k in range(a.size):
                word |= np.uint64(holds(a[k], b[k], how)) << np.uint64(k)
            out[j, w] = word


@intrinsic  # type: ignore[untyped-decorator]
def lowest(_typing: object, word: object) -> object:
    """Position of the lowest set bit of a word that is not 0."""

    def build(_context: object, builder: Any, _signature: object, args: Any) -> object:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), build


@intrinsic  # type: ignore[untyped-decorator]
def count_bits(_typing: object, word: object) -> object:
    """How many bits of a word are set."""

    def build(_context: object, builder: Any, _signature: object, args: Any) -> object:
        return builder.ctpop(args[0])

    return types.int64(types.uint64), build


@jit
def next_bit(words: Words, start: int) -> int:
    """The first set bit at or after `start`; -1 if there is none."""
    w = start >> 6
    if w >= words.size:
        return -1
    word = (words[w] >> np.uint64(start & 63)) << np.uint64(start & 63)
    while word == EMPTY:
        w += 1
        if w == words.size:
            return -1
        word = words[w]
    found: int = w * 64 + lowest(word)
    return found


@jit
def is_set(words: Words, t: int) -> bool:
    """Whether bit t is set."""
    return ((words[t >> 6] >> np.uint64(t & 63)) & ONE) != EMPTY  # type: ignore[no-any-return]


@jit
def turn(block: Words) -> None:
    """A square of 64 x 64 bits, its rows made columns: halves of halves change places."""
    step, mask = 32, np.uint64(0xFFFFFFFF)
    while step:
        shift = np.uint64(step)
        for base in range(0, 64, 2 * step):
            for k in range(base, base + step):
                swap = ((block[k] >> shift) ^ block[k + step]) & mask
                block[k] ^= swap << shift
                block[k + step] ^= swap
        step >>= 1
        mask ^= mask << np.uint64(step)


@jit
def by_bar(signal: Words, words: int, block: Words, out: Words) -> None:
    """A signal (`words` words a symbol, a bit per bar) turned round: row t of `out` has a bit per symbol, 64 a word."""
    symbols = signal.size // words
    for m in range(out.shape[1]):
        for w in range(words):
            any_bit = EMPTY
            for k in range(64):
                block[k] = signal[(64 * m + k) * words + w] if 64 * m + k < symbols else EMPTY
                any_bit |= block[k]
            if any_bit != EMPTY:
                turn(block)
            for k in range(64):
                out[64 * w + k, m] = block[k]


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
    """Rows of packed masks under keys. It grows as needed, up to its budget, and then begins anew (`make_room`)."""

    def __init__(self, symbols: int, bars: int, budget: int = 4_000_000) -> None:
        self.symbols, self.bars = symbols, bars
        self.row_bytes = symbols * word_count(bars) * 8
        self.room = max(budget // self.row_bytes, 64)  # rows
        self.made = self.count = 0  # rows ever, rows now
        self._rows: dict[Hashable, int] = {}
        self._words = self._new(16)

    def _new(self, rows: int) -> Words:
        return np.zeros((rows, self.symbols, word_count(self.bars)), np.uint64)

    @property
    def words(self) -> Words:
        """Rows x N x W."""
        used: Words = self._words[: self.count]
        return used

    def find(self, key: Hashable) -> int | None:
        return self._rows.get(key)

    def make_room(self, keys: Collection[Hashable]) -> list[Hashable]:
        """Which of these keys have to be added, after there is room for them. What is given up is not written again: kernels may still read it."""
        missing = [key for key in keys if key not in self._rows]
        if self.count and self.count + len(missing) > self.room:
            self._rows, self.count, missing, self._words = {}, 0, list(keys), self._new(max(16, len(keys)))
        if self.count + len(missing) > len(self._words):
            self._words = np.concatenate([self._words, self._new(max(len(missing), min(self.count, self.room - self.count)))])
        return missing

    def add(self, key: Hashable) -> Words:
        """A new row to be filled, N x W; `make_room` has been asked for it."""
        self._rows[key] = self.count
        self.count += 1
        self.made += 1
        row: Words = self._words[self.count - 1]
        return row

    def part(self, first: int, last: int, rotate: int) -> Words:
        """All rows over bars [first, last), after their bars are shifted in a circle by `rotate`: rows x N*W words."""
        flat = self.words.reshape(-1, self._words.shape[2])
        if first == 0 and last == self.bars and rotate % self.bars == 0:
            return flat.reshape(self.count, -1)
        out: Words = np.empty((len(flat), word_count(last - first)), np.uint64)
        cut_bits(flat, self.bars, (first - rotate) % self.bars, last - first, out)
        return out.reshape(self.count, -1)
