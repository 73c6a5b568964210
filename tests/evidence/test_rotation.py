import numpy as np
import pytest

from flowbt.evidence.resampling.rotation import crossed, offsets, p_values, spectrum, sums_twin, variance_of


@pytest.mark.parametrize("rows", [53, 54])
def test_variance_over_all_rotations_is_that_of_the_twin(rows):
    rng = np.random.default_rng(0)
    weights, columns = rng.integers(-1, 2, (rows, 2)).astype(float), rng.standard_normal((rows, 2))
    found = crossed(spectrum(weights), spectrum(columns))
    assert variance_of(found, rows) == pytest.approx(np.var(sums_twin(weights, columns)))
    assert variance_of(found + 2 * found, rows) == pytest.approx(9 * variance_of(found, rows))


def test_offsets_keep_their_distance():
    assert offsets(10, 3).tolist() == [3, 4, 5, 6, 7]
    some = offsets(1000, 50, limit=99, seed=4)
    assert (len(set(some)), some.min() >= 50, some.max() <= 950) == (99, True, True)
    assert not len(offsets(10, 6))


def test_p_value_equals_counting_every_shift():
    rng = np.random.default_rng(3)
    event, outcome = (rng.random(80) < 0.2).astype(float), rng.standard_normal(80)
    means = np.array([outcome[np.roll(event, s) > 0].mean() for s in range(80)])
    sums = sums_twin(event[:, None], outcome[:, None]) / event.sum()
    found = p_values(float(sums[0]), sums[offsets(80, 5)])
    assert found.observed == pytest.approx(means[0])
    assert found.p_up == (1 + np.sum(means[5:76] >= means[0])) / 72


def test_ties_count_against_the_claim():
    assert p_values(1.0, np.array([1.0, 1.0 - 1e-13, 0.0])).p_up == 0.75


def test_nothing_to_compare_is_not_a_number():
    assert np.isnan(p_values(1.0, np.array([])).p)
    assert np.isnan(p_values(np.nan, np.ones(3)).p)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_ties_are_judged_by_the_size_of_what_is_compared(scale):
    found = p_values(scale, scale * np.array([1.0 - 1e-12, 1.0 + 1e-12, 1.0 - 1e-6, -3.0, np.nan]))
    assert (found.p_up, found.p_down, found.p) == (3 / 5, 1.0, 1.0)
    low = p_values(-4 * scale, scale * np.array([1.0, 2.0, -3.0]))
    assert (low.p_up, low.p_down, low.p) == (1.0, 1 / 4, 1 / 2)
