import numpy as np
import pandas as pd
import pytest

from flowbt.evidence.paired import paired_difference
from flowbt.evidence.search.noise import noise_band


def test_noise_band_of_noise_and_of_an_edge():
    worlds = np.random.default_rng(0).standard_normal((99, 40))
    assert noise_band(worlds[0], worlds[1:]).p > 0.01
    found = noise_band(np.append(worlds[0], 9.0), np.column_stack([worlds[1:], worlds[1:, 0]]))
    assert found.p == pytest.approx(1 / 99)
    assert found.low < found.middle < found.high < 9.0


def test_noise_band_without_trades_counts_lowest():
    found = noise_band(np.array([1.0, np.nan]), np.array([[2.0, np.nan], [0.0, 0.5]]))
    assert found.p == pytest.approx(2 / 3)


@pytest.fixture(scope="module")
def runs():
    rng = np.random.default_rng(3)
    index = pd.bdate_range("2015-01-01", periods=1200)
    market = rng.standard_normal(1200) * 0.01
    return pd.Series(market, index=index), pd.Series(market + 0.0005 + rng.standard_normal(1200) * 0.001, index=index)


def test_a_small_steady_edge_shows_in_the_difference(runs):
    table = paired_difference(runs[1], runs[0], 252)
    assert table.loc["mean", "low"] > 0
    assert table.loc["mean", "difference"] == pytest.approx(0.0005 * 252, rel=0.15)


def test_a_run_against_itself_is_nothing(runs):
    table = paired_difference(runs[0], runs[0], 252)
    assert table["difference"].abs().max() == 0
    assert (table["p"] == 1).all()


def test_too_few_common_labels_is_not_a_number(runs):
    assert paired_difference(runs[0][:10], runs[1], 252)["low"].isna().all()
