"""`flowbt run`: one strategy, or a folder of them."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from rich.console import Console

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
from flowbt.cli.research.gallery import run_folder
from flowbt.cli.show.run import print_run
from flowbt.engine.vbt.aside import Aside
from flowbt.ground.errors import ParameterError, nearest
from flowbt.ground.types import Json

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from flowbt.ground.protocols import Step
    from flowbt.studies.run.request import Request

T = TypeVar("T", bound="DataclassInstance")

EPILOG = """\b
Examples:
  flowbt run strategies/exit_liquidity.py
  flowbt run strategies/exit_liquidity.py -p rally=0.03 -p hold=5 --from 2015-01-01
  flowbt run strategies/vol_spiral_unwind.py --costs fees=0.0005,slippage=0.0005 --json
  flowbt run strategies/          every strategy of a folder, and one page that compares them"""


@click.command(epilog=EPILOG)
@click.argument("path", type=PathName())
@parameter_option
@span_options
@click.option("--costs", metavar="NAME=VALUE,...", help="Change costs: fees, slippage, borrow (fractions), funding (true or false).")
@click.option("--account", metavar="NAME=VALUE,...", help="Change the account: cash, margin, max_gross.")
@click.option("--symbols", metavar="A,B,...", help="Trade these symbols in place of the file's.")
@click.option("--decide-at", metavar="HH:MM", help="Decision time of the session, New York.  [default: 18:30]")
@click.option("--benchmark", metavar="SYMBOL", help="Compare with this symbol held, or `none`.")
@click.option("--seed", type=SEED, default=7, show_default=True, help="Seed of the one placebo that is drawn; no seed chooses the rotations that judge a run.")
@keep_leak_option
@cluster_option
@click.option("--no-store", is_flag=True, help="Print the result only; write nothing.")
@demo_option
@datasets_option
@results_option
@timeout_option
@json_option
def command(path: Path, parameters: tuple[str, ...], **options: Any) -> int:
    """Backtest the strategy file PATH and write its tearsheet. Exit code 3, and nothing stored, where its decision uses the future."""
    if path.is_dir():
        _request(path, parameters, options)
        return run_folder(path, {**options, "parameters": parameters})
    if options["cluster"]:
        raise ParameterError("--cluster with one strategy", "a run is one unit of work", "give a folder of strategies, or use `flowbt sweep`")
    with _busy(f"running {path.stem}", quiet=options["as_json"]) as step:
        with Aside() if "vectorbt" not in sys.modules else nullcontext() as aside:  # before anything else is imported here
            from flowbt.studies.run.backtest import backtest
            from flowbt.studies.run.stored import enter_and_judge, store_run

            run = backtest(data_of(options["datasets"], options["demo"]), _request(path, parameters, options), aside, step)
        belief = enter_and_judge(options["results"], run)
        folder = None if options["no_store"] else store_run(options["results"], run)
    if options["as_json"]:
        manifest = dict(run.record.manifest)
        emit({**manifest, "measures": run.measures.to_dict(), "belief": belief.to_dict(), "folder": str(folder) if folder else None})
        return 0
    say_data()
    print_run(run, belief, folder)
    return 0


def _request(path: Path, parameters: tuple[str, ...], options: Json) -> Request:
    from flowbt.engine.types import Account, Costs
    from flowbt.studies.run.market import Span
    from flowbt.studies.run.request import Request

    return Request(
        path=path,
        parameters=split_parameters(parameters),
        span=Span(options["start"], options["end"]),
        decide_at=options["decide_at"],
        symbols=tuple(name.strip() for name in options["symbols"].split(",")) if options["symbols"] is not None else (),
        costs=changed(Costs, "--costs", options["costs"]),
        account=changed(Account, "--account", options["account"]),
        benchmark=options["benchmark"],
        seed=options["seed"],
        keep_leak=options["keep_leak"],
        command=shlex.join(["flowbt", *sys.argv[1:]]),
    )


def changed(kind: type[T], option: str, text: str | None) -> T | None:
    """`kind` with the fields named in `text`; None where nothing was asked."""
    from flowbt.engine.loader import read_value

    if not text:
        return None
    defaults = asdict(kind())
    given = split_parameters(text.split(","))
    for name in given:
        if name not in defaults:
            raise ParameterError(f"{option} {name}", f"its names are {', '.join(defaults)}", nearest(name, defaults))
    return kind(**{name: read_value(name, value, defaults[name]) for name, value in given.items()})


@contextmanager
def _busy(words: str, quiet: bool) -> Iterator[Step | None]:
    """A spinner that says which part of the work is done, on a terminal; nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    with Console(stderr=True).status(words) as status:
        yield lambda what, done, total: status.update(f"{words}: {what} ({done + 1} of {total})")
