import numpy as np
import pytest
from scipy.stats import binomtest

from flowbt.evidence.claims import study
from flowbt.evidence.claims.study import STATISTICS

ROWS = 90


@pytest.fixture(scope="module")
def data():
    """Two names, an event in 0 and 1, a signed one, and outcomes with holes."""
    rng = np.random.default_rng(11)
    x, y = rng.standard_normal((ROWS, 2)), np.abs(rng.standard_normal((ROWS, 2))) + 0.2
    y[rng.random((ROWS, 2)) < 0.1] = np.nan
    event = (rng.random((ROWS, 2)) < 0.3).astype(float)
    return x, y, event, event * np.sign(rng.standard_normal((ROWS, 2)))


@pytest.fixture(scope="module")
def returns():
    """Daily returns and their sums over the next five, as columns."""
    r = np.random.default_rng(3).standard_normal((400, 1)) * 0.01
    ahead = np.array([r[t : t + 5].sum() if t + 5 <= 400 else np.nan for t in range(400)])[:, None]
    return r, ahead


def parts(event, *columns):
    known = np.isfinite(columns).all(axis=0)
    return [c[known & (event > 0)] for c in columns], [c[known & (event == 0)] for c in columns], [c[known] for c in columns]


def test_mean_is_compared_with_all_rows(data):
    _, y, event, _ = data
    (inside,), _, (everything,) = parts(event, y)
    found = study.contrast(event, study.outcomes_of(3, [y]), STATISTICS["mean"])
    assert (found.effect, found.level, found.base) == pytest.approx((inside.mean() - everything.mean(), inside.mean(), everything.mean()))


def test_ratio_and_deviation_are_compared_with_the_rest(data):
    _, y, event, _ = data
    (inside,), (outside,), _ = parts(event, y)
    o = study.outcomes_of(1, [y, y * y])
    assert np.exp(study.contrast(event, o, STATISTICS["ratio"]).effect) == pytest.approx(inside.mean() / outside.mean())
    distances = [np.abs(part - part.mean()).mean() for part in (inside, outside)]
    assert study.contrast(event, o, STATISTICS["deviation"]).estimate == pytest.approx(distances[0] / distances[1])


def test_autocorrelation_is_a_difference_of_correlations(data, monkeypatch):
    monkeypatch.setattr(study, "CLIP", 9.0)  # nothing is clipped
    x, y, event, _ = data
    (ix, iy), (ox, oy), _ = parts(event, x + 0 * y, y)
    found = study.contrast(event, study.outcomes_of(1, [x, y, x * x, y * y, x * y]), STATISTICS["autocorrelation"])
    assert found.effect == pytest.approx(np.corrcoef(ix, iy)[0, 1] - np.corrcoef(ox, oy)[0, 1])


@pytest.mark.parametrize("event", ["event", "side", "up", "down", "none", "all"])
@pytest.mark.parametrize("name", ["mean", "ratio", "deviation", "autocorrelation"])
def test_an_effect_without_a_test_is_that_of_the_test(data, name, event):
    x, y, held, side = data
    chosen = {"event": held, "side": side, "up": np.maximum(side, 0), "down": np.minimum(side, 0), "none": 0 * held, "all": 0 * held + 1}[event]
    o = study.outcomes_of(1, [x if name == "autocorrelation" else y, y])
    plain, whole = study.effect_of(chosen, o, STATISTICS[name]), study.contrast(chosen, o, STATISTICS[name])
    assert (plain is None) == (whole is None)
    if plain is not None:
        assert plain == pytest.approx((whole.level, whole.base, whole.effect))


@pytest.mark.parametrize(("name", "sign"), [("mean", 0), ("mean", 1), ("ratio", 0), ("deviation", 0), ("autocorrelation", 0)])
def test_scores_add_up_and_the_right_value_is_not_refused(data, name, sign):
    x, y, event, side = data
    found = study.contrast(side if sign else event, study.outcomes_of(1, [x if name == "autocorrelation" else y, y]), STATISTICS[name])
    assert found.score.sum() == pytest.approx(found.estimate)
    assert found.weight.sum() == pytest.approx(1)
    assert found.test(8).p(found.estimate - found.ratio) == pytest.approx(1)


def test_signed_events_are_half_the_difference_inside_their_regime(data):
    _, y, _, side = data
    found = study.contrast(side, study.outcomes_of(1, [y]), STATISTICS["mean"])
    assert found.effect == pytest.approx((np.nanmean(y[side > 0]) - np.nanmean(y[side < 0])) / 2)


def test_what_a_regime_does_to_both_sides_is_no_signed_effect(data):
    _, y, _, side = data
    plain, lifted = (study.contrast(side, study.outcomes_of(1, [one]), STATISTICS["mean"]) for one in (y, y + 5 * np.abs(side)))
    assert lifted.effect == pytest.approx(plain.effect)
    assert lifted.test(8).p() == pytest.approx(plain.test(8).p())


@pytest.mark.parametrize("sign", [1, -1])
def test_one_sided_signs_are_compared_with_all_rows(data, sign):
    _, y, event, _ = data
    o = study.outcomes_of(1, [y])
    signed, plain = (study.contrast(one, o, STATISTICS["mean"]) for one in (sign * event, event))
    for name in ("effect", "estimate", "level", "base"):
        assert getattr(signed, name) == pytest.approx(sign * getattr(plain, name))
    np.testing.assert_allclose(signed.score, sign * plain.score)
    np.testing.assert_allclose(signed.weight, plain.weight)
    assert (signed.test(20).t(), signed.test(20).p()) == pytest.approx((sign * plain.test(20).t(), plain.test(20).p()))


def test_sums_of_returns_are_known_by_their_pieces(returns):
    r, ahead = returns
    assert study.outcomes_of(5, [ahead], [r]).pieces is not None
    assert study.outcomes_of(5, [np.minimum(ahead, 0)], [np.minimum(r, 0)]).pieces is None


def test_scores_lie_on_the_labels_of_the_pieces(returns):
    r, ahead = returns
    event = np.zeros((400, 1))
    event[100] = 1
    found = study.contrast(event, study.outcomes_of(5, [ahead], [r]), STATISTICS["mean"])
    assert np.flatnonzero(np.abs(found.weight) > 0.01).tolist() == [100, 101, 102, 103, 104]
    overlapping = study.contrast(event, study.outcomes_of(5, [ahead]), STATISTICS["mean"])
    assert overlapping.effect == pytest.approx(found.effect)
    assert np.flatnonzero(np.abs(overlapping.weight) > 0.01).tolist() == [100]


def test_nothing_inside_or_nothing_outside_is_no_contrast(data):
    _, y, event, _ = data
    o = study.outcomes_of(1, [y])
    for name in STATISTICS:
        assert study.contrast(0 * event, o, STATISTICS[name]) is None
        assert study.contrast(0 * event + 1, o, STATISTICS[name]) is None


def test_events_that_count_once_lie_more_than_the_horizon_apart():
    assert study.apart(np.array([1, 2, 6, 7, 12, 30]), 5).tolist() == [1, 7, 30]


def test_wilson_is_that_of_scipy():
    theirs = binomtest(17, 23).proportion_ci(method="wilson")
    assert study.wilson(17 / 23, 23) == pytest.approx((theirs.low, theirs.high), abs=1e-6)
    assert np.isnan(study.wilson(0.5, 0)).all()


@pytest.mark.parametrize("horizon", [1, 5])
@pytest.mark.parametrize("nothing", [0, 20])
def test_the_transform_that_is_made_once_is_that_of_every_weight(horizon, nothing):
    rng = np.random.default_rng(2)
    outcomes, weights = study.outcomes_of(horizon, [rng.normal(1.0, 2.0, (80, 1))]), rng.normal(0.0, 1.0, (80, 1)) + 1.0
    weights[:nothing] = 0.0
    values, known = (outcomes.columns[0], outcomes.known) if outcomes.pieces is None else (outcomes.pieces, np.ones_like(weights))
    centred = study._centred(weights, values, known)
    there = outcomes.volatility(centred)
    expected = study.crossed(study.spectrum(weights * there), study.spectrum(centred / there))
    np.testing.assert_allclose(study.anywhere(weights, outcomes), expected, atol=1e-9)


@pytest.mark.parametrize("kind", ["event", "signed", "falls"])
@pytest.mark.parametrize("pieces", [False, True])
def test_what_is_added_to_every_outcome_changes_nothing_and_its_unit_only_the_effect(returns, pieces, kind):
    r, ahead = returns
    event = (np.random.default_rng(8).random((400, 1)) < 0.2).astype(float)
    event *= {"event": 1.0, "signed": np.where(np.arange(400)[:, None] % 3, 1.0, -1.0), "falls": -1.0}[kind]
    plain, moved = (study.outcomes_of(5, [5 * a + b * ahead], [a + b * r] if pieces else None) for a, b in ((0.0, 1.0), (0.03, 20.0)))
    one, other = (study.contrast(event, o, STATISTICS["mean"]) for o in (plain, moved))
    assert (plain.pieces is not None) == pieces
    assert other.effect == pytest.approx(20 * one.effect)
    assert other.test(20).p() == pytest.approx(one.test(20).p(), rel=1e-6)


@pytest.mark.parametrize(("name", "a", "b"), [("ratio", 0.0, 20.0), ("deviation", 3.0, 20.0), ("autocorrelation", 3.0, 20.0)])
def test_a_regime_is_told_alike_in_every_unit(data, name, a, b):
    _, y, event, _ = data
    x = np.roll(y, 1, axis=0)
    one, other = (study.contrast(event, study.outcomes_of(1, [m + k * y, m + k * x]), STATISTICS[name]) for m, k in ((0.0, 1.0), (a, b)))
    assert other.effect == pytest.approx(one.effect)
    assert other.test(20).p() == pytest.approx(one.test(20).p(), rel=1e-6)


def test_an_interval_of_a_share_stays_between_none_and_all():
    assert study.wilson(0.0, 5)[0] == 0.0
    assert study.wilson(1.0, 5)[1] == 1.0
    assert study.wilson(1.0, 1)[0] == pytest.approx(binomtest(1, 1).proportion_ci(method="wilson").low, abs=1e-6)


@pytest.mark.parametrize("name", ["ratio", "deviation", "autocorrelation"])
def test_what_an_event_is_compared_with_elsewhere_are_the_values_of_its_own_side(data, name):
    x, y, event, _ = data
    o = study.outcomes_of(1, [x, y, x * x, y * y, x * y] if name == "autocorrelation" else [y, y * y] if name == "deviation" else [y])
    held = event * o.known
    rest = o.known - held
    found = study.contrast(event, o, STATISTICS[name])
    inside, outside = (STATISTICS[name].rows(o.columns, side) for side in (held, rest))
    scale = study.mean_of(outside, rest) if name in ("ratio", "deviation") else 1.0
    expected = study.anywhere((held / held.sum() - rest / rest.sum()) / scale, o, np.where(held > 0, inside, outside * o.known))
    np.testing.assert_allclose(found.crossing, expected, atol=1e-9)
