"""`flowbt sweep`: a strategy over a grid of parameters, and how much of the best is luck."""

from __future__ import annotations

import shlex
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    keep_leak_option,
    parameter_option,
    results_option,
    say_data,
    span_options,
    split_parameters,
    timeout_option,
)
from flowbt.cli.progress import progress
from flowbt.cli.research.run import changed
from flowbt.cli.show.sweep import print_sweep
from flowbt.engine.vbt.aside import Aside
from flowbt.ground.types import Json

if TYPE_CHECKING:
    from flowbt.studies.sweep.cluster import SweepCluster
    from flowbt.studies.sweep.setup import SweepRequest

EPILOG = """\b
Examples:
  flowbt sweep strategies/exit_liquidity.py
  flowbt sweep strategies/exit_liquidity.py -p rally=0.01:0.04:0.005 -p hold=3,5,10 --sort calmar
  flowbt sweep strategies/exit_liquidity.py -p stop=0.01:0.1:0.001 --random 5000 --seed 1
  flowbt sweep strategies/exit_liquidity.py --resume
  flowbt sweep strategies/exit_liquidity.py --cluster tcp://127.0.0.1:8786"""


@click.command(epilog=EPILOG)
@click.argument("path", type=PathName())
@parameter_option
@span_options
@click.option(
    "--constraint",
    "constraints",
    multiple=True,
    metavar="EXPRESSION",
    help='Only trials for which it holds, e.g. "fast < slow".',
)
@click.option("--random", "random", type=click.IntRange(1), metavar="N", help="N distinct points of the grid, drawn at random.")
@click.option("--search", type=click.Choice(["tpe"]), help="Let results guide the choice of points (needs the extra `search`).")
@click.option("--trials", type=click.IntRange(1), default=500, show_default=True, help="Points that --search may try.")
@click.option("--seed", type=SEED, default=7, show_default=True, help="Seed of --random and --search; no seed chooses what luck is measured by.")
@click.option("--sort", default="sharpe", show_default=True, metavar="METRIC", help="Order of the best trials.")
@click.option("--top", type=click.IntRange(1), default=10, show_default=True, help="How many of the best to show and keep.")
@click.option("--tearsheets", type=click.IntRange(0), default=1, show_default=True, help="How many of the best to store as full runs.")
@click.option("--costs", metavar="NAME=VALUE,...", help="Change costs: fees, slippage, borrow (fractions), funding (true or false).")
@click.option("--account", metavar="NAME=VALUE,...", help="Change the account: cash, margin, max_gross.")
@click.option("--decide-at", metavar="HH:MM", help="Decision time of the session, New York.  [default: 18:30]")
@keep_leak_option
@click.option("--resume", is_flag=True, help="Go on with an interrupted sweep of the same file, data and values.")
@cluster_option
@demo_option
@datasets_option
@results_option
@timeout_option
@json_option
def command(path: Path, parameters: tuple[str, ...], **options: Any) -> None:
    """Run the strategy PATH for every combination of the given values (-p name=a:b:step, -p name=x,y,z; its GRID where none are given)."""

    with progress("sweep", options["as_json"]) as step, Aside() if "vectorbt" not in sys.modules else nullcontext() as aside:  # before other imports
        from flowbt.studies.sweep.sweep import SweepOptions, sweep

        request = request_of(path, parameters, options)
        cluster = cluster_of(request, options)
        run = SweepOptions(options["results"], options["resume"], cluster, step, options["tearsheets"], aside)
        folder, document, luck = sweep(data_of(options["datasets"], options["demo"]), request, run)
    if options["as_json"]:
        emit({**document, "luck": luck, "folder": str(folder)})
        return
    say_data()
    print_sweep(folder, document, luck)


def cluster_of(request: SweepRequest, options: Json) -> SweepCluster | None:
    """None where trials run here."""
    from flowbt.studies.sweep.cluster import SweepCluster, job_of

    address = options["cluster"]
    return SweepCluster(address, job_of(request, options["datasets"], options["demo"])) if address else None


def request_of(path: Path, parameters: tuple[str, ...], options: Json) -> SweepRequest:
    from flowbt.engine.types import Account, Costs
    from flowbt.studies.run.market import Span
    from flowbt.studies.sweep.setup import SweepRequest
    from flowbt.studies.sweep.values import Search

    if options["random"] and options["search"]:
        raise click.UsageError("--random and --search exclude each other")
    search = Search("random", options["random"], options["seed"]) if options["random"] else Search("grid", 0, options["seed"])
    if options["search"]:
        search = Search("tpe", options["trials"], options["seed"])
    return SweepRequest(
        path=path,
        values=split_parameters(parameters),
        span=Span(options["start"], options["end"]),
        decide_at=options["decide_at"],
        costs=changed(Costs, "--costs", options["costs"]),
        account=changed(Account, "--account", options["account"]),
        constraints=options["constraints"],
        search=search,
        sort=options["sort"],
        top=options["top"],
        keep_leak=options.get("keep_leak", False),
        command=shlex.join(["flowbt", *sys.argv[1:]]),
    )
