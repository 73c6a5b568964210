"""Compare stored runs: find them, load them, set them side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flowbt.ground.errors import ParameterError
from flowbt.results import shelf, store
from flowbt.results.belief import belief_of, trials_under, walk_forwards
from flowbt.studies.compare.comparison import Comparison, compare_records


def compare(results: Path, names: Sequence[str]) -> Comparison:
    """Compare the runs that `names` name (see `shelf.find`); the first is the base of every difference.

    Raises ParameterError for fewer than two runs, RunNotFound, StoreError, and RangeError where the runs share no labels.
    """
    entries = [shelf.find(results, name) for name in names]
    if len(entries) < 2:
        raise ParameterError("compare", f"{len(entries)} run given", "name two or more; flowbt results ls lists them")
    records = [store.load(entry.path) for entry in entries]
    trials = trials_under(results)
    beliefs = [belief_of(one.manifest, one.metrics, trials, walk_forwards(entry.path.parent)) for one, entry in zip(records, entries, strict=True)]
    return compare_records(records, beliefs)
