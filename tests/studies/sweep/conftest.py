from __future__ import annotations

from pathlib import Path

import pytest

from flowbt.data.catalog import Catalog

STRATEGY = '''"""Buy strength, sell weakness.

Source: test
"""

from flowbt import Signals

SYMBOLS = ("SPY", "IWM")
GRID = {"window": (3, 5, 8), "level": (-0.01, 0.0, 0.01), "hold": (2, 5)}
CONSTRAINTS = ("hold < window + 1",)


def signals(panel, *, window=5, level=0.0, hold=5, stop=0.05):
    change = panel["close"].pct_change(window, fill_method=None)
    return Signals(long=change > level, short=change < -level - 0.01, hold=hold, stop=stop)
'''


@pytest.fixture(scope="session")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of datasets with the demo market."""
    from flowbt.studies.catalogs import open_catalog

    folder = tmp_path_factory.mktemp("datasets")
    open_catalog(folder, True)
    return folder


@pytest.fixture(scope="session")
def catalog(datasets: Path) -> Catalog:
    from flowbt.studies.catalogs import open_catalog

    return open_catalog(datasets, True)


@pytest.fixture
def strategy(tmp_path: Path) -> Path:
    path = tmp_path / "swing.py"
    path.write_text(STRATEGY)
    return path
