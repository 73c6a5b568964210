"""Hold a sweep's trials against the engine, its measures, and vectorbt's book."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pandas as pd

from flowbt.engine.book import Book
from flowbt.engine.simulate import simulate
from flowbt.engine.sweep.space import Ints
from flowbt.engine.sweep.sums import METRICS
from flowbt.engine.vbt.aside import Aside
from flowbt.engine.vbt.reconcile import reconcile
from flowbt.evidence.measures import measure
from flowbt.ground.errors import ReconciliationError
from flowbt.results.studied import Verified
from flowbt.studies.lookahead.probe import Leak
from flowbt.studies.lookahead.strategies import CHOSEN, leak_among
from flowbt.studies.run.market import cut_decision
from flowbt.studies.sweep.setup import PreparedSweep
from flowbt.studies.sweep.store import SweepFolder

TOLERANCE = 1e-9
SAMPLE, BEST = 4, 4


def verify(setup: PreparedSweep, trials: Ints, top: Sequence[int], aside: Aside | None = None) -> Callable[[SweepFolder], Verified]:
    """Re-simulate the best trials and a random sample of all (`trials`: their numbers) by a plain call of the strategy. Books are compared by another process
    where one is given. Calling what is returned, with the folder of the whole table, waits for its answers and gives the largest difference of any metric.

    It raises ReconciliationError where a metric is off by more than 1e-9 (relative above 1), or a book differs from vectorbt's.
    """
    drawn = np.random.default_rng(setup.search.seed).choice(trials, min(SAMPLE, len(trials)), replace=False)
    chosen = list(dict.fromkeys([*top[:BEST], *(int(t) for t in drawn)]))
    books, answers = [], []
    for trial in chosen:
        book = book_of(setup, trial)
        answers.append(partial(reconcile, book) if aside is None else aside.reconcile(book, reconcile))
        books.append(book)

    def found(folder: SweepFolder) -> Verified:
        rows = folder.rows(chosen)
        worst = max(_difference(trial, rows.iloc[at], books[at]) for at, trial in enumerate(chosen))
        for answer in answers:
            answer()
        return {"trials": len(chosen), "books": len(chosen), "largest_difference": worst}

    return found


def book_of(setup: PreparedSweep, trial: int) -> Book:
    """The engine's book of one trial, by a plain call of the strategy."""
    parameters = setup.space.trial(setup.space.codes(np.array([trial]))[0])
    decision = setup.strategy.decide(setup.sweeper.tracer.quiet, parameters)
    return simulate(
        setup.market, cut_decision(decision, setup.panel, setup.market.index), setup.sweeper.costs, setup.sweeper.account, setup.sweeper.general.prices
    )


def look_ahead(setup: PreparedSweep, trial: int) -> Leak | None:
    """The first use of the future by this trial, beside those of the branches that were probed before the sweep: a whole probe where nothing could be
    recorded, so that this trial may do what none of them does."""
    most = None if setup.sweeper.tracer.per_trial else CHOSEN
    return setup.leak or leak_among(setup.strategy, setup.quiet, [(setup.space.trial(setup.space.codes(np.array([trial]))[0]), most)])


def _difference(trial: int, row: pd.Series, book: Book) -> float:
    engine = measure(book.returns, book.trades, book.market.year, activity=book.exposure)
    worst = 0.0
    for name in METRICS:
        ours, theirs = float(row[name]), float(getattr(engine, name))
        if math.isnan(ours) and math.isnan(theirs):
            continue
        off = abs(ours - theirs) / max(1.0, abs(theirs))
        if not off <= TOLERANCE:
            found = f"{ours:.12g} in the sweep, {theirs:.12g} in the engine"
            raise ReconciliationError(f"{name} of trial {trial}", found, "report it with the command and its data")
        worst = max(worst, off)
    return worst
