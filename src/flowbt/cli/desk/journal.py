"""`flowbt journal`: what was decided, whether today's data confirm it, and what it made."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

import click

from flowbt.cli.options import PathName, data_of, datasets_option, demo_option, emit, json_option, say_data, timeout_option
from flowbt.cli.show.terminal import say
from flowbt.ground.errors import JournalError
from flowbt.ground.home import project_path
from flowbt.ground.types import Function
from flowbt.studies.desk.chain import START, entry_with_hash, read

F = TypeVar("F", bound=Function)


def journal_option(command: F) -> F:
    return click.option(
        "--journal",
        type=PathName(),
        default=lambda: project_path("journal"),
        envvar="FLOWBT_JOURNAL",
        show_default="journal",
        show_envvar=True,
        help="Its folder.",
    )(command)


@click.group(epilog="Example: flowbt journal check")
def command() -> None:
    """The journal of decisions and forecasts: an append-only chain that shows whether anything in it was changed."""


@command.command("head", epilog="Example: flowbt journal head")
@journal_option
@click.option("--holds", metavar="HASH", help="A hash kept elsewhere: is it still the hash of an entry? Exit code 1 where it is not.")
@json_option
def head(journal: Path, holds: str | None, as_json: bool) -> None:
    """The number of entries and the last hash. Kept elsewhere, and looked for later with --holds, it proves that nothing up to it was cut off or
    written anew."""

    entries = read(journal)
    last = entries[-1].hash if entries else START
    if holds is not None:
        entry = entry_with_hash(journal, entries, holds)
        if not as_json:
            say(f"held: entry {entry.n} of {entry.time}, and everything before it, is as it was")
    if as_json:
        emit({"entries": len(entries), "hash": last})
    else:
        say(f"{len(entries)} entries, last hash {last}")


@command.command("check", epilog="Example: flowbt journal check --strategies strategies")
@journal_option
@click.option(
    "--strategies",
    type=PathName(),
    default=lambda: project_path("strategies"),
    show_default="strategies",
    help="Folder of today's strategy files.",
)
@demo_option
@datasets_option
@json_option
def check(journal: Path, strategies: Path, demo: bool | None, datasets: Path, as_json: bool) -> int:
    """Make every journaled decision again from today's catalog; what differs is listed by cause. Exit code 3 where a look-ahead is among them."""
    from flowbt.studies.desk.recheck import CAUSES, recheck

    entries, catalog = read(journal), data_of(datasets, demo)
    ours = [one for one in entries if one.body.get("synthetic", catalog.synthetic) == catalog.synthetic]
    found = recheck(catalog, ours, journal, strategies)
    if as_json:
        emit({"entries": len(entries), "elsewhere": len(entries) - len(ours), "differences": [asdict(one) for one in found]})
    else:
        say_data()
        for one in found:
            say(f"{one.n}  {one.strategy}  {one.label}  {one.cause}: {one.words}")
        counts = Counter(one.cause for one in found)
        told = ", ".join(f"{counts[cause]} {cause}" for cause in CAUSES if counts[cause]) or "all confirmed"
        other = "real" if catalog.synthetic else "demo"
        elsewhere = f"; {len(entries) - len(ours)} are of the {other} market, and checked with --{other}" if len(ours) < len(entries) else ""
        say(f"{len(entries)} entries, chain whole; {told}{elsewhere}")
    return 3 if any(one.cause == CAUSES[0] for one in found) else 0


@command.command("score", epilog="Example: flowbt journal score --json")
@journal_option
@demo_option
@datasets_option
@json_option
def score(journal: Path, demo: bool | None, datasets: Path, as_json: bool) -> int:
    """The journaled decisions as a paper book with fills at the next open, beside the backtest of the same bars. Exit code 1 where a book cannot be made; the
    others are shown."""
    from flowbt.studies.desk.follow import KIND
    from flowbt.studies.desk.paper import books_of

    catalog = data_of(datasets, demo)
    ours = [one for one in read(journal) if one.kind == KIND and one.body["synthetic"] == catalog.synthetic]
    if not ours:
        raise JournalError("score of the journal", "it holds no decision of this market", "enter today's with `flowbt follow`")
    books, problems = books_of(catalog, ours, journal)
    if as_json:
        emit({"books": [one.to_dict() for one in books], "problems": problems})
        return 1 if problems else 0
    say_data()
    for line in problems:
        say(f"flowbt: {line}", err=True)
    for one in books:
        say(f"{one.strategy}  {one.first} to {one.last}: journal {one.journal_return:+.2%}, backtest {one.backtest_return:+.2%}")
        say(f"  gap {one.journal_return - one.backtest_return:+.2%}, before costs: {one.gap_missing:+.2%} of {one.missing} bars without an entry")
        say(f"    {one.gap_data:+.2%} of {one.different} that decide otherwise now")
        say(f"    {one.gap_fills:+.2%} of {one.late} of {one.entries} entries made after their open and filled later, {one.unfilled} not at all")
        say(f"    {one.gap_costs:+.2%} of costs")
        if one.priced_by:
            say("  option structures priced by " + ", ".join(f"the {how}: {count}" for how, count in one.priced_by.items()))
        say(f"  {one.trades} trades closed; open: {', '.join(one.open_positions) or 'none'}")
    return 1 if problems else 0


@command.command("register", epilog="Example: flowbt journal register claims/")
@click.argument("targets", nargs=-1, metavar="[PATH]...")
@journal_option
@demo_option
@datasets_option
@timeout_option
@json_option
def register(targets: tuple[str, ...], journal: Path, demo: bool | None, datasets: Path, as_json: bool) -> int:
    """Enter the forecasts and claims of claim files or folders (default: claims of the project), dated and hashed, before their outcome.

    What is there already is not entered again; a changed claim is another entry. A forecast entered after it was made is marked as late.
    """
    from flowbt.studies.desk.forecasts import FORECAST
    from flowbt.studies.desk.forecasts import register as enter

    new, problems = enter(data_of(datasets, demo), targets or (str(project_path("claims")),), journal)
    if as_json:
        emit({"entries": [asdict(one) for one in new], "problems": problems})
    else:
        say_data()
        for one in (one for one in new if one.kind == FORECAST):
            base = one.body["base"]
            odds = f"base rate {base['probability']:.0%}" if base else f"no base rate: {one.body['missing']}"
            say(f"{one.n}  {one.body['claim']}  by {one.body['by']}, {one.body['probability']:.0%} sure, {odds}{', entered late' * one.body['late']}")
        for line in problems:
            say(f"left out: {line}", err=True)
        claims = sum(one.kind != FORECAST for one in new)
        say(f"{len(new) - claims} forecasts and {claims} claims entered" + (f", last hash {new[-1].hash[:16]}" if new else ""))
    return 1 if problems and not new else 0


@command.command("settle", epilog="Example: flowbt journal settle")
@journal_option
@demo_option
@datasets_option
@json_option
def settle(journal: Path, demo: bool | None, datasets: Path, as_json: bool) -> None:
    """Enter what came of the forecasts that the data decide by now; the others are listed with what they wait for."""
    from flowbt.studies.desk.forecasts import settle as enter

    new, left = enter(data_of(datasets, demo), journal)
    if as_json:
        emit({"entries": [asdict(one) for one in new], "open": [{"claim": one.entry.body["claim"], "reason": one.reason} for one in left]})
        return
    say_data()
    for entry in new:
        known = "" if entry.body["after"] else ", known when it was entered"
        say(f"{entry.n}  {entry.body['claim']}  {'came true' if entry.body['true'] else 'failed'} on {entry.body['on']}{known}")
    for one in left:
        say(f"open  {one.entry.body['claim']}  {one.reason}")
    say(f"{len(new)} settled, {len(left)} open")
