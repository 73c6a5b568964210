"""Run trials of a sweep: group by trace, evaluate what is new, hand packed masks and rules to the kernels in threads."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from flowbt.deferred import Trace, Tracer
from flowbt.engine.options.valuation import SharedPrices
from flowbt.engine.simulate import bars_of
from flowbt.engine.sweep.compiled import Compiled, NotFused, Stage
from flowbt.engine.sweep.fingerprint import bits_of, fingerprints
from flowbt.engine.sweep.general import General
from flowbt.engine.sweep.kernel import Trials
from flowbt.engine.sweep.live import Kernel, kernel_of
from flowbt.engine.sweep.masks import MaskStore
from flowbt.engine.sweep.program import Codes
from flowbt.engine.sweep.results import WHOLE, BarRange, TrialResults
from flowbt.engine.sweep.space import Ints, Space
from flowbt.engine.sweep.sums import METRICS
from flowbt.engine.types import Account, Costs
from flowbt.engine.walk.kernel import Array, Bars, Terms
from flowbt.ground.errors import EngineError

THREADS = os.cpu_count() or 1
LEAST, TURNS = 160_000, 4  # symbol-bars in a unit of work of a thread, and units a thread has at least where there are more
FRAMES = 0.7  # of the evaluator's memory, for the frames that others are compared with


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
    _whole: Kernel | None = None  # the walk of all bars

    def __post_init__(self) -> None:
        market, c, a = self.stage.market, self.costs, self.account
        self.terms = Terms(float(a.cash), float(c.fees), float(c.slippage), float(c.borrow), float(a.margin), float(a.max_gross))
        self.bars = bars_of(market, c)
        self.store = MaskStore(len(market.symbols), len(market.index))
        self.general = General(self.tracer, self.space, self.stage, self.terms, self.costs, self.account)
        self.unfused: list[str] = []

    def run(self, codes: Ints, part: BarRange = WHOLE) -> TrialResults:
        """Metrics of the trials `codes` (trials x parameters). Raises what the engine would: SignalError, EngineError."""
        return self.run_each(codes, (part,))[0]

    def run_each(self, codes: Ints, parts: Sequence[BarRange]) -> list[TrialResults]:
        """The same trials over several ranges of bars or rotations; their masks and rules are looked up once."""
        cuts = [self._cut(part, len(codes)) for part in parts]
        for trace, where in self._traces(codes):
            self._group(trace, codes[where], where, cuts)
        if any(np.isnan(cut.out.metrics[:, 0]).any() for cut in cuts):
            raise EngineError(
                "a trial's value", "missing: a position was held in a bar whose funding rate or price is missing", "start later, or use --costs funding=false"
            )
        return [cut.out for cut in cuts]

    def _cut(self, part: BarRange, trials: int) -> Cut:
        bars = self.bars_in(part)
        returns = np.zeros((trials, len(bars.open))) if part.returns else np.empty((0, 0))
        return Cut(bars, part, TrialResults(np.full((trials, len(METRICS)), np.nan), returns, np.empty(trials if part.prints else 0, np.uint64)))

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

    def _group(self, trace: Trace | None, codes: Ints, where: Ints, cuts: Sequence[Cut]) -> None:
        compiled = self._compile(trace)
        if compiled is not None:
            try:
                self._fused(compiled, codes, where, cuts)
                return
            except NotFused as reason:
                self._compiled[id(trace)] = None
                self.unfused.append(str(reason))
        with ThreadPoolExecutor(self.threads) as pool:
            for bars, part, out in cuts:
                self.general.run(trace, codes, where, (bars, part), out, pool)

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

    def _fused(self, compiled: Compiled, codes: Ints, where: Ints, cuts: Sequence[Cut]) -> None:
        """The trials in batches: while kernels walk one in threads, the masks of the next are made."""
        evaluator, whole = self.tracer.evaluator, self.stage.whole
        rules = compiled.rule_values(codes, evaluator)
        frames = int(FRAMES * evaluator.bytes) // (8 * len(whole.index) * len(whole.symbols))
        walking: deque[tuple[Batch, TrialResults]] = deque()
        kernels = [self._kernel(cut.bars) for cut in cuts]
        with ThreadPoolExecutor(self.threads) as pool:
            for mine in compiled.batches(codes, self.store, frames):
                rows = compiled.leaf_rows(codes[mine], self.store, evaluator, pool)
                for kernel, (bars, part, out) in zip(kernels, cuts, strict=True):
                    asked = Jobs(kernel, compiled.codes, part, len(bars.open), pool)  # after the masks: they may change the programs
                    walking.append((self._walk(asked, (rows, rules[mine]), where[mine]), out))
                    if len(walking) > 1:
                        batch, its = walking.popleft()
                        batch.into(its)
            for batch, its in walking:
                batch.into(its)

    def _kernel(self, bars: Bars) -> Kernel:
        if bars is not self.bars:
            return kernel_of(bars)
        self._whole = self._whole or kernel_of(bars)
        return self._whole

    def _walk(self, asked: Jobs, given: tuple[Ints, Array], where: Ints) -> Batch:
        """Start the kernels on trials whose masks are in the store."""
        (rows, rules), part, bars = given, asked.part, asked.bars
        masks, year = self.store.part(part.first, part.first + bars, part.rotate), float(self.stage.market.year)
        metrics, prints = np.empty((len(rows), len(METRICS))), np.empty(len(rows) if part.prints else 0, np.uint64)
        returns = np.zeros((len(rows), bars)) if part.returns else np.empty((0, 0))
        whole, bits = self.store.words.reshape(self.store.count, -1), bits_of(rules)
        step, jobs = max(1, LEAST // (bars * len(self.stage.market.symbols)), len(rows) // (self.threads * TURNS)), []
        for at in range(0, len(rows), step):
            mine = slice(at, at + step)
            trials = Trials(rows[mine], rules[mine], metrics[mine], returns[mine] if part.returns else returns)
            jobs.append(asked.pool.submit(asked.kernel, self.terms, masks, asked.programs, trials, year))
            if part.prints:
                jobs.append(asked.pool.submit(fingerprints, asked.programs, whole, (rows[mine], bits[mine]), self.store.bars, prints[mine]))
        return Batch(where, TrialResults(metrics, returns, prints), jobs)


class Cut(NamedTuple):
    """A range of bars or a rotation that trials are run over: its bars, what is wanted, and room for the results."""

    bars: Bars
    part: BarRange
    out: TrialResults


class Jobs(NamedTuple):
    """What the batches of one run of trials have in common: the walk, the programs of the signals, the part and number of bars, threads."""

    kernel: Kernel
    programs: Codes
    part: BarRange
    bars: int
    pool: ThreadPoolExecutor


class Batch(NamedTuple):
    """Trials that are being walked: their places, their results, and what has to end first."""

    where: Ints
    results: TrialResults
    jobs: list[Future[None]]

    def into(self, out: TrialResults) -> None:
        """Wait, and put the results in their places."""
        for job in self.jobs:
            job.result()
        for mine, all_of_them in zip(self.results, out, strict=True):
            if len(all_of_them):
                all_of_them[self.where] = mine
