"""Claims measured in worker processes: a decision is pandas, and threads would wait for each other's."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cache, partial
from pathlib import Path

from flowbt.data.catalog import Catalog
from flowbt.evidence.claims.declare import Claim
from flowbt.evidence.claims.outcomes import Outcome
from flowbt.ground.files import real
from flowbt.studies.score.files import ClaimFile, Work, load
from flowbt.studies.score.measure import Measured, Scorer, Settings
from flowbt.studies.units import each

FEWEST = 12  # claims to measure under which starting workers costs more than it saves
TOGETHER = 4  # claims of one panel that a worker takes at a time
HEAVY, NAMES = 24, 20  # definitions from which a claim goes alone; as how many one counts whose outcome is of many names


def in_parallel(catalog: Catalog, settings: Settings, work: Sequence[Work]) -> Iterator[tuple[Work, Measured]]:
    """What is measured of each claim, as it is done, in any order. One whose worker died is not given: the caller measures it itself."""
    work = [one for one in work if one[0].path.is_file()]  # a function of a notebook stays where it is
    parts = _parts(work)
    if settings.workers.cluster is None and (len(work) < FEWEST or settings.workers.count(len(parts)) == 1):
        return
    asked = [[(real(file.path), claim.name) for file, claim in part] for part in parts]
    for at, measured in each(partial(_measure, catalog.roots, settings), asked, settings.workers):
        yield from zip(parts[at], measured or (), strict=bool(measured))


def _parts(work: Sequence[Work]) -> list[list[Work]]:
    """Claims of many definitions or names first, each alone, then the others, a few of one panel together and what has more definitions before what has fewer,
    so that nothing long is left to one worker at the end."""
    heavy = sorted((one for one in work if weight(one[1]) >= HEAVY), key=lambda one: -weight(one[1]))
    panels: dict[object, list[Work]] = {}
    for one in work:
        data = one[1].data
        if weight(one[1]) < HEAVY:
            panels.setdefault((data.symbols or one[1].symbol, data.clock, data.step, data.start), []).append(one)
    light = [held[at : at + TOGETHER] for held in panels.values() for at in range(0, len(held), TOGETHER)]
    return [[one] for one in heavy] + sorted(light, key=lambda part: -sum(weight(one[1]) for one in part))


def weight(claim: Claim) -> int:
    """About how much there is to measure: its definitions, of many names where the claim has an outcome of its own."""
    return math.prod(max(len(values), 1) for values in claim.definitions.values()) * (NAMES if isinstance(claim.outcome, Outcome) and claim.outcome.own else 1)


def _measure(roots: tuple[Path, ...], settings: Settings, asked: list[tuple[Path, str]]) -> list[Measured]:
    """In a worker, whose panels stay open from one call to the next."""
    scorer = _scorer(roots, settings)
    files = {path: _loaded(path) for path, _ in asked}
    return [scorer.made(files[path], next(claim for claim in files[path].claims if claim.name == name)) for path, name in asked]


@cache
def _scorer(roots: tuple[Path, ...], settings: Settings) -> Scorer:
    return Scorer(Catalog(roots), settings)


@cache
def _loaded(path: Path) -> ClaimFile:
    return load(path)
