"""Run trials of a sweep: group by trace, evaluate what is new, hand packed masks and rules to the kernels in threads."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from flowbt.deferred import Trace, Tracer
from flowbt.engine.options.run import SharedPrices
from flowbt.engine.simulate import bars_of
from flowbt.engine.sweep.compiled import Compiled, NotFused, Stage
from flowbt.engine.sweep.fingerprint import bits_of, fingerprints
from flowbt.engine.sweep.general import General
from flowbt.engine.sweep.kernel import Trials, run_trials
from flowbt.engine.sweep.masks import MaskStore
from flowbt.engine.sweep.results import WHOLE, BarRange, TrialResults
from flowbt.engine.sweep.single import run_single
from flowbt.engine.sweep.space import Ints, Space
from flowbt.engine.sweep.sums import METRICS
from flowbt.engine.types import Account, Costs
from flowbt.engine.walk.kernel import Array, Bars, Terms
from flowbt.ground.errors import EngineError

THREADS = os.cpu_count() or 1


@dataclass
class Sweeper:
    """One strategy, one market, any number of trials. Not thread-safe; it uses threads itself."""

    tracer: Tracer
    space: Space
    stage: Stage
    costs: Costs
    account: Account
    threads: int = THREADS
    _compiled: dict[int, Compiled | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        market, c, a = self.stage.market, self.costs, self.account
        self.terms = Terms(float(a.cash), float(c.fees), float(c.slippage), float(c.borrow), float(a.margin), float(a.max_gross))
        self.bars = bars_of(market, c)
        self.store = MaskStore(len(market.symbols), len(market.index))
        self.general = General(self.tracer, self.space, self.stage, self.terms, self.costs, self.account)
        self.unfused: list[str] = []

    def run(self, codes: Ints, part: BarRange = WHOLE) -> TrialResults:
        """Metrics of the trials `codes` (trials x parameters). Raises what the engine would: SignalError, EngineError."""
        bars = self.bars_in(part)
        returns = np.zeros((len(codes), len(bars.open))) if part.returns else np.empty((0, 0))
        out = TrialResults(np.full((len(codes), len(METRICS)), np.nan), returns, np.empty(len(codes) if part.prints else 0, np.uint64))
        self.store.trim()
        for trace, where in self._traces(codes):
            self._group(trace, codes[where], where, (bars, part), out)
        if np.isnan(out.metrics[:, 0]).any():
            raise EngineError(
                "a trial's value", "missing: a position was held in a bar whose funding rate or price is missing", "start later, or use --costs funding=false"
            )
        return out

    @property
    def terms_of_runs(self) -> tuple[Costs, Account, SharedPrices]:
        """What `simulate` takes beside market and decision, for a run of one trial."""
        return self.costs, self.account, self.general.prices

    def bars_in(self, part: BarRange) -> Bars:
        """The bars of a part: those of a market cut to it."""
        market = self.stage.market
        last = len(market.index) if part.last is None else part.last
        return self.bars if (part.first, last) == (0, len(market.index)) else bars_of(market.cut(part.first, last), self.costs)

    def _traces(self, codes: Ints) -> list[tuple[Trace | None, Ints]]:
        """(trace, positions of its trials); no trace where every trial needs its own call."""
        found: list[tuple[Trace | None, Ints]] = []
        fixed: set[str] | None = None
        while fixed != self.tracer.fixed and not self.tracer.per_trial:  # tracing may find that more parameters have to be fixed
            fixed = set(self.tracer.fixed)
            found = [(self.tracer.trace(trial), where) for trial, where in self.space.groups(codes, sorted(fixed))]
        return [(None, np.arange(len(codes)))] if self.tracer.per_trial else found

    def _group(self, trace: Trace | None, codes: Ints, where: Ints, cut: tuple[Bars, BarRange], out: TrialResults) -> None:
        compiled = self._compile(trace)
        if compiled is not None:
            try:
                rules = compiled.rule_values(codes, self.tracer.evaluator)
                rows = compiled.leaf_rows(codes, self.store, self.tracer.evaluator)
            except NotFused as reason:
                self._compiled[id(trace)] = None
                self.unfused.append(str(reason))
            else:
                self._fused(compiled, (rows, rules), where, cut, out)
                return
        with ThreadPoolExecutor(self.threads) as pool:
            self.general.run(trace, codes, where, cut, out, pool)

    def _compile(self, trace: Trace | None) -> Compiled | None:
        if trace is None:
            return None
        if id(trace) not in self._compiled:
            try:
                self._compiled[id(trace)] = Compiled(trace, self.tracer.graph, self.space, self.stage)
            except NotFused as reason:
                self._compiled[id(trace)] = None
                self.unfused.append(str(reason))
        return self._compiled[id(trace)]

    def _fused(self, compiled: Compiled, given: tuple[Ints, Array], where: Ints, cut: tuple[Bars, BarRange], out: TrialResults) -> None:
        (rows, rules), (bars, part) = given, cut
        masks, year = self.store.part(part.first, part.first + len(bars.open), part.rotate), float(self.stage.market.year)
        metrics = np.empty((len(rows), len(METRICS)))
        returns = np.zeros((len(rows), len(bars.open))) if part.returns else out.returns
        whole, bits, prints = self.store.words.reshape(self.store.count, -1), bits_of(rules), np.empty(len(rows) if part.prints else 0, np.uint64)
        kernel = run_single if bars.open.shape[1] == 1 and (bars.open > 0.0).all() else run_trials
        step = max(64, -(-len(rows) // (self.threads * 4)))
        with ThreadPoolExecutor(self.threads) as pool:
            jobs = []
            for at in range(0, len(rows), step):
                mine = slice(at, at + step)
                trials = Trials(rows[mine], rules[mine], metrics[mine], returns[mine] if part.returns else returns)
                jobs.append(pool.submit(kernel, bars, self.terms, masks, compiled.codes, trials, year))
                if part.prints:
                    jobs.append(pool.submit(fingerprints, compiled.codes, whole, (rows[mine], bits[mine]), self.store.bars, prints[mine]))
            for job in jobs:
                job.result()
        out.metrics[where] = metrics
        if part.returns:
            out.returns[where] = returns
        if part.prints:
            out.prints[where] = prints
