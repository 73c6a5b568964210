"""What it costs that nothing is lost and nothing spoilt is read: fsync and hashes when a dataset is stored, hashes when it is opened. Both sides in turns.

Store: `write_dataset` as it is, and with neither fsync nor hashes of files. Import: the whole of `import_files` (a csv parsed, checked, stored), on the
same two sides. Run: a strategy of two symbols backtested and stored with its pages, on the same two sides.
Open: a panel of 5 fields from a catalog opened anew, the table's hash remembered (every opening but the first), taken (the first), and
not looked at. Best of each side. Run: python benchmarks/durable.py [symbols sessions]
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

import flowbt.data.versions as versions
import flowbt.ground.files as files
from flowbt.data.catalog import Catalog
from flowbt.data.declare import Dataset, parse_declaration
from flowbt.data.panel.reader import open_panel
from flowbt.data.versions import CHECKED, write_dataset
from flowbt.ground.clock import Clock
from flowbt.studies.ingest.files import FileImport, import_files
from flowbt.studies.run.backtest import backtest
from flowbt.studies.run.request import Request
from flowbt.studies.run.stored import store_run

SESSIONS = 3850
STRATEGY = """'''Fade: sell what has risen.'''
from flowbt import Signals

SYMBOLS = ("SPY", "QQQ")


def signals(panel, *, rise=0.01, hold=3):
    return Signals(short=panel["close"].pct_change() >= rise, hold=hold)
"""
FIELDS = ("close", "f1", "f2", "f3", "f4")
MAP = {"time": "day", "symbol_column": "who", "map": {name: name for name in FIELDS}}


@contextmanager
def careless() -> Iterator[None]:
    """Without fsync, and without hashes of files."""
    kept = files.flush, versions.hash_file
    files.flush = lambda path: None
    versions.hash_file = lambda path: f"{time.perf_counter_ns():064x}"[::-1]
    try:
        yield
    finally:
        files.flush, versions.hash_file = kept


@contextmanager
def unlooked() -> Iterator[None]:
    """Opening takes the file as it is."""
    kept = versions.Version.file
    versions.Version.file = property(lambda self: self.handle)  # type: ignore[assignment]
    try:
        yield
    finally:
        versions.Version.file = kept  # type: ignore[method-assign]


def bars_declaration() -> Dataset:
    prices: dict[str, dict[str, str]] = {name: {} for name in ("open", "high", "low", "close", "volume")}
    return parse_declaration("prices", {"title": "prices", "source": "bench", "publication": {"rule": "close"}, "fields": prices})


def bars() -> pd.DataFrame:
    """Two random walks over all sessions, as stored."""
    labels = Clock().labels("2010-01-04", "2025-12-31")[:SESSIONS]
    parts = []
    for seed, symbol in enumerate(("SPY", "QQQ")):
        rng = np.random.default_rng(seed)
        close = 100 * np.exp(np.cumsum(rng.normal(0, 0.012, len(labels))))
        first = np.r_[100.0, close[:-1]]
        high, low = np.maximum(first, close) * 1.004, np.minimum(first, close) * 0.996
        parts.append(pd.DataFrame({"event_time": labels, "symbol": symbol, "open": first, "high": high, "low": low, "close": close, "volume": 1e6}))
    table = pd.concat(parts, ignore_index=True)
    known = bars_declaration().publication.known_at(pd.DatetimeIndex(table["event_time"]), Clock())
    return table.assign(known_at=known)


def best(sides: Mapping[str, Callable[[], None]], rounds: int) -> dict[str, float]:
    found = dict.fromkeys(sides, float("inf"))
    for _ in range(rounds):
        for name, side in sides.items():
            begin = time.perf_counter()
            side()
            found[name] = min(found[name], time.perf_counter() - begin)
    return found


def in_careless(act: Callable[[], None]) -> Callable[[], None]:
    def run() -> None:
        with careless():
            act()

    return run


def main() -> None:
    symbols, sessions = map(int, sys.argv[1:3]) if len(sys.argv) > 2 else (500, 2000)
    labels = Clock().labels("2010-01-04", "2024-12-31")[:sessions]
    declaration = parse_declaration("big", {"title": "big", "source": "bench", "publication": {"rule": "close"}, "fields": {name: {} for name in FIELDS}})
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"event_time": np.tile(labels, symbols), "symbol": np.repeat([f"S{i}" for i in range(symbols)], len(labels))})
    table["known_at"] = np.tile(declaration.publication.known_at(labels, Clock()), symbols)
    for name in FIELDS:
        table[name] = 100 + rng.normal(size=len(table)).round(4)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        part = table[: len(table) // 10].rename(columns={"event_time": "day", "symbol": "who"}).drop(columns="known_at")
        part.to_csv(home / "part.csv", index=False)

        def store() -> None:
            shutil.rmtree(home / "store", ignore_errors=True)
            write_dataset(home / "store", declaration, table, {"files": []})

        def whole() -> None:
            shutil.rmtree(home / "import", ignore_errors=True)
            import_files(FileImport("flows", "table", MAP, "close"), [home / "part.csv"], home / "import")

        def opened() -> None:
            panel = open_panel(Catalog((home / "store",)), [f"S{i}" for i in range(symbols)])
            for name in FIELDS:
                panel[name]

        def first() -> None:
            (home / "store" / "big" / CHECKED).unlink(missing_ok=True)
            opened()

        def plain() -> None:
            with unlooked():
                opened()

        said = best({"durable": store, "careless": in_careless(store)}, 5)
        print(f"store {len(table):,} rows x 5 fields:   {said['durable']:.3f} s, without {said['careless']:.3f} s, {said['durable'] / said['careless']:.3f}x")
        said = best({"durable": whole, "careless": in_careless(whole)}, 7)
        print(f"import {len(part):,} rows of a csv:     {said['durable']:.3f} s, without {said['careless']:.3f} s, {said['durable'] / said['careless']:.3f}x")
        store()
        write_dataset(home / "run", bars_declaration(), bars(), {"files": []})
        (home / "fade.py").write_text(STRATEGY)

        def run() -> None:
            shutil.rmtree(home / "results", ignore_errors=True)
            store_run(home / "results", backtest(Catalog((home / "run",)), Request(home / "fade.py")))

        run()  # compiles
        said = best({"durable": run, "careless": in_careless(run)}, 5)
        print(f"run and store 2 symbols x {SESSIONS:,}:   {said['durable']:.3f} s, without {said['careless']:.3f} s, {said['durable'] / said['careless']:.3f}x")
        said = best({"remembered": opened, "first": first, "unlooked": plain}, 5)
        bare = said["unlooked"]
        print(
            f"open a panel of {symbols} x 5 fields: {said['remembered']:.3f} s, unlooked {bare:.3f} s, {said['remembered'] / bare:.3f}x;"
            f" the first time {said['first']:.3f} s, {said['first'] / bare:.3f}x   (promised 1.05x)"
        )


if __name__ == "__main__":
    main()
