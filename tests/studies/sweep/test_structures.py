"""Sweeps of option structures: trials equal runs, and a contract is priced once for all that trade it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from flowbt.data.catalog import Catalog
from flowbt.engine.options.valuation import SharedPrices, inputs_key
from flowbt.engine.sweep.sweeper import BarRange
from flowbt.evidence.measures import measure
from flowbt.studies.run.backtest import backtest
from flowbt.studies.run.market import Span
from flowbt.studies.run.request import Request
from flowbt.studies.sweep import sweep as study
from flowbt.studies.sweep.setup import PreparedSweep, SweepRequest, set_up
from flowbt.studies.sweep.store import SweepFolder
from flowbt.studies.sweep.verify import book_of
from flowbt.studies.sweep.walkforward import WindowPlan, walk_forward_study

STRATEGY = '''"""Calls sold after a rise, hedged and rolled.

Source: test
"""

from flowbt import Signals
from flowbt.engine.options.structures import long_call, moneyness

SYMBOLS = ("SPY",)
GRID = {"window": (3, 8), "days": (7, 21), "above": (1.0, 1.02)}


def signals(panel, *, window=3, days=7, above=1.0, take=0.4):
    change = panel["close"].pct_change(window, fill_method=None)
    call = long_call(panel["close", "VIX"], moneyness(above), days=days).with_(by="notional", hedge=True, roll=True)
    return Signals(short=change > 0, exit=change < -0.01, take=take, size=0.5, structure=call)
'''
SPAN = Span("2024-01-01", "2024-07-31")


@pytest.fixture
def setup(catalog: Catalog, tmp_path: Path) -> PreparedSweep:
    (tmp_path / "sold.py").write_text(STRATEGY)
    return set_up(catalog, SweepRequest(tmp_path / "sold.py", span=SPAN))


def test_trials_equal_runs_of_the_same_parameters(setup: PreparedSweep, catalog: Catalog) -> None:
    found = setup.sweeper.run(setup.space.codes(setup.numbers), BarRange(returns=True))
    assert setup.sweeper.tracer.fixed == {"above"}  # the days stay deferred: a structure is recorded with what it holds
    for trial in (0, 3, 6):
        run = backtest(catalog, Request(setup.strategy.path, setup.space.trial(setup.space.codes(np.array([trial]))[0]), SPAN, rotations=0))
        np.testing.assert_allclose(found.returns[trial], run.book.returns, rtol=0, atol=1e-9)
        for name in ("sharpe", "trades", "win_rate", "expectancy", "exposure", "profit_factor"):
            assert found.column(name)[trial] == pytest.approx(getattr(run.measures, name), rel=1e-9, nan_ok=True), name
    assert found.column("trades").min() > 0


def test_an_option_is_priced_once_a_bar_for_all_trials_and_rotations_that_hold_it(setup: PreparedSweep) -> None:
    prices, codes = setup.sweeper.general.prices, setup.space.codes(setup.numbers)
    first = setup.sweeper.run(codes).metrics
    priced, found = prices.priced, prices.found
    assert found > 0
    assert (setup.sweeper.run(codes).metrics == first).all()
    assert prices.priced == priced
    setup.sweeper.run(codes, BarRange(rotate=20))
    assert prices.found - found > 2 * (prices.priced - priced)


def test_a_window_of_a_sweep_is_a_run_on_its_bars(setup: PreparedSweep) -> None:
    from flowbt.evidence.splits import Window
    from flowbt.studies.sweep.walkforward import book_of as window_book

    codes = setup.space.codes(setup.numbers)
    found = setup.sweeper.run(codes, BarRange(40, 110, returns=True))
    book = window_book(setup, codes[5], Window(0, 40, 40, 110))
    np.testing.assert_allclose(found.returns[5], book.returns, rtol=0, atol=1e-9)
    measured = measure(book.returns, book.trades[book.trades["reason"] != "open"], book.market.year, activity=book.exposure)
    assert found.column("exposure")[5] == pytest.approx(measured.exposure, abs=1e-12)


def test_a_small_store_prices_again_and_changes_nothing(setup: PreparedSweep) -> None:
    codes = setup.space.codes(setup.numbers)
    first = setup.sweeper.general.prices
    whole = setup.sweeper.run(codes).metrics
    small = setup.sweeper.general.prices = SharedPrices(20_000)
    assert (setup.sweeper.run(codes).metrics == whole).all()
    assert 0 < small.nbytes <= 20_000
    assert small.priced > first.priced
    assert book_of(setup, 2).value.iloc[-1] / 100_000 - 1 == pytest.approx(whole[2, 0], rel=1e-9)


def test_the_key_of_prices_is_of_all_they_depend_on() -> None:
    one, other = np.arange(4.0), np.array([0.0, 1.0, 2.0, 3.5])
    keys = {inputs_key((one,), "a"), inputs_key((other,), "a"), inputs_key((one,), "b"), inputs_key((one.reshape(2, 2),), "a")}
    assert len(keys) == 4
    assert inputs_key((one.copy(),), "a") in keys


def test_a_sweep_and_a_walk_forward_of_structures_are_stored(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "sold.py").write_text(STRATEGY)
    request = SweepRequest(tmp_path / "sold.py", {"above": "1.0", "days": "7,21"}, SPAN)
    folder, document, luck = study.sweep(catalog, request, study.SweepOptions(tmp_path / "results"))
    assert document["verified"]["largest_difference"] < 1e-9
    assert document["how"]["path"] == "general"
    assert luck["noise"]["rotations"] >= 19
    assert len(SweepFolder(folder, folder).rows([0, 1])) == 2
    _, walked = walk_forward_study(catalog, request, WindowPlan("60", "30", modes=("rolling",)), tmp_path / "results")
    assert walked["modes"]["rolling"]["windows"] >= 2
