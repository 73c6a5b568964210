"""A run on the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from flowbt.ground.types import JsonView
from flowbt.results.rows import Row, measure_rows

if TYPE_CHECKING:
    from flowbt.evidence.belief import Belief
    from flowbt.studies.run.backtest import Run

LEFT = ("total_return", "cagr", "volatility", "sharpe", "sortino", "calmar", "max_drawdown", "exposure")
RIGHT = ("trades", "win_rate", "profit_factor", "expectancy", "mean_bars", "turnover", "beta", "alpha")


def print_run(run: Run, belief: Belief, folder: Path | None) -> None:
    """The header, whether to believe it, the measures with their intervals, what it rests on, and where it is."""
    console = Console()
    manifest = run.record.manifest
    title = Text(manifest["strategy"], style="bold")
    if manifest["synthetic"]:
        title.append("  SYNTHETIC", style="bold yellow")
    if manifest.get("look_ahead"):
        title.append("  LOOK-AHEAD", style="bold red")
    console.print(title)
    console.print(Text(manifest["thesis"], style="italic"))
    words = ", ".join(f"{name}={value}" for name, value in manifest["parameters"].items()) or "no parameters"
    console.print(Text(f"{', '.join(manifest['symbols'])}  {manifest['from']} to {manifest['to']}  {words}", style="dim"))
    print_belief(console, belief)
    console.print(_measures(run))
    if run.measures.trades + run.measures.open_trades == 0:
        console.print(Text("no trade: no entry was left in this span with these parameters (long and short together count as neither)", style="yellow"))
    for one in manifest["stand_ins"]:
        console.print(Text(f"stand-in: {one['used']} for {one['asked']}", style="yellow"))
    for line in option_lines(manifest.get("options")):
        console.print(Text(line, style="dim"))
    for line in manifest["warnings"]:
        console.print(Text(line, style="bold red" if line.startswith("LOOK-AHEAD") else "yellow"))
    if folder is not None:
        console.print(Text(f"run {manifest['id']}  {folder / 'tearsheet.html'}"), soft_wrap=True)


def option_lines(terms: JsonView | None) -> list[str]:
    """Of a run of option structures: the result by part, the ends of the band, and what priced the structures."""
    if not terms:
        return []
    lines = ["by part: " + "  ".join(f"{name} {cash:+,.0f}" for name, cash in terms["greeks"].items())] if terms["greeks"] else []
    if terms["band"]:
        names = {-1.0: "one error lower", 0.0: "as run", 1.0: "one error higher"}
        lines.append("volatilities " + ", ".join(f"{names[end['shift']]}: Sharpe {end['sharpe']:.2f}, {end['total_return']:+.1%}" for end in terms["band"]))
    priced = terms["priced_by"]
    return [*lines, f"structures priced by the surface of the day: {priced['surface']} of {sum(priced.values())}"]


def _measures(run: Run) -> Table:
    rows = measure_rows(run.measures)
    table = Table(box=None, padding=(0, 1, 0, 0), show_header=False)
    for justify in ("left", "right", "left", "left", "right", "left"):
        table.add_column(justify=justify, no_wrap=True)
    for left, right in zip(LEFT, RIGHT, strict=True):
        table.add_row(*_cells(rows[left]), *_cells(rows[right]))
    return table


def _cells(row: Row) -> tuple[str, str, Text]:
    short = {"fraction of bars": "of bars", "return per trade": "a trade", "per year": "a year", "ratio": ""}
    return row.label, row.text, Text(row.range or short.get(row.units, row.units), style="dim")


def print_belief(console: Console, belief: Belief) -> None:
    """The answer, the checks with their states, and what to do next. Never green but where everything holds."""
    colour = {"good": "bold green", "doubt": "bold yellow", "bad": "bold red"}[belief.tone]
    console.print(Text(belief.sentence, style=colour))
    console.print(Text("  ".join(f"{check.name}: {check.state}" for check in belief.checks), style="dim"))
    console.print(Text(f"next: {belief.do}", style="dim"))
