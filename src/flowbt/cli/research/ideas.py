"""`flowbt ideas`: option structures of a report, with conviction and outcome."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from flowbt.cli.options import PathName, data_of, datasets_option, demo_option, emit, json_option, say_data
from flowbt.ground.home import place

if TYPE_CHECKING:
    from rich.table import Table

    from flowbt.studies.ideas.ideas import IdeaOutcome, Ideas

FILE = "datasets/exitliq_tables/structures.toml"
WIDTH = 160  # columns where the output is no terminal
COLUMNS = ("idea", "conviction", "opened", "spot", "vol", "cost", "at risk", "expiry", "last", "value", "profit", "of risk", "chance", "past", "status")
WORDS = {"idea", "opened", "expiry", "status"}


@click.command(epilog="Example: flowbt ideas my_ideas.toml --json")
@click.argument("file", type=PathName(dir_okay=False), default=lambda: place(FILE))
@demo_option
@datasets_option
@json_option
def command(file: Path, demo: bool | None, datasets: Path, as_json: bool) -> None:
    """Option structures of FILE (default: those of the daily report), priced as of their dates and followed to expiry.

    FILE is TOML; docs/engine.md has its keys. An idea without data says what would bring it; what stands in for what is named.
    """
    from flowbt.studies.ideas.ideas import follow_ideas

    done = follow_ideas(data_of(datasets, demo), file)
    if as_json:
        emit(_document(done))
    else:
        say_data()
        _print(done)


def _document(done: Ideas) -> dict[str, object]:
    document = asdict(done) | {"file": str(done.file), "rolling": [one.model_dump() for one in done.rolling]}
    for row in document["outcomes"]:
        row |= {name: f"{row[name]:%Y-%m-%d}" if row[name] is not None else None for name in ("opened", "expiry", "last")}
    return document


def _print(done: Ideas) -> None:
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH)
    table = _table(*COLUMNS)
    for one in done.outcomes:
        table.add_row(*_row(one))
    for rolling in done.rolling:
        table.add_row(rolling.title, *[""] * (len(COLUMNS) - 2), "rolling")
    console.print(table)
    for one in done.outcomes:
        for words in one.stand_ins:
            _line(f"  {one.title}: {words}")
        if one.found:
            _line(f"  {one.title}: {one.status}: {one.found}; to do: {one.remedy}")
    for rolling in done.rolling:
        _line(f"  {rolling.title}: flowbt run {rolling.strategy}")
    for group in done.tallies:
        which = "without conviction" if group.conviction is None else f"conviction {group.conviction}"
        paid = f"{group.paid} with a profit ({group.expected:.1f} by the model's chances)"
        _line(f"{which}: {group.settled} settled, {paid}, mean {group.of_risk:+.0%} of what was at risk")
    _line("assumed: " + "; ".join(done.assumptions))


def _line(words: str) -> None:
    click.echo(words)


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
    for name in columns:
        table.add_column(name, justify="left" if name in WORDS else "right", no_wrap=name != "idea")
    return table


def _row(one: IdeaOutcome) -> list[str]:
    plain = {name: f"{x:,.2f}" if x == x else "" for name, x in vars(one).items() if isinstance(x, float)}
    signed = {name: f"+{plain[name]}" if getattr(one, name) > 0 else plain[name] for name in ("profit",)}
    entry = [f"{one.opened:%Y-%m-%d}", *(plain[name] for name in ("spot", "volatility", "cost", "at_risk"))]
    share = f"{one.of_risk:+.0%}" if one.of_risk == one.of_risk else ""
    end = [
        f"{one.expiry:%Y-%m-%d}",
        plain["last_spot"],
        plain["value"],
        signed["profit"],
        share,
        *(f"{x:.0%}" if x == x else "" for x in (one.surface, one.history)),
    ]
    status = one.status if one.status == "settled" else f"[yellow]{one.status}[/]"
    return [one.title, "" if one.conviction is None else str(one.conviction), *entry, *end, status]
