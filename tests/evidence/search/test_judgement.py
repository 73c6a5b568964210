"""One judgement of a search: the sentence and the tiles can not disagree."""

import math

import pytest

from flowbt.evidence.search.judgement import SEARCH, Scale, beats_placebos, luck_checks, luck_verdict
from flowbt.results.pages.sweep import luck_strip


def luck(**changes):
    good = {
        "best": {"sharpe": 1.0},
        "ledger": {"trials": 9},
        "deflated_sharpe": 0.99,
        "pbo": {"pbo": 0.1},
        "noise": {"p": 0.01, "rotations": 99},
        "neighbours": {"kept": 0.9},
    }
    return good | changes


@pytest.mark.parametrize("kept", [0.1, 0.3, 0.45, 0.5, 0.6, 0.69, 0.8])
def test_neighbours_are_cleared_by_the_words_and_by_the_tile_or_by_neither(kept):
    found = luck(neighbours={"kept": kept})
    clear = luck_verdict(found).startswith("Luck is a poor explanation")
    assert clear == (luck_strip(found, believed=True)[3]["tone"] == "good")


@pytest.mark.parametrize("name", ["deflated_sharpe", "pbo", "noise", "neighbours"])
@pytest.mark.parametrize("value", [0.0, 0.04, 0.05, 0.06, 0.19, 0.2, 0.21, 0.5, 0.94, 0.95, 1.0])
def test_every_figure_that_is_not_good_is_named_and_no_other(name, value):
    keys = {"deflated_sharpe": None, "pbo": "pbo", "noise": "p", "neighbours": "kept"}
    found = luck(**{name: value if keys[name] is None else luck()[name] | {keys[name]: value}})
    sentence = luck_verdict(found)
    for check in luck_checks(found):
        assert (check.against in sentence) == (check.tone != "good")


def test_a_scale_runs_either_way_and_knows_what_is_missing():
    assert [Scale(0.95, 0.5).tone(x) for x in (0.95, 0.94, 0.5, 0.49, None, math.nan)] == ["good", "doubt", "doubt", "bad", "none", "none"]
    assert [Scale(0.05, 0.2).tone(x) for x in (0.05, 0.06, 0.2, 0.21)] == ["good", "doubt", "doubt", "bad"]
    assert (SEARCH.deflated.good, SEARCH.overfit.good, SEARCH.noise.good, SEARCH.neighbours.good) == (0.95, 0.2, 0.05, 0.5)


def test_what_was_not_computed_neither_clears_nor_accuses():
    nothing = {"best": {"sharpe": 1.0}, "deflated_sharpe": None, "pbo": None, "noise": None, "neighbours": None}
    assert luck_verdict(nothing) == "How much of the best is luck could not be computed."
    assert luck_verdict({"best": None}) == "No trial traded."
    assert luck_verdict(luck(noise=None)).startswith("Luck is a poor explanation")
    assert not beats_placebos(None)
    assert beats_placebos(0.05)
    assert not beats_placebos(0.051)
