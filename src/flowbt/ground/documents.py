"""JSON and TOML from anywhere: what is wrong with a text is one kind of error, however it is wrong; JSON of ours, which says whether it is what was
stored (`sealed`); and declarations, of which one line says what is wrong."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from flowbt.ground.errors import FlowbtError
from flowbt.ground.files import read_bytes, read_text, write_text

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


_SIMPLE = (str, int, bool, type(None))


def plain(value: Any) -> Any:
    """`value` with NaN, numpy scalars and arrays, dates, tuples and mappings as JSON can carry them."""
    kind = type(value)  # most of a document is of these; to ask what is a mapping takes ten times as long
    if kind in _SIMPLE:
        return value
    if kind is float:
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in (sorted(value, key=str) if isinstance(value, (set, frozenset)) else value)]
    if isinstance(value, (str, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return plain(value.tolist()) if hasattr(value, "tolist") else str(value)


_SEAL = re.compile(rb',\s*"seal": "([0-9a-f]{16})"\s*\}\s*\Z')


def sealed(document: Mapping[str, object], *, indent: int | None = None) -> str:
    """A document as JSON with the hash of its own text at its end, so that a changed one is known."""
    head = dumps(document, indent=indent).removesuffix("}").rstrip()
    before, after = ("", "") if indent is None else ("\n" + " " * indent, "\n")
    return f'{head},{before}"seal": "{_hash(head.encode())}"{after}}}'


def unsealed(text: bytes) -> Any:
    """The document of a sealed text, or of one stored before there were seals. ValueError where it is no JSON, or not what was stored."""
    seal = _SEAL.search(text)
    if seal and _hash(text[: seal.start()]) != seal[1].decode():
        raise ValueError("it is not what was stored")
    document = parse_json(text)
    if seal:
        del document["seal"]
    return document


def keep(path: Path, document: Mapping[str, object]) -> None:
    """Write what a later call wants to know of this one. OSError where it cannot be written."""
    write_text(path, sealed(document, indent=1))


def kept(path: Path) -> dict[str, Any]:
    """What `keep` wrote; empty where it never did, or where anybody else has written there since: then nothing is known, and done again."""
    try:
        text = read_bytes(path)
        found: dict[str, Any] = unsealed(text) if _SEAL.search(text) else {}
    except (OSError, ValueError):
        return {}
    return found


def _hash(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()[:16]


def dumps(value: object, *, indent: int | None = None, sort_keys: bool = False) -> str:
    separators = (",", ":") if indent is None else None
    return json.dumps(plain(value), indent=indent, sort_keys=sort_keys, ensure_ascii=False, allow_nan=False, separators=separators)


def read_toml(path: Path) -> dict[str, object]:
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
    return as_model(raw, model, asked, error, do)


def as_model(raw: dict[str, object], model: type[M], asked: str, error: type[FlowbtError], do: str) -> M:
    """A document as `model`; `error` names the entry that is wrong, a misspelt key first: it explains what else is wrong."""
    try:
        return model.model_validate(raw)
    except ValueError as found:
        first = min(cast("ValidationError", found).errors(), key=lambda one: one["type"] != "extra_forbidden")
        raise error(asked, where_in(raw, first["loc"]) + first["msg"].removeprefix("Value error, "), do) from None


def where_in(raw: object, loc: tuple[int | str, ...]) -> str:
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
