"""Which definitions of a claim are probed beside the reported one."""

from itertools import product

import pytest

from flowbt.studies.lookahead.claims import OTHERS, others_of


@pytest.mark.parametrize(("count", "probed"), [(1, []), (2, [1]), (5, [1, 2, 3, 4]), (9, [*range(1, 9)]), (15, [1, 2, 4, 6, 8, 10, 12, 14])])
def test_few_definitions_are_all_probed_and_of_more_eight_from_the_first_to_the_last(count: int, probed: list[int]) -> None:
    assert others_of([{"days": 5}] * count) == probed


def test_each_value_of_each_parameter_is_among_those_probed() -> None:
    grid = [{"days": days, "rise": rise} for days, rise in product(range(20), (0.01, 0.02, "x"))]
    chosen = [0, *others_of(grid)]
    assert len(chosen) == len(set(chosen)) < len(grid)
    assert {(name, value) for at in chosen for name, value in grid[at].items()} == {(name, value) for one in grid for name, value in one.items()}
    rare = [{"days": 5}] * 40 + [{"days": 6}] + [{"days": 5}] * 59
    assert others_of(rare)[:OTHERS] == others_of([{"days": 5}] * 100)
    assert others_of(rare)[OTHERS:] == [40]
    assert others_of([{"days": 1}] + [{"days": True}] * 2) == [1, 2]
