"""Put a finished run on disk."""

from __future__ import annotations

from pathlib import Path

from flowbt.results import store
from flowbt.studies.backtest import Run


def store_run(results: Path, run: Run) -> Path:
    """Store the run and its tearsheet under `results`; returns its folder."""
    return store.save(results, run.record)
