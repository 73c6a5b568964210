"""A recorded expression as a reader would write it: `dark_pool_pressure(window=63) <= -1.0`."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from flowbt.deferred.graph import Node, method, read_parameter
from flowbt.deferred.record import apply
from flowbt.ground.types import Parameters

_SIGNS = {
    operator.add: "+", operator.sub: "-", operator.mul: "*", operator.truediv: "/", operator.floordiv: "//", operator.mod: "%", operator.pow: "**",
    operator.and_: "&", operator.or_: "|", operator.xor: "^", operator.lt: "<", operator.le: "<=", operator.gt: ">", operator.ge: ">=",
    operator.eq: "==", operator.ne: "!=",
}  # fmt: skip
_BEFORE = {operator.neg: "-", operator.invert: "~", operator.pos: "+"}


def words(value: object, values: Parameters) -> str:
    """The expression in words, parameters as their `values`; a node that cannot be told is "..."."""
    if not isinstance(value, Node):
        return _constant(value)
    op, args = value.op, value.args
    if op is read_parameter:
        return _constant(values[args[0]])
    if op in _SIGNS and len(args) == 2:
        left, right = (f"({text})" if isinstance(arg, Node) and arg.op in _SIGNS else text for arg, text in ((arg, words(arg, values)) for arg in args))
        return f"{left} {_SIGNS[op]} {right}"
    if op in _BEFORE:
        return f"{_BEFORE[op]}{words(args[0], values)}"
    if op is getattr:
        return f"{words(args[0], values)}.{args[1]}"
    if op is operator.getitem:
        return _item(args[0], args[1], values)
    if op is method:
        return _method(args, values)
    if op is apply:
        function, given, kwargs = args
        return _call(getattr(function, "__name__", "function"), given, kwargs, values)
    if isinstance(op, np.ufunc):
        return _call(op.__name__, args, {}, values)
    return "..."


def _item(target: object, key: object, values: Parameters) -> str:
    if isinstance(target, Node):
        return f"{words(target, values)}[{words(key, values)}]"
    return " of ".join(key) if isinstance(key, tuple) else str(key)  # of the panel: field, or field and symbol


def _method(args: tuple[Any, ...], values: Parameters) -> str:
    target, name, given, kwargs = args
    shown = _call(name, given, {key: one for key, one in kwargs.items() if one is not None}, values)
    if not isinstance(target, Node):
        return shown
    owner = words(target, values)
    return f"({owner}).{shown}" if target.op in _SIGNS or target.op in _BEFORE else f"{owner}.{shown}"


def _call(name: str, given: Any, kwargs: Parameters, values: Parameters) -> str:
    plain = [words(one, values) for one in given if isinstance(one, (Node, int, float, str, bool))]
    return f"{name}({', '.join([*plain, *(f'{key}={words(one, values)}' for key, one in kwargs.items())])})"


def _constant(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return str(value) if isinstance(value, (int, str, bool, type(None))) else "..."
