"""A two-sided p is a probability: doubling the smaller side never gives more than 1."""

import numpy as np
import pandas as pd

from flowbt.evidence.paired import paired_difference
from flowbt.evidence.resampling.rotation import p_values


def test_the_p_of_a_value_in_the_middle_is_one_and_not_more():
    null = np.linspace(-1.0, 1.0, 21)
    found = p_values(0.0, null)
    assert found.p == 1.0
    assert found.p_up == found.p_down == 12 / 22
    assert p_values(0.3, np.full(9, 0.3)).p == 1.0


def test_two_runs_that_earn_the_same_are_told_apart_with_p_one():
    returns = pd.Series(np.random.default_rng(0).normal(0, 0.01, 120), pd.bdate_range("2024-01-01", periods=120))
    table = paired_difference(returns, returns.copy(), 252)
    assert (table["p"] == 1.0).all()
    assert (table["difference"] == 0.0).all()
