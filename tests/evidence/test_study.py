import numpy as np
import pytest
from scipy.stats import binomtest

from flowbt.evidence.claims import study
from flowbt.evidence.claims.study import STATISTICS, Resampling
from flowbt.evidence.resampling.bootstrap import rows_twin

ROWS = 90


@pytest.fixture(scope="module")
def data():
    """Two names, an event in 0 and 1, a signed one, and outcomes with holes."""
    rng = np.random.default_rng(11)
    x, y = rng.standard_normal((ROWS, 2)), np.abs(rng.standard_normal((ROWS, 2))) + 0.2
    y[rng.random((ROWS, 2)) < 0.1] = np.nan
    event = (rng.random((ROWS, 2)) < 0.3).astype(float)
    return x, y, event, event * np.sign(rng.standard_normal((ROWS, 2)))


def parts(event, *columns):
    known = np.isfinite(columns).all(axis=0)
    return [c[known & (event > 0)] for c in columns], [c[known & (event == 0)] for c in columns], [c[known] for c in columns]


def test_mean_is_compared_with_all_rows(data):
    _, y, event, _ = data
    (inside,), _, (everything,) = parts(event, y)
    o = study.outcomes_of(1, [y], signed=False)
    assert STATISTICS["mean"].effect(study.inside_sums(event, o), o.total) == pytest.approx(inside.mean() - everything.mean())


def test_ratio_and_deviation_are_compared_with_the_rest(data):
    _, y, event, _ = data
    (inside,), (outside,), _ = parts(event, y)
    o = study.outcomes_of(1, [y, y * y], signed=False)
    sums = study.inside_sums(event, o)
    assert np.exp(STATISTICS["ratio"].effect(sums, o.total)) == pytest.approx(inside.mean() / outside.mean())
    assert np.exp(STATISTICS["deviation"].effect(sums, o.total)) == pytest.approx(inside.std() / outside.std())


def test_autocorrelation_is_a_difference_of_correlations(data):
    x, y, event, _ = data
    (ix, iy), (ox, oy), _ = parts(event, x + 0 * y, y)
    o = study.outcomes_of(1, [x, y, x * x, y * y, x * y], signed=False)
    found = STATISTICS["autocorrelation"].effect(study.inside_sums(event, o), o.total)
    assert found == pytest.approx(np.corrcoef(ix, iy)[0, 1] - np.corrcoef(ox, oy)[0, 1])


@pytest.mark.parametrize("name", ["mean", "ratio"])
def test_rotation_equals_rolling_the_events(data, name):
    _, y, event, _ = data
    o = study.outcomes_of(1, [y], signed=False)
    found = study.rotate([event], o, STATISTICS[name], gap=5)
    rolled = [STATISTICS[name].effect(study.inside_sums(np.roll(event, s, axis=0), o), o.total) for s in range(5, ROWS - 4)]
    np.testing.assert_allclose(found.null[0], rolled, atol=1e-12)


def test_signed_events_rotate_and_resample_about_zero(data):
    _, y, _, side = data
    o = study.outcomes_of(1, [y], signed=True)
    assert o.columns[0].sum() == pytest.approx(0, abs=1e-9)
    found = study.rotate([side], o, STATISTICS["mean"], gap=5)
    assert found.effects[0] == pytest.approx(np.nansum(side * (y - np.nanmean(y))) / np.abs(side * np.isfinite(y)).sum())


def test_resampling_equals_its_twin(data):
    _, y, event, _ = data
    o = study.outcomes_of(1, [y], signed=False)
    found = study.resample([event, 1 - event], o, STATISTICS["mean"], Resampling(7.0, 15, 3))
    for b in range(15):
        rows = rows_twin(ROWS, 7.0, b, 3)
        (inside,), _, (everything,) = parts(1 - event[rows], y[rows])
        assert found.effect[1, b] == pytest.approx(inside.mean() - everything.mean())


def test_events_that_count_once_lie_more_than_the_horizon_apart():
    assert study.apart(np.array([1, 2, 6, 7, 12, 30]), 5).tolist() == [1, 7, 30]


def test_wilson_is_that_of_scipy():
    theirs = binomtest(17, 23).proportion_ci(method="wilson")
    assert study.wilson(17 / 23, 23) == pytest.approx((theirs.low, theirs.high), abs=1e-6)
    assert np.isnan(study.wilson(0.5, 0)).all()
