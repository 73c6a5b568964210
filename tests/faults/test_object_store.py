"""Catalog, raw files and results on a real server that speaks S3, on loopback, with the commands a user types; a worker is killed on the way."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.studies.sweep.conftest import STRATEGY

from flowbt.cli import flowbt
from flowbt.data import remote
from flowbt.data.remote import RemoteFolder, files_under
from flowbt.ground.home import CACHE

pytestmark = pytest.mark.slow
VALUES = ["-p", "window=2:9:1", "-p", "level=-0.01:0.01:0.005", "-p", "hold=2,3,5", "--tearsheets", "0"]


SERVER = shutil.which("moto_server", path=os.pathsep.join([str(Path(sys.prefix) / "moto" / "bin"), os.environ.get("PATH", "")]))


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, str]]:
    """(address of the bucket, options of an address). The server has an environment of its own (`make slow` makes it): its pins are not ours."""
    if SERVER is None:
        pytest.skip("no moto_server: `make slow` installs it")
    for name, value in {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))
    monkeypatch.setenv("FLOWBT_LEDGER", str(tmp_path / "ledger"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([SERVER, "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        make_bucket(port)
        yield "s3://flow", f"?endpoint_override=127.0.0.1:{port}&scheme=http&region=us-east-1"
    finally:
        server.kill()
        server.wait()


def make_bucket(port: int) -> None:
    """As soon as the server answers."""
    from pyarrow.fs import S3FileSystem

    for left in range(60, -1, -1):
        try:
            S3FileSystem(endpoint_override=f"127.0.0.1:{port}", scheme="http", region="us-east-1", allow_bucket_creation=True).create_dir("flow")
            return
        except OSError:
            if not left:
                raise


def call(*words: object) -> str:
    result = CliRunner().invoke(flowbt, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_reduction_from_a_store_to_a_store(bucket: tuple[str, str], tmp_path: Path) -> None:
    base, options = bucket
    raw = tmp_path / "raw"
    raw.mkdir()
    for day in range(6, 10):
        rows = f"ticker,executed_at,price,nbbo_bid,nbbo_ask,size\nXYZ,2024-05-0{day}T15:00:00Z,10,9.9,10.0,{day}\n"
        (raw / f"prints-2024-05-0{day}.csv").write_text(rows)
    system, root = remote.filesystem(f"{base}/raw{options}")
    for path in raw.iterdir():
        remote.upload(system, path, f"{root}/{path.name}")
    call("reduce", "dark-prints", raw, "--to", "prints", "--datasets", tmp_path / "here")
    said = call("reduce", "dark-prints", f"{base}/raw{options}", "--to", "prints", "--datasets", f"{base}/datasets{options}")
    assert "published to s3://flow/datasets" in said
    (there,) = files_under(f"{base}/datasets{options}", (".parquet",))
    with there.copy() as path:
        (here,) = (tmp_path / "here").rglob("data.parquet")
        assert path.read_bytes() == here.read_bytes()
    assert "prints" in call("data", "ls", "--datasets", f"{base}/datasets{options}")


def test_a_sweep_with_catalog_and_results_on_a_store_though_a_worker_dies(bucket: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    distributed = pytest.importorskip("distributed")
    from flowbt.studies.catalogs import open_catalog
    from flowbt.studies.sweep import sweep as study

    base, options = bucket
    monkeypatch.setattr(study, "FUSED", 8)
    (tmp_path / "swing.py").write_text(STRATEGY)
    datasets = RemoteFolder(f"{base}/datasets{options}")
    demo = open_catalog(datasets.fetch(), True).roots[0]
    for one in demo.iterdir():
        one.rename(datasets.here / one.name)  # as if they had been imported
    assert any(path.endswith("current") for path in datasets.publish())
    call("sweep", tmp_path / "swing.py", *VALUES, "--datasets", datasets.here, "--results", tmp_path / "here", "--real")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster:
        victims = [worker.pid for worker in cluster.workers.values()][:1]
        monkeypatch.setattr(study.SweepProgress, "add", kill_before(study.SweepProgress.add, victims))
        words = ["--datasets", datasets.address, "--results", f"{base}/results{options}", "--cluster", cluster.scheduler_address, "--real"]
        call("sweep", tmp_path / "swing.py", *VALUES, *words)
    assert not victims
    (there,) = files_under(f"{base}/results{options}", ("trials.parquet",))
    with there.copy() as path:
        (here,) = (tmp_path / "here").rglob("trials.parquet")
        assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(here.read_bytes()).digest()


def kill_before(real, victims: list[int]):  # type: ignore[no-untyped-def]
    def step(*given, **more):  # type: ignore[no-untyped-def]
        while victims:
            os.kill(victims.pop(), signal.SIGKILL)
        return real(*given, **more)

    return step
