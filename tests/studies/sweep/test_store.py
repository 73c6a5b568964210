"""A sweep's folder and what is told while it fills: slices, the table, progress, the best."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from flowbt.data.catalog import Catalog
from flowbt.engine.sweep.results import TrialResults
from flowbt.engine.sweep.space import Space
from flowbt.engine.sweep.sums import METRICS
from flowbt.ground.errors import ParameterError
from flowbt.studies.sweep import store
from flowbt.studies.sweep.setup import SweepRequest, set_up
from flowbt.studies.sweep.store import SweepFolder, SweepProgress, SweptTrials, slices, table_of
from flowbt.studies.sweep.sweep import FUSED, SLOW, StageTimer, best, order_of, slice_size

SPACE = Space.of({"a": (1, 2, 3), "b": ("x", 2.5)})


def table(numbers: list[int], sharpes: list[float]) -> pa.Table:
    metrics = np.zeros((len(numbers), len(METRICS)))
    metrics[:, METRICS.index("sharpe")], metrics[:, METRICS.index("trades")] = sharpes, 7.0
    return table_of(SPACE, ("b",), np.array(numbers), TrialResults(metrics, np.empty((0, 0)), np.arange(len(numbers), dtype=np.uint64)))


@pytest.fixture
def folder(tmp_path: Path) -> SweepFolder:
    made = SweepFolder.of(tmp_path, "one", "abc")
    (made.path / "parts").mkdir(parents=True)
    return made


def test_slices_become_one_table_whose_rows_come_in_the_order_asked(folder: SweepFolder) -> None:
    for k, (numbers, sharpes) in enumerate((([0, 1], [0.5, np.nan]), ([3, 5], [2.0, 1.0]))):
        folder.write_part(k, table(numbers, sharpes))
    assert folder.read_part(2) is None
    assert folder.read_part(1).column_names == ["trial", "b", *METRICS, store.DECIDED]
    rows = folder.join().rows([5, 0, 3])
    assert rows["trial"].tolist() == [5, 0, 3]
    assert rows["sharpe"].tolist() == [1.0, 0.5, 2.0]
    assert rows["b"].tolist() == ["2.5", "x", "2.5"]  # values of several kinds are told as texts
    assert (rows["trades"].dtype, store.DECIDED in rows, folder.parts()) == (np.int64, False, [])


def test_progress_counts_what_is_done_and_tells_the_best_so_far(folder: SweepFolder) -> None:
    told: list[tuple[str, int, int]] = []
    progress = SweepProgress(folder, {"id": "abc"}, 10, lambda *one: told.append(one))
    progress._begin = time.monotonic() - 100.0
    read = lambda: json.loads((folder.path / "progress.json").read_text())  # noqa: E731
    progress.add(table([0, 1], [np.nan, np.nan]), stored=True)
    assert (read()["done"], read()["best"], read()["state"], read()["eta"], read()["id"]) == (2, None, "running", None, "abc")
    progress.add(table([2, 3, 4], [0.5, 2.0, 2.0]))
    progress.add(table([5], [1.0]))
    assert read()["done"] == 2  # a second has not gone by
    progress.write("done")
    found = read()
    assert (found["done"], found["total"], found["state"], found["best"]) == (6, 10, "done", {"trial": 3, "b": "2.5", "sharpe": 2.0})
    assert (found["rate"], found["eta"]) == (pytest.approx(4 / 100, rel=0.1), pytest.approx(4 / (4 / 100), rel=0.1))
    assert [one[1:] for one in told] == [(2, 10), (5, 10), (6, 10)]


def test_a_slice_begins_where_the_last_one_ended() -> None:
    assert [(k, part.tolist()) for k, part in slices(np.arange(5) * 2, 2)] == [(0, [0, 2]), (1, [4, 6]), (2, [8])]


def test_the_best_come_first_equal_ones_by_number_and_those_without_meaning_last() -> None:
    trials = SweptTrials(np.array([3, 5, 7, 9, 11]), np.zeros(5), np.array([1.0, 2.0, np.nan, 2.0, -np.inf]), np.arange(5, dtype=np.uint64))
    assert best(trials, False, 3) == [5, 9, 3]
    assert best(trials, True, 4) == [3, 5, 9, 7]
    assert best(trials, False, 99) == [5, 9, 3, 7, 11]
    assert best(trials, False, 1) == [5]


def test_less_is_better_for_some_metrics_and_what_is_none_is_refused() -> None:
    assert [order_of(name) for name in ("sharpe", "volatility", "trades")] == [False, True, False]
    with pytest.raises(ParameterError, match=r"--sort sharp: the metrics are .*; did you mean sharpe"):
        order_of("sharp")


def test_laps_add_up_to_the_total() -> None:
    clock = StageTimer()
    for name in ("one", "two"):
        clock.lap(name)
    assert clock.laps["total"] == pytest.approx(clock.laps["one"] + clock.laps["two"])
    assert 0 < clock.laps["one"] < 60


def test_slices_are_small_where_trials_are_slow(catalog: Catalog, strategy: Path) -> None:
    assert slice_size(set_up(catalog, SweepRequest(strategy))) == FUSED
    strategy.write_text(strategy.read_text().replace("hold=hold, ", "hold=hold, size=change.abs(), "))
    assert slice_size(set_up(catalog, SweepRequest(strategy))) == SLOW
