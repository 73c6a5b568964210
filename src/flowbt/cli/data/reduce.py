"""`flowbt reduce`: raw prints, chains, trades and books to fields."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from flowbt.cli.data.imports import arrival_of, arrival_options
from flowbt.cli.options import RawName, cluster_option, datasets_option, emit, json_option, split_parameters
from flowbt.cli.progress import progress
from flowbt.cli.show.terminal import say


@click.command(epilog="Example: flowbt reduce trades archive/BTCUSDT --to btc-toxicity -o step=1h")
@click.argument("kind", metavar="KIND")
@click.argument("paths", nargs=-1, required=True, type=RawName(), metavar="PATH...")
@click.option("--to", "name", required=True, metavar="DATASET", help="The dataset; what it holds, and its dataset.toml, are kept.")
@click.option("-o", "--option", "options", multiple=True, metavar="NAME=VALUE", help="Set an option of the kind, such as inside=nearer, step=1d, symbol=BTC.")
@click.option("--workers", type=int, default=0, help="Processes; left out, one per processor.")
@cluster_option
@click.option(
    "--memory",
    type=click.IntRange(1, 100_000_000),
    default=2000,
    show_default=True,
    metavar="MB",
    help="Memory of all processes together, before they spill to disk.",
)
@arrival_options
@datasets_option
@json_option
def command(kind: str, paths: tuple[Path | str, ...], name: str, options: tuple[str, ...], datasets: Path, as_json: bool, **where: Any) -> int:
    """Turn raw files of a KIND into a dataset of fields.

    KIND is one of option-prints, deribit-prints, dark-prints, finra, chains, trades, metrics, book-depth, liquidations, book. A folder is searched for
    files; each file is one unit of work, and files run in parallel. A broken file is named and left out, and the exit code is then 1.

    Into a dataset that is there, new rows are appended and equal ones dropped; different ones are refused, unless a file of the same name was corrected (then
    they are revisions) or all its files are given again.
    """
    from flowbt.data.versions import dataset_name
    from flowbt.studies.ingest.reduce import Reduction, reduce_files, store
    from flowbt.studies.units import Workers

    dataset_name(name)  # before hours of work
    asked = Reduction(kind, paths, split_parameters(options), Workers(where["workers"], where["cluster"]), where["memory"])
    with progress(kind, as_json) as step:
        reduced = reduce_files(asked, step)
    change = store(asked, reduced, name, datasets, arrival_of(where))
    changed = ", ".join(f"{count} {kind}" for kind, count in change.items() if count)
    broken = [one.problem if one.problem.startswith(one.path.name) else f"{one.path.name}: {one.problem}" for one in reduced.broken]
    span = [f"{time:%Y-%m-%d}" for time in (reduced.table["event_time"].min(), reduced.table["event_time"].max())]
    if as_json:
        emit({"dataset": name, "rows": len(reduced.table), "span": span, "files": len(reduced.files), "change": change, "broken": broken})
    else:
        files = f"{len(reduced.files) - len(broken)} of {len(reduced.files)} files"
        say(f"{name}: {len(reduced.table)} rows, {span[0]} to {span[1]}, from {files}, in {datasets / name} ({changed})")
        for line in broken:
            say(f"flowbt: left out {line}", err=True)
    return 1 if broken else 0
