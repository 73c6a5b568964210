"""`flowbt board`: the regime board of a day."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flowbt.cli.options import PathName, data_of, datasets_option, demo_option, emit, json_option, say_data
from flowbt.cli.show.terminal import Cell, Column, say, show

if TYPE_CHECKING:
    from flowbt.studies.board.board import Board
    from flowbt.studies.board.zones import ZoneRow


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
    say(f"regime board of {one.session:%Y-%m-%d}{'  SYNTHETIC' if one.synthetic else ''}", bold=True)
    say(f"decided {one.decision_time:%Y-%m-%d %H:%M} UTC; dates on the right say when a value became known (UTC)", dim=True)
    show(ZONES, [_zone(row) for row in one.zones])
    for section in dict.fromkeys(reading.section for reading in one.readings):
        rows = [r for r in one.readings if r.section == section]
        columns = [Column(section.lower(), words=True), Column("", words=True), Column("known", drop=1), Column("", words=True)]
        say()
        show(columns, [(r.name, (r.text, {"bold": True}), _day(r.known_at), ("; ".join(r.stand_ins), {"fg": "yellow"})) for r in rows])
    for title, checks in (("gates", one.gates), ("bull checklist", one.checklist)):
        if checks:
            say()
            show(
                (Column(title, words=True), Column(""), Column("value", right=True), Column("known", drop=1)),
                [(c.name, ("on" if c.met else "off", {"bold": c.met}), f"{c.value:,.2f}", _day(c.known_at)) for c in checks],
            )
    _convergence(one)
    for line in one.caveats:
        say(f"Read with: {line}", fg="yellow", indent="  ")
    if one.gaps:
        say()
        columns = [Column("missing", words=True), Column("why", words=True), Column("what would bring it", words=True)]
        show(columns, [(gap.name, gap.found, gap.do) for gap in one.gaps])
    if html is not None:
        say(f"written to {html}")


def _day(instant: object) -> str:
    return f"{instant:%Y-%m-%d %H:%M}" if instant is not None else ""


ZONES = (
    Column("zone"), Column("floor", right=True), Column("middle", right=True, drop=3), Column("ceiling", right=True), Column("close", right=True),
    Column("day", right=True, drop=1), Column("up", right=True, drop=2), Column("down", right=True, drop=2), Column("status", words=True),
    Column("range", right=True, drop=4), Column("200-day", right=True, drop=5), Column("drawn with", drop=6), Column("known", drop=7),
)  # fmt: skip


def _zone(row: ZoneRow) -> tuple[Cell, ...]:
    levels = [f"{x:,.2f}" for x in (row.low, row.mid, row.high, row.close)]
    room = [f"{x:+.1%}" for x in (row.change, row.upside, row.downside)]
    style = {"bold": True, "fg": "red" if row.range_strength < 0 else "green"} if row.dominant else {}
    mean = f"{row.distance_200d:+.1%}{'' if row.confirmed_200d or row.distance_200d < 0 else ' new'}"
    return (row.symbol, *levels, *room, row.status, (f"{row.range_strength:+.0f}", style), mean, row.volatility, _day(row.known_at))


def _convergence(one: Board) -> None:
    counts = one.counts
    if not counts:
        return
    columns = (
        Column("input", words=True), Column("layer", words=True, drop=1), Column("vote"), Column("value", right=True), Column("known", drop=2),
        Column("rule", words=True, drop=3), Column("", words=True),
    )  # fmt: skip
    votes: dict[int, Cell] = {-1: ("bearish", {"fg": "red", "bold": True}), 1: ("bullish", {"fg": "green", "bold": True}), 0: "neutral"}
    rows = [
        (b.name, b.layer, votes[b.vote], b.text, _day(b.known_at), b.rule, ("; ".join(b.stand_ins), {"fg": "yellow"}))
        for b in sorted(one.ballots, key=lambda b: b.vote)
    ]
    say()
    show(columns, rows)
    layers = f"{abs(counts['conviction']):.0f} layers agree" if counts["tilt"] else "no tilt"
    found = f"{counts['bearish']:.0f} bearish, {counts['bullish']:.0f} bullish, tilt {counts['tilt']:+.0f}; {layers}"
    say(f"convergence on {one.symbol}: {found}", bold=True)
