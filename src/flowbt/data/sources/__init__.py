"""One module per provider. Each has `parse(path, options) -> RawTable`; some also say how to download (`pull.py` reads that)."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from flowbt.data.sources.base import Options, RawTable
from flowbt.ground.errors import SourceError, nearest

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
