import math
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from flowbt.evidence.claims.arithmetic import FigureCheck, facts, figures_of, recomputed
from flowbt.evidence.claims.declare import Claim, Document
from flowbt.evidence.claims.finding import Finding
from flowbt.evidence.claims.verdict import ORDER, decide, level_in_force, smallest_seen
from flowbt.evidence.claims.wording import sentence, smallest_text
from flowbt.evidence.inference import Studentised


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
    given = base | {"measured": 0.03, "baseline": 0.01, "smallest": 0.01, "share_agree": 1.0} | changes
    given["detail"] = {"median_effect": given["effect"]} | given.get("detail", {})
    made = Finding("id", "title", "doc", "2025-01-01", "file", **given)
    made = replace(made, smallest=smallest_seen(made, 0.05)) if "test" in given["detail"] else made
    verdict, reason = decide(made)
    return replace(made, verdict=verdict, reason=reason)


def noise_about(estimate):
    """A test with this estimate and standard error, on events that are everywhere."""
    test = Studentised(estimate, np.full(40, 0.01), np.zeros(40))
    return {"test": {"se": math.sqrt(test.variance)} | test.to_dict()}


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
        ({"q": 0.2, "stated": {"mean": 0.015, "baseline": 0.01}, "detail": noise_about(0.0)}, "underpowered"),
        ({"q": 0.2, "stated": {"mean": 0.06, "baseline": 0.01}, "detail": noise_about(0.0)}, "not distinguishable from chance"),
        ({"p": 0.43}, "direction only"),
        ({"n_effective": 4}, "underpowered"),
        ({"n_effective": 4, "stated": {"positive": 1.0}, "figures": [figure("positive", 1.0, False, 0.8)]}, "contradicted"),
        ({"sign": 0}, "contradicted"),
        ({"sign": 0, "q": 0.5, "low": -0.004, "high": 0.004}, "replicated"),  # within half the base rate of 1%
        ({"sign": 0, "q": 0.5, "low": -0.006, "high": 0.004}, "underpowered"),
        ({"sign": 0, "q": 0.5, "low": -0.01, "high": 0.01, "stated": {"effect": 0.03}}, "replicated"),
        ({"sign": 0, "q": 0.5, "low": -0.005, "high": 0.005}, "replicated"),
        ({"sign": 0, "q": 0.5, "low": -0.001, "high": 0.006}, "underpowered"),
        ({"sign": 0, "q": 0.5, "low": None, "high": 0.001}, "underpowered"),
        ({"sign": 0, "q": 0.5, "low": -0.001, "high": None}, "underpowered"),
        ({"sign": 0, "q": 0.5, "low": -0.18, "high": 0.18, "ratio": True}, "replicated"),  # within a fifth of 1
        ({"sign": 0, "q": 0.5, "low": -0.18, "high": 0.19, "ratio": True}, "underpowered"),
        ({"sign": 0, "q": 0.5, "low": -0.34, "high": 0.3, "ratio": True, "stated": {"ratio": 2.0}}, "replicated"),  # half of ln 2
        ({"sign": 0, "q": 0.5, "low": -0.004, "high": 0.004, "figures": [figure("positive", 0.9, False)]}, "direction only"),
        ({"q": 0.05}, "replicated"),
        ({"q": 0.051}, "not distinguishable from chance"),
        ({"q": None}, "not distinguishable from chance"),
        ({"n_effective": 5}, "replicated"),
        ({"p": None}, "underpowered"),
        ({"sign": -1, "q": 0.2}, "not distinguishable from chance"),
        ({"effect": -0.02, "detail": {"median_effect": 0.02}}, "direction only"),
        ({"effect": 0.02, "detail": {"median_effect": -0.02}}, "contradicted"),
        ({"stated": {"positive": 1.0}, "figures": [figure("positive", 1.0, True, 1.0)]}, "replicated"),
        ({"stated": {"positive": 0.9}, "figures": [figure("positive", 0.9, True, 0.8)]}, "replicated"),
        ({"stated": {"positive": 0.9}, "figures": [figure("positive", 0.9, False, 0.8)]}, "direction only"),
        ({"stated": {"positive": 0.9}, "figures": [figure("positive", 0.9, True), figure("mean", 0.9, False)]}, "replicated"),  # the mean is not stated
        ({"stated": {"mean": 0.03, "baseline": 0.0, "beats": 0.6}, "figures": [figure("mean", 0.03, False), figure("effect", 0.03, True)]}, "replicated"),
        ({"n": 0, "missing": ["field 'gex'"]}, "untestable"),
        ({"n": 9, "missing": ["field 'gex'"]}, "replicated"),
        ({"error": "a typo"}, "error"),
    ],
)
def test_verdicts(changes, verdict):
    found = finding(**changes)
    assert found.verdict == verdict
    assert verdict in ORDER
    assert sentence(found)


def checked(outcome, *checks):
    found = figures_of(checks)
    detail = {"checks": found.checks, "wrong": found.wrong, "unknown": found.unknown}
    made = Finding.of(Claim("sum", "sum", lambda panel: None, outcome), Document("d", "2025-01-01"), "", n=found.n, detail=detail)
    return replace(made, verdict=decide(made)[0])


def test_arithmetic_names_what_does_not_follow():
    made = checked(recomputed(), FigureCheck("good", 1.0, 1.004, 0.005), FigureCheck("bad", 1.0, 1.006, 0.005), FigureCheck("word", "a", "b"))
    assert (made.verdict, made.detail["wrong"]) == ("does not follow", ["bad", "word"])
    assert sentence(made) == "1 of 3 recomputed figures follow; not: bad; word."


def test_facts_say_what_was_found_and_what_cannot_be_known():
    made = checked(facts(), FigureCheck("mean", 6760, 6655.0, 5), FigureCheck("sign", "up", "up"), FigureCheck("flow", 1.0, float("nan")))
    assert (made.verdict, made.n) == ("not as printed", 2)
    assert sentence(made) == "1 of 2 facts are as printed; not: mean: printed 6,760, found 6,655. No data for 1: flow."


def test_a_fact_within_its_tolerance_is_as_printed():
    assert checked(facts(), FigureCheck("level", 21.0, 21.04, 0.05)).verdict == "as printed"


def test_the_sentence_is_in_plain_words():
    found = finding(stated={"mean": 0.0149, "baseline": 0.0083}, p=0.43, definitions=22, share_agree=0.5)
    assert sentence(found).startswith(
        "Stated +1.49% against +0.83%; measured +3.00% against +1.00% over 100 sessions in 30 clusters; chance does this in 43.0%"
    )


def test_a_finding_is_frozen_and_plain_in_json():
    found = finding(detail={"curve": [{"effect": float("nan")}]})
    assert found.to_dict()["detail"]["curve"] == [{"effect": None}]
    with pytest.raises(FrozenInstanceError):
        found.verdict = "replicated"


def test_what_is_not_distinguishable_says_what_it_could_have_seen():
    found = finding(q=0.2, detail=noise_about(0.0))
    assert found.reason.endswith("the smallest effect it would have seen is +2.87%")


def test_what_no_size_of_effect_could_have_shown_says_so():
    assert smallest_text(finding(smallest=None)) == "none: too few independent events"


@pytest.mark.parametrize(
    ("changes", "least", "words"),
    [
        ({"sign": -1}, 0.02, "-2.00%"),
        ({"sign": 0}, 0.02, "-2.00% or +2.00%"),
        ({"sign": 1, "ratio": True}, 0.24, "x 1.24"),
        ({"sign": -1, "ratio": True}, 0.24, "x 0.76"),
        ({"sign": 0, "ratio": True}, 0.24, "x 0.76 or x 1.24"),
        ({"sign": 0, "ratio": True}, 1.24, "x 2.24"),
        ({"sign": -1, "ratio": True}, 1.24, "none that could occur (a fall of 124% is needed)"),
        ({"sign": -1}, 1.2, "none that could occur (-120.00% is needed)"),
        ({"sign": 1, "baseline": -0.05, "outcome": "deepest fall of SPX within 21"}, 0.08, "none that could occur (+8.00% is needed)"),
        ({"sign": 1, "baseline": -0.04, "units": "correlation"}, 1.47, "none that could occur (+1.47 is needed)"),
        ({"sign": -1, "baseline": 0.41, "units": "share"}, 0.21, "-0.21"),
        ({"sign": -1, "baseline": 0.0, "units": "share"}, 0.21, "-0.21"),
    ],
)
def test_the_smallest_effect_is_told_in_the_claimed_direction_where_it_could_occur(changes, least, words):
    ratio = changes.get("ratio", False)
    assert smallest_text(finding(**changes, smallest=math.log1p(least) if ratio else least)) == words


def test_an_effect_of_many_deviations_of_the_outcome_could_not_occur():
    scarce = replace(finding(detail=noise_about(0.0)), n_effective=2)
    assert smallest_text(scarce) == "+2.87%"
    assert smallest_text(replace(scarce, smallest=smallest_seen(scarce, 1e-5))).startswith("none that could occur (+")


def test_power_is_that_of_the_correction_in_force():
    stated = finding(q=0.2, stated={"effect": 0.035}, detail=noise_about(0.0))
    assert decide(stated)[0] == "not distinguishable from chance"
    assert decide(stated, 0.0005)[0] == "underpowered"


def test_the_level_in_force_is_the_next_rank_of_the_family():
    assert level_in_force([0.001, 0.4, 0.6, math.nan, 0.9]) == pytest.approx(0.05 * 2 / 4)
    assert level_in_force([0.3, 0.4]) == pytest.approx(0.025)
    assert level_in_force([0.001, 0.001, 0.4, 0.6, 0.9], [0.5, 0.5, 1, 1, 1]) == pytest.approx(0.05 * 2 / 4)  # one effect told twice
    assert level_in_force([]) == level_in_force([0.01, 0.02]) == 0.05  # where all pass, no more than that of one


@pytest.mark.parametrize("seed", range(40))
def test_words_follow_the_numbers_of_the_test(seed):
    rng = np.random.default_rng(seed)
    test = Studentised(0.004 * rng.standard_normal(), 0.002 * rng.standard_normal(30), np.full(30, 0.05) * rng.standard_normal(30))
    low, high = test.interval()
    numbers = {"effect": test.estimate, "p": test.p(), "low": low, "high": high, "detail": {"test": test.to_dict()}}
    found = finding(**numbers, q=float(rng.choice([0.01, 0.3])), sign=int(rng.choice([1, -1])), stated={"effect": 0.004} if seed % 2 else {})
    if found.verdict == "replicated":
        assert low > 0 if found.sign > 0 else high < 0
    if found.verdict in ("not distinguishable from chance", "underpowered"):
        assert "the smallest effect it would have seen is" in found.reason
