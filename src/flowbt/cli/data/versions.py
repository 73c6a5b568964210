"""`flowbt data log`, `restore` and `gc`: the versions of a dataset."""

from __future__ import annotations

from pathlib import Path

import click

from flowbt.cli.options import emit, json_option, stored_datasets_option
from flowbt.cli.show.terminal import Column, say, show
from flowbt.ground.types import Json

COLUMNS = (Column(""), Column("version"), Column("stored (UTC)"), Column("rows", right=True), Column("change", words=True), Column("files", words=True, drop=1))


@click.command(epilog="Example: flowbt data log my-flows")
@click.argument("name")
@stored_datasets_option
@json_option
def log(name: str, datasets: Path, as_json: bool) -> None:
    """What came when and from which file: a line per version of a dataset, the newest first."""
    from flowbt.data.catalog import Catalog
    from flowbt.studies.ingest.history import import_log as log_of

    records = log_of(Catalog((datasets,)), name)
    if as_json:
        emit(records)
        return
    show(COLUMNS, [_line(record) for record in records])


@click.command(epilog="Example: flowbt data restore my-flows --to previous")
@click.argument("name")
@click.option("--to", required=True, metavar="VERSION", help="The first digits of a version's name (see `flowbt data log`), or previous.")
@stored_datasets_option
@json_option
def restore(name: str, to: str, datasets: Path, as_json: bool) -> None:
    """Make an earlier version of a dataset the one that counts. Nothing is deleted."""
    from flowbt.data.catalog import Catalog
    from flowbt.studies.ingest.history import restore as restore_to

    version = restore_to(Catalog((datasets,)), name, to)
    if as_json:
        emit({"name": name, "version": version.id, "rows": version.provenance["rows"]})
    else:
        say(f"{name}: version {version.id} with {version.provenance['rows']:,} rows counts now")


@click.command(epilog="Example: flowbt data gc --keep 3")
@click.argument("names", nargs=-1)
@click.option("--keep", default=0, show_default=True, type=click.IntRange(min=0), help="Keep this many of the newest earlier versions of each dataset.")
@stored_datasets_option
@json_option
def gc(names: tuple[str, ...], keep: int, datasets: Path, as_json: bool) -> None:
    """Delete versions of datasets (all by default) that do not count any more, and what interrupted imports left."""
    from flowbt.data.catalog import Catalog
    from flowbt.studies.ingest.history import collect

    deleted = collect(Catalog((datasets,)), names, keep)
    if as_json:
        emit({name: [str(path) for path in paths] for name, paths in deleted.items()})
        return
    for path in (path for paths in deleted.values() for path in paths):
        say(f"deleted {path}")
    if not any(deleted.values()):
        say("nothing to delete")


def _line(record: Json) -> list[str]:
    change = ", ".join(f"{count:,} {what}" for what, count in record["change"].items() if count)
    sign = "*" if record["current"] else "" if record["kept"] else "(gone)"
    files = ", ".join(record["files"][:4]) + (f" and {len(record['files']) - 4} more" if len(record["files"]) > 4 else "")
    return [sign, record["version"], record["stored"][:19].replace("T", " "), f"{record['rows']:,}", change, files]
