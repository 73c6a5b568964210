"""`flowbt data import` and `pull`: files into datasets."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from flowbt.cli.options import Number, PathName, datasets_option, emit, json_option, split_parameters
from flowbt.cli.progress import progress
from flowbt.cli.show.terminal import Column, say, show
from flowbt.ground.types import Function, Json

FILES = (Column("file"), Column("status"), Column("bytes", right=True))
OUTCOMES = (
    Column("dataset"), Column("status"), Column("rows", right=True), Column("from"), Column("to"), Column("change", words=True), Column("findings", words=True),
)  # fmt: skip
RULES = "When rows became known: close, 'session 18:00', 'session 1 09:00', 'after 1h', 'weekday 4 15:30' (Friday), 'month 1 10:00', column."

F = TypeVar("F", bound=Function)


def arrival_options(command: F) -> F:
    known = "When what the files change became known (UTC, or a zone in the text); left out, now."
    command = click.option("--known-at", default="", metavar="TIME", help=known)(command)
    return click.option("--replace", is_flag=True, help="Begin again from these files; the version before is kept.")(command)


if TYPE_CHECKING:
    from flowbt.studies.ingest.arrival import Arrival
    from flowbt.studies.ingest.ingest import ImportOutcome


@click.command(
    "import",
    epilog="""\b
Examples:
  flowbt data import --plan datasets/plan.toml --root ../shared/data/raw
  flowbt data import yahoo SPY.csv --name my-spy --symbol SPY --publication close
  flowbt data import table flows.csv --name dark-pool --time Date --symbol-column ticker --map dark_pool_net=Net --publication "session 18:00" """,
)
@click.argument("source", required=False)
@click.argument("files", nargs=-1, type=PathName())
@click.option("--plan", "plan_file", type=PathName(), help="Import plan (TOML).")
@click.option("--root", "files_root", type=PathName(), help="Folder the plan's paths are in.")
@click.option("--only", multiple=True, metavar="DATASET", help="Only this dataset of the plan; may be given several times.")
@click.option("--name", help="Name of the dataset (default: the source).")
@click.option("--symbol", help="Symbol, where the file names none.")
@click.option("--symbol-from", default="", metavar="EXPRESSION", help="Takes the symbol out of each file's name: '^(.+)_adj'.")
@click.option("--time", help="Column of times (source table).")
@click.option("--symbol-column", help="Column of symbols (source table).")
@click.option("--map", "mapping", multiple=True, metavar="FIELD=COLUMN", help="Column of a field (source table).")
@click.option("--wide", metavar="FIELD", help="Every other column is a symbol of this field (source table).")
@click.option("--option", "extra", multiple=True, metavar="KEY=VALUE", help="Another option of the source.")
@click.option("--mapping", "mapping_file", type=PathName(), help="TOML file of source options.")
@click.option("--publication", metavar="RULE", help=RULES)
@click.option("--clock", default="XNYS", show_default=True, help="Calendar of the rows: XNYS or 24/7.")
@click.option("--frequency", default="session", show_default=True, help="session, 1h, 4h, 8h, day, week, month, irregular or event.")
@click.option("--max-age", default="", help="For how long a value may stand for the present, such as '5D' or '2 sessions'.")
@arrival_options
@datasets_option
@json_option
def import_(plan_file: Path | None, files_root: Path | None, source: str | None, files: tuple[Path, ...], datasets: Path, as_json: bool, **rest: Any) -> None:
    """Bring files into the catalog: all those of a plan, or some of one source.

    Every dataset needs a publication rule (in its dataset.toml, or --publication): without one an import is refused. What is wrong with
    the files is listed, and refused, dropped or flagged by the dataset's policy. Importing the same bytes again does nothing.

    Into a dataset that is there, new rows are appended and equal ones dropped; a different value becomes a revision, known from now (or --known-at) on, so
    that earlier decisions still see what was known then. Earlier versions are kept: see `flowbt data log` and `restore`.
    """
    if plan_file is not None:
        if source or not files_root:
            raise click.UsageError("a plan needs --root FOLDER, and neither source nor files")
        from flowbt.data.ingest.plan import read_plan
        from flowbt.studies.ingest.ingest import Target, import_plan

        plan = read_plan(plan_file)
        with progress("importing", as_json) as step:
            outcomes = import_plan(plan, files_root, Target(datasets, plan_file.parent), rest["only"], step, arrival_of(rest))
    else:
        if not source or not files:
            raise click.UsageError("give SOURCE FILE..., or --plan FILE --root FOLDER")
        from flowbt.studies.ingest.files import FileImport, import_files

        options = _source_options(rest)
        asked = FileImport(rest["name"] or source, source, options, rest["publication"], rest["clock"], rest["frequency"], rest["max_age"], rest["symbol_from"])
        outcomes = [import_files(asked, files, datasets, arrival_of(rest))]
    report(outcomes, as_json, datasets)
    if any(outcome.status == "refused" for outcome in outcomes):
        click.get_current_context().exit(1)


@click.command(
    "pull",
    epilog="""\b
Examples:
  flowbt data pull squeezemetrics --name squeezemetrics
  flowbt data pull cboe_index --symbol VIX --symbol VIX3M --name cboe-volatility
  flowbt data pull finra --from 2024-01-02 --to 2024-03-28 --name finra
  flowbt data pull klines --symbol BTCUSDT --from 2024-01-01 --to 2024-06-30 --name btc-1h --as BTC --publication close
  flowbt data pull ccxt --symbol BTC/USDT:USDT --option venue=bybit --from 2024-01-01 --to 2024-02-01""",
)
@click.argument("source")
@click.option("--symbol", "symbols", multiple=True, help="A symbol, series or pair of the provider; may be given several times.")
@click.option("--from", "start", default="", metavar="DATE", help="First day.")
@click.option("--to", "end", default="", metavar="DATE", help="Last day.")
@click.option("--option", "extra", multiple=True, metavar="KEY=VALUE", help="An option of the source.")
@click.option("--name", default="", metavar="DATASET", help="Import what was downloaded as this dataset.")
@click.option("--as", "symbol", default="", metavar="SYMBOL", help="Our symbol, where the files name none.")
@click.option("--publication", metavar="RULE", help=RULES)
@click.option("--to-folder", type=PathName(), help="Folder of the files (default: .raw/SOURCE in the datasets folder).")
@click.option("--pause", default=0.5, show_default=True, type=Number(0, 3600), help="Seconds between requests.")
@click.option("--tries", default=5, show_default=True, type=click.IntRange(1, 100), help="Tries per file.")
@click.option("--timeout", default=30.0, show_default=True, type=Number(0.1, 86_400), help="Seconds without an answer.")
@click.option("--base-url", default="", help="A mirror, in place of the provider's scheme and host.")
@datasets_option
@json_option
def pull(source: str, symbols: tuple[str, ...], datasets: Path, as_json: bool, **rest: Any) -> None:
    """Download a provider's files: squeezemetrics, cboe_index, cboe_putcall, fred, finra, klines, funding, dvol, cftc, treasury, ccxt, yfinance,
    and chains of options: cboe_chain, deribit_chain.

    A file that is there and cannot have changed is not asked for again; an interrupted download goes on where it stopped. Mind each
    provider's terms of use.
    """
    from flowbt.data.ingest.download import Manners
    from flowbt.data.sources.request import Wanted
    from flowbt.studies.ingest.pull import Into, run_pull

    options = _extra(rest["extra"])
    wanted = Wanted(symbols, rest["start"], rest["end"], options)
    reading = {**options, **({"symbol": rest["symbol"]} if rest["symbol"] else {})}
    into = Into(rest["to_folder"] or datasets / ".raw" / source, datasets, rest["name"], rest["publication"], reading)
    manners = Manners(pause=rest["pause"], tries=rest["tries"], timeout=rest["timeout"], base_url=rest["base_url"])
    with progress(f"pulling {source}", as_json) as step:
        result = run_pull(source, wanted, into, manners, step)
    if as_json:
        emit(asdict(result))
    else:
        show(FILES, [[file.file, file.status, f"{file.bytes:,}" if file.bytes else ""] for file in result.files])
        for file in result.files:
            if file.problem:
                say(f"flowbt: {file.problem}", err=True)
        if result.imported:
            report([result.imported], False, datasets)
        elif any(file.bytes for file in result.files):
            chains = f"flowbt reduce chains {into.folder} --to DATASET" + (" --option clock=24/7" if source == "deribit_chain" else "")
            command = chains if source.endswith("_chain") else f"flowbt data import {source} FILE... --name DATASET"
            say(f"in {into.folder}; import them with `{command}`")
    if any(file.status == "failed" for file in result.files):
        click.get_current_context().exit(1)


def arrival_of(rest: Json) -> Arrival:
    from flowbt.studies.ingest.arrival import Arrival, instant_of

    return Arrival(rest["replace"], instant_of(rest["known_at"]) if rest["known_at"] else None)


def _source_options(rest: Json) -> dict[str, object]:
    options: dict[str, object] = {}
    if path := rest["mapping_file"]:
        from flowbt.studies.ingest.files import read_options

        options |= read_options(path)
    options |= {key: rest[key] for key in ("symbol", "time", "symbol_column", "wide") if rest[key]}
    if rest["mapping"]:
        options["map"] = split_parameters(rest["mapping"])
    return options | _extra(rest["extra"])


def _extra(given: tuple[str, ...]) -> dict[str, object]:
    """Options of a source: true and false, and lists where there is a comma."""
    options: dict[str, object] = {}
    for key, text in split_parameters(given).items():
        options[key] = {"true": True, "false": False}.get(text.lower(), [part for part in text.split(",") if part] if "," in text else text)
    return options


def report(outcomes: list[ImportOutcome], as_json: bool, datasets: Path) -> None:
    if as_json:
        emit([asdict(outcome) for outcome in outcomes])
        return
    rows = []
    for outcome in outcomes:
        span = [str(time)[:10] for time in outcome.span] or ["", ""]
        found = ", ".join(f"{count} {kind}" for kind, count in outcome.findings.items())
        change = ", ".join(f"{count:,} {what}" for what, count in outcome.change.items() if count)
        rows.append([outcome.name, outcome.status, f"{outcome.rows:,}" if outcome.rows else "", *span, change, found])
    show(OUTCOMES, rows)
    for outcome in outcomes:
        if outcome.problem:
            say(f"flowbt: {outcome.problem}", err=True)
    _report_overlaps([outcome.name for outcome in outcomes if outcome.status in ("imported", "merged")], datasets)


def _report_overlaps(names: list[str], datasets: Path) -> None:
    """What new data share with other datasets, where they do."""
    from flowbt.data.catalog import Catalog
    from flowbt.studies.ingest.overlap import met_at_import

    catalog = Catalog((datasets,))
    for line in dict.fromkeys(line for name in names for line in met_at_import(catalog, name)):
        say(line)
