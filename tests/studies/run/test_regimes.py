"""Regimes of the market that a run is split by."""

from pathlib import Path

import numpy as np
import pandas as pd
from tests.tinydata import store

from flowbt.data.catalog import Catalog
from flowbt.data.panel.reader import open_panel
from flowbt.features.gamma import gamma_sign
from flowbt.ground.clock import Clock
from flowbt.studies.run.regimes import regimes_of

LABELS = Clock().labels("2024-01-02", "2024-01-12")


def test_gamma_whose_range_holds_zero_is_a_regime_of_its_own(tmp_path: Path) -> None:
    gamma = np.array([2.0, 2.0, -2.0, -2.0, 2.0, 2.0, 2.0, 2.0, 2.0])[: len(LABELS)] * 1e9
    error = np.where(np.arange(len(LABELS)) % 2, 3e9, 1e9)
    table = pd.DataFrame({"event_time": LABELS, "symbol": "SPX", "close": 100.0, "gex": gamma, "gex_low": gamma - error, "gex_high": gamma + error})
    store(tmp_path, "chains", table, fields={name: {} for name in ("close", "gex", "gex_low", "gex_high")})
    panel = open_panel(Catalog((tmp_path,)), ("SPX",))
    found = regimes_of(panel, LABELS)["gamma"]
    assert found.iloc[1:5].tolist() == ["long gamma", "gamma of no certain sign", "short gamma", "gamma of no certain sign"]
    assert gamma_sign(panel)["SPX"].iloc[:4].tolist() == [1, 0, -1, 0]
