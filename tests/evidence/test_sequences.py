import numpy as np
import pandas as pd
import pytest

from flowbt.evidence.claims.declare import Claim, Document
from flowbt.evidence.claims.finding import Finding
from flowbt.evidence.claims.sequences import LAGS, _tau, flipped, in_order, innovations, lead, sequence_study, standardised
from flowbt.ground.errors import ClaimError, FieldError


def stages(lag, rows=1500, seed=0):
    rng = np.random.default_rng(seed)
    values = 0.6 * rng.standard_normal((rows, 1)) + 0.8 * rng.standard_normal((rows, 3))
    values[3:, 1] += lag * values[:-3, 0]
    values[3:, 2] += lag * values[:-3, 1]
    return pd.DataFrame(values, columns=["a", "b", "c"], index=pd.bdate_range("2010-01-01", periods=rows))


def studied(frame):
    claim, document = Claim("order", "order", lambda panel: None, in_order(5, also=())), Document("d", "2020-01-01")
    return Finding.of(claim, document, "", **sequence_study(claim, [({}, frame)], 500, 0))


def test_lead_by_hand():
    z = np.array([[1.0, 0], [0, 1], [0, 0], [0, 0]])
    assert lead(z, 1).tolist() == [1.0, 0.0, 0.0]


def test_planted_order_is_found_and_its_reverse_is_against():
    forth, back = studied(stages(0.5)), studied(stages(0.5)[["c", "b", "a"]])
    assert forth.p < 0.01
    assert (forth.effect > 0, back.effect) == (True, pytest.approx(-forth.effect))


def test_moving_together_is_no_order():
    assert studied(stages(0.0)).p > 0.05


def test_every_pair_is_looked_at_both_ways():
    pairs = studied(stages(0.5)).detail["pairs"]
    assert [(r["first"], r["then"]) for r in pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert pairs[0]["forth"] > pairs[0]["back"]


def test_flips_keep_the_size_of_every_value():
    found = np.unique(np.abs(flipped(np.array([1.0, 2.0, 4.0]), 200, 1)).round(6))
    assert found.tolist() == pytest.approx([1 / 3, 1, 5 / 3, 7 / 3], abs=1e-6)


def test_the_change_of_a_level_that_turns_back_does_not_lead_what_moved_with_it():
    together = stages(0.0, rows=4000)
    level = np.zeros(4000)
    for t in range(1, 4000):
        level[t] = 0.9 * level[t - 1] + together["a"].iloc[t]
    found = studied(together.assign(a=np.diff(level, prepend=0.0)))
    assert found.p > 0.05
    assert lead(standardised(together.assign(a=np.diff(level, prepend=0.0))), 5).mean() > 4 * found.effect  # what the raw changes would say


def test_innovations_of_white_stages_are_the_stages():
    frame = stages(0.0)
    kept = innovations(frame)
    assert len(kept) == len(frame) - 21
    assert np.corrcoef(kept["a"], frame["a"][21:])[0, 1] > 0.98


def test_innovations_are_what_least_squares_on_the_past_leaves():
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"walk": np.cumsum(rng.normal(size=400)), "level": rng.normal(5.0, 2.0, 400)})
    found = innovations(frame.assign(again=frame["walk"]))
    for name in ("walk", "level", "again"):
        x = frame["walk" if name == "again" else name].to_numpy()
        rows = [[x[:t].mean() * t, *x[t - LAGS : t], t, 1.0] for t in range(LAGS, 400)]  # its sum, its lags; centring the sum takes a trend's place
        sums = np.array(rows)
        design = np.column_stack([sums[:, 0] - x.mean() * sums[:, -2], sums[:, 1:-2], sums[:, -1]])
        left = x[LAGS:] - design @ np.linalg.lstsq(design, x[LAGS:], rcond=None)[0]
        np.testing.assert_allclose(found[name], left, atol=1e-8)


def test_tau_of_onsets():
    assert (_tau([1, 2, 3]), _tau([3, 2, 1]), _tau([1, None, 1]), _tau([4, None])) == (1.0, -1.0, 0.0, None)


def test_too_little_or_nothing_moving_is_one_clear_line():
    with pytest.raises(FieldError, match="250 bars with a, b, c"):
        standardised(stages(0.0, rows=100))
    with pytest.raises(ClaimError, match="b never moves"):
        standardised(stages(0.0).assign(b=1.0))
