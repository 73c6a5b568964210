"""A search guided by results is told every result, and goes on where it stopped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from flowbt.data.catalog import Catalog
from flowbt.studies.sweep import search
from flowbt.studies.sweep.search import WORST, tpe_slices
from flowbt.studies.sweep.setup import PreparedSweep, SweepRequest, set_up
from flowbt.studies.sweep.store import SweepFolder
from flowbt.studies.sweep.values import Search

optuna = pytest.importorskip("optuna")
GRID = {"window": "2:9:1", "level": "-0.01,0,9", "hold": "2,3,5"}  # at a level of 9 nothing trades


@pytest.fixture
def studies(monkeypatch: pytest.MonkeyPatch) -> list:  # type: ignore[type-arg]
    """Optuna's studies, as they are made."""
    made: list = []  # type: ignore[type-arg]
    make = optuna.create_study
    monkeypatch.setattr(optuna, "create_study", lambda **given: made.append(make(**given)) or made[-1])
    return made


def folder_of(tmp_path: Path, setup: PreparedSweep) -> SweepFolder:
    folder = SweepFolder.of(tmp_path, "swing", setup.id)
    (folder.path / "parts").mkdir(parents=True, exist_ok=True)
    return folder


def test_it_is_told_what_every_point_gave(strategy: Path, catalog: Catalog, tmp_path: Path, studies: list) -> None:  # type: ignore[type-arg]
    setup = set_up(catalog, SweepRequest(strategy, GRID, search=Search("tpe", 40, 1)))
    parts = list(tpe_slices(setup, folder_of(tmp_path, setup)))
    assert [(k, table.num_rows, stored) for k, table, stored in parts] == [(0, 32, False), (1, 8, False)]
    sharpes = {n: s for _, table, _ in parts for n, s in zip(table["trial"].to_pylist(), table["sharpe"].to_pylist(), strict=True)}
    told = {}
    for trial in studies[0].trials:
        assert trial.state.name == "COMPLETE"
        code = np.array([[trial.params[name] for name in setup.space.names]])
        told.setdefault(int(setup.space.numbers(code)[0]), set()).add(trial.values[0])
    assert optuna.logging.get_verbosity() == optuna.logging.WARNING  # a line per point otherwise
    for number, values in told.items():
        sharpe = sharpes.get(number, np.nan)  # of what the constraints refuse there is none
        assert values <= {WORST, sharpe}
        assert (sharpe if np.isfinite(sharpe) else WORST) in values
    assert any(np.isnan(one) for one in sharpes.values())
    assert sharpes.keys() < told.keys()


def test_it_goes_on_where_it_stopped_and_makes_again_what_is_damaged(strategy: Path, catalog: Catalog, tmp_path: Path) -> None:
    setup = set_up(catalog, SweepRequest(strategy, GRID, search=Search("tpe", 40, 1)))
    folder = folder_of(tmp_path, setup)
    first = list(tpe_slices(setup, folder))
    folder.part(1).write_bytes(b"half")
    again = list(tpe_slices(setup, folder))
    assert [stored for _, _, stored in again] == [True, False]
    assert all(one["trial"].equals(other["trial"]) for (_, one, _), (_, other, _) in zip(first, again, strict=True))
    assert [stored for _, _, stored in tpe_slices(setup, folder)] == [True, True]


def test_it_ends_where_nothing_new_is_found(strategy: Path, catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "BATCH", 4)
    setup = set_up(catalog, SweepRequest(strategy, {"window": "3,5", "level": "0", "hold": "2,5"}, search=Search("tpe", 99, 1)))
    parts = list(tpe_slices(setup, folder_of(tmp_path, setup)))
    assert sorted(n for _, table, _ in parts for n in table["trial"].to_pylist()) == [0, 2, 3]  # a hold of 5 needs a window over 4
