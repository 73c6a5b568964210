"""Sweeps side by side, in one run: python benchmarks/sweep.py [--quick]

Five parameters (signal window, level, hold, stop, take), 1 symbol x 2,500 bars, five metrics, signals included. Each side runs as many trials as it
can in reasonable time; what is compared is seconds per trial. Other work on the machine slows all sides: only the ratios of one run mean something.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import sweep_rivals as rivals

from flowbt.deferred import Tracer
from flowbt.engine.sweep.compiled import Stage
from flowbt.engine.sweep.results import ENTERED
from flowbt.engine.sweep.space import Space
from flowbt.engine.sweep.sweeper import Sweeper
from flowbt.engine.types import Account, Costs, Market, Signals

GROWTH = ((3_850, 3, 100_000, False), (2_500, 10, 10_000, False), (2_500, 100, 2_000, False), (5_000, 500, 200, False), (50_000, 1, 10_000, True))
CHUNKS = (50, 200, 500, 1_000)
ROUNDS = 5
THREADS = os.cpu_count() or 1


class BarsPanel:
    """Closes only: what the benchmark's strategy reads."""

    def __init__(self, market: Market) -> None:
        self.index, self.symbols = market.index, market.symbols
        self._close = pd.DataFrame(market.close, market.index, list(market.symbols))

    def __getitem__(self, key: str) -> pd.DataFrame:
        return self._close.copy()


def signals(panel: Any, *, window: int, level: float, hold: int, stop: float, take: float) -> Signals:
    change = panel["close"].pct_change(window, fill_method=None)
    return Signals(long=change >= level, hold=hold, stop=stop, take=take)


def called(panel: Any, *, window: int, level: float, hold: int, stop: float, take: float) -> Signals:
    """The same, written so that nothing can be deferred: one evaluation per trial."""
    return signals(panel, window=int(window), level=float(level), hold=int(hold), stop=float(stop), take=float(take))


def sweeper(market: Market, grid: dict[str, Any] = rivals.GRID, function: Callable[..., Signals] = signals) -> Sweeper:
    space = Space.of(grid)
    tracer = Tracer(function, BarsPanel(market), space.trial(np.zeros(len(space.names), np.int64)))  # type: ignore[arg-type]
    return Sweeper(tracer, space, Stage(market, market, 0), Costs(rivals.FEES, rivals.SLIPPAGE, 0.0, False), Account(cash=rivals.CASH))


def timed(run: Callable[[], Any], repeat: int = 3) -> float:
    best = np.inf
    for _ in range(repeat):
        begin = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - begin)
    return best


def flowbt(market: Market, count: int, repeat: int = 3) -> float:
    """Seconds per trial, everything included but compiling: tracing, pandas, masks, kernel, metrics, fingerprints."""

    def run() -> None:
        one = sweeper(market)
        codes = one.space.codes(np.linspace(0, one.space.size - 1, count).astype(np.int64))
        for at in range(0, count, 16_384):
            one.run(codes[at : at + 16_384], ENTERED)

    return timed(run, repeat) / count


def chunked(run: Callable[[dict[str, np.ndarray]], Any], count: int, chunk: int) -> float:
    """Seconds per trial of a side that takes `chunk` trials at a time."""
    trials = rivals.trials_of(max(count // chunk, 1) * chunk)

    def part(a: int, b: int) -> None:
        run({name: column[a:b] for name, column in trials.items()})

    return rivals.per_trial(part, len(trials["window"]), chunk)


def best_chunk(run: Callable[[dict[str, np.ndarray]], Any], chunks: tuple[int, ...]) -> int:
    """The chunk size with the least seconds per trial, after a warm-up of each."""
    return min(chunks, key=lambda chunk: min(chunked(run, chunk, chunk) for _ in range(2)))


def backtesting_py(market: Market) -> float:
    os.environ["TQDM_DISABLE"] = "1"
    import sweep_backtesting

    grid = {"window": (3, 10), "level": (0.01, 0.02), "hold": (5, 10), "stop": (0.05,), "take": (0.1,)}
    mesh = np.meshgrid(*grid.values(), indexing="ij")
    trials = {name: axis.ravel() for name, axis in zip(grid, mesh, strict=True)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return timed(lambda: sweep_backtesting.optimize(market, trials), 1) / len(mesh[0].ravel())


def memory(count: int) -> dict[str, float]:
    """Seconds per trial and peak resident memory of a fresh process that runs `count` trials in slices, as the command does."""
    code = f"import json, resource, sys; sys.path.insert(0, {os.path.dirname(__file__)!r}); import sweep; print(json.dumps(sweep.resident({count})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def resident(count: int) -> dict[str, float]:
    grid = {**rivals.GRID, "stop": tuple(np.linspace(0.01, 0.1, 100).tolist())}
    one = sweeper(rivals.make_market(), grid)
    one.run(one.space.codes(np.arange(100)))
    numbers = np.linspace(0, one.space.size - 1, count).astype(np.int64)
    begin = time.perf_counter()
    sharpes = [one.run(one.space.codes(numbers[at : at + 16_384])).column("sharpe") for at in range(0, count, 16_384)]
    seconds = time.perf_counter() - begin
    assert sum(len(part) for part in sharpes) == count
    with open("/proc/self/status") as status:  # not getrusage: its peak is inherited from the process that started this one
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    return {"us": seconds / count * 1e6, "mb": peak / 1024}


STRATEGY = '''"""Buy a rise of some bars."""

from flowbt import Signals

SYMBOLS = ("SPY",)


def signals(panel, *, window=5, level=0.02, hold=10, stop=0.05, take=0.1):
    return Signals(long=panel["close"].pct_change(window, fill_method=None) >= level, hold=hold, stop=stop, take=take)
'''
SESSIONS = ("--from", "2012-01-01", "--to", "2021-12-07")  # 2,500 of the demo market
COMMAND = """import sys; from flowbt.cli import main
try:
    main()
finally:
    print(open("/proc/self/status").read(), file=sys.stderr)"""


def whole_command(count: int) -> dict[str, float]:
    """Seconds and peak resident memory of `flowbt sweep` from start to end: reading, trials, luck, verification in vectorbt's book, page, tearsheet."""
    with tempfile.TemporaryDirectory() as name:
        path, stops = Path(name) / "rise.py", ",".join(f"{stop:.6g}" for stop in np.linspace(0.01, 0.1, 100))
        path.write_text(STRATEGY)
        grid = {**{name: ",".join(map(str, values)) for name, values in rivals.GRID.items()}, "stop": stops}
        given = [part for name, text in grid.items() for part in ("-p", f"{name}={text}")]
        where = ["--demo", "--datasets", str(path.parent / "datasets"), "--results", str(path.parent / "results"), *SESSIONS]
        command = [sys.executable, "-c", COMMAND, "sweep", str(path), *given, *where]
        small = [sys.executable, "-c", COMMAND, "sweep", str(path), "-p", "hold=3,5,10", *where]
        subprocess.run(small, capture_output=True, check=True)  # makes the demo market and the compiled kernels
        begin = time.perf_counter()
        done = subprocess.run([*command, *(["--random", str(count)] if count < 1_000_000 else [])], capture_output=True, text=True, check=True)
        seconds = time.perf_counter() - begin
    peak = next(int(line.split()[1]) for line in done.stderr.splitlines() if line.startswith("VmHWM"))
    return {"seconds": seconds, "mb": peak / 1024}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the work")
    scale = 10 if parser.parse_args().quick else 1
    market = rivals.make_market()
    flowbt(market, 1_000, 1)
    rivals.dense(market, rivals.trials_of(100), THREADS)
    one = sweeper(market)
    some = one.run(one.space.codes(np.arange(0, one.space.size, 97)))
    print(
        f"1 symbol x 2,500 bars; mean exposure {np.mean(some.column('exposure')):.0%}, {np.mean(some.column('trades')):.0f} trades per trial; {THREADS} threads"
    )
    many = rivals.trials_of(100_000 // scale)
    slow = sweeper(market, function=called)
    codes = slow.space.codes(np.linspace(0, slow.space.size - 1, 500 // scale).astype(np.int64))

    def rust(trials: dict[str, np.ndarray]) -> Any:
        return rivals.vectorbt_from_signals(market, trials, "rust")

    def numba(trials: dict[str, np.ndarray]) -> Any:
        return rivals.vectorbt_from_signals(market, trials, "numba")

    def raw(trials: dict[str, np.ndarray]) -> Any:
        return rivals.vectorbt_raw(market, trials)

    rust_chunk, numba_chunk, raw_chunk = best_chunk(rust, CHUNKS), best_chunk(numba, CHUNKS), best_chunk(raw, (*CHUNKS, 2_000))
    sides: dict[str, Callable[[], float]] = {
        "flowbt sweep": lambda: flowbt(market, 100_000 // scale, 1),
        "hand-written dense fused kernel": lambda: timed(lambda: rivals.dense(market, many, THREADS), 1) / len(many["window"]),
        f"vectorbt raw simulate, Rust, own metrics, chunks of {raw_chunk}": lambda: chunked(raw, 4_000 // scale, raw_chunk),
        f"vectorbt from_signals + metrics, Rust, chunks of {rust_chunk}": lambda: chunked(rust, 1_000 // scale, rust_chunk),
        f"vectorbt from_signals + metrics, numba, chunks of {numba_chunk}": lambda: chunked(numba, 1_000 // scale, numba_chunk),
        "flowbt, one evaluation per trial": lambda: timed(lambda: slow.run(codes), 1) / len(codes),
        "backtesting.py optimize, 8 trials": lambda: backtesting_py(market),
    }
    found = dict.fromkeys(sides, np.inf)
    for _ in range(ROUNDS):  # sides take turns, so that other work on the machine meets all of them; the best round of each counts
        for name, side in sides.items():
            found[name] = min(found[name], side())
    for name, seconds in found.items():
        print(f"{name:60s} {seconds * 1e6:12,.1f} us per trial {seconds / found['flowbt sweep']:10,.1f} x")
    print("growth in trials (fresh process each):")
    for count in (1_000, 10_000, 100_000, 1_000_000 // scale):
        grown = memory(count)
        print(f"{count:12,d} trials {grown['us']:10.1f} us per trial {grown['mb']:8.0f} MB peak")
    print("the whole command, with luck, verification and pages (fresh process each):")
    for count in (100_000 // scale, 1_000_000 // scale):
        whole = whole_command(count)
        print(f"{count:12,d} trials {whole['seconds']:10.1f} s {whole['mb']:8.0f} MB peak")
    print("growth in symbols and bars:")
    for bars, n, count, hourly in (
        (3_850, 3, 100_000, False),
        (2_500, 10, 10_000, False),
        (2_500, 100, 2_000, False),
        (5_000, 500, 200, False),
        (50_000, 1, 10_000, True),
    ):
        wide = rivals.make_market(bars, n, hourly=hourly)
        print(f"{n:5d} symbols x {bars:,} {'hours' if hourly else 'bars'} {flowbt(wide, count // scale, 1) * 1e6:12,.1f} us per trial")


if __name__ == "__main__":
    main()
