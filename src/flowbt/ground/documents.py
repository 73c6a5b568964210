"""JSON and TOML from anywhere: what is wrong with a text is one kind of error, however it is wrong."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any


def parse_json(text: str | bytes) -> Any:
    """A JSON text's document. ValueError for what is none, also where it is nested so deeply that Python gives up."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def read_json(path: Path) -> Any:
    """A JSON file's document. OSError where it cannot be read, ValueError for what is no JSON."""
    return parse_json(path.read_bytes())


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file's document, UTF-8. OSError where it cannot be read, ValueError for what is no TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except RecursionError:
        raise ValueError("nested too deeply") from None
