"""JSON and TOML from anywhere: what is wrong with a text is one kind of error, however it is wrong; and declarations, of which one line says what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from flowbt.ground.errors import FlowbtError
from flowbt.ground.files import read_bytes, read_text

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError  # slow to import: who has a model has done it

M = TypeVar("M", bound="BaseModel")


def parse_json(text: str | bytes) -> Any:
    """A JSON text's document. ValueError for what is none, also where it is nested so deeply that Python gives up."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def read_json(path: Path) -> Any:
    """A JSON file's document. OSError where it cannot be read, ValueError for what is no JSON."""
    return parse_json(read_bytes(path))


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file's document, UTF-8. OSError where it cannot be read, ValueError for what is no TOML."""
    import tomllib  # a listing reads JSON alone

    try:
        return tomllib.loads(read_text(path))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def read_declared(path: Path, model: type[M], what: str, error: type[FlowbtError], absent: str, do: str) -> M:
    """A TOML file as `model`. `error` says what is wrong with the `what` in it; `absent` helps where it cannot be read, `do` where an entry is wrong."""
    asked = f"{what} {path}"
    try:
        raw = read_toml(path)
    except OSError as unread:
        raise error(asked, f"cannot be read ({unread.strerror})", absent) from None
    except ValueError as bad:
        raise error(asked, f"is not TOML ({bad})", "mend the file") from None
    return declared(raw, model, asked, error, do)


def declared(raw: dict[str, Any], model: type[M], asked: str, error: type[FlowbtError], do: str) -> M:
    """A document as `model`; `error` names the entry that is wrong, a misspelt key first: it explains what else is wrong."""
    try:
        return model.model_validate(raw)
    except ValueError as found:
        first = min(cast("ValidationError", found).errors(), key=lambda one: one["type"] != "extra_forbidden")
        raise error(asked, place(raw, first["loc"]) + first["msg"].removeprefix("Value error, "), do) from None


def place(raw: object, loc: tuple[int | str, ...]) -> str:
    """Where in a document `loc` is, a row by its id, name or dataset where it has one: `spy-670-650p: expiry: `, `russell: files 2: path: `."""
    parts: list[str] = []
    for part in loc:
        if isinstance(raw, list) and isinstance(part, int):
            raw = raw[part]
            name = (raw.get("id") or raw.get("name") or raw.get("dataset")) if isinstance(raw, dict) else None
            parts[-1] = str(name) if name else f"{parts[-1]} {part + 1}"
        elif isinstance(raw, dict):
            parts.append(str(part))
            raw = raw.get(str(part))
        else:
            break  # what follows are pydantic's words for a choice of types
    return "".join(f"{part}: " for part in parts)
