"""`flowbt data setup` and `flowbt data update`: real data from public sources, in one command."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from flowbt.cli.options import PathName, datasets_option, emit, json_option
from flowbt.cli.progress import progress
from flowbt.cli.show.terminal import Column, say, show
from flowbt.ground.types import Function

if TYPE_CHECKING:
    from flowbt.studies.ingest.update import Updated, UpdateRequest

F = TypeVar("F", bound=Function)
SETUP = """\b
Examples:
  flowbt data setup
  flowbt data setup --set core
  flowbt data setup --only fred-rates --only cot"""


def providers_option(command: F) -> F:
    return click.option("--providers", type=PathName(dir_okay=False), help="Whom to ask for what.  [default: providers.toml of the datasets folder]")(command)


def _asking(command: F) -> F:
    for option in (
        json_option,
        datasets_option,
        providers_option,
        click.option("--only", multiple=True, metavar="DATASET", help="Only this dataset; may be given several times."),
        click.option("--set", "wanted", type=click.Choice(("core", "crypto", "all")), default="all", show_default=True, help="Which providers."),
    ):
        command = option(command)
    return command


@click.command(epilog=SETUP)
@_asking
def setup(wanted: str, only: tuple[str, ...], providers: Path | None, datasets: Path, as_json: bool) -> int:
    """From nothing to a catalog of real data: every public source that needs no key, and a list of what needs one.

    An interrupted setup goes on where it stopped when it is called again. Exit code 1 where nothing at all came.
    """
    from flowbt.studies.ingest.update import declared_providers

    asked = asked_of(wanted, only, providers, datasets)
    found = declared_providers(asked)
    if not as_json:
        for provider in found.provider:
            if any(one.set in asked.sets and (not only or one.dataset in only) for one in provider.pull):
                say(f"{provider.name}: {provider.terms}")
    done = _ask(asked, "setting up", as_json)
    if as_json:
        emit({"outcomes": [asdict(one) for one in done.outcomes], "closed": [one.model_dump() for one in found.closed]})
    else:
        _print(done)
        say("what does not come so:")
        for closed in found.closed:
            say(f"  {closed.name}: {closed.why}. It brings {closed.brings}")
    return 0 if len(done.failed) < len(done.outcomes) or not done.outcomes else 1


@click.command(epilog="Example: flowbt data update --set core")
@_asking
def update(wanted: str, only: tuple[str, ...], providers: Path | None, datasets: Path, as_json: bool) -> int:
    """Bring the datasets up to date: new rows are appended, changed ones kept as revisions. Exit code 1 where a provider failed; the rest came in."""
    done = _ask(asked_of(wanted, only, providers, datasets), "updating", as_json)
    if as_json:
        emit({"outcomes": [asdict(one) for one in done.outcomes]})
    else:
        _print(done)
    return 1 if done.failed else 0


def asked_of(wanted: str, only: tuple[str, ...], providers: Path | None, datasets: Path) -> UpdateRequest:
    """What the options ask for."""
    from flowbt.data.ingest.providers import SETS
    from flowbt.studies.ingest.update import UpdateRequest

    return UpdateRequest(datasets, providers, SETS if wanted == "all" else (wanted,), only)


def _ask(asked: UpdateRequest, words: str, as_json: bool) -> Updated:
    from flowbt.studies.ingest.update import update as update_datasets

    with progress(words, as_json) as step:
        return update_datasets(asked, step)


def _print(done: Updated) -> None:
    rows = []
    for one in done.outcomes:
        change = ", ".join(f"{count:,} {what}" for what, count in one.change.items() if count and what != "equal")
        rows.append([one.dataset, one.provider, one.status, f"{one.files}", f"{one.rows:,}" if one.rows else "", change])
    columns = (Column("dataset"), Column("provider", drop=1), Column("status"), Column("files", right=True), Column("rows", right=True))
    show((*columns, Column("change", words=True)), rows)
    for one in done.outcomes:
        if one.problem:
            say(f"flowbt: {one.problem}", err=True)
    say(f"{len(done.changed)} of {len(done.outcomes)} pulls brought something new, {len(done.failed)} failed")
