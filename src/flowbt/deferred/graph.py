"""The expression graph: one node per distinct operation, interned by structure.

A node is an operation (a plain callable) and its arguments, which may hold other nodes inside tuples, lists, dicts and slices.
Two equal expressions are the same node, so that what a strategy writes twice is evaluated once. Node numbers rise from the
leaves to the root, which makes a plain sort a topological order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from flowbt.deferred.causal import refuse_look_ahead
from flowbt.ground.guard import Passing
from flowbt.ground.types import Function, Parameters


class NeedsValue(Passing):
    """The strategy needs the value of a deferred expression now (`if`, `int()`, `range()`): these parameters must be fixed.

    Not an `Exception`, so that neither pandas nor a strategy's own `try` swallows it. It never leaves this package.
    """

    def __init__(self, parameters: frozenset[str] | None, why: str) -> None:
        self.parameters, self.why = parameters, why  # None: all of them
        super().__init__(why)


@dataclass(frozen=True, eq=False)
class Node:
    number: int
    op: Function
    args: tuple[Any, ...]
    parameters: tuple[str, ...]  # sorted names of the parameters it depends on
    children: tuple[Node, ...]

    def instance(self, values: Parameters) -> Instance:
        """What tells this node's result under `values` from its result under others."""
        return (self.number, *[values[name] for name in self.parameters])


Instance = tuple[object, ...]


def read_parameter(name: str) -> object:
    """Placeholder: the evaluator puts the parameter's value in its place."""
    raise AssertionError(name)


def method(target: object, name: str, args: tuple[object, ...], kwargs: Parameters) -> object:
    refuse_look_ahead(name, args, kwargs)
    return getattr(target, name)(*args, **kwargs)


class Graph:
    """Makes nodes, and gives back the one it has when the same operation is asked for again."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._known: dict[object, Node] = {}

    def node(self, op: Callable[..., object], *args: object, parameters: frozenset[str] = frozenset()) -> Node:
        key = (_identity(op), _freeze(args))
        if key not in self._known:
            children = tuple(dict.fromkeys(nodes_in(args)))
            names = parameters.union(*(child.parameters for child in children))
            self._known[key] = Node(len(self.nodes), op, args, tuple(sorted(names)), children)
            self.nodes.append(self._known[key])
        return self._known[key]

    def parameter(self, name: str) -> Node:
        return self.node(read_parameter, name, parameters=frozenset((name,)))


def nodes_in(value: object) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, tuple | list):
        for item in value:
            yield from nodes_in(item)
    elif isinstance(value, dict):
        yield from nodes_in(tuple(value.values()))
    elif isinstance(value, slice):
        yield from nodes_in((value.start, value.stop, value.step))
    elif is_dataclass(value) and not isinstance(value, type):
        yield from nodes_in(tuple(getattr(value, part.name) for part in fields(value)))


def substitute(value: Any, find: Callable[[Node], object]) -> Any:
    """`value` with every node inside replaced by `find(node)`."""
    if isinstance(value, Node):
        return find(value)
    if isinstance(value, tuple | list):
        items = [substitute(item, find) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if isinstance(value, dict):
        return {name: substitute(item, find) for name, item in value.items()}
    if isinstance(value, slice):
        return slice(*(substitute(item, find) for item in (value.start, value.stop, value.step)))
    if any(True for _ in nodes_in(value)):  # a dataclass, such as an option structure: made anew, so that it is checked with its values
        return replace(value, **{part.name: substitute(getattr(value, part.name), find) for part in fields(value)})
    return value


def _identity(op: Callable[..., object]) -> object:
    owner = getattr(op, "__self__", None)  # a bound method is made anew at each access
    return op if owner is None or not hasattr(op, "__func__") else (id(owner), op.__func__)


def _freeze(value: object) -> object:
    """A hashable stand-in, equal only for values that behave alike (1, 1.0 and True differ; so do 0.0 and -0.0)."""
    if isinstance(value, Node):
        return ("node", value.number)
    if isinstance(value, tuple | list):
        return (type(value), *(_freeze(item) for item in value))
    if isinstance(value, dict):
        return (dict, *((name, _freeze(item)) for name, item in value.items()))
    if isinstance(value, slice):
        return (slice, _freeze((value.start, value.stop, value.step)))
    if isinstance(value, float):
        return ("nan",) if math.isnan(value) else (type(value), value.hex())
    if isinstance(value, int | str | bytes | type(None) | type):
        return (type(value), value)
    return ("object", id(value))  # the node's arguments keep it alive, so that its id stays its own
