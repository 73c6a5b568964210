"""Every strategy of a folder, in parallel, and one table that compares them.

For each file: 1. the run itself, stored with its tearsheet; 2. rotations of its own decisions, as placebos; 3. on the demo market also the same
strategy where nothing is planted. Then, over all of them: 4. p-values corrected for how many strategies were looked at, and deflated Sharpe
ratios with as many trials. A strategy whose data are missing keeps its row, with the reason.
"""

from __future__ import annotations

import math
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from flowbt.data.catalog import Catalog
from flowbt.data.demo.build import ensure_demo
from flowbt.engine.loader import load_strategy
from flowbt.engine.simulate import simulate
from flowbt.evidence.multiple import benjamini_hochberg
from flowbt.evidence.search.judgement import beats_placebos
from flowbt.evidence.sharpe import deflated_sharpe, moments
from flowbt.ground.documents import unsealed
from flowbt.ground.errors import FlowbtError, LoadError, LookAheadError, ParameterError, check_seed
from flowbt.ground.files import read_bytes
from flowbt.results.belief import belief_now
from flowbt.studies.catalogs import DEMO, open_catalog
from flowbt.studies.run.backtest import backtest, prepare
from flowbt.studies.run.market import Span
from flowbt.studies.run.placebo import SEED, against_placebos
from flowbt.studies.run.request import Request
from flowbt.studies.run.stored import store_run
from flowbt.studies.units import EVERY_PROCESSOR, Workers, each


@dataclass(frozen=True)
class Job:
    """What to run and how. `demo` as in `open_catalog`; `placebos`: rotations per strategy (fewer of option structures)."""

    folder: Path
    datasets: Path
    results: Path | None
    demo: bool | None = None
    span: Span = field(default_factory=Span)
    placebos: int = 199
    seed: int = 7
    workers: Workers = EVERY_PROCESSOR
    keep_leak: bool = False
    command: str = ""

    def __post_init__(self) -> None:
        """ParameterError for a seed, or a number of placebos, that cannot be."""
        check_seed(self.seed)
        if self.placebos < 0:
            raise ParameterError(f"{self.placebos} placebos", "less than none", "give 0 or more")


@dataclass(frozen=True)
class GalleryRow:
    """One strategy's row. `measures` by name (see evidence.measures); Sharpe ratios are annual and after costs; `error` says why there is no run.

    `p`: `timing.chance`, against `rotations` and its exposure; `adjusted` (Benjamini-Hochberg over the gallery). `null_*`: on the demo market without effects.
    """

    strategy: str
    thesis: str = ""
    source: str = ""
    file: str = ""
    folder: str = ""  # of the stored run, relative to the results folder
    start: str = ""
    end: str = ""
    measures: dict[str, object] = field(default_factory=dict)
    placebo: float | None = None
    placebo_low: float | None = None
    placebo_high: float | None = None
    rotations: int = 0
    p: float | None = None
    adjusted: float | None = None
    deflated_sharpe: float | None = None
    null_sharpe: float | None = None
    null_p: float | None = None
    null_adjusted: float | None = None
    stand_ins: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()  # the run's warnings: vintage, survivorship, back-calculation, lag, joined datasets, stale opens
    claims: tuple[str, ...] = ()  # "id: verdict" of the claims this strategy trades, as last scored on the same kind of data
    shape: tuple[float, ...] = ()  # per-period Sharpe, bars, skew, kurtosis, variance of the placebos' Sharpe
    error: str = ""
    leak: str = ""  # how it uses the future: it is worth nothing, whatever its measures say
    answer: str = ""  # of its belief, and the sentence; empty where nothing is stored
    believed: str = ""

    @property
    def finding(self) -> str:
        """The row in words."""
        if self.leak:
            return "uses the future: worthless"
        if self.error:
            return "not run"
        if not self.measures.get("trades"):
            return "never traded"
        words = "beats its placebos" if beats_placebos(self.adjusted) else "not distinguishable from its placebos"
        if self.null_adjusted is None:
            return words
        return words + ("; finds something where nothing is planted" if beats_placebos(self.null_adjusted) else "; nothing where nothing is planted")


@dataclass(frozen=True)
class Gallery:
    """All rows, best Sharpe first, those without a run after them, those that use the future last."""

    entries: tuple[GalleryRow, ...]
    synthetic: bool
    placebos: int
    seed: int
    created: str
    command: str

    def to_dict(self) -> dict[str, object]:
        return {**asdict(self), "entries": [{**asdict(entry), "finding": entry.finding} for entry in self.entries]}


def run_gallery(job: Job, done: Callable[[GalleryRow, int, int], None] = lambda entry, number, total: None) -> Gallery:
    """Run every strategy of `job.folder`; `done(entry, number, total)` after each. LoadError where the folder holds none."""
    paths = sorted(path for path in job.folder.glob("*.py") if not path.name.startswith("_"))
    if not paths:
        raise LoadError(f"strategies of {job.folder}", "no .py file in it", "see `flowbt new strategy NAME`")
    synthetic = open_catalog(job.datasets, job.demo).synthetic  # also builds the demo market once, before the workers need it
    if synthetic:
        _null_market(job)
    entries: list[GalleryRow] = []
    for entry in _in_parallel(job, paths):
        entries.append(entry)
        done(entry, len(entries), len(paths))
    verdicts = claim_verdicts(job.results, synthetic)
    entries = [replace(entry, claims=verdicts.get(entry.strategy, ())) for entry in entries]
    ordered = sorted(with_corrections(entries), key=lambda entry: (bool(entry.leak), bool(entry.error), -_number(entry.measures.get("sharpe")), entry.strategy))
    return Gallery(tuple(ordered), synthetic, job.placebos, job.seed, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), job.command)


def run_one(job: Job, path: Path) -> GalleryRow:
    """One strategy: run, store, placebos, and the null market where the data are synthetic. Expected errors become the row's `error`."""
    try:
        return _run(job, path)
    except LookAheadError as error:
        return replace(_card(path), error=str(error), leak=error.found)
    except FlowbtError as error:
        return replace(_card(path), error=str(error))
    except Exception as error:  # a defect: it is shown whole, and the other files go on
        traceback.print_exc()
        return replace(_card(path), error=f"{type(error).__name__} in flowbt: {error}; please report it with the lines above")


def with_corrections(entries: list[GalleryRow]) -> list[GalleryRow]:
    """Entries with corrected p-values and deflated Sharpe ratios: N is the number of strategies, the spread that of their own placebos."""
    adjusted, null_adjusted = _corrected(entries, "p"), _corrected(entries, "null_p")
    out = []
    for number, entry in enumerate(entries):
        if entry.shape and all(math.isfinite(value) for value in entry.shape):
            sharpe, bars, skew, kurtosis, variance = entry.shape
            deflated = deflated_sharpe(sharpe, int(bars), trials=len(entries), variance=variance, skew=skew, kurtosis=kurtosis)
            entry = replace(entry, deflated_sharpe=deflated)
        out.append(replace(entry, adjusted=adjusted.get(number), null_adjusted=null_adjusted.get(number)))
    return out


def claim_verdicts(results: Path | None, synthetic: bool) -> dict[str, tuple[str, ...]]:
    """Strategy -> "claim: verdict" lines from `<results>/claims/findings.json`, the last scoreboard; empty without one, or where it was
    scored on the other kind of data (real against synthetic)."""
    path = results / "claims" / "findings.json" if results else None
    if path is None or not path.is_file():
        return {}
    try:
        board = unsealed(read_bytes(path))
        if bool(board["synthetic"]) != synthetic:
            return {}
        lines: dict[str, tuple[str, ...]] = {}
        for finding in board["findings"]:
            lines[finding["strategy"]] = (*lines.get(finding["strategy"], ()), f"{finding['id']}: {finding['verdict']}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        warnings.warn(f"verdicts of {path} are left out: {type(error).__name__}: {error}; run `flowbt score claims/` again", RuntimeWarning, stacklevel=2)
        return {}
    return lines


def _run(job: Job, path: Path) -> GalleryRow:
    catalog = open_catalog(job.datasets, job.demo)
    run = backtest(catalog, Request(path, span=job.span, seed=job.seed, command=job.command, keep_leak=job.keep_leak, rotations=job.placebos))
    stored = store_run(job.results, run) if job.results else None
    belief = belief_now(job.results, run.record.manifest, run.record.metrics) if job.results else None
    placebos = run.placebos
    assert placebos is not None
    manifest = run.record.manifest
    entry = replace(
        _card(path),
        folder=stored.relative_to(job.results).as_posix() if stored and job.results else "",
        start=manifest["from"],
        end=manifest["to"],
        measures=run.measures.to_dict(),
        placebo=placebos.mean,
        placebo_low=placebos.quantile(0.05),
        placebo_high=placebos.quantile(0.95),
        rotations=len(placebos.placebos),
        p=placebos.timing.chance,
        stand_ins=tuple(f"{one['used']} for {one['asked']}" for one in manifest["stand_ins"]),
        caveats=tuple(manifest["warnings"]),
        shape=(*_reordered(moments(run.book.returns.to_numpy(dtype=float))), placebos.variance) if not run.leak else (),
        leak=str(run.leak) if run.leak else "",
        answer=belief.answer if belief else "",
        believed=belief.sentence if belief else "",
    )
    return _with_null(job, path, entry) if catalog.synthetic else entry


def _reordered(shape: tuple[float, float, float, int]) -> tuple[float, float, float, float]:
    sharpe, skew, kurtosis, bars = shape
    return sharpe, float(bars), skew, kurtosis


def _with_null(job: Job, path: Path, entry: GalleryRow) -> GalleryRow:
    """The entry with the same strategy on the demo market without any effect."""
    prepared = prepare(_null_market(job), Request(path, span=job.span, seed=job.seed))
    placebos = against_placebos(prepared, simulate(prepared.market, prepared.decision, prepared.costs, prepared.account), job.placebos, SEED)
    return replace(entry, null_sharpe=placebos.real, null_p=placebos.timing.chance)


def _null_market(job: Job) -> Any:
    return Catalog((ensure_demo(job.datasets / DEMO, strength=0.0),))


def _card(path: Path) -> GalleryRow:
    """What the file says of itself; only its name where it cannot be loaded."""
    try:
        strategy = load_strategy(path)
    except FlowbtError:
        return GalleryRow(path.stem, file=str(path))
    return GalleryRow(strategy.name, strategy.thesis, strategy.source, str(path))


def _in_parallel(job: Job, paths: list[Path]) -> Iterator[GalleryRow]:
    for at, entry in each(partial(run_one, job), paths, job.workers):
        killed = "its process was killed, for want of memory perhaps; run it by itself"
        yield entry or GalleryRow(paths[at].stem, file=str(paths[at]), error=killed)


def _corrected(entries: list[GalleryRow], name: str) -> dict[int, float]:
    """Benjamini-Hochberg over the entries that have this p-value, by position."""
    there = {number: float(getattr(entry, name)) for number, entry in enumerate(entries) if _counts(entry, name)}
    if not there:
        return {}
    return dict(zip(there, benjamini_hochberg(np.array(list(there.values()))).tolist(), strict=True))


def _counts(entry: GalleryRow, name: str) -> bool:
    return getattr(entry, name) is not None and bool(entry.measures.get("trades")) and not entry.leak


def _number(value: Any) -> float:
    return float(value) if value is not None and value == value else -math.inf
