"""The join in time, against a loop that says what it should do."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from flowbt.data.asof import asof_rows

DAY = np.timedelta64(1, "D")
START = np.datetime64("2024-01-01", "ns")


def slow(event, known, stale, decisions):
    """The same in words: among rows known before, the latest event; of equal events the one known last; missing when stale."""
    out = []
    for decision in decisions:
        rows = [row for row in range(len(event)) if known[row] < decision]
        best = max(rows, key=lambda row: (event[row], known[row], row), default=-1)
        out.append(best if best >= 0 and decision <= stale[best] else -1)
    return np.array(out)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 5)), max_size=12, unique=True))
def test_equals_the_slow_definition(rows):
    event = START + DAY * np.array([row[0] for row in rows], dtype=int)
    known = event + DAY * np.array([row[1] for row in rows], dtype=int)
    stale, decisions = known + 3 * DAY, START + DAY * np.arange(16)
    fast, expected = asof_rows(event, known, stale, decisions), slow(event, known, stale, decisions)
    found = np.where(fast >= 0, event[np.maximum(fast, 0)] if len(event) else START, START)
    wanted = np.where(expected >= 0, event[np.maximum(expected, 0)] if len(event) else START, START)
    assert ((fast >= 0) == (expected >= 0)).all()
    assert (found == wanted).all()


def test_known_at_the_decision_itself_is_too_late():
    one = np.array([START])
    assert asof_rows(one, one, one + DAY, one)[0] == -1
    assert asof_rows(one, one, one + DAY, one + np.timedelta64(1, "ns"))[0] == 0


def test_a_late_revision_of_an_old_event_does_not_displace_a_newer_one():
    event = START + DAY * np.array([0, 1, 0])
    known = START + DAY * np.array([0, 1, 2])
    assert asof_rows(event, known, known + 9 * DAY, np.array([START + 5 * DAY]))[0] == 1


def test_a_revision_of_the_newest_event_counts_once_it_is_known():
    event = START + DAY * np.array([0, 0])
    known = START + DAY * np.array([0, 2])
    assert list(asof_rows(event, known, known + 9 * DAY, START + DAY * np.array([1, 3]))) == [0, 1]
