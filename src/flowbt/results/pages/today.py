"""Today's decisions as a page: what every strategy says for the next open, why, and what stands beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from flowbt.ground.files import write_text
from flowbt.ground.types import Context, JsonView
from flowbt.results import shelf
from flowbt.results.pages.base import render_page, stylesheet

MOST = 12  # symbols whose conditions are shown; the others are in the JSON


def context(day: JsonView) -> Context:
    """Of `strategies` (dicts of `Today`), `problems`, `synthetic`, and optional `arrived`, `forecasts`, `links`, `alerts`, `made`: what the template shows."""
    rows = [_row(one) for one in day["strategies"]]
    newest = max((one["decision_time"] for one in day["strategies"]), default=None)
    shown = {"arrived": None, "forecasts": [], "links": [], "alerts": [], "made": None, **day}
    fill = max((one["fill"] for one in day["strategies"]), default=None)
    past = fill if fill is not None and not day["synthetic"] and shown["made"] is not None and fill < shown["made"] else None
    ordered = sorted(rows, key=lambda row: (not row["acts"], not row["acting"]))
    return {"title": "Today", "day": shown, "rows": ordered, "newest": newest, "past": past, "css": stylesheet()}


def write(path: Path, day: Mapping[str, object], *, depth: int | None = None) -> Path:
    """Write the page; `depth`: folders below the results folder, None for a page that lies alone. Raises StoreError."""
    with shelf.storing(path, "write"):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, render_page("today.html", context(day) | {"alone": depth is None}, depth=depth or 0))
    return path


def _row(one: JsonView) -> Context:
    acting = [row for row in one["decisions"] if row["action"] != "none"]
    flat = bool(acting) and all(row["weight"] == 0 for row in acting)
    symbols = [row["symbol"] for row in (acting or one["decisions"])][:MOST]
    flips: Context = {flip["symbol"]: flip for flip in one["flips"]}
    conditions: dict[str, list[Context]] = {}
    for condition in one["conditions"]:
        conditions.setdefault(condition["symbol"], []).append(condition)
    return {
        "one": one,
        "acting": acting,
        "acts": bool(acting) and not flat and not one["behind"],
        "flat": flat,
        "nearest": min(one["flips"], key=lambda flip: flip["bars"], default=None),
        "symbols": [{"symbol": name, "flip": flips.get(name), "conditions": conditions[name]} for name in symbols if name in conditions],
        "absent": [f"{known['field']} of {known['symbol']}" for known in one["known"] if known["event_time"] is None],
        "known": [known for known in one["known"] if known["event_time"] is not None],
    }
