"""The one answer to "should I believe this?"."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from tests.evidence.situations import GOOD, SITUATIONS

from flowbt.evidence.belief import CHECKS, believe

PAGE = Path(__file__).parents[2] / "docs" / "belief.md"


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_situation_gets_its_answer(name):
    facts, answer = SITUATIONS[name]
    found = believe(facts)
    assert found.answer == answer
    assert found.green == (answer == "yes")
    assert re.match(r"(Yes, as far as these data go|No|Cannot tell): .+\.$", found.sentence)


def test_the_page_shows_every_situation_with_its_sentence():
    rows = [f"| {name} | {believe(facts).sentence} | {believe(facts).do} |" for name, (facts, _) in SITUATIONS.items()]
    text = PAGE.read_text(encoding="utf-8")
    assert [row for row in rows if row not in text] == []


def test_every_check_is_asked_in_order():
    assert [check.name for check in believe(GOOD).checks] == ["leak", "data", "luck", "holding", "out of sample", "costs", "concentration"]
    assert len(CHECKS) == 7


@pytest.mark.parametrize("missing", ["rotation_p", "deflated", "break_even_bp", "sharpe_double_costs", "return_without_best"])
def test_what_is_not_known_is_never_believed(missing):
    assert believe(replace(GOOD, **{missing: float("nan")})).answer == "cannot tell"


def test_a_leak_is_said_before_everything_else():
    worst = replace(GOOD, leak="shift(-1)", synthetic=True, trades=0, walk_forward=None, holding=None)
    assert believe(worst).sentence.startswith("No: it uses the future (shift(-1))")


def test_nothing_holds_of_a_run_that_uses_the_future():
    states = [check.state for check in believe(replace(GOOD, leak="shift(-1)")).checks]
    assert states[0] == "fails"
    assert "holds" not in states
