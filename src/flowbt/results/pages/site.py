"""The browser page over a results folder, and the folder as a static site.

A page that is not a run (a sweep, a scoreboard, a gallery) is listed when a `page.json` lies beside it, see `announce`.
Work in progress is shown when a `progress.json` lies in its folder, see `progress`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from flowbt.ground.documents import dumps, sealed, unsealed
from flowbt.ground.errors import StoreError
from flowbt.ground.files import read_bytes, real, write_text, writing
from flowbt.ground.types import Context, Json
from flowbt.results import shelf
from flowbt.results.packing import line, packed, parted
from flowbt.results.pages.base import ASSETS, render_page, write_assets
from flowbt.results.pages.drawing import compact

NOTICE, PROGRESS, INDEX = "page.json", "progress.json", "index.html"
KINDS = ("sweep", "walk-forward", "scoreboard", "gallery", "comparison", "board", "desk")
LISTED = ("sharpe", "cagr", "volatility", "max_drawdown", "trades", "win_rate")  # measures on the browser page
PLAIN = ("id", "strategy", "thesis", "symbols", "from", "to", "synthetic", "created", "look_ahead")  # of a summary, as it is
DOWNLOADS = ("trades.csv", "trades.parquet")  # what a tearsheet links to
SAID = ("kind", "title", "words", "created")  # of a notice, beside its page and run
DEPTH = 4  # folders below the root in which notices are looked for


def announce(page: Path, kind: str, title: str, words: str = "", run: str = "") -> None:
    """List `page` on the browser page: `kind` is one of KINDS, `words` a line of what it says, `run` the id of the run it is about (in the folder above
    its own): what that may be believed is then said as of when the list is made. Raises OSError."""
    notice = {"kind": kind, "title": title, "words": words, "run": run, "page": page.name, "created": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
    write_text(page.parent / NOTICE, sealed(notice))


def report(folder: Path, title: str, done: int, total: int, words: str = "") -> None:
    """Say how far the work in `folder` has come, for the live page. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / PROGRESS, dumps({"title": title, "done": done, "total": total, "words": words, "state": "done" if done >= total else "running"}))


def notices(root: Path) -> list[Context]:
    """Every announced page under `root`, newest first, with `href` relative to the root; a broken notice is skipped."""
    found = []
    for path in _files(root, NOTICE):
        notice = _read(path)
        named, run = notice.get("page"), notice.get("run")
        if not (isinstance(named, str) and isinstance(run, str) and all(isinstance(notice.get(name), str) for name in SAID)) or Path(named).name != named:
            continue
        page = path.parent / named
        if page.is_file():
            belief = shelf.beliefs_in(path.parent.parent).get(run)
            found.append({**notice, "href": page.relative_to(root).as_posix(), "belief": belief})
    return sorted(found, key=lambda notice: str(notice.get("created", "")), reverse=True)


def running_work(root: Path) -> list[Context]:
    """What is being worked on: each `progress.json` (done, total, and title, words, state, rate, eta, best if given) with its age in seconds."""
    found = []
    for path in _files(root, PROGRESS):
        state = _read(path)
        if state:
            age = max(0.0, time.time() - path.stat().st_mtime)  # a file of the future is new
            title = f"sweep of {state['strategy']}" if "strategy" in state else path.parent.name
            found.append({"title": title, "words": _pace(state), **state, "folder": path.parent.relative_to(root).as_posix(), "age": round(age, 1)})
    return found


def _pace(state: Json) -> str:
    """Rate, time left and the best so far, of those that are given."""
    best, rate, left = state.get("best") or {}, state.get("rate"), state.get("eta")
    words = [f"{rate:,.0f} a second" if rate else "", f"{left:,.0f} s left" if left else ""]
    if best.get("sharpe") is not None:
        words.append(f"best Sharpe {best['sharpe']:.2f} at " + " ".join(f"{name}={value}" for name, value in best.items() if name not in ("sharpe", "trial")))
    return ", ".join(word for word in words if word)


def index_page(root: Path, *, live: bool = False) -> str:
    """The browser page. `live`: served by `flowbt serve`, so that tags, notes, comparisons and progress work in place."""
    listing = shelf.listing(root)
    entries = sorted(listing.entries, key=lambda entry: bool(entry.summary.get("look_ahead")))  # what uses the future comes last
    pages = notices(root)
    data = {"runs": packed([_row(entry, root) for entry in entries]), "count": len(entries), "live": live}
    context = {"title": "Results", "live": live, "broken": listing.broken, "count": len(entries), "pages": pages, "data": data}
    return render_page("browser.html", context)


def write_index(root: Path) -> Path:
    """Write `<root>/index.html` anew; every page links to it."""
    path = Path(root) / INDEX
    with shelf.storing(path, "write"):
        write_assets(Path(root))
        write_text(path, index_page(Path(root)))
    return path


def export(root: Path, folder: Path) -> int:
    """Copy every page under `root`, and the browser page, to `folder`; returns how many. The folder must be new, empty, or an earlier export."""
    root, folder = Path(root), Path(folder)
    if not root.is_dir():
        raise StoreError(f"export of {root}", "no such folder", "give one with --results")
    if real(folder) == real(root) or real(root) in real(folder).parents:
        raise StoreError(f"export to {folder}", "inside the results folder", "name a folder elsewhere")
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not (folder / ASSETS).is_dir())):
        raise StoreError(f"export to {folder}", "it exists and is no earlier export", "name a new folder")
    with shelf.storing(folder, "export to"):
        folder.mkdir(parents=True, exist_ok=True)
        write_assets(folder)
        pages = [path for path in _files(root, ".html", whole=False) if path.parent != root]
        downloads = [path.with_name(name) for path in pages for name in DOWNLOADS if path.with_name(name).is_file()]
        believed = [path for path in Path(root).glob(f"*/{shelf.BELIEFS}") if path.is_file()]
        copied = [path for path in (*pages, *downloads, *believed) if _copied(path, folder / path.relative_to(root))]
        write_text(folder / INDEX, index_page(root))
    return len({*pages} & {*copied}) + 1


def _copied(path: Path, target: Path) -> bool:
    """Copy a file; whether it was still there: its run may have been removed meanwhile."""
    try:
        content = read_bytes(path)
    except FileNotFoundError:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    with writing(target) as scratch:
        scratch.write_bytes(content)
    return True


def _row(entry: shelf.StoredRun, root: Path) -> dict[str, object]:
    """What the browser page shows of a run: some 250 bytes when packed (benchmarks/results.py)."""
    summary, belief = entry.summary, entry.belief
    parameters, measures = summary.get("parameters") or {}, summary.get("measures") or {}
    words, figures = parted(str(belief.get("sentence", "")) if belief else "")
    return {
        **{name: summary.get(name) for name in PLAIN},
        **dict(zip(LISTED, compact(_numbers(measures.get(name) for name in LISTED)), strict=True)),
        "named": list(parameters),
        "values": list(parameters.values()),
        "spark": line(compact(_numbers(summary.get("spark") or ()))),
        "answer": belief.get("answer") if belief else None,
        "tone": belief.get("tone") if belief else None,
        "words": words,
        "figures": figures,
        "tags": list(entry.tags),
        "note": entry.note,
        "folder": entry.path.parent.relative_to(root).as_posix(),
    }


def _numbers(values: Iterable[object]) -> list[float]:
    """NaN for what is no number: a summary may be anybody's."""
    return [value if isinstance(value, (int, float)) else math.nan for value in values]


def _files(root: Path, name: str, *, whole: bool = True) -> Iterator[Path]:
    """Files of that name (or, not `whole`, with that ending) up to DEPTH folders below the root; no hidden folders, no links out."""
    folders = [(Path(root), 0)]
    while folders:
        folder, depth = folders.pop(0)
        try:
            items = sorted(folder.iterdir())
        except OSError:
            continue
        for item in items:
            if item.name.startswith(".") or item.name == ASSETS or item.is_symlink():
                continue
            if whole and shelf.RUN_ID.fullmatch(item.name):
                continue  # a run: it holds no notices, and there may be thousands
            if item.is_dir() and depth < DEPTH:
                folders.append((item, depth + 1))
            elif (item.name == name if whole else item.name.endswith(name)) and item.is_file():
                yield item


def _read(path: Path) -> Context:
    try:
        found = unsealed(read_bytes(path))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
