"""Units of work side by side: in processes of this machine, or on a Dask cluster. A worker that dies loses the unit it was at, nothing else.

Units and results travel between processes, so both are plain data (paths, numbers, tables); paths are absolute where a cluster is asked for, and its
workers see the same files under them.
"""

from __future__ import annotations

import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context, resource_tracker
from typing import TypeVar

from flowbt.ground.errors import ParameterError, StudyError
from flowbt.ground.guard import begin_worker

U = TypeVar("U")
R = TypeVar("R")


@dataclass(frozen=True)
class Workers:
    """`processes` of this machine (0: one per processor, 1: this process itself), or the Dask scheduler at the address `cluster`."""

    processes: int = 0
    cluster: str | None = None

    def __post_init__(self) -> None:
        """ParameterError for less than none."""
        if self.processes < 0:
            raise ParameterError(f"{self.processes} workers", "less than none", "give 0 or more")

    def count(self, units: int) -> int:
        """How many of this machine's processes so many units take."""
        return max(1, min(self.processes or processors(), units))


HERE, EVERY_PROCESSOR = Workers(1), Workers()


def processors() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def each(work: Callable[[U], R], units: Sequence[U], workers: Workers) -> Iterator[tuple[int, R | None]]:
    """(position of the unit, its result) as units are done, in any order; None where its worker was killed, also when it was tried again alone.

    What `work` raises is raised here. StudyError where there is no such cluster.
    """
    if workers.cluster is not None:
        yield from _on_cluster(work, units, workers.cluster)
    elif workers.count(len(units)) == 1:
        yield from ((at, work(unit)) for at, unit in enumerate(units))
    else:
        yield from in_processes(work, units, workers.count(len(units)))


def each_whole(work: Callable[[U], R], units: Sequence[U], workers: Workers) -> Iterator[tuple[int, R]]:
    """`each`, where nothing is worth anything unless it is whole: StudyError where a unit kills its workers."""
    for at, result in each(work, units, workers):
        if result is None:
            where = f"cluster {workers.cluster}" if workers.cluster else "processes"
            raise StudyError(f"unit {at + 1} of {len(units)}", f"the {where} that took it were killed", "give workers more memory; do they see the datasets?")
        yield at, result


def in_processes(work: Callable[[U], R], units: Sequence[U], count: int) -> Iterator[tuple[int, R | None]]:
    """`each` in `count` new processes, also where it is one. A process that dies takes along what the others were at: that is done again, each alone."""
    waiting = deque(range(len(units)))
    while waiting:
        lost = []
        for at, result in _pooled(work, units, waiting, count):
            if result is None:
                lost.append(at)
            else:
                yield at, result[0]
        for at in lost:
            for _, result in _pooled(work, units, deque([at]), 1):
                yield at, result and result[0]


def _pooled(work: Callable[[U], R], units: Sequence[U], waiting: deque[int], count: int) -> Iterator[tuple[int, tuple[R] | None]]:
    """Results as they are ready, each in a tuple, of the units at the positions `waiting`, which are taken from it as they are begun; None where a process
    was killed: after it none is begun."""
    sys.warnoptions.append("ignore:resource_tracker")  # it clears away after a process that was killed, and would say so below the prompt
    resource_tracker.ensure_running()  # it changes the signals that are let through when it starts
    sys.warnoptions.pop()
    pool = ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=begin_worker)
    begun: dict[Future[R], int] = {}
    broken = False
    try:
        while begun or (waiting and not broken):
            while waiting and not broken and len(begun) <= count:  # one more than processes, so that none is idle
                try:
                    with _main_left_alone(), _without_interrupts():
                        begun[pool.submit(work, units[waiting[0]])] = waiting[0]
                except BrokenProcessPool:
                    broken = True
                else:
                    waiting.popleft()
            for future in wait(begun, return_when=FIRST_COMPLETED).done:
                at = begun.pop(future)
                try:
                    yield at, (future.result(),)
                except BrokenProcessPool:
                    broken = True
                    yield at, None
    except BaseException:  # whoever waits is gone or gives up: nobody wants what they are at
        for process in list(pool._processes.values()):
            process.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _main_left_alone() -> Iterator[None]:
    """New processes import what they work with, not the script that asked: without `if __name__ == "__main__"` it would begin anew in each of them."""
    main = vars(sys.modules["__main__"])
    kept = {name: main[name] for name in ("__file__", "__spec__") if main.get(name) is not None}
    main.update(dict.fromkeys(kept))
    try:
        yield
    finally:
        main.update(kept)


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """New processes never hear Ctrl-C, which a terminal sends to all: who started them ends them, and they have nothing to say about it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _on_cluster(work: Callable[[U], R], units: Sequence[U], address: str) -> Iterator[tuple[int, R | None]]:
    try:
        from distributed import Client, as_completed
        from distributed.scheduler import KilledWorker
    except ImportError:
        raise StudyError("--cluster", "distributed is not installed", "install the extra: pip install 'flowbt[cluster]'") from None
    try:
        client = Client(address, timeout="10s", set_as_default=False)
    except (OSError, ValueError, TypeError, LookupError, ArithmeticError) as error:  # or it is no address
        start = "start one with `dask scheduler`, and workers with `dask worker`"
        raise StudyError(f"cluster {address}", f"no scheduler answers ({type(error).__name__})", start) from None
    with client:
        waiting = {client.submit(work, unit, pure=False): at for at, unit in enumerate(units)}  # a unit goes to other workers when its own dies
        try:
            for future in as_completed(list(waiting), loop=client.loop):
                try:
                    yield waiting[future], future.result()
                except KilledWorker:
                    yield waiting[future], None
                future.release()
        finally:
            client.cancel(list(waiting))
