"""Why a strategy decides as it does: the conditions of its signals, each with the value it looks at, the level it compares with, and how far off it is."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from flowbt.deferred import Node, Tracer
from flowbt.deferred.graph import read_parameter
from flowbt.deferred.words import words
from flowbt.engine.loader import Strategy
from flowbt.engine.sweep.program import AND, NOT, OR, Program
from flowbt.ground.protocols import Panel
from flowbt.ground.types import Parameters

SIDES = ("long", "short", "exit")
_UP = (operator.gt, operator.ge)
_DOWN = (operator.lt, operator.le)


@dataclass(frozen=True)
class Condition:
    """One condition of a side on one symbol, on the last label. `gap`: how far the value is beyond the level, in the value's units; positive where the
    condition holds, negative by how much it would have to move. NaN: not a comparison, or a missing value (`missing`), which never holds.
    `decides`: were it otherwise alone, the side would be, too. `bars`: the gap in typical one-bar changes of value less level (their standard deviation over
    63 bars); NaN where there is none."""

    side: str
    symbol: str
    text: str
    holds: bool
    value: float
    level: float
    gap: float
    missing: bool
    decides: bool = False
    bars: float = float("nan")


def conditions(strategy: Strategy, panel: Panel, parameters: Parameters) -> tuple[Condition, ...]:
    """Every condition of every side and symbol on the panel's last label; empty where the strategy's expressions cannot be recorded."""
    tracer = Tracer(strategy.function, panel, parameters)
    trace = tracer.trace(parameters)
    if tracer.per_trial:
        return ()
    found: list[Condition] = []
    for side in SIDES:
        root = trace.fields.get(side)
        if not isinstance(root, Node):
            continue
        program = Program()
        program.add(root)
        turned = _turned(program.codes[0].tolist())
        truths = [_last(tracer.evaluator.take(leaf, parameters), tuple(panel.symbols)) == 1 for leaf in program.leaves]
        for number, leaf in enumerate(program.leaves):
            if leaf.op is read_parameter:  # a plain True or False
                continue
            codes, columns = program.codes[0].tolist(), range(len(panel.symbols))
            decisive = [_holds(codes, [t[k] for t in truths]) != _holds(codes, _other(truths, number, k)) for k in columns]
            rows = _of_leaf(tracer, leaf, number in turned, parameters, side)
            found += [replace(row, decides=decides) for row, decides in zip(rows, decisive, strict=True)]
    return tuple(found)


def nearest_flip(found: Sequence[Condition], symbol: str) -> Condition | None:
    """The condition nearest to changing a symbol's decision by itself, in typical one-bar changes; None where no single one would."""
    alone = [one for one in found if one.symbol == symbol and one.decides and one.bars == one.bars]
    return min(alone, key=lambda one: one.bars, default=None)


def _holds(codes: Sequence[int], truths: Sequence[bool]) -> bool:
    """A postfix program of conditions, worked out."""
    stack: list[bool] = []
    for code in codes:
        if code >= 0:
            stack.append(bool(truths[code]))
        elif code == NOT:
            stack.append(not stack.pop())
        else:
            right, left = stack.pop(), stack.pop()
            stack.append(left and right if code == AND else left or right if code == OR else left != right)
    return stack[-1]


def _turned(codes: Sequence[int]) -> set[int]:
    """The leaves that a side wants false: an odd number of `~` stands over each, wherever it occurs. Under an exclusive or a leaf is wanted neither way."""
    stack: list[set[tuple[int, bool]]] = []
    for code in codes:
        if code >= 0:
            stack.append({(code, True)})
        elif code == NOT:
            stack.append({(leaf, not wanted) for leaf, wanted in stack.pop()})
        else:
            both = stack.pop() | stack.pop()
            stack.append(both if code in (AND, OR) else {(leaf, True) for leaf, _ in both})
    return {leaf for leaf, wanted in stack[-1] if not wanted and (leaf, True) not in stack[-1]}


def _other(truths: Sequence[np.ndarray], number: int, column: int) -> list[bool]:
    """The truths of one symbol with one of them turned."""
    return [bool(t[column]) != (n == number) for n, t in enumerate(truths)]


def _of_leaf(tracer: Tracer, leaf: Node, inverted: bool, parameters: Parameters, side: str) -> list[Condition]:
    symbols = tuple(tracer.panel.symbols)
    truth = _last(tracer.evaluator.take(leaf, parameters), symbols)
    compared = leaf.op in (*_UP, *_DOWN)
    left, right = (_last(_value(tracer, arg, parameters), symbols) if compared else np.full(len(symbols), np.nan) for arg in _pair(leaf))
    gap = (left - right if leaf.op in _UP else right - left) * (-1 if inverted else 1)
    sizes = np.full(len(symbols), np.nan)
    if compared:
        sizes = _typical([_value(tracer, arg, parameters) for arg in _pair(leaf)], symbols)
    text = f"not ({words(leaf, parameters)})" if inverted else words(leaf, parameters)
    return [
        Condition(
            side,
            name,
            text,
            bool(truth[k] == 1) != inverted,
            left[k],
            right[k],
            gap[k],
            compared and bool(np.isnan(left[k]) or np.isnan(right[k])),
            bars=abs(gap[k]) / sizes[k] if sizes[k] > 0 else float("nan"),
        )
        for k, name in enumerate(symbols)
    ]


def _pair(leaf: Node) -> tuple[object, object]:
    return (leaf.args[0], leaf.args[1]) if len(leaf.args) == 2 else (None, None)


def _value(tracer: Tracer, arg: object, parameters: Parameters) -> Any:
    return tracer.evaluator.take(arg, parameters) if isinstance(arg, Node) else arg


def _typical(pair: Sequence[object], symbols: tuple[str, ...]) -> np.ndarray:
    """The standard deviation of one-bar changes of the first less the second over the last 63 bars, per symbol; NaN where it cannot be told."""
    sides = [_columns(side, symbols) for side in pair]
    longest = max(len(side) for side in sides)
    spread = np.broadcast_to(sides[0], (longest, len(symbols))) - np.broadcast_to(sides[1], (longest, len(symbols)))
    changes = np.diff(spread, axis=0)
    there = np.isfinite(changes).sum(axis=0) >= 10
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a column without a value
        return np.where(there, np.nanstd(changes, axis=0), np.nan)


def _columns(value: object, symbols: tuple[str, ...]) -> np.ndarray:
    """The last rows (64 at most) of a value x symbols; one row for a number."""
    if isinstance(value, pd.Series):
        value = pd.DataFrame(dict.fromkeys(symbols, value)) if isinstance(value.index, pd.DatetimeIndex) else value.to_frame().T  # a row of one label
    if isinstance(value, pd.DataFrame):
        return value.iloc[-64:].reindex(columns=list(symbols)).to_numpy(float)
    return np.full((1, len(symbols)), float(value) if isinstance(value, (int, float, np.number)) else np.nan)


def _last(value: object, symbols: tuple[str, ...]) -> np.ndarray:
    """The last row per symbol, as float; a series or a number stands for all; NaN for what is neither."""
    if isinstance(value, pd.DataFrame):
        row = value.iloc[-1]
        return np.array([float(row[name]) if name in row and pd.notna(row[name]) else np.nan for name in symbols])
    if isinstance(value, pd.Series) and not isinstance(value.index, pd.DatetimeIndex):  # a row of one label
        value = value.to_frame().T
        return _last(value, symbols)
    if isinstance(value, pd.Series):
        value = value.iloc[-1]
    return np.full(len(symbols), float(value) if isinstance(value, (int, float, bool, np.number, np.bool_)) else np.nan)
