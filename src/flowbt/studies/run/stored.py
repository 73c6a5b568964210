"""Put a finished run on disk, judged against every trial its strategy has ever had."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from flowbt.evidence.sharpe import deflated_sharpe, moments
from flowbt.results import ledger, store
from flowbt.results.record import Verdicts
from flowbt.results.shelf import slug
from flowbt.studies.run.backtest import Run


def store_run(results: Path, run: Run) -> Path:
    """Judge the run (see `judged`) and store it with its tearsheet under `results`; returns its folder."""
    return store.save(results, judged(results, run).record)


def judged(results: Path, run: Run) -> Run:
    """The run entered in its strategy's ledger, with its Sharpe ratio deflated by the trials found there; one that uses the future is no trial, and
    nothing speaks for it."""
    if run.leak:
        return run
    sharpe, skew, kurtosis, bars = moments(run.book.returns.to_numpy(dtype=np.float64))
    manifest = run.record.manifest
    ledger.add_run(results, manifest, sharpe)
    tally = ledger.tally(ledger.folder_of(results, manifest))
    deflated = math.nan
    if math.isfinite(sharpe):
        variance = tally.variance if tally.trials > 1 else 0.0
        deflated = deflated_sharpe(sharpe, bars, trials=tally.trials, variance=variance, skew=skew, kurtosis=kurtosis)
    found: Verdicts = {**manifest["verdicts"], "trials": tally.trials, "deflated_sharpe": deflated if math.isfinite(deflated) else None}
    found["out_of_sample"] = out_of_sample(results, manifest)
    return replace(run, record=replace(run.record, manifest={**manifest, "verdicts": found}))


def out_of_sample(results: Path, manifest: Mapping[str, Any]) -> float | None:
    """Sharpe ratio of the newest stored walk-forward of the same code, rolling windows first; None where there is none."""
    files = sorted((results / slug(manifest["strategy"])).glob("walkforward-*/walkforward.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in files:
        try:
            document = json.loads(path.read_bytes())
            modes = document["modes"]
            if document["code_hash"] == manifest["code_hash"]:
                return modes.get("rolling", next(iter(modes.values())))["measures"]["sharpe"]  # type: ignore[no-any-return]
        except (OSError, ValueError, KeyError, StopIteration):
            continue
    return None
