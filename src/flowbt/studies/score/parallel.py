"""Claims measured in worker processes: a decision is pandas, and threads would wait for each other's."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from flowbt.data.catalog import Catalog
from flowbt.ground.guard import die_with_parent
from flowbt.studies.score.files import ClaimFile, Work, load
from flowbt.studies.score.measure import Measured, Scorer, Settings

FEWEST = 12  # claims to measure under which starting workers costs more than it saves
TOGETHER = 4  # claims of one panel that a worker takes at a time


def in_parallel(catalog: Catalog, settings: Settings, work: Sequence[Work]) -> Iterator[tuple[Work, Measured]]:
    """What is measured of each claim, as it is done, in any order. One whose worker died is not given: the caller measures it itself."""
    work = [one for one in work if one[0].path.is_file()]  # a function of a notebook stays where it is
    workers = min(settings.workers or os.cpu_count() or 1, len(work))
    if workers < 2 or len(work) < FEWEST:
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=die_with_parent) as pool:
        waiting = {pool.submit(_measure, catalog.roots, settings, [(file.path, claim.name) for file, claim in part]): part for part in _parts(work)}
        try:
            for done in as_completed(waiting):
                with suppress(BrokenProcessPool):
                    yield from zip(waiting[done], done.result(), strict=True)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _parts(work: Sequence[Work]) -> list[list[Work]]:
    """Claims of one panel together, a few at a time."""
    panels: dict[object, list[Work]] = {}
    for one in work:
        data, outcome = one[1].data, one[1].outcome
        panels.setdefault((data.symbols or getattr(outcome, "symbol", None), data.clock, data.step, data.start), []).append(one)
    return [held[at : at + TOGETHER] for held in panels.values() for at in range(0, len(held), TOGETHER)]


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
