"""A short piece of the demo market as datasets: three years of sessions, the last months by the hour."""

from pathlib import Path

import pytest

from flowbt.data.catalog import Catalog
from flowbt.data.demo.build import build_demo
from flowbt.data.versions import write_dataset

STARTS = {"demo-crypto-hourly": "2025-10-15"}


@pytest.fixture(scope="session")
def slice_root(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("slice")
    for name, table in build_demo(7).items():
        rows = table.table[table.table["event_time"] >= STARTS.get(name, "2023-01-01")]
        write_dataset(root, table.declaration, rows, {"files": []})
    return root


@pytest.fixture(scope="session")
def catalog(slice_root) -> Catalog:
    return Catalog((slice_root,))
