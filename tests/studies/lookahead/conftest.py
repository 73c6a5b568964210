"""Three index funds over nine years with what the corpus reads: prices, VIX, DIX, and dated releases announced ahead."""

import numpy as np
import pandas as pd
import pytest
from tests.studies.conftest import walk

from flowbt.data.catalog import Catalog
from flowbt.data.panel.views import Quiet
from flowbt.ground.clock import Clock
from flowbt.studies.lookahead.strategies import leak_of, refuse
from flowbt.studies.run.backtest import prepare
from flowbt.studies.run.request import Request
from tinydata import FIELDS, store


@pytest.fixture(scope="session")
def funds(tmp_path_factory):
    root, labels = tmp_path_factory.mktemp("funds"), Clock().labels("2017-01-03", "2025-06-30")
    store(root, "prices", pd.concat([walk(symbol, labels, n) for n, symbol in enumerate(("SPY", "QQQ", "IWM", "SPX"))]), fields=FIELDS)
    rng = np.random.default_rng(5)
    vix = 18 * np.exp(np.cumsum(rng.normal(0, 0.02, len(labels))) * 0.2)
    store(root, "vix", pd.DataFrame({"event_time": labels, "symbol": "VIX", "close": vix}), fields={"close": {}})
    store(root, "dix", pd.DataFrame({"event_time": labels, "symbol": "SPX", "dix": rng.normal(0.45, 0.02, len(labels))}), fields={"dix": {}})
    days = labels[::21]
    known = days - pd.Timedelta(days=45)
    for name in ("CPI", "FOMC"):
        table = pd.DataFrame({"event_time": days, "known_at": known, "symbol": name, "event": 1.0})
        store(root, name.lower(), table, fields={"event": {}})
    return Catalog((root,))


@pytest.fixture
def decided(funds, tmp_path):
    """Write a strategy file, let it decide, and refuse it as a run would."""

    def run(text, catalog=funds):
        path = tmp_path / "planted.py"
        path.write_text(text)
        prepared = prepare(catalog, Request(path))
        refuse("planted", leak_of(prepared.strategy, prepared.parameters, Quiet(prepared.panel.unlogged(), prepared.features), prepared.raw))

    return run
