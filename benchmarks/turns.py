"""This source tree against another one (a checkout of before), in turns: python benchmarks/turns.py TREE [--rounds 5] [--quick] [--symbols 100 500]

Sweeps of `sweep.py`'s strategy from one symbol to three thousand, and the command line and the panel of `spine.py` (500 symbols x 1,000 sessions x 20 fields,
read by a fresh process from what each tree stored itself). Each tree works in a process of its own, which waits while the other works; the best round of each
counts, so that other work on the machine meets both. Prints microseconds a trial (by the wall clock, and of work on all cores, which other load on the machine
moves less), nanoseconds a symbol-bar, and the ratio other / this (over 1: this tree is faster). Bytecode is kept, as where flowbt is installed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

ROOT = Path(__file__).parents[1]
SIZES = (  # bars, symbols, trials, hourly
    (2_500, 1, 100_000, False),
    (3_850, 3, 20_000, False),
    (2_500, 10, 5_000, False),
    (2_500, 100, 1_000, False),
    (5_000, 500, 100, False),
    (2_500, 3_000, 40, False),
    (50_000, 1, 5_000, True),
)
WORKER = """
import json, sys, time
sys.path.insert(0, sys.argv[1])
import sweep, sweep_rivals
markets = {}
for line in sys.stdin:
    bars, symbols, trials, hourly = key = tuple(json.loads(line))
    if key not in markets:
        markets[key] = sweep_rivals.make_market(bars, symbols, hourly=hourly)
        sweep.flowbt(markets[key], 64, 1)
    begin = time.process_time()
    wall = sweep.flowbt(markets[key], trials, 1)
    print(wall, (time.process_time() - begin) / trials, flush=True)
"""
PANEL = """
import sys, types; sys.path.insert(0, sys.argv[1])
import spine
from pathlib import Path
folder = Path(sys.argv[2])
if folder.exists():
    spine.read_panel(folder, 500, types.SimpleNamespace(put=lambda answer: print(answer[0])))
else:
    folder.mkdir()
    spine.make_panel(folder, 500, 1000, 20)
"""
COMMANDS = {"run on the demo market, warm": ["run", "strategies/exit_liquidity.py", "--demo"], "results ls": ["results", "ls"], "--help": ["--help"]}


def environment(tree: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": str(tree / "src"), "PYTHONPYCACHEPREFIX": f"{tempfile.gettempdir()}/flowbt-turns"}


class Worker:
    """One tree's process."""

    def __init__(self, tree: Path) -> None:
        command = [sys.executable, "-c", WORKER, str(tree / "benchmarks")]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(tree))

    def seconds(self, size: tuple[int, int, int, bool]) -> tuple[float, float]:
        """A trial's seconds by the wall clock, and of work on all cores."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(size) + "\n")
        self.process.stdin.flush()
        wall, work = self.process.stdout.readline().split()
        return float(wall), float(work)


def command_seconds(tree: Path, words: list[str], folder: str) -> float:
    where = [] if words == ["--help"] else ["--results", f"{folder}/results"] + (["--datasets", f"{folder}/datasets"] if words[0] == "run" else [])
    begin = time.perf_counter()
    start = [sys.executable, "-c", "from flowbt.cli import main; main()"]
    subprocess.run([*start, *words, *where], cwd=tree, env=environment(tree), check=True, capture_output=True)
    return time.perf_counter() - begin


def panel_seconds(tree: Path, folder: str) -> float:
    """Seconds to open and read every field of a stored panel; 0 for the first call, which stores it."""
    command = [sys.executable, "-c", PANEL, str(tree / "benchmarks"), f"{folder}/panel"]
    return float(subprocess.run(command, cwd=tree, env=environment(tree), check=True, capture_output=True, text=True).stdout or 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree", type=Path, nargs="?")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="a tenth of the trials, no commands")
    parser.add_argument("--symbols", type=int, nargs="+", help="only these sizes, no commands")
    parser.add_argument("--commands", action="store_true", help="only the commands and the panel")
    given = parser.parse_args()
    if given.tree is None:
        print("give another source tree, for example a git worktree of an older commit")
        return
    trees = (given.tree.resolve(), ROOT)
    if not given.commands:
        sweeps(trees, given)
    if not given.quick and not given.symbols:
        commands(trees, given.rounds)


def sweeps(trees: tuple[Path, Path], given: argparse.Namespace) -> None:
    workers = [Worker(tree) for tree in trees]
    for bars, symbols, trials, hourly in SIZES:
        if given.symbols and symbols not in given.symbols:
            continue
        size = (bars, symbols, trials // 10 if given.quick else trials, hourly)
        rounds = [[worker.seconds(size) for worker in workers] for _ in range(given.rounds)]
        for kind, k in (("wall", 0), ("work", 1)):
            other, ours = (min(seconds[k] for seconds in column) for column in zip(*rounds, strict=True))
            each = f"{other * 1e6:10,.1f} us {ours * 1e6:10,.1f} us a trial, {ours * 1e9 / bars / symbols:6.2f} ns a symbol-bar"
            print(f"{symbols:4d} x {bars:6,d} {kind} {each} {other / ours:6.2f} x", flush=True)


def commands(trees: tuple[Path, Path], count: int) -> None:
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        sides = list(zip(trees, (first, second), strict=True))
        acts = {name: partial(command_seconds, words=words) for name, words in COMMANDS.items()} | {"panel, a fresh process": panel_seconds}
        for name, act in acts.items():
            for tree, folder in sides:  # what is made once: bytecode, the demo market, compiled kernels, the stored panel
                act(tree, folder=folder)
            rounds = [[act(tree, folder=folder) for tree, folder in sides] for _ in range(count)]
            other, ours = (min(column) for column in zip(*rounds, strict=True))
            print(f"{name:30s} {other:8.3f} s {ours:8.3f} s {other / ours:6.2f} x", flush=True)


if __name__ == "__main__":
    main()
