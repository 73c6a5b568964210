"""Known truths out of the real files. Skipped where ../shared/data/raw is not there."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from flowbt.data.catalog import Catalog
from flowbt.data.ingest.plan import read_plan
from flowbt.data.panel.reader import open_panel
from flowbt.features import milestone
from flowbt.studies.ingest.ingest import Target, import_plan
from flowbt.studies.score.score import Settings, score

HOME = Path(__file__).parents[3]
RAW = HOME.parent / "shared" / "data" / "raw"
pytestmark = [pytest.mark.real, pytest.mark.skipif(not RAW.is_dir(), reason="../shared/data/raw is not there")]


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    root = tmp_path_factory.mktemp("real")
    import_plan(read_plan(HOME / "datasets" / "plan.toml"), RAW, Target(root, HOME / "datasets"), ("index-prices", "squeezemetrics"))
    return Catalog((root,))


@pytest.fixture(scope="module")
def findings(catalog, only):
    named = (
        "blowoff.py::short-gamma-amplifies",
        "spx7000.py::milestone-12m",
        "spx7000.py::rut-streak-rut-1m",
        "spx7000_facts.py::fact-levels",
        "blowoff_facts.py::fact-gamma-2025",
        "exitliq_facts.py::fact-mean-200",
    )
    return {f.id: f for f in score(only(*(f"{HOME}/claims/{name}" for name in named)), catalog, Settings(resamples=1_000)).findings}


def test_first_closes_over_2000_and_7000(catalog):
    panel = open_panel(catalog, ("SPX",), start="1995-01-01")
    first = milestone(panel).first_above["SPX"]
    assert {pd.Timestamp("2014-08-26"), pd.Timestamp("2026-04-15")} <= set(first.index[first])
    close = panel["close"]["SPX"]
    assert (close.shift(-252) / close - 1)["2014-08-26"] < 0


def test_always_positive_is_contradicted(findings):
    found = findings["milestone-12m"]
    assert found.verdict == "contradicted"
    assert found.detail["worst"] < 0


def test_short_gamma_more_than_doubles_the_next_move(findings):
    assert np.exp(findings["short-gamma-amplifies"].effect) > 2
    assert findings["short-gamma-amplifies"].verdict == "replicated"


def test_nine_russell_up_sessions_are_followed_by_over_twice_the_usual_month(findings):
    found = findings["rut-streak-rut-1m"]
    (nine,) = [row for row in found.detail["curve"] if row["definition"] == {"length": 9, "kind": "up", "first": False} and row["horizon"] == 21]
    assert nine["effect"] + found.baseline == pytest.approx(0.0258, abs=0.0002)


def test_the_reported_russell_streak_is_the_documents(findings):
    found = findings["rut-streak-rut-1m"]
    assert found.definition == {"length": 8, "kind": "beats", "first": True}
    assert (found.own_date["found"], found.own_date["agrees"]) == ("on", True)
    assert found.n == 19 + 1  # the document's shares are those of 19 cases; one came since


def test_what_the_document_says_of_its_own_day_is_held_against_it(findings):
    own = findings["short-gamma-amplifies"].own_date
    assert (own["says"], own["found"], own["agrees"]) == ("on", "off", False)
    assert "long gamma" in own["why"]


def test_printed_facts_are_found_wrong_where_they_are(findings):
    found = {c["what"]: c["follows"] for c in findings["fact-mean-200"].detail["checks"]}
    assert found["200-session mean"] == pytest.approx(6655, abs=0.5)
    assert findings["fact-gamma-2025"].detail["checks"][0]["follows"] == "positive"
    assert findings["fact-levels"].verdict == "not as printed"
