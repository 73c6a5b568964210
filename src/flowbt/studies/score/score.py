"""Scoring: claim files in, findings with verdicts out.

1. Load the files and the rest of their register; a broken file is a line, the others go on.
2. Measure each claim (`measure.py`): its definitions on its panel, its study by its kind. Kept in a cache by content: the claim's definition, the code it
   rests on, the datasets, resamples and seed.
3. Correct over the whole register, whatever was named, closed entries included, claims of one effect as one; then shrink, and decide the verdicts.
4. Give back what was named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from flowbt.evidence.claims.declare import Claim
from flowbt.evidence.claims.finding import Finding
from flowbt.evidence.claims.outcomes import Outcome
from flowbt.evidence.claims.verdict import decide, level_in_force, smallest_seen
from flowbt.evidence.claims.wording import sentence
from flowbt.evidence.cutoffs import CUTOFFS
from flowbt.evidence.multiple import benjamini_hochberg, holm
from flowbt.evidence.register.duplicates import Told, clusters
from flowbt.evidence.register.shrinkage import shrink
from flowbt.ground.errors import ClaimError
from flowbt.ground.protocols import Step
from flowbt.results.shelf import storing
from flowbt.studies.score.files import LOCK, ClaimFile, Selection, Work, select
from flowbt.studies.score.measure import BESIDE, Measured, Scorer, Settings
from flowbt.studies.score.parallel import in_parallel
from flowbt.studies.score.register import Drift, Register, drift, entries_of, read_lock, renewed, write_lock

if TYPE_CHECKING:
    from flowbt.data.catalog import Catalog

__all__ = ["ScoredClaims", "Settings", "lock", "score"]
JUDGING = ("level", "false_discovery", "power", "clusters", "margin", "margin_ratio")  # cut-offs that claims are judged by; runs have others


@dataclass(frozen=True)
class ScoredClaims:
    """A scored run. `findings`: of the claims that were named. `problems`: one line for each file or claim that could not be scored; `notices`: where the
    claims differ from their register. `tested`: tests that the correction counts; `retired`: those among them of definitions given up since.
    `leaks`: files and claims among the problems that use the future, or reach past their panel.
    `whole`: all of the register was named, it is as it was written down, and by its own seed; else the run is partial and nothing of
    the register's is overwritten."""

    findings: tuple[Finding, ...]
    problems: tuple[str, ...]
    synthetic: bool
    settings: Settings = field(default_factory=Settings)
    reused: int = 0
    tested: int = 0
    retired: int = 0
    register: str = ""
    whole: bool = True
    leaks: int = 0
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
    # what was named is measured by the run's settings; the rest of a register by its own, so that its stored values serve
    rest = Scorer(catalog, replace(settings, resamples=Settings.resamples, seed=Settings.seed, fresh=False)) if register else scorer
    found: dict[int, Measured] = {}
    for part, mine in ((scorer, [one for one in work if one[1].id in chosen.named]), (rest, [one for one in work if one[1].id not in chosen.named])):
        for claim, told in _measured(part, mine):
            found[id(claim)] = told
            if progress:
                progress(claim.id, len(found), len(work))
    measured = [found[id(claim)] for _, claim in work]
    retired = (register.retired if register else 0) + _superseded(register, changes)
    findings = finish(work, measured, retired)
    problems = [file.problem for file in chosen.files if file.problem] + [f"{f.file}::{f.id}: {f.error}" for f in findings if f.error]
    leaks = sum(file.leak for file in chosen.files) + sum(f.leak for f in findings)
    whole = chosen.whole and changes == Drift() and settings.seed == Settings.seed  # no seed is chosen for the scoreboard
    shown = tuple(replace(f, partial=not whole) for f in findings if f.id in chosen.named)
    tested = sum(f.p_curve is not None for f in findings) + retired
    reused = scorer.reused + (rest.reused if rest is not scorer else 0)
    notices = tuple(changes.lines(chosen.folder)) if chosen.folder else ()
    return ScoredClaims(shown, tuple(problems), catalog.synthetic, settings, reused, tested, retired, str(chosen.folder or ""), whole, leaks, notices)


def _measured(scorer: Scorer, work: list[Work]) -> Iterator[tuple[Claim, Measured]]:
    """Each claim with what was measured of it: first those the cache has, then the others, in worker processes where there are many."""
    left = {id(one[1]): one for one in work}
    for file, claim in work:
        if (known := scorer.kept(file, claim)) is not None:
            yield left.pop(id(claim))[1], known
    for (_, claim), told in in_parallel(scorer.catalog, scorer.settings, list(left.values())):
        yield left.pop(id(claim))[1], told
    for file, claim in left.values():
        yield claim, scorer.made(file, claim)


def finish(work: Sequence[Work], measured: Sequence[Measured], retired: int = 0) -> list[Finding]:
    """Findings from what was measured of a whole register: corrections (with `retired` tests more; the claims of one effect share the weight of one),
    shrinkage, duplicates, verdicts, sentences."""

    p = np.array([np.nan if m.get("p_curve") is None else m["p_curve"] for m in measured] + [1.0] * retired, dtype=float)
    cluster, shrunk = _clusters(work, measured), _shrunk(work, measured)
    told_as = [cluster.get(claim.id, claim.id) for _, claim in work]
    ways = Counter(lead for lead, one in zip(told_as, p, strict=False) if np.isfinite(one))
    weights = np.array([1.0 / max(ways[lead], 1) for lead in told_as] + [1.0] * retired)
    out, level = [], level_in_force(p.tolist(), weights.tolist())
    for (file, claim), found, q, h in zip(work, measured, benjamini_hochberg(p, weights), holm(p), strict=False):
        told = {name: value for name, value in found.items() if name not in BESIDE}
        told |= {"cluster": cluster.get(claim.id, claim.id), "shrunk": shrunk.get(claim.id)}
        told |= {"q": None, "holm": None} if np.isnan(q) else {"q": float(q), "holm": float(h)}
        finding = Finding.of(claim, file.document, str(file.path), **told)
        finding = replace(finding, smallest=smallest_seen(finding, level))
        verdict, reason = decide(finding, level)
        finding = replace(finding, verdict=verdict, reason=reason)
        out.append(replace(finding, sentence=sentence(finding)))
    return out


def _clusters(work: Sequence[Work], measured: Sequence[Measured]) -> dict[str, str]:
    """Claims of one effect: the same event, told to be good or bad for a holder alike. Placebos stand alone."""
    told = [
        Told(claim.id, np.array(m["events"], dtype=np.int64), tuple(m["judged"]), m["rows"], _side(claim))
        for (file, claim), m in zip(work, measured, strict=True)
        if m.get("events") and file.document.name != "placebos"
    ]
    return clusters(told)


def _side(claim: Claim) -> int:
    """+1 where it is good for a holder, -1 bad, 0 no edge; an order in returns (autocorrelation) is an effect of another kind."""
    outcome = claim.outcome_as(Outcome)
    return 2 if outcome.statistic == "autocorrelation" else claim.sign * (-1 if outcome.risk else 1)


def _shrunk(work: Sequence[Work], measured: Sequence[Measured]) -> dict[str, float]:
    """Effects drawn to those of related claims: of one document, differences with differences (in deviations of their outcome) and ratios with ratios."""
    groups: dict[tuple[str, bool], list[tuple[str, float, float, float]]] = {}
    for (file, claim), m in zip(work, measured, strict=True):
        se = m.get("detail", {}).get("test", {}).get("se")
        if m.get("effect") is None or not se or not m.get("beyond"):
            continue
        unit = (claim.sign or 1) * (1.0 if m.get("ratio") else m["beyond"]["deviation"])  # so that above 0 is as claimed, in deviations of the outcome
        groups.setdefault((file.document.name, bool(m.get("ratio"))), []).append((claim.id, m["effect"] / unit, se / abs(unit), unit))
    out: dict[str, float] = {}
    for rows in groups.values():
        found = shrink(np.array([r[1] for r in rows]), np.array([r[2] for r in rows]))
        out |= {name: float(value * unit) for (name, _, _, unit), value in zip(rows, found.effects, strict=True)}
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


def rules() -> dict[str, object]:
    """What verdicts of claims are reached by: their cut-offs, the correction, and the settings of the register's own runs."""
    standard = Settings()
    cutoffs = {name: value for name, value in asdict(CUTOFFS).items() if name in JUDGING}
    return cutoffs | {"correction": "Benjamini-Hochberg, an effect once", "resamples": standard.resamples, "seed": standard.seed}


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
