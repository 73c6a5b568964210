"""Many strategies on one page: each against its own rotated placebos, corrected for how many were looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from flowbt.evidence.search.judgement import beats_placebos
from flowbt.ground.documents import dumps, plain
from flowbt.ground.files import write_text
from flowbt.ground.types import Context, Json, JsonView
from flowbt.results import shelf
from flowbt.results.pages import drawing, site
from flowbt.results.pages.base import render_page, write_assets

FOLDER, PAGE = "_gallery", "gallery.html"
NUMBERS = ("placebo", "placebo_low", "placebo_high", "p", "adjusted", "deflated_sharpe", "null_sharpe", "null_adjusted")


def write(root: Path, gallery: Mapping[str, object]) -> Path:
    """Store a gallery (`studies.gallery.Gallery.to_dict()`) as `<root>/_gallery/<when>/gallery.json` and its page; returns the page."""
    made = plain(gallery)
    folder = Path(root) / FOLDER / "".join(c for c in str(made["created"]) if c.isalnum())
    path = folder / PAGE
    with shelf.storing(path, "write"):
        folder.mkdir(parents=True, exist_ok=True)
        write_assets(Path(root))
        write_text(folder / "gallery.json", dumps(made, indent=1))
        write_text(path, render_page("gallery.html", context(made), depth=2))
        words = f"{len(_beating(made))} of {len(made['entries'])} beat their placebos"
        site.announce(path, "gallery", f"{len(made['entries'])} strategies{', synthetic data' if made['synthetic'] else ''}", words)
    site.write_index(Path(root))
    return path


def context(gallery: JsonView) -> Context:
    rows = [_row(entry) for entry in gallery["entries"]]
    traded = [row for row in rows if row["sharpe"] is not None]
    return {
        "title": f"{len(rows)} strategies",
        "g": gallery,
        "rows": rows,
        "answers": answers(rows, bool(gallery["synthetic"])),
        "folders": sorted({row["folder"].rpartition("/")[0] for row in rows if row["folder"]}),
        "beating": [row["strategy"] for row in _beating(gallery)],
        "data": {
            "names": [row["strategy"] for row in traded],
            **{
                key: drawing.compact([_nan(row[key]) for row in traded])
                for key in ("sharpe", "sharpe_low", "sharpe_high", "placebo", "placebo_low", "placebo_high")
            },
            "beats": [row["beats"] for row in traded],
        },
    }


def answers(rows: list[dict[str, object]], synthetic: bool) -> str:
    """How many are to be believed, in words."""
    told = Counter(row["answer"] or "not judged" for row in rows)
    words = ", ".join(f"{told[answer]} {answer}" for answer in ("yes", "no", "cannot tell", "not judged") if told[answer] or answer == "yes")
    return words + (": the prices are invented" if synthetic else "")


def _row(entry: JsonView) -> Json:
    """An entry with its measures beside it and a tone; numbers that are not there are None."""
    measures = entry.get("measures") or {}
    names = ("sharpe", "sharpe_low", "sharpe_high", "cagr", "max_drawdown", "trades")
    flat: Json = {
        "claims": (),
        "caveats": (),
        "answer": "",
        "believed": "",
        **entry,
        **{name: entry.get(name) for name in NUMBERS},
        **{name: measures.get(name) for name in names},
    }
    if entry.get("leak"):
        return {**flat, "tone": "bad", "beats": False, "adjusted": None, "deflated_sharpe": None}
    if flat["sharpe"] is None or entry.get("error"):
        return {**flat, "tone": "none", "beats": False}
    planted = beats_placebos(flat["null_adjusted"])
    beats = beats_placebos(flat["adjusted"]) and not planted
    return {**flat, "beats": beats, "tone": "bad" if planted or flat["answer"] == "no" else "good" if flat["answer"] == "yes" else "doubt"}


def _beating(gallery: JsonView) -> list[Json]:
    return [row for row in map(_row, gallery["entries"]) if row["beats"]]


def _nan(value: float | None) -> float:
    return float("nan") if value is None else float(value)
