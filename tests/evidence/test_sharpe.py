import math

import numpy as np
import pytest
from scipy import stats

from flowbt.evidence.sharpe import deflated_sharpe, effective_trials, expected_maximum, mean_correlation, moments, probabilistic_sharpe


def test_published_deflated_sharpe():  # Bailey and Lopez de Prado 2014
    sharpe, variance = 2.5 / math.sqrt(250), 0.5 / 250
    assert expected_maximum(100, variance) == pytest.approx(0.113172, abs=1e-6)
    assert deflated_sharpe(sharpe, 1250, trials=100, variance=variance, skew=-3, kurtosis=10) == pytest.approx(0.900397, abs=1e-6)


def test_one_trial_needs_no_deflation():
    assert expected_maximum(1, 4.0) == 0.0
    assert deflated_sharpe(0.1, 500, trials=1, variance=4.0) == probabilistic_sharpe(0.1, 0.0, 500)


def test_expected_maximum_is_the_simulated_one():
    best = np.random.default_rng(0).standard_normal((20_000, 50)).max(axis=1)
    assert expected_maximum(50, 1.0) == pytest.approx(best.mean(), rel=0.02)


def test_moments_are_those_of_scipy():
    x = np.random.default_rng(3).standard_t(5, 400)
    sharpe, skew, kurtosis, bars = moments(x)
    assert (sharpe, bars) == (pytest.approx(x.mean() / x.std(ddof=1)), 400)
    assert (skew, kurtosis) == (pytest.approx(stats.skew(x)), pytest.approx(stats.kurtosis(x, fisher=False)))


@pytest.mark.parametrize(("rho", "effective"), [(0.0, 10.0), (1.0, 1.0), (0.5, 5.5), (-0.1, 10.0), (math.nan, 10.0)])
def test_effective_trials(rho, effective):
    assert effective_trials(10, rho) == pytest.approx(effective)


def test_mean_correlation_is_that_of_the_matrix():
    x = np.random.default_rng(0).standard_normal((300, 6))
    x[:, 1:] += 0.7 * x[:, :1]
    matrix = np.corrcoef(x.T)
    assert mean_correlation(np.column_stack([x, np.zeros(300)])) == pytest.approx(matrix[~np.eye(6, dtype=bool)].mean())


def test_two_returns_are_the_least_a_sharpe_can_be_had_from():
    sharpe, skew, kurtosis, bars = moments(np.array([0.01, np.nan, 0.03]))
    assert (sharpe, bars) == (pytest.approx(math.sqrt(2)), 2)
    assert probabilistic_sharpe(0.1, 0.0, 2, skew, kurtosis) == pytest.approx(stats.norm.cdf(0.1 / math.sqrt(1 - skew * 0.1 + (kurtosis - 1) / 4 * 0.01)))
    assert math.isnan(probabilistic_sharpe(0.1, 0.0, 1))
    assert math.isnan(moments(np.array([0.01]))[0])
    assert moments(np.full(5, 0.01))[3] == 5


def test_where_skew_leaves_no_spread_nothing_is_said():
    assert math.isnan(probabilistic_sharpe(1.0, 0.0, 100, skew=1.5, kurtosis=3.0))  # 1 - 1.5 + 0.5
    assert probabilistic_sharpe(1.0, 0.0, 100, skew=1.4, kurtosis=3.0) == pytest.approx(1.0)


def test_one_moving_column_correlates_with_nothing():
    x = np.random.default_rng(0).standard_normal((50, 2))
    assert math.isnan(mean_correlation(x * [1.0, 0.0]))
    assert mean_correlation(x) == pytest.approx(np.corrcoef(x.T)[0, 1])
    assert effective_trials(1, 0.5) == 1.0
