"""`flowbt features`: list, show and compute features, and write their page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flowbt.cli.options import PathName, data_of, datasets_option, demo_option, emit, json_option, parameter_option, say_data, span_options, split_parameters
from flowbt.cli.show.chart import chart
from flowbt.cli.show.terminal import Column, say
from flowbt.cli.show.terminal import show as show_table
from flowbt.ground.errors import CheckFailed, FlowbtError, ParameterError, nearest
from flowbt.ground.files import read_text, write_text
from flowbt.ground.types import Json
from flowbt.studies.features.docs import entries, entry, features_page

if TYPE_CHECKING:
    from flowbt.studies.features.docs import FeatureEntry
    from flowbt.studies.features.values import View


@click.group(epilog="Example: flowbt features show win_streak --symbols SPX")
def command() -> None:
    """List, show and compute features."""


def view_options(function: Any) -> Any:
    function = click.option("--clock", default="XNYS", show_default=True, help="XNYS, another exchange, or 24/7.")(function)
    function = click.option("--step", default="1d", show_default=True, help="Bar length; 24/7 has 1d, 8h, 4h, 1h.")(function)
    return click.option("--symbols", default="SPY", show_default=True, metavar="A,B", help="Symbols, separated by commas.")(function)


@command.command("ls", epilog="Example: flowbt features ls --family carry")
@click.option("--family", help="Only this family.")
@datasets_option
@demo_option
@json_option
def ls(family: str | None, datasets: Path, demo: bool | None, as_json: bool) -> None:
    """Every feature, with its units and whether this catalog can feed it."""
    from flowbt.studies.features.values import available

    catalog = data_of(datasets, demo)
    found = list(entries().values())
    families = {one.record.family for one in found}
    if family is not None and family not in families:
        raise ParameterError(f"family {family!r}", "no such family", nearest(family, families) or f"use one of {', '.join(sorted(families))}")
    rows = [(one, available(catalog, one)) for one in found if family in (None, one.record.family)]
    if as_json:
        emit({"synthetic": catalog.synthetic, "features": [{**_record(one), "available": there} for one, there in rows]})
        return
    say_data()
    _list(rows)


@command.command("show", epilog="Example: flowbt features show funding_apr --symbols BTC --clock 24/7")
@click.argument("name")
@view_options
@parameter_option
@span_options
@datasets_option
@demo_option
@json_option
def show(name: str, parameters: tuple[str, ...], datasets: Path, demo: bool | None, as_json: bool, **view: Any) -> None:
    """What a feature is, what it needs, what of it is there, and a small chart of it."""
    from flowbt.studies.features.values import availability, compute_table

    one = entry(name)
    catalog = data_of(datasets, demo)
    inputs = availability(catalog, (*one.record.needs, *one.record.stand_ins))
    problem, table, stand_ins = "", None, []
    try:
        table, panel = compute_table(catalog, (name,), _view(view), {name: _values(one, parameters)})
        stand_ins = [f"{item.used} for {item.asked}" for item in panel.stand_ins]
    except FlowbtError as error:
        if parameters or as_json:
            raise
        problem = str(error)
    if as_json:
        assert table is not None
        last = table.groupby("symbol").tail(1).astype({"label": str}).to_dict("records")
        emit({**_record(one), "synthetic": catalog.synthetic, "inputs": [vars(item) for item in inputs], "stand_ins_used": stand_ins, "last": last})
        return
    say_data()
    _describe(one, inputs)
    if problem or table is None:
        say(f"\nnot computed: {problem}")
    else:
        _charts(table, stand_ins, catalog.synthetic)


@command.command("compute", epilog="Example: flowbt features compute win_streak milestone --symbols SPX,RUT --to out.parquet -p win_streak.kind=beats")
@click.argument("names", nargs=-1, required=True)
@click.option("--to", "target", type=PathName(), required=True, help="A .parquet or .csv file.")
@click.option("--from", "start", metavar="DATE", help="First date to write.")
@click.option("--until", "end", metavar="DATE", help="Last date to write.")
@view_options
@parameter_option
@datasets_option
@demo_option
@json_option
def compute(names: tuple[str, ...], target: Path, parameters: tuple[str, ...], datasets: Path, demo: bool | None, as_json: bool, **view: object) -> None:
    """Compute features over all history and write one table: label, symbol, a column per feature."""
    from flowbt.studies.features.values import compute_table, write_table

    chosen = {name: _values(entry(name), [p.removeprefix(f"{name}.") for p in parameters if _owner(p, names) == name]) for name in names}
    catalog = data_of(datasets, demo)
    table, panel = compute_table(catalog, names, _view(view), chosen)
    write_table(table, target)
    used = sorted({holder.name for holder in panel.used.values()})
    stand_ins = [f"{item.used} for {item.asked}" for item in panel.stand_ins]
    if as_json:
        emit(
            {"file": str(target), "rows": len(table), "columns": list(table.columns), "datasets": used, "stand_ins": stand_ins, "synthetic": catalog.synthetic}
        )
        return
    say_data()
    say(f"{target}: {len(table)} rows of {len(table.columns) - 2} columns from {', '.join(used) or 'the calendar'}{'  SYNTHETIC' if catalog.synthetic else ''}")
    for line in stand_ins:
        say(f"stand-in: {line}")


@command.command("docs", epilog="Example: flowbt features docs --to docs/features.md")
@click.option("--to", "target", type=PathName(), help="Write there; left out, print.")
@click.option("--check", is_flag=True, help="Do not write: exit 3 when the file is not current.")
def docs(target: Path | None, check: bool) -> None:
    """The page of all features, made from their declarations."""

    page = features_page()
    if target is None:
        click.echo(page, nl=False)
    elif not check:
        write_text(target, page)
    elif not target.is_file() or read_text(target) != page:
        raise CheckFailed(f"{target}", "is not current", f"run `flowbt features docs --to {target}`")


def _owner(parameter: str, names: tuple[str, ...]) -> str:
    """The feature a `-p feature.name=value` is for; without the prefix, the only feature."""
    owner = parameter.split("=")[0].partition(".")[0]
    if owner in names:
        return owner
    if len(names) == 1:
        return names[0]
    raise ParameterError(f"-p {parameter}", "which feature is it for?", f"write -p {names[0]}.{parameter}")


def _values(one: FeatureEntry, given: Any) -> Json:
    from flowbt.engine.loader import read_value

    known, out = one.parameters, {}
    for name, text in split_parameters(given).items():
        if name not in known:
            raise ParameterError(f"{one.record.name}({name}=...)", f"its parameters are {', '.join(known) or 'none'}", nearest(name, known))
        out[name] = text if known[name] is None and text.isidentifier() and text != "None" else read_value(name, text, known[name])
    return out


def _view(view: Json) -> View:
    from flowbt.ground.clock import Clock
    from flowbt.studies.features.values import View

    symbols = tuple(part.strip() for part in view["symbols"].split(",") if part.strip())
    return View(symbols, Clock(view["clock"], view["step"]), view["start"], view["end"])


def _record(one: FeatureEntry) -> dict[str, object]:
    return {**vars(one.record), "call": one.call, "gives": one.parts, "summary": one.title}


def _list(rows: list[tuple[FeatureEntry, str]]) -> None:
    columns = (Column("feature"), Column("family", drop=2), Column("units", words=True, drop=1), Column("here", words=True), Column("what", words=True))
    show_table(columns, [(one.record.name, one.record.family, one.record.units, there, one.title) for one, there in rows])


def _describe(one: FeatureEntry, inputs: list[Any]) -> None:
    say(f"{one.call}\n\n{one.doc}\n")
    for word, text in (("family", one.record.family), ("units", one.record.units), ("sign", one.record.sign), ("source", one.record.source)):
        if text:
            say(f"{word:8} {text}")
    for item in inputs:
        there = f"{_some(item.symbols)}  {item.first} to {item.last}" if item.symbols else "not here"
        say(f"{'needs' if item.need in one.record.needs else 'or':8} {item.need}: {there}")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def _charts(table: Any, stand_ins: list[str], synthetic: bool) -> None:
    """One chart per symbol and part (at most four), with the last value."""
    for line in stand_ins:
        say(f"stand-in {line}")
    pairs = [(symbol, column) for symbol in table["symbol"].unique() for column in table.columns[2:]]
    for symbol, column in pairs[:4]:
        part = table[table["symbol"] == symbol]
        values = part[column].astype(float).tolist()
        known = part[part[column].notna()]
        last = f"{known[column].iloc[-1]:.6g} on {known['label'].iloc[-1]:%Y-%m-%d}" if len(known) else "never known"
        say(f"\n{column} of {symbol}, {part['label'].iloc[0]:%Y-%m-%d} to {part['label'].iloc[-1]:%Y-%m-%d}; last {last}{'  SYNTHETIC' if synthetic else ''}")
        say("\n".join(chart(values)))
