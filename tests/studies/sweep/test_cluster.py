"""What a worker is sent is all that was asked."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest

from flowbt.data.catalog import Catalog
from flowbt.engine.sweep.results import BarRange
from flowbt.engine.types import Account, Costs
from flowbt.ground.documents import dumps
from flowbt.ground.errors import StudyError
from flowbt.studies.run.market import Span
from flowbt.studies.sweep.cluster import job_of, request_of, run_trials
from flowbt.studies.sweep.setup import SweepRequest, set_up
from flowbt.studies.sweep.values import Search


def test_a_request_comes_whole_out_of_its_job(tmp_path: Path) -> None:
    asked = SweepRequest(
        tmp_path / "a.py", {"z": "1,2", "a": "3:9:1"}, Span("2020-01-01", "2021-01-01"), "15:00", Costs(fees=0.001), Account(cash=5.0),
        ("z < a",), Search("random", 5, 3), "calmar", 7, "flowbt sweep", True,
    )  # fmt: skip
    plain = SweepRequest(tmp_path / "a.py")
    assert all(getattr(asked, one.name) != getattr(plain, one.name) for one in fields(SweepRequest) if one.name != "path")  # nothing is left at its default
    for request in (asked, plain):
        far = request_of(json.loads(dumps(job_of(request, tmp_path, True))))
        assert far == request
        assert list(far.values) == list(request.values)  # trial numbers depend on the order


def test_a_worker_gives_what_is_given_here_and_refuses_another_sweep(strategy: Path, catalog: Catalog, datasets: Path) -> None:
    setup, job = set_up(catalog, SweepRequest(strategy)), job_of(SweepRequest(strategy), datasets, True)
    part = BarRange(40, 300, returns=True, prints=True)
    there = run_trials((setup.numbers[3:9], part), dumps({**job, "id": setup.id}))
    for ours, theirs in zip(setup.sweeper.run(setup.space.codes(setup.numbers[3:9]), part), there, strict=True):
        assert (ours == theirs).all()
    with pytest.raises(StudyError, match=f"sweep other on a worker: it is {setup.id} there"):
        run_trials((setup.numbers, part), dumps({**job, "id": "other"}))
