"""`flowbt score`: claim files scored."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flowbt.cli.desk.journal import journal_option
from flowbt.cli.options import SEED, cluster_option, data_of, datasets_option, demo_option, emit, json_option, results_option, say_data, timeout_option
from flowbt.cli.progress import progress
from flowbt.cli.show.prospective import print_prospective
from flowbt.cli.show.score import print_board
from flowbt.cli.show.terminal import say
from flowbt.ground.files import asked_path
from flowbt.ground.types import Json
from flowbt.results.shelf import storing

if TYPE_CHECKING:
    from flowbt.data.catalog import Catalog
    from flowbt.studies.score.score import ScoredClaims, Settings

EPILOG = """\b
Examples:
  flowbt score claims/
  flowbt score claims/spx7000.py::milestone-12m
  flowbt score claims/blowoff.py --resamples 2000 --json
  flowbt score claims/ --lock
  flowbt score claims/ --prospective"""


@click.command(epilog=EPILOG)
@click.argument("targets", nargs=-1, required=True, metavar="PATH[::CLAIM]...")
@click.option("--resamples", type=click.IntRange(100), default=10_000, show_default=True, help="Draws of the joint null of a claim's definitions.")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Seed of the resamples; with another one the run is partial.")
@click.option("--placebos/--no-placebos", default=True, help="List the placebos too (they always count in the correction).")
@click.option("--fresh", is_flag=True, help="Score again what is in the cache.")
@click.option("--no-store", is_flag=True, help="Write no pages and no cache.")
@click.option("--lock", "locking", is_flag=True, help="Write the claims of the folder PATH, as they are, into its register, dated; score nothing.")
@click.option("--prospective", "ahead", is_flag=True, help="Only what came after it was entered in the journal: forecasts by Brier and log score, claims.")
@cluster_option
@journal_option
@demo_option
@datasets_option
@results_option
@timeout_option
@json_option
def command(targets: tuple[str, ...], resamples: int, seed: int, placebos: bool, fresh: bool, no_store: bool, locking: bool, **options: Any) -> int:
    """Score the claims of the files or folders PATH, or one claim of a file.

    Each gets a verdict with its evidence, corrected over the whole register (the folder with its `register.lock`), whatever is named here. Only a run of the
    whole register writes the scoreboard. Exit code 1 where a file or claim could not be scored,
    3 where one uses the future: it gets no verdict, and counts as an error.
    """
    from flowbt.studies.score.score import Settings, score
    from flowbt.studies.units import Workers

    if locking:
        return _lock(targets, options["as_json"])
    catalog = data_of(options["datasets"], options["demo"])
    cache = options["results"] / "claims" / ".cache"
    settings = Settings(resamples=resamples, seed=seed, cache=cache, fresh=fresh, store=not no_store, workers=Workers(cluster=options["cluster"]))
    if options["ahead"]:
        return _prospective(targets, catalog, settings, options)
    with progress("scoring", options["as_json"]) as step:
        board = score(targets, catalog, settings, step)
    page = None if no_store else _write(options["results"], board)
    if options["as_json"]:
        told = {"problems": board.problems, "notices": board.notices, "tested": board.tested, "synthetic": board.synthetic, "partial": not board.whole}
        emit({"claims": [f.to_dict() for f in board.findings], "page": page, **told})
    else:
        say_data()
        print_board(board, placebos, page)
    return 3 if board.leaks else 1 if board.problems else 0


def _lock(targets: tuple[str, ...], as_json: bool) -> int:
    from flowbt.studies.score.score import lock

    for folder in (asked_path(target, "register") for target in targets):
        register, changes = lock(folder)
        told = {name: list(getattr(changes, name)) for name in ("new", "changed", "gone", "rules")}
        if as_json:
            emit({"register": register.path, "entries": len(register.current()), **told})
            continue
        say(f"{register.path}: {len(register.current())} claims, {register.retired} tests of definitions given up")
        for name, found in told.items():
            if found:
                say(f"{name}: {', '.join(found)}")
    return 0


def _prospective(targets: tuple[str, ...], catalog: Catalog, settings: Settings, options: Json) -> int:
    from flowbt.studies.desk.prospective import prospective

    with progress("scoring", options["as_json"]) as step:
        found = prospective(catalog, targets, options["journal"], settings, step)
    if options["as_json"]:
        emit(asdict(found))
    else:
        say_data()
        print_prospective(found)
    return 0


def _write(results: Path, board: ScoredClaims) -> Path | None:
    """The scoreboard of a whole register; None for a partial run, which overwrites nothing."""
    from flowbt.results.pages.scoreboard import Scored, owns, write_scoreboard

    if not board.whole or not owns(results, board.register):
        return None
    with storing(results, "write pages in"):
        return write_scoreboard(results, Scored(board.findings, board.problems, board.synthetic, board.tested, board.settings.resamples, board.register))
