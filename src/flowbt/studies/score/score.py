"""Scoring: claim files in, findings with verdicts out.

1. Load the files and the rest of their register; a broken file is a line, the others go on.
2. Measure each claim (`measure.py`): its definitions on its panel, its study by its kind. Kept in a cache by content: the claim's definition, the code it
   rests on, the datasets, resamples and seed.
3. Correct over the whole register, whatever was named, closed entries included; then shrink, find duplicates, decide the verdicts.
4. Give back what was named.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from flowbt.evidence.claims.declare import Claim
from flowbt.evidence.claims.finding import Finding
from flowbt.evidence.claims.verdict import CUTOFFS, decide
from flowbt.evidence.claims.wording import sentence
from flowbt.evidence.multiple import benjamini_hochberg, holm
from flowbt.ground.errors import ClaimError
from flowbt.ground.protocols import Step
from flowbt.results.shelf import storing
from flowbt.studies.score.files import LOCK, ClaimFile, Selection, select
from flowbt.studies.score.measure import Measured, Scorer, Settings
from flowbt.studies.score.register import Drift, Register, drift, entries_of, read_lock, renewed, write_lock

if TYPE_CHECKING:
    from flowbt.data.catalog import Catalog

__all__ = ["ScoredClaims", "Settings", "lock", "score"]
Work = tuple[ClaimFile, Claim]


@dataclass(frozen=True)
class ScoredClaims:
    """A scored run. `findings`: of the claims that were named. `problems`: one line for each file or claim that could not be scored; `notices`: where the
    claims differ from their register. `tested`: tests that the correction counts; `retired`: those among them of definitions given up since.
    `whole`: all of the register was named, and it is as it was written down; else the run is partial and nothing of the register's is overwritten."""

    findings: tuple[Finding, ...]
    problems: tuple[str, ...]
    synthetic: bool
    settings: Settings = field(default_factory=Settings)
    reused: int = 0
    tested: int = 0
    retired: int = 0
    register: str = ""
    whole: bool = True
    notices: tuple[str, ...] = ()


def score(targets: tuple[str, ...], catalog: Catalog, settings: Settings, progress: Step | None = None) -> ScoredClaims:
    """Score claim files, folders, or one claim (`FILE::claim`); the correction is over their whole register."""

    chosen = select(targets)
    if settings.cache and settings.store:  # before the work, so that a folder that cannot be written costs nothing
        with storing(settings.cache, "write findings in"):
            settings.cache.mkdir(parents=True, exist_ok=True)
    register, changes = _held(chosen)
    work = [(file, claim) for file in chosen.files for claim in file.claims]
    scorer = Scorer(catalog, settings)
    rest = Scorer(catalog, replace(settings, resamples=Settings.resamples, seed=Settings.seed, fresh=False)) if register else scorer
    measured: list[Measured] = []

    def measure(item: Work) -> Measured:
        """What was named by the run's settings; the rest of a register by its own, so that its stored values serve."""
        return (scorer if item[1].id in chosen.named else rest).measured(*item)

    with ThreadPoolExecutor(settings.threads) as pool:
        for (_, claim), found in zip(work, pool.map(measure, work), strict=True):
            measured.append(found)
            if progress:
                progress(claim.id, len(measured), len(work))
    retired = (register.retired if register else 0) + _superseded(register, changes)
    findings = finish(work, measured, retired)
    problems = [file.problem for file in chosen.files if file.problem] + [f"{f.file}::{f.id}: {f.error}" for f in findings if f.error]
    whole = chosen.whole and changes == Drift()
    shown = tuple(replace(f, partial=not whole) for f in findings if f.id in chosen.named)
    tested = sum(f.p_curve is not None for f in findings) + retired
    reused = scorer.reused + (rest.reused if rest is not scorer else 0)
    notices = tuple(changes.lines(chosen.folder)) if chosen.folder else ()
    return ScoredClaims(shown, tuple(problems), catalog.synthetic, settings, reused, tested, retired, str(chosen.folder or ""), whole, notices)


def finish(work: Sequence[Work], measured: Sequence[Measured], retired: int = 0) -> list[Finding]:
    """Findings from what was measured of a whole register: corrections (with `retired` tests more), shrinkage, duplicates, verdicts, sentences."""

    p = np.array([np.nan if m.get("p_curve") is None else m["p_curve"] for m in measured] + [1.0] * retired, dtype=float)
    out = []
    for (file, claim), found, q, h in zip(work, measured, benjamini_hochberg(p), holm(p), strict=False):
        corrected = {"q": None, "holm": None} if np.isnan(q) else {"q": float(q), "holm": float(h)}
        finding = Finding.of(claim, file.document, str(file.path), **found, **corrected)
        verdict, reason = decide(finding)
        finding = replace(finding, verdict=verdict, reason=reason)
        out.append(replace(finding, sentence=sentence(finding)))
    return out


def lock(folder: Path, today: str = "") -> tuple[Register, Drift]:
    """Write the folder's register as its claims are now; gives it, and how it differs from the one before. ClaimError where a file cannot be read."""
    chosen = select((str(folder),))
    if broken := [file.problem for file in chosen.files if file.problem]:
        raise ClaimError(f"register of {folder}", broken[0], "a register is written of files that load")
    for file in chosen.files:
        for claim in file.claims:
            claim.checked()
    today = today or f"{date.today():%Y-%m-%d}"
    held, now = read_lock(folder), entries_of(chosen.files, today)
    register = renewed(held, folder / LOCK, now, rules(), today)
    changes = drift(held or Register(folder / LOCK, (), rules()), now, rules())
    write_lock(register)
    return register, changes


def rules() -> dict[str, Any]:
    """What verdicts are reached by: the cut-offs, the correction, and the settings of the register's own runs."""

    standard = Settings()
    return asdict(CUTOFFS) | {"correction": "Benjamini-Hochberg", "resamples": standard.resamples, "seed": standard.seed}


def _held(chosen: Selection) -> tuple[Register | None, Drift]:
    """The register of what was chosen, and how the claims and rules differ from it."""
    register = read_lock(chosen.folder) if chosen.folder else None
    if register is None:
        return None, Drift()
    sound = [ClaimFile(f.path, f.document, tuple(c for c in f.claims if not c.problems and c.outcome is not None), f.text) for f in chosen.files]
    return register, drift(register, entries_of(sound, ""), rules())


def _superseded(register: Register | None, changes: Drift) -> int:
    """Registered tests that the claims as they are have replaced, before the register says so: they count all the same."""
    return sum(entry.tested for name, entry in register.current().items() if name in {*changes.changed, *changes.gone}) if register else 0
