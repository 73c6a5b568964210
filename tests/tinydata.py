"""Tiny datasets of invented numbers, for tests of any room."""

from pathlib import Path

import numpy as np
import pandas as pd

from flowbt.data.declare import parse_declaration
from flowbt.data.versions import current, write_dataset

FIELDS = {name: {} for name in ("open", "high", "low", "close", "volume")}


def bars(symbol: str, labels: pd.DatetimeIndex, start: float = 100.0) -> pd.DataFrame:
    close = start + np.arange(len(labels), dtype=float)
    return pd.DataFrame({"event_time": labels, "symbol": symbol, "open": close - 0.5, "high": close + 1, "low": close - 1, "close": close, "volume": 1e6})


def store(root: Path, name: str, table: pd.DataFrame, **declaration) -> None:
    raw = {"title": name, "source": "test", "publication": {"rule": "close"}, **declaration}
    dataset = parse_declaration(name, raw)
    if "known_at" not in table:
        table = table.assign(known_at=dataset.publication.known_at(pd.DatetimeIndex(table["event_time"]), dataset.calendar))
    write_dataset(root, dataset, table, {"files": []})


def stored(folder: Path) -> pd.DataFrame:
    """The current table of a dataset's folder."""
    return current(folder).frame()


def table_file(folder: Path) -> Path:
    """The Parquet file of the current version."""
    return current(folder).folder / "data.parquet"
