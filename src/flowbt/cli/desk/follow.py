"""`flowbt follow`: today's decisions into the journal."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from flowbt.cli.desk.journal import journal_option
from flowbt.cli.options import PathName, data_of, datasets_option, demo_option, emit, json_option, say_data, timeout_option
from flowbt.cli.show.terminal import say
from flowbt.ground.home import project_path


@click.command(epilog="Example: flowbt follow strategies/ --journal journal")
@click.argument("path", type=PathName(), default=lambda: project_path("strategies"))
@click.option("--asof", metavar="TIME", help="Enter what would have been said then; the entry keeps the time at which it was made.")
@journal_option
@demo_option
@datasets_option
@timeout_option
@json_option
def command(path: Path, asof: str | None, journal: Path, demo: bool | None, datasets: Path, as_json: bool) -> int:
    """Append the decisions of PATH (a strategy file or a folder of them) to the journal; what is there already is not entered again."""
    from flowbt.studies.desk.follow import follow
    from flowbt.studies.desk.today import strategy_files

    new, problems = follow(data_of(datasets, demo), strategy_files(path), journal, asof)
    if as_json:
        emit({"entries": [asdict(one) for one in new], "problems": problems})
    else:
        say_data()
        for one in new:
            said = ", ".join(f"{row['symbol']} {row['action']}" for row in one.body["decisions"] if row["action"] != "none") or "nothing"
            say(f"{one.n}  {one.body['strategy']}  {one.body['label'][:10]}  {said}")
        for line in problems:
            say(f"left out: {line}", err=True)
        say(f"{len(new)} new, journal {journal}" + (f", last hash {new[-1].hash[:16]}" if new else ""))
    return 1 if problems and not new else 0
