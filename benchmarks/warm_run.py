"""A warm run on the demo market beside `import vectorbt` alone, in turns: python benchmarks/warm_run.py [--rounds 7]

Whole processes, timed from outside; the best round of each counts. A run reconciles its book with vectorbt's before it is done, so that it cannot be
faster than what it imports of vectorbt; what it takes beyond the whole import is printed. That part of vectorbt is imported by a process beside it, while data
is read: on one core there is nothing to win. Modules are kept as bytecode, as Python does unless it is told not to (`PYTHONDONTWRITEBYTECODE`).
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
FLOWBT = [sys.executable, "-c", "from flowbt.cli import main; main()"]


def seconds(command: list[str]) -> tuple[float, float]:
    """By the wall clock, and of work on all cores."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - begin, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        run = [*FLOWBT, "run", "strategies/exit_liquidity.py", "--demo", "--datasets", f"{folder}/datasets", "--results", f"{folder}/results"]
        seconds(run)  # makes the demo market and the compiled kernels
        sides = {"import vectorbt": [sys.executable, "-c", "import vectorbt"], "flowbt run, warm": run}
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
        for _ in range(rounds):
            for name, command in sides.items():
                found[name].append(seconds(command))
    best = {name: [min(column) for column in zip(*each, strict=True)] for name, each in found.items()}
    for name, (wall, work) in best.items():
        print(f"{name:20s} {wall:6.2f} s, {work:6.2f} s of work")
    beyond = best["flowbt run, warm"][0] - best["import vectorbt"][0]
    print(f"a run beyond the import: {beyond:.2f} s   (promised 0.8)")


if __name__ == "__main__":
    main()
