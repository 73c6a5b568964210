"""Constraints between parameters: comparisons and arithmetic of names and numbers, nothing else. They are read by `ast`, never evaluated as code."""

from __future__ import annotations

import ast
import operator
from collections.abc import Mapping
from typing import Any

import numpy as np

from flowbt.ground.errors import ParameterError, nearest
from flowbt.ground.types import Function

Columns = Mapping[str, np.ndarray]
_ARITHMETIC: dict[type[ast.operator], Function] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_COMPARED: dict[type[ast.cmpop], Function] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


FEW = 16  # names shown of those a rule may use


def met(rule: str, columns: Columns) -> np.ndarray:
    """Which trials meet a constraint such as "fast < slow and hold * 2 <= window"; `columns`: parameter -> its value in each trial.

    ParameterError for anything but names, numbers, texts, + - * / // %, comparisons, and, or, not, and for what is not true or false.
    """
    try:
        tree = ast.parse(rule.strip(), mode="eval")
        with np.errstate(all="ignore"):
            found = _value(tree.body, columns)
        answer = np.asarray(found)
        if answer.dtype != np.bool_:
            raise ValueError("it is a number, not true or false")
        size = len(next(iter(columns.values()), ()))
        return np.broadcast_to(answer, size).copy()
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError, ArithmeticError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error) or type(error).__name__
        raise ParameterError(f"constraint {rule[:80]!r}", reason[:160], f'write a comparison of {_few(columns)}, such as "fast < slow"') from None


def _few(columns: Columns) -> str:
    """The names, of many the first."""
    names = list(columns)
    return ", ".join(names[:FEW]) + (f" and {len(names) - FEW} more" if len(names) > FEW else "")


def _value(node: ast.expr, columns: Columns) -> Any:
    match node:
        case ast.Name(id=name):
            if name not in columns:
                raise ValueError(f"no parameter {name!r}; {nearest(name, columns)}".rstrip("; "))
            return columns[name]
        case ast.Constant(value=int() | float() | str() | bool() as value):
            return value
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return ~_truth(operand, columns)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=operand):
            value = _value(operand, columns)
            return -value if isinstance(sign, ast.USub) else value
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
            return _ARITHMETIC[type(op)](_number(left, columns), _number(right, columns))
        case ast.BoolOp(op=op, values=values):
            parts = [_truth(value, columns) for value in values]
            return np.logical_and.reduce(parts) if isinstance(op, ast.And) else np.logical_or.reduce(parts)
        case ast.Compare(left=left, ops=ops, comparators=others) if all(type(op) in _COMPARED for op in ops):
            sides = [_value(side, columns) for side in (left, *others)]
            return np.logical_and.reduce([np.asarray(_COMPARED[type(op)](sides[k], sides[k + 1]), np.bool_) for k, op in enumerate(ops)])
    raise ValueError(f"{ast.unparse(node)[:60]!r} is not allowed in it")


def _number(node: ast.expr, columns: Columns) -> Any:
    """What arithmetic is done with: numbers, as floats beyond what a machine's integers hold. A text would be repeated or filled in without end."""
    value = _value(node, columns)
    if np.asarray(value).dtype.kind not in "iufb" and not isinstance(value, int):
        raise ValueError(f"{ast.unparse(node)[:60]!r} is no number")
    return float(value) if isinstance(value, int) and abs(value) > 2**53 else value


def _truth(node: ast.expr, columns: Columns) -> np.ndarray:
    value = np.asarray(_value(node, columns))
    if value.dtype != np.bool_:
        raise ValueError(f"{ast.unparse(node)!r} is a number, not true or false")
    return value
