"""A sweep's trials on a worker elsewhere.

Workers get paths, parameters and trial numbers, never functions of the user: each loads the strategy file and the datasets from paths that it can read, sets
the sweep up once, and runs trials with the same code as a single machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from pathlib import Path

from flowbt.data.remote import address_of, local_folder
from flowbt.engine.sweep.results import BarRange, TrialResults
from flowbt.engine.sweep.space import Ints
from flowbt.engine.types import Account, Costs
from flowbt.ground.documents import dumps, parse_json
from flowbt.ground.errors import StudyError
from flowbt.ground.files import real
from flowbt.ground.types import JsonView
from flowbt.studies.catalogs import open_catalog
from flowbt.studies.run.market import Span
from flowbt.studies.sweep.setup import PreparedSweep, SweepRequest, set_up
from flowbt.studies.sweep.values import Search
from flowbt.studies.units import Workers, each_whole

TrialUnit = tuple[Ints, BarRange]
"""Trial numbers, and the bars they run over."""


def job_of(request: SweepRequest, datasets: Path, demo: bool | None) -> dict[str, object]:
    """What a worker needs, as plain JSON, in its order: trial numbers depend on the order of parameters. Paths are made absolute."""
    plain = asdict(request)
    return {**plain, "path": str(real(request.path)), "datasets": address_of(datasets) or str(real(datasets)), "demo": demo}


def request_of(job: JsonView) -> SweepRequest:
    known = {name: job[name] for name in ("values", "decide_at", "sort", "top", "command", "keep_leak")}
    costs = Costs(**job["costs"]) if job["costs"] else None
    account = Account(**job["account"]) if job["account"] else None
    return SweepRequest(
        path=Path(job["path"]),
        span=Span(**job["span"]),
        costs=costs,
        account=account,
        constraints=tuple(job["constraints"]),
        search=Search(**job["search"]),
        **known,
    )


@dataclass(frozen=True)
class SweepCluster:
    """The address of a Dask scheduler, and what its workers need to set up the same sweep (`job_of`)."""

    address: str
    job: dict[str, object]

    def run(self, setup: PreparedSweep, units: Sequence[TrialUnit]) -> Iterator[tuple[int, TrialResults]]:
        """(position, results) of each unit as it is done, in any order. StudyError where there is no cluster, or a unit kills its workers."""
        text = dumps({**self.job, "id": setup.id})
        return each_whole(partial(run_trials, text=text), units, Workers(cluster=self.address))


def run_trials(unit: TrialUnit, text: str) -> TrialResults:
    """Run on a worker. StudyError where its file, data or flowbt are not the same."""
    setup, (numbers, bars) = _setup(text), unit
    wanted = parse_json(text)["id"]
    if setup.id != wanted:
        raise StudyError(f"sweep {wanted} on a worker", f"it is {setup.id} there", "let the workers see the same file, data and flowbt version")
    return setup.sweeper.run(setup.space.codes(numbers), bars)


@lru_cache(maxsize=2)
def _setup(text: str) -> PreparedSweep:
    job = parse_json(text)
    return set_up(open_catalog(local_folder(job["datasets"]), job["demo"]), request_of(job))
