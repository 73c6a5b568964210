"""What stands beside today's decisions: what each strategy may be believed by its stored runs, and what the followed book holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from flowbt.data.catalog import Catalog
from flowbt.results import shelf
from flowbt.studies.desk.chain import read
from flowbt.studies.desk.follow import KIND
from flowbt.studies.desk.paper import PaperBook, books_of
from flowbt.studies.desk.today import Believed, Today


def believed(results: Path, said: Sequence[Today]) -> dict[str, Believed]:
    """Strategy -> what it may be believed; a strategy without a stored run on the same kind of market is left out. Runs of today's code come first."""
    wanted = {one.strategy: one for one in said}
    found: dict[str, Believed] = {}
    for run in shelf.listing(results).entries:  # newest first
        one, belief = wanted.get(run.strategy), run.belief
        if one is None or belief is None or bool(run.summary.get("synthetic")) != one.synthetic:
            continue
        same = (run.summary.get("judged") or {}).get("code_hash") == one.code_hash
        if run.strategy not in found or (same and not found[run.strategy].same_code):
            found[run.strategy] = Believed(run.id, str(belief.get("answer", "")), str(belief.get("sentence", "")), same)
    return found


def holding(catalog: Catalog, journal: Path) -> dict[str, tuple[str, ...]]:
    """Strategy -> open positions of its followed book (`long SPY`); empty where nothing is followed. A book that cannot be made is left out."""
    entries = [one for one in read(journal) if one.kind == KIND and one.body["synthetic"] == catalog.synthetic]
    return held_by(books_of(catalog, entries, journal)[0])


def held_by(books: Sequence[PaperBook]) -> dict[str, tuple[str, ...]]:
    """Strategy -> open positions; of several codes the one followed last."""
    return {book.strategy: book.open_positions for book in books}


def with_standing(said: Sequence[Today], results: Path, held: dict[str, tuple[str, ...]]) -> list[Today]:
    """Today's decisions with belief and open positions beside them."""
    belief = believed(results, said)
    return [replace(one, belief=belief.get(one.strategy), positions=held.get(one.strategy, ())) for one in said]
