"""What the acts of a notebook (`api.py`) give back, and where they work. Everything shows itself: with SYNTHETIC where the prices are invented, and with
what it may be believed."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from markupsafe import escape

from flowbt.evidence.search.judgement import Luck
from flowbt.ground.errors import ParameterError
from flowbt.ground.files import asked_path
from flowbt.ground.home import project_path
from flowbt.ground.types import Json
from flowbt.results.pages import sweep as sweeps
from flowbt.results.pages import walkforward as walk_pages
from flowbt.results.pages.tearsheet import notebook_fragment
from flowbt.results.studied import ModeResult, SweepDocument, WalkedNow
from flowbt.studies.catalogs import open_catalog
from flowbt.studies.run.stored import enter_and_judge, store_run

if TYPE_CHECKING:
    from flowbt.data.catalog import Catalog
    from flowbt.evidence.belief import Belief, BeliefTold
    from flowbt.studies.board.board import Board
    from flowbt.studies.compare.comparison import Comparison
    from flowbt.studies.run.backtest import Run


@dataclass(frozen=True)
class Setup:
    """Where data and results lie, and on which span. `demo`: True the synthetic demo market, False never it, None where nothing is imported.

    The folders are those of FLOWBT_DATASETS and FLOWBT_RESULTS, else `datasets` and `results` of the project around the working folder (or here).
    `start`, `end`: dates; None leaves them to the data. `benchmark`: a symbol, or "none".
    """

    datasets: Path | str = field(default_factory=lambda: os.environ.get("FLOWBT_DATASETS") or project_path("datasets"))
    results: Path | str = field(default_factory=lambda: os.environ.get("FLOWBT_RESULTS") or project_path("results"))
    demo: bool | None = None
    start: str | None = None
    end: str | None = None
    benchmark: str | None = None
    seed: int = 7

    def __post_init__(self) -> None:
        """ParameterError for a folder or a market that cannot be; what is run checks the rest."""
        for name, folder in (("datasets", self.datasets), ("results", self.results)):
            if not isinstance(folder, (str, Path)):
                raise ParameterError(f"{name}={folder!r}", f"a {type(folder).__name__}", "give the path of a folder")
            asked_path(folder, name)
        if self.demo is not None and not isinstance(self.demo, bool):
            raise ParameterError(f"demo={self.demo!r}", "neither True, False nor None", "give True for the demo market")

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
        return enter_and_judge(Path(self.setup.results), self.run)

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
    def portfolio(self) -> object:
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
        return notebook_fragment(self.run.record, self.belief)


@dataclass(frozen=True, repr=False)
class Compared:
    """Runs side by side on their common sessions; the first is the base."""

    comparison: Comparison

    def __repr__(self) -> str:
        runs = [f"{run['label']}{', SYNTHETIC' if run['synthetic'] else ''}, believe it: {run['belief']['answer']}" for run in self.comparison.runs]
        return f"Compared({'; '.join(runs)})"

    @property
    def beliefs(self) -> pd.Series:
        """What each run may be believed: a sentence per run."""
        return pd.Series({run["label"]: run["belief"]["sentence"] for run in self.comparison.runs}, name="belief")

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
        told = "".join(_told(run["label"], run["synthetic"], run["belief"]) for run in self.comparison.runs)
        return told + pd.DataFrame(texts, index=[row["label"] for row in self.comparison.measures]).to_html()


@dataclass(frozen=True, repr=False)
class Swept:
    """A stored sweep."""

    path: Path
    sweep: SweepDocument
    luck: Luck
    setup: Setup

    def __repr__(self) -> str:
        synthetic, belief = ", SYNTHETIC" if self.sweep["synthetic"] else "", self.belief
        answer = belief["answer"] if belief else "not judged"
        return f"Swept({self.sweep['strategy']}{synthetic}, {self.sweep['trials']:,} trials, believe the best: {answer})"

    @property
    def belief(self) -> BeliefTold | None:
        """What the best trial may be believed now (`Belief.to_dict()`); None where no trial is stored as a run."""
        return next(iter(sweeps.beliefs_of(self.path, self.sweep).values()), None)

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
        told = _told(f"best of {self.sweep['strategy']}", self.sweep["synthetic"], self.belief)
        return f"{told}<p>{escape(str(self.luck.get('verdict') or ''))}</p>{self.top.to_html(index=False)}"


@dataclass(frozen=True, repr=False)
class WalkedForward:
    """A stored walk-forward."""

    path: Path
    walkforward: WalkedNow
    setup: Setup

    def __repr__(self) -> str:
        synthetic = ", SYNTHETIC" if self.walkforward["synthetic"] else ""
        modes = "; ".join(f"{name} {one['windows']} windows, Sharpe {_figure(one)} out of sample" for name, one in self.walkforward["modes"].items())
        return f"WalkedForward({self.walkforward['strategy']}{synthetic}, {modes})"

    @cached_property
    def windows(self) -> pd.DataFrame:
        """One row per window and mode: its dates, what was chosen, the metric inside and outside."""
        return pd.read_parquet(self.path / "windows.parquet")

    def page(self) -> Page:
        return Page(walk_pages.write(Path(self.setup.results), self.path))

    def _repr_html_(self) -> str:
        belief = self.walkforward["belief"]
        told = f"<p>Run {escape(self.walkforward['run'])}, of its grid: {escape(belief['sentence'])}</p>" if belief else ""
        return f"<p><b>{escape(repr(self))}</b></p>{told}{self.windows.to_html(index=False)}"


@dataclass(frozen=True, repr=False)
class RegimeBoard:
    """The board of a day. Tables are frames; values are as they were known then."""

    board: Board

    def __repr__(self) -> str:
        synthetic = ", SYNTHETIC" if self.board.synthetic else ""
        tilt = self.board.counts.get("tilt", float("nan"))
        return f"RegimeBoard({self.board.session:%Y-%m-%d}{synthetic}, convergence on {self.board.symbol}: tilt {tilt:+.0f}, {len(self.board.gaps)} missing)"

    @property
    def zones(self) -> pd.DataFrame:
        return pd.DataFrame([asdict(row) for row in self.board.zones]).set_index("symbol")

    @property
    def readings(self) -> pd.DataFrame:
        """One row per value: section, name, value, its text, and when it became known (UTC)."""
        return pd.DataFrame([asdict(row) for row in self.board.readings])

    @property
    def ballots(self) -> pd.DataFrame:
        """The inputs of the convergence count and their votes."""
        return pd.DataFrame([asdict(row) for row in self.board.ballots])

    @property
    def gaps(self) -> pd.DataFrame:
        """What could not be computed, why, and what would bring it."""
        return pd.DataFrame([asdict(row) for row in self.board.gaps])

    def _repr_html_(self) -> str:
        return f"<p><b>{escape(repr(self))}</b></p>{self.readings[['section', 'name', 'text', 'known_at']].to_html(index=False)}"


def _told(label: str, synthetic: bool, belief: BeliefTold | None) -> str:
    words = belief["sentence"] if belief else "Not judged: no trial is stored as a run."
    return f"<p><b>{escape(label)}</b>{' <b>SYNTHETIC</b>' if synthetic else ''}: {escape(words)}</p>"


def _figure(mode: ModeResult) -> str:
    sharpe = mode["measures"]["sharpe"]
    return "-" if sharpe is None else f"{sharpe:.2f}"
