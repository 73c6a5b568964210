"""A tiny catalog: prices of SPY and QQQ, and DIX, published in the evening."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from flowbt.data.catalog import Catalog
from flowbt.ground.clock import Clock
from tinydata import FIELDS, bars, store


@pytest.fixture
def root(tmp_path: Path) -> Path:
    labels = Clock().labels("2024-01-02", "2024-03-28")
    store(tmp_path, "prices", pd.concat([bars("SPY", labels), bars("QQQ", labels[5:], 50.0)]), fields=FIELDS)
    dix = pd.DataFrame({"event_time": labels, "symbol": "SPX", "dix": np.linspace(0.40, 0.46, len(labels))})
    store(tmp_path, "dix", dix, publication={"rule": "session", "at": "20:00"}, fields={"dix": {"max_age": "2 sessions"}})
    return tmp_path


@pytest.fixture
def catalog(root: Path) -> Catalog:
    return Catalog((root,))
