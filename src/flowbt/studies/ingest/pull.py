"""Pulling: a source names the addresses, the files are downloaded to a folder, and imported where a dataset is named."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from flowbt.data.ingest.download import Manners, Pulled, pull
from flowbt.data.sources import NAMES, options_of, source
from flowbt.data.sources.base import known_options
from flowbt.data.sources.online import PULLED_BY, with_ccxt, with_yfinance
from flowbt.data.sources.request import Brought, Wanted
from flowbt.ground.errors import PullError, nearest
from flowbt.ground.files import hash_file
from flowbt.ground.protocols import Step
from flowbt.ground.types import JsonView
from flowbt.studies.ingest.arrival import Arrival
from flowbt.studies.ingest.files import FileImport, import_files
from flowbt.studies.ingest.ingest import ImportOutcome

CHAINS = ("cboe_chain", "deribit_chain")  # option chains: a folder of them is reduced to fields, not imported
PACKAGES = {"ccxt": "funding", "yfinance": "yahoo"}  # optional packages, and the source that reads what they write


@dataclass(frozen=True)
class PullResult:
    """The files asked for, and the import where one was asked."""

    files: list[Pulled]
    imported: ImportOutcome | None = None


@dataclass(frozen=True)
class Into:
    """Where files go, and the dataset they are imported as (none: not imported), with the options its source needs. `asked`: when, naive UTC."""

    folder: Path
    datasets: Path
    dataset: str = ""
    publication: str | None = None
    options: JsonView = field(default_factory=dict)
    asked: pd.Timestamp = field(default_factory=lambda: pd.Timestamp.now("UTC").tz_localize(None))


def run_pull(name: str, wanted: Wanted, into: Into, manners: Manners, progress: Step | None = None) -> PullResult:
    """Download from a source, then import if a dataset is named. PullError for a source that cannot be downloaded from."""
    reading = _reading(name, wanted, into)
    if into.dataset and name in CHAINS:
        raise PullError(
            f"dataset {into.dataset} of {name}",
            "chains are reduced to fields first",
            f"leave it out, then: flowbt reduce chains {into.folder} --to {into.dataset}",
        )
    if name in PACKAGES:
        brought = with_ccxt(wanted, into.folder) if name == "ccxt" else with_yfinance(wanted, into.folder, manners.pause, manners.timeout)
        files = [_pulled(one, name) for one in brought]
    else:
        files = pull(_requests(name, wanted), into.folder, manners, progress)
    if into.dataset and len(wanted.symbols) > 1 and "symbol" in into.options:
        raise PullError(f"{len(wanted.symbols)} symbols as {into.options['symbol']}", "one name cannot stand for several", "pull them one by one")
    there = [into.folder / file.file for file in files if file.status in ("fetched", "unchanged")]
    if not into.dataset or not there:
        return PullResult(files)
    reader = _reader(name, wanted)
    frequency = {"funding": "8h", "klines": "1h", "dvol": "day"}.get(reader, "session")
    clock = "24/7" if reader in ("funding", "klines", "dvol") else "XNYS"
    symbol_from = r"^(.+)\.csv$" if name == "yfinance" and "symbol" not in reading else ""
    asked = FileImport(into.dataset, reader, reading, into.publication, clock, frequency, symbol_from=symbol_from)
    return PullResult(files, import_files(asked, there, into.datasets, Arrival(over_by=into.asked)))


def _pulled(one: Brought, package: str) -> Pulled:
    if one.path is None:
        return Pulled(one.symbol, package, "failed", problem=one.problem)
    return Pulled(one.path.name, package, "fetched", one.path.stat().st_size, hash_file(one.path))


def _reader(name: str, wanted: Wanted) -> str:
    """The source that reads what is downloaded."""
    return "klines" if name == "ccxt" and wanted.options.get("what") == "bars" else PACKAGES.get(name, name)


def _reading(name: str, wanted: Wanted, into: Into) -> dict[str, object]:
    """The options the files are read by. SourceError for one that neither the download nor the reading has."""
    if name not in (*CHAINS, *PACKAGES, *NAMES):
        return {}  # `_requests` says what there is
    of_files = () if name in CHAINS else options_of(_reader(name, wanted))
    of_download = PULLED_BY[name] if name in PACKAGES else () if name in CHAINS else getattr(source(name), "PULLED_BY", ())
    known_options(f"pulling {name}", into.options, (*of_download, *of_files))
    return {option: value for option, value in into.options.items() if option in of_files}


def _requests(name: str, wanted: Wanted) -> list[Any]:
    pullable = [*CHAINS, *(one for one in NAMES if hasattr(source(one), "requests"))]
    if name not in pullable:
        known = [*pullable, *PACKAGES]
        raise PullError(f"source {name!r}", "cannot be downloaded from", nearest(name, known) or f"these can: {', '.join(known)}")
    module: Any = import_module(f"flowbt.data.sources.{name}") if name in CHAINS else source(name)
    found: list[Any] = module.requests(wanted)
    return found
