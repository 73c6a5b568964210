"""`flowbt board`: the regime board of a day."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flowbt.cli.options import PathName, data_of, datasets_option, demo_option, emit, json_option, say_data

if TYPE_CHECKING:
    from flowbt.studies.board.board import Board


WIDTH = 160  # columns where the output is no terminal


@click.command(epilog="Example: flowbt board --asof 2026-04-08 --html board.html")
@click.option("--asof", metavar="DATE", help="Date of the board (YYYY-MM-DD); default: the last session with prices.")
@click.option("--symbols", metavar="A,B", help="Symbols of the zone table; the first is the market the inputs speak of.")
@click.option("--html", type=PathName(dir_okay=False), help="Also write the board as one HTML file.")
@demo_option
@datasets_option
@json_option
def command(asof: str | None, symbols: str | None, html: Path | None, demo: bool | None, datasets: Path, as_json: bool) -> None:
    """Zones, volatility, gamma, flow, dark pool, credit, rates, gates and the convergence count of a date.

    Each value is shown with the day on which it became known (UTC); what is missing is listed with what would bring it.
    """
    from flowbt.results.pages import board as page
    from flowbt.studies.board.board import SYMBOLS, board
    from flowbt.studies.board.document import document

    chosen = tuple(s.strip() for s in symbols.split(",") if s.strip()) if symbols is not None else SYMBOLS
    one = board(data_of(datasets, demo), asof, chosen)
    if html is not None:
        page.write(html, asdict(one))
    if as_json:
        emit(document(one))
    else:
        say_data()
        _print(one, html)


def _print(one: Board, html: Path | None) -> None:
    console = Console() if sys.stdout.isatty() else Console(width=WIDTH)
    title = Text(f"regime board of {one.session:%Y-%m-%d}", style="bold")
    if one.synthetic:
        title.append("  SYNTHETIC", style="bold yellow")
    console.print(title)
    console.print(Text(f"decided {one.decision_time:%Y-%m-%d %H:%M} UTC; dates on the right say when a value became known (UTC)", style="dim"))
    console.print(_zones(one))
    _readings(console, one)
    _checks(console, one)
    _convergence(console, one)
    for line in one.caveats:
        console.print(Text(f"Read with: {line}", style="yellow"))
    if one.gaps:
        table = _table("missing", "why", "what would bring it")
        for gap in one.gaps:
            table.add_row(gap.name, gap.found, gap.do)
        console.print(table)
    if html is not None:
        console.print(Text(f"written to {html}"), soft_wrap=True)


def _table(*columns: str, right: tuple[int, ...] = ()) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
    for n, name in enumerate(columns):
        table.add_column(name, justify="right" if n in right else "left")
    return table


def _day(instant: object) -> str:
    return f"{instant:%Y-%m-%d %H:%M}" if instant is not None else ""


def _zones(one: Board) -> Table:
    table = _table(
        "zone",
        "floor",
        "middle",
        "ceiling",
        "close",
        "day",
        "up",
        "down",
        "status",
        "range",
        "200-day",
        "drawn with",
        "known",
        right=(1, 2, 3, 4, 5, 6, 7, 9, 10),
    )
    for row in one.zones:
        levels = [f"{x:,.2f}" for x in (row.low, row.mid, row.high, row.close)]
        room = [f"{x:+.1%}" for x in (row.change, row.upside, row.downside)]
        colour = "red" if row.range_strength < 0 else "green"
        force = f"[bold {colour}]{row.range_strength:+.0f}[/]" if row.dominant else f"{row.range_strength:+.0f}"
        mean = f"{row.distance_200d:+.1%}{'' if row.confirmed_200d or row.distance_200d < 0 else '?'}"
        table.add_row(row.symbol, *levels, *room, row.status, force, mean, row.volatility, _day(row.known_at))
    return table


def _readings(console: Console, one: Board) -> None:
    section, table = "", None
    for reading in one.readings:
        if reading.section != section:
            if table is not None:
                console.print(table)
            section, table = reading.section, _table(reading.section.lower(), "", "known", "")
            table.columns[0].min_width, table.columns[1].min_width = 36, 24
        assert table is not None
        table.add_row(reading.name, Text(reading.text, style="bold"), _day(reading.known_at), Text("; ".join(reading.stand_ins), style="yellow"))
    if table is not None:
        console.print(table)


def _checks(console: Console, one: Board) -> None:
    for title, checks in (("gates", one.gates), ("bull checklist", one.checklist)):
        table = _table(title, "", "value", "known", right=(2,))
        for check in checks:
            table.add_row(check.name, "[bold]on[/]" if check.met else "off", f"{check.value:,.2f}", _day(check.known_at))
        if checks:
            console.print(table)


def _convergence(console: Console, one: Board) -> None:
    counts = one.counts
    if not counts:
        return
    table = _table("input", "layer", "vote", "value", "known", "rule", "", right=(3,))
    for ballot in sorted(one.ballots, key=lambda b: b.vote):
        vote = {-1: "[bold red]bearish[/]", 1: "[bold green]bullish[/]"}.get(ballot.vote, "neutral")
        table.add_row(ballot.name, ballot.layer, vote, ballot.text, _day(ballot.known_at), ballot.rule, f"[yellow]{'; '.join(ballot.stand_ins)}[/]")
    console.print(table)
    layers = f"{abs(counts['conviction']):.0f} layers agree" if counts["tilt"] else "no tilt"
    console.print(
        f"[bold]convergence on {one.symbol}: {counts['bearish']:.0f} bearish, {counts['bullish']:.0f} bullish, tilt {counts['tilt']:+.0f}; {layers}[/]"
    )
