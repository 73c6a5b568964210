"""What the journal came to as a page: followed books beside their backtests, and forecasts beside their base rates."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from flowbt.ground.documents import plain
from flowbt.ground.files import write_json, write_text
from flowbt.ground.types import Json, JsonView
from flowbt.results import shelf
from flowbt.results.pages.base import render_page
from flowbt.results.pages.site import announce

PAGE, DEPTH = "journal/index.html", 2  # under the desk's folder, and that under the results folder
GROUPS = {"all": "All", "author": "Author", "document": "Document", "looked back at": "Document"}


def context(score: JsonView) -> Json:
    """Of a `JournalScore` as a dict: what the template shows."""
    register = score["register"] or {"forecasts": [], "scores": [], "claims": [], "given_up": 0}
    rows = [{"group": GROUPS[kind], "kind": kind, "name": name, "score": one} for kind, name, one in register["scores"]]
    claims = register["claims"]
    return {
        "title": "The journal's scores",
        "journal": score,
        "register": register,
        "rows": [row for row in rows if row["kind"] != "looked back at"],
        "back": [row for row in rows if row["kind"] == "looked back at"],
        "measured": [one for one in claims if one["finding"] is not None],
        "waiting": sorted(Counter(one["words"] for one in claims if one["finding"] is None).items()),
    }


def write(desk: Path, score: JsonView) -> Path:
    """Write the page and the same as JSON under the desk's folder, and list it on the browser page. Raises StoreError."""
    path = desk / PAGE
    settled = sum(one["state"] in ("came true", "failed") for one in (score["register"] or {"forecasts": []})["forecasts"])
    with shelf.storing(path, "write"):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path.with_suffix(".json"), plain(score))
        write_text(path, render_page("journal.html", context(score), depth=DEPTH))
        announce(path, "desk", "The journal's scores", f"{len(score['books'])} followed books, {settled} forecasts that count")
    return path
