"""The test of several standardised effects together, and how prices run around an event."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from flowbt.evidence.claims import study
from flowbt.evidence.claims.events import combined
from flowbt.evidence.claims.outcomes import path
from flowbt.evidence.claims.study import STATISTICS

ROWS = 300
RNG = np.random.default_rng(21)
OUTCOMES = study.outcomes_of(1, [RNG.standard_normal((ROWS, 1))])
EVENTS = [(RNG.random((ROWS, 1)) < share).astype(float) for share in (0.1, 0.3)]


def both_tested(scale: float = 1.0):
    """Both events, with outcomes `scale` times as large."""
    outcomes = replace(OUTCOMES, columns=[scale * column for column in OUTCOMES.columns], pieces=None if OUTCOMES.pieces is None else scale * OUTCOMES.pieces)
    found = [study.contrast(event, outcomes, STATISTICS["mean"]) for event in EVENTS]
    return [(one, one.test(outcomes.cosines())) for one in found], outcomes.cosines()


def test_one_effect_alone_has_its_own_test():
    (first, _), cosines = both_tested()
    whole, _ = combined([first], cosines)
    contrast, own = first
    assert contrast.crossing is not None
    assert (whole.t(), whole.p(), whole.clusters, whole.own) == pytest.approx((own.t(), own.p(), own.clusters, own.own))
    assert whole.interval() == pytest.approx(own.interval())
    assert combined([first, first], cosines)[0].p() == pytest.approx(own.p())


def test_effects_together_are_tested_alike_in_every_unit():
    one, cosines = both_tested()
    hundred, same = both_tested(100.0)
    assert cosines == same
    both, scaled = combined(one, cosines)[0], combined(hundred, cosines)[0]
    assert (scaled.t(), scaled.p(), scaled.clusters) == pytest.approx((both.t(), both.p(), both.clusters))
    assert scaled.estimate == pytest.approx(100 * both.estimate)
    ends = [contrast.effect for contrast, _ in one]
    assert min(ends) < both.estimate < max(ends)


def test_what_never_varies_has_no_test_together():
    ((contrast, _), _), cosines = both_tested()
    still = replace(contrast, score=0 * contrast.score, crossing=0 * contrast.crossing)
    assert combined([(still, still.test(cosines))], cosines) == (None, 0)
    assert combined([], cosines) == (None, 0)


@pytest.mark.parametrize(("before", "after"), [(0, 1), (2, 3), (1, 0)])
def test_a_path_is_the_log_price_less_that_of_the_label_and_missing_beyond_the_ends(before, after):
    close = pd.DataFrame({"X": 100 * np.exp(np.cumsum(RNG.normal(0, 0.01, 9)))})
    log = np.log(close["X"])
    expected = np.column_stack([log.shift(-k) - log for k in range(-before, after + 1)])
    np.testing.assert_allclose(path(close, before, after), expected, atol=1e-12)


def test_what_is_not_known_has_no_part_in_a_mean():
    weights, known = np.array([[1.0], [1.0], [0.0], [0.0], [1.0], [0.0]]), np.array([[1.0], [1.0], [1.0], [1.0], [0.0], [0.0]])
    values = np.array([[1.0], [3.0], [10.0], [20.0], [99.0], [99.0]])
    assert study._centred(weights, values, known)[:, 0].tolist() == [-1.0, 1.0, -5.0, 5.0, 0.0, 0.0]
    assert study._centred(np.ones((6, 1)), values, known)[:, 0].tolist() == [-7.5, -5.5, 1.5, 11.5, 0.0, 0.0]
