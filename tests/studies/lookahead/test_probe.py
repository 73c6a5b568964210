"""The probe on a small panel: what each of its questions shows a decision, what it answers, and how a leak is told."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from tests.panels import TinyPanel

from flowbt.data.panel.views import Quiet, Shown
from flowbt.ground.errors import FenceError
from flowbt.studies.lookahead.cuts import AFTER, ENTRIES, activity_of
from flowbt.studies.lookahead.probe import Leak, Probe

ROWS = 600
INDEX = pd.bdate_range("2020-01-01", periods=ROWS)
CLOSE = pd.DataFrame(100 * np.exp(np.cumsum(0.01 * np.random.default_rng(6).standard_normal((ROWS, 2)), axis=0)), INDEX, ["A", "B"])
CLOSE.iloc[103] = 0.9 * CLOSE.iloc[102]
Decide = Callable[[Quiet], dict[str, object]]


def probe(decide: Decide, late: bool = False) -> Probe:
    panel = Quiet(TinyPanel({"close": CLOSE}))  # type: ignore[arg-type]
    return Probe(decide, panel, decide(panel), late=late)  # type: ignore[arg-type]


def honest(view: Quiet) -> dict[str, object]:
    return {"long": view["close"] > view["close"].rolling(5).mean()}


def peeking(view: Quiet) -> dict[str, object]:
    """In one cell: B on the hundredth day knows that three days later it falls."""
    long = view["close"] > 1e9
    if len(long) > 103:
        long.iloc[100, 1] = view["close"].iloc[103, 1] < view["close"].iloc[102, 1]
    return {"long": long}


CUT, DAY = pd.Timestamp("2024-01-02"), pd.Timestamp("2024-01-01 15:30")


@pytest.mark.parametrize(
    ("leak", "said"),
    [
        (Leak("truncate", CUT, "long", DAY, "SPY"), "long of SPY on 2024-01-01 15:30 changes when what came after 2024-01-02 is unknown"),
        (Leak("perturb", DAY, "hold", CUT, "", dated=False), "hold changes when what came after 2024-01-01 15:30 is another"),
        (Leak("fails", CUT, "short", CUT, ""), "short on 2024-01-02 changes when what came after 2024-01-02 is unknown (it fails)"),
        (Leak("repeat", CUT, "long", DAY, "SPY"), "not repeatable: asked again on the same panel, long is another (seed its random numbers)"),
        (Leak("syntax", CUT, "line 3: shift(-1)", DAY, "SPY"), "line 3: shift(-1)"),
    ],
)
def test_a_leak_is_told_in_a_line(leak: Leak, said: str) -> None:
    assert str(leak) == said


def test_a_cell_that_looks_ahead_is_named_where_what_it_sees_is_hidden_or_another() -> None:
    one = probe(peeking)
    assert one.truncated(102) == Leak("truncate", INDEX[102], "[long]", INDEX[100], "B")
    assert one.continued(102, 1.0) == Leak("perturb", INDEX[102], "[long]", INDEX[100], "B")
    assert one.continued(102, -1.0) is None  # it falls there too
    assert [one.truncated(99), one.truncated(103), one.continued(103, 1.0)] == [None] * 3
    assert one.evaluations == 6


def test_a_part_that_is_a_number_is_dated_by_the_cut() -> None:
    leak = probe(lambda view: {"long": view["close"] > 0, "stop": float(view["close"].iloc[-1, 0])}).truncated(50)
    assert leak == Leak("truncate", INDEX[50], "[stop]", INDEX[50], "", dated=False)


def test_an_honest_decision_is_asked_some_thirty_times_and_of_few_cuts_no_oftener() -> None:
    lengths: list[int] = []

    def counted(view: Quiet) -> dict[str, object]:
        lengths.append(len(view.index))
        return honest(view)

    whole, late, few = probe(counted), probe(counted, late=True), probe(counted)
    del lengths[:]
    assert (whole.first_leak(), late.first_leak(), few.first_leak(4)) == (None, None, None)
    assert 22 <= whole.evaluations <= 32
    assert whole.evaluations - late.evaluations == 2  # the screens
    assert few.evaluations == 4
    assert lengths[: whole.evaluations].count(ROWS) >= 2
    assert len(lengths) == whole.evaluations + late.evaluations + 4


def test_another_course_goes_on_for_so_many_rows_or_to_the_end() -> None:
    seen: list[pd.DataFrame] = []
    one = probe(honest)
    one.decide = lambda view: seen.append(view["close"]) or honest(view)  # type: ignore[attr-defined, func-returns-value, index]
    assert [one.continued(row, 1.0) for row in (300, 590)] == [None, None]
    assert [len(frame) for frame in seen] == [301 + AFTER, ROWS]
    for frame, row in zip(seen, (300, 590), strict=True):
        assert frame.iloc[: row + 1].equals(CLOSE.iloc[: row + 1])
        assert (frame.iloc[row + 1 :] > CLOSE.iloc[row]).all(axis=None)


def test_a_decision_that_fails_without_the_future_is_judged_by_another_and_if_that_fails_by_what_it_asked() -> None:
    def needs(view: Quiet) -> dict[str, object]:
        if len(view.index) < ROWS:
            raise ValueError("too short")
        return {"long": view["close"] > 1.01 * view["close"].shift(1)}

    def same(view: Quiet) -> dict[str, object]:
        if not view["close"].equals(CLOSE):
            raise ValueError("no such day\nfar too long a story")
        long = view["close"] > 1e9
        long.iloc[200] = True
        return {"long": long}

    def last(view: Quiet) -> dict[str, object]:
        return {"long": needs(view) and view["close"] > view["close"].iloc[-1] + 40}

    assert probe(needs).truncated(300) is None
    leak = probe(last).truncated(300)
    assert leak is not None
    assert (leak.probe, leak.part, leak.cut) == ("fails", "[long]", INDEX[300])
    rises = np.flatnonzero((CLOSE.shift(-1) > CLOSE).all(axis=1))[50]  # what it falls to is another tomorrow
    tomorrow = probe(lambda view: {"long": needs(view) and view["close"].shift(-1) > view["close"]}).truncated(rises)  # type: ignore[index]
    assert tomorrow == Leak("fails", INDEX[rises], "[long]", INDEX[rises], "A")
    assert probe(same).truncated(199) is None  # it had asked for nothing
    assert probe(same).truncated(200) == Leak("fails", INDEX[200], "the decision (ValueError: no such day)", INDEX[200], "", dated=False)
    assert probe(same).continued(200, 1.0) == probe(same).truncated(200)


def test_what_reaches_past_the_panel_is_an_error_at_every_question() -> None:
    one = probe(honest)

    def past(view: Quiet) -> dict[str, object]:
        raise FenceError("panel.data", "not part of it", "use panel[...]")

    one.decide = past  # type: ignore[assignment]
    rows, directions = np.array([100]), np.array([1.0])
    for ask in (lambda: one.truncated(9), lambda: one.continued(9, 1.0), lambda: one._failed(9, ValueError()), lambda: one._suspect(rows, directions, True)):
        with pytest.raises(FenceError):
            ask()


def test_a_decision_by_chance_is_told_as_not_repeatable() -> None:
    chance = np.random.default_rng(1)
    leak = probe(lambda view: {"long": view["close"] > 100 + chance.standard_normal((len(view.index), 1))}).first_leak()
    assert leak is not None
    assert leak.probe == "repeat"
    found = probe(lambda view: {"long": view["close"].shift(-1) > view["close"]}).first_leak()  # type: ignore[index]
    assert found is not None
    assert found.probe in ("truncate", "perturb")


def test_a_screen_suspects_the_row_before_a_change_that_moved_and_no_honest_memory_twice() -> None:
    rows, directions = np.array([0, 100, 200]), np.array([1.0, -1.0, 1.0])
    ahead = probe(lambda view: {"long": 1.0 * view["close"].shift(-1)})  # type: ignore[index]
    assert ahead._suspect(rows, directions, False) == (99, -1.0)
    assert ahead._suspect(rows[1:], directions[1:], False) == (99, -1.0)  # before the first there is nothing to remember
    five = probe(lambda view: {"long": 1.0 * view["close"].shift(-5)})  # type: ignore[index]
    assert five._suspect(rows, directions, False) == (99, -1.0)
    assert probe(lambda view: {"long": 1.0 * view["close"].shift(-6)})._suspect(rows, directions, True) is None  # type: ignore[index]
    memory = probe(lambda view: {"long": view["close"].expanding().mean()})  # type: ignore[index]
    assert memory._suspect(rows, directions, False) is None
    assert memory._suspect(rows, directions, True) == (99, -1.0)
    assert probe(honest)._suspect(rows, directions, True) is None


def test_entries_are_shown_nothing_a_fall_and_a_rise_in_turn_and_features_are_computed_at_one_cut() -> None:
    seen: list[Shown] = []

    def watched(view: Shown) -> dict[str, object]:
        seen.append(view)
        return honest(view)  # type: ignore[arg-type]

    whole, few = probe(watched), probe(watched)  # type: ignore[arg-type]
    del seen[:]
    assert whole.first_leak() is None
    cuts = [view.kept - 1 for view in seen[:-2]]
    begins = {int(row) for row, _ in activity_of(whole.full).begins}
    entries = [n for n, row in enumerate(cuts) if row in begins]
    assert len(entries) >= ENTRIES
    for turn, n in enumerate(entries):
        assert len(seen[n].index) == min(cuts[n] + 1 + (AFTER if turn % 3 else 0), ROWS)
        if turn % 3:
            assert (seen[n]["close"].iloc[cuts[n] + 2] > CLOSE.iloc[cuts[n]]).all() == (turn % 3 == 2)
    assert all(len(seen[n].index) == row + 1 for n, row in enumerate(cuts) if n not in entries)
    assert [view.recall is None for view in seen] == [True] + [False] * (len(seen) - 1)
    del seen[:]
    few.first_leak(3)
    assert [view.recall is None for view in seen] == [False] * 3


def test_warnings_of_a_part_of_the_history_are_nobodys() -> None:
    def warned(view: Quiet) -> dict[str, object]:
        if len(view.index) < ROWS:
            warnings.warn("mean of an empty slice", RuntimeWarning, stacklevel=1)
        return honest(view)

    one = probe(warned)
    assert one.first_leak() is None
    assert one.evaluations <= 32  # none was asked twice
    with pytest.warns(RuntimeWarning, match="empty slice"):
        warned(Shown(one.panel, 9))  # type: ignore[arg-type]
