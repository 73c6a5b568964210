"""`flowbt daily`: the day's work in one line, for cron or a scheduler."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from flowbt.cli.data.update import asked_of, providers_option
from flowbt.cli.desk.journal import journal_option
from flowbt.cli.options import PathName, data_of, datasets_option, demo_option, emit, json_option, results_option, say_data, timeout_option
from flowbt.cli.progress import progress
from flowbt.cli.show.terminal import say
from flowbt.ground.errors import ParameterError
from flowbt.ground.home import project_path
from flowbt.results.shelf import storing

EPILOG = """\b
Examples:
  flowbt daily
  flowbt daily --set core --site /srv/www/desk
  45 23 * * 1-5  cd project && flowbt daily >> daily.log 2>&1    (crontab, UTC)"""


@click.command(epilog=EPILOG)
@click.argument("path", type=PathName(), default=lambda: project_path("strategies"))
@click.option(
    "--claims", type=PathName(), default=lambda: project_path("claims"), show_default="claims", help="Claims whose forecasts are entered and settled."
)
@click.option("--alerts", type=PathName(dir_okay=False), default=lambda: project_path("alerts.toml"), show_default="alerts.toml", help="Rules of alerts.")
@click.option("--site", type=PathName(), help="Folder of the static site: new, empty, or an earlier one.  [default: none is made]")
@click.option("--set", "wanted", type=click.Choice(("core", "crypto", "all")), default="all", show_default=True, help="Which providers.")
@click.option("--no-update", is_flag=True, help="Download nothing: work with the data that are there.")
@providers_option
@journal_option
@demo_option
@datasets_option
@results_option
@timeout_option
@json_option
def command(path: Path, claims: Path, demo: bool | None, as_json: bool, **rest: Any) -> int:
    """Update, board, today, follow, settle, export: the day in one line.

    Called again it does what is left, or nothing. A provider that is down does not stop the rest, and the page says so. One at a time. Exit code 1 where a
    provider, the board or a claim file failed, else 0; strategies that lack data are named.
    """
    from flowbt.studies.desk.daily import Day, daily
    from flowbt.studies.desk.today import strategy_files

    _usable(claims, rest["alerts"], rest["site"])
    asked = None if rest["no_update"] or demo else asked_of(rest["wanted"], (), rest["providers"], rest["datasets"])
    written = (str(claims),) if claims.is_file() or any(claims.rglob("*.py")) else ()  # a folder where none has been written yet has nothing to enter
    day = Day(tuple(strategy_files(path)), written, rest["journal"], rest["results"], rest["site"], asked)
    day = replace(day, alerts=rest["alerts"] if rest["alerts"].is_file() else None)
    with progress("daily", as_json) as step:
        done = daily(day, lambda: data_of(rest["datasets"], demo), step)
    if as_json:
        emit({**asdict(done), "line": done.line})
    else:
        say_data()
        for line in done.problems:
            say(f"flowbt: {line}", err=True)
        for line in done.undecided:
            say(f"cannot decide: {line}", err=True)
        for line in done.alerts:
            say(f"ALERT {line}", bold=True, fg="red", indent="  ")
        say(done.line)
    return 1 if done.problems else 0


def _usable(claims: Path, alerts: Path, site: Path | None) -> None:
    """What was named and cannot be used is said before anything is done; what is only usual may be missing."""
    from flowbt.studies.board.values import read_alerts

    source = click.get_current_context().get_parameter_source
    if source("claims") is not ParameterSource.DEFAULT and not (claims.is_dir() or (claims.is_file() and claims.suffix == ".py")):
        raise ParameterError(f"--claims {claims}", "no folder and no .py file" if claims.exists() else "no such file", "check the path, or leave it out")
    if source("alerts") is not ParameterSource.DEFAULT:
        if not alerts.is_file():
            raise ParameterError(f"--alerts {alerts}", "no such file", "check the path, or leave it out")
        read_alerts(alerts)
    if site is not None:
        with storing(site, "make the site in"):
            site.mkdir(parents=True, exist_ok=True)
