"""Which trials are probed before a sweep, what it depends on, and when two decisions are the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from flowbt.data.catalog import Catalog
from flowbt.engine.sweep.space import Space
from flowbt.engine.types import Signals
from flowbt.ground.errors import LookAheadError, ParameterError
from flowbt.studies.run.market import Span
from flowbt.studies.sweep.setup import SweepRequest, _ends, _settings, _trials, same, set_up
from flowbt.studies.sweep.values import Search

SPACE = Space.of({"n": (3, 1, 2), "kind": ("x", "y"), "odd": (None, 5.0)})


def test_first_middle_last_least_and_largest_are_probed_once_each() -> None:
    assert _ends(Space.of({"n": (3, 1, 2), "kind": ("x", "y")})) == [[0, 0], [1, 1], [2, 1], [1, 0], [0, 1]]
    assert _ends(Space.of({"n": (1,)})) == [[0]]
    assert _ends(Space.of({"odd": (2, "x", None)})) == [[0], [1], [2]]  # in no order
    assert _ends(Space.of({"odd": (2, 1, "x")})) == [[0], [1], [2]]


def test_words_and_flags_are_all_tried_and_of_numbers_the_ends() -> None:
    trials = list(_trials(SPACE))
    assert [tuple(one.values()) for one in trials] == [(3, "x", None), (3, "y", None), (2, "y", 5.0), (1, "y", 5.0)]
    assert len(list(_trials(Space.of({"flag": (True, False), "n": (1, 2, 3)})))) == 4
    assert [tuple(one.values()) for one in _settings(SPACE, {"n"})] == [(3, "x", None), (1, "x", None), (2, "x", None)]


def test_decisions_are_the_same_part_by_part() -> None:
    frame = pd.DataFrame({"A": [1.0, np.nan]})
    equal = [
        (1, 1),
        (np.nan, np.nan),
        ("a", "a"),
        (frame, frame.copy()),
        ((1, frame), (1, frame.copy())),
        (Signals(frame, hold=3), Signals(frame.copy(), hold=3)),
    ]
    assert all(same(one, other) for one, other in equal)
    apart = [
        (1, 2),
        (1, 1.0),
        (1.0, np.nan),
        (frame, frame + 1),
        (frame, frame["A"]),
        ((1,), (1, 2)),
        ((1, 2), (1, 3)),
        (Signals(frame), Signals(frame, hold=3)),
    ]
    assert not any(same(one, other) or same(other, one) for one, other in apart)


def test_a_sweep_says_what_was_swept_fixed_and_asked_for(strategy: Path, catalog: Catalog) -> None:
    setup = set_up(catalog, SweepRequest(strategy, {"stop": "0.1"}, search=Search("random", 4)))
    assert setup.facts["parameters"] == {"stop": [0.1], "window": [3, 5, 8], "level": [-0.01, 0.0, 0.01], "hold": [2, 5]}
    assert (setup.facts["fixed"], setup.facts["named"], setup.facts["constraints"]) == ({}, ["stop"], ["hold < window + 1"])
    assert setup.facts["warnings"][0].startswith("SYNTHETIC")
    assert set_up(catalog, SweepRequest(strategy)).facts["fixed"] == {"stop": 0.05}
    with pytest.raises(ParameterError, match="no parameter 'windw'"):  # before anything is read
        set_up(catalog, SweepRequest(strategy, constraints=("windw > 3",)))


def test_what_a_sweep_depends_on_is_in_its_id_and_how_it_is_shown_is_not(strategy: Path, catalog: Catalog) -> None:
    one = SweepRequest(strategy, span=Span("2020-01-01", "2023-12-31"))
    asked = [
        one, SweepRequest(strategy, span=one.span, sort="calmar", top=3, command="flowbt sweep"), SweepRequest(strategy, span=Span("2020-01-01", "2023-12-29")),
        SweepRequest(strategy, span=Span("2020-01-01", "2022-12-30")), SweepRequest(strategy, {"stop": "0.05"}, one.span),
        SweepRequest(strategy, {"hold": "2,5"}, one.span), SweepRequest(strategy, span=one.span, constraints=("hold > 1",)),
        SweepRequest(strategy, span=one.span, search=Search("random", 4)), SweepRequest(strategy, span=one.span, decide_at="12:00"),
    ]  # fmt: skip
    ids = [set_up(catalog, request).id for request in asked]
    assert ids[0] == ids[1] == ids[2]  # the last session of the year
    assert len(set(ids)) == len(asked) - 2
    assert all(len(one) == 12 for one in ids)


ODD = {  # what a file does -> why nothing of it is recorded
    "return Signals(long=c > c.shift(1) if type(c).__name__ == 'DataFrame' else c < c.shift(1))": "what was recorded differs from a plain call",
    "c.iloc[0, 0] = 1.0\n    return Signals(long=c > c.shift(n))": "",
}


def test_what_cannot_be_recorded_is_called_for_each_trial(catalog: Catalog, tmp_path: Path) -> None:
    path = tmp_path / "odd.py"
    for body, why in ODD.items():
        path.write_text(f'"""Odd."""\nfrom flowbt import Signals\nSYMBOLS = ("SPY",)\n\n\ndef signals(panel, *, n=3):\n    c = panel["close"]\n    {body}\n')
        tracer = set_up(catalog, SweepRequest(path, {"n": "1,2"})).sweeper.tracer
        assert tracer.per_trial
        assert any(why in reason for reason in tracer.reasons)


def test_a_spoken_leak_is_dated_by_the_last_label_and_refused(tmp_path: Path, catalog: Catalog) -> None:
    (tmp_path / "ahead.py").write_text(
        "from flowbt import Signals\n\nSYMBOLS = ('SPY',)\n\ndef signals(panel, *, n=1):\n    return Signals(long=panel['close'].shift(-n) > panel['close'])\n"
    )
    setup = set_up(catalog, SweepRequest(tmp_path / "ahead.py", {"n": "1,2"}, keep_leak=True))
    assert setup.leak is not None
    assert (setup.leak.probe, setup.leak.cut, setup.leak.label) == ("syntax", setup.panel.index[-1], setup.panel.index[-1])
    with pytest.raises(LookAheadError, match=r"shift\(-"):
        set_up(catalog, SweepRequest(tmp_path / "ahead.py", {"n": "1,2"}))
