"""`flowbt run FOLDER`: every strategy of a folder, one table, one page."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from flowbt.cli.options import data_of, emit, say_data
from flowbt.cli.progress import progress
from flowbt.cli.show.terminal import Cell, Column, say, show
from flowbt.evidence.search.judgement import beats_placebos
from flowbt.ground.errors import ParameterError
from flowbt.ground.files import real
from flowbt.ground.types import Json

if TYPE_CHECKING:
    from flowbt.ground.protocols import Step
    from flowbt.studies.gallery.gallery import Gallery, GalleryRow


def run_folder(folder: Path, options: Json) -> int:
    """Run all strategies in parallel; print the comparison and write its page. 3 where one uses the future and was not to be kept."""
    from flowbt.studies.gallery.gallery import Job, run_gallery
    from flowbt.studies.run.market import Span
    from flowbt.studies.units import Workers

    for name in ("parameters", "costs", "account", "decide_at", "benchmark", "symbols"):
        if options[name]:
            raise ParameterError(
                f"{'-p' if name == 'parameters' else '--' + name.replace('_', '-')} with a folder",
                "it applies to one strategy",
                "name the file, or leave it to the files",
            )
    results = None if options["no_store"] else options["results"]
    job = Job(
        real(folder),
        real(options["datasets"]),
        results and real(results),
        demo=options["demo"],
        span=Span(options["start"], options["end"]),
        seed=options["seed"],
        keep_leak=options["keep_leak"],
        workers=Workers(cluster=options["cluster"]),
        command=shlex.join(["flowbt", *sys.argv[1:]]),
    )
    data_of(options["datasets"], options["demo"])
    with progress("strategies", options["as_json"]) as step:
        gallery = run_gallery(job, _teller(step, results))
    page = None
    if results is not None:
        from flowbt.results.pages import gallery as pages

        page = pages.write(results, gallery.to_dict())
    if options["as_json"]:
        emit({**gallery.to_dict(), "page": str(page) if page else None})
    else:
        say_data()
        _print(gallery)
        if page:
            say(str(page))
    return 3 if any(entry.leak for entry in gallery.entries) and not options["keep_leak"] else 0


def _teller(step: Step | None, results: Path | None) -> Callable[[GalleryRow, int, int], None]:
    """What to do after each strategy: move the bar, where there is one, and tell the results page."""
    from flowbt.results.pages import site

    def tell(entry: GalleryRow, number: int, total: int) -> None:
        if step is not None:
            step(entry.strategy, number, total)
        if results is not None:
            site.report(results / "_gallery", "strategies", number, total, entry.strategy)

    return tell


ANSWERS = {"yes": "green", "no": "red", "cannot tell": "yellow"}
NUMBERS = (
    Column("Sharpe", right=True), Column("95%", right=True, drop=3), Column("CAGR", right=True, drop=1), Column("max dd", right=True, drop=2),
    Column("trades", right=True), Column("placebo", right=True, drop=5), Column("p adj.", right=True), Column("DSR here", right=True, drop=4),
    Column("believe"),
)  # fmt: skip


def _print(gallery: Gallery) -> None:
    show((Column("strategy"), *NUMBERS, Column("finding", words=True)), [_row(entry) for entry in gallery.entries])
    words = f"placebo: mean Sharpe of {gallery.placebos} rotations of its own decisions; p: chance that they, or its exposure held, do as well, corrected"
    say(words, dim=True)
    for line, names in _by_caveat(gallery).items():
        say(f"{', '.join(names) if len(names) < len(gallery.entries) else 'all'}: {line}", fg="yellow")
    if gallery.synthetic:
        odd = [entry.strategy for entry in gallery.entries if beats_placebos(entry.null_adjusted)]
        say(f"where nothing is planted: {'nothing found' if not odd else 'found something: ' + ', '.join(odd)}", fg="yellow" if odd else None)


def _by_caveat(gallery: Gallery) -> dict[str, list[str]]:
    """What the data of the entries should be read with, each line once, with the strategies that it is about."""
    found: dict[str, list[str]] = {}
    for entry in gallery.entries:
        for line in entry.caveats:
            found.setdefault(line, []).append(entry.strategy)
    return found


def _row(entry: GalleryRow) -> tuple[Cell, ...]:
    if entry.error:
        return (entry.strategy, *[""] * len(NUMBERS), entry.error)
    m = entry.measures

    def shown(value: object, spec: str) -> str:
        return "-" if value is None or value != value else f"{value:{spec}}"

    interval = "" if m["sharpe_low"] is None else f"{m['sharpe_low']:.2f} to {m['sharpe_high']:.2f}"
    return (
        entry.strategy,
        shown(m["sharpe"], ".2f"),
        interval,
        shown(m["cagr"], "+.1%"),
        shown(m["max_drawdown"], ".1%"),
        f"{m['trades']:,}",
        shown(entry.placebo, ".2f"),
        shown(entry.adjusted, ".3f"),
        shown(entry.deflated_sharpe, ".2f"),
        (entry.answer or "-", {"fg": ANSWERS.get(entry.answer)}),
        entry.finding.replace("; nothing where nothing is planted", ""),
    )
