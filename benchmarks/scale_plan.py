"""What work past one machine would take: python benchmarks/scale_plan.py [--measure]

A simulation of a scheduler that hands out units of work, with stragglers and lost workers, fed with unit costs measured on one machine (`MEASURED`, each with
the command that measured it) and with `ASSUMED` figures of a cluster, which are not. Prints, for each plan and number of workers, hours, what is lost to
stragglers and dead workers, what binds it, and money at the assumed prices. `--measure` measures the scheduler's cost of a unit and the bytes and joining of
stored trials here, and uses them.
"""

from __future__ import annotations

import argparse
import heapq
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

MEASURED = {
    "prints": 20e6 / (15 * 2),  # rows a second and core: raw_prints.py, 20 million in 15 s on two shared cores
    "symbol_bar": 3.4e-9,  # seconds of one core: turns.py, 500 symbols x 5,000 bars, 137,328 trades a trial, signals included
    "symbol_bar_bytes": 40.0,  # open, high, low, mark, funding as float64
    "trial": 4.8e-6,  # seconds of one core a trial of 2,500 bars, all included: turns.py
    "dispatch": 9.2e-3,  # seconds of the scheduler a unit: --measure, on a loaded machine
    "trial_bytes": 119.0,  # a stored trial: --measure
    "join": 50e6,  # bytes of stored trials a second, read and written again: --measure
}
ASSUMED = {
    "core_hour": 0.04,  # dollars
    "store_month": 0.023,  # dollars a GB and month
    "memory": 64e9,  # bytes of a worker
    "read": 100e6,  # bytes a second that a core gets from an object store
    "print_bytes": 20.0,  # a print in compressed columns
    "slow": 0.02,  # share of units that are stragglers ...
    "slower": 5.0,  # ... and how much longer they take
    "spread": 0.3,  # standard deviation of the logarithm of a unit's time
    "lost": 0.05,  # workers lost an hour, as a share
    "replaced": 180.0,  # seconds until a lost worker is back
}


@dataclass(frozen=True)
class Plan:
    name: str
    units: int
    seconds: float  # of one core, a unit
    read: float  # bytes a unit
    kept: float  # bytes stored in all
    memory: float  # bytes a worker needs
    joined: float = 0.0  # seconds of one core at the end, which no worker can share


def plans(cost: dict[str, float]) -> list[Plan]:
    days, a_day = 252, 60e9 / 252
    files = 100  # of a day, so that a worker holds little; kept are 100 bytes a day for each of 5,000 symbols
    prints = Plan("60bn option prints a year", days * files, a_day / files / cost["prints"], a_day / files * ASSUMED["print_bytes"], days * 5e3 * 100.0, 0.5e9)
    symbol_bars = 10_000 * 20 * 252 * 390.0
    minutes = Plan(
        "10,000 symbols x 20 years of minutes, 1,000 trials", 1_000, symbol_bars * cost["symbol_bar"], 0.0, 1_000 * cost["trial_bytes"],
        symbol_bars * cost["symbol_bar_bytes"],
    )  # fmt: skip
    slices = 1_000_000_000 // 16_384 + 1
    trials = Plan("10^9 trials x 2,500 bars", slices, 16_384 * cost["trial"], 0.0, 1e9 * cost["trial_bytes"], 0.35e9, 1e9 * cost["trial_bytes"] / cost["join"])
    return [prints, minutes, trials]


def simulate(plan: Plan, workers: int, dispatch: float, seed: int = 0) -> dict[str, float]:
    """Seconds until all units are done. One scheduler hands out a unit at a time; a lost worker loses the unit it is at, which is handed out again."""
    rng = np.random.default_rng(seed)
    free = [(0.0, k) for k in range(workers)]
    heapq.heapify(free)
    left, scheduler, end, worked, wasted, lost = plan.units, 0.0, 0.0, 0.0, 0.0, 0
    while left:
        at, worker = heapq.heappop(free)
        scheduler = max(scheduler, at) + dispatch
        took = plan.seconds * rng.lognormal(-(ASSUMED["spread"] ** 2) / 2, ASSUMED["spread"]) + plan.read / ASSUMED["read"]
        took *= ASSUMED["slower"] if rng.random() < ASSUMED["slow"] else 1.0
        dies = rng.exponential(3600.0 / ASSUMED["lost"])
        if dies < took:
            wasted, lost = wasted + dies, lost + 1
            heapq.heappush(free, (scheduler + dies + ASSUMED["replaced"], worker))
            continue
        left -= 1
        worked += took
        end = max(end, scheduler + took)
        heapq.heappush(free, (scheduler + took, worker))
    return {"seconds": end, "worked": worked, "wasted": wasted, "lost": lost, "scheduler": (plan.units + lost) * dispatch}


def bottleneck(plan: Plan, found: dict[str, float], workers: int) -> str:
    shares = {
        "the scheduler": found["scheduler"],
        "work": plan.units * plan.seconds / workers,
        "reading": plan.units * plan.read / ASSUMED["read"] / workers,
        "joining the parts": plan.joined,
        "the slowest unit": plan.seconds * ASSUMED["slower"],
    }
    return "memory: it does not fit a worker" if plan.memory > ASSUMED["memory"] else max(shares, key=shares.__getitem__)


def measured() -> dict[str, float]:
    """The scheduler's seconds a unit, and the bytes of a stored trial (random metrics: they compress worst)."""
    import pyarrow.parquet as pq
    from distributed import Client, LocalCluster

    from flowbt.engine.sweep.results import TrialResults
    from flowbt.engine.sweep.space import Space
    from flowbt.engine.sweep.sums import METRICS
    from flowbt.studies.sweep.store import table_of

    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        client.gather(client.map(abs, range(100), pure=False))
        begin = time.perf_counter()
        client.gather(client.map(abs, range(2_000), pure=False))
        dispatch = (time.perf_counter() - begin) / 2_000
    space, rng = Space.of({name: tuple(range(10)) for name in "abcde"}), np.random.default_rng(0)
    results = TrialResults(rng.normal(size=(100_000, len(METRICS))), np.empty((0, 0)), rng.integers(0, 2**63, 100_000).astype(np.uint64))
    with TemporaryDirectory() as folder:
        pq.write_table(table_of(space, space.names, np.arange(100_000), results), f"{folder}/t.parquet", compression="zstd")
        size, begin = Path(f"{folder}/t.parquet").stat().st_size, time.process_time()
        pq.write_table(pq.read_table(f"{folder}/t.parquet"), f"{folder}/joined.parquet", compression="zstd")
        return {"dispatch": dispatch, "trial_bytes": size / 100_000, "join": size / (time.process_time() - begin)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measure", action="store_true")
    cost = {**MEASURED, **(measured() if parser.parse_args().measure else {})}
    print("measured:", ", ".join(f"{name} {value:.3g}" for name, value in cost.items()))
    print("assumed: ", ", ".join(f"{name} {value:.3g}" for name, value in ASSUMED.items()))
    for plan in plans(cost):
        print(f"{plan.name}: {plan.units:,} units of {plan.seconds:,.1f} s, {plan.memory / 1e9:,.1f} GB a worker, {plan.kept / 1e9:,.1f} GB kept")
        for workers in (2, 16, 128, 1_024):
            found = simulate(plan, workers, cost["dispatch"])
            hours = (found["seconds"] + plan.joined) / 3600
            dollars = hours * workers * ASSUMED["core_hour"] + plan.kept / 1e9 * ASSUMED["store_month"]
            idle = 1.0 - found["worked"] / (found["seconds"] * workers)
            print(
                f"  {workers:5,d} workers {hours:10.2f} h, {100 * idle:3.0f}% idle or lost ({found['lost']:.0f} workers lost), ${dollars:,.2f};"
                f" bound by {bottleneck(plan, found, workers)}"
            )


if __name__ == "__main__":
    main()
