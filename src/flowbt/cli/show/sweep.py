"""A finished sweep on the terminal: luck first, then the best trials."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from flowbt.cli.show.belief import print_answer
from flowbt.cli.show.terminal import Cell, Column, say, show
from flowbt.evidence.search.judgement import SEARCH, Luck
from flowbt.results.studied import StudyFacts, SweepDocument, SweptNow, WalkedNow

if TYPE_CHECKING:
    from flowbt.evidence.measures import Measure

SHOWN = {"sharpe": "Sharpe", "cagr": "CAGR", "max_drawdown": "Drawdown", "trades": "Trades", "win_rate": "Wins"}


def print_sweep(folder: Path, document: SweptNow, luck: Luck) -> None:
    span = f"{document['from']} to {document['to']}, {document['bars']:,} bars"
    say(f"{document['strategy']}  {document['trials']:,} trials  {span}{'  SYNTHETIC' if document['synthetic'] else ''}", bold=True)
    for line in document["warnings"]:
        say(line, fg="yellow")
    say(grid_words(document))
    say("How much is luck")
    show((Column(""), Column("", words=True)), rows_of(luck), indent="  ")
    say(luck["verdict"], bold=True)
    for note in luck["notes"]:
        say(f"Note: {note}.")
    say(f"Best by {document['sort']}")
    _print_top(document)
    for trial, told in document["beliefs"].items():
        print_answer(told, f"Trial {trial}. ")
        say(f"next: {told['do']}", dim=True)
    _footer(folder, document)


def grid_words(document: StudyFacts) -> str:
    """What was swept over which values; what the command did not name came from the file's GRID."""
    named = set(document["named"])
    words = [f"{name} ({len(values)} values{'' if name in named else ', of GRID'})" for name, values in document["parameters"].items()]
    own = sorted(set(document["parameters"]) - named)
    tail = f"; not named, so swept as the file's GRID says: {', '.join(own)} (-p {own[0]}=VALUE fixes it)" if named and own else ""
    return f"Swept: {', '.join(words) or 'nothing'}{tail}."


def rows_of(luck: Luck) -> list[tuple[str, str]]:
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
    if luck["spa"] and (steps := luck["stepm"]):
        rows.append(("SPA against cash", f"p {luck['spa']['p']:.3f}; StepM keeps {steps['significant']} of {steps['trials']} sampled trials"))
    if luck["noise"]:
        noise = luck["noise"]
        band = f"best Sharpe {noise['low']:.2f} to {noise['high']:.2f}, real {noise['real']:.2f}; p {noise['p']:.3f}"
        rows.append(("Same grid, rotated signals", f"{band} ({noise['rotations']} times)"))
    if luck["neighbours"]:
        near = luck["neighbours"]
        rows.append(("Neighbours of the best", f"median Sharpe {near['median_sharpe']:.2f}, worst {near['worst_sharpe']:.2f}, of {near['count']}"))
    return rows


def _print_top(document: SweepDocument) -> None:
    names = [*document["parameters"]]
    metrics = {document["sort"]: units()[document["sort"]].label} | SHOWN
    columns = [Column("trial", right=True), *(Column(name, right=True) for name in names)]
    columns += [Column(label, right=True, drop=at) for at, label in enumerate(metrics.values())]
    rows: list[list[Cell]] = []
    for row in document["top"]:
        values: list[Cell] = [(_cell(row[name]), {"fg": "cyan"}) for name in names]
        rows.append([str(row["trial"]), *values, *(units()[name].text(row[name]) for name in metrics)])
    show(columns, rows)


def _footer(folder: Path, document: SweepDocument) -> None:
    seconds, how, checked = document["seconds"], document["how"], document["verified"]
    if how["path"] == "per trial":
        say(f"One evaluation per trial: {'; '.join(how['reasons'])}.")
    elif how["reasons"]:
        say(f"{how['path'].capitalize()} path, traced {how['traces']} x: {'; '.join(how['reasons'])}.")
    difference = f"largest difference {checked['largest_difference']:.1e}"
    say(f"{checked['trials']} trials re-simulated by the engine and booked in vectorbt: {difference}.")
    parts = ", ".join(f"{name} {seconds[name]:.1f}" for name in ("prepare", "trials", "verify", "luck", "pages"))
    say(f"{document['rate']:,.0f} trials/s; seconds: {parts}; total {seconds['total']:.1f}.")
    for trial, id in document["runs"].items():
        say(f"Trial {trial} in full: {folder.parent / id / 'tearsheet.html'}")
    say(f"Page: {folder / 'sweep.html'}")


def _number(value: float, digits: int = 2) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:.{digits}f}"


def print_walk(folder: Path, document: WalkedNow) -> None:
    """A walk-forward on the terminal: what was promised inside, what was kept outside."""
    import pandas as pd

    metric = units()[document["sort"]]
    mark = "  SYNTHETIC" if document["synthetic"] else ""
    say(f"{document['strategy']}  {document['trials']:,} trials  {document['from']} to {document['to']}{mark}", bold=True)
    for line in document["warnings"]:
        say(line, fg="yellow")
    say(grid_words(document))
    windows = pd.read_parquet(folder / "windows.parquet")
    for mode, one in document["modes"].items():
        say(f"{mode.capitalize()}, {one['windows']} windows")
        names = ("test from", *document["parameters"], f"{metric.label} inside", "outside", "trades")
        rows = []
        for row in windows[windows["mode"] == mode].to_dict("records"):
            values = [_cell(row.get(f"p.{name}")) for name in document["parameters"]]
            numbers = [metric.text(row.get("inside")), metric.text(row.get("outside")), _cell(row.get("trades"))]
            rows.append((f"{row['test_from']:%Y-%m-%d}", *values, *numbers))
        show([Column(name, right=True) for name in names], rows)
        measures = {name: units()[name].text(one["measures"][name]) for name in ("sharpe", "sharpe_low", "sharpe_high", "cagr", "max_drawdown", "trades")}
        sharpe = f"Sharpe {measures['sharpe']} ({measures['sharpe_low']} to {measures['sharpe_high']})"
        chained = f"{sharpe}, CAGR {measures['cagr']}, drawdown {measures['max_drawdown']}"
        say(f"Out of sample, chained: {chained}, {measures['trades']} trades.", bold=True)
        if one["inside"] is not None:
            kept = f"{metric.label} inside {metric.text(one['inside'])}, outside {metric.text(one['outside'])}; {one['positive']:.0%} of windows gained."
            say(f"Mean of the windows: {kept}")
    if document["belief"]:
        print_answer(document["belief"], f"Run {document['run']}, of its grid. ")
    say(f"Stored in {folder}")


def _cell(value: object) -> str:
    if value is None or value != value:
        return "-"
    return f"{value:g}" if isinstance(value, float) else str(value)


@cache
def units() -> dict[str, Measure]:
    """What is measured, by name; with it comes pandas, which a command that has only begun can do without."""
    from flowbt.evidence.measures import MEASURES

    return {one.name: one for one in MEASURES}
