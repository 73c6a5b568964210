"""The general path of a sweep: decisions the fused kernel does not take go through the engine's own kernel, trial by trial.

That is `Targets`, frames of sizes or levels, partial exits, option structures, and strategies that are called once per trial. Sub-expressions are
still evaluated once each where a trace is there, and an option is priced once a bar for all trials that trade it.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowbt.deferred import Trace, Tracer
from flowbt.deferred.graph import nodes_in
from flowbt.engine.decisions import no_decision, no_rules, plan_of, rules_of
from flowbt.engine.options.run import outcome_of, prepared_walk, rules_of_structure
from flowbt.engine.options.valuation import SharedPrices
from flowbt.engine.sweep.compiled import Stage
from flowbt.engine.sweep.fingerprint import fingerprint, fingerprint_of_rules, fingerprint_of_weights
from flowbt.engine.sweep.results import BarRange, TrialResults
from flowbt.engine.sweep.space import Ints, Space
from flowbt.engine.sweep.sums import measure_path, measure_tape
from flowbt.engine.types import Account, Costs, Signals, Targets, frozen
from flowbt.engine.walk.accounts import profits, trades_from
from flowbt.engine.walk.kernel import Bars, Rules, Terms, WeightPlan, run_signals, run_targets
from flowbt.ground.types import Parameters

D = TypeVar("D", bound=Signals | Targets)
AHEAD = 32  # trials whose decisions wait for a thread


@dataclass
class General:
    tracer: Tracer
    space: Space
    stage: Stage
    terms: Terms
    costs: Costs
    account: Account
    prices: SharedPrices = field(default_factory=SharedPrices)
    structures: bool = False  # whether a trial has traded one: it takes thousands of times as long as a fused one

    def run(self, trace: Trace | None, codes: Ints, where: Ints, cut: tuple[Bars, BarRange], out: TrialResults, pool: Executor) -> None:
        bars, part = cut
        trials = [self.space.trial(row) for row in codes]
        if trace is not None:
            roots = [node for value in trace.fields.values() for node in nodes_in(value)]
            self.tracer.evaluator.announce([(root, trial) for trial in trials for root in roots])
        waiting: deque[Future[None]] = deque()
        for at, trial in zip(where, trials, strict=True):
            decision = self.decide(trial)
            waiting.append(pool.submit(self.simulate, decision, bars, part, out, at))
            if len(waiting) > AHEAD:
                waiting.popleft().result()
        for job in waiting:
            job.result()

    def decide(self, trial: Parameters) -> Signals | Targets:
        """The trial's decision on the traded bars."""
        decision = self.tracer.evaluate(trial)
        if not isinstance(decision, Signals | Targets):
            raise no_decision(decision)
        return cut_frames(decision, self.stage)

    def simulate(self, decision: Signals | Targets, bars: Bars, part: BarRange, out: TrialResults, at: int) -> None:
        """Fills row `at` of the results."""
        given: WeightPlan | Rules
        if isinstance(decision, Signals) and decision.structure is not None:
            self.trade_structure(decision, bars, part, out, at)
            return
        if isinstance(decision, Targets):
            given = plan_of(decision, self.stage.market)
            tape, count = run_targets(bars, WeightPlan(*(_rows(array, part) for array in given)), no_rules(), self.terms)
        else:
            given = rules_of(decision, self.stage.market)
            tape, count = run_signals(bars, Rules(*(_rows(array, part) for array in given)), self.terms)
        if part.prints:
            out.prints[at] = fingerprint_of_weights(given) if isinstance(given, WeightPlan) else fingerprint_of_rules(given)
        returns = out.returns[at] if part.returns else np.empty(0)
        trades = trades_from(tape.order[:count], tape.fill[:count], tape.borrow + tape.funding)
        profit = profits(trades, frozen(bars.mark[-1]))
        measure_tape(trades, profit, tape.value, tape.units, self.terms.cash, float(self.stage.market.year), out.metrics[at], returns)

    def trade_structure(self, decision: Signals, bars: Bars, part: BarRange, out: TrialResults, at: int) -> None:
        whole, self.structures = self.stage.market, True
        market = whole if len(bars.open) == len(whole.index) else whole.cut(part.first, part.first + len(bars.open))
        given = prepared_walk(market, bars, decision, self.costs, self.account)
        rules = Rules(*(_rows(array, part) for array in rules_of_structure(decision, whole)))
        found = outcome_of(given, rules, self.prices)
        if part.prints:
            out.prints[at] = fingerprint(decision, whole)
        terms, returns = (self.terms.cash, float(whole.year)), out.returns[at] if part.returns else np.empty(0)
        measure_path(frozen(found.profit), frozen(found.money), found.closed, (found.value, found.held), terms, out.metrics[at], returns)


def cut_frames(decision: D, stage: Stage) -> D:
    """The decision with every frame cut to the traded bars; the engine checks the rest."""
    cut = {}
    for part in fields(decision):
        value = getattr(decision, part.name)
        if isinstance(value, pd.DataFrame) and value.index.equals(stage.whole.index):
            cut[part.name] = stage.cut(value)
    return replace(decision, **cut)


def _rows(array: npt.NDArray[Any], part: BarRange) -> npt.NDArray[Any]:
    """A T x N array rotated and cut; one row for all bars stays as it is."""
    if array.shape[0] == 1:
        return array
    turned = np.roll(array, part.rotate, axis=0) if part.rotate else array
    return frozen(turned[part.first : part.last], array.dtype)
