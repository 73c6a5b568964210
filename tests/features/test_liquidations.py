import numpy as np
import pandas as pd
import pytest
from scipy import stats
from tests.panels import TinyPanel

from flowbt.features.liquidations import book_stress, forced_liquidations, lending_liquidations_z
from flowbt.ground.errors import ParameterError

DAYS = pd.date_range("2024-01-01", periods=100, freq="D")


def series(seed):
    return pd.DataFrame({"BTC": np.random.default_rng(seed).lognormal(15, 1, 100)}, index=DAYS)


def test_net_is_negative_when_longs_are_sold_out():
    panel = TinyPanel({"liquidations_long_usd": series(1) * 0 + 5e6, "liquidations_short_usd": series(1) * 0 + 1e6}, symbols=("BTC",))
    found = forced_liquidations(panel, bars=2)
    assert found.net["BTC"].iloc[-1] == -8e6
    assert found.total["BTC"].iloc[-1] == 12e6
    assert found.long_z["BTC"].isna().all()  # nothing varied


def test_z_scores_are_scipys_over_the_window():
    panel = TinyPanel({"lending_liquidations_usd": series(2)}, symbols=("BTC",))
    expected = stats.zscore(panel["lending_liquidations_usd"]["BTC"].to_numpy()[-90:], ddof=1)[-1]
    assert lending_liquidations_z(panel)["BTC"].iloc[-1] == pytest.approx(expected)


def test_a_thin_book_has_little_depth_and_a_wide_spread():
    depth, spread = series(3), series(4)
    depth.iloc[-1], spread.iloc[-1] = 1.0, 1e9
    panel = TinyPanel({"depth_1pct_usd": depth, "spread_bps": spread}, symbols=("BTC",))
    found = book_stress(panel, sigmas=0.5)
    assert found.thin["BTC"].iloc[-1]
    assert found.depth_z["BTC"].iloc[-1] < 0 < found.spread_z["BTC"].iloc[-1]


def test_book_stress_wants_sigmas_of_at_least_zero():
    with pytest.raises(ParameterError, match="0 or more"):
        book_stress(TinyPanel({"depth_1pct_usd": series(3), "spread_bps": series(4)}, symbols=("BTC",)), sigmas=-1)
