import numpy as np
import pytest

from flowbt.evidence.register.duplicates import Told, alike, clusters


def told(name, labels, side=1, span=(0, 999)):
    return Told(name, np.asarray(sorted(labels), dtype=np.int64), span, 1000 * (span[1] - span[0] + 1) // 1000, side)


def test_phi_by_hand():
    first, second = told("a", range(100)), told("b", range(50, 150))
    assert alike(first, second) == pytest.approx(np.corrcoef([n < 100 for n in range(1000)], [50 <= n < 150 for n in range(1000)])[0, 1], abs=2e-3)


def test_the_same_event_told_the_same_way_is_one_effect():
    found = clusters([told("gold", range(0, 900, 3)), told("silver", range(0, 897, 3)), told("other", range(1, 900, 3))])
    assert found == {"gold": "gold", "silver": "gold", "other": "other"}


def test_the_same_event_told_the_other_way_is_another():
    assert clusters([told("falls", range(50), side=-1), told("rises first", range(50))])["rises first"] == "rises first"


def test_two_states_that_nearly_always_hold_are_not_one():
    rng = np.random.default_rng(0)
    first, second = (np.flatnonzero(rng.random(1000) < 0.92) for _ in range(2))
    assert clusters([told("a", first), told("b", second)])["b"] == "b"


def test_a_shorter_history_of_the_same_event_is_still_it():
    assert alike(told("long", range(0, 1000, 7)), told("short", range(504, 1000, 7), span=(500, 999))) > 0.9


def test_spans_that_do_not_meet_share_nothing():
    assert alike(told("a", range(10), span=(0, 99)), told("b", range(200, 210), span=(200, 299))) == 0.0
