"""Evaluate nodes under parameter values: each distinct (node, values of its parameters) once, by pandas itself.

A batch is announced first, so that every intermediate's uses are counted; when the last use is done it goes to a small
store of spare results (least recently used out first), from where later batches take it. Memory stays bounded by that store plus what is still awaited.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd
from cachetools import LRUCache

from flowbt.deferred.graph import Instance, Node, read_parameter, substitute
from flowbt.ground.types import Parameters

Wanted = tuple[Node, Parameters]
MOST_BYTES = 32_000_000  # of results that are kept


class Result(NamedTuple):
    value: object
    size: int  # bytes


class Evaluator:
    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.evaluations = 0  # operations done, not counting parameters
        self.bytes = most_bytes  # of results that are kept: those that are awaited, and spare ones as far as there is room
        self._awaited: Counter[Instance] = Counter()
        self._held: dict[Instance, Result] = {}
        self._held_bytes = 0
        self._spare: LRUCache[Instance, Result] = LRUCache(most_bytes, lambda result: result.size)

    def announce(self, batch: Sequence[Wanted]) -> None:
        """Say what will be asked for, so that results are kept exactly as long as they are needed."""
        for root, values in batch:
            stack = [root]
            while stack:
                node = stack.pop()
                key = node.instance(values)
                self._awaited[key] += 1
                if self._awaited[key] == 1 and key not in self._held and key not in self._spare:
                    stack.extend(node.children)

    def take(self, node: Node, values: Parameters) -> object:
        """The node's result. An unannounced node is announced here."""
        if not self._awaited[node.instance(values)]:
            self.announce([(node, values)])
        stack = [node]
        while stack:
            top = stack[-1]
            key = top.instance(values)
            if key in self._held or self._revive(key):
                stack.pop()
                continue
            missing = [child for child in top.children if (k := child.instance(values)) not in self._held and not self._revive(k)]
            if missing:
                stack.extend(missing)
                continue
            found = self._compute(top, values)
            self._hold(key, Result(found, size_of(found)))
            stack.pop()
        return self._use(node.instance(values))

    def _compute(self, node: Node, values: Parameters) -> object:
        if node.op is read_parameter:
            return values[node.args[0]]
        found = {child.number: self._use(child.instance(values)) for child in node.children}
        self.evaluations += 1
        return node.op(*substitute(node.args, lambda child: found[child.number]))

    def _use(self, key: Instance) -> object:
        """The held result, one use nearer to its end."""
        result = self._held[key]
        self._awaited[key] -= 1
        if self._awaited[key] <= 0:
            del self._awaited[key], self._held[key]
            self._held_bytes -= result.size
            if self._held_bytes + result.size <= self.bytes:  # a larger one would empty the store and not fit
                self._spare[key] = result
                self._make_room()
        return result.value

    def _hold(self, key: Instance, result: Result) -> None:
        self._held[key] = result
        self._held_bytes += result.size
        self._make_room()

    def _make_room(self) -> None:
        while self._spare and self._held_bytes + self._spare.currsize > self.bytes:
            self._spare.popitem()

    def _revive(self, key: Instance) -> bool:
        if key not in self._spare:
            return False
        self._hold(key, self._spare.pop(key))
        return True


def size_of(value: object) -> int:
    """Bytes held by a result, roughly."""
    if isinstance(value, tuple):
        return sum(size_of(item) for item in value)
    if isinstance(value, pd.DataFrame):
        return len(value) * sum(getattr(dtype, "itemsize", 8) for dtype in value.dtypes)  # labels are the panel's own, and shared
    if isinstance(value, pd.Series):
        return int(value.memory_usage(index=False))
    return int(getattr(value, "nbytes", 0)) or sys.getsizeof(value)
