"""A board as a JSON document and as one HTML page."""

from __future__ import annotations

from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd

from flowbt.ground.errors import StoreError
from flowbt.ground.files import write_text
from flowbt.studies.board.board import Board


def document(one: Board) -> dict[str, Any]:
    """The board as plain values for JSON: instants in ISO with a Z, dates of sessions without."""
    return {**_plain(asdict(one)), "session": f"{one.session:%Y-%m-%d}"}


def _plain(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%dT%H:%M}Z"
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def write_html(one: Board, path: Path) -> None:
    """The board as one page that needs no other file. StoreError where it cannot be written."""
    from flowbt.results.pages.base import render_page

    css = (files("flowbt.results.pages") / "assets" / "flowbt.css").read_text("utf-8")
    sections = {name: [r for r in one.readings if r.section == name] for name in dict.fromkeys(r.section for r in one.readings)}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, render_page("board.html", {"board": one, "sections": sections, "css": css}))
    except OSError as error:
        raise StoreError(f"writing {path}", error.strerror or str(error), "check the folder and its permissions") from None
