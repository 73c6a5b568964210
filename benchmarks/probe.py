"""What the look-ahead probe costs: its share of the time of a run and of a sweep, for every shipped strategy on the demo market.

    python benchmarks/probe.py [--datasets FOLDER] [--real] [strategy ...]

Both sides are of one process and one pass: the whole act, and the part of it spent in the probe; CPU time, so that other work on the machine does not count.
"decides in" is one call of the strategy. A run here is what `flowbt run` does but for the import of packages: decide, probe, simulate, reconcile, placebo,
measure, store with its tearsheet. The target is under 15% where the decision is quick (under 20 ms).
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flowbt.data.catalog import Catalog
from flowbt.engine.loader import again, load_strategy
from flowbt.ground.errors import FlowbtError
from flowbt.studies.catalogs import open_catalog
from flowbt.studies.lookahead.probe import Probe
from flowbt.studies.run import backtest as backtesting
from flowbt.studies.run.backtest import backtest
from flowbt.studies.run.market import panel_for
from flowbt.studies.run.request import Request
from flowbt.studies.run.stored import store_run
from flowbt.studies.sweep import setup, verify
from flowbt.studies.sweep.setup import SweepRequest
from flowbt.studies.sweep.sweep import SweepOptions, sweep

ROOT = Path(__file__).parents[1]
QUICK = 0.02


@contextlib.contextmanager
def probed(spent: list[float], evaluations: list[int]) -> Iterator[None]:
    """Inside, the CPU seconds of everything that looks for leaks (the reading of the recorded graph and the decisions to compare with included) and the
    evaluations of every probe are added up."""
    plain = Probe.first_leak

    def counted(self: Probe, *given: Any) -> Any:
        try:
            return plain(self, *given)
        finally:
            evaluations.append(self.evaluations)

    def timed(act: Any) -> Any:
        def call(*given: Any) -> Any:
            begun = time.process_time()
            try:
                return act(*given)
            finally:
                spent.append(time.process_time() - begun)

        return call

    doors = [(backtesting, "leak_of"), (setup, "branch_leak"), (verify, "first_of")]
    before = [getattr(room, name) for room, name in doors]
    Probe.first_leak = counted  # type: ignore[method-assign]
    for (room, name), act in zip(doors, before, strict=True):
        setattr(room, name, timed(act))
    try:
        yield
    finally:
        Probe.first_leak = plain  # type: ignore[method-assign]
        for (room, name), act in zip(doors, before, strict=True):
            setattr(room, name, act)


def share(act: Any) -> tuple[float, float, int]:
    """Seconds of the act, the probe's share of them, and its evaluations."""
    spent: list[float] = []
    evaluations: list[int] = []
    with probed(spent, evaluations):
        begun = time.process_time()
        act()
        whole = time.process_time() - begun
    return whole, sum(spent) / whole, sum(evaluations)


def row(catalog: Catalog, path: Path, folder: Path) -> tuple[float, float]:
    strategy = load_strategy(path)
    panel, parameters = panel_for(catalog, strategy), strategy.resolve({})
    strategy.decide(panel, parameters)
    begun = time.process_time()
    again(strategy).decide(panel, parameters)
    decides = time.process_time() - begun
    whole, ran, evaluations = share(lambda: store_run(folder, backtest(catalog, Request(path))))
    line = f"{path.stem:22} decides in {1e3 * decides:6.1f} ms   run {whole:6.2f} s, probe {ran:5.1%} ({evaluations} evaluations)"
    try:
        swept, of_sweep, count = share(lambda: sweep(catalog, SweepRequest(path), SweepOptions(folder)))
        line += f"   sweep {swept:6.2f} s, probe {of_sweep:5.1%} ({count})"
    except FlowbtError:
        line += "   no sweep (option structures)"
    print(line, flush=True)
    return decides, ran


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--datasets", type=Path, default=None, help="where they are, or the demo market is to be kept; left out: a scratch folder")
    arguments.add_argument("--real", action="store_true", help="the imported datasets in place of the demo market")
    arguments.add_argument("names", nargs="*")
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        catalog = open_catalog(asked.datasets or Path(scratch) / "datasets", demo=not asked.real)
        paths = [path for path in sorted((ROOT / "strategies").glob("*.py")) if not asked.names or path.stem in asked.names]
        with contextlib.suppress(FlowbtError):  # what is loaded and compiled once is no strategy's cost
            store_run(Path(scratch) / "warm", backtest(catalog, Request(paths[0])))
            sweep(catalog, SweepRequest(paths[0]), SweepOptions(Path(scratch) / "warm"))
        found = []
        for path in paths:
            try:
                found.append(row(catalog, path, Path(scratch) / "results"))
            except FlowbtError as error:
                print(f"{path.stem:22} not run: {error}")
    quick = sorted(ran for decides, ran in found if decides < QUICK)
    if quick:
        print(f"quick decisions ({len(quick)}): probe {quick[0]:.1%} to {quick[-1]:.1%} of a run, median {quick[len(quick) // 2]:.1%}")


if __name__ == "__main__":
    main()
