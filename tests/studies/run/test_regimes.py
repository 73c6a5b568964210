"""The market's states beside a run: each known a label before, each on its side of its bound."""

import numpy as np
import pandas as pd
import pytest

from flowbt.data.catalog import Catalog
from flowbt.data.panel.reader import open_panel
from flowbt.features.gamma import gamma_sign
from flowbt.ground.clock import Clock
from flowbt.studies.run.regimes import regimes_of
from tinydata import FIELDS, bars, store

LABELS = Clock().labels("2024-01-02", "2024-01-12")


@pytest.fixture
def panel(tmp_path):
    store(tmp_path, "prices", bars("SPY", LABELS), fields=FIELDS)
    gex = pd.DataFrame({"event_time": LABELS, "symbol": "SPX", "gex": [0.0, -1.0, 2.0, np.nan, -3.0, 0.0, 0.0, 0.0, 1.0]})
    store(tmp_path, "gex", gex, publication={"rule": "session", "at": "17:00"}, fields={"gex": {"max_age": "1 session"}})
    vix = pd.DataFrame({"event_time": LABELS, "symbol": "VIX", "close": [14.99, 15.0, 24.99, 25.0, 30.0, 10.0, 15.0, 25.0, 20.0]})
    store(tmp_path, "vix", vix, fields={"close": {"max_age": "1 session"}})
    return open_panel(Catalog((tmp_path,)), ["SPY"])


def test_a_state_is_that_of_the_label_before_and_nothing_known_is_no_state(panel):
    found = regimes_of(panel, panel.index)
    assert found["gamma"].tolist()[:4] == ["", "long gamma", "short gamma", "long gamma"]
    assert found["gamma"].tolist()[6:] == ["long gamma"] * 3
    assert found["volatility"].tolist()[:7] == ["", "VIX under 15", "VIX 15 to 25", "VIX 15 to 25", "VIX over 25", "VIX over 25", "VIX under 15"]


def test_regimes_are_those_the_catalog_has_data_for_on_its_clock(panel, tmp_path):
    assert set(regimes_of(panel, panel.index)) == {"gamma", "volatility", "zone"}
    days = Clock("24/7").labels("2024-01-01", "2024-01-06")
    store(tmp_path / "coin", "btc", bars("BTC", days), clock="24/7", frequency="day", fields=FIELDS)
    rates = pd.DataFrame({"event_time": days, "symbol": "BTC", "funding_rate": [-0.1, 0.0, 0.1, -0.1, 0.0, 0.1]})
    store(tmp_path / "coin", "rates", rates, clock="24/7", frequency="day", publication={"rule": "after"}, fields={"funding_rate": {"max_age": "2D"}})
    store(tmp_path / "coin", "eth", bars("ETH", days), clock="24/7", frequency="day", fields=FIELDS)
    coin = open_panel(Catalog((tmp_path / "coin",)), ["BTC", "ETH"], Clock("24/7"))  # of the first symbol, whatever the others have
    found = regimes_of(coin, coin.index)
    assert set(found) == {"funding"}
    assert {"negative funding", "positive funding"} <= set(found["funding"])


def test_labels_of_the_run_are_those_shown(panel):
    assert regimes_of(panel, panel.index[3:6])["gamma"].index.equals(panel.index[3:6])


def test_gamma_whose_range_holds_zero_is_a_regime_of_its_own(tmp_path):
    gamma = np.array([2.0, 2.0, -2.0, -2.0, 0.0, 2.0, 2.0, 2.0, 2.0]) * 1e9
    error = np.where(np.arange(len(LABELS)) % 2, 3e9, 1e9)
    table = pd.DataFrame({"event_time": LABELS, "symbol": "SPX", "close": 100.0, "gex": gamma, "gex_low": gamma - error, "gex_high": gamma + error})
    store(tmp_path, "chains", table, fields={name: {} for name in ("close", "gex", "gex_low", "gex_high")})
    panel = open_panel(Catalog((tmp_path,)), ("SPX",))
    found = regimes_of(panel, LABELS)["gamma"]
    assert found.iloc[1:6].tolist() == ["long gamma", "gamma of no certain sign", "short gamma", "gamma of no certain sign", "long gamma"]  # the last is nought
    assert gamma_sign(panel)["SPX"].iloc[:4].tolist() == [1, 0, -1, 0]
