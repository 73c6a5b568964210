"""Which points a search tries: distinct, ascending, under the constraints, the same for a seed; large grids are drawn from, never laid out."""

from __future__ import annotations

import numpy as np
import pytest

from flowbt.engine.sweep.space import Space
from flowbt.ground.errors import ParameterError, RangeError
from flowbt.studies.sweep import values
from flowbt.studies.sweep.values import Search, allowed, numbers_of, values_of

SMALL = Space.of({"fast": (1, 2, 3), "slow": (2, 3, 4, 5)})
LARGE = Space.of({"a": tuple(range(2_000)), "b": tuple(range(2_000))})  # more than is ever laid out for a draw


def test_a_grid_keeps_every_point_that_meets_all_constraints() -> None:
    trials = [tuple(SMALL.trial(code).values()) for code in SMALL.codes(numbers_of(SMALL, ("fast < slow", "slow < 5"), Search()))]
    assert trials == [(f, s) for f in (1, 2, 3) for s in (2, 3, 4) if f < s]


@pytest.mark.parametrize("space", [SMALL, LARGE])
def test_a_draw_is_distinct_ascending_and_of_the_asked_number(space: Space) -> None:
    drawn = numbers_of(space, (), Search("random", 7, 3))
    assert len(drawn) == 7
    assert (np.diff(drawn) > 0).all()
    assert drawn[0] >= 0
    assert drawn[-1] < space.size


def test_a_draw_from_a_large_grid_meets_its_constraints_and_follows_the_seed() -> None:
    rules = ("a < b", "b < 100")  # one point in 800 is allowed: many rounds are needed
    drawn = numbers_of(LARGE, rules, Search("random", 50, 3))
    assert allowed(LARGE, drawn, rules).all()
    assert len(set(drawn)) == 50
    assert (drawn == numbers_of(LARGE, rules, Search("random", 50, 3))).all()
    assert (drawn != numbers_of(LARGE, rules, Search("random", 50, 4))).any()


def test_a_draw_that_finds_too_few_says_so() -> None:
    with pytest.raises(RangeError, match=r"50 trials under a \+ b < 3: [0-6] found in a grid of 4,000,000"):
        numbers_of(LARGE, ("a + b < 3",), Search("random", 50, 3))


def test_a_draw_of_more_than_there_are_gives_all_there_are() -> None:
    assert numbers_of(SMALL, ("fast < slow",), Search("random", 500, 1)).tolist() == numbers_of(SMALL, ("fast < slow",), Search()).tolist()


def test_nothing_left_and_too_much_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RangeError, match="none is left"):
        numbers_of(SMALL, ("fast > slow + 9",), Search())
    monkeypatch.setattr(values, "MOST", SMALL.size - 1)
    with pytest.raises(ParameterError, match="--random N"):
        numbers_of(SMALL, (), Search())
    assert len(numbers_of(SMALL, (), Search("random", 5, 1))) == 5


@pytest.mark.parametrize(("kind", "number", "good"), [("grid", 0, True), ("random", 0, False), ("tpe", 0, False), ("random", 1, True), ("grid", -1, False)])
def test_a_search_needs_at_least_one_point(kind: str, number: int, good: bool) -> None:
    if good:
        assert Search(kind, number).number == number
        return
    with pytest.raises(ParameterError, match="not from 1 to"):
        Search(kind, number)


def test_a_range_is_as_long_as_it_says() -> None:
    assert len(values_of("n", "1:1000000:1", 1)) == 1_000_000
    assert values_of("n", "3:3:1", 1) == [3]
    assert values_of("x", "0.3:0.1:-0.1", 0.5) == [0.3, 0.2, 0.1]
    with pytest.raises(ParameterError, match="endless"):
        values_of("n", "0:1000000:1", 1)
