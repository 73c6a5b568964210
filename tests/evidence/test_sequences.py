import numpy as np
import pandas as pd
import pytest

from flowbt.evidence.claims import sequences
from flowbt.evidence.claims.declare import Claim, Document
from flowbt.evidence.claims.finding import Finding
from flowbt.evidence.claims.sequences import LAGS, _tau, flipped, in_order, innovations, lead, sequence_study, standardised
from flowbt.evidence.inference import studentise_mean
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


def test_the_lead_of_stages_that_move_together_is_what_each_does_beyond_the_other():
    z = standardised(stages(0.5, rows=300))
    for horizon in (1, 4):
        found, bars = lead(z, horizon), range(len(z) - horizon)
        expected = np.zeros(len(bars))
        for i, j in ((0, 1), (1, 2)):
            both = np.mean([z[t, i] * z[t, j] for t in bars])
            for t in bars:
                later = z[t + 1 : t + 1 + horizon].sum(axis=0) / np.sqrt(horizon)
                expected[t] += (z[t, i] - both * z[t, j]) * later[j] - (z[t, j] - both * z[t, i]) * later[i]
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_each_pair_has_its_correlations_with_what_comes_and_a_test_of_their_difference():
    z, horizon = standardised(stages(0.5, rows=400)), 3
    sums = np.array([z[t + 1 : t + 1 + horizon].sum(axis=0) for t in range(len(z) - horizon)])
    for row, (i, j) in zip(sequences.pairs(z, list("abc"), horizon), ((0, 1), (0, 2), (1, 2)), strict=True):
        assert row["forth"] == pytest.approx(np.corrcoef(z[:-horizon, i], sums[:, j])[0, 1])
        assert row["back"] == pytest.approx(np.corrcoef(z[:-horizon, j], sums[:, i])[0, 1])
        values = lead(z[:, [i, j]], horizon)
        assert (row["difference"], row["p"]) == pytest.approx((values.mean(), studentise_mean(values).p()))


def test_stages_that_set_in_one_after_the_other_are_told_episode_by_episode():
    rows, index = 2000, pd.bdate_range("2010-01-01", periods=2000)
    z, starts = 0.05 * np.random.default_rng(3).standard_normal((rows, 3)), [200, 600, 1000, 1400]
    for start in starts:
        for stage in range(3):
            z[start + 10 * stage : start + 10 * stage + 47, stage] += 3.0  # a little over a tenth of the bars, with those before
    found = sequences.onsets(z, index, list("abc"), 5, 400, 1)
    assert len(found["episodes"]) == 4
    for one, start in zip(found["episodes"], starts, strict=True):
        at = [index.get_loc(one["label"]) + one["onsets"][name] for name in "abc"]  # the last of the five bars that are added up
        assert [abs(bar - start - 10 * stage) <= 1 for stage, bar in enumerate(at)] == [True] * 3
        assert one["tau"] == 1.0
    assert (found["tau"], found["p"]) == (1.0, pytest.approx(2 / 16, abs=0.06))
    few = sequences.onsets(z[:900], index[:900], list("abc"), 5, 400, 1)
    assert (len(few["episodes"]), few["tau"], few["p"]) == (2, None, None)


def test_definitions_of_different_length_end_together_and_one_that_is_too_short_is_said():
    frames = [({"n": n}, stages(0.5, seed=n).iloc[first:]) for n, first in ((0, 0), (1, 700), (2, 1400))]
    claim = Claim("order", "order", lambda panel: None, in_order(5, also=(3,)))
    found = sequences.sequence_evidence(claim, frames, 200)
    assert [(row["definition"]["n"], row["horizon"]) for row in found.curve.rows] == [(0, 5), (0, 3), (1, 5), (1, 3)]
    assert [row["n"] for row in found.curve.rows] == [1500 - LAGS - 5, 1500 - LAGS - 3, 800 - LAGS - 5, 800 - LAGS - 3]
    assert found.curve.rows[0]["n_effective"] == (1500 - LAGS - 5) // 5
    alone = lead(standardised(innovations(frames[1][1])), 5)
    assert found.curve.rows[2]["effect"] == pytest.approx(alone.mean())
    assert len(found.missing) == 1
    assert (found.inference.n, found.inference.estimate) == (1500 - LAGS - 5, pytest.approx(found.curve.rows[0]["effect"]))
    assert found.span == (f"{frames[0][1].index[LAGS]:%Y-%m-%d}", f"{frames[0][1].index[-1]:%Y-%m-%d}")
    assert (found.curve.agree, found.curve.significant) == (1.0, np.mean([row["p"] <= 0.05 for row in found.curve.rows]))
    with pytest.raises(FieldError):
        sequences.sequence_evidence(claim, frames[2:], 200)
