"""What a claim says of itself, and what cannot be right about one."""

import itertools

import pytest

from flowbt.evidence.claims.declare import MOST_DEFINITIONS, Claim, Data, Document, claim
from flowbt.evidence.claims.finding import Finding
from flowbt.evidence.claims.forecasts import dated
from flowbt.evidence.claims.outcomes import Outcome
from flowbt.ground.errors import ClaimError


def event(panel, *, days=5, rise=0.01):
    """Nothing."""


def made(outcome=None, **given):
    return Claim("up_day", "Up", event, outcome or Outcome("o", 5, lambda panel, h: [], also=(3, 8)), **given)


@pytest.mark.parametrize(
    ("given", "sign"),
    [
        ({}, 1),
        ({"direction": "down"}, -1),
        ({"direction": "flat", "stated": {"effect": 1.0}}, 0),
        ({"stated": {"effect": 0.5}}, 1),
        ({"stated": {"effect": 0.0}}, -1),
        ({"stated": {"effect": -0.5, "mean": 1.0}}, -1),
        ({"stated": {"mean": 0.5}}, 1),
        ({"stated": {"mean": 0.5, "baseline": 0.6}}, -1),
        ({"stated": {"mean": 0.0}}, -1),
        ({"stated": {"positive": 0.7}}, 1),
    ],
)
def test_the_sign_is_the_direction_or_follows_from_the_figures(given, sign):
    assert made(**given).sign == sign


def test_a_claim_tells_its_defaults_horizons_and_outcome():
    one = made()
    assert (one.id, one.defaults, one.horizons, one.kind) == ("up-day", {"days": 5, "rise": 0.01}, (5, 3, 8), one.outcome.kind)
    assert one.outcome_as(Outcome) is one.outcome
    assert made(dated("2024-01-01", "2024-02-01")).horizons == ()
    with pytest.raises(ClaimError, match="its outcome is Dated, not Outcome"):
        made(dated("2024-01-01", "2024-02-01")).outcome_as(Outcome)
    none = Claim("c", "c", event, None)
    assert (none.kind, none.symbol, none.horizons) == ("", None, ())


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        (made(Outcome("o", 0, lambda panel, h: [])), "horizon 0 of its outcome"),
        (made(Outcome("o", 5, lambda panel, h: [], also=(2.5,))), "horizon 2.5 of its outcome"),
        (made(direction="upp"), "direction 'upp'"),
        (made(stated={"meen": 1.0}), "stated figure 'meen'; did you mean mean"),
        (made(stated={"xyz": 1.0}), "known figures are mean, baseline"),
        (made(definitions={"dayz": (1,)}), "no parameter of the function; did you mean days"),
        (made(definitions={"qqq": (1,)}), "it has days, rise"),
        (made(problems=("option 'x'",)), "option 'x'; mend the call"),
        (Claim("c", "c", event, None), "it has no outcome"),
    ],
)
def test_what_cannot_be_right_is_refused(wrong, found):
    with pytest.raises(ClaimError, match=found):
        wrong.checked()
    right = made(Outcome("o", 1, lambda panel, h: []), direction="down", stated={"mean": 1.0}, definitions={"days": (1, 2)})
    assert right.checked() is right


def test_every_definition_is_told_once_with_the_reported_one_first():
    found = made(definitions={"days": (3, 5), "rise": (0.01, 0.02)}).variants()
    assert found == [{"days": d, "rise": r} for d, r in ((5, 0.01), (3, 0.01), (3, 0.02), (5, 0.02))]
    assert made().variants() == [{}]
    assert made(definitions={"days": (1, 2)}).variants() == [{"days": 5}, {"days": 1}, {"days": 2}]
    assert len(made(definitions={"days": tuple(range(MOST_DEFINITIONS))}).variants()) == MOST_DEFINITIONS
    with pytest.raises(ClaimError, match="802 definitions; keep to 400"):
        made(definitions={"days": tuple(range(401)), "rise": (1, 2)}).variants()
    assert made(definitions={"days": ()}).variants() == [{"days": 5}]


def test_the_decorator_keeps_what_it_was_given_and_says_what_it_does_not_know():
    @claim("Up", outcome=3, stated={"mean": 1.0}, definitions={"days": [1, 2], "kind": "up", "n": 4}, directon="up")
    def late(panel, *, days=1, kind="up", n=4):
        """Nothing."""

    one = vars(late)["__claim__"]
    endless = vars(claim("Up", definitions={"n": itertools.count()})(late))["__claim__"]
    assert endless.definitions == {"n": tuple(range(MOST_DEFINITIONS + 1))}  # one too many, which is refused
    assert one.definitions == {"days": (1, 2), "kind": ("up",), "n": (4,)}
    assert (one.outcome, one.stated, one.title, one.name) == (None, {"mean": 1.0}, "Up", "late")
    assert one.problems == ("option 'directon'; did you mean direction?", "outcome 3, which is none of flowbt's")


def test_a_finding_begins_with_what_its_claim_says_of_itself():
    found = Finding.of(made(data=Data(clock="24/7", strategy="fade"), direction="down"), Document("placebos", "2024-01-01"), "a.py")
    assert (found.horizon, found.units, found.outcome, found.sign, found.unit, found.strategy, found.placebo) == (5, "return", "o", -1, "bar", "fade", True)
    bare = Finding.of(Claim("c", "c", event, None), Document("d", "2024-01-01"), "a.py")
    assert (bare.horizon, bare.units, bare.outcome, bare.unit, bare.placebo, bare.kind) == (0, "", "", "session", False, "")
