"""From a strategy file and a catalog to a sweep that can run: panel, trace, market, kernel inputs, and the key of it all."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from flowbt.data.catalog import Catalog
from flowbt.data.panel.caveats import caveats, stale_words
from flowbt.data.panel.reader import PanelReader
from flowbt.data.panel.views import Quiet, fenced
from flowbt.deferred import Tracer
from flowbt.engine.decisions import check_rules
from flowbt.engine.loader import Strategy, load_strategy
from flowbt.engine.sweep.compiled import Stage
from flowbt.engine.sweep.space import Ints, Space
from flowbt.engine.sweep.sweeper import Sweeper
from flowbt.engine.types import Account, Costs, Labels, Market
from flowbt.ground.documents import dumps
from flowbt.ground.errors import FenceError, FlowbtError, LookAheadError
from flowbt.ground.types import Context
from flowbt.results.record import data_key
from flowbt.results.studied import StudyFacts
from flowbt.studies.lookahead.probe import Leak
from flowbt.studies.lookahead.strategies import ProbedTrials, branch_leak, refuse
from flowbt.studies.run.describe import head_of
from flowbt.studies.run.market import Span, market_of, panel_for
from flowbt.studies.run.surfaces import with_surfaces
from flowbt.studies.sweep.values import Search, allowed, numbers_of, space_of

PROBES = 200  # combinations of branching parameters that are tried before the dates are settled


@dataclass(frozen=True)
class SweepRequest:
    """What is asked of a sweep. Everything is plain data, so that it can be sent to a worker."""

    path: Path
    values: Mapping[str, str] = field(default_factory=dict)
    span: Span = field(default_factory=Span)
    decide_at: str | None = None
    costs: Costs | None = None
    account: Account | None = None
    constraints: tuple[str, ...] = ()
    search: Search = field(default_factory=Search)
    sort: str = "sharpe"
    top: int = 10
    command: str = ""
    keep_leak: bool = False  # a strategy that uses the future: keep the sweep, marked, in place of refusing it


@dataclass(frozen=True)
class PreparedSweep:
    """A sweep ready to run."""

    strategy: Strategy
    space: Space
    swept: tuple[str, ...]
    named: tuple[str, ...]  # parameters that were asked for
    constraints: tuple[str, ...]  # the file's and those asked for
    search: Search
    command: str
    panel: PanelReader
    sweeper: Sweeper
    quiet: Quiet  # the panel as the probes read it
    leak: Leak | None = None

    @property
    def market(self) -> Market:
        return self.sweeper.stage.market

    @cached_property
    def numbers(self) -> Ints:
        """The trials, by number (not for tpe, which finds its own)."""
        return numbers_of(self.space, self.constraints, self.search)

    @cached_property
    def facts(self) -> StudyFacts:
        """What a trial's result depends on besides its parameters; also the head of sweep.json."""
        labels, terms = self.market.index, (self.sweeper.costs, self.sweeper.account)
        space = list(zip(self.space.names, self.space.values, strict=True))
        return {
            **head_of(self.strategy, self.panel, labels, terms, self.command),
            "bars": len(labels),
            "parameters": {name: list(values) for name, values in space if name in self.swept},
            "fixed": {name: values[0] for name, values in space if name not in self.swept},
            "named": list(self.named),  # what was asked for; the other swept ones are the file's GRID
            "constraints": list(self.constraints),
            "search": asdict(self.search),
            "warnings": self._warnings(labels),
        }

    def _warnings(self, labels: pd.DatetimeIndex) -> list[str]:
        made = ["SYNTHETIC: made by the demo market with planted effects."] if self.panel.catalog.synthetic else []
        return made + caveats(self.panel, labels=labels) + stale_words(self.panel.bars().stale.loc[labels])

    @cached_property
    def id(self) -> str:
        """Twelve hex digits: the same code, data, span, rules, values, constraints and search give the same id."""
        names = ("strategy", "code_hash", "symbols", "clock", "step", "from", "to", "decide_at", "costs", "account", "fixed", "constraints", "search")
        parts: Context = {name: value for name, value in self.facts.items() if name in (*names, "parameters")}
        parts["data"] = data_key(self.facts)
        parts["order"] = list(self.space.names)  # trial numbers depend on it
        parts["flowbt"] = self.facts["versions"].get("flowbt")
        return hashlib.sha256(dumps(parts, sort_keys=True).encode()).hexdigest()[:12]


def set_up(catalog: Catalog, request: SweepRequest) -> PreparedSweep:
    """Load, trace, and settle the dates: the bars on which every field that any trace reads is there."""
    strategy = load_strategy(request.path)
    space = space_of(strategy, request.values)
    constraints = (*strategy.constraints, *request.constraints)
    allowed(space, np.zeros(1, np.int64), constraints)  # refuses what is no constraint
    swept = tuple(name for name, values in zip(space.names, space.values, strict=True) if len(values) > 1 or name in request.values)
    panel = panel_for(catalog, strategy, request.decide_at)
    tracer = Tracer(strategy.function, fenced(panel), space.trial(np.zeros(len(space.names), np.int64)), strategy.decide)
    quiet = Quiet(panel.unlogged())
    leak = probe(tracer, space, strategy, quiet)
    if not request.keep_leak:
        refuse(strategy.name, leak)
    panel["close"]
    labels = request.span.cut(panel)
    market = with_surfaces(market_of(panel, labels), panel, tracer.evaluate(space.trial(np.zeros(len(space.names), np.int64))))
    stage = Stage(market, Labels(panel.index, panel.symbols), int(panel.index.searchsorted(labels[0])))
    sweeper = Sweeper(tracer, space, stage, request.costs or strategy.costs, request.account or strategy.account)
    return PreparedSweep(strategy, space, swept, tuple(request.values), constraints, request.search, request.command, panel, sweeper, quiet, leak)


def probe(tracer: Tracer, space: Space, strategy: Strategy, panel: Quiet) -> Leak | None:
    """Trace every branch, touch its fields, and hold what was recorded against plain calls; where they differ, nothing is deferred. Then the first
    leak of any branch."""
    known: set[str] | None = None
    said: LookAheadError | None = None
    while known != tracer.fixed and not tracer.per_trial:
        known = set(tracer.fixed)
        try:
            for trial in itertools.islice(_settings(space, known), PROBES):
                tracer.evaluate(trial)
        except FenceError:
            raise
        except LookAheadError as error:  # kept or refused by who asked: nothing more is recorded
            said = error
            tracer.fix(None, "what reads later rows")
        except FlowbtError:
            raise
        except Exception as error:  # what was recorded cannot be evaluated; a plain call may work
            tracer.fix(None, f"{type(error).__name__} on evaluating what was recorded, which")
    for code in _ends(space):
        trial = space.trial(code)
        direct = tracer.direct(trial)
        with strategy.answering():
            check_rules(direct, Labels(panel.index, panel.symbols))
        if not tracer.per_trial and not same(tracer.evaluate(trial), direct):
            tracer.fix(None, "what was recorded differs from a plain call, which")
    if said:
        return Leak("syntax", panel.index[-1], f"{said.asked}: {said.found}", panel.index[-1], "")
    ends = [space.trial(code) for code in _ends(space)]
    return branch_leak(strategy, tracer, panel, ProbedTrials(_settings(space, set(tracer.fixed)), _trials(space), ends))


def _ends(space: Space) -> list[list[int]]:
    """The first, middle and last values of every parameter together, and its least and its largest ones; each once."""
    order = [sorted(range(len(values)), key=values.__getitem__) if _plain(values) else [0] for values in space.values]
    codes = [[0] * len(space.names), [len(values) // 2 for values in space.values], [len(values) - 1 for values in space.values]]
    codes += [[ranks[0] for ranks in order], [ranks[-1] for ranks in order]]
    return [list(code) for code in dict.fromkeys(map(tuple, codes))]


def _plain(values: Sequence[object]) -> bool:
    return all(isinstance(value, (int, float, str)) for value in values) and len({isinstance(value, str) for value in values}) == 1


def _trials(space: Space) -> Iterator[dict[str, object]]:
    """Trials to probe where nothing can be recorded: every choice by words or flags, then the ends of the numbers."""
    words = {name for name, values in zip(space.names, space.values, strict=True) if any(isinstance(value, (str, bool)) for value in values)}
    yield from _settings(space, words)
    for code in ([len(values) - 1 for values in space.values], [len(values) // 2 for values in space.values]):
        yield space.trial(code)


def _settings(space: Space, names: set[str]) -> Iterator[dict[str, object]]:
    choices = [values if name in names else values[:1] for name, values in zip(space.names, space.values, strict=True)]
    for chosen in itertools.product(*choices):
        yield dict(zip(space.names, chosen, strict=True))


def same(recorded: Any, direct: Any) -> bool:
    """Whether two decisions, or parts of them, are equal, exactly; missing equals missing."""
    if recorded is direct:
        return True
    if type(recorded) is not type(direct):
        return False
    if isinstance(direct, pd.DataFrame | pd.Series):
        return bool(direct.equals(recorded))
    if is_dataclass(direct):
        return all(same(getattr(recorded, part.name), getattr(direct, part.name)) for part in fields(direct))
    if isinstance(direct, tuple):
        return len(recorded) == len(direct) and all(map(same, recorded, direct))
    return bool(recorded == direct or (recorded != recorded and direct != direct))
