"""The probe of a strategy, as run, sweep, walk-forward, gallery, check and the Python API use it: what it says (its recorded graph), then what it does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flowbt.data.panel.views import Quiet, fenced
from flowbt.deferred import Tracer, read
from flowbt.engine.loader import Strategy, again
from flowbt.engine.types import Signals, Targets
from flowbt.ground.errors import LookAheadError, SignalError
from flowbt.ground.types import Parameters
from flowbt.studies.lookahead.probe import Leak, Probe

DO = "use only trailing windows and what the panel gives; --keep-leak keeps a run, marked"
MOST_BRANCHES = 12
FEW = 4  # cuts of a setting that does what a branch does, with other numbers
CHOSEN = 12  # and of the trial that is chosen


def leak_of(strategy: Strategy, parameters: Parameters, panel: Quiet, decision: object, most: int | None = None) -> Leak | None:
    """The first use of the future in a decision on the whole panel; None where none is found. FenceError where it reaches past the panel.

    `most`: so many cuts and no screens, for one setting of many.
    """
    if not isinstance(decision, (Signals, Targets)):
        raise SignalError(f"Signals or Targets from {strategy.name}", f"a {type(decision).__name__}", "return flowbt.Signals(...) or flowbt.Targets(...)")
    return spoken(strategy, parameters, panel) or Probe(lambda view: again(strategy).decide(view, parameters), panel, decision).first_leak(most)


def spoken(strategy: Strategy, parameters: Parameters, panel: Quiet) -> Leak | None:
    """A call that reads later rows by its own arguments, such as shift(-1), in the strategy as it is recorded."""
    said = read(again(strategy).function, fenced(panel), parameters)
    if said is None:
        return None
    last, line = panel.index[-1], strategy.line_of(said)
    return Leak("syntax", last, f"{line + ': ' if line else ''}{said.asked}: {said.found}", last, "")


def refuse(name: str, leak: Leak | None) -> None:
    """LookAheadError (exit code 3) for a leak."""
    if leak is not None:
        raise LookAheadError(f"{name} uses the future", str(leak), DO)


@dataclass(frozen=True)
class ProbedTrials:
    """Trials that stand for a sweep's space. `branches`: one for each combination of the parameters that change the traced graph; `fall_back`: those to probe
    where nothing can be recorded; `ends`: the ends of all parameters, for a lag is a number too."""

    branches: Iterable[Parameters]
    fall_back: Iterable[Parameters]
    ends: Iterable[Parameters]


def branch_leak(strategy: Strategy, tracer: Tracer, panel: Quiet, settings: ProbedTrials) -> Leak | None:
    """The first leak of a sweep: every branch of its parameters is probed once, that is every set of operations that some setting records; then the ends
    of its parameters at a few cuts each."""
    found: dict[object, Parameters] = {}
    for values in settings.fall_back if tracer.per_trial else settings.branches:
        found.setdefault(len(found) if tracer.per_trial else tracer.operations(values), values)
        if len(found) == MOST_BRANCHES:
            break
    branches = [(values, None) for values in found.values()]
    others = [(values, FEW) for values in settings.ends if values not in found.values()]
    return leak_among(strategy, panel, [*branches, *others])


def leak_among(strategy: Strategy, panel: Quiet, trials: Iterable[tuple[Parameters, int | None]]) -> Leak | None:
    """The first leak of some trials, each with the most cuts it is probed at (None: all)."""
    for values, most in trials:
        leak = leak_of(strategy, values, panel, again(strategy).decide(panel, values), most)
        if leak:
            return leak
    return None
