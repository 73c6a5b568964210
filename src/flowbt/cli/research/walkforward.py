"""`flowbt walkforward`: parameters chosen on the past, traded on what follows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from flowbt.cli.options import (
    SEED,
    PathName,
    cluster_option,
    data_of,
    datasets_option,
    demo_option,
    emit,
    json_option,
    parameter_option,
    results_option,
    say_data,
    span_options,
    timeout_option,
)
from flowbt.cli.research.sweep import cluster_of, request_of
from flowbt.cli.show.sweep import print_walk

EPILOG = """\b
Examples:
  flowbt walkforward strategies/exit_liquidity.py
  flowbt walkforward strategies/exit_liquidity.py --train 4y --test 6m --mode anchored -p hold=3,5,10"""


@click.command(epilog=EPILOG)
@click.argument("path", type=PathName())
@parameter_option
@span_options
@click.option("--train", default="3y", show_default=True, metavar="LENGTH", help="Training window: bars, or time such as 3y, 6m, 26w, 90d.")
@click.option("--test", default="1y", show_default=True, metavar="LENGTH", help="Test window.")
@click.option(
    "--mode",
    type=click.Choice(["rolling", "anchored", "both"]),
    default="both",
    show_default=True,
    help="Anchored: training starts at the first bar.",
)
@click.option("--purge", type=click.IntRange(0), help="Bars dropped at the end of training.  [default: the longest hold in the grid]")
@click.option("--embargo", type=click.IntRange(0), default=0, show_default=True, help="Bars skipped between training and test.")
@click.option("--constraint", "constraints", multiple=True, metavar="EXPRESSION", help='Only trials for which it holds, e.g. "fast < slow".')
@click.option("--random", type=click.IntRange(1), metavar="N", help="Choose among N distinct points of the grid, drawn at random.")
@click.option("--seed", type=SEED, default=7, show_default=True, help="Seed of the draw.")
@click.option("--sort", default="sharpe", show_default=True, metavar="METRIC", help="What the choice is made by.")
@click.option("--costs", metavar="NAME=VALUE,...", help="Change costs: fees, slippage, borrow (fractions), funding (true or false).")
@click.option("--account", metavar="NAME=VALUE,...", help="Change the account: cash, margin, max_gross.")
@click.option("--decide-at", metavar="HH:MM", help="Decision time of the session, New York.  [default: 18:30]")
@cluster_option
@demo_option
@datasets_option
@results_option
@timeout_option
@json_option
def command(path: Path, parameters: tuple[str, ...], **options: Any) -> None:
    """Walk the strategy PATH forward over its grid: each window's parameters are chosen on the bars before it."""
    from flowbt.studies.sweep.walkforward import MODES, WindowPlan, walk_forward_study

    request = request_of(path, parameters, {**options, "search": None, "trials": 0, "top": 1})
    modes = MODES if options["mode"] == "both" else (options["mode"],)
    plan = WindowPlan(options["train"], options["test"], options["purge"], options["embargo"], modes)
    folder, document = walk_forward_study(data_of(options["datasets"], options["demo"]), request, plan, options["results"], cluster_of(request, options))
    if options["as_json"]:
        emit({**document, "folder": str(folder)})
        return
    say_data()
    print_walk(folder, document)
