"""A panel of 5 fields over 500 symbols out of a dataset of 100 million rows, beside the panel of `spine.py` (500 symbols x 5,000 sessions x 20 fields).

Promised: within its time and memory plus half. The 500 symbols are every fortieth of 20,000, so that none lies beside another. Each side is a process
of its own, in turns, best of three; writing the 100 million rows takes about 15 GB of memory and four minutes once.
Run: python benchmarks/hundred_million.py [FOLDER to keep the datasets in]
"""

from __future__ import annotations

import multiprocessing
import resource
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

SESSIONS = 5000


def make(root: Path, symbols: int, fields: int) -> None:
    """A dataset of invented numbers, `symbols` x SESSIONS rows."""
    clock = Clock()
    labels = clock.labels("2004-01-02", "2024-12-31")[:SESSIONS]
    names = ["close", *(f"f{n}" for n in range(fields - 1))]
    dataset = parse_declaration("big", {"title": "big", "source": "bench", "publication": {"rule": "close"}, "fields": {name: {} for name in names}})
    rng = np.random.default_rng(0)
    codes = np.repeat(np.arange(symbols, dtype=np.int32), len(labels))
    table = pd.DataFrame({"event_time": np.tile(labels, symbols), "symbol": pd.Categorical.from_codes(codes, [f"S{n:05d}" for n in range(symbols)])})
    table["known_at"] = np.tile(dataset.publication.known_at(labels, clock), symbols)
    for name in names:
        table[name] = rng.normal(size=len(table))
    write_dataset(root, dataset, table, {"files": []})


def read(root: Path, every: int, answer: multiprocessing.Queue) -> None:  # type: ignore[type-arg]
    """Seconds and peak memory of a panel of 500 symbols, every so manyth, with all fields of the dataset."""
    start = time.perf_counter()
    catalog = Catalog((root,))
    panel = open_panel(catalog, [f"S{n * every:05d}" for n in range(500)])
    for name in catalog.imported["big"].declaration.fields:
        assert panel[name].shape == (SESSIONS, 500)
        assert panel[name].notna().all(axis=None)
    answer.put((time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6))


def measured(root: Path, every: int) -> tuple[float, float]:
    context = multiprocessing.get_context("spawn")
    answer: multiprocessing.Queue = context.Queue()  # type: ignore[type-arg]
    process = context.Process(target=read, args=(root, every, answer))
    process.start()
    taken, memory = answer.get()
    process.join()
    return taken, memory


def compare(folder: Path) -> None:
    sides = {"2.5 million rows, 20 fields": (folder / "usual", 500, 20), "100 million rows, 5 fields": (folder / "large", 20_000, 5)}
    for root, symbols, fields in sides.values():
        if not root.exists():  # in a process of its own: its peak of memory is inherited
            maker = multiprocessing.get_context("spawn").Process(target=make, args=(root, symbols, fields))
            maker.start()
            maker.join()
    best = {name: (float("inf"), float("inf")) for name in sides}
    for _ in range(3):
        for name, (root, symbols, _) in sides.items():
            best[name] = min(best[name], measured(root, symbols // 500))
    for name, (taken, memory) in best.items():
        print(f"panel of 500 symbols x {SESSIONS:,} sessions from {name}: {taken:.2f} s, {memory:.2f} GB")
    (usual, held), (large, more) = best.values()
    print(f"ratio: {large / usual:.2f} in time, {more / held:.2f} in memory   (promised 1.5)")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        compare(Path(sys.argv[1] if len(sys.argv) > 1 else folder))


if __name__ == "__main__":
    main()
