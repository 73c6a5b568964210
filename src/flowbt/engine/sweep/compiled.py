"""A traced `Signals` made ready for the fused kernel: leaf masks and scalar rules, each distinct one evaluated once."""

from __future__ import annotations

from collections.abc import Hashable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from cachetools import LRUCache

from flowbt.deferred import Evaluator, Graph, Node, Trace
from flowbt.engine.decisions import bools, number
from flowbt.engine.sweep.masks import COMPARES, FLIPPED, MaskStore, pack, pack_compare, pack_compare_two
from flowbt.engine.sweep.program import Codes, Program
from flowbt.engine.sweep.space import Ints, Space
from flowbt.engine.types import Labels, Market, Signals, frozen
from flowbt.engine.walk.kernel import Array
from flowbt.ground.errors import SignalError
from flowbt.ground.types import Function, Parameters

RULES = {"hold": {"least": 1.0}, "stop": {"above": 0.0}, "take": {"above": 0.0}, "trail": {"above": 0.0}, "size": {"least": 0.0}}
BATCH = 16_384  # trials, at most, whose masks are made before they are walked
SETTINGS = 10_000  # of the rules, whose values are kept
ROOTS = ("long", "short", "exit")


class NotFused(Exception):
    """The fused kernel cannot take this decision (a frame of sizes, partial exits, an option structure); the engine's own kernel does."""


@dataclass(frozen=True)
class Stage:
    """Where decisions are cut for trading: `market` is bars [first, first + len) of the panel whose labels are `whole`."""

    market: Market
    whole: Labels | Market
    first: int

    def cut(self, values: Any) -> Any:
        return values[self.first : self.first + len(self.market.index)]


class Compiled:
    """Leaves, programs and rules of one trace."""

    def __init__(self, trace: Trace, graph: Graph, space: Space, stage: Stage) -> None:
        given = trace.fields
        if trace.kind is not Signals or given["structure"] is not None:
            raise NotFused("option structures" if trace.kind is Signals else "target weights")
        if given["long"] is None and given["short"] is None:
            raise SignalError("Signals", "neither long nor short is given", "give at least one bool frame")
        self.space, self.stage = space, stage
        self.roots = {name: None if given[name] is None else _node(graph, given[name]) for name in ROOTS}
        self.rules = {name: _node(graph, given[name]) for name in RULES}
        self._numbers: LRUCache[Hashable, float] = LRUCache(SETTINGS)  # values of the rules
        self._split = True
        self._build()

    def _build(self) -> None:
        self.program = Program()
        for name in ROOTS:
            self.program.add(self.roots[name], split=self._split)
        long, short, exits = self.program.codes
        self.codes = Codes(long, short, exits, self.program.depth)

    def batches(self, codes: Ints, store: MaskStore, frames: int) -> list[Ints]:
        """Positions of the trials in parts whose masks the store has room for, in an order in which at most `frames` frames are kept while those they are
        compared with come by one at a time."""
        leaves = self.program.leaves
        sides = {node.parameters for leaf in leaves for node in _sides(leaf) if node.parameters}
        stream, *others = sorted(sides, key=lambda names: (-self.space.most(names), names)) or [()]
        keys = [self.space.keys(codes, names) for names in (stream, *others)]
        tile = keys[1] if others else keys[0] * 0
        order = np.lexsort((tile, keys[0], tile // max(frames, 1), *keys[2:]))
        few = sum(self.space.most(leaf.parameters) for leaf in leaves) <= store.room
        step = BATCH if few else max(store.room // len(leaves), 1)
        return [order[at : at + step] for at in range(0, len(order), step)]

    def leaf_rows(self, codes: Ints, store: MaskStore, evaluator: Evaluator, pool: Executor) -> Ints:
        """Rows of `store` for each trial and leaf (trials x leaves); what is not there yet is evaluated."""
        try:
            return self._leaf_rows(codes, store, evaluator, pool)
        except _Odd:  # a part of the tree is no bool frame of the panel's shape: let pandas combine the parts
            if not self._split:
                raise NotFused("a signal that is not a bool frame") from None
            self._split = False
            self._build()
            return self.leaf_rows(codes, store, evaluator, pool)

    def _leaf_rows(self, codes: Ints, store: MaskStore, evaluator: Evaluator, pool: Executor) -> Ints:
        rows = np.empty((len(codes), max(len(self.program.leaves), 1)), np.int64)
        distinct: dict[Hashable, LeafAt] = {}
        members = []
        for column, leaf in enumerate(self.program.leaves):
            for trial, where in self.space.groups(codes, leaf.parameters):
                members.append((column, where, leaf.instance(trial)))
                distinct[members[-1][2]] = (int(where[0]), column, leaf, trial)
        missing = store.make_room(distinct)
        self._fill([distinct[key] for key in sorted(missing, key=lambda key: distinct[key][:2])], store, evaluator, pool)  # in the order of the trials
        for column, where, key in members:
            found = store.find(key)
            assert found is not None
            rows[where, column] = found
        return rows

    def _fill(self, wanted: list[LeafAt], store: MaskStore, evaluator: Evaluator, pool: Executor) -> None:
        """Evaluate leaves into the store. Comparisons of float frames, with one another or with levels, are done bit by bit in threads."""
        split = [(column, leaf, trial, _comparison(leaf)) for _, column, leaf, trial in wanted]
        evaluator.announce([(part, trial) for _, leaf, trial, sides in split for part in (sides[:2] if sides else (leaf,)) if isinstance(part, Node)])
        lanes = Lanes(self._lanes)
        jobs = []
        for column, leaf, trial, sides in split:
            if sides is not None:
                left, right, how = sides
                x = lanes.take(left, trial, evaluator)
                y = lanes.take(right, trial, evaluator) if isinstance(right, Node) else right
                if isinstance(x, np.ndarray) and isinstance(y, np.ndarray):
                    jobs.append(pool.submit(pack_compare_two, x, y, how, store.add(leaf.instance(trial))))
                    continue
                if isinstance(x, np.ndarray) and isinstance(y, int | float) and not isinstance(y, bool):
                    jobs.append(pool.submit(pack_compare, x, float(y), how, store.add(leaf.instance(trial))))
                    continue
            store.add(leaf.instance(trial))[:] = pack(self._bits(evaluator.take(leaf, trial), column))
        for job in jobs:
            job.result()

    def _lanes(self, value: object) -> object:
        """A float frame of the panel's shape as N x T over the traded bars; anything else as it is."""
        if not isinstance(value, pd.DataFrame) or not self._fits(value) or any(dtype != np.float64 for dtype in value.dtypes):
            return value
        return frozen(self.stage.cut(value.to_numpy()).T)

    def _bits(self, value: object, column: int) -> npt.NDArray[np.bool_]:
        if not self._split:
            try:
                return self._cut(bools("signal", value, self.stage.whole))
            except SignalError:
                if isinstance(value, pd.DataFrame) and self._fits(value):
                    raise _Odd from None  # numbers: fractions to exit
                raise
        if isinstance(value, bool | np.bool_) and column not in self.program.inverted:
            return np.full((len(self.stage.market.index), len(self.stage.market.symbols)), bool(value))
        if isinstance(value, pd.DataFrame) and self._fits(value) and all(dtype == np.bool_ for dtype in value.dtypes):
            return self._cut(value.to_numpy())
        raise _Odd

    def _cut(self, values: object) -> npt.NDArray[np.bool_]:
        return np.ascontiguousarray(self.stage.cut(values))

    def _fits(self, frame: pd.DataFrame) -> bool:
        return tuple(frame.columns) == self.stage.whole.symbols and frame.index.equals(self.stage.whole.index)

    def rule_values(self, codes: Ints, evaluator: Evaluator) -> Array:
        """Trials x 5: hold, stop, take, trail (NaN: none) and size."""
        out = np.empty((len(codes), len(RULES)))
        for column, name in enumerate(RULES):
            node = self.rules[name]
            for trial, where in self.space.groups(codes, node.parameters):
                key = name, node.instance(trial)
                if key not in self._numbers:
                    self._numbers[key] = self._number(name, evaluator.take(node, trial))
                out[where, column] = self._numbers[key]
        return out

    def _number(self, name: str, value: object) -> float:
        if isinstance(value, pd.DataFrame):
            raise NotFused(f"{name} is a frame")
        if value is None and name == "size":
            value = 1.0 / len(self.stage.market.symbols)
        return float(number(name, value, self.stage.market, **RULES[name])[0, 0])


LeafAt = tuple[int, int, Node, dict[str, object]]  # the first trial that has it, column, leaf, values of its parameters


class Lanes:
    """Values of nodes, float frames as lanes. The last two are kept: comparisons that share a side come one after another."""

    def __init__(self, made: Function) -> None:
        self._made = made
        self._kept: LRUCache[Hashable, object] = LRUCache(2)

    def take(self, node: Node, trial: Parameters, evaluator: Evaluator) -> object:
        value, key = evaluator.take(node, trial), node.instance(trial)  # taken each time: the evaluator counts its uses
        if key not in self._kept:
            self._kept[key] = self._made(value)
        return self._kept[key]


class _Odd(Exception):
    """A leaf that is not a bool frame of the panel's shape."""


def _constant(value: object) -> object:
    return value


def _node(graph: Graph, value: object) -> Node:
    return value if isinstance(value, Node) else graph.node(_constant, value)


def _comparison(leaf: Node) -> tuple[Node, object, int] | None:
    """(left, right, comparison) of a leaf such as `x >= y`, a level on the right; None for anything else."""
    if leaf.op not in COMPARES:
        return None
    left, right = leaf.args
    how = COMPARES[leaf.op]
    if isinstance(right, Node) and (not isinstance(left, Node) or _scalar(left)):
        return right, left, FLIPPED[how]
    return (left, right, how) if isinstance(left, Node) else None


def _sides(leaf: Node) -> list[Node]:
    """What has to be evaluated for a leaf, levels aside."""
    sides = _comparison(leaf)
    return [leaf] if sides is None else [side for side in sides[:2] if isinstance(side, Node) and not _scalar(side)]


def _scalar(node: Node) -> bool:
    """Whether a node is made of parameters and constants only, so that it cannot be a frame."""
    return node.op.__name__ == "read_parameter" or (bool(node.children) and all(_scalar(child) for child in node.children) and _plain(node))


def _plain(node: Node) -> bool:
    return all(isinstance(arg, Node | int | float | str | tuple | dict) for arg in node.args)
