import numpy as np
import pytest

from flowbt.evidence.register.shrinkage import shrink


def test_effects_alike_within_their_errors_are_one():
    found = shrink(np.array([0.9, 1.0, 1.1]), np.ones(3))
    assert found.tau == 0
    assert found.effects.tolist() == pytest.approx([1.0] * 3)


def test_effects_far_apart_stay_where_they_are():
    effects = np.array([-10.0, 0.0, 10.0])
    assert shrink(effects, np.full(3, 0.01)).effects.tolist() == pytest.approx(effects.tolist(), abs=1e-4)


def test_equal_errors_by_hand():
    # Paule and Mandel with equal errors: tau^2 = variance - error^2
    effects = np.array([0.0, 2.0, 4.0])
    found = shrink(effects, np.ones(3))
    assert found.tau == pytest.approx(np.sqrt(4 - 1))
    assert found.effects.tolist() == pytest.approx([2 - 2 * 0.75, 2.0, 2 + 2 * 0.75])


def test_a_vague_effect_is_drawn_further():
    found = shrink(np.array([0.0, 1.0, 2.0, 6.0, 6.0]), np.array([0.5, 0.5, 0.5, 0.5, 5.0]))
    assert abs(found.effects[4] - found.mean) < abs(found.effects[3] - found.mean)


def test_shrinking_brings_estimates_nearer_to_the_truth():
    rng = np.random.default_rng(0)
    truth, errors = rng.normal(0.5, 1.0, 200), rng.uniform(0.5, 3.0, 200)
    seen = truth + errors * rng.standard_normal(200)
    found = shrink(seen, errors)
    assert np.mean((found.effects - truth) ** 2) < 0.5 * np.mean((seen - truth) ** 2)
    assert found.tau == pytest.approx(1.0, abs=0.35)


def test_one_effect_stays_and_bad_errors_are_refused():
    assert shrink(np.array([3.0]), np.array([1.0])).effects.tolist() == [3.0]
    with pytest.raises(ValueError, match="errors over 0"):
        shrink(np.array([1.0, 2.0]), np.array([1.0, 0.0]))


def test_the_mean_weighs_by_error_and_spread_and_the_squares_are_their_degrees_of_freedom():
    found = shrink(np.array([0.0, 1.0]), np.array([1.0, 2.0]))  # 0.2 of squares for one degree of freedom: one effect
    assert (found.tau, found.mean, found.effects.tolist()) == (0.0, pytest.approx(0.2), pytest.approx([0.2, 0.2]))
    effects, errors = np.array([0.0, 1.0, 2.0, 6.0, 6.0]), np.array([0.5, 0.5, 1.0, 0.5, 3.0])
    found = shrink(effects, errors)
    weight = 1 / (errors**2 + found.tau**2)
    assert found.mean == pytest.approx((weight * effects).sum() / weight.sum())
    assert (weight * (effects - found.mean) ** 2).sum() == pytest.approx(len(effects) - 1)
    assert found.effects.tolist() == pytest.approx((found.mean + found.tau**2 * weight * (effects - found.mean)).tolist())
    assert shrink(np.empty(0), np.empty(0)).mean == 0.0
    assert shrink(np.array([3.0]), np.array([1.0]))[:2] == (3.0, 0.0)
