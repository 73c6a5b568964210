"""A small invented catalog: the index and its volatility, a fund that moves 1.5 times as much, a fund in two vintages, a coin."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.studies.ideas.invented import SPY, VIX, closes, moves
from tests.tinydata import store

from flowbt.data.catalog import Catalog

CLOSE = {"close": {}}
IDEA = """[[idea]]
id = "{id}"
symbol = "{symbol}"
type = "{type}"
strikes = {strikes}
date = {date}
expiry = {expiry}
{more}
"""


@pytest.fixture(scope="session")
def root(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("datasets")
    indices = [closes("SPX", 6700 * np.exp(moves(1.0))), closes("VIX", VIX), closes("GVZ", 30.0)]
    store(root, "indices", pd.concat(indices), fields=CLOSE)
    store(root, "small", closes("IWM", 250 * np.exp(moves(1.5))), fields=CLOSE)
    store(root, "adjusted", pd.concat([closes("SPY", 600.0), closes("GLD", 400.0)]), fields=CLOSE, vintage="latest", priority=1)
    store(root, "printed", closes("SPY", SPY), fields=CLOSE, priority=9)
    hours = pd.date_range("2026-03-01", "2026-05-01", freq="D")
    coin = pd.concat([closes("BTC", 70000.0 + 100 * np.arange(len(hours)), hours), closes("DVOL", 50.0, hours)])
    store(root, "coins", coin, fields=CLOSE, clock="24/7", frequency="day")
    return root


@pytest.fixture(scope="session")
def catalog(root) -> Catalog:
    return Catalog((root,))


@pytest.fixture
def write(tmp_path):
    """Writes ideas given as keyword sets over a default one."""

    def one(*ideas: dict[str, object]) -> Path:
        base = {"id": "x", "symbol": "SPY", "type": "put spread", "strikes": "[660, 640]", "date": "2026-04-08", "expiry": "2026-05-15", "more": ""}
        path = tmp_path / "ideas.toml"
        path.write_text("".join(IDEA.format(**{**base, "id": f"x{n}", **idea}) for n, idea in enumerate(ideas)))
        return path

    return one
