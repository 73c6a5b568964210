"""The one answer to "should I believe this?"."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from tests.evidence.situations import GOOD, SITUATIONS

from flowbt.evidence.belief import CHECKS, Holding, WalkForwardFacts, believe

PAGE = Path(__file__).parents[2] / "docs" / "belief.md"


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_situation_gets_its_answer(name):
    facts, answer = SITUATIONS[name]
    found = believe(facts)
    assert found.answer == answer
    assert (found.tone == "good") == (answer == "yes")
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


def state(name, **changes):
    return next(check for check in believe(replace(GOOD, **changes)).checks if check.name == name)


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("luck", {"rotation_p": 0.05, "deflated": 0.95}, "holds"),
        ("luck", {"rotation_p": 0.2}, "doubt"),
        ("luck", {"deflated": 0.5}, "doubt"),
        ("holding", {"sharpe": 0.6, "total_return": 0.1}, "holds"),
        ("holding", {"sharpe": 0.5, "total_return": 0.9}, "doubt"),
        ("holding", {"holding": Holding("SPY", 2.0, 0.6, -0.3)}, "holds"),
        ("holding", {"trades": 0, "open_trades": 1}, "holds"),
        ("out of sample", {"walk_forward": WalkForwardFacts(0.55, 9, 2200, 10)}, "holds"),
        ("out of sample", {"walk_forward": WalkForwardFacts(0.0, 9, 2200, 90)}, "fails"),
        ("costs", {"sharpe_double_costs": 0.55, "break_even_bp": 6.0}, "holds"),
        ("costs", {"sharpe_double_costs": 0.0}, "fails"),
        ("costs", {"band": (0.0, 0.5)}, "doubt"),
        ("costs", {"band": (-0.5, 0.0)}, "holds"),
        ("costs", {"break_even_bp": 5.9}, "doubt"),
        ("concentration", {"return_without_best": 0.0}, "fails"),
        ("concentration", {"symbols": 1, "top_symbol_share": 2.0}, "holds"),
        ("concentration", {"symbols": 2, "top_symbol_share": 1.0, "top_year_share": 0.7}, "holds"),
        ("luck", {"rotation_p": 0.051}, "doubt"),
        ("luck", {"rotation_p": 0.201}, "fails"),
        ("luck", {"deflated": 0.499}, "fails"),
        ("luck", {"trades": 9}, "unknown"),
        ("holding", {"total_return": 0.0}, "fails"),
        ("holding", {"sharpe": 0.5, "total_return": 0.5}, "fails"),
        ("holding", {"trades": 0, "open_trades": 0}, "unknown"),
        ("out of sample", {"walk_forward": WalkForwardFacts(0.54, 9, 2200, 10)}, "doubt"),
        ("out of sample", {"walk_forward": WalkForwardFacts(0.55, 9, 2200, 9)}, "doubt"),
        ("out of sample", {"walk_forward": WalkForwardFacts(0.8, 9, 2200, 90, choices=2), "trials": 12}, "doubt"),
        ("out of sample", {"walk_forward": WalkForwardFacts(0.8, 9, 2200, 90, choices=3), "trials": 12}, "holds"),
        ("out of sample", {"walk_forward": WalkForwardFacts(0.8, 9, 2200, 90, choices=1), "trials": 2}, "doubt"),
        ("out of sample", {"walk_forward": WalkForwardFacts(0.8, 9, 2200, 90, choices=2), "trials": 2}, "holds"),
        ("out of sample", {"walk_forward": WalkForwardFacts(0.8, 9, 2200, 90, choices=1), "trials": 1}, "holds"),
        ("out of sample", {"walk_forward": WalkForwardFacts(0.8, 9, 2200, 90, choices=99), "trials": 5000}, "doubt"),
        ("out of sample", {"walk_forward": WalkForwardFacts(0.8, 9, 2200, 90, choices=100), "trials": 5000}, "holds"),
        ("costs", {"cost_bp": 0.5, "break_even_bp": 1.0}, "holds"),
        ("costs", {"cost_bp": 0.49}, "doubt"),
        ("costs", {"cost_bp": float("nan")}, "doubt"),
        ("costs", {"sharpe_double_costs": 0.54}, "doubt"),
        ("concentration", {"symbols": 2, "top_symbol_share": 1.01}, "doubt"),
        ("concentration", {"top_year_share": 0.71}, "doubt"),
    ],
)
def test_a_value_at_its_cut_off(name, changes, said):
    assert state(name, **changes).state == said


def test_the_weaker_of_two_timings_decides_and_is_named():
    assert "45% of 199 rotations" in state("luck", rotation_p=0.45, average_exposure_p=0.3).words
    assert "p 0.45 against holding its average exposure" in state("luck", rotation_p=0.3, average_exposure_p=0.45).words
    assert "10% of 199 rotations" in state("luck", rotation_p=0.1).words
    assert "9.9% of 199 rotations" in state("luck", rotation_p=0.099).words
    assert "after 1 trial;" in f"{state('luck', trials=1).words};"


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("out of sample", {"walk_forward": replace(GOOD.walk_forward, of=3)}, "in sample (the middle one of 3 walk-forwards)"),
        ("out of sample", {"walk_forward": replace(GOOD.walk_forward, windows=1)}, "Sharpe 0.80 over 1 window out of sample, 1.10 in sample"),
        ("out of sample", {"walk_forward": None, "walk_forwards_unlike": ("costs", "span")}, "fits this run (the stored ones differ in costs, span)"),
        ("out of sample", {"walk_forward": None}, "all of it is in sample: no walk-forward fits this run"),
        ("out of sample", {"walk_forward": replace(GOOD.walk_forward, sharpe=float("nan"))}, "it did not trade in the 9 windows of its walk-forward"),
        ("concentration", {"best_left_out": 1}, "without its best 1 trade +60.0% is left"),
        ("concentration", {"top_year_share": 0.71}, "71% of the profit was made in 2020"),
        ("costs", {"cost_bp": 0.0}, "no costs were assumed: it breaks even at 25.0 bp a fill"),
        ("costs", {"cost_bp": 0.25}, "0.25 bp a fill were assumed"),
        ("holding", {"sharpe": 0.5, "total_return": -0.1}, "it lost money: Sharpe 0.50 and -10.0% against 0.60 and +90.0% for holding SPY"),
        ("holding", {"sharpe": float("nan")}, "it cannot be compared with holding SPY: Sharpe not known and"),
        ("data", {"stand_ins": ("a for b", "c for d")}, "what was tested is a stand-in: a for b; c for d"),
        ("data", {"caveats": ("latest vintage of x",)}, "the data were not all known then: latest vintage of x"),
        ("leak", {"probed": False}, "it was not probed for look-ahead"),
    ],
)
def test_what_is_said_of_a_check(name, changes, words):
    assert words in state(name, **changes).words


def test_what_never_traded_is_told_to_look_at_its_rules_and_what_seldom_did_to_look_longer():
    assert state("luck", trades=0).do == "look at how often each condition of its rules holds"
    assert state("luck", trades=9).do == "a longer span or more symbols, or leave it"
    told = believe(GOOD).to_dict()
    assert (told["tone"], told["answer"], len(told["checks"])) == ("good", "yes", 7)
    assert "120 trades, better than 199 rotations of itself and than holding, Sharpe 0.80 out of sample" in told["sentence"]
