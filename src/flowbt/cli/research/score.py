"""`flowbt score`: claim files scored."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flowbt.cli.options import datasets_option, demo_option, emit, json_option, results_option
from flowbt.cli.progress import progress
from flowbt.results.shelf import storing

if TYPE_CHECKING:
    from rich.table import Table

    from flowbt.studies.score.score import ScoredClaims

EPILOG = """\b
Examples:
  flowbt score claims/
  flowbt score claims/spx7000.py::milestone-12m
  flowbt score claims/blowoff.py --resamples 2000 --json"""
COLOURS = {
    "replicated": "green",
    "came true": "green",
    "follows": "green",
    "direction only": "yellow",
    "contradicted": "red",
    "failed": "red",
    "does not follow": "red",
    "error": "red",
}


@click.command(epilog=EPILOG)
@click.argument("targets", nargs=-1, required=True, metavar="PATH[::CLAIM]...")
@click.option("--resamples", type=click.IntRange(100), default=10_000, show_default=True, help="Bootstrap resamples and surrogates of each claim.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the resamples.")
@click.option("--placebos/--no-placebos", default=True, help="List the placebos too (they always count in the correction).")
@click.option("--fresh", is_flag=True, help="Score again what is in the cache.")
@click.option("--no-store", is_flag=True, help="Write no pages and no cache.")
@demo_option
@datasets_option
@results_option
@json_option
def command(targets: tuple[str, ...], resamples: int, seed: int, placebos: bool, fresh: bool, no_store: bool, **options: Any) -> int:
    """Score the claims of the files or folders PATH, or one claim of a file.

    Each gets a verdict with its evidence, corrected for how many were tested. Exit code 1 where a file or claim could not be scored.
    """
    from flowbt.studies.catalogs import open_catalog
    from flowbt.studies.score.score import Settings, score

    catalog = open_catalog(options["datasets"], options["demo"])
    cache = None if no_store else options["results"] / "claims" / ".cache"
    settings = Settings(resamples=resamples, seed=seed, cache=cache, fresh=fresh)
    with progress("scoring", options["as_json"]) as step:
        board = score(targets, catalog, settings, step)
    page = None if no_store else _write(options["results"], board)
    if options["as_json"]:
        emit({"claims": [f.to_dict() for f in board.findings], "problems": board.problems, "tested": board.tested, "synthetic": board.synthetic, "page": page})
    else:
        _print(board, placebos, page)
    return 1 if board.problems else 0


def _write(results: Path, board: ScoredClaims) -> Path:
    from flowbt.results.pages.scoreboard import Scored, write_scoreboard

    with storing(results, "write pages in"):
        return write_scoreboard(results, Scored(board.findings, board.problems, board.synthetic, board.tested, board.settings.resamples))


def _print(board: ScoredClaims, placebos: bool, page: Path | None) -> None:
    console = Console()
    title = Text("scoreboard", style="bold")
    if board.synthetic:
        title.append("  SYNTHETIC", style="bold yellow")
    console.print(title)
    shown = [f for f in board.findings if not f.error and (placebos or not f.placebo)]
    if len(shown) == 1:
        _one(console, shown[0])
    elif shown:
        console.print(_table(shown, wide=console.width >= 150))
    real, fake = [f for f in board.findings if not f.placebo], [f for f in board.findings if f.placebo]
    if fake:
        significant = sum(f.q is not None and f.q <= 0.05 for f in fake)
        console.print(Text(f"placebos significant after correction: {significant} of {len(fake)}"))
    console.print(Text(f"{len(real)} claims; correction over {board.tested} tests; {board.reused} from the cache", style="dim"))
    for line in board.problems:
        console.print(Text(line, style="red"), soft_wrap=True)
    if page is not None:
        console.print(Text(str(page)), soft_wrap=True)


def _table(findings: list[Any], wide: bool) -> Table:
    from flowbt.evidence.claims import wording

    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("claim", no_wrap=wide)
    for name in ("stated", "measured", "interval") if wide else ("measured",):
        table.add_column(name)
    for name in ("n", "eff", "p", "q", "agree"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdict")
    for f in findings:
        texts = (wording.stated_text(f), wording.measured_text(f), wording.interval_text(f)) if wide else (wording.measured_text(f),)
        numbers = ["-" if v is None else f"{v:.3f}" for v in (f.p_curve, f.q)]
        agree = "-" if f.share_agree is None else f"{f.share_agree:.0%}"
        table.add_row(f.id, *texts, f"{f.n:,}", f"{f.n_effective:,}", *numbers, agree, Text(f.verdict, style=COLOURS.get(f.verdict, "dim")))
    return table


def _one(console: Any, f: Any) -> None:
    from flowbt.evidence.claims import wording

    console.print(Text(f.title, style="bold"))
    console.print(Text(f.verdict, style=COLOURS.get(f.verdict, "dim")), Text(f.reason, style="dim"))
    console.print(Text(f.sentence))
    if f.effect is not None:
        console.print(
            Text(
                f"effect {wording.effect_text(f, f.effect)}, 95% {wording.interval_text(f)}; smallest visible {wording.effect_text(f, f.smallest, sign=False)}"
            )
        )
    for side in f.detail.get("sides", []):
        console.print(Text(f"{side['label']}: n {side['n']}, effect {wording.effect_text(f, side['effect'])}", style="dim"))
    for line in [*f.stand_ins, *f.missing]:
        console.print(Text(line, style="yellow"), soft_wrap=True)
    if f.span:
        console.print(Text(f"{f.span[0]} to {f.span[-1]}; {', '.join(f.datasets)}", style="dim"))
