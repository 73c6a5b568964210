"""`@feature`: the record a public feature carries, and the one door through which every feature call goes."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from flowbt.ground.errors import ParameterError, nearest
from flowbt.ground.guard import resting

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Feature:
    """What a feature is, for `flowbt features show`, `docs/features.md` and the conformance tests."""

    name: str
    family: str
    units: str
    sign: str
    needs: tuple[str, ...]  # "field" or "field:SYMBOL"; all are needed
    stand_ins: tuple[str, ...]  # used, in order, where the first need is not there
    source: str


def feature(
    *, family: str, units: str, needs: tuple[str, ...], sign: str = "", stand_ins: tuple[str, ...] = (), source: str = ""
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Declare a feature `f(panel, *, parameter=default, ...)`.

    A deferred panel records the call instead of making it; a real panel is told the result, so that a trade can show
    the feature values at its entry. An unknown keyword is refused with the nearest names.
    The feature then raises ParameterError.
    """

    def declare(fn: Callable[P, R]) -> Callable[P, R]:
        known = [p.name for p in inspect.signature(fn).parameters.values() if p.kind is p.KEYWORD_ONLY]
        own = _is_own(fn)

        @functools.wraps(fn)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            panel: Any = args[0] if args else kwargs.get("panel")
            for name in kwargs:
                if name not in known and name != "panel":
                    raise ParameterError(f"{fn.__name__}({name}=...)", f"its parameters are {', '.join(known) or 'none'}", nearest(name, known))
            if hasattr(type(panel), "__defer__"):
                deferred: R = panel.__defer__(call, kwargs)
                return deferred
            result = _own(call, fn, args, kwargs) if own else fn(*args, **kwargs)
            if hasattr(panel, "note"):
                panel.note(fn.__name__, kwargs, result)
            return result

        vars(call)["__feature__"] = Feature(fn.__name__, family, units, sign, needs, stand_ins, source)
        return call

    return declare


def _is_own(fn: Callable[..., object]) -> bool:
    """Whether a function is of flowbt's own features, held causal by the conformance tests, and not of a user's file (which is in no sys.modules)."""
    module = sys.modules.get(fn.__module__)
    return fn.__module__.startswith(f"{__package__}.") and module is not None and vars(module) is fn.__globals__


def _own(call: Callable[..., object], fn: Callable[P, R], args: Any, kwargs: Any) -> R:
    """A feature of ours: it may load what it needs while a user's file decides, and a probe's panel may know its result already."""
    with resting():
        recall = getattr(args[0], "__recall__", None) if len(args) == 1 else None
        known = recall(call, kwargs) if recall is not None else None
        return fn(*args, **kwargs) if known is None else known
