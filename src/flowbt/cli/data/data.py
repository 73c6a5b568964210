"""`flowbt data`: list, check, import and remove datasets."""

from __future__ import annotations

from pathlib import Path

import click

from flowbt.cli.data import add, imports, update, versions
from flowbt.cli.options import emit, json_option, stored_datasets_option
from flowbt.cli.show.terminal import Column, say
from flowbt.cli.show.terminal import show as show_table
from flowbt.ground.types import Json

MOST_SYMBOLS = 20
COLUMNS = (
    Column("dataset"),
    Column("rows", right=True),
    Column("from"),
    Column("to"),
    Column("symbols", right=True, drop=2),
    Column("findings", right=True, drop=1),
    Column("known", words=True, drop=3),
)


@click.group(epilog="Example: flowbt data import --plan datasets/plan.toml --root ../shared/data/raw")
def command() -> None:
    """Import, pull, list, check and remove datasets."""


@command.command("ls", epilog="Example: flowbt data ls")
@stored_datasets_option
@json_option
def ls(datasets: Path, as_json: bool) -> None:
    """List the datasets of a folder, imported or declared."""
    from flowbt.data.catalog import Catalog
    from flowbt.studies.ingest.datasets import listing

    catalog = Catalog((datasets,))
    records = listing(catalog)
    if as_json:
        emit({"datasets": records, "problems": catalog.problems})
        return
    if not records:
        say(f"no dataset under {datasets}; see `flowbt data import --help`")
        return
    rows = [[record["name"], *_spanned(record), record["known"] if record["imported"] else "declared, not imported"] for record in records]
    show_table(COLUMNS, rows)
    for problem in catalog.problems:
        say(f"flowbt: {problem}", err=True)


@command.command("show", epilog="Example: flowbt data show cboe-volatility")
@click.argument("name")
@stored_datasets_option
@json_option
def show(name: str, datasets: Path, as_json: bool) -> None:
    """What a dataset is, when its rows are known, and what it holds."""
    from flowbt.data.catalog import Catalog
    from flowbt.studies.ingest.datasets import details

    record = details(Catalog((datasets,)), name)
    if as_json:
        emit(record)
        return
    say(f"{name}: {record['title']}")
    for key in ("source", "clock", "frequency", "vintage", "known", "schedule", "note", "licence", "url"):
        if record[key]:
            say(f"  {key:10} {record[key]}", indent=" " * 11)
    if record["survivorship"]:
        say("  members are those of a later date: survivorship bias")
    for field, spans in record.get("fields", {}).items() if record["imported"] else ():
        units = record["declared_fields"].get(field, {}).get("units", "")
        say(f"  {field} ({units}), {len(spans)} symbols")
        for symbol, (first, last, rows) in list(spans.items())[:MOST_SYMBOLS]:
            say(f"      {symbol:10} {first} .. {last}  {rows} rows")
        if len(spans) > MOST_SYMBOLS:
            say(f"      and {len(spans) - MOST_SYMBOLS} more (--json has them)")
    for file in record.get("files", ()):
        say(f"  file       {file['name']}  {file['rows']} rows  sha256 {file['sha256'][:12]}")
    for overlap in record.get("overlaps", ()):
        if overlap["common"]:
            agreement = f"{overlap['common']} common, {overlap['differing']} differ, at most {overlap['largest']:.3g}"
            say(f"  overlap    {overlap['file']} {overlap['field']}: {agreement}")
    if record.get("finding_counts"):
        counts = ", ".join(f"{count} {kind}" for kind, count in record["finding_counts"].items())
        say(f"  findings   {counts} (see `flowbt data check {name}`)")


@command.command("check", epilog="Example: flowbt data check squeezemetrics")
@click.argument("names", nargs=-1)
@click.option("--kind", help="Only findings of this kind.")
@stored_datasets_option
@json_option
def check(names: tuple[str, ...], kind: str | None, datasets: Path, as_json: bool) -> None:
    """List what was found wrong in datasets (all imported ones by default), and compare the stored tables with their records."""
    from flowbt.data.catalog import Catalog
    from flowbt.studies.ingest.datasets import check as check_dataset

    catalog = Catalog((datasets,))
    checked = [check_dataset(catalog, name) for name in names or [*catalog.imported, *catalog.spoilt]]
    for report in checked:
        report["findings"] = [finding for finding in report["findings"] if kind in (None, finding["kind"])]
    if as_json:
        emit(checked)
        return
    for report in checked:
        say(f"{report['name']}: {report['rows']} rows as recorded, {len(report['findings'])} findings")
        for finding in report["findings"]:
            say(f"  {finding['line']}")


@command.command("overlap", epilog="Example: flowbt data overlap pct_above_200d US")
@click.argument("field")
@click.argument("symbol")
@stored_datasets_option
@json_option
def overlap(field: str, symbol: str, datasets: Path, as_json: bool) -> None:
    """Which datasets answer for FIELD of SYMBOL on which dates, and how they agree where they meet."""
    from flowbt.data.catalog import Catalog
    from flowbt.studies.ingest.overlap import overlapping

    found = overlapping(Catalog((datasets,)), field, symbol)
    if as_json:
        emit(found.record())
        return
    for line in found.lines():
        say(line)


@command.command("rm", epilog="Example: flowbt data rm cboe-volatility --yes")
@click.argument("names", nargs=-1, required=True)
@click.option("--declaration", is_flag=True, help="Delete dataset.toml too.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@stored_datasets_option
def rm(names: tuple[str, ...], declaration: bool, yes: bool, datasets: Path) -> None:
    """Delete imported data; the declaration stays unless asked."""
    from flowbt.data.catalog import Catalog
    from flowbt.studies.ingest.datasets import remove

    if not yes:
        click.confirm(f"Delete {', '.join(names)} under {datasets}?", abort=True)
    for name in names:
        deleted = remove(Catalog((datasets,)), name, declaration)
        say(f"{name}: " + (", ".join(path.name for path in deleted) + " deleted" if deleted else "nothing to delete"))


def _spanned(record: Json) -> list[str]:
    if not record["imported"]:
        return [""] * 5
    return [f"{record['rows']:,}", *[str(time)[:10] for time in record["span"]], str(record["symbols"]), str(record["findings"])]


for one in (add.add, imports.import_, imports.pull, versions.log, versions.restore, versions.gc, update.setup, update.update):
    command.add_command(one)
