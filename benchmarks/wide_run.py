"""A run over very many symbols: python benchmarks/wide_run.py [--symbols 3000] [--sessions 7500] [--profile]

Writes a dataset of daily bars to a temporary folder, runs a strategy that buys the strongest moves, and prints the seconds of `flowbt run` and its peak
resident memory (promised: 60 s and 6 GB for 3,000 x 7,500). A half of the symbols is run first, so that growth worse than the number of symbols shows.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from flowbt.data.declare import parse_declaration
from flowbt.data.versions import write_dataset
from flowbt.ground.clock import Clock

STRATEGY = '''"""Buy what rose most."""

from flowbt import Signals

SYMBOLS = tuple(map("S{{}}".format, range({symbols})))


def signals(panel, *, window=5, level=0.06, hold=10):
    return Signals(long=panel["close"].pct_change(window, fill_method=None) >= level, hold=hold, stop=0.1)
'''
COMMAND = """import sys; from flowbt.cli import main
try:
    main()
finally:
    print(open("/proc/self/status").read(), file=sys.stderr)"""


def write(root: Path, symbols: int, sessions: int) -> None:
    clock = Clock()
    labels = clock.labels("1990-01-02", "2024-12-31")[-sessions:]
    dataset = parse_declaration(
        "wide", {"title": "wide", "source": "bench", "publication": {"rule": "close"}, "fields": {name: {} for name in ("open", "high", "low", "close")}}
    )
    rng = np.random.default_rng(0)
    close = 100 * np.exp(np.cumsum(rng.normal(0.0002, 0.02, (symbols, len(labels))), axis=1))
    opened = np.hstack([close[:, :1], close[:, :-1]]) * np.exp(rng.normal(0, 0.004, close.shape))
    table = pd.DataFrame({"event_time": np.tile(labels, symbols), "symbol": np.repeat([f"S{k}" for k in range(symbols)], len(labels))})
    table["known_at"] = np.tile(dataset.publication.known_at(labels, clock), symbols)
    table["open"], table["close"] = opened.ravel(), close.ravel()
    table["high"], table["low"] = np.maximum(opened, close).ravel() * 1.003, np.minimum(opened, close).ravel() * 0.997
    write_dataset(root, dataset, table, {"files": []})


def run(folder: Path, symbols: int, profile: bool) -> tuple[float, float]:
    """Seconds and peak megabytes."""
    path = folder / f"rise_{symbols}.py"
    path.write_text(STRATEGY.format(symbols=symbols))
    where = ["--datasets", str(folder / "datasets"), "--results", str(folder / "results")]
    start = [sys.executable, *(["-m", "cProfile", "-s", "tottime"] if profile else []), str(folder / "command.py")]
    (folder / "command.py").write_text(COMMAND)
    begin = time.perf_counter()
    done = subprocess.run([*start, "run", str(path), *where], capture_output=True, text=True)
    seconds = time.perf_counter() - begin
    if done.returncode:
        raise SystemExit(done.stderr[-2000:] + done.stdout[-2000:])
    if profile:
        print(done.stdout[:8000])
    return seconds, next(int(line.split()[1]) for line in done.stderr.splitlines() if line.startswith("VmHWM")) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--symbols", type=int, default=3_000)
    parser.add_argument("--sessions", type=int, default=7_500)
    parser.add_argument("--profile", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "datasets", given.symbols, given.sessions)
        for symbols in (given.symbols // 2, given.symbols):
            seconds, megabytes = run(folder, symbols, given.profile)
            print(f"{symbols:,} symbols x {given.sessions:,} sessions: {seconds:.1f} s, {megabytes:,.0f} MB", flush=True)


if __name__ == "__main__":
    main()
