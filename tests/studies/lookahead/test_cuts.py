"""Where a decision is probed, and what is shown there in place of the future."""

import numpy as np
import pandas as pd
import pytest

from flowbt.data.panel.views import Range
from flowbt.studies.lookahead.cuts import APART, BEFORE, ENTRIES, EXITS, activity_of, cut_rows, other_future, screen, screens
from flowbt.studies.lookahead.parts import PartTable

ROWS = 700
INDEX = pd.bdate_range("2020-01-01", periods=ROWS)
NOTHING = Range(np.zeros(1), np.zeros(1))


def span(values):
    return Range(np.fmin.reduce(values, axis=0, initial=0.0), np.fmax.reduce(values, axis=0, initial=0.0))


def decision(*spans):
    """One table of two columns that asks for something in each span (column, first row, last row)."""
    values = np.zeros((ROWS, 2))
    for column, first, last in spans:
        values[first : last + 1, column] = 1.0
    return {"long": PartTable(values, ("A", "B")), "hold": 3}


def test_activity_is_where_the_decision_begins_and_ends_to_ask():
    found = activity_of(decision((0, 0, 4), (1, 0, 0), (1, 100, 120), (0, 690, 699)))
    assert found.begins.tolist() == [[0, 0], [0, 1], [100, 1], [690, 0]]
    assert found.ends.tolist() == [[1, 1], [5, 0], [121, 1]]
    assert activity_of({"hold": 3}).begins.shape == activity_of({"hold": 3}).ends.shape == (0, 2)


def test_cuts_are_at_entries_exits_and_near_the_end_and_leave_something_to_hide():
    active = activity_of(decision((0, 0, 4), (1, 100, 120), (0, 400, 410), (1, 690, 699)))
    rows = cut_rows(active, INDEX, np.random.default_rng(1))
    assert {100, 400, 690, 121, 411, ROWS - 2} <= set(rows)
    assert len(rows) == len(set(rows))
    assert min(rows) >= 1
    assert max(rows) == ROWS - 2


@pytest.mark.parametrize("direction", [1.0, -1.0])
def test_another_future_leaves_the_past_and_goes_its_way_from_the_last_value(direction):
    values = np.column_stack([np.linspace(90.0, 100.0, 50), np.linspace(-2.0, 2.0, 50), np.full(50, np.nan)])
    values[29, 0] = np.nan  # missing at the cut: the last value there is
    other = other_future(direction)(values.copy(), 30, span(values))
    assert np.array_equal(other[:30], values[:30], equal_nan=True)
    assert (np.sign(other[31:, 0] - values[28, 0]) == direction).all()
    assert (other[30:, 0] > 0.5 * values[28, 0]).all()  # still a price
    assert (other[30:, 0] < 1.5 * values[28, 0]).all()
    assert (np.sign(other[30:, 1]) == direction).all()  # what can be negative changes to that side
    assert other_future(direction)(values, 50, span(values)) is values
    assert (other_future(direction)(np.zeros((5, 1), bool), 3, NOTHING)[:, 0] == [False] * 3 + [direction > 0] * 2).all()


def test_a_screen_changes_its_rows_by_a_twentieth_and_no_other():
    values, rows, directions = np.full((40, 1), 100.0), np.array([5, 20]), np.array([1.0, -1.0])
    other = screen(rows, directions)(values.copy(), 40, span(values))[:, 0]
    assert (other[5], other[20]) == pytest.approx((105.0, 95.0))
    assert np.flatnonzero(other != 100.0).tolist() == [5, 20]
    assert np.flatnonzero(screen(rows, directions)(np.zeros((40, 1), bool), 40, NOTHING)).tolist() == [5]


def test_rows_of_a_screen_are_apart_inside_and_go_both_ways():
    active = activity_of(decision(*((0, row, row + 2) for row in range(20, 699, 9))))
    found = screens(active, ROWS, np.random.default_rng(3))
    assert len(found) == 2
    for rows, directions in found:
        assert (np.diff(rows) >= APART).all()
        assert 0 <= rows.min() < rows.max() < ROWS
        assert set(directions.tolist()) == {1.0, -1.0}
    assert set(found[0][0].tolist()) <= {int(row) + 1 for row, _ in active.begins} | {ROWS - 1}


def test_cuts_are_spread_over_years_and_symbols():
    index = pd.bdate_range("2000-01-03", periods=20 * 261)
    starts = [*range(10, 200, 20), *range(261, len(index) - 300, 87)]  # many in the first year, three in each of the others
    values = np.zeros((len(index), 3))
    for number, row in enumerate(starts):
        values[row : row + 3, number % 3] = 1.0
    active = activity_of({"long": PartTable(values, ("A", "B", "C"))})
    for seed in range(5):
        rows = [row for row in cut_rows(active, index, np.random.default_rng(seed)) if row in set(active.begins[:, 0].tolist())]
        assert len(rows) >= ENTRIES
        assert len(set(index.year[rows[:ENTRIES]])) == ENTRIES  # a year each, though the first has most
        columns = [int(column) for row, column in active.begins if row in rows[:ENTRIES]]
        assert sorted(columns.count(one) for one in range(3)) == [5, 5, 5]


def test_what_can_be_negative_moves_by_itself_and_a_tenth_of_the_largest():
    values = np.array([[3.0], [-5.0], [2.0], [0.0], [0.0]])
    assert other_future(1.0)(values.copy(), 3, span(values))[3:, 0].tolist() == [2.5, 2.5]
    assert other_future(-1.0)(values.copy(), 3, span(values))[3:, 0].tolist() == [-2.5, -2.5]


def test_where_nothing_is_asked_for_cuts_are_early_in_the_middle_and_late_a_week_either_way():
    nothing, found = activity_of({"hold": 3}), [set(), set(), set()]
    for seed in range(150):
        rows = cut_rows(nothing, INDEX, np.random.default_rng(seed))
        assert ROWS - 2 in rows
        for row in rows:
            found[round(2 * row / ROWS)].add(row)
    assert [sorted(one) for one in found] == [[*range(53, 64)], [*range(373, 384)], [*range(693, 699)]]  # 58, 378 and 698, and five around


def test_an_entry_of_the_last_twentieth_is_always_a_cut_and_a_few_rows_before_entries_are():
    for rows, last in ((700, 665), (200, 180)):  # a twentieth, and twenty rows at least
        index, always = INDEX[:rows], []
        for late in (last, last - 1):
            values = np.zeros((rows, 1))
            values[[*range(10, last - 40, 3), late]] = 1.0
            active = activity_of({"long": PartTable(values, ("A",))})
            cuts = [cut_rows(active, index, np.random.default_rng(seed)) for seed in range(25)]
            always.append(all(late in one for one in cuts))
            begins = set(active.begins[:, 0].tolist())
            assert max(len(one) for one in cuts) <= ENTRIES + BEFORE + EXITS + 3 + 2
            assert all(one[k] == one[ENTRIES + k] + 1 for one in cuts for k in range(BEFORE))
            assert all(len(begins & set(one)) >= ENTRIES for one in cuts)
        assert always == [True, False]


def test_a_course_is_a_twentieth_off_at_once_and_levels_at_three_tenths():
    values = np.full((60, 1), 100.0)
    for direction in (1.0, -1.0):
        course = (other_future(direction)(values.copy(), 20, span(values))[20:, 0] - 100) / 100
        assert course[:2] == pytest.approx([direction * 0.3 * (1 - np.exp(-0.2)), direction * 0.3 * (1 - np.exp(-0.4)) + 0.02 * np.sin(7.3)])
        assert course[[10, 39]] == pytest.approx([direction * 0.3 * (1 - np.exp(-2.2)) + 0.02 * np.sin(73.0), direction * 0.3], abs=0.021)
        assert len(course) == 40


def test_a_screen_takes_the_rows_after_entries_that_lie_apart_then_any_so_far_apart():
    active = activity_of(decision((0, 50, 60), (1, 100, 102), (1, 110, 112), (0, 155, 160), (1, ROWS - 1, ROWS - 1)))
    for seed in range(20):
        (after, directions), (spaced, others) = screens(active, ROWS, np.random.default_rng(seed))
        assert after.tolist() == [51, 101, 156, ROWS - 1]
        assert directions.tolist() == [1.0, -1.0, 1.0, -1.0]
        assert set(np.diff(spaced)) == {APART}
        assert spaced[0] < 2 * APART
        assert spaced[-1] >= ROWS - APART
        assert others[:2].tolist() == [-1.0, 1.0]
        (first, _), (second, _) = screens(activity_of({}), ROWS, np.random.default_rng(seed))
        assert set(np.diff(first)) == set(np.diff(second)) == {APART}
