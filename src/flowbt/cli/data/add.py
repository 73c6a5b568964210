"""`flowbt data add`: a file of any kind into a dataset, with a preview and the questions that remain."""

from __future__ import annotations

import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flowbt.cli.data.imports import RULES, arrival_of, arrival_options, report
from flowbt.cli.options import PathName, datasets_option, emit, json_option, split_parameters
from flowbt.cli.show.terminal import say
from flowbt.ground.fields import FIELDS

if TYPE_CHECKING:
    from flowbt.studies.ingest.add import Look, Wishes


@click.command(
    epilog="""\b
Examples:
  flowbt data add flows.csv
  flowbt data add flows.csv --name flows --symbol SPY --publication "session 18:00"
  flowbt data add february.csv --name flows""",
)
@click.argument("file", type=PathName())
@click.option("--name", default="", help="Name of the dataset (default: that of the file).")
@click.option("--symbol", default="", help="Symbol, where no column names it.")
@click.option("--symbol-column", default="", help="Column of symbols.")
@click.option("--upper", is_flag=True, help="Symbols in capitals.")
@click.option("--wide", default="", metavar="FIELD", help="Every column is a symbol, and holds this field.")
@click.option("--time", default="", help="Column of times; two as 'Date+Time'.")
@click.option("--map", "mapping", multiple=True, metavar="FIELD=COLUMN", help="Only these columns, as these fields; left out, every column of numbers.")
@click.option("--dates", default="", metavar="FORM", help="How dates are written: iso, mdy, dmy, ymd, words, excel, s, ms, us, ns.")
@click.option("--decimal", default="", metavar="SIGN", help="The decimal sign: . or ,")
@click.option("--dash", type=click.Choice(["missing", "zero"]), help="What a dash alone in a cell stands for.")
@click.option("--scale", "scales", multiple=True, metavar="FIELD=FACTOR", help="What a field's numbers are multiplied by, such as flow=1000.")
@click.option("--zone", default="", help="Zone of times of day without one (default UTC).")
@click.option("--delimiter", default="", help="What separates the columns (a sign, tab, or spaces).")
@click.option("--encoding", default="", help="Encoding of the text.")
@click.option("--header", type=int, default=0, metavar="LINE", help="The line with the names of the columns.")
@click.option("--units", multiple=True, metavar="FIELD=UNIT", help="Unit of a field of your own.")
@click.option("--publication", default="", metavar="RULE", help=RULES)
@click.option("--clock", default="", help="Calendar of the rows: XNYS or 24/7; left out, as the rows show.")
@click.option("--frequency", default="", help="session, 1h, 4h, 8h, day, week, month, irregular; left out, as the rows show.")
@click.option("--max-age", default="", help="For how long a value may stand for the present, such as '5D' or '2 sessions'.")
@click.option("--any-size", is_flag=True, help="Do not compare sign and size with the same field in other datasets.")
@click.option("--yes", is_flag=True, help="Ask nothing: bring it in, or say what is missing.")
@arrival_options
@datasets_option
@json_option
def add(file: Path, datasets: Path, as_json: bool, **rest: Any) -> None:
    """Look at a file, show what was understood, ask what it does not say, and bring it into a dataset.

    Into a dataset that is there it adds rows, and asks nothing that was answered before. What can be read in two ways (01/02/2020; 1,234 beside semicolons) is
    refused with its row, never guessed.
    """
    from flowbt.studies.ingest.add import Wishes, look
    from flowbt.studies.ingest.add import add as add_file

    keys = ("symbol", "symbol_column", "wide", "upper", "time", "dates", "decimal", "dash", "zone", "delimiter", "encoding", "header")
    reading = {key: {"\\t": "\t", "tab": "\t"}.get(rest[key], rest[key]) for key in keys if rest[key]}
    if rest["mapping"]:
        reading["map"] = split_parameters(rest["mapping"])
    if rest["scales"]:
        reading["scale"] = split_parameters(rest["scales"])
    said = {key: rest[key] for key in ("publication", "clock", "frequency", "max_age", "any_size")}
    wishes = Wishes(rest["name"] or file.name.split(".")[0], reading, units=split_parameters(rest["units"]), **said)
    seen = look(file, wishes, datasets)
    if not as_json:
        say("\n".join(seen.lines()))
    if sys.stdin.isatty() and not rest["yes"] and not as_json:
        seen, wishes = _asked(seen, wishes, datasets)
    outcome = add_file(seen, wishes, datasets, arrival_of(rest))
    if as_json:
        emit({**asdict(outcome), "understood": seen.lines()})
    else:
        report([outcome], False, datasets)


def _asked(seen: Look, wishes: Wishes, datasets: Path) -> tuple[Look, Wishes]:
    """The questions that remain, put to a person; then whether to go on."""
    from flowbt.studies.ingest.add import declared_at, look

    while seen.questions:
        for question in seen.questions:
            wishes = _answered(wishes, question.key, click.prompt(question.text))
        seen = look(seen.path, wishes, datasets)
    if declared_at(wishes, datasets) is None:
        own = {
            name: click.prompt(f"unit of {name}", default="", show_default=False) for name in seen.mapping if name not in FIELDS and name not in wishes.units
        }
        wishes = replace(wishes, units={**wishes.units, **own})
    click.confirm(f"Bring it in as dataset {wishes.name}?", default=True, abort=True)
    return look(seen.path, wishes, datasets), wishes


def _answered(wishes: Wishes, key: str, answer: str) -> Wishes:
    if key == "publication":
        return replace(wishes, publication=answer)
    value = {**wishes.reading.get("scale", {}), **split_parameters((answer,))} if key == "scale" else answer
    return replace(wishes, reading={**wishes.reading, key: value})
