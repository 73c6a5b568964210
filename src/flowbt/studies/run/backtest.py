"""One strategy, one set of parameters: from the file to a stored run.

1. load the file, settle the parameters;
2. open the panel on all history, so that trailing windows are warm, and let the strategy decide; probe the decision for use of the future;
3. cut decision and bars to the span in which every field it used is there;
4. simulate, and reconcile the book with vectorbt's;
5. the same for its placebos: the same decisions, rotated in time; one of them is drawn, all are counted;
6. measure, describe, and gather what speaks for and against it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import pandas as pd

from flowbt.data.catalog import Catalog
from flowbt.data.panel.bases import carried
from flowbt.data.panel.reader import PanelReader, open_panel
from flowbt.data.panel.views import Decided, Quiet
from flowbt.engine.book import Book
from flowbt.engine.loader import Strategy, load_strategy
from flowbt.engine.simulate import simulate
from flowbt.engine.vbt.aside import Aside
from flowbt.engine.vbt.reconcile import reconcile
from flowbt.evidence.measures import Measures, measure
from flowbt.ground.errors import DataError
from flowbt.ground.protocols import Step
from flowbt.results.record import RunRecord
from flowbt.studies.lookahead.probe import Leak
from flowbt.studies.lookahead.strategies import leak_of, refuse
from flowbt.studies.run.describe import record_of
from flowbt.studies.run.market import cut_decision, market_of, panel_for
from flowbt.studies.run.option_terms import option_terms_of, warning_of, words_of
from flowbt.studies.run.placebo import SEED, Placebos, beside, placebo_of, rotated
from flowbt.studies.run.request import Benchmark, Prepared, Request
from flowbt.studies.run.standing import evidence_of
from flowbt.studies.run.surfaces import with_surfaces


@dataclass(frozen=True)
class Run:
    """A finished run: everything known about it, in memory."""

    request: Request
    prepared: Prepared
    book: Book
    placebo: Book | None
    placebos: Placebos | None
    benchmark: pd.Series | None
    measures: Measures
    record: RunRecord
    leak: Leak | None = None


PARTS = ("reading data and deciding", "looking for leaks", "trading it", "trading its rotations", "measuring", "comparing with vectorbt's book")


def backtest(catalog: Catalog, request: Request, aside: Aside | None = None, step: Step | None = None) -> Run:
    """Run a strategy; nothing is written. LookAheadError where its decision uses the future (unless the request keeps it, marked); the two books are
    reconciled, by another process where one is given: a difference is an error. `step` is told which of PARTS begins."""
    tell = step or (lambda what, done, total: None)
    at = iter([partial(tell, what, done, len(PARTS)) for done, what in enumerate(PARTS)])
    next(at)()
    prepared = prepare(catalog, request)
    next(at)()
    with rotated(prepared, request.rotations, SEED) as rotations:
        leak = leak_of(prepared.strategy, prepared.parameters, Quiet(prepared.panel.unlogged(), prepared.features), prepared.raw)
        if not request.keep_leak:
            refuse(prepared.strategy.name, leak)
        next(at)()
        with prepared.strategy.answering():
            book = simulate(prepared.market, prepared.decision, prepared.costs, prepared.account)
        answer = partial(reconcile, book) if aside is None else aside.reconcile(book, reconcile)
        next(at)()
        placebo = placebos = None
        if request.rotations:
            placebo = simulate(prepared.market, placebo_of(prepared.decision, seed=request.seed), prepared.costs, prepared.account)
            placebos = beside(prepared, book, rotations)
    next(at)()
    benchmark = benchmark_of(catalog, prepared, request.benchmark)
    own = benchmark if request.benchmark is None else _held_by_default(catalog, prepared)
    measures = measures_of(book, benchmark.returns)
    record = record_of(request, prepared, book, placebo, replace(benchmark, data=tuple(sorted({*benchmark.data, *own.data}))), measures)
    record.manifest["evidence"] = evidence_of(prepared, book, own, placebos)
    options = option_terms_of(prepared, book)
    if options is not None:
        record.manifest["options"] = options
        record.manifest["assumptions"] += words_of(options)
        record.manifest["warnings"] += [line for line in (warning_of(options),) if line]
        sharpes = [end["sharpe"] for end in options["band"]]
        record.manifest["evidence"]["band"] = [min(sharpes), max(sharpes)] if sharpes else None
    if leak:
        record.manifest["look_ahead"] = str(leak)
        record.manifest["warnings"].insert(0, f"LOOK-AHEAD: {leak}. The result is worthless.")
    next(at)()
    answer()
    return Run(request, prepared, book, placebo, placebos, benchmark.returns, measures, record, leak)


def prepare(catalog: Catalog, request: Request) -> Prepared:
    """Load, decide, and cut to the span: what every study does before it simulates."""
    strategy = load_strategy(request.path)
    strategy = replace(strategy, symbols=request.symbols) if request.symbols else strategy
    parameters = strategy.resolve(request.parameters)
    panel = panel_for(catalog, strategy, request.decide_at)
    view = Decided(panel)
    decision = strategy.decide(view, parameters)
    return replace(assemble(strategy, parameters, panel, decision, request), features=view.features)


def assemble(strategy: Strategy, parameters: dict[str, object], panel: PanelReader, decision: object, request: Request) -> Prepared:
    panel["close"]  # the traded closes bound the span even where the decision never looks at them
    labels = request.span.cut(panel)
    with strategy.answering():
        cut = cut_decision(decision, panel, labels)
    costs, account = request.costs or strategy.costs, request.account or strategy.account
    return Prepared(strategy, parameters, panel, with_surfaces(market_of(panel, labels), panel, cut), cut, costs, account, decision)


def benchmark_of(catalog: Catalog, prepared: Prepared, asked: str | None) -> Benchmark:
    """Returns of holding the benchmark, close to close, dividends reinvested: asked for, else the file's, else the first traded symbol."""
    symbol = asked or prepared.strategy.benchmark or prepared.market.symbols[0]
    if symbol.lower() == "none":
        return Benchmark()
    labels = prepared.market.index
    panel = open_panel(catalog, (symbol,), prepared.panel.clock, labels[0], labels[-1])
    bars = panel.bars()
    mark, _ = carried(bars.close, bars.dividend)  # what a dividend leaves of the evening before is what earns the next day's return
    held = bars.close.ffill()[symbol] / mark.ffill()[symbol].shift(1) - 1.0
    read = {(holder.hash, holder.rules) for _, _, holder in panel.datasets()}
    return Benchmark(symbol, held.reindex(labels).fillna(0.0).rename("benchmark"), tuple(sorted(read)))


def _held_by_default(catalog: Catalog, prepared: Prepared) -> Benchmark:
    """The benchmark that was not asked for, by which a run is believed: one is not to be chosen for what it gave. None where its data are missing."""
    try:
        return benchmark_of(catalog, prepared, None)
    except DataError:
        return Benchmark()


def measures_of(book: Book, benchmark: pd.Series | None) -> Measures:
    return measure(book.returns, book.trades, book.market.year, benchmark, activity=book.exposure)
