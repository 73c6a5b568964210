"""Dealer gamma as a series: sign, score, distances, and what is missing."""

import numpy as np
import pandas as pd
import pytest
from tests.panels import TinyPanel

from flowbt.features import gamma_run, gamma_sign, gex_score, positive_gamma_gap, same_day_share, zero_gamma_distance


def _frame(values: object, name: str = "SPY") -> pd.DataFrame:
    array = np.asarray(values, dtype=float)
    return pd.DataFrame({name: array}, index=pd.bdate_range("2024-01-02", periods=len(array)))


def _panel(**fields: object) -> TinyPanel:
    return TinyPanel({name: _frame(values) for name, values in fields.items()})


def test_sign_comes_from_the_index_where_symbols_have_none() -> None:
    panel = TinyPanel({"close": _frame([1, 1, 1]), ("gex", "SPX"): _frame([-3e9, np.nan, 2e9])["SPY"]})
    sign = gamma_sign(panel)["SPY"].tolist()
    assert (sign[0], sign[2]) == (-1.0, 1.0)
    assert np.isnan(sign[1])
    assert panel.stand_ins == [("gex", "SPX")]


def test_score_is_against_its_own_history() -> None:
    gex = np.arange(20.0) ** 2
    score = gex_score(_panel(close=gex, gex=gex), window=10).iloc[-1, 0]
    assert score == pytest.approx((gex[-1] - gex[-10:].mean()) / gex[-10:].std(ddof=1))


def test_run_of_short_gamma() -> None:
    assert gamma_run(_panel(close=[1] * 4, gex=[2, -1, -5, 3]))["SPY"].tolist() == [1, -1, -2, 1]


def test_no_level_is_missing_and_never_zero() -> None:
    panel = _panel(close=[6783, 6783], zero_gamma=[6900, np.nan], nearest_positive_gamma=[5825, 0])
    assert zero_gamma_distance(panel)["SPY"].iloc[0] == pytest.approx(6783 / 6900 - 1)
    assert positive_gamma_gap(panel)["SPY"].iloc[0] == pytest.approx(-0.1412, abs=1e-4)
    assert np.isnan(zero_gamma_distance(panel)["SPY"].iloc[1])
    assert np.isnan(positive_gamma_gap(panel)["SPY"].iloc[1])


def test_share_of_the_same_day() -> None:
    panel = _panel(close=[1, 1], gex=[-4e9, 0], gex_0dte=[-3e9, 0])
    assert same_day_share(panel)["SPY"].iloc[0] == pytest.approx(0.75)
    assert np.isnan(same_day_share(panel)["SPY"].iloc[1])


def test_a_range_that_holds_zero_leaves_no_sign() -> None:
    panel = _panel(close=[1] * 4, gex=[2, -1, -5, 3], gex_low=[1, -2, -9, -1], gex_high=[3, 1, -4, 4])
    assert gamma_sign(panel)["SPY"].tolist() == [1, 0, -1, 0]
    assert gamma_run(panel)["SPY"].tolist() == [1, 0, -1, 0]


def test_a_range_of_another_number_says_nothing() -> None:
    panel = _panel(close=[1, 1], gex=[20, np.nan], gex_low=[-1, -1], gex_high=[4, 4])
    sign = gamma_sign(panel)["SPY"]
    assert sign.iloc[0] == 1
    assert np.isnan(sign.iloc[1])


def test_the_index_range_goes_with_the_index() -> None:
    days = _frame([1.0, 1.0])
    panel = TinyPanel({"close": days, ("gex", "SPX"): days["SPY"], ("gex_low", "SPX"): -days["SPY"], ("gex_high", "SPX"): 2 * days["SPY"]})
    assert gamma_sign(panel)["SPY"].tolist() == [0, 0]
