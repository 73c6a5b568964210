"""Which calls read later rows by their own arguments, however the arguments are given."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from tests.deferred.frames import tiny_panel

from flowbt.deferred.causal import refuse_look_ahead
from flowbt.deferred.trace import read
from flowbt.engine.types import Signals
from flowbt.ground.errors import LookAheadError

FORWARD = pd.api.indexers.FixedForwardWindowIndexer(window_size=3)
LATER: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("shift", (-1,), {}), ("shift", (), {"periods": -1}), ("diff", (-1,), {}), ("pct_change", (-0.5,), {}), ("shift", (-1, None, 0), {}),
    ("bfill", (), {}), ("backfill", (), {}), ("fillna", (None, "bfill"), {}), ("reindex", (), {"method": "nearest"}),
    ("asfreq", ("D",), {"method": "backfill"}),
    ("interpolate", (), {}), ("interpolate", ("linear",), {}), ("interpolate", ("pad",), {"limit_direction": "both"}),
    ("rolling", (3,), {"center": True}), ("rolling", (3, 1, True), {}), ("rolling", (FORWARD,), {}), ("rolling", (), {"window": FORWARD}),
    ("rolling", (1,), {"center": True}), ("shift", (-1,), {"axis": "index"}), ("diff", (-1, 0), {}),
]  # fmt: skip
EARLIER: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("shift", (), {}), ("shift", (0,), {}), ("diff", (2,), {}), ("ffill", (), {}), ("fillna", (0.0,), {}), ("fillna", (None, "ffill"), {}),
    ("reindex", (), {"method": "pad"}), ("interpolate", ("pad",), {}), ("interpolate", (), {"method": "ffill"}), ("rolling", (3,), {}),
    ("rolling", (3, 1, False), {}), ("head", (-1,), {}), ("shift", (-1, None, 1), {}), ("diff", (-1, 1), {}), ("bfill", (), {"axis": "columns"}),
    ("interpolate", ("linear", 1), {}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "args", "kwargs"), LATER)
def test_a_call_that_reads_later_rows_is_refused(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    with pytest.raises(LookAheadError, match="look-ahead"):
        refuse_look_ahead(name, args, kwargs)


@pytest.mark.parametrize(("name", "args", "kwargs"), EARLIER)
def test_a_call_that_reads_no_later_row_passes(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    refuse_look_ahead(name, args, kwargs)


def test_reading_a_strategy_names_its_look_ahead_and_nothing_else() -> None:
    found = read(lambda panel, *, n: Signals(long=panel["close"].shift(-n) > 0), tiny_panel(), {"n": 2})
    assert isinstance(found, LookAheadError)
    assert ".shift(-2)" in str(found)
    assert read(lambda panel, *, n: Signals(long=panel["close"].shift(n) > 0), tiny_panel(), {"n": 2}) is None
    assert read(lambda panel, *, n: 1 / 0, tiny_panel(), {"n": 2}) is None
