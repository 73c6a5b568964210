"""`Deferred`: a value that is not there yet. What is done to it is recorded in the graph, to be done by pandas later.

Where Python needs the value itself (`if`, `int()`, iteration, formatting), an expression without parameters is evaluated on
the spot; one with parameters raises `NeedsValue`, and the tracer fixes those parameters and starts again.
"""

from __future__ import annotations

import operator
import types
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from flowbt.deferred.causal import refuse_look_ahead
from flowbt.deferred.graph import Graph, NeedsValue, Node, method, nodes_in
from flowbt.ground.types import Function, Parameters

BINARY = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and_", "or_", "xor", "lshift", "rshift")
COMPARE = ("lt", "le", "gt", "ge", "eq", "ne")
UNARY = ("neg", "pos", "abs", "invert")


class Recorder:
    """What every `Deferred` of one trace shares: the graph, and how to get values while tracing."""

    def __init__(self, graph: Graph, value: Callable[[Node], object], example: Callable[[Node], object]) -> None:
        self.graph = graph
        self.value = value  # of a node without parameters
        self.example = example  # of any node, under the parameters' first values

    def record(self, op: Callable[..., object], *args: object) -> Deferred:
        return Deferred(self, self.graph.node(op, *(unwrap(arg) for arg in args)))


class Deferred:
    __pandas_priority__ = 10_000  # a frame on the left hands the operation over
    __slots__ = ("_node", "_recorder")

    def __init__(self, recorder: Recorder, node: Node) -> None:
        self._recorder, self._node = recorder, node

    def __getattr__(self, name: str) -> Attribute:
        if name.startswith("_"):
            raise AttributeError(name)
        return Attribute(self._recorder, self._recorder.graph.node(getattr, self._node, name))

    def __getitem__(self, key: object) -> Deferred:
        return self._recorder.record(operator.getitem, self, key)

    def __array_ufunc__(self, ufunc: np.ufunc, how: str, *inputs: object, **kwargs: object) -> Deferred:
        if kwargs.get("out") is not None:
            raise NeedsValue(None, f"np.{ufunc.__name__}(out=...)")
        plain = how == "__call__" and not kwargs
        return self._recorder.record(ufunc, *inputs) if plain else self._recorder.record(method, ufunc, how, inputs, kwargs)

    def __array_function__(self, function: Callable[..., object], kinds: object, args: tuple[object, ...], kwargs: dict[str, object]) -> Deferred:
        return self._recorder.record(apply, function, args, kwargs)

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> object:
        return np.asarray(self._now("np.asarray"), dtype=dtype)

    def __copy__(self) -> Deferred:
        return Deferred(self._recorder, self._node)

    def __deepcopy__(self, memo: object) -> Deferred:
        return Deferred(self._recorder, self._node)

    def __iter__(self) -> Iterator[object]:
        fields = self._tuple_fields()
        return iter(self._now("iteration")) if fields is None else iter([self[i] for i in range(fields)])

    def __len__(self) -> int:
        fields = self._tuple_fields()
        return len(self._now("len()")) if fields is None else fields

    def _tuple_fields(self) -> int | None:
        """How many fields a feature's tuple has, which is the same whatever its parameters; None for anything else."""
        example = self._recorder.example(self._node)
        return len(example) if isinstance(example, tuple) else None

    def _now(self, why: str) -> Any:
        if self._node.parameters:
            raise NeedsValue(frozenset(self._node.parameters), why)
        return self._recorder.value(self._node)

    def __setitem__(self, key: object, value: object) -> None:
        """From here on this name stands for a changed copy, which is what pandas' copy-on-write makes of it."""
        self._node = self._recorder.record(assigned, self, key, value)._node

    def __repr__(self) -> str:
        return f"<deferred {getattr(self._node.op, '__name__', self._node.op)} of {', '.join(self._node.parameters) or 'data'}>"


class Attribute(Deferred):
    """An attribute of a deferred value: itself a value (`zone.position`), or a method once it is called."""

    __slots__ = ()

    def __setitem__(self, key: object, value: object) -> None:
        raise NeedsValue(None, "assignment through an attribute")  # `.loc[...] = `: the owner changes, not this value

    def __call__(self, *args: object, **kwargs: object) -> Deferred:
        target, name = self._node.args
        refuse_look_ahead(name, args, kwargs)
        if kwargs.get("inplace"):
            raise NeedsValue(None, f"{name}(inplace=True)")
        return self._recorder.record(method, target, name, args, kwargs)


def assigned(target: Any, key: object, value: object) -> object:
    changed = target.copy()
    changed[key] = value
    return changed


def apply(function: Callable[..., object], args: tuple[object, ...], kwargs: Parameters) -> object:
    return function(*args, **kwargs)


def unwrap(value: Any) -> Any:
    """`value` as a node's argument: deferred values inside become nodes. A function that closes over one cannot be recorded."""
    if isinstance(value, Deferred):
        return value._node
    if isinstance(value, Node):
        return value
    if isinstance(value, tuple | list):
        items = [unwrap(item) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if isinstance(value, dict):
        return {name: unwrap(item) for name, item in value.items()}
    if isinstance(value, slice):
        return slice(unwrap(value.start), unwrap(value.stop), unwrap(value.step))
    if isinstance(value, types.FunctionType):
        _refuse_closure(value)
    if is_dataclass(value) and not isinstance(value, type):
        inside = {part.name: (getattr(value, part.name), unwrap(getattr(value, part.name))) for part in fields(value)}
        if any(now is not before and any(True for _ in nodes_in(now)) for before, now in inside.values()):
            value = copy(value)
            for name, (_, now) in inside.items():
                object.__setattr__(value, name, now)  # unchecked until its values are known
    return value


def _refuse_closure(function: types.FunctionType) -> None:
    held = [cell.cell_contents for cell in function.__closure__ or ()] + list(function.__defaults__ or ())
    for value in held:
        if isinstance(value, Deferred) or hasattr(type(value), "__defer__"):
            names = frozenset(value._node.parameters) if isinstance(value, Deferred) else frozenset()
            raise NeedsValue(names or None, f"{function.__name__} closes over a deferred value")


def _binary(op: Callable[[object, object], object]) -> tuple[Function, Function]:
    def forward(self: Deferred, other: object) -> Deferred:
        return self._recorder.record(op, self, other)

    def reflected(self: Deferred, other: object) -> Deferred:
        return self._recorder.record(op, other, self)

    return forward, reflected


def _unary(op: Function) -> Function:
    return lambda self: self._recorder.record(op, self)


def _demand(convert: Callable[..., object], why: str) -> Callable[..., object]:
    return lambda self, *args: convert(self._now(why), *args)


for _name in BINARY:
    _forward, _reflected = _binary(getattr(operator, _name))
    _plain = _name.rstrip("_")
    setattr(Deferred, f"__{_plain}__", _forward)
    setattr(Deferred, f"__r{_plain}__", _reflected)
for _name in COMPARE:
    setattr(Deferred, f"__{_name}__", _binary(getattr(operator, _name))[0])
for _name in UNARY:
    setattr(Deferred, f"__{_name}__", _unary(getattr(operator, _name)))
_CONVERSIONS: dict[str, Function] = {
    "bool": bool,
    "int": int,
    "float": float,
    "complex": complex,
    "index": operator.index,
    "hash": hash,
    "str": str,
    "format": format,
    "contains": operator.contains,
    "round": round,
    "trunc": int,
}
for _name, _convert in _CONVERSIONS.items():
    setattr(Deferred, f"__{_name}__", _demand(_convert, f"{_name}()"))
