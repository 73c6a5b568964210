import numpy as np
import pytest
from scipy import stats

from flowbt.evidence import inference
from flowbt.evidence.inference import Studentised, studentise, studentise_mean


@pytest.fixture(scope="module")
def noise():
    return np.random.default_rng(5).standard_normal(600)


@pytest.fixture(scope="module")
def few():
    """An effect that rests on three clusters of a thousand rows."""
    weight = np.zeros(1000)
    weight[[100, 480, 900]] = 1 / 3
    return studentise(0.02 * weight + np.random.default_rng(1).standard_normal(1000) * 1e-4, weight, 40)


def test_projections_equal_their_twin(noise):
    columns = np.column_stack([noise[:97], noise[100:197] ** 2])
    np.testing.assert_allclose(inference.project(columns, 9), inference.project_twin(columns, 9), atol=1e-12)


def test_the_mean_of_white_noise_has_nearly_the_p_of_a_t_test(noise):
    ours, theirs = studentise_mean(noise + 0.1, 200), stats.ttest_1samp(noise + 0.1, 0)
    assert ours.t() == pytest.approx(theirs.statistic, rel=0.1)
    assert ours.p() == pytest.approx(theirs.pvalue, abs=0.02)


@pytest.mark.parametrize("level", [0.05, 0.01])
def test_the_interval_ends_where_p_is_the_level(noise, level):
    test = studentise_mean(noise + 0.05, 24)
    assert [test.p(end) for end in test.interval(level)] == pytest.approx([level, level])


@pytest.mark.parametrize("shift", [0.0, 0.05, 0.12, -0.3])
def test_p_and_interval_cannot_contradict(noise, shift):
    test = studentise_mean(noise + shift, 24)
    low, high = test.interval()
    assert (test.p() > 0.05) == (low <= 0 <= high)


def test_three_clusters_exclude_little_and_one_nothing(few):
    assert few.clusters == pytest.approx(3, rel=0.1)
    low, high = few.interval()
    assert (few.p() > 0.05, low < -3 * few.estimate, high > few.estimate) == (True, True, True)
    assert few.smallest() > 5 * np.sqrt(few.variance)
    assert (few.interval(0.01), few.smallest(level=0.01)) == ((-np.inf, np.inf), np.inf)  # its square cannot be over 3
    weight = np.eye(200)[77]
    alone = studentise(0.02 * weight, weight, 20)
    assert (alone.p(), alone.interval(), alone.power(9.0)) == (1.0, (-np.inf, np.inf), 0.0)


def events(clusters, cosines, shift=0.0, runs=1000):
    """Tests of so many single events of 400 normal labels."""
    rng, weight = np.random.default_rng(clusters), np.zeros(400)
    weight[np.linspace(20, 380, clusters).astype(int)] = 1 / clusters
    return [studentise(weight * (rng.standard_normal(400) + shift), weight, cosines) for _ in range(runs)]


@pytest.mark.parametrize(("clusters", "cosines"), [(3, 30), (4, 200), (6, 30), (10, 200), (25, 200)])
def test_few_clusters_are_told_by_chance_as_often_as_many(clusters, cosines):
    """Before: 0.1% of three, 1% of five."""
    found = np.array([one.p() for one in events(clusters, cosines)])
    assert 0.03 < np.mean(found <= 0.05) < 0.075
    assert np.mean(found <= 0.01) < 0.015


def test_the_power_of_few_clusters_is_what_simulation_finds():
    seen = np.mean([one.p() <= 0.05 for one in events(5, 200, 1.5)])
    exact = Studentised(0.0, np.full(200, 0.4), np.full(200, 0.2**0.5))  # five of them, of deviation 1
    assert exact.power(1.5) == pytest.approx(seen, abs=0.04)
    assert exact.power(exact.smallest()) == pytest.approx(0.8, abs=1e-6)
    assert inference.beyond(4, 40.0, 2.8) == pytest.approx(inference.beyond(4, 34.9, 2.8), abs=1e-3)


def test_the_smallest_effect_is_seen_with_its_power(noise):
    test = studentise_mean(noise, 24)
    smallest = test.smallest(0.8)
    assert test.power(smallest) == pytest.approx(0.8, abs=0.01)
    assert smallest == pytest.approx(2.9 * np.sqrt(test.variance), rel=0.1)
    assert test.smallest(0.8, level=0.001) > 1.3 * smallest


def test_power_is_what_simulation_finds():
    rng, weight = np.random.default_rng(2), np.full(400, 1 / 400)
    found = [studentise((rng.standard_normal(400) + 0.125) / 400, weight, 20).p() <= 0.05 for _ in range(800)]
    exact = Studentised(0.0, np.full(20, 0.05), np.zeros(20))  # a standard error of 1 / root 400
    assert np.mean(found) == pytest.approx(exact.power(0.125), abs=0.05)


def test_no_effect_has_the_power_of_the_level():
    assert Studentised(0.3, np.ones(30), np.zeros(30)).power(0.0) == pytest.approx(0.05, abs=0.01)


def test_joint_draws_have_the_tails_and_the_correlation_of_the_tests(noise):
    columns = np.column_stack([noise, noise + 0.1 * noise[::-1]])
    draws = inference.joint_draws(inference.project(columns, 12), 12, 20_000)
    assert np.mean(np.abs(draws[:, 0]) > inference.critical(12)) == pytest.approx(0.05, abs=0.006)
    assert np.corrcoef(draws.T)[0, 1] > 0.95


def test_cosines_are_fewer_where_outcomes_persist_or_overlap(noise):
    white, walk = inference.cosines_for(600, noise), inference.cosines_for(600, np.cumsum(noise))
    assert white > walk >= inference.cosines_for(600, np.diff(noise, prepend=0))
    assert inference.cosines_for(600, None, 50) == 4


def test_what_jumps_up_and_seeps_down_turns_back():
    """Their ranks hide the jumps, and look nearly white."""
    rng, level = np.random.default_rng(0), np.zeros(3000)
    for t in range(1, 3000):
        level[t] = 0.95 * level[t - 1] + 0.05 * rng.standard_normal() + 0.4 * (rng.random() < 0.01)
    changes = np.diff(level)
    assert inference.ratios(changes)[0] < 0.4 < 0.55 < inference.variance_ratio(stats.rankdata(changes))
    assert inference.cosines_for(2999, changes) < 20


def test_what_is_not_finite_is_refused(noise):
    with pytest.raises(ValueError, match="finite"):
        studentise(np.append(noise, np.nan), np.zeros(601), 5)


def test_a_test_survives_its_own_json(few):
    assert Studentised.from_dict(few.to_dict()).p() == pytest.approx(few.p())


def test_all_cosines_together_are_the_sum_of_squares(noise):
    both = np.column_stack([noise, noise[::-1] + noise**2])
    every = inference.project(both, len(noise) - 1)
    found = inference.squares_of(both)
    np.testing.assert_allclose(found.T @ found, every.T @ every / len(noise), rtol=1e-9)


def test_losses_between_quiet_stretches_are_measured_whole():
    score = np.tile([1.0, -1.0, 0.0, 0.0], 250) / 1000  # what its first cosines do not see
    blended = studentise(score, np.full(1000, 1e-3), 100)
    assert blended.variance == pytest.approx(inference.ALL * (score**2).sum(), rel=0.02)
    assert blended.cosines == 100


def any_case(seed):
    """A test of scores on some events, few or many, white or not, with an effect or none."""
    rng = np.random.default_rng(seed)
    rows, cosines = 400, int(rng.choice([4, 12, 60]))
    held = rng.random(rows) < rng.choice([0.02, 0.1, 0.7])
    held[rng.integers(rows)] = True
    weight = held / held.sum()
    return studentise(weight * rng.standard_t(4, rows) + rng.choice([0.0, 0.5, -2.0]) * weight, weight, cosines)


@pytest.mark.parametrize("seed", range(60))
def test_p_interval_and_power_never_contradict(seed):
    test = any_case(seed)
    low, high = test.interval()
    assert low <= test.estimate <= high
    assert (test.p() <= 0.05) == (not low <= 0 <= high)
    assert test.p(low + 1e-6 * (high - low)) >= 0.05 >= test.p(low - 1e-6 * (high - low)) or not np.isfinite(high - low)
    assert test.smallest() >= min(high - test.estimate, test.estimate - low)


def test_without_noise_any_effect_is_seen_and_with_less_than_one_it_counts():
    still = Studentised(0.5, np.zeros(40), np.zeros(40))
    assert (still.power(0.001), still.power(0.0)) == (1.0, 0.0)
    quiet = Studentised(0.0, np.full(40, 0.1), np.zeros(40))
    assert quiet.power(0.0) == pytest.approx(0.05, abs=1e-6)
    assert 0.05 < quiet.power(0.1) < quiet.power(0.3) < 1.0
    assert quiet.power(quiet.smallest()) == pytest.approx(0.8, abs=1e-6)
    assert quiet.power(-0.3) == pytest.approx(quiet.power(0.3))
