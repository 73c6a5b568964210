"""`flowbt today`: what the strategies say for the next open, and why."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from flowbt.cli.options import PathName, data_of, datasets_option, demo_option, emit, json_option, say_data, timeout_option
from flowbt.cli.show.today import print_today
from flowbt.ground.home import place

EPILOG = """\b
Examples:
  flowbt today
  flowbt today strategies/exit_liquidity.py --asof 2026-04-08"""


@click.command(epilog=EPILOG)
@click.argument("path", type=PathName(), default=lambda: place("strategies"))
@click.option("--asof", metavar="TIME", help="What would have been said then: a date, or an instant in UTC.  [default: the end of the data]")
@demo_option
@datasets_option
@timeout_option
@json_option
def command(path: Path, asof: str | None, demo: bool | None, datasets: Path, as_json: bool) -> int:
    """The decisions of PATH (a strategy file or a folder of them) for the next open: conditions, values, levels, what is stale or missing."""
    from flowbt.studies.desk.today import strategy_files, today_all

    said, problems = today_all(data_of(datasets, demo), strategy_files(path), asof)
    if as_json:
        emit({"strategies": [asdict(one) for one in said], "problems": problems})
    else:
        say_data()
        print_today(said, problems)
    return 1 if problems and not said else 0
