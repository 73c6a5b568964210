"""A comparison of runs as one page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from flowbt.ground.files import write_text
from flowbt.ground.types import Context, JsonView
from flowbt.results import shelf
from flowbt.results.pages.base import render_page, write_assets

FOLDER = "_compare"


def context(comparison: Mapping[str, object]) -> Context:
    return {"title": "Comparison", "c": comparison, "data": {name: comparison[name] for name in ("runs", "equity", "trades")}}


def render(comparison: Mapping[str, object], *, depth: int = 1) -> str:
    """The page of a comparison (`studies.compare.Comparison.to_dict()`), for a file `depth` folders under the results folder."""
    return render_page("compare.html", context(comparison), depth=depth)


def write(root: Path, comparison: JsonView) -> Path:
    """Write the comparison under `<root>/_compare/`; returns the file. Raises StoreError."""
    path = Path(root) / FOLDER / ("-".join(run["id"][:8] for run in comparison["runs"][:6]) + ".html")
    with shelf.storing(path, "write"):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_assets(Path(root))
        write_text(path, render(comparison))
    return path
