"""A board as a JSON document."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pandas as pd

from flowbt.studies.board.board import Board


def document(one: Board) -> dict[str, object]:
    """The board as plain values for JSON: instants in ISO with a Z, dates of sessions without."""
    return {**_plain(asdict(one)), "session": f"{one.session:%Y-%m-%d}"}


def _plain(value: object) -> Any:
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%dT%H:%M}Z"
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value
