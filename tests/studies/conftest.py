"""A folder with a tiny real-looking catalog and one strategy file."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from flowbt.data.catalog import Catalog
from flowbt.ground.clock import Clock
from tinydata import FIELDS, store

STRATEGY = '''"""Fade: sell what has risen.

Source: a test
"""

from flowbt import Signals

SYMBOLS = ("SPY", "QQQ")
GRID = {"rise": (0.0, 0.01)}


def signals(panel, *, rise=0.01, hold=3, note="x", wild=False):
    moved = panel["close"].pct_change() >= rise
    return Signals(short=moved & (panel["dix", "SPX"] > 0), hold=hold)
'''


def walk(symbol: str, labels: pd.DatetimeIndex, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.012, len(labels))))
    start = np.r_[100.0, close[:-1]] * np.exp(rng.normal(0, 0.003, len(labels)))
    high, low = np.maximum(start, close) * 1.004, np.minimum(start, close) * 0.996
    return pd.DataFrame({"event_time": labels, "symbol": symbol, "open": start, "high": high, "low": low, "close": close, "volume": 1e6})


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    labels = Clock().labels("2022-01-03", "2023-12-29")
    root = tmp_path / "datasets"
    store(root, "prices", pd.concat([walk("SPY", labels, 1), walk("QQQ", labels, 2)]), fields=FIELDS)
    dix = pd.DataFrame({"event_time": labels[40:], "symbol": "SPX", "dix": 0.45})
    store(root, "dix", dix, publication={"rule": "session", "at": "20:00"}, fields={"dix": {"max_age": "2 sessions"}})
    return Catalog((root,))


@pytest.fixture
def strategy(tmp_path: Path) -> Path:
    path = tmp_path / "fade.py"
    path.write_text(STRATEGY)
    return path
