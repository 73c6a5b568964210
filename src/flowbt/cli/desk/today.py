"""`flowbt today`: what the strategies say for the next open, and why."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from flowbt.cli.desk.journal import journal_option
from flowbt.cli.options import PathName, data_of, datasets_option, demo_option, emit, json_option, results_option, say_data, timeout_option
from flowbt.cli.show.today import print_today
from flowbt.ground.home import project_path

EPILOG = """\b
Examples:
  flowbt today
  flowbt today strategies/exit_liquidity.py --asof 2026-04-08
  flowbt today --html today.html"""


@click.command(epilog=EPILOG)
@click.argument("path", type=PathName(), default=lambda: project_path("strategies"))
@click.option("--asof", metavar="TIME", help="What would have been said then: a date, or an instant in UTC.  [default: the end of the data]")
@click.option("--html", type=PathName(dir_okay=False), help="Also write it as one HTML file.")
@journal_option
@demo_option
@datasets_option
@results_option
@timeout_option
@json_option
def command(path: Path, asof: str | None, html: Path | None, journal: Path, demo: bool | None, datasets: Path, results: Path, as_json: bool) -> int:
    """The decisions of PATH (a strategy file or a folder of them) for the next open: conditions, values, levels, the nearest flip, what was known when, what
    is stale or missing, what a stored run may be believed, and what the followed book holds."""
    from flowbt.results.pages import today as page
    from flowbt.studies.desk.standing import holding, with_standing
    from flowbt.studies.desk.today import clock_time, strategy_files, today_all

    catalog = data_of(datasets, demo)
    now = None if asof is not None or catalog.synthetic else clock_time()
    said, problems = today_all(catalog, strategy_files(path), asof)
    said = with_standing(said, results, holding(catalog, journal) if asof is None else {})
    if html is not None:
        page.write(html, {"strategies": [asdict(one) for one in said], "problems": problems, "synthetic": catalog.synthetic, "made": now}, depth=None)
    if as_json:
        emit({"strategies": [asdict(one) for one in said], "problems": problems})
    else:
        say_data()
        print_today(said, problems, now)
    return 1 if problems and not said else 0
