"""What the journal came to, as one object: its paper books, and what was entered before its outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flowbt.data.catalog import Catalog
from flowbt.ground.errors import FlowbtError
from flowbt.ground.protocols import Step
from flowbt.studies.desk.chain import START, read
from flowbt.studies.desk.follow import KIND
from flowbt.studies.desk.forecasts import CLAIM, FORECAST
from flowbt.studies.desk.paper import PaperBook, books_of
from flowbt.studies.desk.prospective import Prospective, prospective
from flowbt.studies.score.measure import Settings


@dataclass(frozen=True)
class JournalScore:
    """`entries`, `head`: the chain's length and last hash. `books`: one a followed strategy, code and parameters. `register`: the forecasts and claims of the
    claim files asked for; None where none of them was entered. `problems`: one line for each book, and for a register, that could not be made."""

    entries: int
    head: str
    synthetic: bool
    books: tuple[PaperBook, ...]
    register: Prospective | None
    problems: tuple[str, ...]


def score_journal(catalog: Catalog, journal: Path, targets: Sequence[str], settings: Settings, progress: Step | None = None) -> JournalScore:
    """Everything of the journal that is of the catalog's market. JournalError where the chain is broken."""
    entries = read(journal)
    ours = [one for one in entries if one.body.get("synthetic") == catalog.synthetic]
    books, problems = books_of(catalog, [one for one in ours if one.kind == KIND], journal)
    register = None
    if targets and any(one.kind in (FORECAST, CLAIM) for one in ours):
        try:
            register = prospective(catalog, targets, journal, settings, progress)
        except FlowbtError as error:
            problems.append(str(error))
    return JournalScore(len(entries), entries[-1].hash if entries else START, catalog.synthetic, tuple(books), register, tuple(problems))
