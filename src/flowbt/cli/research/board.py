"""`flowbt board`: the regime board of a day."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flowbt.cli.options import PathName, data_of, datasets_option, demo_option, emit, json_option, results_option, say_data
from flowbt.cli.show.terminal import Cell, Column, say, show
from flowbt.ground.types import Json

if TYPE_CHECKING:
    from flowbt.studies.board.board import Board
    from flowbt.studies.board.zones import ZoneRow


EPILOG = """\b
Examples:
  flowbt board --asof 2026-04-08 --html board.html
  flowbt board --since 2026-04-07
  flowbt board --alerts alerts.toml"""


@click.command(epilog=EPILOG)
@click.option("--asof", metavar="DATE", help="Date of the board (YYYY-MM-DD); default: the last session with prices.")
@click.option("--symbols", metavar="A,B", help="Symbols of the zone table; the first is the market the inputs speak of.")
@click.option("--html", type=PathName(dir_okay=False), help="Also write the board as one HTML file.")
@click.option("--since", metavar="DATE", help="Also say what changed since the board of this date.")
@click.option("--alerts", type=PathName(dir_okay=False), help="Rules of alerts (see docs/desk.md); those that fire are said.")
@results_option
@demo_option
@datasets_option
@json_option
def command(asof: str | None, symbols: str | None, html: Path | None, demo: bool | None, datasets: Path, as_json: bool, **rest: Any) -> int:
    """Zones, volatility, gamma, flow of every name, dark pool, credit, rates, coins, gates and the convergence count of a date.

    Each value is shown with the day on which it became known (UTC); what is missing is listed with what would bring it, what is older than its source's
    rhythm is marked, and sources that contradict each other, or a document of that day, are named. Exit code 1 where an alert's rule or command failed.
    """
    from flowbt.results.pages import board as page
    from flowbt.studies.board.board import SYMBOLS, board
    from flowbt.studies.board.conflicts import said
    from flowbt.studies.board.document import document
    from flowbt.studies.board.values import changes, fired, read_alerts, send, sound, values_of

    chosen = tuple(s.strip() for s in symbols.split(",") if s.strip()) if symbols is not None else SYMBOLS
    catalog = data_of(datasets, demo)
    one = board(catalog, asof, chosen)
    values, before = values_of(one), values_of(board(catalog, rest["since"], chosen)) if rest["since"] else {}
    told: Json = {"said": said(catalog, one.session, values), "changes": changes(values, before) if before else []}
    home = rest["results"] / "desk"
    rules, wrong = sound(*read_alerts(rest["alerts"]), values, before) if rest["alerts"] else ([], [])
    alarms = fired(rules, values, before, one.session, home)
    problems = wrong + send(alarms, home)
    beside: dict[str, object] = {name: [asdict(row) for row in rows] for name, rows in told.items()} | {"alerts": [line for _, line in alarms]}
    if html is not None:
        page.write(html, {**asdict(one), **beside})
    if as_json:
        emit({**document(one), **beside})
    else:
        say_data()
        _print(one, html, told)
        for line in [line for alarm, line in alarms if "terminal" in alarm.to]:
            say(f"ALERT {line}", bold=True, fg="red", indent="  ")
        for line in problems:
            say(f"flowbt: {line}", err=True)
    return 1 if problems else 0


def _print(one: Board, html: Path | None, told: dict[str, object]) -> None:
    say(f"regime board of {one.session:%Y-%m-%d}{'  SYNTHETIC' if one.synthetic else ''}", bold=True)
    say(f"decided {one.decision_time:%Y-%m-%d %H:%M} UTC; dates on the right say when a value became known (UTC)", dim=True)
    show(ZONES, [_zone(row) for row in one.zones])
    every = (*one.readings, *one.coins)
    for section in dict.fromkeys(reading.section for reading in every):
        rows = [r for r in every if r.section == section]
        columns = [Column(section.lower(), words=True), Column("", words=True), Column("known", drop=1), Column("", words=True)]
        say()
        show(columns, [(r.name, (r.text, {"bold": True}), _day(r.known_at), ("; ".join((*r.stand_ins, *r.late)), {"fg": "yellow"})) for r in rows])
    _flow(one)
    for title, checks in (("gates", one.gates), ("bull checklist", one.checklist)):
        if checks:
            say()
            show(
                (Column(title, words=True), Column(""), Column("value", right=True), Column("known", drop=1)),
                [(c.name, ("on" if c.met else "off", {"bold": c.met}), f"{c.value:,.2f}", _day(c.known_at)) for c in checks],
            )
    _convergence(one)
    _contradictions(one, told)
    for line in one.caveats:
        say(f"Read with: {line}", fg="yellow", indent="  ")
    if one.gaps:
        say()
        columns = [Column("missing", words=True), Column("why", words=True), Column("what would bring it", words=True)]
        show(columns, [(gap.name, gap.found, gap.do) for gap in one.gaps])
    if html is not None:
        say(f"written to {html}")


def _flow(one: Board) -> None:
    """The market's flow: totals, sectors, the top names, campaigns."""
    from flowbt.studies.board.flow import LONG, TOP
    from flowbt.studies.board.lines import dollars

    if (flow := one.flow) is None:
        return
    say()
    whole = f"net premium {_money(flow.net)} of {_money(flow.premium)}, {flow.unknown:.0%} of unknown side, flips {flow.flips:.0%} of the top {TOP}"
    say(f"flow of {len(flow.names)} names: {whole}; dark pool {_money(flow.dark_net)} of {_money(flow.dark_volume)}", bold=True, indent="  ")
    if flow.sectors:
        show(
            (Column("sector", words=True), Column("net", right=True), Column("premium", right=True), Column("share", right=True)),
            [(row.sector, dollars(row.net), dollars(row.premium), f"{row.share:.1%}") for row in flow.sectors],
        )
    names = (
        Column("name"), Column("net", right=True), Column("premium", right=True), Column("calls/puts", right=True, drop=3), Column("flips"),
        Column("sure", drop=4),
        Column("dark net", right=True, drop=1), Column("dark run", right=True, drop=2),
    )  # fmt: skip
    show(
        names,
        [
            (n.symbol, _money(n.net), _money(n.premium), f"{n.naive:.2f}", "yes" if n.flip else "", n.confidence, _money(n.dark_net), f"{n.dark_days:+.0f}")
            for n in flow.names[:TOP]
        ],
    )
    if runs := flow.campaigns[:6]:
        told = ", ".join(f"{n.symbol} {n.days:+.0f} sessions {_money(n.gathered)}" for n in runs)
        say(f"campaigns of {LONG} sessions or more: {told}", indent="  ")


def _money(value: float) -> str:
    from flowbt.studies.board.lines import dollars

    return dollars(value) if value == value else "–"


def _contradictions(one: Board, told: Json) -> None:
    """What sources, and documents of the day, say otherwise; what changed."""
    if one.conflicts:
        say()
        columns = [Column("sources contradict", words=True), Column("of"), *(Column("", words=True) for _ in range(3))]
        rows = [(c.what, c.event, f"{c.first} {_written(c.first_value, 6)}", f"{c.second} {_written(c.second_value, 6)}", c.words) for c in one.conflicts]
        show(columns, rows)
    if told["said"]:
        say()
        heads = (
            Column("a document of the day says", words=True),
            Column("said", right=True),
            Column("here", right=True),
            Column(""),
            Column("why", words=True),
        )
        show(heads, [(f"{s.document}: {s.what}", _written(s.said, 6), *_beside(s.here, s.agrees), s.why) for s in told["said"]])
    if told["changes"]:
        say()
        most = (Column("changed most", words=True), Column("before", right=True), Column("now", right=True), Column(""))
        show(most, [(c.name, _written(c.before, 4), _written(c.now, 4), "turned" if c.turned else "") for c in told["changes"][:20]])


def _beside(here: float, agrees: bool) -> tuple[str, str]:
    return ("–", "not here") if here != here else (_written(here, 6), "" if agrees else "differs")


def _day(instant: object) -> str:
    return f"{instant:%Y-%m-%d %H:%M}" if instant is not None else ""


ZONES = (
    Column("zone"), Column("floor", right=True), Column("middle", right=True, drop=3), Column("ceiling", right=True), Column("close", right=True),
    Column("day", right=True, drop=1), Column("up", right=True, drop=2), Column("down", right=True, drop=2), Column("status", words=True),
    Column("range", right=True, drop=4), Column("200-day", right=True, drop=5), Column("drawn with", drop=6), Column("known", drop=7),
)  # fmt: skip


def _zone(row: ZoneRow) -> tuple[Cell, ...]:
    levels = [_told(x, ",.2f") for x in (row.low, row.mid, row.high, row.close)]
    room = [_told(x, "+.1%") for x in (row.change, row.upside, row.downside)]
    style = {"bold": True, "fg": "red" if row.range_strength < 0 else "green"} if row.dominant else {}
    mean = f"{_told(row.distance_200d, '+.1%')}{' new' if row.distance_200d >= 0 and not row.confirmed_200d else ''}"
    return (row.symbol, *levels, *room, row.status, (_told(row.range_strength, "+.0f"), style), mean, row.volatility, _day(row.known_at))


def _told(value: float, spec: str) -> str:
    return "–" if value != value else format(value, spec)


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


def _written(value: float, digits: int) -> str:
    """At so many significant digits, large numbers written out: 63,978 and no power of ten."""
    text = f"{value:,.{digits}g}"
    return f"{value:,.0f}" if "e+" in text else text
