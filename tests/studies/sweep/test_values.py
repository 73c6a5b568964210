"""Which points a search tries: distinct, ascending, under the constraints, the same for a seed; large grids are drawn from, never laid out."""

from __future__ import annotations

import numpy as np
import pytest

from flowbt.engine.loader import load_strategy
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


def test_a_draw_stays_what_it_was_for_its_seed() -> None:
    """A sweep that is resumed draws again: up to a million points a permutation is cut, of more the first distinct ones are taken."""
    million = Space.of({"a": tuple(range(1_000)), "b": tuple(range(1_000))})
    for space in (SMALL, million):
        assert numbers_of(space, (), Search("random", 5, 3)).tolist() == sorted(np.random.default_rng(3).permutation(space.size)[:5].tolist())
    for number, asked in ((7, 65_536), (40_000, 80_000)):
        first = list(dict.fromkeys(np.random.default_rng(3).integers(0, LARGE.size, asked).tolist()))[:number]
        assert numbers_of(LARGE, (), Search("random", number, 3)).tolist() == sorted(first)


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
    monkeypatch.setattr(values, "MOST", SMALL.size)
    assert len(numbers_of(SMALL, (), Search())) == SMALL.size


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


@pytest.mark.parametrize("text", ["1:2", "1:2:0", "2:1:1", "1:2:-1", "nan:2:1", "1:inf:1", "a:b:c", " , ", "", "1:2:3:4", "1e308:-1e308:1"])
def test_what_is_no_value_and_no_range_is_refused(text: str) -> None:
    with pytest.raises(ParameterError):
        values_of("n", text, 0.5)


def test_a_range_ends_at_or_under_its_end_however_its_steps_are_rounded() -> None:
    assert values_of("x", "0:0.3:0.1", 0.5) == [0.0, 0.1, 0.2, 0.3]
    assert values_of("x", "0:0.29:0.1", 0.5) == [0.0, 0.1, 0.2]
    assert values_of("x", "3:1:-1", 0.5) == [3.0, 2.0, 1.0]
    assert values_of("n", "2, 3,2", 1) == [2, 3]


@pytest.mark.parametrize("name", ["trial", "sharpe"])
def test_a_parameter_named_as_a_column_of_the_table_is_refused(tmp_path, name: str) -> None:  # type: ignore[no-untyped-def]
    path, head = tmp_path / "named.py", '"""T."""\n\nfrom flowbt import Signals\n\nSYMBOLS = ("SPY",)\n\n\n'
    path.write_text(head + f'def signals(panel, *, {name}=1):\n    return Signals(long=panel["close"] > {name})\n')
    with pytest.raises(ParameterError, match=f"a sweep of '{name}': the stored table has a column of that name"):
        values.space_of(load_strategy(path), {name: "1,2"})
    assert values.space_of(load_strategy(path), {}).values == ((1,),)


def test_a_space_has_what_is_given_before_the_files_grid_before_the_default(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "grid.py"
    path.write_text(
        '"""T."""\n\nfrom flowbt import Signals\n\nSYMBOLS = ("SPY",)\nGRID = {"a": (1, 2), "b": (3.0,)}\n\n\n'
        'def signals(panel, *, a=1, b=0.5, c="x"):\n    return Signals(long=panel["close"] > a)\n'
    )
    space = values.space_of(load_strategy(path), {"b": "4,5"})
    assert dict(zip(space.names, space.values, strict=True)) == {"b": (4.0, 5.0), "a": (1, 2), "c": ("x",)}
    assert (space.size, space.most(["a", "b"])) == (4, 4)
    with pytest.raises(ParameterError, match="parameter 'd' of grid"):
        values.space_of(load_strategy(path), {"d": "1"})


def test_groups_have_every_trial_once_by_the_named_parameters() -> None:
    codes = SMALL.codes(np.array([11, 0, 5, 1, 8]))
    groups = {first["fast"]: where.tolist() for first, where in SMALL.groups(codes, ["fast"])}
    assert groups == {1: [1, 3], 2: [2], 3: [0, 4]}
    assert [where.tolist() for _, where in SMALL.groups(codes, [])] == [[0, 1, 2, 3, 4]]
    many = Space.of({"a": tuple(range(70_000)), "b": (1, 2)})
    assert [(first["a"], where.tolist()) for first, where in many.groups(many.codes(np.array([139_998, 3, 2])), ["a"])] == [(1, [1, 2]), (69_999, [0])]
