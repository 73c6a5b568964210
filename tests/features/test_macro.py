"""Macro regimes: quadrants, gates, units of the liquidity sum, what is missing."""

import numpy as np
import pandas as pd
import pytest
from tests.panels import TinyPanel

from flowbt.features import (
    auction_demand,
    credit_gate,
    credit_spread,
    credit_stress,
    dollar_block,
    dollar_oil_regime,
    dollar_unblocked,
    fed_regime,
    financial_conditions,
    funding_stress,
    ism_regime,
    net_liquidity,
    rate_regime,
    sell_america,
)


def _series(values: object) -> pd.Series:
    array = np.asarray(values, dtype=float)
    return pd.Series(array, index=pd.bdate_range("2026-01-02", periods=len(array)))


def _panel(**series: object) -> TinyPanel:
    """Keys "field__SYMBOL"."""
    data = {tuple(key.split("__")): _series(values) for key, values in series.items()}
    return TinyPanel(data, symbols=("SPX",))  # type: ignore[arg-type]


@pytest.mark.parametrize(("usd", "ten", "code"), [(-1, -0.1, 0), (-1, 0.1, 1), (1, -0.1, 2), (1, 0.1, 3), (-1, np.nan, np.nan)])
def test_rate_quadrants(usd: float, ten: float, code: float) -> None:
    panel = _panel(close__DXY=[100, 100 + usd], value__DGS10=[4.0, 4.0 + ten])
    np.testing.assert_equal(rate_regime(panel, window=1).regime.iloc[-1, 0], code)
    assert sell_america(panel, window=1).iloc[-1, 0] == (code == 1)


def test_broad_dollar_stands_in_and_is_named() -> None:
    panel = _panel(value__DTWEXBGS=[120, 119], value__DGS10=[4.0, 4.1])
    assert sell_america(panel, window=1).iloc[-1, 0]
    assert panel.stand_ins == [("value", "DTWEXBGS")]


def test_negative_oil_has_no_change() -> None:
    panel = _panel(close__DXY=[100, 99, 98], value__DCOILWTICO=[18.0, -36.98, 9.0])
    regime = dollar_oil_regime(panel, window=1).regime["SPX"]
    assert regime.isna().all()
    assert dollar_oil_regime(panel, window=2).regime.iloc[-1, 0] == 0


def test_hard_block_and_its_opposite_are_both_false_when_missing() -> None:
    panel = _panel(close__DXY=[100.0, 99.99, np.nan])
    assert dollar_block(panel)["SPX"].tolist() == [True, False, False]
    assert dollar_unblocked(panel)["SPX"].tolist() == [False, True, False]


def test_net_liquidity_in_one_unit() -> None:
    panel = _panel(value__WALCL=[6_646_344.0, 6_655_939.0], value__WTREGEN=[838_186.0, 853_052.0], value__RRPONTSYD=[0.552, 0.698])
    liquidity = net_liquidity(panel, window=1)
    assert liquidity.level.iloc[-1, 0] == pytest.approx(6655.939 - 853.052 - 0.698)
    assert liquidity.change.iloc[-1, 0] == pytest.approx(9.595 - 14.866 - 0.146)


def _oas() -> np.ndarray:
    return np.append(3.0 + 0.01 * np.random.default_rng(2).standard_normal(60), 4.0)


def test_credit_stress_shuts_the_gate() -> None:
    panel = _panel(value__HY_OAS=_oas())
    assert credit_spread(panel, window=1).change.iloc[-1, 0] == pytest.approx(1.0, abs=0.05)
    assert credit_stress(panel, window=1, history=40).iloc[-1, 0] > 3
    gate = credit_gate(panel, window=1, history=40)["SPX"]
    assert gate.iloc[50]
    assert not gate.iloc[-1]
    assert not gate.iloc[0]  # missing lets nothing pass


def test_falling_high_yield_fund_is_stress() -> None:
    panel = _panel(close__HYG=np.append(80 + 0.05 * np.random.default_rng(2).standard_normal(60), 76.0))
    assert credit_stress(panel, window=1, history=40).iloc[-1, 0] > 3
    assert panel.stand_ins == [("close", "HYG")]


def test_funding_stress_is_a_mean_difference() -> None:
    panel = _panel(value__SOFR=[4.3, 4.5, 4.4], value__DFF=[4.33, 4.33, 4.33])
    assert funding_stress(panel, mean=3).iloc[-1, 0] == pytest.approx(0.07)


def test_ism_counts_sessions_on_its_side_of_fifty() -> None:
    ism = ism_regime(_panel(value__ISM_PMI=[49, 49, 52.7, 52.7, 52.7]))
    assert ism.sessions["SPX"].tolist() == [-1, -2, 1, 2, 3]
    assert ism.expansion["SPX"].tolist() == [False, False, True, True, True]


def test_fed_cuts_and_shrinks() -> None:
    fed = fed_regime(_panel(value__DFF=[5.33, 5.33, 4.83], value__WALCL=[7.0e6, 6.9e6, 6.8e6]), window=1)
    assert fed.regime["SPX"].tolist()[1:] == [1.0, 0.0]
    assert fed.balance_sheet.iloc[1, 0] == pytest.approx(-1 / 70)


def test_auction_against_its_own_mean() -> None:
    panel = TinyPanel({("bid_to_cover", "7-Year"): _series([2.4, 2.4, 2.4, 2.04])}, symbols=("SPX",))
    assert auction_demand(panel, term="7-Year", history=4).iloc[-1, 0] == pytest.approx(2.04 / 2.31 - 1)


def test_financial_conditions_change() -> None:
    assert financial_conditions(_panel(value__NFCI=[-0.5, -0.4]), window=1).change.iloc[-1, 0] == pytest.approx(0.1)
