"""The spine's promises: help, listing, a demo run cold and warm, a large panel. Prints seconds and peak memory.

Whole processes are timed from outside, best of a few, because the machine is noisy. Run: python benchmarks/spine.py
"""

from __future__ import annotations

import multiprocessing
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from flowbt.data.catalog import Catalog
from flowbt.data.declare import parse_declaration
from flowbt.data.panel.reader import open_panel
from flowbt.data.versions import write_dataset
from flowbt.ground.clock import Clock

ROOT = Path(__file__).parents[1]
FLOWBT = str(Path(sys.executable).with_name("flowbt"))


def seconds(words: list[str], times: int = 1) -> float:
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        subprocess.run([FLOWBT, *words], cwd=ROOT, check=True, capture_output=True)
        best = min(best, time.perf_counter() - start)
    return best


def make_panel(root: Path, symbols: int, sessions: int, fields: int) -> None:
    clock = Clock()
    labels = clock.labels("2004-01-02", "2024-12-31")[:sessions]
    dataset = parse_declaration(
        "big", {"title": "big", "source": "bench", "publication": {"rule": "close"}, "fields": {"close": {}} | {f"f{i}": {} for i in range(fields - 1)}}
    )
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"event_time": np.tile(labels, symbols), "symbol": np.repeat([f"S{i}" for i in range(symbols)], len(labels))})
    table["known_at"] = np.tile(dataset.publication.known_at(labels, clock), symbols)
    for name in dataset.fields:
        table[name] = rng.normal(size=len(table))
    write_dataset(root, dataset, table, {"files": []})


def read_panel(root: Path, symbols: int, answer: multiprocessing.Queue) -> None:  # type: ignore[type-arg]
    start = time.perf_counter()
    catalog = Catalog((root,))
    panel = open_panel(catalog, [f"S{i}" for i in range(symbols)])
    for name in catalog.declared["big"].fields:
        assert panel[name].notna().all(axis=None)
    answer.put((time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        data, results = f"{folder}/datasets", f"{folder}/results"
        run = ["run", "strategies/exit_liquidity.py", "--demo", "--datasets", data, "--results", results]
        print(f"run on the demo market, cold (market built): {seconds(run):6.2f} s   (promised 10)")
        print(f"run on the demo market, warm:                {seconds(run, 3):6.2f} s   (promised 7)")
        print(f"flowbt --help:                               {seconds(['--help'], 5):6.3f} s   (promised 0.15)")
        print(f"flowbt results ls:                           {seconds(['results', 'ls', '--results', results], 5):6.3f} s   (promised 0.3)")
        big = Path(folder) / "big"
        make_panel(big, 500, 5000, 20)
        answer: multiprocessing.Queue = multiprocessing.get_context("spawn").Queue()  # type: ignore[type-arg]
        process = multiprocessing.get_context("spawn").Process(target=read_panel, args=(big, 500, answer))
        process.start()
        taken, memory = answer.get()
        process.join()
        print(f"panel of 500 symbols x 5,000 sessions x 20 fields: {taken:.2f} s, {memory:.2f} GB   (promised 5 s, 2 GB)")


if __name__ == "__main__":
    main()
