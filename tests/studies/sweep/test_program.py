"""Signals however they are written: what the sweep takes apart and packs is what the engine is given whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.studies.sweep.markets import random_market, sweeper_of
from tests.studies.sweep.test_kernel import assert_same, expected

from flowbt.engine.sweep.masks import MaskStore
from flowbt.engine.sweep.program import AND, NOT, OR, Program
from flowbt.engine.types import Market, Signals

Form = Callable[[Any, Any, int], Any]
FORMS: dict[str, tuple[Form, int]] = {  # close, its change over n bars, n -> when to be long; masks made for two values of n
    "level on the left": (lambda close, change, n: 0.005 < change, 2),  # noqa: SIM300
    "level of a parameter": (lambda close, change, n: change >= n * 0.001, 2),
    "parameter on the left": (lambda close, change, n: n * 0.001 <= change, 2),
    "whole numbers": (lambda close, change, n: (change > 0).astype(int) > 0, 2),
    "ties": (lambda close, change, n: (close.round() >= close.round().shift(n)) & (close.round() <= close.round().shift(n)), 4),
    "missing": (lambda close, change, n: (close.where(close > 98) > 90) | (close.where(close < 98).shift(n) > 90), 3),
    "xor": (lambda close, change, n: (change > 0) ^ (close > 100), 3),
    "words": (lambda close, change, n: np.logical_or(np.logical_and(change > 0, close > 99), np.logical_xor(change < -0.01, close > 101)), 6),
    "deep": (lambda close, change, n: (change > 0) & ((close > 105) | ((close < 99) & ~((change > 0.02) & (close > 97)))), 7),
    "with a flag": (lambda close, change, n: (change > 0) & (n > 2), 4),
    "flag of a frame": (lambda close, change, n: ((change > 0) | (close > 100)) == False, 3),  # noqa: E712
    "what came before": (lambda close, change, n: (change > 0).shift(n), 2),
    "not what came before": (lambda close, change, n: ~((change > 0).shift(n, fill_value=False)) & (close > 99), 3),
    "one for all": (lambda close, change, n: close > 100, 1),
}


@pytest.fixture(scope="module")
def market() -> Market:
    return random_market(n=2, seed=3)


@pytest.mark.parametrize("name", FORMS)
def test_a_signal_however_it_is_written_is_the_engines(name: str, market: Market) -> None:
    form, masks = FORMS[name]

    def decide(panel: Any, *, n: int) -> Signals:
        close = panel["close"]
        return Signals(long=form(close, close.pct_change(n, fill_method=None), n), hold=3)

    sweeper = sweeper_of(decide, market, {"n": (2, 5)})
    got = sweeper.run(sweeper.space.codes(np.arange(2)))
    for row, n in zip(got.metrics, (2, 5), strict=True):
        assert_same(row, expected(market, decide(sweeper.tracer.quiet, n=n), sweeper.costs, sweeper.account)[0])
    assert not sweeper.unfused
    assert sweeper.store.made == masks


def wide(panel: Any, *, fast: int, slow: int, level: float) -> Signals:
    close = panel["close"]
    short, long = (close.rolling(n).mean() for n in (fast, slow))
    return Signals(long=(short > long) & (close.pct_change(fast, fill_method=None) > level), short=short < long, exit=close < short, hold=fast)


def test_where_masks_are_many_they_are_made_in_parts_and_change_nothing(market: Market) -> None:
    grid = {"fast": tuple(range(2, 12)), "slow": tuple(range(12, 24)), "level": (-0.01, 0.0, 0.01)}
    whole, small = (sweeper_of(wide, market, grid) for _ in range(2))
    small.store = MaskStore(2, len(market.index), budget=1)
    small.tracer.evaluator.bytes = 200_000  # a few frames
    codes = whole.space.codes(np.random.default_rng(1).permutation(whole.space.size)[:200])
    np.testing.assert_array_equal(small.run(codes).metrics, whole.run(codes).metrics)
    compiled = next(one for one in small._compiled.values() if one is not None)
    batches = compiled.batches(codes, small.store, 3)
    assert sorted(np.concatenate(batches).tolist()) == list(range(200))
    assert max(map(len, batches)) == 64 // len(compiled.program.leaves) > 1
    assert len(whole._compiled) == len(small._compiled) == 1
    (one,) = whole._compiled.values()
    assert one is not None
    assert [len(part) for part in one.batches(codes, whole.store, 3)] == [200]
    assert whole.store.made < small.store.made


def test_one_side_is_gone_through_while_few_frames_of_the_other_are_kept(market: Market) -> None:
    """Of `slow` there are most values: with each tile of two `fast` ones all of it comes by once."""
    sweeper = sweeper_of(wide, market, {"fast": (2, 3, 4, 5), "slow": (12, 13, 14, 15, 16), "level": (0.0,)})
    codes = sweeper.space.codes(np.random.default_rng(1).permutation(20))
    sweeper.run(codes)
    compiled = next(one for one in sweeper._compiled.values() if one is not None)
    (order,) = compiled.batches(codes, sweeper.store, 2)
    assert codes[order][:, :2].tolist() == [[f + 2 * tile, s] for tile in (0, 1) for s in range(5) for f in (0, 1)]


def test_a_program_needs_as_many_places_as_its_deepest_part_and_notes_what_is_denied(market: Market) -> None:
    sweeper = sweeper_of(lambda panel, *, n: Signals(long=(panel["close"] > n) & ((panel["close"] > 2 * n) | ~(panel["close"] > 3 * n))), market, {"n": (1, 2)})
    trace = sweeper.tracer.trace({"n": 1})
    program = Program()
    program.add(trace.fields["long"])
    program.add(None)
    assert [codes.tolist() for codes in program.codes] == [[0, 1, 2, NOT, OR, AND], []]
    assert (program.depth, program.inverted, len(program.leaves), Program().depth) == (3, {2}, 3, 1)
    program.add(trace.fields["long"], split=False)
    assert program.codes[2].tolist() == [3]
    assert isinstance(sweeper.tracer.evaluate({"n": 2}).long, pd.DataFrame)
