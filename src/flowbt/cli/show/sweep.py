"""A finished sweep on the terminal: luck first, then the best trials."""

from __future__ import annotations

import math
import sys
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from flowbt.evidence.measures import MEASURES
from flowbt.evidence.search.judgement import SEARCH
from flowbt.ground.types import Json

SHOWN = {"sharpe": "Sharpe", "cagr": "CAGR", "max_drawdown": "Drawdown", "trades": "Trades", "win_rate": "Wins"}
UNITS = {one.name: one for one in MEASURES}


def terminal() -> Console:
    """A console as wide as the terminal, and wide enough for the tables where there is none."""
    return Console(width=None if sys.stdout.isatty() else 120)


def print_sweep(folder: Path, document: Json, luck: Json) -> None:
    console = terminal()
    span = f"{document['from']} to {document['to']}, {document['bars']:,} bars"
    console.print(f"[bold]{document['strategy']}[/]  {document['trials']:,} trials  {span}", highlight=False)
    for line in document["warnings"]:
        console.print(line, style="yellow", highlight=False)
    console.print(_luck(luck))
    console.print(luck["verdict"], style="bold", highlight=False)
    for note in luck["notes"]:
        console.print(f"Note: {note}.", highlight=False)
    console.print(_top(document))
    _footer(console, folder, document)


def _luck(luck: dict[str, object]) -> Table:
    table = Table(title="How much is luck", title_justify="left", show_header=False, box=None, padding=(0, 2))
    for name, value in rows_of(luck):
        table.add_row(name, value)
    return table


def rows_of(luck: Json) -> list[tuple[str, str]]:
    """The luck statistics as (what, value in words)."""
    ledger, rows = luck["ledger"], []
    rows.append(("Trials ever run on it", f"{ledger['trials']:,}"))
    if luck["best"] is None:
        return rows
    rows[0] = (rows[0][0], f"{ledger['trials']:,} distinct, worth {ledger['effective']:,.0f} independent ones")
    rows.append(("Best of that many by luck", f"Sharpe {_number(luck['expected_best_of_luck'])}; found {_number(luck['best']['sharpe'])}"))
    both = f"{_number(luck['deflated_sharpe'], 3)}, at the independent number {_number(luck['deflated_sharpe_effective'], 3)}"
    deflated = f"{both} (from {SEARCH.deflated.good:g} on: not luck)"
    rows.append(("Deflated Sharpe", deflated))
    if luck["pbo"]:
        rows.append(("Probability of overfitting", f"{luck['pbo']['pbo']:.2f} (0.5 is noise; {luck['pbo']['trials']} sampled trials)"))
    if luck["spa"]:
        steps = luck["stepm"]
        rows.append(("SPA against cash", f"p {luck['spa']['p']:.3f}; StepM keeps {steps['significant']} of {steps['trials']} sampled trials"))
    if luck["noise"]:
        noise = luck["noise"]
        band = f"best Sharpe {noise['low']:.2f} to {noise['high']:.2f}, real {noise['real']:.2f}; p {noise['p']:.3f}"
        rows.append(("Same grid, rotated signals", f"{band} ({noise['rotations']} times)"))
    if luck["neighbours"]:
        near = luck["neighbours"]
        rows.append(("Neighbours of the best", f"median Sharpe {near['median_sharpe']:.2f}, worst {near['worst_sharpe']:.2f}, of {near['count']}"))
    return rows


def _top(document: Json) -> Table:
    names = [*document["parameters"]]
    metrics = {document["sort"]: UNITS[document["sort"]].label} | SHOWN
    table = Table(title=f"Best by {document['sort']}", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1))
    table.add_column("trial", justify="right", no_wrap=True)
    for name in names:
        table.add_column(name, justify="right", style="cyan", no_wrap=True)
    for label in metrics.values():
        table.add_column(label, justify="right", no_wrap=True)
    for row in document["top"]:
        cells = [f"{row[name]:g}" if isinstance(row[name], float) else str(row[name]) for name in names]
        table.add_row(str(row["trial"]), *cells, *(UNITS[name].text(row[name]) for name in metrics))
    return table


def _footer(console: Console, folder: Path, document: Json) -> None:
    seconds, how, checked = document["seconds"], document["how"], document["verified"]
    if how["path"] == "per trial":
        console.print(f"One evaluation per trial: {'; '.join(how['reasons'])}.", highlight=False)
    elif how["reasons"]:
        console.print(f"{how['path'].capitalize()} path, traced {how['traces']} x: {'; '.join(how['reasons'])}.", highlight=False)
    difference = f"largest difference {checked['largest_difference']:.1e}"
    console.print(f"{checked['trials']} trials re-simulated by the engine and booked in vectorbt: {difference}.", highlight=False)
    parts = ", ".join(f"{name} {seconds[name]:.1f}" for name in ("prepare", "trials", "verify", "luck", "pages"))
    console.print(f"{document['rate']:,.0f} trials/s; seconds: {parts}; total {seconds['total']:.1f}.", highlight=False)
    for trial, id in document["runs"].items():
        console.print(f"Trial {trial} in full: {folder.parent / id / 'tearsheet.html'}", highlight=False, soft_wrap=True)
    console.print(f"Page: {folder / 'sweep.html'}", highlight=False, soft_wrap=True)


def _number(value: float, digits: int = 2) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:.{digits}f}"


def print_walk(folder: Path, document: Json) -> None:
    """A walk-forward on the terminal: what was promised inside, what was kept outside."""
    import pandas as pd

    console = terminal()
    metric = UNITS[document["sort"]]
    console.print(f"[bold]{document['strategy']}[/]  {document['trials']:,} trials  {document['from']} to {document['to']}", highlight=False)
    windows = pd.read_parquet(folder / "windows.parquet")
    for mode, one in document["modes"].items():
        table = Table(title=f"{mode.capitalize()}, {one['windows']} windows", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1))
        for label in ("test from", *document["parameters"], f"{metric.label} inside", "outside", "Trades"):
            table.add_column(label, justify="right", no_wrap=True)
        for row in windows[windows["mode"] == mode].to_dict("records"):
            values = [_cell(row.get(f"p.{name}")) for name in document["parameters"]]
            numbers = [metric.text(row.get("inside")), metric.text(row.get("outside")), _cell(row.get("trades"))]
            table.add_row(f"{row['test_from']:%Y-%m-%d}", *values, *numbers)
        console.print(table)
        measures = {name: UNITS[name].text(one["measures"][name]) for name in ("sharpe", "sharpe_low", "sharpe_high", "cagr", "max_drawdown", "trades")}
        sharpe = f"Sharpe {measures['sharpe']} ({measures['sharpe_low']} to {measures['sharpe_high']})"
        chained = f"{sharpe}, CAGR {measures['cagr']}, drawdown {measures['max_drawdown']}"
        console.print(f"Out of sample, chained: {chained}, {measures['trades']} trades.", style="bold", highlight=False)
        if one["inside"] is not None:
            kept = f"{metric.label} inside {metric.text(one['inside'])}, outside {metric.text(one['outside'])}; {one['positive']:.0%} of windows gained."
            console.print(f"Mean of the windows: {kept}", highlight=False)
    console.print(f"Stored in {folder}", highlight=False, soft_wrap=True)


def _cell(value: object) -> str:
    if value is None or value != value:
        return "-"
    return f"{value:g}" if isinstance(value, float) else str(value)
