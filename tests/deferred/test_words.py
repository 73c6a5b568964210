"""A recorded condition reads as its author wrote it, with this trial's parameters in their places."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.deferred.frames import tiny_panel

from flowbt.deferred import Tracer
from flowbt.deferred.words import words
from flowbt.engine.types import Signals

WRITTEN = {
    "close.rolling(3).mean() > 100.5": lambda close, gex, n, level: close.rolling(n).mean() > level,
    "-gex of SPX >= 0": lambda close, gex, n, level: -gex >= 0.0,
    "(close - 100.5).abs() < 3": lambda close, gex, n, level: (close - level).abs() < n,
    "(close > 100.5) & (gex of SPX < 3)": lambda close, gex, n, level: (close > level) & (gex < n),
    "close[AAA] > log(close)": lambda close, gex, n, level: close["AAA"] > np.log(close),
    "close.values > 3": lambda close, gex, n, level: close.values > n,
    "where(close > 100.5, close, 100.5) > 3": lambda close, gex, n, level: np.where(close > level, close, level) > n,
    "~close.isna()": lambda close, gex, n, level: ~close.isna(),
    "close.fillna(value=3)": lambda close, gex, n, level: close.fillna(value=n),
}


@pytest.mark.parametrize("text", WRITTEN)
def test_an_expression_is_told_as_it_was_written(text: str) -> None:
    def signals(panel: Any, *, n: int, level: float) -> Signals:
        return Signals(long=WRITTEN[text](panel["close"], panel["gex", "SPX"], n, level))

    values = {"n": 3, "level": 100.5}
    tracer = Tracer(signals, tiny_panel(), values)
    assert words(tracer.trace(values).fields["long"], values) == text
    assert not tracer.fixed


def test_what_has_no_words_is_dots() -> None:
    def signals(panel: Any, *, level: float) -> Signals:
        close = panel["close"]
        close[close < level] = 0.0
        return Signals(long=close > level)

    tracer = Tracer(signals, tiny_panel(), {"level": 2.0})
    assert words(tracer.trace({"level": 3.0}).fields["long"], {"level": 3.0}) == "... > 3"
