"""The scoreboard and a claim's page, in a browser."""

import numpy as np
import pytest

from flowbt.evidence.claims.finding import Finding
from flowbt.results.pages.scoreboard import Scored, owns, write_scoreboard

pytestmark = pytest.mark.browser


def finding(name, title, **changes):
    curve = [
        {"definition": {"n": n}, "horizon": 21, "effect": e, "low": e - 0.01, "high": e + 0.01, "p": 0.01, "n": 9, "n_effective": 4}
        for n, e in enumerate((0.02, -0.01))
    ]
    path = {"from": -1, "mean": [0.0, 0.0, 0.01], "low": [0.0, 0.0, 0.0], "high": [0.0, 0.0, 0.02], "baseline": [0.0, 0.0, 0.0], "n": 9}
    base = {
        "kind": "event study",
        "units": "return",
        "effect": 0.02,
        "low": 0.01,
        "high": 0.03,
        "p": 0.01,
        "p_curve": 0.01,
        "q": 0.02,
        "holm": 0.02,
        "horizon": 1,
    }
    base |= {
        "share_agree": 0.5,
        "share_significant": 0.5,
        "definitions": 2,
        "verdict": "replicated",
        "sentence": f"Measured -2.00% <b>{name}</b>.",
        "smallest": 0.01,
    }
    return Finding(name, title, "note", "2025-01-01", "note.py", **(base | {"detail": {"curve": curve, "path": path}} | changes))


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("scored")
    findings = [
        finding("good", "A good claim"),
        finding("sum", "A sum", kind="arithmetic", verdict="does not follow", detail={"wrong": ["x"]}, effect=None, p=None),
    ]
    write_scoreboard(root, Scored(findings, ["broken.py: one clear line"], True, 1, 100))
    return root / "claims"


def test_the_filter_leaves_what_matches(chrome, root):
    page = chrome.open(root / "index.html")
    page.js("const e = document.getElementById('filter'); e.value = 'follow'; e.dispatchEvent(new Event('input'))")
    assert page.js("return [...document.querySelectorAll('#claims tbody tr')].map(r => r.hidden)") == [True, False]
    assert page.js("return document.getElementById('shown').textContent") == "1 of 2"
    assert "one clear line" in page.js("return document.querySelector('.warning').textContent")


def test_a_claims_charts_are_drawn_from_its_own_numbers(chrome, root):
    page = chrome.open(root / "good.html")
    assert page.js("return document.getElementById('curve-chart').data[0].y") == [-0.01, 0.02]
    assert np.allclose(page.js("return document.getElementById('path-chart').data[2].y"), [0, 0, 0.01])
    assert page.js("return document.querySelector('.headline').textContent") == "Measured −2.00% <b>good</b>."
    assert page.complaints() == []
    assert all(url.startswith("file:") for url in page.requests())


def test_a_page_without_charts_is_whole(chrome, root):
    page = chrome.open(root / "sum.html")
    assert page.js("return document.querySelector('.verdict strong').textContent") == "does not follow"
    assert page.complaints() == []


@pytest.mark.parametrize("held", ['{"register": true}', '{"register": ["x"]}', "[]", "{", '{"register": "elsewhere", "seal": "0123456789abcdef"}'])
def test_a_scoreboard_that_is_not_what_was_stored_may_be_written_anew(tmp_path, held):
    (tmp_path / "claims").mkdir()
    (tmp_path / "claims" / "findings.json").write_text(held)
    assert owns(tmp_path, "")
