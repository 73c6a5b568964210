"""A sweep whose stored numbers are not the engine's is refused."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from flowbt.data.catalog import Catalog
from flowbt.engine.book import Book
from flowbt.ground.errors import ReconciliationError
from flowbt.studies.sweep import sweep as study
from flowbt.studies.sweep import verify as verifying
from flowbt.studies.sweep.setup import SweepRequest, set_up
from flowbt.studies.sweep.store import SweepFolder


class Changed:
    """A sweep's stored trials, one metric of one trial changed."""

    def __init__(self, folder: SweepFolder, trial: int, name: str, by: float) -> None:
        self.folder, self.changed = folder, (trial, name, by)

    def rows(self, trials: list[int]) -> pd.DataFrame:
        trial, name, by = self.changed
        rows = self.folder.rows(trials).astype({name: float})
        rows.loc[rows["trial"] == trial, name] += by
        return rows


@pytest.mark.parametrize(("name", "by"), [("sharpe", 1e-6), ("total_return", -1e-7), ("exposure", np.nan), ("exposure", 1.5e-9)])
def test_a_changed_metric_is_refused(catalog: Catalog, strategy: Path, tmp_path: Path, name: str, by: float) -> None:
    folder, document, _ = study.sweep(catalog, SweepRequest(strategy, {"window": "3,5", "level": "0", "hold": "2"}), study.SweepOptions(tmp_path / "r"))
    setup = set_up(catalog, SweepRequest(strategy, {"window": "3,5", "level": "0", "hold": "2"}))
    stored = SweepFolder(folder, folder)
    top = [int(row["trial"]) for row in document["top"]]
    assert verifying.verify(setup, setup.numbers, top)(stored) == {"trials": 2, "books": 2, "largest_difference": pytest.approx(0.0, abs=1e-9)}
    trades = stored.rows(top)["trades"].iloc[0]
    near = verifying.verify(setup, setup.numbers, top)(Changed(stored, top[0], "trades", trades * 5e-10))  # type: ignore[arg-type]
    assert near["largest_difference"] == pytest.approx(5e-10, rel=1e-3)  # of what is above one, a part of it
    with pytest.raises(ReconciliationError, match=name):
        verifying.verify(setup, setup.numbers, top)(Changed(stored, top[0], name, by))  # type: ignore[arg-type]


def test_a_book_that_differs_from_vectorbts_is_refused(catalog: Catalog, strategy: Path, tmp_path: Path) -> None:
    class Differs:
        def reconcile(self, book: Book, here: Callable[[Book], float]) -> Callable[[], float]:
            return partial(here, dataclasses.replace(book, value=book.value * 1.001))

    options = study.SweepOptions(tmp_path / "r", aside=Differs())  # type: ignore[arg-type]
    with pytest.raises(ReconciliationError, match="value at"):
        study.sweep(catalog, SweepRequest(strategy, {"window": "3,5", "level": "0", "hold": "2"}), options)


def test_books_are_compared_by_another_process_where_there_is_one(catalog: Catalog, strategy: Path, tmp_path: Path) -> None:
    class Beside:
        asked: list[Book] = []  # noqa: RUF012

        def reconcile(self, book: Book, here: Callable[[Book], float]) -> Callable[[], float]:
            self.asked.append(book)
            return lambda: 0.0

    options = study.SweepOptions(tmp_path / "r", tearsheets=1, aside=Beside())  # type: ignore[arg-type]
    _, document, _ = study.sweep(catalog, SweepRequest(strategy, {"window": "3,5", "level": "0", "hold": "2"}), options)
    assert len(Beside.asked) == document["verified"]["books"] + 1


def test_the_next_part_is_made_while_one_is_used_and_its_error_comes_in_its_turn() -> None:
    def parts() -> Iterator[int]:
        yield from (1, 2)
        raise ValueError("third")

    used = study.ahead(parts())
    assert [next(used), next(used)] == [1, 2]
    with pytest.raises(ValueError, match="third"):
        next(used)
