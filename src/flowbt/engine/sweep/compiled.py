"""A traced `Signals` made ready for the fused kernel: leaf masks and scalar rules, each distinct one evaluated once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowbt.deferred import Evaluator, Graph, Node, Trace
from flowbt.engine.decisions import bools, number
from flowbt.engine.sweep.kernel import Codes
from flowbt.engine.sweep.masks import COMPARES, FLIPPED, MaskStore, pack, pack_compare
from flowbt.engine.sweep.program import Program
from flowbt.engine.sweep.space import Ints, Space
from flowbt.engine.types import Labels, Market, Signals
from flowbt.engine.walk.kernel import Array
from flowbt.ground.errors import SignalError
from flowbt.ground.types import Json

RULES = {"hold": {"least": 1.0}, "stop": {"above": 0.0}, "take": {"above": 0.0}, "trail": {"above": 0.0}, "size": {"least": 0.0}}
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
        self._split = True
        self._build()

    def _build(self) -> None:
        self.program = Program()
        for name in ROOTS:
            self.program.add(self.roots[name], split=self._split)
        long, short, exits = self.program.codes
        self.codes = Codes(long, short, exits, self.program.depth)

    def leaf_rows(self, codes: Ints, store: MaskStore, evaluator: Evaluator) -> Ints:
        """Rows of `store` for each trial and leaf (trials x leaves); what is not there yet is evaluated."""
        try:
            return self._leaf_rows(codes, store, evaluator)
        except _Odd:  # a part of the tree is no bool frame of the panel's shape: let pandas combine the parts
            if not self._split:
                raise NotFused("a signal that is not a bool frame") from None
            self._split = False
            self._build()
            return self.leaf_rows(codes, store, evaluator)

    def _leaf_rows(self, codes: Ints, store: MaskStore, evaluator: Evaluator) -> Ints:
        rows = np.empty((len(codes), max(len(self.program.leaves), 1)), np.int64)
        wanted: dict[object, tuple[int, Node, Json]] = {}
        members = []
        for column, leaf in enumerate(self.program.leaves):
            for trial, where in self.space.groups(codes, leaf.parameters):
                key = leaf.instance(trial)
                members.append((column, where, key))
                if store.find(key) is None:
                    wanted.setdefault(key, (column, leaf, trial))
        self._fill(list(wanted.values()), store, evaluator)
        for column, where, key in members:
            found = store.find(key)
            assert found is not None
            rows[where, column] = found
        return rows

    def _fill(self, wanted: list[tuple[int, Node, dict[str, object]]], store: MaskStore, evaluator: Evaluator) -> None:
        """Evaluate leaves into the store. Comparisons of one frame with many levels take the frame once and compare it bit by bit."""
        split = [(column, leaf, trial, _level(leaf)) for column, leaf, trial in wanted]
        evaluator.announce([(part, trial) for _, leaf, trial, level in split for part in (level[:2] if level else (leaf,)) if isinstance(part, Node)])
        lanes: dict[object, Array | None] = {}
        for column, leaf, trial, level in split:
            key = leaf.instance(trial)
            if level is None:
                store.add(key)[:] = pack(self._bits(evaluator.take(leaf, trial), column))
                continue
            frame, bound, how = level
            x = evaluator.take(frame, trial)
            b = evaluator.take(bound, trial) if isinstance(bound, Node) else bound
            at = frame.instance(trial)
            if at not in lanes:
                lanes.clear()  # leaves come grouped by frame; one at a time is kept
                lanes[at] = self._lanes(x)
            lane = lanes[at]
            if lane is not None and isinstance(b, int | float) and not isinstance(b, bool):
                pack_compare(lane, float(b), how, store.add(key))
            else:
                store.add(key)[:] = pack(self._bits(evaluator.take(leaf, trial), column))

    def _lanes(self, value: Any) -> Array | None:
        """A float frame of the panel's shape as N x T over the traded bars; None for anything else."""
        if not isinstance(value, pd.DataFrame) or not self._fits(value) or any(dtype != np.float64 for dtype in value.dtypes):
            return None
        return np.ascontiguousarray(self.stage.cut(value.to_numpy()).T)

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
        for column, (name, limits) in enumerate(RULES.items()):
            node = self.rules[name]
            for trial, where in self.space.groups(codes, node.parameters):
                value = evaluator.take(node, trial)
                if isinstance(value, pd.DataFrame):
                    raise NotFused(f"{name} is a frame")
                if value is None and name == "size":
                    value = 1.0 / len(self.stage.market.symbols)
                out[where, column] = number(name, value, self.stage.market, **limits)[0, 0]
        return out


class _Odd(Exception):
    """A leaf that is not a bool frame of the panel's shape."""


def _constant(value: object) -> object:
    return value


def _node(graph: Graph, value: object) -> Node:
    return value if isinstance(value, Node) else graph.node(_constant, value)


def _level(leaf: Node) -> tuple[Node, object, int] | None:
    """(frame, level, comparison) of a leaf such as `x >= level`; None for anything else. Which side is the frame shows when it is evaluated."""
    if leaf.op not in COMPARES:
        return None
    left, right = leaf.args
    how = COMPARES[leaf.op]
    if isinstance(left, Node) and (not isinstance(right, Node) or _scalar(right)):
        return left, right, how
    if isinstance(right, Node) and (not isinstance(left, Node) or _scalar(left)):
        return right, left, FLIPPED[how]
    return None


def _scalar(node: Node) -> bool:
    """Whether a node is made of parameters and constants only, so that it cannot be a frame."""
    return node.op.__name__ == "read_parameter" or (bool(node.children) and all(_scalar(child) for child in node.children) and _plain(node))


def _plain(node: Node) -> bool:
    return all(isinstance(arg, Node | int | float | str | tuple | dict) for arg in node.args)
