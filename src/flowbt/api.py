"""The notebook: `import flowbt as fb; r = fb.run("strategies/exit_liquidity.py", hold=5)`. Thin over the studies.

Every function takes the parameters of the strategy as keywords and, as `setup`, where and on what to run. Nothing is global.
What comes back displays itself in a notebook; tables are pandas frames.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from markupsafe import escape

from flowbt.data.panel.reader import open_panel
from flowbt.ground.clock import Clock
from flowbt.ground.errors import ParameterError
from flowbt.ground.files import asked_path
from flowbt.ground.home import place
from flowbt.ground.types import Json
from flowbt.results import shelf, store
from flowbt.results.pages import sweep as sweeps
from flowbt.results.pages.tearsheet import summary
from flowbt.studies.catalogs import open_catalog
from flowbt.studies.compare.comparison import compare_records
from flowbt.studies.run.backtest import backtest
from flowbt.studies.run.market import Span
from flowbt.studies.run.request import Request
from flowbt.studies.run.stored import look, store_run
from flowbt.studies.score.score import Settings
from flowbt.studies.score.score import score as score_claims
from flowbt.studies.sweep.setup import SweepRequest
from flowbt.studies.sweep.sweep import SweepOptions as Way
from flowbt.studies.sweep.sweep import sweep as sweep_trials
from flowbt.studies.sweep.values import Search

if TYPE_CHECKING:
    from flowbt.data.catalog import Catalog
    from flowbt.data.panel.reader import PanelReader
    from flowbt.evidence.belief import Belief
    from flowbt.studies.compare.comparison import Comparison
    from flowbt.studies.run.backtest import Run


@dataclass(frozen=True)
class Setup:
    """Where data and results lie, and on which span. `demo`: True the synthetic demo market, False never it, None where nothing is imported.

    The folders are those of FLOWBT_DATASETS and FLOWBT_RESULTS, else `datasets` and `results` of the project around the working folder (or here).
    `start`, `end`: dates; None leaves them to the data. `benchmark`: a symbol, or "none".
    """

    datasets: Path | str = field(default_factory=lambda: os.environ.get("FLOWBT_DATASETS") or place("datasets"))
    results: Path | str = field(default_factory=lambda: os.environ.get("FLOWBT_RESULTS") or place("results"))
    demo: bool | None = None
    start: str | None = None
    end: str | None = None
    benchmark: str | None = None
    seed: int = 7

    def catalog(self) -> Catalog:
        return open_catalog(Path(self.datasets), self.demo)


@dataclass(frozen=True)
class Page:
    """A page on disk; shows itself as a link."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    def _repr_html_(self) -> str:
        return f'<a href="{escape(self.path.as_posix())}" target="_blank">{escape(self.path.as_posix())}</a>'


@dataclass(frozen=True, repr=False)
class Backtest:
    """A finished run. Nothing is written until `save()` or `tearsheet()`."""

    run: Run
    setup: Setup

    def __repr__(self) -> str:
        made = self.run.record.manifest
        words = "SYNTHETIC, " if made["synthetic"] else ""
        return f"Backtest({made['strategy']}, {words}run {made['id']}, Sharpe {self.run.measures.sharpe:.2f}, believe it: {self.belief.answer})"

    @cached_property
    def belief(self) -> Belief:
        """Whether to believe it, by the trials and walk-forwards under `setup.results`; asking counts as a look at the strategy."""
        return look(Path(self.setup.results), self.run)

    @property
    def metrics(self) -> Json:
        """Measure name -> value; None where it has no meaning. Units: `flowbt.evidence.measures.MEASURES`."""
        return self.run.record.metrics

    @property
    def trades(self) -> pd.DataFrame:
        """One row per position, with the features at its entry and exit."""
        return self.run.record.trades

    @property
    def orders(self) -> pd.DataFrame:
        return self.run.record.orders

    @property
    def returns(self) -> pd.DataFrame:
        """Per bar: value, strategy return, exposure, costs, benchmark, placebo, regimes."""
        return self.run.record.returns

    @property
    def portfolio(self) -> Any:
        """The run as a `vectorbt.Portfolio`."""
        return self.run.book.portfolio

    @cached_property
    def path(self) -> Path:
        """The folder of the stored run; stores it on first use."""
        return store_run(Path(self.setup.results), self.run)

    def save(self) -> Path:
        return self.path

    def tearsheet(self) -> Page:
        """Store the run and give its tearsheet."""
        return Page(self.path / "tearsheet.html")

    def _repr_html_(self) -> str:
        return summary(self.run.record)


@dataclass(frozen=True)
class Compared:
    """Runs side by side on their common sessions; the first is the base."""

    comparison: Comparison = field(repr=False)

    @property
    def measures(self) -> pd.DataFrame:
        """Measures x runs."""
        rows = self.comparison.measures
        return pd.DataFrame([row["values"] for row in rows], index=[row["name"] for row in rows], columns=[run["label"] for run in self.comparison.runs])

    @property
    def differences(self) -> pd.DataFrame:
        """Each run less the first, with the paired-bootstrap 95% interval."""
        return pd.DataFrame(self.comparison.differences)[["run", "name", "a", "b", "difference", "low", "high", "p", "told_apart"]]

    @property
    def correlation(self) -> pd.DataFrame:
        labels = [run["label"] for run in self.comparison.runs]
        return pd.DataFrame(self.comparison.correlation, index=labels, columns=labels)

    def _repr_html_(self) -> str:
        texts = {run["label"]: [row["texts"][at] for row in self.comparison.measures] for at, run in enumerate(self.comparison.runs)}
        return pd.DataFrame(texts, index=[row["label"] for row in self.comparison.measures]).to_html()


@dataclass(frozen=True)
class Swept:
    """A stored sweep."""

    path: Path
    sweep: Json = field(repr=False)
    luck: Json = field(repr=False)
    setup: Setup

    @cached_property
    def trials(self) -> pd.DataFrame:
        """One row per trial: its parameters and its metrics."""
        return pd.read_parquet(self.path / "trials.parquet")

    @property
    def top(self) -> pd.DataFrame:
        """The best trials."""
        return pd.DataFrame(self.sweep["top"])

    def page(self) -> Page:
        """The sweep's page, written anew."""
        return Page(sweeps.write(Path(self.setup.results), self.path))

    def _repr_html_(self) -> str:
        return f"<p>{escape(str(self.luck.get('verdict') or ''))}</p>{self.top.to_html(index=False)}"


def run(path: str | Path, *, setup: Setup | None = None, **parameters: Any) -> Backtest:
    """Backtest a strategy file; unknown parameters are refused with the nearest names. Raises as `flowbt run` does."""
    setup = setup or Setup()
    command = f"fb.run({', '.join([repr(str(path)), *(f'{name}={value!r}' for name, value in parameters.items())])})"
    request = Request(asked_path(path, "run"), parameters, Span(setup.start, setup.end), benchmark=setup.benchmark, seed=setup.seed, command=command)
    return Backtest(backtest(setup.catalog(), request), setup)


def sweep(path: str | Path, *, setup: Setup | None = None, number: int = 0, constraints: tuple[str, ...] = (), sort: str = "sharpe", **values: Any) -> Swept:
    """Sweep a strategy over `values`: a sequence per parameter, or text such as "0.01:0.04:0.005"; the file's GRID where none is given.

    `number`: so many random points in place of the whole grid. `constraints`: expressions such as "fast < slow".
    """
    setup = setup or Setup()
    texts = {name: value if isinstance(value, str) else ",".join(map(str, value)) for name, value in values.items()}
    search = Search("random", number, setup.seed) if number else Search(seed=setup.seed)
    command = f"fb.sweep({', '.join([repr(str(path)), *(f'{name}={value!r}' for name, value in texts.items())])})"
    request = SweepRequest(asked_path(path, "sweep"), texts, Span(setup.start, setup.end), constraints=constraints, search=search, sort=sort, command=command)
    folder, document, luck = sweep_trials(setup.catalog(), request, Way(Path(setup.results)))
    return Swept(folder, document, luck, setup)


def compare(*runs: Backtest | str, setup: Setup | None = None) -> Compared:
    """Compare runs: results of `run`, or names of stored runs."""
    if len(runs) < 2:
        raise ParameterError("compare", f"{len(runs)} run given", "give two or more")
    setup = setup or Setup()
    records = [store.load(shelf.find(Path(setup.results), one).path) if isinstance(one, str) else one.run.record for one in runs]
    return Compared(compare_records(records))


def panel(*symbols: str, clock: str = "XNYS", step: str = "1d", setup: Setup | None = None) -> PanelReader:
    """The point-in-time panel that strategies see: `panel("SPY", "QQQ")["close"]`."""
    setup = setup or Setup()
    return open_panel(setup.catalog(), symbols, Clock(clock, step), setup.start, setup.end)


def score(*targets: str, resamples: int = 10_000, setup: Setup | None = None) -> pd.DataFrame:
    """Score claim files, folders or one claim (`FILE::claim`): one row per claim, its verdict and its evidence."""
    setup = setup or Setup()
    board = score_claims(targets, setup.catalog(), Settings(resamples=resamples, seed=setup.seed))
    shown: Sequence[str] = (
        "id",
        "title",
        "verdict",
        "measured",
        "baseline",
        "effect",
        "low",
        "high",
        "n",
        "n_effective",
        "p",
        "q",
        "share_agree",
        "smallest",
        "sentence",
    )
    table = pd.DataFrame([{name: getattr(finding, name) for name in shown} for finding in board.findings], columns=list(shown)).set_index("id")
    table.attrs.update(problems=list(board.problems), synthetic=board.synthetic)
    return table
