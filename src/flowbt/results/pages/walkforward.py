"""A stored walk-forward as a page: what is left out of sample, window by window, and how the chosen parameters wander."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from flowbt.evidence.belief import BeliefTold
from flowbt.evidence.measures import MEASURES
from flowbt.ground.documents import unsealed
from flowbt.ground.errors import StoreError
from flowbt.ground.files import read_bytes, write_text
from flowbt.ground.types import Context
from flowbt.results import shelf
from flowbt.results.belief import unlike
from flowbt.results.pages import drawing, site
from flowbt.results.pages.base import number, render_page, write_assets
from flowbt.results.studied import WalkForwardDocument

PAGE = "walkforward.html"
LABELS = {one.name: one.label for one in MEASURES}
SHOWN = ("sharpe", "cagr", "max_drawdown", "volatility", "trades", "win_rate")


def write(root: Path, folder: Path) -> Path:
    """Write `<folder>/walkforward.html` for the walk-forward stored there, and list it on the browser page; returns the file. Raises StoreError."""
    document, tables = read(folder)
    path = Path(folder) / PAGE
    run = speaks_for(folder, document)
    shown = context(document, tables, run)
    with shelf.storing(path, "write"):
        write_assets(Path(root))
        write_text(path, render_page(PAGE, shown, depth=len(path.relative_to(root).parts) - 1))
        site.announce(path, "walk-forward", f"Walk-forward of {document['strategy']}", headline(document), run[0])
    site.write_index(Path(root))
    return path


def read(folder: Path) -> tuple[WalkForwardDocument, dict[str, pd.DataFrame]]:
    """walkforward.json and its tables windows, returns, trades. Raises StoreError where one is missing or broken."""
    try:
        document = unsealed(read_bytes(Path(folder) / "walkforward.json"))
        return document, {name: pd.read_parquet(Path(folder) / f"{name}.parquet") for name in ("windows", "returns", "trades")}
    except (OSError, ValueError) as problem:
        raise StoreError(f"walk-forward {folder}", " ".join(str(problem).split())[:160], "the folder is damaged; walk forward again") from None


def speaks_for(folder: Path, document: WalkForwardDocument) -> tuple[str, BeliefTold | None]:
    """The newest stored run of the walk-forward's grid, and what it may be believed; empty where there is none."""
    beliefs, fitting = shelf.beliefs_in(Path(folder).parent), []
    for path in Path(folder).parent.glob(f"*/{shelf.SUMMARY}"):
        try:
            summary = unsealed(read_bytes(path))
            if path.parent.name in beliefs and not unlike(document, summary["judged"]):
                fitting.append((str(summary.get("created", "")), path.parent.name))
        except (OSError, ValueError, KeyError, TypeError):  # a damaged run is named by the listing
            continue
    run = max(fitting)[1] if fitting else ""
    return run, beliefs.get(run)


def context(document: WalkForwardDocument, tables: dict[str, pd.DataFrame], run: tuple[str, BeliefTold | None] = ("", None)) -> Context:
    modes = [{"name": name, **mode, "rows": _windows(tables["windows"], name)} for name, mode in document["modes"].items()]
    returns = tables["returns"]
    lines: Context = {}
    for mode in document["modes"]:
        own = returns[returns["mode"] == mode]
        keep = drawing.drawn(len(own))
        labels = drawing.stamps(pd.DatetimeIndex(own["label"].iloc[keep]), document.get("step", "1d") != "1d")
        lines[mode] = {"labels": labels, "value": drawing.compact(np.cumprod(1 + own["returns"].fillna(0.0).to_numpy(float))[keep])}
    return {
        "title": f"Walk-forward of {document['strategy']}",
        "w": {"stand_ins": [], "warnings": [], **document},
        "headline": headline(document),
        "run": run[0],
        "belief": run[1],
        "modes": modes,
        "parameters": [str(name) for name in tables["windows"] if str(name).startswith("p.")],
        "shown": SHOWN,
        "labels": LABELS,
        "metric": LABELS.get(document["sort"], document["sort"]),
        "data": {"lines": lines, "windows": {mode["name"]: mode["rows"] for mode in modes}, "metric": LABELS.get(document["sort"], document["sort"])},
    }


def headline(document: WalkForwardDocument) -> str:
    """One sentence: what was chosen by inside, and what it was worth outside."""
    mode = document["modes"].get("rolling") or next(iter(document["modes"].values()))
    inside, outside = mode["inside"], mode["outside"]
    if inside is None or outside is None:
        return "Nothing can be said: in no window did the chosen parameters trade."
    sharpe = mode["measures"]["sharpe"]
    metric = LABELS.get(document["sort"], document["sort"])
    return (
        f"The best {metric} of each training window averages {number(inside)}; the same choices made {number(outside)} in the windows after them"
        + (f", Sharpe {number(sharpe)} over all of them" if sharpe is not None else "")
        + f". {mode['positive']:.0%} of {mode['windows']} windows rose."
    )


def _windows(table: pd.DataFrame, mode: str) -> list[Context]:
    """A row per window with plain values; numbers that are not there are None."""
    own = table[table["mode"] == mode].drop(columns="mode")
    return [{str(name): _plain(value) for name, value in row.items()} for row in own.to_dict("records")]


def _plain(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return str(value)[:10]
    if isinstance(value, (float, np.floating)):
        return None if np.isnan(value) else float(value)
    return value.item() if isinstance(value, np.generic) else value
