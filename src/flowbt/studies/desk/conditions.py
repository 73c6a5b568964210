"""Why a strategy decides as it does: the conditions of its signals, each with the value it looks at, the level it compares with, and how far off it is."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from flowbt.deferred import Node, Tracer
from flowbt.deferred.graph import read_parameter
from flowbt.deferred.words import words
from flowbt.engine.loader import Strategy
from flowbt.engine.sweep.program import Program
from flowbt.ground.protocols import Panel
from flowbt.ground.types import Parameters

SIDES = ("long", "short", "exit")
_UP = (operator.gt, operator.ge)
_DOWN = (operator.lt, operator.le)


@dataclass(frozen=True)
class Condition:
    """One condition of a side on one symbol, on the last label. `gap`: how far the value is beyond the level, in the value's units; positive where the
    condition holds, negative by how much it would have to move. NaN: not a comparison, or a missing value (`missing`), which never holds."""

    side: str
    symbol: str
    text: str
    holds: bool
    value: float
    level: float
    gap: float
    missing: bool


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
        for number, leaf in enumerate(program.leaves):
            if leaf.op is read_parameter:  # a plain True or False
                continue
            found += _of_leaf(tracer, leaf, number in program.inverted, parameters, side)
    return tuple(found)


def _of_leaf(tracer: Tracer, leaf: Node, inverted: bool, parameters: Parameters, side: str) -> list[Condition]:
    symbols = tuple(tracer.panel.symbols)
    truth = _last(tracer.evaluator.take(leaf, parameters), symbols)
    compared = leaf.op in (*_UP, *_DOWN)
    left, right = (_last(_value(tracer, arg, parameters), symbols) if compared else np.full(len(symbols), np.nan) for arg in _pair(leaf))
    gap = (left - right if leaf.op in _UP else right - left) * (-1 if inverted else 1)
    text = f"not ({words(leaf, parameters)})" if inverted else words(leaf, parameters)
    return [
        Condition(side, name, text, bool(truth[k] == 1) != inverted, left[k], right[k], gap[k], compared and bool(np.isnan(left[k]) or np.isnan(right[k])))
        for k, name in enumerate(symbols)
    ]


def _pair(leaf: Node) -> tuple[object, object]:
    return (leaf.args[0], leaf.args[1]) if len(leaf.args) == 2 else (None, None)


def _value(tracer: Tracer, arg: object, parameters: Parameters) -> Any:
    return tracer.evaluator.take(arg, parameters) if isinstance(arg, Node) else arg


def _last(value: object, symbols: tuple[str, ...]) -> np.ndarray:
    """The last row per symbol, as float; a series or a number stands for all; NaN for what is neither."""
    if isinstance(value, pd.DataFrame):
        row = value.iloc[-1]
        return np.array([float(row[name]) if name in row and pd.notna(row[name]) else np.nan for name in symbols])
    if isinstance(value, pd.Series):
        value = value.iloc[-1]
    return np.full(len(symbols), float(value) if isinstance(value, (int, float, bool, np.number, np.bool_)) else np.nan)
