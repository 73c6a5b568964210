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
