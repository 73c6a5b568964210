"""What a run brings to the question whether to believe it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.studies.conftest import walk

from flowbt.data.catalog import Catalog
from flowbt.ground.clock import Clock
from flowbt.studies.run.backtest import backtest, benchmark_of
from flowbt.studies.run.request import Benchmark, Request
from flowbt.studies.run.standing import caveats_of, evidence_of
from tinydata import store


def test_the_evidence_is_the_runs_own_figures(catalog: Catalog, strategy: Path) -> None:
    run = backtest(catalog, Request(strategy, rotations=9))
    kept, held = run.record.manifest["evidence"], run.benchmark
    assert run.placebos is not None
    assert (kept["probed"], kept["rotations"], kept["rotation_sharpe"]) == (True, 9, run.placebos.mean)
    assert (kept["rotation_p"], kept["held_p"]) == (run.placebos.timing.p_rotated, run.placebos.timing.p_held)
    assert held is not None
    assert kept["holding"]["name"] == "SPY"  # type: ignore[index]
    assert kept["holding"]["total_return"] == pytest.approx((1 + held).prod() - 1)  # type: ignore[index]
    assert kept["holding"]["sharpe"] == pytest.approx(held.mean() / held.std() * 252**0.5)  # type: ignore[index]
    bare = evidence_of(run.prepared, run.book, Benchmark(), None)
    assert (bare["holding"], "rotations" in bare) == (None, False)


def test_data_that_were_not_known_then_are_named(catalog: Catalog, strategy: Path) -> None:
    panel = backtest(catalog, Request(strategy, rotations=0)).prepared.panel
    assert caveats_of(panel) == []
    told = {"vintage": "latest", "survivorship": True, "live_from": {"SPX": f"{panel.index[1]:%Y-%m-%d}", "QQQ": f"{panel.index[0]:%Y-%m-%d}"}}
    panel.used = {key: replace(one, declaration=one.declaration.model_copy(update=told)) for key, one in panel.used.items()}
    assert caveats_of(panel) == [
        *(f"latest vintage of {name}" for name in ("dix", "prices")),
        *(f"survivorship-biased members of {name}" for name in ("dix", "prices")),
        "SPX before 2022-01-04 was calculated later",
    ]


def test_holding_earns_dividends_and_is_asked_for_else_the_files_else_the_first_symbol(catalog: Catalog, strategy: Path) -> None:
    labels = Clock().labels("2022-01-03", "2023-12-29")
    paid = pd.DataFrame({"event_time": labels[[100, 200]], "symbol": "SPY", "dividend": [1.5, 2.0]})
    store(catalog.roots[0], "paid", paid, frequency="event", fields={"dividend": {"max_age": "1D"}})
    close = walk("SPY", labels, 1).set_index("event_time")["close"]
    run = backtest(Catalog(catalog.roots), Request(strategy, rotations=0))
    before, due = close.shift(1), pd.Series([1.5, 2.0], labels[[100, 200]]).reindex(labels).fillna(0.0)
    expected = (close / (before - due) - 1).reindex(run.book.market.index)
    assert run.benchmark is not None
    np.testing.assert_allclose(run.benchmark.iloc[1:], expected.iloc[1:], rtol=1e-9)
    assert run.benchmark.iloc[0] == 0.0
    strategy.write_text(strategy.read_text().replace("GRID =", 'BENCHMARK = "QQQ"\nGRID ='))
    own = backtest(Catalog(catalog.roots), Request(strategy, rotations=0))
    assert own.record.manifest["benchmark"] == "QQQ"
    assert benchmark_of(Catalog(catalog.roots), own.prepared, "NONE") == Benchmark()
