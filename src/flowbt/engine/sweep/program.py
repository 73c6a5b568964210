"""The boolean part of a recorded signal: split at `&`, `|`, `^`, `~` into leaves and a postfix program over them."""

from __future__ import annotations

import operator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from flowbt.deferred import Node

Codes = npt.NDArray[np.int64]

AND, OR, XOR, NOT = -1, -2, -3, -4  # a code of 0 or more pushes that leaf
_BINARY = {operator.and_: AND, operator.or_: OR, operator.xor: XOR, np.logical_and: AND, np.logical_or: OR, np.logical_xor: XOR}
_NOT = (operator.invert, np.logical_not)


@dataclass
class Program:
    """`codes`: one postfix program per root (empty where the root is None). `inverted`: leaves that a `~` meets directly."""

    leaves: list[Node] = field(default_factory=list)
    inverted: set[int] = field(default_factory=set)
    codes: list[Codes] = field(default_factory=list)

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
        elif op in _NOT and isinstance(node.args[0], Node):
            self._emit(node.args[0], codes, split)
            if codes[-1] >= 0:
                self.inverted.add(codes[-1])
            codes.append(NOT)
        else:
            if node not in self.leaves:
                self.leaves.append(node)
            codes.append(self.leaves.index(node))
