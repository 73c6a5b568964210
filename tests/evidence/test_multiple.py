import numpy as np
import pytest
from arch.bootstrap import SPA
from scipy.stats import false_discovery_control

from flowbt.evidence.multiple import benjamini_hochberg, holm, spa, stepdown, stepm


def test_benjamini_hochberg_is_that_of_scipy():
    p = np.random.default_rng(0).random(30) ** 2
    np.testing.assert_allclose(benjamini_hochberg(p), false_discovery_control(p))


def test_an_effect_told_in_three_ways_helps_no_other():
    """Three copies of the best p took the next one from 0.057, not found, to 0.029."""
    rest = np.linspace(0.1, 1.0, 86)
    once = benjamini_hochberg(np.array([1e-4, 1.3e-3, *rest]))
    thrice = benjamini_hochberg(np.array([1e-4, 1e-4, 1e-4, 1.3e-3, *rest]), np.array([1 / 3, 1 / 3, 1 / 3, *np.ones(87)]))
    assert benjamini_hochberg(np.array([1e-4, 1e-4, 1e-4, 1.3e-3, *rest]))[3] < 0.05 < once[1]
    np.testing.assert_allclose(thrice[2:], once)


def test_holm_by_hand_and_missing_values_do_not_count():
    np.testing.assert_allclose(holm(np.array([0.01, np.nan, 0.04, 0.03])), [0.03, np.nan, 0.06, 0.06])
    assert np.isnan(benjamini_hochberg(np.array([np.nan, np.nan]))).all()


@pytest.mark.parametrize("edge", [0.0, 0.12])
def test_spa_is_that_of_arch_on_studentised_input(edge):
    rng = np.random.default_rng(5)
    d = rng.standard_normal((400, 8)) * np.linspace(0.5, 8, 8)
    d[:, 0] += edge * 0.5
    theirs = SPA(np.zeros(400), -d / d.std(axis=0), block_size=5, reps=3000, seed=1)
    theirs.compute()
    assert spa(d, 6000, block=5).p == pytest.approx(theirs.pvalues["consistent"], abs=0.03)


def test_models_that_only_lose_are_not_superior():
    """Hansen's statistic is at least 0, resampled too; with the observed one alone held at 0, the p of a grid that only loses was 1 / 301."""
    d = np.random.default_rng(1).normal(-0.5, 1.0, (400, 4))
    theirs = SPA(np.zeros(400), -d / d.std(axis=0), block_size=5, reps=300, seed=1)
    theirs.compute()
    assert list(spa(d, 300, block=5)[:3]) == [1.0, 1.0, 1.0]
    assert theirs.pvalues["consistent"] > 0.5


def test_spa_does_not_mind_the_scale_of_one_model():
    d = np.random.default_rng(2).standard_normal((500, 6))
    d[:, 2] += 0.2
    assert spa(d, block=1).p == spa(d * np.array([1, 1, 1, 1, 100, 1]), block=1).p


def test_stepm_keeps_the_good_and_only_them():
    d = np.random.default_rng(4).standard_normal((1000, 30))
    d[:, [3, 9]] += 0.2
    assert np.flatnonzero(stepm(d) <= 0.05).tolist() == [3, 9]


def test_stepm_when_all_are_good_and_when_one_never_moves():
    d = np.random.default_rng(4).standard_normal((500, 4)) + 1.0
    d[:, 3] = 0.0
    p = stepm(d)
    assert (p[:3] < 0.01).all()
    assert np.isnan(p[3])


def test_stepdown_by_hand():
    draws = np.array([[0.5, 2.5], [1.5, 0.0], [0.0, 0.0]])
    assert stepdown(np.array([2.0, 1.0]), draws).tolist() == [0.5, 0.5]
    assert stepdown(np.array([3.0, 1.0]), draws).tolist() == [0.25, 0.5]
