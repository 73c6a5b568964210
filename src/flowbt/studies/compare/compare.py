"""Compare stored runs: find them, load them, set them side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flowbt.ground.errors import ParameterError
from flowbt.results import shelf, store
from flowbt.studies.compare.comparison import Comparison, compare_records


def compare(results: Path, names: Sequence[str]) -> Comparison:
    """Compare the runs that `names` name (see `shelf.find`); the first is the base of every difference.

    Raises ParameterError for fewer than two runs, RunNotFound, StoreError, and RangeError where the runs share no labels.
    """
    entries = [shelf.find(results, name) for name in names]
    if len(entries) < 2:
        raise ParameterError("compare", f"{len(entries)} run given", "name two or more; flowbt results ls lists them")
    return compare_records([store.load(entry.path) for entry in entries])
