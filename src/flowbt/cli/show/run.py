"""A run on the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flowbt.cli.show.belief import print_belief
from flowbt.cli.show.terminal import Cell, Column, say, show, width_of_output
from flowbt.ground.types import JsonView

if TYPE_CHECKING:
    from flowbt.evidence.belief import Belief
    from flowbt.results.rows import Row
    from flowbt.studies.run.backtest import Run

LEFT = ("total_return", "cagr", "volatility", "sharpe", "sortino", "calmar", "max_drawdown", "exposure")
RIGHT = ("trades", "win_rate", "profit_factor", "expectancy", "mean_bars", "turnover", "beta", "alpha")
MOST_NAMED = 24  # symbols
TWO_COLUMNS = 100  # characters from which on the measures stand side by side


def print_run(run: Run, belief: Belief, folder: Path | None) -> None:
    """The header, whether to believe it, the measures with their intervals, what it rests on, and where it is."""
    manifest = run.record.manifest
    marks = "".join(f"  {word}" for word, on in (("SYNTHETIC", manifest["synthetic"]), ("LOOK-AHEAD", manifest.get("look_ahead"))) if on)
    say(f"{manifest['strategy']}{marks}", bold=True)
    say(manifest["thesis"], italic=True)
    words = ", ".join(f"{name}={value}" for name, value in manifest["parameters"].items()) or "no parameters"
    symbols = manifest["symbols"]
    named = ", ".join(symbols[:MOST_NAMED]) + (f" and {len(symbols) - MOST_NAMED:,} more" if len(symbols) > MOST_NAMED else "")
    say(f"{named}  {manifest['from']} to {manifest['to']}  {words}", dim=True)
    print_belief(belief)
    _print_measures(run)
    if run.measures.trades + run.measures.open_trades == 0:
        say("no trade: no entry was left in this span with these parameters (long and short together count as neither)", fg="yellow")
    for one in manifest["stand_ins"]:
        say(f"stand-in: {one['used']} for {one['asked']}", fg="yellow")
    for line in option_lines(manifest.get("options")):
        say(line, dim=True)
    for line in manifest["warnings"]:
        say(line, fg="red" if line.startswith("LOOK-AHEAD") else "yellow", bold=line.startswith("LOOK-AHEAD"))
    if folder is not None:
        say(f"run {manifest['id']}  {folder / 'tearsheet.html'}")


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


def _print_measures(run: Run) -> None:
    """Side by side where the terminal is wide enough; one under the other elsewhere."""
    from flowbt.results.rows import measure_rows

    rows = measure_rows(run.measures)
    columns = (Column(""), Column("", right=True), Column(""))
    if (width_of_output() or 0) >= TWO_COLUMNS:
        show(columns * 2, [(*_cells(rows[left]), *_cells(rows[right])) for left, right in zip(LEFT, RIGHT, strict=True)])
    else:
        show(columns, [_cells(rows[name]) for name in (*LEFT, *RIGHT)])


def _cells(row: Row) -> tuple[Cell, Cell, Cell]:
    short = {"fraction of bars": "of bars", "return per trade": "a trade", "per year": "a year", "ratio": ""}
    return row.label, row.text, (row.range or short.get(row.units, row.units), {"dim": True})
