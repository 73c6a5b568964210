"""What luck.json says, held against plain computations on a sweep small enough to do by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.studies.sweep.conftest import STRATEGY

from flowbt.data.catalog import Catalog
from flowbt.engine.sweep.results import BarRange
from flowbt.engine.sweep.space import Space
from flowbt.evidence.sharpe import deflated_sharpe, moments
from flowbt.results import ledger
from flowbt.results.belief import trials_under
from flowbt.studies.sweep import luck as judging
from flowbt.studies.sweep import sweep as study
from flowbt.studies.sweep.setup import PreparedSweep, SweepRequest, set_up
from flowbt.studies.sweep.store import SweepFolder

VALUES = {"window": "3,5,8", "level": "-0.01,0,0.01", "hold": "2,5"}


@pytest.fixture(scope="module")
def swept(catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> tuple[PreparedSweep, SweepFolder, dict, ledger.TrialCount]:
    root = tmp_path_factory.mktemp("luck")
    (root / "swing.py").write_text(STRATEGY)
    request = SweepRequest(root / "swing.py", VALUES)
    folder, document, _ = study.sweep(catalog, request, study.SweepOptions(root / "results"))
    return set_up(catalog, request), SweepFolder(folder, folder), json.loads((folder / "luck.json").read_text()), trials_under(root / "results")(document)


def test_the_best_is_the_table_s_best(swept) -> None:  # type: ignore[no-untyped-def]
    setup, folder, luck, _ = swept
    table = pd.read_parquet(folder.path / "trials.parquet").set_index("trial")
    assert luck["best"]["trial"] == table["sharpe"].idxmax()
    assert luck["best"]["sharpe"] == table["sharpe"].max()
    assert {name: luck["best"][name] for name in setup.swept} == table.loc[luck["best"]["trial"], list(setup.swept)].to_dict()


def test_deflated_by_the_ledger_and_by_its_effective_number(swept) -> None:  # type: ignore[no-untyped-def]
    setup, _, luck, tally = swept
    returns = setup.sweeper.run(setup.space.codes(np.array([luck["best"]["trial"]])), BarRange(returns=True)).returns[0]
    sharpe, skew, kurtosis, bars = moments(returns)
    for name, trials in (("deflated_sharpe", tally.trials), ("deflated_sharpe_effective", luck["ledger"]["effective"])):
        assert luck[name] == pytest.approx(deflated_sharpe(sharpe, bars, trials=trials, variance=tally.variance, skew=skew, kurtosis=kurtosis), rel=1e-12)
    assert 1 <= luck["ledger"]["effective"] <= tally.trials == luck["ledger"]["trials"]


def test_neighbours_are_one_step_away_in_what_was_swept(swept) -> None:  # type: ignore[no-untyped-def]
    setup, folder, luck, _ = swept
    table = pd.read_parquet(folder.path / "trials.parquet").set_index("trial")
    best = setup.space.codes(np.array([luck["best"]["trial"]]))[0]
    apart = np.abs(setup.space.codes(table.index.to_numpy()) - best).sum(axis=1)
    near = table.loc[apart == 1, "sharpe"].fillna(0.0)
    assert luck["neighbours"]["count"] == len(near) > 1
    assert luck["neighbours"]["median_sharpe"] == pytest.approx(near.median(), abs=1e-12)
    assert luck["neighbours"]["worst_sharpe"] == pytest.approx(near.min(), abs=1e-12)
    assert luck["neighbours"]["kept"] == pytest.approx(near.median() / luck["best"]["sharpe"])


def test_the_noise_band_keeps_the_best_of_each_rotation(swept) -> None:  # type: ignore[no-untyped-def]
    setup, folder, luck, _ = swept
    noise = luck["noise"]
    assert noise["rotations"] == judging.ROTATIONS
    assert noise["trials"] == len(setup.numbers) == folder.rows(setup.numbers).shape[0]
    assert noise["real"] == luck["best"]["sharpe"]
    assert noise["low"] < noise["middle"] < noise["high"]
    assert 1 / (1 + noise["rotations"]) <= noise["p"] <= 1


def test_few_trials_and_few_bars_are_said(swept) -> None:  # type: ignore[no-untyped-def]
    notes: list[str] = []
    assert judging._pbo(np.ones((63, 5)), notes) is None
    assert judging._pbo(np.ones((640, 1)), notes) is None
    assert judging._superior(np.ones((640, 1)), notes) == {"spa": None, "stepm": None}
    assert len(notes) == 3
    rng = np.random.default_rng(1)
    assert judging._pbo(rng.normal(size=(64, 2)), notes) is not None


def test_a_sweep_that_never_trades_has_no_best(catalog: Catalog, strategy: Path, tmp_path: Path) -> None:
    _, document, luck = study.sweep(catalog, SweepRequest(strategy, {"window": "5", "level": "9,10", "hold": "2"}), study.SweepOptions(tmp_path))
    assert luck["best"] is None
    assert luck["notes"] == ["no trial traded"]
    assert document["trials"] == 2


def test_values_that_lie_thick_in_one_place_do_not_bring_luck_down(catalog: Catalog, tmp_path: Path) -> None:
    """Stops of 1 to 8%, and the same with 200 more about 2%: near clones of one trial once took away most of what luck may reach."""
    stops, found = [0.01 * k for k in range(1, 9)], []
    for name, values in (("few", stops), ("many", [*stops, *(0.02 + 1e-6 * k for k in range(1, 201))])):
        (tmp_path / f"{name}.py").write_text(STRATEGY)
        request = SweepRequest(tmp_path / f"{name}.py", {"window": "5", "level": "0", "hold": "5", "stop": ",".join(map(repr, values))})
        found.append(study.sweep(catalog, request, study.SweepOptions(tmp_path / name / "results"))[2])
    assert found[1]["ledger"]["trials"] > 100
    assert found[1]["expected_best_of_luck"] >= found[0]["expected_best_of_luck"]


def test_the_cells_of_a_grid_are_its_values_and_fiftieths_of_their_range() -> None:
    space = Space.of({"a": (1.0, 2.0, 2.001, 9.0), "b": ("x", "y")})
    cells = space.cells(space.codes(np.arange(8)))
    assert cells[2] == cells[4] != cells[3] == cells[5]
    assert len(set(cells)) == 6
