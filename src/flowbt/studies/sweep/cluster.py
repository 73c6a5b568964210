"""A sweep's slices on Dask distributed.

Workers get paths, parameters and trial numbers, never functions of the user: each loads the strategy file and the datasets from paths that it can read, sets
the sweep up once, and runs slices with the same code as a single machine. A worker that dies loses the slice it was at, which goes to another one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

from flowbt.engine.sweep.results import ENTERED, TrialResults
from flowbt.engine.sweep.space import Ints
from flowbt.engine.types import Account, Costs
from flowbt.ground.documents import parse_json
from flowbt.ground.errors import StudyError
from flowbt.ground.types import Json, JsonView
from flowbt.studies.catalogs import open_catalog
from flowbt.studies.run.market import Span
from flowbt.studies.sweep.setup import PreparedSweep, SweepRequest, set_up
from flowbt.studies.sweep.values import Search

ATTEMPTS = 20  # of one slice, over workers that die


def job_of(request: SweepRequest, datasets: Path, demo: bool | None) -> Json:
    """What a worker needs, as plain JSON. Paths are made absolute: workers must see the same files there."""
    plain = asdict(request)
    return {**plain, "path": str(request.path.resolve()), "datasets": str(datasets.resolve()), "demo": demo}


def request_of(job: JsonView) -> SweepRequest:
    known = {name: job[name] for name in ("values", "decide_at", "sort", "top", "command")}
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


def on_cluster(address: str, job: JsonView, missing: Mapping[int, Ints]) -> Iterator[tuple[int, TrialResults]]:
    """(slice, results) as slices are done, in any order. Raises StudyError where there is no cluster, no `distributed`, or a slice that kills its workers."""
    try:
        from distributed import Client, as_completed
        from distributed.scheduler import KilledWorker
    except ImportError:
        raise StudyError("--cluster", "distributed is not installed", "install the extra: pip install 'flowbt[cluster]'") from None
    try:
        client = Client(address, timeout="10s", set_as_default=False)
    except (OSError, TimeoutError) as error:
        start = "start one with `dask scheduler`, and workers with `dask worker`"
        raise StudyError(f"cluster {address}", f"no scheduler answers ({type(error).__name__})", start) from None
    text = json.dumps(job, default=str)  # in its order: trial numbers depend on the order of parameters
    with client:
        slice_of = {client.submit(work, text, numbers, pure=False, retries=ATTEMPTS): k for k, numbers in missing.items()}
        try:
            for future in as_completed(list(slice_of), loop=client.loop):
                yield slice_of[future], future.result()
                future.release()
        except KilledWorker as error:
            raise StudyError(f"cluster {address}", f"its workers die ({error})", "look at the workers' logs; do they see the datasets?") from None
        finally:
            client.cancel(list(slice_of))


def work(text: str, numbers: Ints) -> TrialResults:
    """Run on a worker: metrics and fingerprints of the trials."""
    setup = _setup(text)
    wanted = parse_json(text)["id"]
    if setup.id != wanted:
        raise StudyError(f"sweep {wanted} on a worker", f"it is {setup.id} there", "let the workers see the same file, data and flowbt version")
    return setup.sweeper.run(setup.space.codes(numbers), ENTERED)


@lru_cache(maxsize=2)
def _setup(text: str) -> PreparedSweep:
    job = parse_json(text)
    return set_up(open_catalog(Path(job["datasets"]), job["demo"]), request_of(job))
