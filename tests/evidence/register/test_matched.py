import math

import numpy as np
import pytest

from flowbt.evidence.claims import study
from flowbt.evidence.register.matched import alike, answer, cosines_of, crossed, matched

MEAN, RATIO = study.STATISTICS["mean"], study.STATISTICS["ratio"]


def one(values):
    return np.asarray(values, dtype=float)[:, None]


def outcomes(y, horizon=1):
    return study.outcomes_of(horizon, [one(y)])


def test_by_hand_each_event_is_compared_with_its_own_stratum():
    strata = np.repeat([0, 1], 8)
    event = one([1, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0])
    y = [5, 7, 1, 1, 1, 1, 1, 1, 12, 10, 10, 10, 10, 10, 10, 10]
    found = matched(event, outcomes(y), MEAN, [strata])
    assert found.contrast.estimate == pytest.approx(((5 - 1) + (7 - 1) + (12 - 10)) / 3)
    assert found.contrast.score.sum() == pytest.approx(found.contrast.estimate)
    assert (found.share, found.contrast.weight.sum()) == (1.0, pytest.approx(1.0))


def test_a_ratio_by_hand():
    strata = np.repeat([0, 1], 8)
    event = one([1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0])
    y = [2, 1, 1, 1, 1, 1, 1, 1, 9, 3, 3, 3, 3, 3, 3, 3]
    found = matched(event, outcomes(y), RATIO, [strata])
    assert found.contrast.estimate == pytest.approx((2 + 9) / (1 + 3))
    assert (found.contrast.score.sum(), found.contrast.weight.sum()) == (pytest.approx(11 / 4), pytest.approx(1.0))


def test_a_stratum_with_too_few_controls_uses_the_coarser_one():
    fine, coarse = np.array([0, 0, *[1] * 8]), np.zeros(10, dtype=int)
    event = one([1] + [0] * 9)
    found = matched(event, outcomes([5, 100, *[1] * 8]), MEAN, [fine, coarse])
    assert found.contrast.estimate == pytest.approx(5 - (100 + 8) / 9)
    assert matched(event, outcomes([5, 100, *[1] * 8]), MEAN, [fine]) is None


def test_a_signed_event_is_compared_within_its_regime():
    strata = np.repeat([0, 1], 12)
    event = one(([1] * 6 + [-1] * 6) * 2)
    y = [3] * 6 + [1] * 6 + [30] * 6 + [28] * 6
    found = matched(event, outcomes(y), MEAN, [strata])
    assert found.contrast.estimate == pytest.approx(1.0)  # half of two, whatever the regime's own mean
    assert found.contrast.weight.sum() == pytest.approx(1.0)


def test_what_only_volatility_does_goes_and_what_the_event_adds_stays():
    rng = np.random.default_rng(1)
    level = np.exp(np.cumsum(rng.normal(0, 0.05, 4000)) * 0.5)
    event = (rng.random(4000) < np.clip(level / 8, 0.01, 0.6)).astype(float)
    moves = level * np.abs(rng.standard_normal(4000))
    strata = [alike(level)]
    for factor, seen in ((1.0, False), (1.5, True)):
        o = outcomes(moves * np.where(event > 0, factor, 1.0))
        found = matched(one(event), o, RATIO, strata)
        assert math.exp(study.contrast(one(event), o, RATIO).effect) > factor * 1.2
        assert (found.contrast.test(cosines_of(found, o)).p() < 0.05) == seen
        assert found.contrast.estimate == pytest.approx(factor, abs=0.15)


def test_classes_of_like_volatility_and_pairs_of_codes():
    values = np.array([*np.geomspace(10, 80, 200), np.nan, 0.0, -1.0])
    codes = alike(values)
    spans = [values[codes == code].max() / values[codes == code].min() for code in range(codes.max() + 1)]
    assert max(spans) < 1.1
    assert codes[-3:].tolist() == [-1, -1, -1]
    assert (np.diff(codes[:-3]) >= 0).all()
    assert crossed(codes, np.zeros(203, dtype=np.int64))[-1] == -1


@pytest.mark.parametrize(
    ("sign", "raw", "low", "high", "words"),
    [
        (1, 0.9, 0.1, 0.5, "yes"),
        (-1, -0.9, -0.5, -0.1, "yes"),
        (1, 0.9, -0.2, 0.3, "no"),
        (1, 0.9, -0.2, 0.6, "cannot tell"),
        (1, 0.9, -0.5, -0.1, "no"),
        (1, -0.1, -0.5, 0.2, "cannot tell"),
        (0, 0.0, 0.1, 0.2, "yes"),
        (1, 0.9, -math.inf, math.inf, "cannot tell"),
    ],
)
def test_answers(sign, raw, low, high, words):
    assert answer(sign, raw, low, high) == words


def slowly(event, y, strata):
    """Each row of the event beside the mean of the controls of the first stratum that has five; means of both over the rows that have any."""
    side = -1 if (event < 0).any() else 0
    inside, beside = [], []
    for t, n in np.argwhere((event > 0) & np.isfinite(y)):
        for codes in strata:
            controls = y[(codes == codes[t])[:, None] & (event == side) & np.isfinite(y)]
            if codes[t] >= 0 and len(controls) >= 5:
                inside.append(y[t, n])
                beside.append(controls.mean())
                break
    return np.mean(inside), np.mean(beside), len(inside) / ((event > 0) & np.isfinite(y)).sum()


@pytest.mark.parametrize("signed", [False, True])
def test_several_symbols_holes_and_unknown_strata_are_matched_as_a_loop_does(signed):
    rng = np.random.default_rng(5)
    y = np.abs(rng.standard_normal((120, 3))) + 0.5
    y[rng.random(y.shape) < 0.1] = np.nan
    fine, coarse = rng.integers(-1, 14, 120), rng.integers(-1, 3, 120)
    fine = np.where((coarse < 0) | (fine < 0), -1, coarse * 14 + fine)
    event = (rng.random(y.shape) < 0.15) * (np.where(rng.random(y.shape) < 0.5, 1.0, -1.0) if signed else 1.0)
    here, there, share = slowly(event, y, [fine, coarse])
    o = study.outcomes_of(1, [y])
    found, ratio = (matched(event, o, one, [fine, coarse]) for one in (MEAN, RATIO))
    assert found.contrast.estimate == pytest.approx((here - there) / (2 if signed else 1))
    assert ratio.contrast.estimate == pytest.approx(here / there)
    assert (found.contrast.level, found.contrast.base, found.share, ratio.share) == pytest.approx((here, there, share, share))
    assert 0 < share < 1
    for one in (found, ratio):
        assert one.contrast.score.sum() == pytest.approx(one.contrast.estimate)
        assert one.contrast.weight.sum() == pytest.approx(1.0)


@pytest.mark.parametrize(("inside", "outside"), [(2.0, -1.0), (-2.0, 1.0), (-2.0, -1.0), (0.0, 1.0)])
def test_a_ratio_needs_both_means_over_nought_and_a_difference_does_not(inside, outside):
    event = one([1] * 2 + [0] * 6)
    o = outcomes([inside] * 2 + [outside] * 6)
    assert matched(event, o, RATIO, [np.zeros(8, dtype=int)]) is None
    assert matched(event, o, MEAN, [np.zeros(8, dtype=int)]).contrast.estimate == pytest.approx(inside - outside)
    still = study.outcomes_of(1, [one([1.0] * 8)] * 5)
    assert matched(event, still, study.STATISTICS["autocorrelation"], [np.zeros(8, dtype=int)]) is None  # what never varies has no correlation
    assert matched(0 * event, o, MEAN, [np.zeros(8, dtype=int)]) is None


def test_codes_of_pairs_are_one_for_each():
    first, second = np.array([0, 0, 1, 1, -1, 2]), np.array([0, 2, 0, 2, 1, -1])
    assert crossed(first, second).tolist() == [0, 2, 3, 5, -1, -1]


@pytest.mark.slow
def test_size_of_the_matched_test_for_events_tied_to_volatility():
    hits = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        level = np.exp(np.convolve(rng.normal(0, 0.25, 3300), 0.97 ** np.arange(300), "valid")[:3000])
        event = one(level * np.exp(rng.normal(0, 0.5, 3000)) > np.quantile(level, 0.85))
        o = outcomes(level * np.abs(rng.standard_t(5, 3000)))
        found = matched(event.astype(float), o, RATIO, [alike(level)])
        hits.append(found.contrast.test(cosines_of(found, o)).p() <= 0.05)
    assert 0.01 <= np.mean(hits) <= 0.08
