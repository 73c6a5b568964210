"""The journal's scores as a page: the numbers of the object, missing intervals said, true minus signs, the same as JSON, listed on the browser page."""

import json
import re

from flowbt.evidence.claims.probability_scores import Settled, score_of
from flowbt.results.pages import journal, site

BOOK = {
    "strategy": "fade", "first": "2026-01-05", "last": "2026-03-31", "bars": 60, "entries": 58, "late": 2, "unfilled": 1, "missing": 2, "different": 1,
    "journal_return": -0.0123, "backtest_return": 0.0456, "gap_missing": -0.05, "gap_data": 0.001, "gap_fills": -0.0089, "gap_costs": 0.0,
    "trades": 9, "open_positions": ["short SPY"], "priced_by": {},
}  # fmt: skip
FORECAST = {
    "claim": "c", "title": "SPY rises", "document": "note", "author": "Ann", "entered": "2026-01-05T22:00:00Z", "made": "2026-01-05", "by": "2026-02-05",
    "late": True, "probability": 0.9, "stated": False, "base": 0.6, "base_made": 0.6, "state": "failed", "true": False, "on": "2026-02-05",
}  # fmt: skip


def scores(name="Ann"):
    """A journal with one book, two forecasts in two spans, and one that was known when it was entered."""
    two = score_of([Settled(0.9, 0.6, False, "2026-01-05", "2026-02-05"), Settled(0.8, 0.6, True, "2026-03-05", "2026-04-05")])
    one = score_of([Settled(0.9, 0.6, False, "2026-01-05", "2026-02-05")])
    told = [("all", "", two.to_dict()), ("author", name, two.to_dict()), ("looked back at", "note", one.to_dict())]
    claim = {"claim": "x", "document": "note", "entered": "2026-01-05T22:00:00Z", "labels": 9, "finding": None, "words": "9 labels since it was entered"}
    register = {"forecasts": [FORECAST | {"author": name}], "scores": told, "claims": [claim, claim], "given_up": 1, "synthetic": False}
    return {"entries": 1234, "head": "ab" * 32, "synthetic": False, "books": [BOOK], "register": register, "problems": [f"{name}: gone"]}


def words(path):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", path.read_text().split("<body")[1]))


def test_the_page_says_what_the_object_says(tmp_path):
    score = scores()
    text = words(journal.write(tmp_path, score))
    brier = score["register"]["scores"][0][2]["brier"]
    assert f"{brier['low']:+.3f} to {brier['high']:+.3f}".replace("-", "−") in text
    assert all(
        told in text for told in ("1,234 entries", "1 of 2", "one span: none", "2 late", "1 unfilled", "short SPY", "90%*", "2 claims: 9 labels", "Ann: gone")
    )
    assert "−1.23% +4.56% −5.79% −5.00% +0.10% −0.89% +0.00%" in text
    assert re.findall(r"(?<![\w.])-[\d$.]", text) == []


def test_the_same_lies_beside_it_and_the_browser_page_lists_it(tmp_path):
    page = journal.write(tmp_path / "desk", scores())
    assert json.loads(page.with_suffix(".json").read_text()) == json.loads(json.dumps(scores()))
    (notice,) = site.notices(tmp_path)
    assert (notice["href"], notice["words"]) == ("desk/journal/index.html", "1 followed books, 1 forecasts that count")


def test_a_journal_without_books_and_register_says_how_to_begin(tmp_path):
    text = words(journal.write(tmp_path, scores() | {"books": [], "register": None, "problems": []}))
    assert all(told in text for told in ("Nothing is followed yet", "No forecast counts yet", "flowbt journal register"))
