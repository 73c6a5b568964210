"""What a result leans on."""

import math

import numpy as np
import pandas as pd
import pytest

from flowbt.evidence.robustness import robustness

DAYS = pd.bdate_range("2020-12-28", periods=8)


def run(returns, turnover=0.0, cost=0.0):
    value = 100 * np.cumprod(1 + np.asarray(returns))
    before = np.concatenate([[100.0], value[:-1]])
    traded = np.broadcast_to(turnover, 8) * before
    return pd.DataFrame({"value": value, "strategy": returns, "turnover": np.broadcast_to(turnover, 8), "fees": traded * cost, "slippage": 0.0}, index=DAYS)


def trades(*pnl, symbol="A"):
    return pd.DataFrame({"symbol": symbol, "pnl": pnl, "exit_label": DAYS[0], "reason": "hold"})


def test_costs_at_break_even_leave_nothing():
    table = run([0.01, -0.005, 0.002, 0.0, 0.01, -0.01, 0.004, 0.003], turnover=0.5, cost=0.0003)
    found = robustness(table, trades(1.0), 252, 100.0)
    traded = (table["turnover"] * np.concatenate([[100], table["value"][:-1]])).sum()
    assert found.cost_bp == pytest.approx(3.0)
    assert found.break_even_bp == pytest.approx((table["value"].iloc[-1] - 100) / traded * 1e4 + 3.0)


def test_twice_the_costs_are_paid_once_more():
    returns = np.array([0.01, -0.005, 0.002, 0.0, 0.01, -0.01, 0.004, 0.003])
    once_more = returns - 0.5 * 0.0003
    found = robustness(run(returns, turnover=0.5, cost=0.0003), trades(1.0), 252, 100.0)
    assert found.sharpe_double_costs == pytest.approx(once_more.mean() / once_more.std(ddof=1) * math.sqrt(252))


def test_the_best_trades_are_left_out():
    many = trades(*([1.0] * 38), 20.0, 30.0)
    found = robustness(run(np.full(8, 0.01)), many, 252, 100.0)
    assert found.best_left_out == 2
    assert found.return_without_best == pytest.approx(0.38)


def test_many_small_profits_are_no_concentration():
    rng = np.random.default_rng(1)
    found = robustness(run(np.full(8, 0.01)), trades(*rng.normal(0.1, 1.0, 2000)), 252, 100.0)
    assert found.best_left_out == 10
    assert found.return_without_best > 0


def test_shares_of_symbols_and_years():
    both = pd.concat([trades(5.0, symbol="A"), trades(-3.0, symbol="B")])
    found = robustness(run([0.0, 0.0, 0.0, 0.0, 0.02, 0.0, 0.0, 0.0]), both, 252, 100.0)
    assert (found.top_symbol, found.top_symbol_share) == ("A", pytest.approx(2.5))
    assert (found.top_year, found.top_year_share) == ("2021", pytest.approx(1.0))


def test_open_trades_do_not_count_and_nothing_is_not_a_number():
    still = trades(9.0).assign(reason="open")
    found = robustness(run(np.zeros(8)), still, 252, 100.0)
    assert math.isnan(found.return_without_best)
    assert math.isnan(found.break_even_bp)
    assert found.to_dict()["top_year_share"] is None
