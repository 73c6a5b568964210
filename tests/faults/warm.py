"""One warm process: everything imported and compiled, slices small, what is computed before anything is written kept."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import signal
import warnings
from collections.abc import Sequence
from pathlib import Path

from tests.faults.acts import ACTS, Words
from tests.faults.forks import command


def warm_up(template: Path, names: Sequence[str], more: Sequence[Words] = ()) -> None:
    """Do every act, then every command of `more`, once here, in a copy, so that a child has nothing to import and nothing to compile."""
    import shutil

    import flowbt.engine.vbt.book  # noqa: F401  so that no run starts a process to import it
    from flowbt.cli.research import run as run_command
    from flowbt.studies import units
    from flowbt.studies.gallery import gallery
    from flowbt.studies.run import backtest as backtests
    from flowbt.studies.sweep import sweep

    warnings.simplefilter("default")
    units.processors = lambda: 1  # without workers: they would be new processes, which import everything anew
    sweep.FUSED = 2  # trials per slice, so that a sweep of four has more than one
    kept: dict[str, object] = {}
    verified: dict[str, object] = {}
    plain = backtests.backtest

    def backtest(catalog, request, aside=None, step=None):  # the same request, of the same data in the same place, is the same run
        key = repr((request, sorted((name, one.hash) for name, one in catalog.imported.items())))
        if key not in kept:
            kept[key] = plain(catalog, request, aside)
        return kept[key]

    verify = sweep.verify

    def once_verified(setup, trials, top, aside=None):
        def found(folder):
            if setup.id not in verified:
                verified[setup.id] = verify(setup, trials, top, aside)(folder)
            return verified[setup.id]

        return found

    sweep.verify = once_verified
    for module in (backtests, gallery, sweep):
        module.backtest = backtest
    there = template.parent / "project"
    shutil.rmtree(there, ignore_errors=True)
    shutil.copytree(template, there)
    os.chdir(there)
    for words in [*(words for name in names for words in (*ACTS[name].before, ACTS[name].words)), *more]:
        with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            command(*words)()
    for number in (signal.SIGTERM, signal.SIGHUP):  # which the commands took for theirs
        signal.signal(number, signal.SIG_DFL)
    gc.collect()
    gc.freeze()  # a child that collects garbage does not copy what is shared with it
    assert run_command is not None
