"""Workers end with the process that started them, also when that was killed."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = """
import sys; sys.path.insert(0, {root!r})
from tests.studies.deadly import say_and_wait
from flowbt.studies.units import in_processes
if __name__ == "__main__":
    list(in_processes(say_and_wait, [1, 2], 2))
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs Linux")
def test_a_killed_parent_leaves_no_workers(tmp_path):
    (tmp_path / "parent.py").write_text(CODE.format(root=str(ROOT)))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT)))}
    parent = subprocess.Popen([sys.executable, tmp_path / "parent.py"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)
    assert parent.stdout is not None
    workers = [os.pidfd_open(int(parent.stdout.readline())) for _ in range(2)]
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    for worker in workers:
        assert select.select([worker], [], [], 60)[0], "a worker is still there"
        os.close(worker)
    parent.stdout.close()
