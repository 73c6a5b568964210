"""Walk-forward: choose parameters on the past, trade them on what follows, window after window.

1. set up the sweep of the file's grid;
2. for each window: measure every trial on the training bars, take the best by the metric (no choice where none traded);
3. trade that choice on the test bars with the engine, from flat; the last `purge` bars before the test are not trained on, for trades opened there end
   inside the test;
4. chain the test windows; keep every window's trades, and set in-sample against out-of-sample.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from flowbt.data.catalog import Catalog
from flowbt.engine.book import Book
from flowbt.engine.simulate import simulate
from flowbt.engine.sweep.results import ENTERED, BarRange
from flowbt.engine.sweep.space import Ints
from flowbt.engine.types import Array, Market
from flowbt.evidence.measures import measure
from flowbt.evidence.splits import Split, Window, walk_forward
from flowbt.ground.documents import dumps, sealed
from flowbt.ground.errors import ParameterError
from flowbt.ground.files import locked, publish, scratch_folder, write_text
from flowbt.results import ledger
from flowbt.results.belief import renew
from flowbt.results.pages import walkforward as page
from flowbt.results.shelf import check_usable, derived, slug, storing
from flowbt.results.studied import Chosen, WalkedNow, WalkForwardDocument
from flowbt.studies.lookahead.probe import Leak
from flowbt.studies.lookahead.strategies import FEW, leak_among, refuse
from flowbt.studies.run.market import cut_decision
from flowbt.studies.sweep.cluster import SweepCluster
from flowbt.studies.sweep.setup import PreparedSweep, SweepRequest, set_up
from flowbt.studies.sweep.store import lock_of
from flowbt.studies.sweep.sweep import order_of
from flowbt.studies.sweep.values import Search, numbers_of

MODES = ("rolling", "anchored")
MOST = 20_000  # trials per window; a larger grid is drawn from
UNITS = {"d": 1 / 365.25, "w": 7 / 365.25, "m": 1 / 12, "y": 1.0}


@dataclass(frozen=True)
class WindowPlan:
    """`train`, `test`: bars (`500`) or time (`3y`, `6m`). `purge`: bars, or None for the longest holding in the grid."""

    train: str = "3y"
    test: str = "1y"
    purge: int | None = None
    embargo: int = 0
    modes: tuple[str, ...] = MODES

    def __post_init__(self) -> None:
        """ParameterError for windows that are neither bars nor time, and for less than none purged or skipped."""
        for option, text in (("--train", self.train), ("--test", self.test)):
            bars_of(option, text, 252.0)
        if min(self.purge or 0, self.embargo) < 0 or not set(self.modes) <= set(MODES) or not self.modes:
            raise ParameterError(f"purge {self.purge}, embargo {self.embargo}, modes {self.modes}", "not a plan", f"bars of 0 or more; modes of {MODES}")


@dataclass(frozen=True)
class Walk:
    """One mode's result: a row per window, the chained test returns, the trades of all windows (column `window`)."""

    mode: str
    windows: pd.DataFrame
    returns: pd.Series
    trades: pd.DataFrame
    measures: dict[str, object]


def walk_forward_study(catalog: Catalog, request: SweepRequest, plan: WindowPlan, results: Path, cluster: SweepCluster | None = None) -> tuple[Path, WalkedNow]:
    """Run (the training windows on a cluster, where one is given) and store; returns the folder and `walkforward.json`, with the newest stored run
    of its grid ("run", empty: none) and what that may be believed now ("belief", None)."""
    order_of(request.sort)  # refuses what is no metric
    check_usable(results)
    setup = set_up(catalog, replace(request, keep_leak=False))  # what is chosen by the future cannot be tested on it: never kept
    numbers = _numbers(setup)
    splits = {mode: split_of(setup, numbers, plan, mode) for mode in plan.modes}
    walks = [trade_windows(setup, train(setup, numbers, splits[mode], request.sort, cluster), mode, request.sort) for mode in plan.modes]
    refuse(setup.strategy.name, chosen_leak(setup, walks))
    key = {"sweep": setup.id, "plan": asdict(plan), "sort": request.sort}
    name = f"walkforward-{hashlib.sha256(dumps(key, sort_keys=True).encode()).hexdigest()[:12]}"
    document: WalkForwardDocument = {
        "kind": "walkforward",
        "id": name.removeprefix("walkforward-"),
        **setup.facts,
        "trials": len(numbers),
        "sort": request.sort,
        "plan": {mode: asdict(split) for mode, split in splits.items()},
        "modes": {one.mode: {"windows": len(one.windows), "measures": one.measures, **against(one, request.sort)} for one in walks},
    }
    folder = results / slug(setup.strategy.name) / name
    _enter(setup, results, numbers, document["id"])  # first: a result whose trials are not counted looks better than it is
    _store(folder, walks, document)
    with derived(folder):
        renew(results, setup.strategy.name)
        page.write(results, folder)
    run, belief = page.speaks_for(folder, document)
    return folder, {**document, "run": run, "belief": belief}


def chosen_leak(setup: PreparedSweep, walks: list[Walk]) -> Leak | None:
    """The first use of the future by what was chosen, each choice at a few cuts: the branches and ends of the grid were probed before."""
    chosen = sorted({int(trial) for one in walks for trial in one.windows["trial"] if trial >= 0})
    trials = [setup.space.trial(code) for code in setup.space.codes(np.array(chosen, np.int64))]
    return leak_among(setup.strategy, setup.quiet, [(values, FEW) for values in trials])


def split_of(setup: PreparedSweep, numbers: Ints, plan: WindowPlan, mode: str) -> Split:
    purge = longest_holding(setup, numbers) if plan.purge is None else plan.purge
    year = setup.market.year
    return Split(bars_of("--train", plan.train, year), bars_of("--test", plan.test, year), mode == "anchored", purge, plan.embargo)


def bars_of(option: str, text: str, year: float) -> int:
    """`500` bars, or `3y`, `18m`, `26w`, `90d` as bars of this clock."""
    found = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)([dwmyDWMY])|([0-9]{1,9})", text.strip())
    bars = 0 if found is None else int(found[3]) if found[3] else round(float(found[1]) * UNITS[found[2].lower()] * year)
    if bars < 1:
        raise ParameterError(f"{option} {text}", "neither bars nor time", "for example 500, 3y or 6m")
    return bars


def longest_holding(setup: PreparedSweep, numbers: Ints) -> int:
    """The longest `hold` of the grid, in bars; 0 for strategies without one."""
    tracer = setup.sweeper.tracer
    codes = setup.space.codes(numbers)
    longest = 0.0
    for trial, _ in setup.space.groups(codes, sorted({*tracer.fixed, *(name for name in setup.swept if "hold" in name)})):
        hold = getattr(tracer.evaluate(trial), "hold", None)
        if hold is not None:
            longest = max(longest, float(np.nanmax(np.asarray(hold, dtype=float))))
    return math.ceil(longest)


@dataclass(frozen=True)
class Trained:
    """A window, the trials it could choose from, and each trial's metric on the training bars (missing where it has none)."""

    window: Window
    numbers: Ints
    inside: Array


def train(setup: PreparedSweep, numbers: Ints, split: Split, sort: str, cluster: SweepCluster | None = None) -> list[Trained]:
    """Every trial measured on every window's training bars, here or window by window on a cluster."""
    windows = walk_forward(len(setup.market.index), split)
    units = [(numbers, BarRange(one.train_start, one.train_end)) for one in windows]
    codes = setup.space.codes(numbers)
    done = cluster.run(setup, units) if cluster else ((at, setup.sweeper.run(codes, bars)) for at, (_, bars) in enumerate(units))
    found = {at: results.column(sort) for at, results in done}
    return [Trained(window, numbers, found[at]) for at, window in enumerate(windows)]


def trade_windows(setup: PreparedSweep, trained: list[Trained], mode: str, sort: str) -> Walk:
    """All windows of one mode: in each the best trial by `sort` inside, traded outside."""
    rows, parts, trades, held = [], [], [], []
    ascending = order_of(sort)
    for k, (window, numbers, found) in enumerate((one.window, one.numbers, one.inside) for one in trained):
        ranked = np.where(np.isfinite(found), found if ascending else -found, np.inf)
        at = int(ranked.argmin())
        if not np.isfinite(ranked[at]):
            rows.append({**_span(setup.market, window, k), "trial": -1})
            parts.append(pd.Series(0.0, setup.market.index[window.test_start : window.test_end]))
            held.append(pd.DataFrame(0.0, parts[-1].index, ["gross", "turnover"]))
            continue
        code = setup.space.codes(numbers[at : at + 1])[0]
        book = book_of(setup, code, window)
        outside = measure(book.returns, book.trades, book.market.year, activity=book.exposure)
        values = setup.space.trial(code)
        row = {**_span(setup.market, window, k), "trial": int(numbers[at]), **{f"p.{name}": values[name] for name in setup.swept}}
        inside_out = {"inside": float(found[at]), "outside": float(getattr(outside, sort))}
        rows.append({**row, **inside_out, "total_return": outside.total_return, "trades": outside.trades})
        parts.append(book.returns)
        held.append(book.exposure[["gross", "turnover"]])
        trades.append(book.trades.assign(window=k))
    returns = pd.concat(parts).rename("returns")
    table = pd.concat(trades, ignore_index=True) if trades else pd.DataFrame(columns=["window", "reason", "entry_label", "exit_label"])
    measures = measure(returns, table, setup.market.year, activity=pd.concat(held))  # what is open at the end of a window is exposure, but no closed trade
    return Walk(mode, pd.DataFrame(rows), returns, table, measures.to_dict())


def book_of(setup: PreparedSweep, code: Iterable[int], window: Window) -> Book:
    """The engine's book of a choice on the test bars, from flat. The decision uses all history before them."""
    short = setup.market.cut(window.test_start, window.test_end)
    decision = setup.strategy.decide(setup.sweeper.tracer.quiet, setup.space.trial(list(code)))
    return simulate(short, cut_decision(decision, setup.panel, short.index), *setup.sweeper.terms_of_runs)


def against(one: Walk, metric: str) -> Chosen:
    """In-sample against out-of-sample, over the windows."""
    known = one.windows.dropna(subset=["inside", "outside"]) if "inside" in one.windows else one.windows.iloc[:0]
    if known.empty:
        return {"metric": metric, "inside": None, "outside": None, "positive": None}
    positive = float((one.windows["total_return"] > 0).mean())  # of all windows: one without a trade has not risen
    return {"metric": metric, "inside": float(known["inside"].mean()), "outside": float(known["outside"].mean()), "positive": positive}


def _numbers(setup: PreparedSweep) -> Ints:
    """The grid's trials; a large grid is drawn from, so that each window stays affordable."""
    search = setup.search
    if search.kind == "grid" and setup.space.size > MOST:
        return numbers_of(setup.space, setup.constraints, Search("random", MOST, search.seed))
    return setup.numbers


def _span(market: Market, window: Window, k: int) -> dict[str, object]:
    labels = market.index
    return {
        "window": k,
        "train_from": labels[window.train_start],
        "train_to": labels[window.train_end - 1],
        "test_from": labels[window.test_start],
        "test_to": labels[window.test_end - 1],
    }


def _store(folder: Path, walks: list[Walk], document: WalkForwardDocument) -> None:
    """Written beside its place and brought there whole."""
    with storing(folder, "store the walk-forward in"), locked(lock_of(folder), f"walk-forward {folder.name}"), scratch_folder(folder) as work:
        tables = {
            "windows": [one.windows.assign(mode=one.mode) for one in walks],
            "returns": [one.returns.rename_axis("label").reset_index().assign(mode=one.mode) for one in walks],
            "trades": [one.trades.assign(mode=one.mode) for one in walks],
        }
        for name, frames in tables.items():
            ledger.write_table(work / f"{name}.parquet", pa.Table.from_pandas(pd.concat(frames, ignore_index=True), preserve_index=False))
        write_text(work / "walkforward.json", sealed(document, indent=1))
        publish(work, folder)


def _enter(setup: PreparedSweep, results: Path, numbers: Ints, name: str) -> None:
    """Every trial that a window could have chosen counts in the ledger; its Sharpe is the one over all bars."""
    codes = setup.space.codes(numbers)
    found = setup.sweeper.run(codes, ENTERED)
    keys, sharpes = ledger.distinct(ledger.keys_of(setup.facts, found.prints), found.column("sharpe") / math.sqrt(setup.market.year))
    ledger.add(ledger.folder_of(results, setup.facts), f"walkforward-{name}", keys, sharpes)
