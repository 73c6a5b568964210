"""A tiny catalog: SPX (and a field with nothing in it) over four years, with a jump planted three sessions after every 2% fall."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from flowbt.data.catalog import Catalog
from flowbt.ground.clock import Clock
from flowbt.studies.score.score import Settings
from flowbt.studies.units import HERE
from tinydata import FIELDS, store

HEAD = """
from flowbt import Document, claim, forward_return

DOCUMENT = Document("note", dated="2022-01-03")
"""
FALL = """
@claim("A fall rebounds", stated={"mean": 0.04}, outcome=forward_return("SPX", 3), definitions={"fall": (0.015, 0.02, 0.025)})
def fall_rebounds(panel, *, fall=0.02):
    return panel["close"].pct_change() <= -fall
"""


@pytest.fixture(scope="session")
def catalog(tmp_path_factory):
    root, rng = tmp_path_factory.mktemp("claims-data"), np.random.default_rng(4)
    labels = Clock().labels("2020-01-02", "2023-12-29")
    moves = rng.normal(0.0, 0.012, len(labels))
    for t in np.flatnonzero(moves <= -0.02):
        moves[t + 1 : t + 4] = np.maximum(moves[t + 1 : t + 4], -0.005) + 0.01
    close = 100 * np.exp(np.cumsum(moves))
    table = pd.DataFrame({"event_time": labels, "symbol": "SPX", "open": close, "high": close * 1.01, "low": close * 0.99, "close": close, "volume": 1e6})
    store(root, "prices", table, fields=FIELDS)
    store(root, "nothing", pd.DataFrame({"event_time": labels, "symbol": "SPX", "dix": np.nan, "gex": 1.0}), fields={"dix": {}, "gex": {}})
    return Catalog((root,))


@pytest.fixture
def settings():
    return Settings(resamples=300, workers=HERE)


@pytest.fixture
def note(tmp_path):
    """Write a claim file of these parts; gives its path as text."""

    def write(*parts, name="note"):
        path = tmp_path / f"{name}.py"
        path.write_text("\n".join([HEAD, *parts]))
        return str(path)

    return write


@pytest.fixture(scope="session")
def only(tmp_path_factory):
    """Files with some claims of shipped files alone, in a folder without a register, so that no other claim is measured for them."""

    def write(*targets):
        folder, kept = tmp_path_factory.mktemp("only"), {}
        for target in targets:
            path, _, name = str(target).partition("::")
            kept.setdefault(Path(path), []).append(name.replace("-", "_"))
        for path, names in kept.items():
            drop = f"for _n in [n for n, v in globals().items() if '__claim__' in dir(v) and n not in {names}]:\n    del globals()[_n]\n"
            (folder / path.name).write_text(path.read_text() + "\n\n" + drop)
        return (str(folder),)

    return write
