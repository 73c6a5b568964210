"""A small project to do harm to: two datasets of invented numbers, a strategy, a claim, a file to import."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

STRATEGY = '''"""Fade: sell what has risen.

Source: a test
"""

from flowbt import Signals

SYMBOLS = ("SPY", "QQQ")
GRID = {"rise": (0.0, 0.01), "hold": (2, 3)}


def signals(panel, *, rise=0.01, hold=3, size=0.5, note="x", wild=False):
    moved = panel["close"].pct_change() >= rise
    return Signals(short=moved & (panel["dix", "SPX"] > 0), hold=hold, size=size)
'''

CLAIM = '''"""Falls: an invented document."""

from flowbt import Document, claim, forward_return

DOCUMENT = Document("falls", dated="2023-01-31")


@claim("A fall of 1% is followed by a better week", stated={"mean": 0.01}, outcome=forward_return("SPY", 5), definitions={"fall": (0.01, 0.015)})
def fall_rebounds(panel, *, fall=0.01):
    return panel["close", "SPY"].iloc[:, 0].pct_change() <= -fall
'''

IDEA = """[[idea]]
title = "one"
"""


def walk(symbol: str, labels: pd.DatetimeIndex, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.012, len(labels))))
    first = np.r_[100.0, close[:-1]] * np.exp(rng.normal(0, 0.003, len(labels)))
    high, low = np.maximum(first, close) * 1.004, np.minimum(first, close) * 0.996
    return pd.DataFrame({"event_time": labels, "symbol": symbol, "open": first, "high": high, "low": low, "close": close, "volume": 1e6})


def build(root: Path) -> None:
    """The project: datasets, a strategy (two copies of it make a gallery), a claim, files to import and reduce."""
    from flowbt.ground.clock import Clock
    from tinydata import FIELDS, store

    labels = Clock().labels("2022-01-03", "2023-06-30")
    store(root / "datasets", "prices", pd.concat([walk("SPY", labels, 1), walk("QQQ", labels, 2)]), fields=FIELDS)
    dix = pd.DataFrame({"event_time": labels[20:], "symbol": "SPX", "dix": 0.45})
    store(root / "datasets", "dix", dix, publication={"rule": "session", "at": "20:00"}, fields={"dix": {"max_age": "2 sessions"}})
    for name, text in (("strategies/fade.py", STRATEGY), ("claims/falls.py", CLAIM)):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "strategies" / "slow.py").write_text(STRATEGY.replace("Fade: sell", "Slow: sell").replace("rise=0.01,", "rise=0.02,"))
    files = root / "files"
    files.mkdir()
    (files / "a.csv").write_text("Date,X\n2024-01-02,1\n2024-01-03,2\n")
    (files / "b.csv").write_text("Date,X\n2024-01-03,2.5\n2024-01-04,3\n")
    (files / "prints.csv").write_text(
        "symbol,executed_at,price,size,premium,nbbo_bid,nbbo_ask\nSPY,2024-01-02T15:00:00Z,470,100,47000,469.9,470.1\nSPY,2024-01-02T16:00:00Z,471,200,94200,470.9,471.0\n"
    )
    (files / "plan.toml").write_text('[[dataset]]\nname = "one"\n[[dataset.file]]\npath = "a.csv"\nsource = "messy"\n')
    (root / "flowbt.toml").write_text("")
