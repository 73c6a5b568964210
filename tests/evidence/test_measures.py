import json
import math
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest

from flowbt.evidence.measures import MEASURES, Measures, drawdown, measure, per_bar

NO_TRADES = pd.DataFrame(columns=["entry_label", "exit_label", "pnl", "return", "bars"])


def series(values):
    return pd.Series(values, index=pd.bdate_range("2020-01-01", periods=len(values)), dtype=float)


@pytest.fixture(scope="module")
def returns():
    return series(np.random.default_rng(7).standard_t(4, 1500) * 0.01 + 0.0004)


@pytest.fixture
def trades():
    labels = pd.to_datetime(["2020-01-01", "2020-01-03", "2020-01-08"])
    out = pd.DataFrame({"entry_label": labels, "exit_label": pd.to_datetime(["2020-01-02", "2020-01-07", None])})
    return out.assign(pnl=[30.0, -10.0, 99.0], **{"return": [0.03, -0.01, 0.5]}, bars=[1, 2, 9])


def test_ratios_are_those_of_vectorbt(returns):
    import vectorbt as vbt

    m, theirs = measure(returns, NO_TRADES, 252), returns.vbt.returns(freq="1D", year_freq="252D")
    assert m.sharpe == pytest.approx(theirs.sharpe_ratio(), rel=1e-9)
    assert m.sortino == pytest.approx(theirs.sortino_ratio(), rel=1e-9)
    assert m.max_drawdown == pytest.approx(theirs.max_drawdown(), rel=1e-9)
    assert m.cagr == pytest.approx(theirs.annualized(), rel=1e-9)
    assert m.volatility == pytest.approx(theirs.annualized_volatility(), rel=1e-9)
    assert vbt.__version__


def test_benchmark_changes_nothing_else(returns):
    other = series(np.random.default_rng(8).standard_normal(1500) * 0.01)
    alone, beside = (asdict(measure(returns, NO_TRADES, 252, b)) for b in (None, other))
    changed = {k for k in alone if not (alone[k] == beside[k] or (alone[k] != alone[k] and beside[k] != beside[k]))}
    assert changed == {"beta", "alpha", "correlation"}


def test_beta_and_alpha_of_a_known_mix():
    b = series(np.random.default_rng(1).standard_normal(900) * 0.01)
    m = measure(0.5 * b + 0.001, NO_TRADES, 252, b)
    assert (m.beta, m.alpha, m.correlation) == (pytest.approx(0.5), pytest.approx(0.252), pytest.approx(1.0))


def test_only_closed_trades_count(trades):
    m = measure(series([0.01, 0.02, -0.01, 0.0, 0.01, 0.02]), trades, 252)
    assert (m.trades, m.open_trades, m.win_rate, m.profit_factor) == (2, 1, 0.5, 3.0)
    assert (m.expectancy, m.mean_bars) == (pytest.approx(0.01), 1.5)
    assert m.exposure == pytest.approx(4 / 6)  # 1st; 3rd and 6th January; from the 8th on


def test_a_trade_marked_at_the_end_is_open_though_it_has_a_last_label(trades):
    marked = trades.assign(exit_label=trades["exit_label"].fillna(trades["entry_label"]), reason=["signal", "stop", "open"])
    found = measure(series([0.001] * 10), marked, 252.0)
    assert (found.trades, found.open_trades, found.win_rate) == (2, 1, 0.5)


def test_drawdown_dates():
    m = measure(series([0.1, -0.2, 0.05, 0.3, -0.1]), NO_TRADES, 252)
    assert m.max_drawdown == pytest.approx(-0.2)
    assert (m.drawdown_peak, m.drawdown_trough, m.drawdown_recovered) == ("2020-01-01", "2020-01-02", "2020-01-06")
    assert m.drawdown_bars == 2
    assert drawdown(series([-0.5])).iloc[0] == -0.5  # the start is a high


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    rng, hits = np.random.default_rng(0), 0
    for _ in range(120):
        m = measure(series(rng.standard_normal(500) * 0.01 + 0.0005), NO_TRADES, 252)
        hits += m.sharpe_low <= 0.05 * math.sqrt(252) <= m.sharpe_high
    assert 0.88 <= hits / 120 <= 0.99


def test_nothing_held_is_not_a_number_but_still_json():
    m = measure(series([0.0] * 50), NO_TRADES, 252)
    assert math.isnan(m.sharpe)
    assert (m.cagr, m.max_drawdown, m.exposure) == (0.0, 0.0, 0.0)
    assert json.loads(json.dumps(m.to_dict(), allow_nan=False))["sharpe"] is None
    assert math.isnan(Measures.from_dict(m.to_dict()).sharpe)


def test_ruin_is_minus_one():
    m = measure(series([0.1] * 30 + [-1.0]), NO_TRADES, 252)
    assert (m.total_return, m.cagr, m.max_drawdown) == (-1.0, -1.0, -1.0)


def test_no_bars_at_all():
    assert measure(series([]), NO_TRADES, 252).bars == 0


def test_every_measure_is_described_once():
    assert [m.name for m in MEASURES] == [f for f in Measures.__dataclass_fields__ if f not in ("start", "end", "bars")]
    assert MEASURES[1].text(0.1234) == "+12.34%"
    assert MEASURES[1].text(math.nan) == "-"


def test_values_per_bar_mean_the_measures_and_say_what_each_bar_adds(returns):
    x = returns.to_numpy()
    whole, values = measure(returns, NO_TRADES, 252.0), per_bar(x, 252.0)
    left_out = [measure(returns.drop(returns.index[k]), NO_TRADES, 252.0) for k in (3, 40, 200)]
    for name in ("sharpe", "cagr", "volatility", "mean"):
        estimate = x.mean() * 252 if name == "mean" else getattr(whole, name)
        assert values[name].mean() == pytest.approx(estimate, rel=1e-9)
        without = [x[np.arange(len(x)) != k].mean() * 252 if name == "mean" else getattr(one, name) for k, one in zip((3, 40, 200), left_out, strict=True)]
        jackknife = len(x) * estimate - (len(x) - 1) * np.array(without)
        assert values[name][[3, 40, 200]] == pytest.approx(jackknife, rel=0.02, abs=0.02 * np.abs(values[name]).std())


def test_the_tail_is_a_quantile_and_the_mean_of_what_lies_at_or_under_it():
    m = measure(series(np.arange(-10, 11) / 100), NO_TRADES, 252)  # the second lowest of 21 is the 5% quantile
    assert (m.var_95, m.es_95) == (pytest.approx(-0.09), pytest.approx(-0.095))


def test_exposure_and_turnover_are_those_of_the_runs_own_table():
    activity = pd.DataFrame({"gross": [0.0, 0.5, -0.5, 1.0], "turnover": [np.nan, 1.0, 0.0, 1.0]})
    m = measure(series([0.01, 0.0, -0.01, 0.02]), NO_TRADES, 365, activity=activity)
    assert (m.exposure, m.turnover) == (0.75, pytest.approx(0.5 * 365))
    assert math.isnan(measure(series([0.01] * 4), NO_TRADES, 365, activity=activity[["gross"]]).turnover)


def test_a_trade_that_earned_nothing_is_no_win_and_without_a_loss_there_is_no_profit_factor(trades):
    closed = trades.assign(exit_label=trades["entry_label"])
    assert measure(series([0.01] * 6), closed.assign(pnl=[2.0, 0.0, -1.0]), 252).win_rate == pytest.approx(1 / 3)
    assert measure(series([0.01] * 6), closed.assign(pnl=[2.0, 0.0, -1.0]), 252).profit_factor == 2.0
    assert math.isnan(measure(series([0.01] * 6), closed.assign(pnl=[2.0, 0.0, 1.0]), 252).profit_factor)


def test_an_interval_takes_twenty_bars_that_vary_and_no_ruin(returns):
    known = [not math.isnan(measure(series(x), NO_TRADES, 252).sharpe_low) for x in (returns[:19], returns[:20], [0.001] * 30, [*returns[:30], -1.0])]
    assert known == [False, True, False, False]


def test_a_benchmark_takes_two_common_labels_and_has_to_move():
    r = series([0.01, 0.02, -0.01])
    two = pd.Series([0.02, 0.04], r.index[:2])
    m = measure(r, NO_TRADES, 252, two)
    assert (m.beta, m.correlation) == (pytest.approx(0.5), pytest.approx(1.0))
    assert math.isnan(measure(r, NO_TRADES, 252, two[:1]).beta)
    assert math.isnan(measure(r, NO_TRADES, 252, two * 0 + 0.01).beta)
    assert math.isnan(measure(r * 0, NO_TRADES, 252, two).correlation)


def test_a_fall_from_the_start_has_the_first_label_and_one_that_lasts_has_no_end():
    m = measure(series([-0.1, -0.1, 0.05, 0.01]), NO_TRADES, 252)
    assert (m.drawdown_peak, m.drawdown_trough, m.drawdown_recovered) == ("2020-01-01", "2020-01-02", "")
    assert m.drawdown_bars == 4
    assert m.calmar == pytest.approx(m.cagr / 0.19)
    assert math.isnan(measure(series([0.1, 0.1]), NO_TRADES, 252).calmar)


def test_one_bar_has_a_return_and_no_spread():
    m = measure(series([0.1]), NO_TRADES, 252)
    assert (m.total_return, m.bars, m.var_95) == (pytest.approx(0.1), 1, 0.1)
    assert math.isnan(m.volatility)
    assert math.isnan(m.sharpe)
