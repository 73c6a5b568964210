"""What the first test did not see: few clusters that turned out alike, means that know what came before, fits that cost."""

import numpy as np
import pandas as pd
import pytest

from flowbt.evidence.claims import study
from flowbt.evidence.claims.sequences import innovations, lead, standardised
from flowbt.evidence.inference import Studentised, foreseen, studentise_mean


def contrast(event, y, horizon=1, single=None):
    o = study.outcomes_of(horizon, [y[:, None]], None if single is None else [single[:, None]])
    return study.contrast(event.astype(float)[:, None], o, study.STATISTICS["mean"]), o


def test_few_events_that_turned_out_alike_prove_nothing():
    """Eight of eight where six of seven are the rule: chance does that in 29% of cases."""
    y = (np.random.default_rng(4).random(700) < 6 / 7).astype(float)
    event = np.zeros(700)
    event[np.flatnonzero(y)[[20, 95, 170, 260, 340, 420, 500, 580]]] = 1
    found, o = contrast(event, y)
    test = found.test(o.cosines())
    alone = Studentised(test.estimate, test.score, test.weight, test.beyond)
    assert alone.p() < 0.05
    assert test.p() > 0.1


def test_the_variance_elsewhere_counts_for_three_clusters():
    rng = np.random.default_rng(1)
    event = rng.random(900) < 0.05
    found, o = contrast(event, rng.standard_normal(900))
    test = found.test(o.cosines())
    assert test.own == pytest.approx(test.clusters / (test.clusters + 3))
    gap = test.score - 0.1 * test.weight
    assert test.variance_under(0.1) == pytest.approx(test.own * gap @ gap / test.cosines + (1 - test.own) * test.pooled)
    low, high = test.interval()
    assert [test.p(low), test.p(high)] == pytest.approx([0.05, 0.05])
    assert Studentised.from_dict(test.to_dict()).p() == test.p()


@pytest.mark.parametrize("of_pieces", [True, False])
def test_what_few_events_in_wild_times_show_is_measured_in_wild_times(of_pieces):
    """Six days of a stretch four times as wild, outcomes of five days: in a quarter of cases where they are put into any times."""
    found, wild = [], np.where(np.arange(900) // 150 == 3, 4.0, 1.0)
    for seed in range(300):
        rng = np.random.default_rng(seed)
        r, event = wild * rng.standard_normal(900), np.zeros(900)
        event[450 + 25 * np.arange(6) + rng.integers(0, 15, 6)] = 1
        test, o = contrast(event, np.convolve(r, np.ones(5))[4:], 5, r if of_pieces else None)
        found.append(test.test(o.cosines()).p())
    assert np.mean(np.array(found) <= 0.05) < 0.08


def test_what_falls_bring_on_is_not_followed_by_rises():
    """ "Under its high" in random walks: a third of a standard error above 0 as printed, near 0 as tested."""
    printed, tested = [], []
    for seed in range(300):
        r = np.random.default_rng(seed).standard_normal(600)
        price = np.cumsum(r)
        found, _ = contrast((price < np.maximum.accumulate(price) - 8)[:-1], r[1:])
        if found is not None:
            printed.append(found.effect)
            tested.append(found.estimate)
    assert np.mean(printed) / np.std(printed) > 0.3
    assert np.mean(tested) < 0.6 * np.mean(printed)


def test_what_a_mean_foresees_adds_up_to_nothing():
    weights = np.zeros(40)
    weights[[10, 30]] = 1, -1  # of 40 labels, of which the next ten count
    found = foreseen(weights, np.ones(40))
    assert found.sum() == pytest.approx(0)
    assert found[[0, 9, 20, 29]] - found[35] == pytest.approx([1 / 30, 1 / 30, -1 / 30, -1 / 30])  # ten labels see ahead of each


def test_an_order_is_tested_with_what_its_fits_cost():
    """Two stages that move together by 0.8, neither first: squares of t about 1 (1.6 where the fit of each stage's own past counts as known)."""
    squares = []
    for seed in range(120):
        x = np.random.default_rng(seed).standard_normal((500, 2)) @ np.array([[1.0, 0.8], [0.0, 0.6]])
        squares.append(studentise_mean(lead(standardised(innovations(pd.DataFrame(x, columns=["a", "b"]))), 5), 40).t() ** 2)
    assert 0.7 < np.mean(squares) < 1.3
