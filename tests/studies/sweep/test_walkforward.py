"""Walk-forward: what is chosen inside a window is the best inside, what is traded outside begins flat, and no bar is used twice."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from flowbt.data.catalog import Catalog
from flowbt.engine.sweep.results import BarRange
from flowbt.evidence.splits import walk_forward
from flowbt.ground.errors import ParameterError
from flowbt.results.belief import trials_under
from flowbt.studies.sweep import walkforward
from flowbt.studies.sweep.setup import PreparedSweep, SweepRequest, set_up
from flowbt.studies.sweep.values import Search
from flowbt.studies.sweep.walkforward import Walk, WindowPlan, against, bars_of, book_of, chosen_leak, longest_holding, split_of, trade_windows, train

PLAN = WindowPlan("4y", "3y", embargo=2)


@pytest.fixture(scope="module")
def setup(catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> PreparedSweep:
    from tests.studies.sweep.conftest import STRATEGY

    path = tmp_path_factory.mktemp("walk") / "swing.py"
    path.write_text(STRATEGY)
    return set_up(catalog, SweepRequest(path))


@pytest.mark.parametrize(("text", "bars"), [("500", 500), ("1y", 252), ("6m", 126), ("2w", 10), ("1.5y", 378), ("7d", 5), (" 3Y ", 756)])
def test_windows_are_bars_or_time(text: str, bars: int) -> None:
    assert bars_of("--train", text, 252.0) == bars


@pytest.mark.parametrize("text", ["0", "x", "3q", "-5", "", "1d2", "0.001d"])
def test_what_is_neither_bars_nor_time_is_refused(text: str) -> None:
    with pytest.raises(ParameterError, match="neither bars nor time"):
        bars_of("--test", text, 252.0)


@pytest.mark.parametrize("wrong", [{"purge": -1}, {"embargo": -1}, {"modes": ()}, {"modes": ("backwards",)}])
def test_a_plan_that_is_none_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ParameterError, match="not a plan"):
        WindowPlan(**wrong)  # type: ignore[arg-type]
    assert WindowPlan(purge=0, embargo=0, modes=("anchored",)).purge == 0


def test_the_longest_hold_of_the_grid_is_purged_unless_told(setup: PreparedSweep) -> None:
    assert longest_holding(setup, setup.numbers) == 5
    assert split_of(setup, setup.numbers, PLAN, "anchored").purge == 5
    assert split_of(setup, setup.numbers, PLAN, "anchored").anchored
    told = split_of(setup, setup.numbers, WindowPlan("4y", "1y", purge=0, embargo=2), "rolling")
    assert (told.purge, told.embargo, told.anchored) == (0, 2, False)


@pytest.mark.parametrize("sort", ["sharpe", "volatility"])
def test_the_best_inside_is_traded_outside(setup: PreparedSweep, sort: str) -> None:
    split = split_of(setup, setup.numbers, PLAN, "rolling")
    walked = trade_windows(setup, train(setup, setup.numbers, split, sort), "rolling", sort)
    windows = walk_forward(len(setup.market.index), split)
    assert len(windows) == len(walked.windows) > 1
    for window, row in zip(windows, walked.windows.itertuples(), strict=True):
        inside = setup.sweeper.run(setup.space.codes(setup.numbers), BarRange(window.train_start, window.train_end)).column(sort)
        best = np.nanmin(inside) if sort == "volatility" else np.nanmax(inside)  # less is better for volatility
        assert row.inside == best == inside[list(setup.numbers).index(row.trial)]
        assert row.test_from == setup.market.index[window.test_start] > row.train_to == setup.market.index[window.train_end - 1]
    assert walked.returns.index.is_unique
    assert list(walked.returns.index) == [label for one in windows for label in setup.market.index[one.test_start : one.test_end]]
    assert (walked.trades.groupby("window")["entry_label"].min() > walked.windows.set_index("window")["test_from"]).all()  # from flat, at the next open


def test_inside_against_outside_over_the_windows(setup: PreparedSweep) -> None:
    walked = trade_windows(setup, train(setup, setup.numbers, split_of(setup, setup.numbers, PLAN, "anchored"), "sharpe"), "anchored", "sharpe")
    said = against(walked, "sharpe")
    assert said["inside"] == pytest.approx(walked.windows["inside"].mean())
    assert said["outside"] == pytest.approx(walked.windows["outside"].mean())
    assert said["positive"] == (walked.windows["total_return"] > 0).mean()


def test_exposure_is_that_of_the_windows_books(setup: PreparedSweep) -> None:
    """What was open at the end of a window was left out: always long had an exposure of 0."""
    split = split_of(setup, setup.numbers, PLAN, "rolling")
    walked = trade_windows(setup, train(setup, setup.numbers, split, "sharpe"), "rolling", "sharpe")
    codes = setup.space.codes(walked.windows["trial"].to_numpy())
    books = [book_of(setup, code, window) for code, window in zip(codes, walk_forward(len(setup.market.index), split), strict=True)]
    held = np.concatenate([book.exposure["gross"] > 0 for book in books])
    assert walked.measures["exposure"] == pytest.approx(held.mean(), abs=1e-12)
    assert walked.measures["trades"] + walked.measures["open_trades"] == len(walked.trades)
    assert walked.measures["turnover"] > 0


def test_a_window_without_a_choice_has_not_risen() -> None:
    rows = pd.DataFrame({"trial": [3, -1], "inside": [1.0, np.nan], "outside": [0.5, np.nan], "total_return": [0.1, np.nan]})
    said = against(Walk("rolling", rows, pd.Series(dtype=float), rows, {}), "sharpe")
    assert (said["inside"], said["positive"]) == (1.0, 0.5)


def test_without_any_choice_nothing_is_held_and_nothing_said(setup: PreparedSweep) -> None:
    split = split_of(setup, setup.numbers, PLAN, "rolling")
    idle = [dataclasses.replace(one, inside=np.full(len(one.numbers), np.nan)) for one in train(setup, setup.numbers, split, "sharpe")]
    walked = trade_windows(setup, idle, "rolling", "sharpe")
    assert (walked.windows["trial"] == -1).all()
    assert walked.windows["window"].tolist() == list(range(len(idle)))
    assert (walked.windows["test_to"] == [setup.market.index[one.window.test_end - 1] for one in idle]).all()
    assert (walked.windows["train_from"] == [setup.market.index[one.window.train_start] for one in idle]).all()
    assert (walked.returns == 0.0).all()
    assert (walked.measures["exposure"], walked.measures["turnover"], len(walked.trades)) == (0.0, 0.0, 0)
    assert against(walked, "sharpe") == {"metric": "sharpe", "inside": None, "outside": None, "positive": None}
    assert chosen_leak(setup, [walked]) is None


def test_what_could_have_been_chosen_counts_in_the_ledger_by_its_ratio_per_bar(setup: PreparedSweep, tmp_path: Path) -> None:
    walkforward._enter(setup, tmp_path / "results", setup.numbers, "walked")
    sharpes = setup.sweeper.run(setup.space.codes(setup.numbers)).column("sharpe") / 252**0.5
    assert trials_under(tmp_path / "results")(setup.facts) == (len(np.unique(sharpes)), pytest.approx(np.unique(sharpes).var(ddof=1)))  # some decide the same


def test_a_large_grid_is_drawn_from(setup: PreparedSweep, monkeypatch: pytest.MonkeyPatch) -> None:
    assert walkforward._numbers(setup) is setup.numbers
    monkeypatch.setattr(walkforward, "MOST", 6)
    drawn = walkforward._numbers(setup)
    assert len(drawn) == 6
    assert set(drawn) <= set(setup.numbers)


def test_a_random_search_is_not_drawn_from_again(catalog: Catalog, strategy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    setup = set_up(catalog, SweepRequest(strategy, search=Search("random", 9, 2)))
    monkeypatch.setattr(walkforward, "MOST", 6)
    assert walkforward._numbers(setup) is setup.numbers
