"""`flowbt compare`: stored runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from flowbt.cli.options import emit, json_option, results_option
from flowbt.cli.show.belief import print_answer
from flowbt.cli.show.terminal import Column, say, show
from flowbt.ground.errors import CheckFailed

if TYPE_CHECKING:
    from flowbt.studies.compare.comparison import Comparison

EPILOG = """\b
Examples:
  flowbt compare exit_liquidity 1f2e3d --html
  flowbt compare baseline new --fail-on-diff     exit 3 when returns or trades differ"""
SHOWN = ("total_return", "cagr", "sharpe", "volatility", "max_drawdown", "exposure", "trades", "win_rate", "profit_factor")


@click.command(epilog=EPILOG)
@click.argument("runs", nargs=-1, required=True)
@click.option("--html", "as_html", is_flag=True, help="Write the comparison as a page and print its path.")
@click.option("--fail-on-diff", is_flag=True, help="Exit 3 when returns or trades are not the same to 1e-9.")
@results_option
@json_option
def command(runs: tuple[str, ...], as_html: bool, fail_on_diff: bool, results: Path, as_json: bool) -> None:
    """Compare two or more stored RUNS on their common sessions; the first is the base."""
    from flowbt.results.pages import compare as page
    from flowbt.studies.compare.compare import compare

    comparison = compare(results, runs)
    path = page.write(results, comparison.to_dict()) if as_html else None
    if as_json:
        emit({**comparison.to_dict(), "page": str(path) if path else None})
    else:
        _print(comparison)
        if path:
            say(f"page: {path}")
    if fail_on_diff and not comparison.same:
        raise CheckFailed("compare --fail-on-diff", "; ".join(comparison.reasons), "see the rows above, or --html")


def _print(c: Comparison) -> None:
    say(f"{c.bars:,} common bars, {c.span[0]} to {c.span[1]}")
    for run in c.runs:
        say(f"{run['label']}{'  SYNTHETIC' if run['synthetic'] else ''}", bold=True)
        print_answer(run["belief"], "  ")
    columns = [Column("measure"), *(Column(run["label"], right=True) for run in c.runs)]
    show(columns, [(row["label"], *row["texts"]) for row in c.measures if row["name"] in SHOWN])
    say(f"\nless {c.runs[0]['label']}, 95% interval of the paired bootstrap:")
    for row in c.differences:
        words = "" if row["told_apart"] else "  cannot be told apart"
        say(f"  {row['run']}  {row['label']} {row['texts']['difference']} ({row['texts']['low']} to {row['texts']['high']}){words}", indent="  ")
    for title, rows in (("parameters", c.parameters), ("settings", c.settings), ("data", c.data)):
        for one in rows:
            if one["differs"]:
                say(f"{title}: {one['name']}: {' | '.join(one['values'])}", indent="  ")
    for own in c.trades:
        only = f"{own['only_first']} only in the first, {own['only_other']} only here"
        say(f"trades: {own['run']}: {own['both']} in both ({own['changed']} changed), {only}", indent="  ")
    say("the results are the same" if c.same else "the results differ: " + "; ".join(c.reasons))
