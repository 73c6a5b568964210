"""What killed commands leave is removed; what somebody holds, or has stored, is not."""

import subprocess
import sys

from flowbt.ground.files import locked
from flowbt.studies.sweep.store import lock_of, sweep_up


def test_only_what_nobody_holds_goes(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    for name in ("a/sweep-1.working/parts", "a/sweep-2.working/parts", "a/sweep-3", f"a/.writing-run.{dead.pid}-1-0", "a/.writing-run.1-1-0"):
        (tmp_path / name).mkdir(parents=True)
    with locked(lock_of(tmp_path / "a" / "sweep-2"), "sweep 2"):
        gone = [path.name for path in sweep_up(tmp_path)]
    assert gone == [f".writing-run.{dead.pid}-1-0", "sweep-1.working"]
    assert {path.name for path in (tmp_path / "a").iterdir() if path.is_dir()} == {"sweep-2.working", "sweep-3", ".writing-run.1-1-0"}
    assert sweep_up(tmp_path / "nowhere") == []
