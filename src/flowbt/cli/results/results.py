"""`flowbt results`: what is stored, without loading any of it (`ls` reads one small file a run)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flowbt.cli.options import PathName, emit, json_option, results_option
from flowbt.cli.show.belief import print_answer
from flowbt.cli.show.terminal import Column, say
from flowbt.cli.show.terminal import show as show_table
from flowbt.ground.documents import unsealed
from flowbt.ground.errors import StoreError, printable
from flowbt.ground.files import read_bytes
from flowbt.ground.types import Json
from flowbt.results import shelf

if TYPE_CHECKING:
    from flowbt.results.shelf import StoredRun, StoredStudy


@click.group("results", epilog="Example: flowbt results ls --sort sharpe")
def command() -> None:
    """List, show, tag and remove stored results."""


@command.command("ls", epilog="Example: flowbt results ls exit --sort sharpe --limit 20")
@click.argument("text", required=False, default="")
@click.option("--sort", "order", type=click.Choice(["created", "sharpe", "cagr", "max_drawdown", "trades", "strategy"]), default="created", show_default=True)
@click.option("--tag", help="Only runs with this tag.")
@click.option("--studies", is_flag=True, help="List sweeps and walk-forwards in place of runs.")
@click.option("--limit", type=int, default=40, show_default=True, help="Rows to print; 0: all. --json prints all.")
@results_option
@json_option
def ls(text: str, order: str, tag: str | None, studies: bool, limit: int, results: Path, as_json: bool) -> None:
    """List stored runs, newest first; TEXT keeps those that contain it."""
    if studies:
        _list_studies([one for one in shelf.studies(results) if text.lower() in f"{one.strategy} {one.id}".lower()], as_json)
        return
    found = shelf.listing(results)
    entries = [entry for entry in found.entries if text.lower() in _haystack(entry) and (tag is None or tag in entry.tags)]
    if order == "strategy":
        entries.sort(key=lambda entry: entry.strategy)
    elif order != "created":
        entries.sort(key=lambda entry: _value(entry, order), reverse=True)
    entries.sort(key=lambda entry: bool(entry.summary.get("look_ahead")))  # what uses the future comes last, whatever it shows
    for line in found.broken:
        say(f"skipped {line}", err=True)
    if as_json:
        emit({"results": str(results), "runs": [entry.as_dict() for entry in entries], "broken": found.broken})
        return
    shown = entries[:limit] if limit > 0 else entries
    if not shown:
        say(f"no runs in {results}" + (" match" if found.entries else "; flowbt run strategies/exit_liquidity.py makes one"))
        return
    show_table(COLUMNS, map(_line, shown))
    if len(shown) < len(entries):
        say(f"{len(entries) - len(shown)} more; --limit 0 shows all")


@command.command("show", epilog="Example: flowbt results show exit_liquidity")
@click.argument("run")
@results_option
@json_option
def show(run: str, results: Path, as_json: bool) -> None:
    """Show one run: RUN is an id, the start of one, or a strategy (its newest run)."""
    entry = shelf.find(results, run)
    try:
        stored = unsealed(read_bytes(entry.path / "run.json"))
        told = [] if as_json else _facts(stored, entry)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise StoreError(f"stored run {entry.path}", f"run.json: {problem}", "run it again, or remove it") from None
    if as_json:
        emit({**stored, "belief": entry.belief, "tags": list(entry.tags), "note": entry.note, "path": str(entry.path)})
        return
    say(f"{printable(stored['strategy'])}  {entry.id}{'  SYNTHETIC' if stored.get('synthetic') else ''}{'  LOOK-AHEAD' if stored.get('look_ahead') else ''}")
    if stored.get("look_ahead"):
        say(f"worthless: it uses the future ({printable(stored['look_ahead'])})")
    say(printable(stored.get("thesis", "")))
    if entry.belief:
        print_answer(entry.belief)
        say(f"next: {printable(entry.belief['do'])}", dim=True)
    for name, value in told:
        say(f"  {name:<14} {printable(value)}", indent=" " * 15)
    say(f"  tearsheet      {entry.path / 'tearsheet.html'}")


@command.command("rm", epilog="Example: flowbt results rm 1f2e3d sweep-90ab --yes")
@click.argument("runs", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Do not ask.")
@results_option
def rm(runs: tuple[str, ...], yes: bool, results: Path) -> None:
    """Remove stored runs, sweeps (sweep-1f2e3d) and walk-forwards (all of them are looked up before any is removed)."""
    from flowbt.results.belief import renew

    entries = {entry.path: entry for entry in (shelf.find_any(results, run) for run in runs)}
    names = ", ".join(f"{entry.strategy} {entry.id}" for entry in entries.values())
    if not yes and not click.confirm(f"remove {names}?"):
        raise click.Abort
    for entry in entries.values():
        shelf.remove(entry)
    for strategy in {entry.strategy for entry in entries.values() if entry.path.parent.is_dir()}:
        renew(results, strategy)  # a walk-forward that is gone speaks for no run
    _refresh(results)
    say(f"removed {names}; the ledger still counts their trials, which have been seen")


@command.command("gc", epilog="Example: flowbt results gc")
@results_option
@json_option
def gc(results: Path, as_json: bool) -> None:
    """Remove what killed commands left: half-written files, and workspaces of sweeps that nobody holds (`--resume` then has nothing to go on from)."""
    from flowbt.studies.sweep.store import sweep_up

    gone = [Path(os.path.relpath(path, results)).as_posix() for path in sweep_up(results)]
    if as_json:
        emit({"removed": gone})
        return
    for name in gone:
        say(f"removed {name}")
    if not gone:
        say(f"nothing was left over in {results}")


@command.command("tag", epilog="Example: flowbt results tag 1f2e3d keep look-again")
@click.argument("run")
@click.argument("tags", nargs=-1, required=True)
@click.option("--remove", is_flag=True, help="Take the tags away.")
@results_option
def tag(run: str, tags: tuple[str, ...], remove: bool, results: Path) -> None:
    """Add tags to a run, or remove them."""
    entry = shelf.mark(results, run, lambda had, note: ([t for t in had if t not in tags] if remove else [*had, *tags], note))
    _refresh(results)
    say(f"{entry.strategy} {entry.id}: {', '.join(entry.tags) or 'no tags'}")


@command.command("note", epilog="Example: flowbt results note 1f2e3d 'works only in short gamma'")
@click.argument("run")
@click.argument("text")
@results_option
def note(run: str, text: str, results: Path) -> None:
    """Write a run's note; an empty text removes it."""
    entry = shelf.mark(results, run, lambda had, _: (had, text.strip()))
    _refresh(results)
    say(f"{entry.strategy} {entry.id}: {entry.note or 'no note'}")


@command.command("export", epilog="Example: flowbt results export site/")
@click.argument("folder", type=PathName())
@results_option
def export(folder: Path, results: Path) -> None:
    """Write all pages as a static site: the browser page, every tearsheet, sweep and scoreboard."""
    from flowbt.results.pages import site

    count = site.export(results, folder)
    say(f"{count} pages in {folder}; open {folder / 'index.html'}")


def _refresh(results: Path) -> None:
    from flowbt.results.pages import site

    site.write_index(results)


def _list_studies(found: list[StoredStudy], as_json: bool) -> None:
    if as_json:
        emit({"studies": [{**one._asdict(), "id": one.id} for one in found]})
        return
    columns = (Column("id"), Column("strategy"), Column("trials", right=True), Column("made", drop=1))
    show_table(columns, [(one.id, one.strategy, f"{one.trials:,}", one.created[:16].replace("T", " ")) for one in found])


def _haystack(entry: StoredRun) -> str:
    return " ".join([entry.strategy, entry.id, entry.note, *entry.tags, *map(str, entry.summary.get("symbols") or [])]).lower()


def _value(entry: StoredRun, name: str) -> float:
    value = entry.summary.get("measures", {}).get(name)
    return -1e308 if value is None else float(value)


def _cell(value: object, spec: str) -> str:
    return "-" if value is None else format(value, spec)


COLUMNS = (
    Column("run"), Column("strategy"), Column("made", drop=7), Column("from", drop=4), Column("to", drop=4), Column("Sharpe", right=True),
    Column("CAGR", right=True, drop=2), Column("max DD", right=True, drop=3), Column("trades", right=True, drop=1), Column("believe"), Column("data"),
    Column("tags", words=True, drop=6), Column("why", words=True, drop=8),
)  # fmt: skip


def _line(entry: StoredRun) -> tuple[str, ...]:
    s, m = entry.summary, entry.summary.get("measures", {})
    made, source = str(s.get("created", ""))[:16].replace("T", " "), "SYNTHETIC" if s.get("synthetic") else "real"
    source = "LOOK-AHEAD" if s.get("look_ahead") else source
    numbers = (_cell(m.get("sharpe"), ".2f"), _cell(m.get("cagr"), "+.1%"), _cell(m.get("max_drawdown"), ".1%"), _cell(m.get("trades"), ",d"))
    answer, why = (entry.belief["answer"], entry.belief["sentence"]) if entry.belief else ("-", "-")
    return (entry.id, entry.strategy, made, str(s.get("from"))[:10], str(s.get("to"))[:10], *numbers, answer, source, " ".join(entry.tags), why)


def _facts(stored: Json, entry: StoredRun) -> list[tuple[str, str]]:
    m = stored["measures"]
    interval = f" (95% {m['sharpe_low']:.2f} to {m['sharpe_high']:.2f})" if m.get("sharpe_low") is not None and m.get("sharpe_high") is not None else ""
    parameters = ", ".join(f"{name}={value}" for name, value in stored.get("parameters", {}).items())
    facts = [
        ("span", f"{str(stored.get('from'))[:10]} to {str(stored.get('to'))[:10]}, {', '.join(stored.get('symbols', [])[:8])}"),
        ("parameters", parameters or "none"),
        ("Sharpe", _cell(m.get("sharpe"), ".2f") + interval),
        ("CAGR", _cell(m.get("cagr"), "+.2%")),
        ("max drawdown", _cell(m.get("max_drawdown"), ".2%")),
        ("trades", f"{_cell(m.get('trades'), ',d')} closed, win rate {_cell(m.get('win_rate'), '.1%')}"),
        ("stand-ins", ", ".join(f"{item['used']} for {item['asked']}" for item in stored.get("stand_ins", [])) or "none"),
        ("data", ", ".join(item["name"] for item in stored.get("datasets", [])) or "none"),
        ("made", f"{stored.get('created', '')}  {stored.get('command', '')}"),
    ]
    return facts + [(name, text) for name, text in (("tags", " ".join(entry.tags)), ("note", entry.note)) if text]
