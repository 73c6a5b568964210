"""Raw files to fields: 20 million option prints to side sums, 20 million trades to VPIN, against pandas on one day of each.

Writes generated files to a temporary folder (about 2.5 GB), reduces them with `flowbt reduce`'s own study in parallel processes, and prints seconds,
peak memory of all processes together, and the ratio per row to plain pandas. Run: python benchmarks/raw_prints.py [--rows MILLIONS]
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from flowbt.studies.ingest.reduce import Reduction, reduce_files

DAYS = 20


class Peak:
    """The largest sum of proportional memory (PSS) of this process's children and itself, sampled."""

    def __enter__(self) -> Peak:
        self.megabytes, self._stop = 0.0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.2):
            self.megabytes = max(self.megabytes, sum(map(memory, family(os.getpid()))))


def family(pid: int) -> list[int]:
    """A process and all below it."""
    try:
        children = [int(c) for task in Path(f"/proc/{pid}/task").iterdir() for c in (task / "children").read_text().split()]
    except OSError:
        return [pid]
    return [pid, *(one for child in children for one in family(child))]


def memory(pid: int) -> float:
    try:
        return next(int(line.split()[1]) / 1024 for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines() if line.startswith("Pss:"))
    except (OSError, StopIteration):
        return 0.0


def processor_time() -> float:
    """Seconds of processor of this process and its finished children."""
    return sum(os.times()[:4])


def write_days(folder: Path, rows: int, query: str, options: str, ending: str) -> None:
    """`query` once per day, with {day} filled in."""
    folder.mkdir()
    with duckdb.connect(config={"threads": 2, "memory_limit": "2GB"}) as connection:
        connection.execute("SET enable_progress_bar = false")
        for day in range(DAYS):
            name = folder / f"BTCUSDT-{pd.Timestamp('2025-01-06') + pd.Timedelta(days=day):%Y-%m-%d}{ending}"
            connection.execute(f"COPY ({query.format(day=day, rows=rows // DAYS)}) TO '{name}' ({options})")


PRINTS = """SELECT 'S' || (i % 500) AS underlying_symbol, 1736175600000 + {day} * 86400000 + i * 23400000 // {rows} AS executed_at,
    round(1 + (i * 7919 % 1000) / 250, 2) AS nbbo_bid, round(1.05 + (i * 7919 % 1000) / 250, 2) AS nbbo_ask, round(0.9 + random() * 5, 2) AS price,
    1 + i % 50 AS size, round(random() * 10000, 2) AS premium, CASE WHEN i % 3 = 0 THEN 'put' ELSE 'call' END AS option_type, 100 + i % 40 * 5 AS strike
    FROM range({rows}) t(i)"""
TRADES = """SELECT {day} * {rows} + i AS id, round(95000 + 500 * sin(i / 200000) + random(), 2) AS p, round(0.0001 + random() * 0.05, 5) AS q, i AS f, i AS l,
    1736121600000000 + {day} * 86400000000 + i * 86400000000 // {rows} AS t, CASE WHEN random() < 0.5 THEN 'True' ELSE 'False' END AS m, 'True' AS best
    FROM range({rows}) t(i)"""


def pandas_prints(path: Path) -> pd.DataFrame:
    t = pd.read_parquet(path)
    day = pd.to_datetime(t["executed_at"], unit="ms", utc=True).dt.tz_convert("America/New_York").dt.date
    side = np.where(t["price"] >= t["nbbo_ask"], "bought", np.where(t["price"] <= t["nbbo_bid"], "sold", "unknown"))
    return t.groupby([day, t["underlying_symbol"], t["option_type"], side])["premium"].sum().unstack([2, 3])


def pandas_trades(path: Path) -> pd.DataFrame:
    t = pd.read_csv(path, header=None, names=["id", "p", "q", "f", "l", "t", "m", "best"])
    groups = t.assign(buy=t["q"].where(~t["m"], 0), usd=t["p"] * t["q"]).groupby(t["t"] // 60_000_000)
    return groups.agg({"p": ["first", "max", "min", "last"], "q": "sum", "buy": "sum", "usd": "sum"})


def measure(name: str, folder: Path, kind: str, options: dict[str, str], plain: object) -> None:
    files = sorted(folder.iterdir())
    start, busy = time.perf_counter(), processor_time()
    with Peak() as peak:
        reduced = reduce_files(Reduction(kind, (folder,), options))
    ours, busy = time.perf_counter() - start, processor_time() - busy
    start, theirs = time.perf_counter(), processor_time()
    plain(files[0])  # type: ignore[operator]
    plain_wall, theirs = (time.perf_counter() - start) * len(files), (processor_time() - theirs) * len(files)
    size = sum(file.stat().st_size for file in files) / 1e6
    print(f"{name}: {len(files)} files, {size:.0f} MB -> {len(reduced.table)} rows in {ours:.1f} s, peak {peak.megabytes:.0f} MB; ", end="")
    print(f"{busy:.1f} s of processor; pandas, one process, one file x {len(files)}: {plain_wall:.1f} s, {theirs:.1f} s of processor; ", end="")
    print(f"ratio {plain_wall / ours:.1f} of time, {theirs / busy:.1f} of processor")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=float, default=20, help="millions of prints and of trades")
    rows = int(parser.parse_args().rows * 1e6)
    with tempfile.TemporaryDirectory() as scratch:
        write_days(Path(scratch, "prints"), rows, PRINTS, "FORMAT parquet", ".parquet")
        write_days(Path(scratch, "trades"), rows, TRADES, "FORMAT csv, HEADER false", ".csv")
        measure(f"{rows / 1e6:g} million option prints to side sums", Path(scratch, "prints"), "option-prints", {}, pandas_prints)
        measure(f"{rows / 1e6:g} million trades to VPIN", Path(scratch, "trades"), "trades", {"days": "5"}, pandas_trades)


if __name__ == "__main__":
    main()
