"""The boolean part of a recorded signal: split at `&`, `|`, `^`, `~` into leaves and a postfix program over them."""

from __future__ import annotations

import operator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from flowbt.deferred import Node
from flowbt.engine.sweep.masks import COMPARES, EMPTY, Words
from flowbt.engine.walk.kernel import Ints
from flowbt.ground.compiled import jit

Postfix = npt.NDArray[np.int64]

AND, OR, XOR, NOT = -1, -2, -3, -4  # a code of 0 or more pushes that leaf
_BINARY = {operator.and_: AND, operator.or_: OR, operator.xor: XOR, np.logical_and: AND, np.logical_or: OR, np.logical_xor: XOR}
_NOT = (operator.invert, np.logical_not)
_DENIED = {operator.eq: False, operator.ne: True}


@dataclass
class Program:
    """`codes`: one postfix program per root (empty where the root is None). `inverted`: leaves that a `~` meets directly."""

    leaves: list[Node] = field(default_factory=list)
    inverted: set[int] = field(default_factory=set)
    codes: list[Postfix] = field(default_factory=list)

    @property
    def depth(self) -> int:
        """Stack the longest program needs, at least 1."""
        most = 1
        for codes in self.codes:
            height = 0
            for code in codes:
                height += 1 if code >= 0 else 0 if code == NOT else -1
                most = max(most, height)
        return most

    def add(self, root: Node | None, *, split: bool = True) -> None:
        """Append a root; without `split` it is one leaf as a whole."""
        codes: list[int] = []
        if root is not None:
            self._emit(root, codes, split)
        self.codes.append(np.array(codes, np.int64))

    def _emit(self, node: Node, codes: list[int], split: bool) -> None:
        op = node.op if split else None
        if op in _BINARY and all(isinstance(arg, Node) for arg in node.args):
            for arg in node.args:
                self._emit(arg, codes, split)
            codes.append(_BINARY[op])
        elif split and (opposite := _opposite_of(node)) is not None:
            self._emit(opposite, codes, split)
            if codes[-1] >= 0:
                self.inverted.add(codes[-1])
            codes.append(NOT)
        else:
            if node not in self.leaves:
                self.leaves.append(node)
            codes.append(self.leaves.index(node))


def _opposite_of(node: Node) -> Node | None:
    """What a node denies: the operand of `~x`, and of `x == False` and `x != True` where nothing in x can be missing."""
    first, *others = node.args or (None,)
    if node.op in _NOT:
        return first if isinstance(first, Node) else None
    denies = _DENIED.get(node.op)
    if denies is None or len(others) != 1:
        return None
    one, value = (first, others[0]) if isinstance(first, Node) else (others[0], first)
    return one if isinstance(one, Node) and isinstance(value, bool | np.bool_) and bool(value) is denies and _decided(one) else None


def _decided(node: Node) -> bool:
    """Whether a node is made of comparisons alone, so that it is True or False everywhere."""
    return node.op in COMPARES or (node.op in (*_BINARY, *_NOT) and all(isinstance(arg, Node) and _decided(arg) for arg in node.args))


class Codes(NamedTuple):
    """Postfix programs of the three roots, and which is there."""

    long: Ints
    short: Ints
    exit: Ints
    depth: int


class Part(NamedTuple):
    """Words [first, first + words) of each symbol, of masks that hold `width` words a symbol. All words of all symbols stand side by side: `whole`."""

    first: int
    words: int
    width: int


@jit
def whole(masks: Words) -> Part:
    """Everything a row of masks holds."""
    return Part(0, masks.shape[1], masks.shape[1])


@jit
def other_masks(rows: Ints, i: int) -> bool:
    """Whether trial i has other masks than the trial before it; those of the first one are always new."""
    differs = i == 0
    for k in range(rows.shape[1]):
        differs |= i > 0 and rows[i, k] != rows[i - 1, k]
    return differs


@jit
def evaluate(codes: Ints, masks: Words, rows: Ints, part: Part, stack: Words, out: Words) -> None:
    """Run a postfix program over a part of the masks of a trial; an empty program gives no bit. `out`: the part's words, symbol by symbol."""
    top = -1
    first, words, width = part
    for code in codes:
        if code >= 0:
            top += 1
            for j in range(out.size // words):
                for k in range(words):
                    stack[top, j * words + k] = masks[rows[code], j * width + first + k]
        elif code == NOT:
            for k in range(out.size):
                stack[top, k] = ~stack[top, k]
        else:
            top -= 1
            for k in range(out.size):
                a, b = stack[top, k], stack[top + 1, k]
                stack[top, k] = a & b if code == AND else a | b if code == OR else a ^ b
    for k in range(out.size):
        out[k] = stack[0, k] if top >= 0 else EMPTY


@jit
def trial_signals(codes: Codes, masks: Words, rows: Ints, part: Part, stack: Words, signal: Words, entry: Words) -> None:
    """The signals of a trial in a part (long, short, exit, symbol by symbol) and the bars with an entry of any symbol. Long and short on one bar are
    neither."""
    evaluate(codes.long, masks, rows, part, stack, signal[0])
    evaluate(codes.short, masks, rows, part, stack, signal[1])
    evaluate(codes.exit, masks, rows, part, stack, signal[2])
    entry[:] = EMPTY
    for begin in range(0, signal.shape[1], entry.size):
        for k in range(entry.size):
            up, down = signal[0, begin + k], signal[1, begin + k]
            signal[0, begin + k], signal[1, begin + k] = up & ~down, down & ~up
            entry[k] |= up ^ down
