"""A sweep, from a strategy file to a stored table and a word on luck.

1. set up: load, trace once, settle the dates (`setup.py`);
2. run the trials in slices; each finished slice is a file, so that an interrupted sweep resumes, and is entered in the ledger;
3. side by side: join the slices, count the ledger, re-simulate the best trials and a random sample with the engine and vectorbt's book, measure luck
   (`luck.py`), and run the best in full;
4. store, with a page.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
import pyarrow as pa

from flowbt.data.catalog import Catalog
from flowbt.engine.sweep.results import ENTERED
from flowbt.engine.sweep.space import Ints
from flowbt.engine.sweep.sums import METRICS
from flowbt.engine.vbt.aside import Aside
from flowbt.evidence.measures import MEASURES
from flowbt.evidence.search.judgement import Luck, luck_verdict
from flowbt.ground.errors import ParameterError, nearest
from flowbt.ground.protocols import Step
from flowbt.results import ledger
from flowbt.results.belief import renew, trials_under
from flowbt.results.pages import sweep as sweeps
from flowbt.results.shelf import derived
from flowbt.results.studied import SweepDocument, SweptNow, TrialPath, Verified
from flowbt.studies.lookahead.probe import Leak
from flowbt.studies.lookahead.strategies import refuse
from flowbt.studies.run.backtest import backtest
from flowbt.studies.run.market import Span
from flowbt.studies.run.request import Request
from flowbt.studies.run.stored import store_run
from flowbt.studies.sweep.cluster import SweepCluster
from flowbt.studies.sweep.luck import luck_of
from flowbt.studies.sweep.search import tpe_slices
from flowbt.studies.sweep.setup import PreparedSweep, SweepRequest, set_up
from flowbt.studies.sweep.store import DECIDED, LUCK, SWEEP, SweepFolder, SweepProgress, SweptTrials, release, slices, table_of
from flowbt.studies.sweep.verify import look_ahead, verify

T = TypeVar("T")

FUSED, SLOW, STRUCTURES = 16_384, 512, 32  # trials per slice
SLICES = 4  # of fused trials that are run at once: while some are walked, the masks of others are made


@dataclass(frozen=True)
class SweepOptions:
    """Where and how a sweep runs, beside what it is."""

    results: Path
    resume: bool = False
    cluster: SweepCluster | None = None  # None: here
    show: Step | None = None
    tearsheets: int = 0  # of the best trials
    aside: Aside | None = None  # what compares books; None: this process does


SweepOutcome = tuple[Path, SweptNow, Luck]  # its folder, `sweep.json`, `luck.json`


def sweep(catalog: Catalog, request: SweepRequest, run: SweepOptions) -> SweepOutcome:
    """Run a sweep and store it; returns its folder, `sweep.json` and `luck.json`. What is stored already stays until the new one is whole."""
    order_of(request.sort)
    clock = StageTimer()
    setup = set_up(catalog, request)
    folder = SweepFolder.of(run.results, setup.strategy.name, setup.id)
    with folder.working(run.resume):
        return _swept(catalog, request, setup, folder, run, clock)


def _swept(catalog: Catalog, request: SweepRequest, setup: PreparedSweep, folder: SweepFolder, run: SweepOptions, clock: StageTimer) -> SweepOutcome:
    ascending = order_of(request.sort)
    head = {"id": setup.id, "strategy": setup.strategy.name}
    progress = SweepProgress(folder, head, total_of(setup), run.show)
    clock.lap("prepare")
    found = {}
    try:
        for k, table in finished_slices(setup, folder, run, progress):
            found[k] = SweptTrials.of(table, request.sort, enter(setup, run.results, k, table))
    except BaseException:
        progress.write("interrupted")
        raise
    trials = SweptTrials.joined([found.pop(k) for k in sorted(found)])
    clock.lap("trials")
    top = best(trials, ascending, request.top)
    judged = judge(catalog, request, (setup, folder, run), trials, top, clock)
    luck, leak = judged.luck, judged.leak
    document: SweepDocument = {
        "kind": "sweep",
        "id": setup.id,
        **setup.facts,
        "trials": len(trials.numbers),
        "metrics": list(METRICS),
        "sort": request.sort,
        "ascending": ascending,
        "top": [{str(name): value for name, value in row.items()} for row in folder.rows(top).to_dict("records")],
        "runs": judged.runs,
        "how": how(setup),
        "seconds": clock.laps,
        "rate": progress.fresh / max(clock.laps["trials"], 1e-9),
        "verified": judged.verified,
        "look_ahead": luck["look_ahead"],
        "warnings": [*([f"LOOK-AHEAD: {leak}. The result is worthless."] if leak else []), *setup.facts["warnings"]],
    }
    folder.write(LUCK, luck)
    folder.write(SWEEP, document)
    progress.write("done")
    folder.publish()
    with derived(folder.path):
        renew(run.results, setup.strategy.name)
        sweeps.write(run.results, folder.path)
    return folder.path, {**document, "beliefs": sweeps.beliefs_of(folder.path, document)}, luck


class JudgedSweep(NamedTuple):
    """What is found when all trials are there; `runs`: trial number -> run id of those stored in full."""

    luck: Luck
    leak: Leak | None
    verified: Verified
    runs: dict[str, str]


def judge(
    catalog: Catalog, request: SweepRequest, at: tuple[PreparedSweep, SweepFolder, SweepOptions], trials: SweptTrials, top: list[int], clock: StageTimer
) -> JudgedSweep:
    """Side by side: the table is joined, the ledger is joined and counted, books are compared, luck is measured, and the best are run in full, which are
    stored only after the trials agree with the engine."""
    setup, folder, run = at
    with ThreadPoolExecutor(1) as files, ThreadPoolExecutor(2) as pool:  # one file after another: both take memory
        counted = files.submit(count, setup, run.results, trials)
        joined = files.submit(folder.join)
        leak = look_ahead(setup, top[0]) if top else setup.leak
        if not request.keep_leak:
            refuse(setup.strategy.name, leak)
        agreed = verify(setup, trials.numbers, top, run.aside)
        clock.lap("verify")
        verified = pool.submit(lambda: agreed(joined.result()))
        runs = pool.submit(tearsheets, catalog, request, setup, top[: run.tearsheets], run, (counted, verified))
        luck = luck_of(setup, trials, counted.result)
        luck["look_ahead"] = str(leak) if leak else ""
        luck["verdict"] = f"Worthless: it uses the future ({leak})." if leak else luck_verdict(luck)
        clock.lap("luck")
        done = JudgedSweep(luck, leak, verified.result(), runs.result())
        clock.lap("pages")
    return done


def count(setup: PreparedSweep, results: Path, trials: SweptTrials) -> ledger.TrialCount:
    """Join the sweep's files in the ledger, and count what there is of its strategy."""
    enter_spread(setup, results, trials)
    ledger.gather(ledger.folder_of(results, setup.facts), f"sweep-{setup.id}")
    return trials_under(results)(setup.facts)


def tearsheets(
    catalog: Catalog, asked: SweepRequest, setup: PreparedSweep, trials: list[int], run: SweepOptions, first: Sequence[Future[Any]]
) -> dict[str, str]:
    """Run trials in full, on the sweep's own bars (alone a trial may have data for more), and store them with their tearsheets: trial number -> run id.
    `first`: what has to end well before anything is stored."""
    found, span = {}, Span(setup.facts["from"], setup.facts["to"])
    for trial in trials:
        parameters = setup.space.trial(setup.space.codes(np.array([trial]))[0])
        request = Request(asked.path, parameters, span, asked.decide_at, asked.costs, asked.account, command=asked.command, keep_leak=asked.keep_leak)
        made = backtest(catalog, request, run.aside)
        for other in first:
            other.result()
        found[str(trial)] = store_run(run.results, made).name
    return found


class StageTimer:
    """Seconds of each stage; between stages freed memory is given back."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {"total": 0.0}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        release()
        now = time.perf_counter()
        self.laps[name] = now - self._last
        self.laps["total"] += now - self._last
        self._last = now


def order_of(sort: str) -> bool:
    """Whether less is better for a metric."""
    if sort not in METRICS:
        raise ParameterError(f"--sort {sort}", f"the metrics are {', '.join(METRICS)}", nearest(sort, METRICS))
    return next(one.better for one in MEASURES if one.name == sort) < 0


def total_of(setup: PreparedSweep) -> int:
    return setup.search.number if setup.search.kind == "tpe" else len(setup.numbers)


def finished_slices(setup: PreparedSweep, folder: SweepFolder, run: SweepOptions, progress: SweepProgress) -> Iterator[tuple[int, pa.Table]]:
    """Every slice, stored: those of an earlier run first, then new ones as they are done."""
    if setup.search.kind == "tpe":
        for k, table, stored in tpe_slices(setup, folder):
            progress.add(table, stored=stored)
            yield k, table
        return
    missing = []
    for k, numbers in slices(setup.numbers, slice_size(setup)):
        table = folder.read_part(k)
        if table is not None and table.num_rows == len(numbers):
            progress.add(table, stored=True)
            yield k, table
        else:
            missing.append((k, numbers))
    for k, table in ahead(new_slices(setup, missing, run)):
        folder.write_part(k, table)
        progress.add(table)
        yield k, table


def ahead(parts: Iterator[T]) -> Iterator[T]:
    """The same parts; while one is used (stored), the next is made."""
    end = object()
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, parts, end)
        while (part := coming.result()) is not end:
            coming = pool.submit(next, parts, end)
            yield cast(T, part)


def new_slices(setup: PreparedSweep, missing: Iterable[tuple[int, Ints]], run: SweepOptions) -> Iterator[tuple[int, pa.Table]]:
    """Run slices here, or on a cluster."""
    if run.cluster is not None:
        waiting = list(missing)
        for at, results in run.cluster.run(setup, [(numbers, ENTERED) for _, numbers in waiting]):
            k, numbers = waiting[at]
            yield k, table_of(setup.space, setup.swept, numbers, results)
        return
    waiting = list(missing)
    several = SLICES if waiting and len(waiting[0][1]) == FUSED else 1
    for some in (waiting[at : at + several] for at in range(0, len(waiting), several)):
        results = setup.sweeper.run(setup.space.codes(np.concatenate([numbers for _, numbers in some])), ENTERED)
        at = 0
        for k, numbers in some:
            yield k, table_of(setup.space, setup.swept, numbers, results.part(at, at + len(numbers)))
            at += len(numbers)


def slice_size(setup: PreparedSweep) -> int:
    """Large slices where trials take microseconds, small ones where each takes milliseconds or more; the same on every machine."""
    tracer = setup.sweeper.tracer
    if len(setup.numbers):
        setup.sweeper.run(setup.space.codes(setup.numbers[:1]))
    if setup.sweeper.general.structures:
        return STRUCTURES
    return SLOW if tracer.per_trial or setup.sweeper.unfused else FUSED


def enter(setup: PreparedSweep, results: Path, k: int, table: pa.Table) -> ledger.Keys:
    """Enter a slice in the ledger, under the keys that are returned."""
    keys = ledger.keys_of(setup.facts, table[DECIDED].to_numpy())
    ledger.add(ledger.folder_of(results, setup.facts), f"sweep-{setup.id}-{k:06d}", keys, table["sharpe"].to_numpy() / np.sqrt(setup.market.year))
    return keys


def enter_spread(setup: PreparedSweep, results: Path, trials: SweptTrials) -> None:
    """Enter one trial of each cell of the grid (`Space.cells`) once more, where luck reaches further by these few: values that lie thick in one place make
    many trials of nearly one result, and bring down the variance by which luck is measured."""
    parts = np.array_split(trials.numbers, len(trials.numbers) // FUSED + 1)  # a million rows of codes would take memory
    _, first = np.unique(np.concatenate([setup.space.cells(setup.space.codes(part)) for part in parts]), return_index=True)
    sharpes = trials.sharpe / np.sqrt(setup.market.year)
    if 1 < len(first) < len(sharpes) and ledger.variance_of(sharpes, len(sharpes), [sharpes[first]]) > ledger.variance_of(sharpes, len(sharpes)):
        ledger.add(ledger.folder_of(results, setup.facts), f"spread-{setup.id}", trials.keys[first], sharpes[first])


def best(trials: SweptTrials, ascending: bool, count: int) -> list[int]:
    """Trial numbers, best first; a metric without meaning comes last; equal ones by trial number."""
    values = np.where(np.isfinite(trials.ranked), trials.ranked if ascending else -trials.ranked, np.inf)
    keep = min(count, len(values))
    near = np.flatnonzero(values <= np.partition(values, keep - 1)[keep - 1])
    order = near[np.argsort(values[near], kind="stable")][:keep]
    return [int(trial) for trial in trials.numbers[order]]


def how(setup: PreparedSweep) -> TrialPath:
    """By which path the trials ran, and why."""
    tracer, sweeper = setup.sweeper.tracer, setup.sweeper
    path = "per trial" if tracer.per_trial else "general" if sweeper.unfused else "fused"
    reasons = list(dict.fromkeys([*tracer.reasons, *sweeper.unfused]))
    return {"path": path, "traces": tracer.traces, "masks": sweeper.store.made, "evaluations": tracer.evaluator.evaluations, "reasons": reasons}
