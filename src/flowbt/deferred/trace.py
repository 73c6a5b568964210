"""Call a strategy once with deferred arguments and keep what it recorded.

1. Call the function with a deferred panel and deferred parameters.
2. Where it needs a parameter's value (`if kind == "up"`, `range(window)`), that parameter is fixed: from then on it is given as
   the plain value, and the function is traced once per distinct value of the fixed parameters. The rest stays deferred.
3. Where it does what cannot be recorded, every parameter is fixed and the real panel is given: one evaluation per trial.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from flowbt.deferred.evaluate import Evaluator
from flowbt.deferred.graph import Graph, NeedsValue, Node, nodes_in, substitute
from flowbt.deferred.panel import DeferredPanel, QuietPanel
from flowbt.deferred.record import Deferred, Recorder, unwrap
from flowbt.ground.errors import FenceError, FlowbtError, LookAheadError, SignalError
from flowbt.ground.protocols import Panel
from flowbt.ground.types import Function, Parameters

Strategy = Function


@dataclass(frozen=True)
class Trace:
    """What the function returned for the fixed values: a dataclass kind and its fields, each a plain value or a `Node`."""

    fixed: Parameters
    kind: type
    fields: Mapping[str, object]


@dataclass
class Tracer:
    """Traces one strategy on one panel. `fixed` grows while branches are met; `reasons` says why, for the sweep's summary."""

    function: Strategy
    panel: Panel
    first: Parameters  # a value of every parameter, for questions such as how many fields a tuple has
    plainly: Callable[[Panel, Parameters], object] | None = None  # calls the function without recording, where its errors are to be told otherwise
    fixed: set[str] = field(default_factory=set)
    reasons: list[str] = field(default_factory=list)
    graph: Graph = field(default_factory=Graph)
    evaluator: Evaluator = field(default_factory=Evaluator)
    _known: dict[tuple[object, ...], Trace] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.quiet = QuietPanel(self.panel)

    @property
    def per_trial(self) -> bool:
        """Whether nothing could be deferred: one evaluation per trial."""
        return self.fixed >= set(self.first)

    @property
    def traces(self) -> int:
        """How many times the function was traced: once, or once per setting of the fixed parameters."""
        return len(self._known)

    def trace(self, values: Parameters) -> Trace:
        """The trace that serves the trial `values`. May widen `fixed`; callers group trials by `fixed` after each call."""
        while True:
            key = tuple((name, type(values[name]), values[name]) for name in sorted(self.fixed))
            if key in self._known:
                return self._known[key]
            try:
                made = self._call(values)
            except NeedsValue as need:
                self.fix(need.parameters, need.why)
                continue
            if not self.per_trial:
                self._known[key] = made
            return made

    def operations(self, values: Parameters) -> frozenset[str]:
        """What the trace that serves `values` does, whatever to: names of operations, methods and functions, and its plain fields' names."""
        made = self.trace(values)
        found, stack, seen = set(), [node for part in made.fields.values() for node in nodes_in(part)], set()
        while stack:
            node = stack.pop()
            if node.number in seen:
                continue
            seen.add(node.number)
            named = [getattr(one, "__name__", one) for one in node.args if isinstance(one, str) or callable(one)]
            found.add(" ".join([getattr(node.op, "__name__", str(node.op)), *map(str, named)]))
            stack.extend(node.children)
        return frozenset(found | {name for name, part in made.fields.items() if part is not None})

    def direct(self, values: Parameters) -> Any:
        """What the function returns for the trial, called as it stands."""
        return self.function(self.quiet, **values) if self.plainly is None else self.plainly(self.quiet, values)

    def fix(self, parameters: frozenset[str] | None, why: str) -> None:
        """Give these parameters (None: all) as plain values from now on."""
        wanted = set(self.first) if not parameters else set(parameters)
        if wanted <= self.fixed:
            wanted = set(self.first)
        self.fixed |= wanted
        self._known.clear()
        self.reasons.append(f"{why} needs the value of {', '.join(sorted(wanted)) or 'an expression'}")

    def evaluate(self, values: Parameters) -> object:
        """What the function returns for the trial, by way of its trace."""
        made = self.trace(values)
        return made.kind(**{name: substitute(value, lambda node: self.evaluator.take(node, values)) for name, value in made.fields.items()})

    def _call(self, values: Parameters) -> Trace:
        fixed = {name: values[name] for name in sorted(self.fixed)}
        if self.per_trial:
            return _kept(fixed, self.direct(values))
        recorder = Recorder(self.graph, self._value, lambda node: self.evaluator.take(node, {**self.first, **fixed}))
        deferred = {name: fixed[name] if name in fixed else Deferred(recorder, self.graph.parameter(name)) for name in values}
        try:
            return _kept(fixed, self.function(DeferredPanel(recorder, self.quiet), **deferred))
        except FlowbtError:
            raise
        except Exception as error:  # what cannot be recorded may still work on real frames
            raise NeedsValue(None, f"{type(error).__name__} while recording") from error

    def _value(self, node: Node) -> object:
        return self.evaluator.take(node, {})


def read(function: Strategy, panel: Panel, values: Parameters) -> LookAheadError | None:
    """Record one call with plain parameters, for what it says of later rows; None where it says nothing, also where it cannot be recorded to its end."""
    evaluator, quiet = Evaluator(), QuietPanel(panel)

    def value(node: Node) -> object:
        return evaluator.take(node, {})

    try:
        function(DeferredPanel(Recorder(Graph(), value, value), quiet), **values)
    except FenceError:
        raise
    except LookAheadError as error:
        return error
    except (NeedsValue, Exception):
        return None
    return None


def _kept(fixed: Parameters, result: object) -> Trace:
    if not is_dataclass(result) or isinstance(result, type):
        raise SignalError("a strategy's result", f"{type(result).__name__}", "return Signals(...) or Targets(...)")
    return Trace(fixed, type(result), {f.name: unwrap(getattr(result, f.name)) for f in fields(result)})
