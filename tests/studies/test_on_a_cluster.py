"""Every act that runs on a cluster gives what it gives here, though a worker dies on the way."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest
from tests.studies.sweep.conftest import STRATEGY, catalog, datasets, strategy  # noqa: F401 (fixtures)

from flowbt.data.catalog import Catalog
from flowbt.studies.gallery.gallery import GalleryRow, Job, run_gallery
from flowbt.studies.ingest.reduce import Reduction, reduce_files
from flowbt.studies.score.measure import Settings
from flowbt.studies.score.score import score
from flowbt.studies.sweep import sweep as study
from flowbt.studies.sweep.cluster import SweepCluster, job_of
from flowbt.studies.sweep.setup import SweepRequest
from flowbt.studies.sweep.walkforward import WindowPlan, walk_forward_study
from flowbt.studies.units import HERE, Workers

pytestmark = pytest.mark.slow
REGISTER = """
from flowbt import Document, claim, forward_return

DOCUMENT = Document("note", dated="2022-01-03")


@claim("A rise goes on", outcome=forward_return("SPY", 3), definitions={"n": (1, 2)})
def rise(panel, *, n=1):
    return panel["close"].pct_change(n) > 0


@claim("A fall goes on", outcome=forward_return("SPY", 5), definitions={"n": (1, 2)})
def fall(panel, *, n=1):
    return panel["close"].pct_change(n) < 0
"""
VALUES = {"window": "2:9:1", "level": "-0.01:0.01:0.002", "hold": "2,3,5"}


class Killer:
    """Kills the first worker of a cluster at the first step it is told of."""

    def __init__(self, pids: list[int]) -> None:
        self.pids = pids

    def __call__(self, *_: object) -> None:
        while self.pids:
            os.kill(self.pids.pop(), signal.SIGKILL)


@contextmanager
def two_workers() -> Iterator[tuple[str, Killer]]:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster:
        killer = Killer([worker.pid for worker in cluster.workers.values()][:1])
        yield cluster.scheduler_address, killer
        assert not killer.pids


def test_a_sweep(strategy: Path, datasets: Path, catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr(study, "FUSED", 8)
    request = SweepRequest(strategy, VALUES)
    here, _, _ = study.sweep(catalog, request, study.SweepOptions(tmp_path / "here"))
    with two_workers() as (address, kill):
        cluster = SweepCluster(address, job_of(request, datasets, True))
        there, _, _ = study.sweep(catalog, request, study.SweepOptions(tmp_path / "there", cluster=cluster, show=kill))
    assert (there / "trials.parquet").read_bytes() == (here / "trials.parquet").read_bytes()


def test_a_walk_forward(strategy: Path, datasets: Path, catalog: Catalog, tmp_path: Path) -> None:  # noqa: F811
    request, plan = SweepRequest(strategy, VALUES), WindowPlan("3y", "1y")
    here, _ = walk_forward_study(catalog, request, plan, tmp_path / "here")
    with two_workers() as (address, kill):
        kill()
        there, _ = walk_forward_study(catalog, request, plan, tmp_path / "there", SweepCluster(address, job_of(request, datasets, True)))
    for name in ("windows.parquet", "returns.parquet", "trades.parquet"):
        pd.testing.assert_frame_equal(pd.read_parquet(there / name), pd.read_parquet(here / name))


def test_a_gallery(datasets: Path, tmp_path: Path) -> None:  # noqa: F811
    for name in ("one", "two", "three"):
        (tmp_path / "files").mkdir(exist_ok=True)
        (tmp_path / "files" / f"{name}.py").write_text(STRATEGY.replace("hold=5", f"hold={len(name)}"))

    def rows(workers: Workers, kill: Killer | None = None) -> dict[str, GalleryRow]:
        job = Job(tmp_path / "files", datasets, None, demo=True, placebos=19, workers=workers)
        return {row.strategy: row for row in run_gallery(job, kill or (lambda *_: None)).entries}

    here = rows(HERE)
    with two_workers() as (address, kill):
        there = rows(Workers(cluster=address), kill)
    assert there == here
    assert not any(row.error for row in here.values())


def test_a_reduction(tmp_path: Path) -> None:
    header = "ticker,executed_at,price,nbbo_bid,nbbo_ask,size\n"
    for day in pd.date_range("2024-05-06", periods=5):
        (tmp_path / f"prints-{day:%Y-%m-%d}.csv").write_text(f"{header}XYZ,{day:%Y-%m-%d}T15:00:00Z,10,9.9,10.0,{day.day}\n")
    paths = tuple(sorted(tmp_path.glob("*.csv")))
    here = reduce_files(Reduction("dark-prints", paths, workers=HERE))
    with two_workers() as (address, kill):
        there = reduce_files(Reduction("dark-prints", paths, workers=Workers(cluster=address)), kill)
    pd.testing.assert_frame_equal(there.table, here.table)
    assert not there.broken


def test_a_register(datasets: Path, catalog: Catalog, tmp_path: Path) -> None:  # noqa: F811
    path = tmp_path / "note.py"
    path.write_text(REGISTER)
    here = score((str(path),), catalog, Settings(resamples=300, workers=HERE))
    with two_workers() as (address, kill):
        kill()
        there = score((str(path),), catalog, Settings(resamples=300, workers=Workers(cluster=address)))
    assert there.findings == here.findings
    assert not here.problems
