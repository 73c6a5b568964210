"""What luck.json says, held against plain computations on a sweep small enough to do by hand."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.studies.sweep.conftest import STRATEGY

from flowbt.data.catalog import Catalog
from flowbt.engine.sweep.results import BarRange
from flowbt.engine.sweep.space import Space
from flowbt.evidence.sharpe import deflated_sharpe, expected_maximum, moments
from flowbt.results import ledger
from flowbt.results.belief import trials_under
from flowbt.studies.sweep import luck as judging
from flowbt.studies.sweep import sweep as study
from flowbt.studies.sweep.setup import PreparedSweep, SweepRequest, set_up
from flowbt.studies.sweep.store import SweepFolder, SweptTrials

VALUES = {"window": "3,5,8", "level": "-0.01,0,0.01", "hold": "2,5"}
KEYS = np.empty(0, np.uint64)


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
    setup, folder, luck, tally = swept
    returns = setup.sweeper.run(setup.space.codes(np.array([luck["best"]["trial"]])), BarRange(returns=True)).returns[0]
    sharpe, skew, kurtosis, bars = moments(returns)
    for name, trials in (("deflated_sharpe", tally.trials), ("deflated_sharpe_effective", luck["ledger"]["effective"])):
        assert luck[name] == pytest.approx(deflated_sharpe(sharpe, bars, trials=trials, variance=tally.variance, skew=skew, kurtosis=kurtosis), rel=1e-12)
    assert luck["expected_best_of_luck"] == pytest.approx(expected_maximum(tally.trials, tally.variance) * 252**0.5)
    ratios = folder.rows(setup.numbers)["sharpe"].dropna().unique() / 252**0.5  # per bar; trials that decide the same count once
    assert luck["sharpe_variance"] == tally.variance == pytest.approx(ratios.var(ddof=1))
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


@pytest.mark.parametrize(("time", "trials"), [(0, 20), (9.5, 47), (18.9, 94), (19.0, 100)])
def test_where_rotations_are_dear_fewer_trials_are_rotated(swept, monkeypatch: pytest.MonkeyPatch, time: float, trials: int) -> None:  # type: ignore[no-untyped-def]
    """A hundred trials over B bars of 2 symbols cost 100 x B x 2 / 1000 a rotation; at least 19 rotations, of at least 20 trials."""
    setup, notes = swept[0], []
    monkeypatch.setattr(judging, "TIME", time * 100 * len(setup.market.index) * 2 / 1_000)
    found = judging._noise(setup, np.resize(setup.numbers, 100), notes)
    assert (found["rotations"], found["trials"], notes) == (19, trials, [])


def test_the_sample_and_what_is_rotated_are_drawn_by_the_seed_and_the_best_is_not_put_in() -> None:
    numbers, sharpes = np.arange(1_500) * 2, np.random.default_rng(1).normal(size=1_500)
    sharpes[[3, 40]] = np.nan, 9.0
    drawn = judging._drawn(SweptTrials(numbers, sharpes, sharpes, KEYS), 7)
    assert drawn[:2] == (80, 9.0)
    assert (len(drawn.sample), len(set(drawn.rotated)), set(drawn.sample) <= set(numbers)) == (200, 1_000, True)
    assert (np.diff(drawn.sample) > 0).all()
    again, other = (judging._drawn(SweptTrials(numbers, sharpes, sharpes, KEYS), seed) for seed in (7, 8))
    assert (again.sample == drawn.sample).all()
    assert (other.sample != drawn.sample).any()
    assert len(judging._drawn(SweptTrials(numbers[:9], sharpes[:9], sharpes[:9], KEYS), 7).sample) == 9


def test_a_hundred_trials_at_most_are_held_against_cash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "RESAMPLES", 20)
    returns = np.random.default_rng(1).normal(0.0, 1.0, (60, 201))
    returns[:, ::3] += 2.0  # every third is better by far: of 201 those are taken
    assert [judging._superior(returns[:, :k], 7, [])["spa"]["trials"] for k in (100, 101, 201)] == [100, 51, 67]
    assert judging._superior(returns, 7, [])["stepm"] == {"significant": 67, "trials": 67, "level": 0.05}


def test_without_a_neighbour_or_a_gain_nothing_is_kept(swept) -> None:  # type: ignore[no-untyped-def]
    setup, _, luck, _ = swept
    assert np.isnan(judging._neighbours(setup, luck["best"]["trial"], 0.0)["kept"])
    assert judging._neighbours(dataclasses.replace(setup, swept=()), luck["best"]["trial"], 1.0) is None
    assert judging._neighbours(dataclasses.replace(setup, constraints=("window > 99",)), luck["best"]["trial"], 1.0) is None


def test_few_trials_and_few_bars_are_said(swept) -> None:  # type: ignore[no-untyped-def]
    notes: list[str] = []
    assert judging._pbo(np.ones((63, 5)), notes) is None
    assert judging._pbo(np.ones((640, 1)), notes) is None
    assert judging._superior(np.ones((640, 1)), 7, notes) == {"spa": None, "stepm": None}
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
    kept = [[path.name.partition("-")[0] for path in sorted((tmp_path / name).rglob("ledger/**/*.parquet"))] for name in ("few", "many")]
    assert kept == [["sweep"], ["spread", "sweep"]]  # slices are gathered; cells are entered where they raise the bar


def test_cells_that_do_not_raise_the_bar_are_not_entered(swept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    numbers, sharpes = np.arange(8), np.array([-1.0, 1.0, -1.0, 1.0, 0.0, 0.0, 0.0, 0.0])
    trials = SweptTrials(numbers, sharpes, sharpes, np.arange(8, dtype=np.uint64))
    monkeypatch.setattr(Space, "cells", lambda self, codes: np.array([0, 0, 0, 0, 1, 2, 3, 4]))  # of the first four one: those spread widest lose most
    study.enter_spread(swept[0], tmp_path / "results", trials)
    assert not list(tmp_path.rglob("spread-*"))


def test_the_cells_of_a_grid_are_its_values_and_fiftieths_of_their_range() -> None:
    space = Space.of({"a": (1.0, 2.0, 2.001, 9.0), "b": ("x", "y")})
    cells = space.cells(space.codes(np.arange(8)))
    assert cells[2] == cells[4] != cells[3] == cells[5]
    assert len(set(cells)) == 6
