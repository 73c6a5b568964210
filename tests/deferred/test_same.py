"""Deferred evaluation means the same as calling the function."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.deferred.frames import tiny_panel

from flowbt.deferred import Tracer
from flowbt.engine.types import Signals
from flowbt.features.declare import feature

PARAMETERS = {"fast": 3, "slow": 9, "level": 0.01, "flag": True}


@feature(family="test", units="price", needs=("close",))
def channel(panel: Any, *, window: int = 5) -> tuple[pd.DataFrame, pd.DataFrame]:
    close = panel["close"]
    return close.rolling(window).min(), close.rolling(window).max()


NUMBERS = {
    "close": lambda p, q: p["close"],
    "gex": lambda p, q: p["gex", "SPX"],
    "change": lambda p, q: p["close"].pct_change(q["fast"]),
    "mean": lambda p, q: p["close"].rolling(q["slow"]).mean(),
    "log": lambda p, q: np.log(p["close"]).diff(),
    "where": lambda p, q: p["close"].where(p["gex", "SPX"] > q["level"], -p["close"]),
    "low": lambda p, q: channel(p, window=q["slow"])[0],
    "span": lambda p, q: (lambda lows, highs: highs - lows)(*channel(p, window=q["fast"])),
    "shift": lambda p, q: p["close"].shift(q["fast"]) / p["close"],
    "column": lambda p, q: p["close"].sub(p["close"]["AAA"], axis=0),
}
TESTS = {
    "over": lambda a, b, q: a > b,
    "level": lambda a, b, q: a >= q["level"],
    "flip": lambda a, b, q: -q["level"] <= a - b,
    "streak": lambda a, b, q: (a < b).rolling(q["fast"]).sum() >= 2,
    "missing": lambda a, b, q: a.isna() & b.notna(),
    "numpy": lambda a, b, q: np.logical_and(a > 0, b > 0),
}
leaf = st.tuples(st.just("leaf"), st.sampled_from(sorted(TESTS)), st.sampled_from(sorted(NUMBERS)), st.sampled_from(sorted(NUMBERS)))
trees = st.recursive(leaf, lambda inner: st.tuples(st.sampled_from(["and", "or", "xor", "not", "gate"]), inner, inner), max_leaves=6)


def build(tree: Any, panel: Any, q: dict[str, Any]) -> Any:
    if tree[0] == "leaf":
        return TESTS[tree[1]](NUMBERS[tree[2]](panel, q), NUMBERS[tree[3]](panel, q), q)
    left, right = build(tree[1], panel, q), build(tree[2], panel, q)
    if tree[0] in ("not", "gate"):
        return ~left if tree[0] == "not" else q["flag"] & left
    return {"and": operator.and_, "or": operator.or_, "xor": operator.xor}[tree[0]](left, right)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(trees, st.integers(1, 8), st.sampled_from([-0.02, 0.0, 0.01]), st.booleans())
def test_a_random_expression_is_the_same_recorded_and_called(tree: Any, fast: int, level: float, flag: bool) -> None:
    panel = tiny_panel()

    def signals(panel: Any, **q: Any) -> Signals:
        return Signals(long=build(tree, panel, q), hold=q["slow"] + 1, stop=q["level"] * 2)

    values = {"fast": fast, "slow": 9, "level": level, "flag": flag}
    tracer = Tracer(signals, panel, PARAMETERS)
    got, expected = tracer.evaluate(values), signals(panel, **values)
    pd.testing.assert_frame_equal(got.long, expected.long, check_exact=True)
    assert (got.hold, got.stop) == (expected.hold, expected.stop)
    assert not tracer.fixed
