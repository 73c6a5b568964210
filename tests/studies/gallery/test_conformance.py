"""Every strategy on disk: a thesis and its source, short, causal, and it runs. Adding a file adds its tests."""

from pathlib import Path

import numpy as np
import pytest

from flowbt.engine.loader import load_strategy
from flowbt.studies.gallery.docs import page
from flowbt.studies.lookahead.check import check
from flowbt.studies.run.backtest import backtest
from flowbt.studies.run.request import Request

ROOT = Path(__file__).parents[3]
FILES = sorted((ROOT / "strategies").glob("*.py"))
DOCUMENTS = {"blowoff", "carry", "spx7000", "exitliq", "none"}
THESES = {
    "exit_liquidity", "vol_spiral_unwind", "blow_off_top", "carry_crowding", "small_cap_streak", "milestone_momentum", "gamma_regime", "zone_exhaustion",
    "vix_asymmetry", "metals_unblock", "structural_pivot", "reclaim_200d", "cta_latent_demand", "stock_bond_divergence", "convergence_tilt",
    "dark_pool_quality", "relative_weakness", "side_adjusted_flow", "toxic_flow_maker", "put_spread_campaign", "placebo_coin",
}  # fmt: skip
each = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def test_every_thesis_has_its_file():
    assert {path.stem for path in FILES} >= THESES


@each
def test_states_its_thesis_and_source_in_under_40_lines(path):
    strategy = load_strategy(path)
    assert len(path.read_text("utf-8").splitlines()) < 40
    assert 20 < len(strategy.thesis) < 200
    assert strategy.source in DOCUMENTS
    assert strategy.grid, "a sweep needs something to look at"


@each
def test_grid_holds_values_of_the_parameters_kind(path):
    strategy = load_strategy(path)
    for name, values in strategy.grid.items():
        assert len(set(values)) == len(values) > 1
        for value in values:
            strategy.resolve({name: value})  # raises where the kind is another


@each
def test_never_looks_ahead(path, catalog):
    report = check(catalog, path, dates=1)
    assert len(report.cuts) >= 3
    assert not report.leaks, report.leaks[0]


@each
def test_runs_and_reconciles(path, catalog):
    run = backtest(catalog, Request(path))
    assert np.isfinite(run.book.returns).all()
    assert run.placebo is not None
    assert run.record.manifest["synthetic"]
    assert (run.book.value > 0).all()


def test_the_page_of_strategies_is_current():
    assert (ROOT / "docs" / "strategies.md").read_text("utf-8") == page(ROOT / "strategies"), "run python -m flowbt.studies.gallery.docs (see the page)"
