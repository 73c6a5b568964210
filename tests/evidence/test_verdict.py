import pytest

from flowbt.evidence.claims.arithmetic import FigureCheck, arithmetic, recomputed
from flowbt.evidence.claims.declare import Claim, Document
from flowbt.evidence.claims.finding import Finding
from flowbt.evidence.claims.verdict import ORDER, decide
from flowbt.evidence.claims.wording import sentence


def finding(**changes):
    base = {
        "kind": "event study",
        "units": "return",
        "n": 100,
        "n_effective": 30,
        "p": 0.001,
        "p_curve": 0.001,
        "q": 0.01,
        "effect": 0.02,
        "low": 0.01,
        "high": 0.03,
    }
    made = Finding("id", "title", "doc", "2025-01-01", "file", **(base | {"measured": 0.03, "baseline": 0.01, "smallest": 0.01, "share_agree": 1.0} | changes))
    made.detail.setdefault("median_effect", made.effect)
    decide(made)
    return made


def figure(name, stated, inside, measured=0.02):
    return {"name": name, "stated": stated, "measured": measured, "low": 0.01, "high": 0.03, "inside": inside}


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "replicated"),
        ({"stated": {"mean": 0.03, "baseline": 0.01}, "figures": [figure("effect", 0.02, True)]}, "replicated"),
        ({"stated": {"mean": 0.09, "baseline": 0.01}, "figures": [figure("effect", 0.08, False)]}, "direction only"),
        ({"sign": -1}, "contradicted"),
        ({"q": 0.2}, "not distinguishable from chance"),
        ({"q": 0.2, "stated": {"mean": 0.015, "baseline": 0.01}}, "underpowered"),
        ({"n_effective": 4}, "underpowered"),
        ({"n_effective": 4, "stated": {"positive": 1.0}, "figures": [figure("positive", 1.0, False, 0.8)]}, "contradicted"),
        ({"sign": 0}, "contradicted"),
        ({"sign": 0, "q": 0.5, "low": -0.01, "high": 0.01, "detail": {"deviation": 0.1}}, "replicated"),
        ({"sign": 0, "q": 0.5, "low": -0.05, "high": 0.01, "detail": {"deviation": 0.1}}, "underpowered"),
        ({"n": 0, "missing": ["field 'gex'"]}, "untestable"),
        ({"error": "a typo"}, "error"),
    ],
)
def test_verdicts(changes, verdict):
    found = finding(**changes)
    assert found.verdict == verdict
    assert verdict in ORDER
    assert sentence(found)


def test_arithmetic_names_what_does_not_follow():
    made = Finding.of(claim := Claim("sum", "sum", lambda panel: None, recomputed()), Document("d", "2025-01-01"), "")
    arithmetic(claim, made, [FigureCheck("good", 1.0, 1.004, 0.005), FigureCheck("bad", 1.0, 1.006, 0.005), FigureCheck("word", "a", "b")])
    decide(made)
    assert (made.verdict, made.detail["wrong"]) == ("does not follow", ["bad", "word"])
    assert sentence(made) == "1 of 3 recomputed figures follow; not: bad; word."


def test_the_sentence_is_in_plain_words():
    found = finding(stated={"mean": 0.0149, "baseline": 0.0083}, p=0.43, definitions=22, share_agree=0.5)
    assert sentence(found).startswith(
        "Stated +1.49% against +0.83%; measured +3.00% against +1.00% over 100 sessions in 30 clusters; chance does this in 43.0%"
    )


def test_a_finding_survives_its_own_json():
    found = finding(detail={"curve": [{"effect": float("nan")}]})
    assert Finding.from_dict(found.to_dict()).detail["curve"] == [{"effect": None}]
