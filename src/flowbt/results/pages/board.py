"""The regime board as one page that needs no other file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from flowbt.ground.files import write_text
from flowbt.ground.types import Context, JsonView
from flowbt.results import shelf
from flowbt.results.pages.base import render_page, stylesheet

TOP = 16  # names of the flow table


def context(board: JsonView) -> Context:
    sections: dict[str, list[object]] = {}
    for reading in [*board["readings"], *board.get("coins", ())]:
        sections.setdefault(reading["section"], []).append(reading)
    board = {"flow": None, "conflicts": (), "said": (), "changes": (), "alerts": (), "links": (), **board}
    return {"board": board, "top": TOP, "sections": sections, "css": stylesheet()}


def write(path: Path, board: Mapping[str, object]) -> Path:
    """Write the page of a board (its dataclass as a dict); returns the file. Raises StoreError."""
    with shelf.storing(path, "write"):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, render_page("board.html", context(board)))
    return path
