"""What a trial decides, as one number: the sweep's and a single run's are the same, and a copied file is the same search."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.studies.sweep.conftest import STRATEGY
from tests.studies.sweep.markets import random_market, sweeper_of
from tests.studies.sweep.test_kernel import GRID, both_ways

from flowbt.data.catalog import Catalog
from flowbt.engine.options.structures import long_call, moneyness
from flowbt.engine.sweep.fingerprint import bits_of, fingerprint
from flowbt.engine.sweep.results import ENTERED
from flowbt.engine.types import Market, Signals, Targets
from flowbt.results.belief import trials_under
from flowbt.studies.run.backtest import backtest
from flowbt.studies.run.request import Request
from flowbt.studies.run.stored import enter_and_judge
from flowbt.studies.sweep import sweep as study
from flowbt.studies.sweep.setup import SweepRequest


@pytest.fixture(scope="module")
def market() -> Market:
    return random_market(n=3, seed=4)


@pytest.mark.parametrize("seed", range(4))
def test_a_trial_of_a_sweep_has_the_number_of_its_run(seed: int) -> None:
    market = random_market(n=1 + seed % 3, seed=seed)
    sweeper = sweeper_of(both_ways, market, GRID)
    codes = sweeper.space.codes(np.random.default_rng(seed).choice(sweeper.space.size, 40, replace=False))
    decisions = [both_ways(sweeper.tracer.panel, **sweeper.space.trial(code)) for code in codes]
    assert not sweeper.unfused
    assert sweeper.run(codes, ENTERED).prints.tolist() == [fingerprint(one, market) for one in decisions]


@pytest.mark.parametrize("bars", [64, 65, 127, 128])
def test_so_has_one_whose_bars_fill_their_words(bars: int) -> None:
    market = random_market(n=2, seed=1).cut(0, bars)
    sweeper = sweeper_of(both_ways, market, GRID)
    codes = sweeper.space.codes(np.arange(0, sweeper.space.size, 7))
    decisions = [both_ways(sweeper.tracer.panel, **sweeper.space.trial(code)) for code in codes]
    assert sweeper.run(codes, ENTERED).prints.tolist() == [fingerprint(one, market) for one in decisions]


def sized(panel: Any, *, window: int, top: float) -> Signals:
    change = panel["close"].pct_change(window, fill_method=None)
    return Signals(long=change > 0.0, exit=change < 0.0, size=change.abs().clip(upper=top))


def weighted(panel: Any, *, window: int, top: float) -> Targets:
    return Targets(panel["close"].pct_change(window, fill_method=None).clip(-top, top))


@pytest.mark.parametrize("function", [sized, weighted])
def test_so_has_one_that_the_fused_kernel_does_not_take(function: Any, market: Market) -> None:
    sweeper = sweeper_of(function, market, {"window": (2, 3), "top": (0.01, 0.02)})
    found = sweeper.run(sweeper.space.codes(np.arange(4)), ENTERED).prints.tolist()
    assert sweeper.unfused
    assert len(set(found)) == 4
    assert found == [fingerprint(function(sweeper.tracer.panel, **sweeper.space.trial(code)), market) for code in sweeper.space.codes(np.arange(4))]


def frame(market: Market, at: list[int], fill: Any = True) -> pd.DataFrame:
    out = pd.DataFrame(np.zeros((len(market.index), 3), type(fill)), market.index, list(market.symbols))
    out.iloc[at, 1] = fill
    return out


def test_what_is_the_same_decision_has_the_same_number(market: Market) -> None:
    on, never = frame(market, [3, 70]), frame(market, [])
    same = [
        Signals(long=on, hold=5),
        Signals(long=on, short=never, exit=never, hold=5.0, size=1 / 3),
        Signals(long=on, exit=frame(market, [], 0.5), hold=frame(market, [], 1.0) * 0 + 5.0),
    ]
    assert len({fingerprint(one, market) for one in same}) == 1
    both = Signals(long=frame(market, [9]), short=frame(market, [9]))  # on one bar they are neither
    assert fingerprint(both, market) == fingerprint(Signals(long=never, short=never), market)


def test_a_number_has_one_word_whatever_its_sign_of_nothing() -> None:
    words = bits_of(np.array([0.0, -0.0, np.nan, -np.nan, 1.5]))
    assert words[0] == words[1] == 0
    assert words[2] == words[3] != words[4] == np.array(1.5).view(np.uint64)


def test_what_is_another_decision_has_another_number(market: Market) -> None:
    on, last = frame(market, [3, 70]), len(market.index) - 1
    others = [
        Signals(long=on),
        Signals(short=on),
        Signals(long=frame(market, [3, 71])),
        Signals(long=frame(market, [3, 70, last])),
        Signals(long=on, exit=frame(market, [5])),
        Signals(long=on, exit=frame(market, [5], 0.5)),
        *(Signals(long=on, **{name: 0.5}) for name in ("stop", "take", "trail", "size")),
        Signals(long=on, hold=1),
        Signals(long=on, hold=2),
        Signals(long=on, stop=frame(market, [5], 0.1) + 0.1),
        Targets(on * 1.0),
        Targets(on * 1.0, band=0.1),
        Targets(on * -1.0),
    ]
    assert len({fingerprint(one, market) for one in others}) == len(others)


def test_a_structure_is_all_that_it_holds(market: Market) -> None:
    on, level = frame(market, [3]), frame(market, [], 0.2) + 0.2

    def number(iv: pd.DataFrame = level, at: float = 1.0, days: int = 7, **other: Any) -> int:
        return fingerprint(Signals(long=on, structure=long_call(iv.copy(), moneyness(at), days=days).with_(**other)), market)

    others = [number(), number(level + 0.01), number(at=1.02), number(days=8), number(by="notional"), number(hedge=True), fingerprint(Signals(long=on), market)]
    assert len(set(others)) == len(others)
    assert number() == others[0]


def looks(root: Path, catalog: Catalog, file: str, parameters: dict[str, Any]) -> int:
    run = backtest(catalog, Request(root / file, parameters, rotations=0))
    enter_and_judge(root / "results", run)
    return trials_under(root / "results")(run.record.manifest).trials


def test_a_copied_file_does_not_begin_anew(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text(STRATEGY)
    study.sweep(catalog, SweepRequest(tmp_path / "one.py", {"window": "2:9:1", "level": "0"}), study.SweepOptions(tmp_path / "results"))
    before = looks(tmp_path, catalog, "one.py", {})
    shutil.copy(tmp_path / "one.py", tmp_path / "two.py")
    (tmp_path / "three.py").write_text(STRATEGY.replace("level", "edge").replace("Buy strength", "Sell something"))
    assert before > 8
    assert looks(tmp_path, catalog, "two.py", {}) == looks(tmp_path, catalog, "three.py", {}) == before
    assert looks(tmp_path, catalog, "three.py", {"edge": 0.004}) == before + 1
    assert looks(tmp_path, catalog, "one.py", {}) == before + 1


def test_a_sweep_over_a_renamed_parameter_adds_nothing(catalog: Catalog, tmp_path: Path) -> None:
    counts = []
    for name, text in (("one", STRATEGY), ("two", STRATEGY.replace("level", "edge"))):
        (tmp_path / f"{name}.py").write_text(text)
        _, document, luck = study.sweep(catalog, SweepRequest(tmp_path / f"{name}.py"), study.SweepOptions(tmp_path / "results"))
        counts.append(luck["ledger"]["trials"])
    assert counts == [document["trials"] * 2 // 3] * 2  # levels of -1% and 0 decide the same
