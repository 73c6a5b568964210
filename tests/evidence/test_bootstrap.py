import numpy as np
import pytest
from arch.bootstrap import StationaryBootstrap, optimal_block_length

from flowbt.evidence.resampling.bootstrap import block_length, resample_sums, rows_twin, sums_twin


def ar1(rng, n, phi):
    x = rng.standard_normal(n)
    for t in range(1, n):
        x[t] += phi * x[t - 1]
    return x


@pytest.mark.parametrize("block", [1.0, 1.7, 12.0])
def test_kernel_equals_its_twin(block):
    x = np.random.default_rng(1).standard_normal((37, 3))
    np.testing.assert_allclose(resample_sums(x, block, 40, seed=9), sums_twin(x, block, 40, seed=9), rtol=1e-12, atol=1e-12)


def test_other_seeds_other_blocks():
    x = np.arange(50.0)[:, None]
    assert not np.array_equal(resample_sums(x, 5, 20, seed=1), resample_sums(x, 5, 20, seed=2))


def test_mean_block_length_is_the_one_asked_for():
    rows = np.array(rows_twin(20_000, 8.0, resample=3))
    breaks = np.count_nonzero((np.diff(rows) % 20_000) != 1)
    assert 20_000 / (breaks + 1) == pytest.approx(8.0, rel=0.06)


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9])
def test_block_length_is_that_of_arch(phi):
    x = ar1(np.random.default_rng(5), 3000, phi)
    theirs = optimal_block_length(x)["stationary"].iloc[0]
    assert block_length(x) == pytest.approx(max(1.0, theirs), rel=0.02)


@pytest.mark.parametrize(("n", "phi"), [(24, 0.0), (40, 0.99), (150, 0.97), (400, 0.99), (1200, 0.5)])
def test_block_length_of_short_and_of_sluggish_series_is_that_of_arch(n, phi):
    x = ar1(np.random.default_rng(n), n, phi)
    assert block_length(x) == pytest.approx(max(1.0, optimal_block_length(x)["stationary"].iloc[0]), rel=1e-6)


def test_block_length_is_one_where_nothing_varies():
    assert block_length(np.ones(500)) == 1.0
    assert block_length(np.array([1.0, 2.0])) == 1.0


def test_spread_of_the_mean_is_that_of_arch():
    x = ar1(np.random.default_rng(2), 800, 0.6)
    ours = resample_sums(x[:, None], 20, 4000)[:, 0] / 800
    theirs = StationaryBootstrap(20, x, seed=3).apply(np.mean, 4000)[:, 0]
    assert ours.std() == pytest.approx(theirs.std(), rel=0.06)
    assert ours.mean() == pytest.approx(theirs.mean(), abs=0.01)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="finite"):
        resample_sums(np.array([[np.nan]]), 1)
