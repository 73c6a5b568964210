"""Scoring: claim files in, findings with verdicts out.

1. Load the files; a broken one is a line, the others go on.
2. For each claim: open its panel, run every definition, cut to the labels on which every field was there.
3. Decide the reported definition again on shortened panels (`ahead.py`): a claim that uses the future is an error, not a finding.
4. Study it by its kind: events, regimes, sequences, dated forecasts, arithmetic. A finding is cached by content: the claim's file, the
   evidence and feature code, the datasets, resamples and seed.
5. Correct over all claims of the run (Benjamini-Hochberg and Holm on the p of the whole curve), then decide the verdicts.
"""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from flowbt.data.panel.reader import open_panel
from flowbt.evidence.claims.arithmetic import arithmetic
from flowbt.evidence.claims.declare import Claim
from flowbt.evidence.claims.events import event_study
from flowbt.evidence.claims.finding import Finding
from flowbt.evidence.claims.forecasts import forecast
from flowbt.evidence.claims.sequences import sequence_study
from flowbt.evidence.claims.verdict import decide
from flowbt.evidence.claims.wording import sentence
from flowbt.evidence.multiple import benjamini_hochberg, holm
from flowbt.ground.clock import Clock
from flowbt.ground.errors import ClaimError, FieldError, FlowbtError
from flowbt.ground.fields import FieldKey
from flowbt.ground.files import write_text
from flowbt.ground.protocols import Step
from flowbt.results.shelf import storing
from flowbt.studies.lookahead.claims import refuse_peeking
from flowbt.studies.score.files import ClaimFile, line_of, select
from flowbt.studies.score.remedies import lacking
from flowbt.studies.score.scope import array_of, cases_of, event_of, scope_of
from flowbt.studies.score.watched import Watched

if TYPE_CHECKING:
    from flowbt.data.catalog import Catalog
    from flowbt.data.panel.reader import PanelReader
    from flowbt.evidence.claims.events import Case

HISTORY = 4  # years before a claim's start that its trailing windows may see


@dataclass(frozen=True)
class Settings:
    """`cache`: folder of finished findings, None for none; `fresh`: write it, do not read it."""

    resamples: int = 10_000
    seed: int = 0
    cache: Path | None = None
    threads: int = 2
    fresh: bool = False


@dataclass(frozen=True)
class ScoredClaims:
    """A scored run. `problems`: one line for each file or claim that could not be scored."""

    findings: tuple[Finding, ...]
    problems: tuple[str, ...]
    synthetic: bool
    settings: Settings = field(default_factory=Settings)
    reused: int = 0

    @property
    def tested(self) -> int:
        """Claims that the correction counts."""
        return sum(f.p_curve is not None for f in self.findings)


def score(targets: tuple[str, ...], catalog: Catalog, settings: Settings, progress: Step | None = None) -> ScoredClaims:
    """Score claim files, folders, or one claim (`FILE::claim`)."""
    chosen = select(targets)
    if settings.cache:  # before the work, so that a folder that cannot be written costs nothing
        with storing(settings.cache, "write findings in"):
            settings.cache.mkdir(parents=True, exist_ok=True)
    work = [(file, claim) for file in chosen.files for claim in file.claims]
    scorer = Scorer(catalog, settings)
    done: list[Finding] = []
    with ThreadPoolExecutor(settings.threads) as pool:
        for finding in pool.map(lambda item: scorer.finding(*item), work):
            done.append(finding)
            if progress:
                progress(finding.id, len(done), len(work))
    finish(done)
    problems = [file.problem for file in chosen.files if file.problem] + [f"{f.file}::{f.id}: {f.error}" for f in done if f.error]
    return ScoredClaims(tuple(done), tuple(problems), catalog.synthetic, settings, scorer.reused)


def finish(findings: list[Finding]) -> None:
    """Corrections over the run, verdicts and sentences."""
    p = np.array([np.nan if f.p_curve is None else f.p_curve for f in findings], dtype=float)
    for finding, q, h in zip(findings, benjamini_hochberg(p), holm(p), strict=True):
        finding.q, finding.holm = (None if np.isnan(v) else float(v) for v in (q, h))
        decide(finding)
        finding.sentence = sentence(finding)


class Scorer:
    """One catalog's panels, shared by the claims of a run."""

    def __init__(self, catalog: Catalog, settings: Settings) -> None:
        self.catalog, self.settings = catalog, settings
        self.reused = 0
        self._panels: dict[Any, PanelReader] = {}

    def finding(self, file: ClaimFile, claim: Claim) -> Finding:
        """The finding of one claim, from the cache where nothing it rests on has changed. Never raises for what a claim file can do wrong."""
        stored = self._stored(file, claim)
        if stored and stored.is_file() and not self.settings.fresh:
            try:
                kept = Finding.from_dict(json.loads(stored.read_text(encoding="utf-8")))
            except (OSError, ValueError, TypeError):
                pass  # an unreadable entry is made again
            else:
                self.reused += 1
                return kept
        finding = Finding.of(claim, file.document, str(file.path))
        try:
            self._study(claim.checked(), finding)
        except FieldError as error:
            finding.missing.append(lacking(error))
        except FlowbtError as error:
            finding.error = str(error)
        except Exception as error:  # a claim file is anyone's code: its mistakes are its own line
            finding.error = f"{type(error).__name__}: {error}{line_of(file.path)}"
        finding = Finding.from_dict(finding.to_dict())  # plain values, as the cache would give them
        if stored and not finding.error:
            _keep(stored, finding)
        return finding

    def _study(self, claim: Claim, finding: Finding) -> None:
        missing = self._missing(claim)
        if missing:
            finding.missing += missing
            return
        if finding.kind == "arithmetic":
            arithmetic(claim, finding, claim.function(None))
            return
        panel = Watched(self._panel(claim))
        if finding.kind == "dated forecast":
            bets = claim.function(panel)
            forecast(claim, finding, bets if isinstance(bets, list) else [bets], panel)
        elif finding.kind == "sequence":
            self._sequence(claim, finding, panel)
        else:
            self._events(claim, finding, panel)
        finding.datasets, finding.stand_ins = panel.datasets, sorted(panel.stand_ins)

    def _sequence(self, claim: Claim, finding: Finding, panel: Any) -> None:
        frames = _each(claim, finding, panel)
        finding.definition, finding.rows = frames[0][0], len(panel.index)
        stages = array_of(claim, frames[0][1], panel)
        refuse_peeking(claim, panel.panel, stages, slice(panel.first, panel.last), partial(array_of, claim))
        sequence_study(claim, finding, frames, self.settings.resamples, self.settings.seed)

    def _events(self, claim: Claim, finding: Finding, panel: Any) -> None:
        results = _each(claim, finding, panel)
        scope, rows = scope_of(claim, panel, self.settings)
        cases: list[Case] = cases_of(claim, results, panel, rows)
        finding.definition = cases[0].definition
        refuse_peeking(claim, panel.panel, event_of(claim, results[0][1], panel), rows, partial(event_of, claim))
        finding.rows, finding.span = len(scope.index), [f"{scope.index[0]:%Y-%m-%d}", f"{scope.index[-1]:%Y-%m-%d}"]
        event_study(claim, finding, cases, scope)

    def _missing(self, claim: Claim) -> list[str]:
        lines = []
        for need in claim.data.needs:
            key = FieldKey.parse(need)
            several = key.prefix is not None
            if not (self.catalog.symbols(key.field, key.prefix or "") if several else self.catalog.has(*key)):
                lines.append(lacking(self.catalog.missing(key.field, None if several else key.symbol)))
        return lines

    def _panel(self, claim: Claim) -> PanelReader:
        symbols = claim.data.symbols or ((claim.outcome.symbol,) if claim.outcome.symbol else ())
        if not symbols:
            raise ClaimError(f"claim {claim.id}", "neither its outcome nor its data names a symbol", "give data=Data(symbols=(...))")
        clock = Clock(claim.data.clock, claim.data.step, claim.data.decide_at)
        key = (symbols, clock, claim.data.start)
        if key not in self._panels:
            start = f"{int(claim.data.start[:4]) - HISTORY}-01-01" if claim.data.start else None
            self._panels[key] = open_panel(self.catalog, symbols, clock, start)
        return self._panels[key]

    def _stored(self, file: ClaimFile, claim: Claim) -> Path | None:
        if self.settings.cache is None:
            return None
        data = sorted((d.name, d.hash) for d in self.catalog.imported.values())
        key = json.dumps([file.text_hash, claim.name, code_hash(), data, self.settings.resamples, self.settings.seed])
        return self.settings.cache / f"{claim.id}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"


def _keep(path: Path, finding: Finding) -> None:
    with storing(path, "write the finding"):
        write_text(path, json.dumps(finding.to_dict()))


def _each(claim: Claim, finding: Finding, panel: Any) -> list[tuple[dict[str, Any], Any]]:
    """What the claim's function gives for every definition whose data is there; FieldError where the reported one's is not."""
    first, *others = claim.variants()
    out = [(first, claim.function(panel, **first))]
    left_out: set[str] = set()
    for definition in others:
        try:
            out.append((definition, claim.function(panel, **definition)))
        except FieldError as error:
            left_out.add(lacking(error))
    finding.missing += sorted(left_out)
    return out


@cache
def code_hash() -> str:
    """Hash of the sources a finding rests on: evidence, features, the panel, and how claims are brought to it."""
    package = Path(__file__).parents[2]
    rooms = ("studies/score", "studies/lookahead", "evidence", "features", "data/panel")
    sources = [path for room in rooms for path in sorted((package / room).rglob("*.py"))]
    digest = hashlib.sha256()
    for path in [*sources, *sorted((package / "data").glob("*.py"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
