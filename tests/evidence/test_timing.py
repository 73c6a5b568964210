"""Skill over holding the average exposure: the same told bar by bar, block by block, and when there is nothing to time."""

import math

import numpy as np
import pytest

from flowbt.evidence.cutoffs import CUTOFFS
from flowbt.evidence.inference import LATER
from flowbt.evidence.timing import skill_of, timing_of

ROWS, COLUMNS = 300, 3
RNG = np.random.default_rng(31)
MOVES = RNG.normal(0.0005, 0.01, (ROWS, COLUMNS))
EXPOSURE = (RNG.random((ROWS, COLUMNS)) < 0.3).astype(float) / COLUMNS
RETURNS = (EXPOSURE * MOVES).sum(axis=1) - 0.0001


def plainly(returns, exposure, moves):
    """The mean skill per bar, column by column and bar by bar."""
    total, reach = returns.sum(), int(LATER * len(returns))
    for e, m in zip(exposure.T, moves.T, strict=True):
        apart, usual = e - e.mean(), m.mean()
        later = np.array([apart[t + 1 : t + 1 + reach].sum() for t in range(len(e))]) / ((1 - LATER) * len(e))
        later -= later.mean()
        for t in range(len(e)):
            total += -e[t] * usual - (m[t] - usual) * e.mean() + later[t] * (m[t] - usual)
    return total / len(returns)


def test_skill_is_what_is_left_of_holding_the_average_and_of_the_average_move():
    whole = skill_of(RETURNS, [(EXPOSURE, MOVES)])
    blocks = skill_of(RETURNS, [(EXPOSURE[:, :2], MOVES[:, :2]), (EXPOSURE[:, 2:], MOVES[:, 2:])])
    assert whole.estimate == pytest.approx(plainly(RETURNS, EXPOSURE, MOVES))
    assert (blocks.estimate, blocks.t(), blocks.clusters) == pytest.approx((whole.estimate, whole.t(), whole.clusters))
    dearer = skill_of(RETURNS - 0.001, [(EXPOSURE, MOVES)])
    assert dearer.estimate == pytest.approx(whole.estimate - 0.001)


def test_few_long_positions_are_few_clusters():
    seldom, often = np.zeros((ROWS, 1)), np.zeros((ROWS, 1))
    seldom[100:110], often[::3] = 1.0, 1.0
    few, many = (skill_of((one * MOVES[:, :1]).sum(axis=1), [(one, MOVES[:, :1])]) for one in (seldom, often))
    assert few.clusters < many.clusters


@pytest.mark.parametrize(("rows", "exposure", "timed"), [(19, EXPOSURE, False), (20, EXPOSURE, True), (ROWS, 0 * EXPOSURE + 0.5, False)])
def test_where_exposure_never_varies_or_bars_are_few_there_is_nothing_to_time(rows, exposure, timed):
    assert (skill_of(RETURNS[:rows], [(exposure[:rows], MOVES[:rows])]) is not None) == timed


def test_a_run_is_counted_among_its_rotations_and_a_placebo_without_trades_is_nought():
    skill = skill_of(RETURNS, [(EXPOSURE, MOVES)])
    found = timing_of(0.5, np.array([0.4, 0.5, 0.5 - 1e-12, 0.6, math.nan]), skill, 40, 252.0)
    assert found.p_rotated == 4 / 6
    assert found.rotated == (0.4, 0.5, 0.5 - 1e-12, 0.6, 0.0)
    assert timing_of(-0.1, np.array([math.nan]), skill, 40, 252.0).p_rotated == 1.0
    assert found.p_held == skill.p_above()
    low, high = skill.interval()
    assert (found.skill.estimate, found.skill.low, found.skill.high) == pytest.approx((252 * skill.estimate, 252 * low, 252 * high))
    assert found.skill.clusters == min(skill.clusters, 40)
    assert timing_of(0.5, np.array([0.4]), skill, 3, 252.0).skill.clusters == 3


def test_a_run_that_cannot_be_timed_is_better_than_nothing_never():
    skill = skill_of(RETURNS, [(EXPOSURE, MOVES)])
    for real, test in ((math.nan, skill), (2.0, None)):
        found = timing_of(real, np.array([0.1]), test, 99, 252.0)
        assert (found.p_rotated, found.p_held, found.chance, found.better) == (1.0, 1.0, 1.0, False)
    held = timing_of(9.0, np.zeros(99), skill, CUTOFFS.trades, 252.0)
    assert held.chance == max(held.p_rotated, held.p_held)
    assert timing_of(9.0, np.zeros(99), skill, CUTOFFS.trades - 1, 252.0).chance == 1.0
