"""What is shown beside a verdict, and what a claim says of its own day."""

import pytest
from tests.studies.score.conftest import FALL

from flowbt.evidence.claims.declare import Claim, Document
from flowbt.evidence.claims.outcomes import forward_return, next_move
from flowbt.studies.score.score import score

TWICE = """
from flowbt.evidence.claims.declare import OwnDate
from flowbt.evidence.claims.outcomes import forward_drawdown, next_move

def _fell(panel):
    return panel["close"].pct_change() <= -0.02

@claim("A fall rebounds", outcome=forward_return("SPX", 3), direction="up")
def rebounds(panel):
    return _fell(panel)

@claim("A fall is not followed by another", outcome=forward_drawdown("SPX", 5), direction="up")
def no_other(panel):
    return _fell(panel)

@claim("A fall is followed by large moves", outcome=next_move("SPX"), direction="up")
def large(panel):
    return _fell(panel)
"""
OWN = """
from flowbt.evidence.claims.declare import OwnDate

@claim("High", outcome=forward_return("SPX", 3), direction="up", own=OwnDate(%s))
def high(panel):
    return panel["close"] >= panel["close"].expanding().median()
"""


def test_one_effect_in_two_outcomes_is_one_cluster_and_the_other_way_is_another(note, catalog, settings):
    found = score((note(TWICE),), catalog, settings).findings
    assert [f.cluster for f in found] == ["rebounds", "rebounds", "large"]
    assert [f.leads for f in found] == [True, False, True]


def test_the_planted_rebound_is_beyond_volatility(note, catalog, settings):
    (found,) = score((note(FALL),), catalog, settings).findings
    beyond = found.beyond
    assert beyond["answer"] == "yes"
    assert beyond["low"] < beyond["effect"] < beyond["high"]
    assert beyond["matched_on"] == "realised volatility within a tenth, same trend and month"  # there is no VIX here
    assert beyond["share"] > 0.9
    assert beyond["later"]["n"] < found.n


def test_effects_of_one_document_are_drawn_together(note, catalog, settings):
    raw = {f.id: f for f in score((note(TWICE),), catalog, settings).findings}
    assert raw["large"].shrunk == pytest.approx(raw["large"].effect)  # the one ratio has nothing to be drawn to
    assert raw["rebounds"].shrunk != raw["rebounds"].effect


@pytest.mark.parametrize(
    ("given", "agrees"),
    [('day="2021-06-01"', None), ('on=False, day="2021-06-01"', None), ('on=None, day="2021-06-01"', None), ('day="1999-06-01"', None)],
)
def test_the_own_day_is_looked_at(note, catalog, settings, given, agrees):
    (found,) = score((note(OWN % given),), catalog, settings).findings
    own = found.own_date
    if "1999" in given:
        assert (own["found"], own["agrees"]) == ("no data", None)
    else:
        held = own["found"] == "on"
        assert own["agrees"] == {"": None, "on": held, "off": not held}[own["says"]]
        assert own["label"] == "2021-06-01"


def test_why_a_definition_is_off_is_shown(note, catalog, settings):
    text = OWN.replace(">=", ">= 1e6 *") % 'day="2021-06-01", why="the level is not reached"'
    (found,) = score((note(text.replace("1e6 *", "1.2 *")),), catalog, settings).findings
    assert found.own_date["why"] == "the level is not reached"


def test_an_outcome_knows_itself_on_a_sister():
    sister = next_move("SPX").elsewhere("NDX")
    assert (sister.symbol, sister.statistic) == ("NDX", "ratio")
    assert forward_return("SPX", 21, also=()).elsewhere("RUT").horizon == 21


def test_risk_is_told_from_return():
    assert next_move("SPX").risk
    assert forward_return("VIX", 5).risk
    assert not forward_return("SPX", 5).risk


def test_a_claim_without_a_date_has_no_own_day():
    assert Claim("c", "c", lambda panel: None, forward_return("SPX", 5)).own.on
    assert Document("d", "").dated == ""
