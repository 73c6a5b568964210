"""One module per provider. Each has `parse(path, options) -> RawTable`; some also say how to download (`pull.py` reads that)."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from flowbt.data.sources.base import Options, RawTable, known_options, parsing
from flowbt.ground.errors import SourceError, nearest
from flowbt.ground.fields import FOLDED

NAMES = (
    "squeezemetrics",
    "cboe_index",
    "cboe_putcall",
    "fred",
    "yahoo",
    "broker",
    "finra",
    "funding",
    "klines",
    "dvol",
    "monthly",
    "constituents",
    "cftc",
    "sentiment",
    "treasury",
    "treasury_yields",
    "futures",
    "liquidations",
    "events",
    "table",
    "messy",
)


class Source(Protocol):
    def parse(self, path: Path, options: Options) -> RawTable: ...


def source(name: str) -> Source:
    """The module of a provider; SourceError with the nearest names for an unknown one."""
    if name not in NAMES:
        raise SourceError(f"source {name!r}", f"not one of {', '.join(NAMES)}", nearest(name, NAMES) or "use one of these")
    module = "generic" if name == "table" else name
    return cast(Source, import_module(f"flowbt.data.sources.{module}"))


def read(name: str, path: Path, options: Options) -> RawTable:
    """A file as its provider's module reads it. SourceError with the nearest name for an option it does not have."""
    known_options(f"{path.name} as {name}", options, options_of(name))
    with parsing(path, name):
        return source(name).parse(path, options)


def options_of(name: str) -> tuple[str, ...]:
    """The options a provider's module reads a file by."""
    return tuple(getattr(source(name), "OPTIONS", ()))


def basis_of(name: str, options: Options) -> str:
    """What a provider's prices are: `traded`, `split`, or with the option `adjusted` of those that have it `total return`."""
    return FOLDED if options.get("adjusted") else str(getattr(source(name), "BASIS", "traded"))
