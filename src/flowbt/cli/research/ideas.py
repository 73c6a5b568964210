"""`flowbt ideas`: option structures of a report, with conviction and outcome."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flowbt.cli.options import PathName, data_of, datasets_option, demo_option, emit, json_option, say_data
from flowbt.cli.show.terminal import Cell, Column, say, show
from flowbt.ground.home import project_path

if TYPE_CHECKING:
    from flowbt.studies.ideas.ideas import IdeaOutcome, Ideas

FILE = "datasets/exitliq_tables/structures.toml"
COLUMNS = (
    Column("idea", words=True), Column("conviction", right=True, drop=7), Column("opened"), Column("spot", right=True, drop=6),
    Column("vol", right=True, drop=8), Column("cost", right=True, drop=1), Column("at risk", right=True, drop=3), Column("expiry", drop=2),
    Column("last", right=True, drop=5), Column("value", right=True, drop=4), Column("profit", right=True), Column("of risk", right=True),
    Column("chance", right=True, drop=9), Column("past", right=True, drop=10), Column("status"),
)  # fmt: skip


@click.command(epilog="Example: flowbt ideas my_ideas.toml --json")
@click.argument("file", type=PathName(dir_okay=False), default=lambda: project_path(FILE))
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
    rows = [_row(one) for one in done.outcomes]
    show(COLUMNS, [*rows, *((rolling.title, *[""] * (len(COLUMNS) - 2), "rolling") for rolling in done.rolling)])
    for one in done.outcomes:
        for words in one.stand_ins:
            say(f"  {one.title}: {words}")
        if one.found:
            say(f"  {one.title}: {one.status}: {one.found}; to do: {one.remedy}")
    for rolling in done.rolling:
        say(f"  {rolling.title}: flowbt run {rolling.strategy}")
    for group in done.tallies:
        which = "without conviction" if group.conviction is None else f"conviction {group.conviction}"
        paid = f"{group.paid} with a profit ({group.expected:.1f} by the model's chances)"
        say(f"{which}: {group.settled} settled, {paid}, mean {group.of_risk:+.0%} of what was at risk")
    say("assumed: " + "; ".join(done.assumptions))


def _row(one: IdeaOutcome) -> list[Cell]:
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
    status = (one.status, {} if one.status == "settled" else {"fg": "yellow"})
    return [one.title, "" if one.conviction is None else str(one.conviction), *entry, *end, status]
