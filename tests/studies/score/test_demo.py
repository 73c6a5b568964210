"""The effects planted in the demo market are found, with their signs, by the claims that speak of them; its null streams are not."""

from pathlib import Path

import pytest

from flowbt.data.catalog import Catalog
from flowbt.data.demo.build import ensure_demo
from flowbt.studies.score.score import Settings, score

CLAIMS = Path(__file__).parents[3] / "claims"
PLANTED = {
    "blowoff.py::short-gamma-amplifies": 1,
    "spx7000.py::milestone-2w": 1,
    "exitliq.py::dollar-block-gold": 1,
    "exitliq.py::dollar-over-100-silver": -1,
    "carry.py::funding-flip-oi-dump": -1,
}
NULL = """
from flowbt import Document, claim, forward_return

DOCUMENT = Document("null", dated="2020-01-02")


@claim("A null ratio", direction="up", outcome=forward_return("SPX", 21), definitions={"share": (0.1, 0.2, 0.3)})
def null_ratio(panel, *, share=0.2):
    ratio = panel["null_ratio", "US"]
    return ratio.rolling(252).rank(pct=True) <= share
"""


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    return Catalog((ensure_demo(tmp_path_factory.mktemp("demo")),))


def test_planted_effects_are_found_with_their_signs(catalog, only):
    board = score(only(*(f"{CLAIMS}/{name}" for name in PLANTED)), catalog, Settings(resamples=500))
    assert {f.verdict for f in board.findings} <= {"replicated", "direction only"}
    signs = {name.partition("::")[2]: sign for name, sign in PLANTED.items()}
    assert {f.id: 1 if f.effect > 0 else -1 for f in board.findings} == signs
    assert all(f.q < 0.05 for f in board.findings)
    assert board.synthetic


def test_a_null_stream_is_not(catalog, tmp_path):
    path = tmp_path / "null.py"
    path.write_text(NULL)
    (found,) = score((str(path),), catalog, Settings(resamples=500)).findings
    assert found.verdict == "not distinguishable from chance"
