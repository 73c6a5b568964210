"""Conviction sizes, hard blocks, soft gates."""

import numpy as np
import pandas as pd
import pytest
from tests.engine import cases

from flowbt.engine.gates import conviction_size, hard_block, soft_gate
from flowbt.engine.simulate import simulate
from flowbt.engine.types import Signals
from flowbt.ground.errors import SignalError

M = cases.market(np.random.default_rng(0), bars=6, symbols=1)
YES = cases.frame(M, np.ones((6, 1), bool))
LATE = cases.frame(M, (np.arange(6) >= 3)[:, None])


def test_size_rises_with_conviction_and_missing_is_none():
    conviction = pd.DataFrame({"A": [0, 1, 3, 5, 9, np.nan]}, M.index)
    assert conviction_size(conviction, most=0.5)["A"].tolist() == pytest.approx([0, 0.1, 0.3, 0.5, 0.5, 0])
    steps = conviction_size(conviction, most=0.4, steps=(0, 0, 0.5, 0.75, 1))["A"].tolist()
    assert steps == pytest.approx([0, 0, 0.2, 0.4, 0.4, 0])
    with pytest.raises(SignalError, match="steps of conviction"):
        conviction_size(conviction, most=0.5, steps=(0.5, 0.2))


def test_zero_conviction_takes_no_trade():
    conviction = pd.DataFrame({"A": [0, 0, 2, 2, 2, 2]}, M.index)
    orders = simulate(M, Signals(long=YES, size=conviction_size(conviction, most=0.5))).orders
    assert orders["bar"].tolist() == [3]
    assert orders["notional"].iloc[0] == pytest.approx(20_000, rel=1e-3)


def test_a_hard_block_stops_its_side_only_and_may_close():
    blocked = hard_block(Signals(long=YES, short=YES), LATE, side="long")
    assert blocked.long.equals(~LATE)
    assert blocked.short.equals(YES)
    closing = hard_block(Signals(long=YES, exit=YES * 0.5), LATE, close=True)
    assert closing.exit["A"].tolist() == [0.5, 0.5, 0.5, 1, 1, 1]
    book = simulate(M, hard_block(Signals(long=YES), LATE, close=True))
    assert book.orders["reason"].tolist() == ["entry", "signal"]


def test_a_soft_gate_filters_or_scales():
    assert soft_gate(Signals(short=YES), LATE, side="short").short.equals(~LATE)
    scaled = soft_gate(Signals(long=YES, size=0.4), LATE, side="long", scale=0.25)
    assert scaled.size["A"].tolist() == pytest.approx([0.4] * 3 + [0.1] * 3)
    untouched = soft_gate(Signals(long=YES, size=0.4), LATE, side="short", scale=0.25)
    assert untouched.size == 0.4
    with pytest.raises(SignalError, match="signals without a size"):
        soft_gate(Signals(long=YES), LATE, scale=0.5)
    with pytest.raises(SignalError, match="side 'up'"):
        hard_block(Signals(long=YES), LATE, side="up")


def test_a_gate_acts_on_the_sides_there_are_and_closes_what_leaves_by_bool():
    assert hard_block(Signals(long=YES), LATE).short is None
    both = hard_block(Signals(long=YES, short=YES), LATE)
    assert (both.long.equals(~LATE), both.short.equals(~LATE)) == (True, True)
    closing = hard_block(Signals(long=YES, exit=~YES), LATE, close=True).exit
    assert (closing.equals(LATE), closing.dtypes.eq(bool).all()) == (True, True)


@pytest.mark.parametrize("scale", [-0.01, 1.01])
def test_a_scale_lies_between_off_and_no_effect(scale):
    with pytest.raises(SignalError, match="a gate's scale of"):
        soft_gate(Signals(long=YES, size=0.4), LATE, scale=scale)
    assert soft_gate(Signals(long=YES, size=0.4), LATE, scale=1.0).size["A"].tolist() == [0.4] * 6
    assert soft_gate(Signals(long=YES, size=0.4), LATE, scale=0.0).long.equals(~LATE)


@pytest.mark.parametrize("steps", [(-0.1, 0.5), (0.5, 1.1), ()])
def test_steps_of_conviction_are_shares(steps):
    with pytest.raises(SignalError, match="steps of conviction"):
        conviction_size(YES * 1.0, most=0.5, steps=steps)
    assert conviction_size(YES * 1.0, most=0.5, steps=(0.0, 1.0))["A"].tolist() == [0.0] * 6
