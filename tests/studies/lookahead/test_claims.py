"""Which definitions of a claim are probed beside the reported one, with which function, and how what is found is told."""

from dataclasses import replace
from itertools import product

import pandas as pd
import pytest
from tests.studies.score.conftest import FALL, HEAD

from flowbt.studies.lookahead.claims import OTHERS, _found, anew, others_of
from flowbt.studies.lookahead.probe import Leak
from flowbt.studies.score.files import load


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


def test_what_is_found_is_told_of_the_event_with_the_definition_that_is_not_the_reported_one():
    leak = Leak("truncate", pd.Timestamp("2024-01-02"), "[event]", pd.Timestamp("2024-01-02"), "SPX")
    said = "event of SPX on 2024-01-02 changes when what came after 2024-01-02 is unknown"
    assert _found(leak, {}) == said
    assert _found(leak, {"days": 5, "kind": "up"}) == f"{said} (days=5, kind=up)"


def test_a_claims_function_is_that_of_its_file_or_the_one_at_hand(tmp_path):
    path = tmp_path / "note.py"
    path.write_text(f"{HEAD}\n{FALL}")
    (one,) = load(path).claims
    assert anew(one) is not one.function
    assert anew(one).__code__ == one.function.__code__
    here = replace(one, function=lambda panel: None, name="other")
    assert anew(here) is here.function
    path.unlink()
    assert anew(one) is one.function
