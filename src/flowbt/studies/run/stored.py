"""Put a finished run on disk, entered among every trial its strategy has ever had."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from flowbt.evidence.belief import Belief
from flowbt.evidence.sharpe import per_bar_sharpe
from flowbt.results import ledger, store
from flowbt.results.belief import belief_now
from flowbt.results.shelf import check_usable
from flowbt.studies.run.backtest import Run


def store_run(results: Path, run: Run) -> Path:
    """Enter the run in the ledger and store it with its tearsheet under `results`; returns its folder."""
    enter_and_judge(results, run)
    return store.save(results, run.record)


def enter_and_judge(results: Path, run: Run) -> Belief:
    """Enter the run in its strategy's ledger and say what it may be believed now. One that uses the future is no trial."""
    check_usable(results)
    if not run.leak:
        ledger.add_run(results, run.record.manifest, per_bar_sharpe(run.book.returns.to_numpy(dtype=np.float64)))
    return belief_now(results, run.record.manifest, run.record.metrics)
