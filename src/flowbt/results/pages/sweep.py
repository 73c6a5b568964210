"""A stored sweep as a page: what of the best is luck, where in the grid the results lie, the trials themselves.

Reads what docs/sweeps.md says lies in the folder. Heatmaps and curves are taken over all trials (of more
than MOST: over a regular sample and the best); the trial table and the parallel lines show the best and a random rest, and say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from flowbt.evidence.belief import BeliefTold
from flowbt.evidence.measures import MEASURES
from flowbt.evidence.search.judgement import Luck, luck_checks
from flowbt.ground.documents import unsealed
from flowbt.ground.errors import StoreError
from flowbt.ground.files import read_bytes, write_text
from flowbt.ground.types import Context
from flowbt.results import shelf
from flowbt.results.pages import drawing, site
from flowbt.results.pages.base import number, render_page, write_assets
from flowbt.results.studied import SweepDocument

PAGE = "sweep.html"
MAPPED = ("sharpe", "cagr", "max_drawdown", "trades")
BEST, REST = 500, 700  # trials shown one by one
MOST = 50_000  # trials a page is made from
MOST_LEVELS = 24  # distinct values on an axis; more are cut into as many equal parts


def write(root: Path, folder: Path) -> Path:
    """Write `<folder>/sweep.html` for the sweep stored in `folder`, list it on the browser page; returns the file. Raises StoreError."""
    sweep, luck, trials = read(folder)
    path = Path(folder) / PAGE
    with shelf.storing(path, "write"):
        write_assets(Path(root))
        shown = context(sweep, luck, trials, beliefs_of(folder, sweep))
        write_text(path, render_page("sweep.html", shown, depth=len(path.relative_to(root).parts) - 1))
        title = f"Sweep of {sweep['strategy']}, {sweep.get('trials', len(trials)):,} trials"
        site.announce(path, "sweep", title, str(luck.get("verdict") or ""), next(iter((sweep.get("runs") or {}).values()), ""))
    site.write_index(Path(root))
    return path


def read(folder: Path) -> tuple[SweepDocument, Luck, pd.DataFrame]:
    """sweep.json, luck.json (empty where absent) and the trials. Raises StoreError for a sweep that is not complete or damaged."""
    folder = Path(folder)
    try:
        sweep: SweepDocument = unsealed(read_bytes(folder / "sweep.json"))
        luck: Luck = unsealed(read_bytes(folder / "luck.json")) if (folder / "luck.json").is_file() else Luck()
        trials = read_trials(folder / "trials.parquet")
    except (OSError, ValueError) as problem:
        do = "run the sweep to its end (--resume)" if not (folder / "sweep.json").is_file() else "the folder is damaged; sweep again"
        raise StoreError(f"sweep {folder}", " ".join(str(problem).split())[:160], do) from None
    return sweep, luck, trials


def read_trials(path: Path) -> pd.DataFrame:
    """All trials, or of more than MOST every n-th and the best: a page needs no million rows, and memory is for the sweep."""
    with pq.ParquetFile(path, pre_buffer=False) as file:  # a row group at a time: Arrow keeps what a whole read took
        rows, groups = file.metadata.num_rows, range(file.num_row_groups)
        if rows <= MOST:
            return pd.read_parquet(path)
        sharpe = np.concatenate([file.read_row_group(k, columns=["sharpe"], use_threads=False)["sharpe"].to_numpy() for k in groups])
        keep = np.zeros(rows, dtype=bool)
        keep[:: -(-rows // MOST)] = True
        keep[np.argpartition(-np.nan_to_num(sharpe, nan=-np.inf), BEST)[:BEST]] = True
        parts, at = [], 0
        for k in groups:
            part = file.read_row_group(k, use_threads=False)
            parts.append(part.filter(pa.array(keep[at : at + part.num_rows])))
            at += part.num_rows
    frame: pd.DataFrame = pa.concat_tables(parts).to_pandas()
    pa.default_memory_pool().release_unused()
    return frame


def beliefs_of(folder: Path, sweep: SweepDocument) -> dict[str, BeliefTold]:
    """What the trials that are stored as runs may be believed now: trial -> `Belief.to_dict()`."""
    told = shelf.beliefs_in(Path(folder).parent)
    return {trial: told[run] for trial, run in (sweep.get("runs") or {}).items() if run in told}


def context(sweep: SweepDocument, luck: Luck, trials: pd.DataFrame, beliefs: Mapping[str, BeliefTold]) -> Context:
    best = next(iter(sweep.get("runs") or {}), "")
    names = list(sweep["parameters"])
    metrics = [name for name in sweep.get("metrics", []) if name in trials]
    shown = sample(trials)
    return {
        "title": f"Sweep of {sweep['strategy']}",
        "s": {"stand_ins": [], "datasets": [], "constraints": [], "warnings": [], "fixed": {}, **sweep},
        "luck": luck,
        "strip": luck_strip(luck, believed=bool(beliefs.get(best)) and beliefs[best]["tone"] == "good"),
        "best_trial": best,
        "best_run": sweep["runs"][best] if best else "",
        "belief": beliefs.get(best),
        "count": sweep.get("trials", len(trials)),
        "shown": len(shown),
        "parameters": names,
        "metrics": [(name, _label(name)) for name in MAPPED if name in metrics],
        "data": {
            "parameters": names,
            "maps": maps(trials, names, [name for name in MAPPED if name in metrics]),
            "curves": {name: sharpe_by_value(trials, name) for name in names},
            "histogram": histogram(trials, luck),
            "trials": columns(shown, names, metrics),
            "labels": {name: _label(name) for name in metrics},
        },
    }


def sample(trials: pd.DataFrame) -> pd.DataFrame:
    """The best by Sharpe, then a seeded random part of the rest."""
    ordered = trials.sort_values("sharpe", ascending=False, na_position="last", kind="stable")
    rest = ordered.iloc[BEST:]
    return pd.concat([ordered.iloc[:BEST], rest.sample(min(REST, len(rest)), random_state=0)]) if len(rest) else ordered


def levels(values: pd.Series) -> tuple[list[str], np.ndarray]:
    """Axis labels and the level of each trial: the distinct values, or equal-count parts of many numbers."""
    distinct = pd.unique(values)
    if len(distinct) > MOST_LEVELS and pd.api.types.is_numeric_dtype(values):
        cut, edges = pd.qcut(values, MOST_LEVELS, labels=False, retbins=True, duplicates="drop")
        return [f"{low:.3g} to {high:.3g}" for low, high in pairwise(edges)], cut.to_numpy()
    codes, ordered = pd.factorize(values, sort=True)
    return [f"{value:g}" if isinstance(value, float) else str(value) for value in ordered], codes


def maps(trials: pd.DataFrame, names: list[str], metrics: list[str]) -> list[Context]:
    """For each pair of parameters and each metric: the median and the best over all other parameters, as rows of y by columns of x."""
    axes = {name: levels(trials[name]) for name in names}
    found: list[Context] = []
    for x, y in combinations(names, 2):
        keys = [axes[y][1], axes[x][1]]
        grid = pd.MultiIndex.from_product([range(len(axes[y][0])), range(len(axes[x][0]))])
        groups = trials[metrics].groupby(keys)
        cells: Context = {}
        for kind, table in (("median", groups.median()), ("best", groups.max())):
            whole = table.reindex(grid)
            cells[kind] = {m: [drawing.compact(row, 4) for row in whole[m].to_numpy(float).reshape(len(axes[y][0]), -1)] for m in metrics}
        found.append({"x": x, "y": y, "x_labels": axes[x][0], "y_labels": axes[y][0], **cells})
    return found


def sharpe_by_value(trials: pd.DataFrame, name: str) -> Context:
    """Sharpe by the values of one parameter: quartiles and the best over all other parameters."""
    labels, codes = levels(trials[name])
    groups = trials["sharpe"].groupby(codes)
    quantiles = groups.quantile(np.array([0.25, 0.5, 0.75])).unstack().reindex(range(len(labels)))
    lines = {"low": quantiles[0.25], "middle": quantiles[0.5], "high": quantiles[0.75], "best": groups.max().reindex(range(len(labels)))}
    return {"labels": labels, **{key: drawing.compact(line, 4) for key, line in lines.items()}}


def histogram(trials: pd.DataFrame, luck: Luck) -> Context:
    """How Sharpe is spread over the trials, and the marks that say what luck alone reaches."""
    values = trials["sharpe"].dropna().to_numpy(float)
    if len(values) < 2:
        return {}
    counts, edges = np.histogram(values, bins=int(np.clip(np.sqrt(len(values)), 8, 60)))
    noise = luck.get("noise")
    return {
        "middle": drawing.compact((edges[:-1] + edges[1:]) / 2),
        "counts": counts.tolist(),
        "width": float(edges[1] - edges[0]) or 0.01,
        "best": float(values.max()),
        "luck": luck.get("expected_best_of_luck"),
        "noise": [noise["low"], noise["high"]] if noise and noise["low"] is not None and noise["high"] is not None else None,
    }


def columns(shown: pd.DataFrame, names: list[str], metrics: list[str]) -> list[Context]:
    """The shown trials as columns of plain values."""
    found: list[Context] = []
    for name in ["trial", *names, *metrics]:
        column = shown[name]
        numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
        values: object = drawing.compact(column, 4 if name in metrics else 8) if numeric else [str(value) for value in column]
        kind = _kind(name) if numeric else "text"
        found.append({"name": name, "label": _label(name), "kind": kind, "values": values})
    return found


def luck_strip(luck: Luck, *, believed: bool = False) -> list[dict[str, str]]:
    """The judged figures of luck as tiles; what could not be computed says so. Green only where the best trial is `believed`."""

    def tone(found: str) -> str:
        return "bad" if luck.get("look_ahead") else "plain" if found == "good" and not believed else found

    return [{"name": one.name, "value": number(one.value, one.form), "words": one.words, "tone": tone(one.tone)} for one in luck_checks(luck)]


def _label(name: str) -> str:
    return next((item.label for item in MEASURES if item.name == name), name)


def _kind(name: str) -> str:
    form = next((item.form for item in MEASURES if item.name == name), "")
    return "percent" if form.endswith("%") else "fixed2" if form == ".2f" else "number"
