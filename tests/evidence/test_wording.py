"""Figures of findings in words."""

import math

import pytest

from flowbt.evidence.claims.finding import Finding
from flowbt.evidence.claims.wording import amount, chance, effect_text, figure, interval_text, measured_text, own_date_text, sentence, stated_text


def of(**given):
    return Finding("id", "title", "doc", "2025-01-01", "file", **{"kind": "event study", "units": "return", **given})


@pytest.mark.parametrize(
    ("value", "units", "sign", "text"),
    [
        (0.0123, "return", True, "+1.23%"),
        (0.0123, "per year", False, "1.23%"),
        (-0.5, "share", True, "-0.5"),
        (12.345, "points", True, "+12.3"),
        (None, "return", True, "-"),
        (math.inf, "return", True, "-"),
    ],
)
def test_an_amount_is_told_in_its_units(value, units, sign, text):
    assert amount(value, units, sign) == text


def test_effects_and_intervals_of_differences_and_ratios():
    assert effect_text(of(), 0.02) == "+2.00%"
    assert effect_text(of(), 0.02, sign=False) == "2.00%"
    assert effect_text(of(ratio=True), math.log(1.5)) == "x 1.50"
    assert effect_text(of(), None) == "-"
    assert interval_text(of(low=-0.01, high=0.03)) == "-1.00% to +3.00%"
    assert interval_text(of(low=None, high=0.03)) == interval_text(of(low=0.01, high=None)) == "-"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, "higher"),
        ({"sign": -1}, "lower"),
        ({"sign": 0, "kind": "regime comparison"}, "no edge"),
        ({"kind": "sequence"}, "-"),
        ({"stated": {"mean": 0.04}}, "+4.00%"),
        ({"stated": {"mean": 0.04, "baseline": 0.01, "positive": 0.7}}, "+4.00% against +1.00%, 70% positive"),
        ({"stated": {"ratio": 2.0, "beats": 0.6}}, "2 x, 60% beats"),
        ({"stated": {"effect": -0.03}}, "-3.00%"),
    ],
)
def test_what_a_document_states(given, text):
    assert stated_text(of(**given)) == text


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"measured": 0.03, "baseline": 0.01}, "+3.00% against +1.00%"),
        ({"measured": None}, "-"),
        ({"measured": 0.1234, "kind": "sequence"}, "+0.123"),
        ({"measured": 0.1, "kind": "dated forecast"}, "+10.00%"),
        ({"kind": "arithmetic", "n": 5, "detail": {"wrong": ["a", "b"]}}, "3 of 5 follow"),
        ({"kind": "facts", "n": 5}, "5 of 5 as printed"),
    ],
)
def test_what_was_measured(given, text):
    assert measured_text(of(**given)) == text


def test_chance_and_figures():
    assert [chance(p) for p in (None, 0.0009, 0.001, 0.25)] == [
        "how often chance does this cannot be said",
        "chance does this in under 0.1% of cases",
        "chance does this in 0.1% of cases",
        "chance does this in 25.0% of cases",
    ]
    assert [figure(one) for one in (None, "up", 1234.0, 1234.5, 0.125)] == ["-", "up", "1,234", "1,234.50", "0.12"]


def test_sentences_of_each_kind():
    told = of(verdict="replicated", stated={"mean": 0.04}, measured=0.03, baseline=0.01, n=9, n_effective=1, p=0.04, share_agree=0.75, definitions=4)
    assert sentence(told) == (
        "Stated +4.00%; measured +3.00% against +1.00% over 9 sessions in 1 cluster; chance does this in 4.0% of cases; "
        "75% of 4 definitions agree in direction."
    )
    plain = of(verdict="replicated", measured=0.03, baseline=0.01, n=1, n_effective=2, p=None, share_agree=None, definitions=1)
    assert sentence(plain).startswith("Measured +3.00% against +1.00% over 1 session in 2 clusters; how often chance does this cannot be said; ")
    assert sentence(of(verdict="untestable", missing=["a field.", "b."])) == "It cannot be tested here: a field.; b."
    assert sentence(of(kind="arithmetic", n=3, detail={"wrong": ["x"]})) == "2 of 3 recomputed figures follow; not: x."
    assert sentence(of(kind="arithmetic", n=3, detail={"wrong": []})) == "3 of 3 recomputed figures follow."
    bets = [
        {"bet": "X up", "true": None, "when": None, "chance": 0.25},
        {"bet": "Y up", "true": True, "when": "2024-01-02", "chance": None},
        {"bet": "Z up", "true": False, "when": None, "chance": None},
    ]
    made = of(kind="dated forecast", detail={"bets": bets, "made": "2024-01-01", "by": "2024-02-01"})
    assert sentence(made) == ("Made 2024-01-01, settled by 2024-02-01. X up: open (the like came in 25% of earlier spans); Y up: yes, on 2024-01-02; Z up: no.")


def test_what_a_document_says_of_its_own_day():
    own = {"found": "on", "says": "on", "columns": ["A", "B"], "day": "2024-01-02", "why": ""}
    assert own_date_text(of()) == ""
    assert own_date_text(of(own_date=own)) == "2024-01-02: on (A, B); it should be on"
    assert own_date_text(of(own_date={**own, "columns": list("abcdefghijklm"), "found": "off"})) == "2024-01-02: off; it should be on"
    assert own_date_text(of(own_date={**own, "columns": list("abcdefghijkl")})).startswith("2024-01-02: on (a, b, c")
    assert own_date_text(of(own_date={**own, "found": "no data", "says": "", "columns": [], "why": "its data begin later"})) == (
        "2024-01-02: not known; the document does not say. Its data begin later"
    )
