"""What a new user waits for after `pip install`: init, run, score, board, the notebook, each in a process of its own, nothing compiled before, no network.

Make an environment and install the wheel with its extra `notebook`, then: python benchmarks/empty_environment.py ENVIRONMENT. Promised: 90 s in all.
Where Linux lets one (root), the acts run in a network namespace that has no network.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NOTEBOOK = "import nbformat, nbclient; nbclient.NotebookClient(nbformat.read('notebook.ipynb', 4), timeout=300, kernel_name='python3').execute()"
APART = ["unshare", "-n", "sh", "-c", 'ip link set lo up; exec "$@"', "sh"]


def main() -> None:
    programs = Path(sys.argv[1]).resolve() / "bin"
    offline = APART if subprocess.run([*APART, "true"], capture_output=True, check=False).returncode == 0 else []
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FLOWBT_") and name != "PYTHONPATH"}
    acts = {"init": ["flowbt", "init", "mine"]}
    acts |= {name: ["flowbt", *name.split()] for name in ("run strategies/exit_liquidity.py", "score claims/", "board")}
    acts |= {"notebook": ["python", "-c", NOTEBOOK]}
    with tempfile.TemporaryDirectory() as home:
        environment = {**kept, "HOME": home, "NUMBA_CACHE_DIR": f"{home}/compiled"}
        total = 0.0
        for name, (program, *words) in acts.items():
            began = time.perf_counter()
            where = home if name == "init" else f"{home}/mine"
            done = subprocess.run([*offline, programs / program, *words], cwd=where, env=environment, capture_output=True, text=True, check=False)
            total += (took := time.perf_counter() - began)
            print(f"{name:34} {took:6.1f} s{'' if done.returncode == 0 else f'  exit code {done.returncode}: {done.stderr[-300:]}'}")
    print(f"{'in all':34} {total:6.1f} s of 90, {'without a network' if offline else 'the network was there'}")


if __name__ == "__main__":
    main()
