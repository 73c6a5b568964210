"""Compare stored runs: load them, set them side by side, write the page if it is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flowbt.ground.errors import ParameterError
from flowbt.ground.files import write_text
from flowbt.results import shelf, store
from flowbt.results.comparison import Comparison, compare_records
from flowbt.results.pages import base as page

FOLDER = "_compare"


def compare(results: Path, names: Sequence[str]) -> Comparison:
    """Compare the runs that `names` name (see `shelf.find`); the first is the base of every difference.

    Raises ParameterError for fewer than two runs, RunNotFound, StoreError, and RangeError where the runs share no labels.
    """
    entries = [shelf.find(results, name) for name in names]
    if len(entries) < 2:
        raise ParameterError("compare", f"{len(entries)} run given", "name two or more; flowbt results ls lists them")
    return compare_records([store.load(entry.path) for entry in entries])


def render(comparison: Comparison, *, depth: int = 1) -> str:
    return page.render_page(
        "compare.html",
        {"title": "Comparison", "c": comparison, "data": {"runs": comparison.runs, "equity": comparison.equity, "trades": comparison.trades}},
        depth=depth,
    )


def write_page(results: Path, comparison: Comparison) -> Path:
    """Write the comparison under `<results>/_compare/`; returns the file."""
    path = Path(results) / FOLDER / ("-".join(run["id"][:8] for run in comparison.runs[:6]) + ".html")
    with shelf.storing(path, "write"):
        path.parent.mkdir(parents=True, exist_ok=True)
        page.write_assets(Path(results))
        write_text(path, render(comparison))
    return path
