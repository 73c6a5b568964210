import numpy as np
import pytest

from flowbt.evidence.resampling.rotation import offsets, p_values, rotation_sums, rotation_test, sums_twin


def test_sums_equal_their_twin():
    rng = np.random.default_rng(0)
    weights, columns = rng.integers(-1, 2, (53, 3)).astype(float), rng.standard_normal((53, 2))
    np.testing.assert_allclose(rotation_sums(weights, columns), sums_twin(weights, columns), atol=1e-12)


def test_offsets_keep_their_distance():
    assert offsets(10, 3).tolist() == [3, 4, 5, 6, 7]
    some = offsets(1000, 50, limit=99, seed=4)
    assert (len(set(some)), some.min() >= 50, some.max() <= 950) == (99, True, True)
    assert not len(offsets(10, 6))


def test_p_value_equals_counting_every_shift():
    rng = np.random.default_rng(3)
    event, outcome = (rng.random(80) < 0.2).astype(float), rng.standard_normal(80)
    means = [outcome[np.roll(event, s) > 0].mean() for s in range(80)]
    allowed = np.array([means[s] for s in range(5, 76)])
    found = rotation_test(event, outcome, gap=5)
    assert found.observed == pytest.approx(means[0] - outcome.mean())
    assert found.p_up == (1 + np.sum(allowed >= means[0])) / (1 + len(allowed))


def test_signed_events_and_unknown_outcomes():
    event, outcome = np.array([1.0, -1, 0, 1, 0, 0, 0, 0]), np.array([2.0, -4, 1, np.nan, 1, 0, 0, 0])
    assert rotation_test(event, outcome, gap=1).observed == pytest.approx((2 - -4) / 2)


def test_planted_effect_is_seen_and_its_absence_is_not():
    rng = np.random.default_rng(8)
    event, noise = (rng.random(3000) < 0.05).astype(float), rng.standard_normal(3000)
    assert rotation_test(event, noise + event, gap=5).p < 0.002
    assert rotation_test(event, noise, gap=5).p > 0.05


def test_ties_count_against_the_claim():
    assert p_values(1.0, np.array([1.0, 1.0 - 1e-13, 0.0])).p_up == 0.75


def test_nothing_to_compare_is_not_a_number():
    assert np.isnan(rotation_test(np.zeros(30), np.ones(30), gap=2).p)
    assert np.isnan(rotation_test(np.ones(30), np.full(30, np.nan), gap=2).p)
