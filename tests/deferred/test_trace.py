"""What is recorded, what is fixed, what is refused, and how often pandas is asked."""

from __future__ import annotations

from copy import copy, deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.deferred.frames import tiny_panel

from flowbt.deferred import Evaluator, Tracer
from flowbt.deferred.evaluate import size_of
from flowbt.deferred.graph import Graph, Node
from flowbt.deferred.record import unwrap
from flowbt.engine.types import Signals
from flowbt.ground.errors import SignalError


def run(function: Any, trials: list[dict[str, Any]]) -> tuple[Tracer, list[Signals]]:
    tracer = Tracer(function, tiny_panel(), trials[0])
    return tracer, [tracer.evaluate(values) for values in trials]


def test_each_distinct_sub_expression_is_evaluated_once() -> None:
    def signals(panel: Any, *, window: int, level: float) -> Signals:
        mean = panel["close"].rolling(window).mean()
        return Signals(long=(mean > level) & (mean < 2 * level))

    trials = [{"window": w, "level": v} for w in (3, 5) for v in (90.0, 100.0, 110.0)]
    tracer = Tracer(signals, tiny_panel(), trials[0])
    root = tracer.trace(trials[0]).fields["long"]
    tracer.evaluator.announce([(root, values) for values in trials])
    for values in trials:
        tracer.evaluator.take(root, values)
    # read once; rolling and mean per window; 2 * level per level; two comparisons and one & per trial
    assert tracer.evaluator.evaluations == 1 + 2 * 2 + 3 + 3 * 6


def test_a_branch_fixes_its_parameter_only() -> None:
    def signals(panel: Any, *, kind: str, level: float) -> Signals:
        close = panel["close"]
        return Signals(long=close > level if kind == "up" else close < level)

    tracer, (up, down) = run(signals, [{"kind": "up", "level": 100.0}, {"kind": "down", "level": 100.0}])
    assert tracer.fixed == {"kind"}
    assert not tracer.per_trial
    assert not (up.long & down.long).any().any()
    assert "kind" in tracer.reasons[0]


def test_a_loop_over_a_parameter_is_fixed_too() -> None:
    def signals(panel: Any, *, lags: int, level: float) -> Signals:
        close = panel["close"]
        return Signals(long=sum(close.shift(k) for k in range(1, lags + 1)) / lags > level)

    tracer, (got,) = run(signals, [{"lags": 3, "level": 100.0}])
    close = tiny_panel()["close"]
    assert tracer.fixed == {"lags"}
    pd.testing.assert_frame_equal(got.long, (close.shift(1) + close.shift(2) + close.shift(3)) / 3 > 100.0)


@pytest.mark.parametrize("change", ["loc", "closure", "concat"])
def test_what_cannot_be_recorded_is_called_per_trial(change: str) -> None:
    def signals(panel: Any, *, level: float) -> Signals:
        close = panel["close"]
        if change == "loc":
            close.loc[close["AAA"] < level] = 0.0
        elif change == "closure":
            close = close.apply(lambda column: column - level)
        else:
            close = pd.concat([close["AAA"], close["BBB"]], axis=1) * level
        return Signals(long=close > 0)

    tracer, (got,) = run(signals, [{"level": 100.0}])
    assert tracer.per_trial
    pd.testing.assert_frame_equal(got.long, signals(tiny_panel(), level=100.0).long)


def test_assignment_into_a_frame_is_recorded() -> None:
    def signals(panel: Any, *, level: float) -> Signals:
        close = panel["close"]
        before = close > level
        close["AAA"] += level * close["BBB"]
        close[close < level] = 0.0
        return Signals(long=close > 2 * level, short=before)

    tracer, (got,) = run(signals, [{"level": 0.5}])
    wanted = signals(tiny_panel(), level=0.5)
    assert not tracer.fixed
    pd.testing.assert_frame_equal(got.long, wanted.long)
    pd.testing.assert_frame_equal(got.short, wanted.short)


@pytest.mark.parametrize(
    "look", [lambda c, n: c.shift(-n), lambda c, n: c.pct_change(periods=-n), lambda c, n: c.rolling(n, center=True).mean(), lambda c, n: c.bfill()]
)
def test_look_ahead_is_refused(look: Any) -> None:
    with pytest.raises(SignalError, match="look-ahead"):
        run(lambda panel, *, n: Signals(long=look(panel["close"], n) > 0), [{"n": 2}])


def test_a_question_without_parameters_is_answered_at_once() -> None:
    def signals(panel: Any, *, level: float) -> Signals:
        close = panel["close"]
        assert len(close) == len(panel.index)
        assert list(close.columns) == list(panel.symbols)
        assert np.isnan(np.asarray(close)).sum() == 3
        return Signals(long=close > level if panel.has("close") and close["AAA"].notna().all() else close < level)

    tracer, (got,) = run(signals, [{"level": 100.0}])
    assert not tracer.fixed
    pd.testing.assert_frame_equal(got.long, tiny_panel()["close"] > 100.0)


def test_spare_results_stay_within_their_budget() -> None:
    tracer = Tracer(lambda panel, *, n: Signals(long=panel["close"].rolling(n).mean() > 0), tiny_panel(), {"n": 2}, evaluator=Evaluator(most_bytes=4_000))
    for n in range(2, 30):
        tracer.evaluate({"n": n})
    assert tracer.evaluator._spare.currsize <= 4_000
    assert not tracer.evaluator._held


def test_a_spare_result_that_just_fits_is_kept() -> None:
    node = Graph().node(np.zeros, 10)
    for room, kept in ((80, 1), (79, 0)):
        evaluator = Evaluator(most_bytes=room)
        evaluator.take(node, {})
        assert len(evaluator._spare) == kept


def test_numpys_functions_are_recorded_too() -> None:
    def signals(panel: Any, *, level: float) -> Signals:
        close = panel["close"]
        return Signals(long=close > level, size=np.where(close > level, 0.5, 0.25))

    tracer, (got,) = run(signals, [{"level": 100.0}])
    close = tiny_panel()["close"]
    assert not tracer.per_trial
    np.testing.assert_array_equal(got.size, np.where(close > 100.0, 0.5, 0.25))


def test_what_is_announced_once_is_computed_once_however_often_it_is_asked_for() -> None:
    tracer = Tracer(lambda panel, *, n: Signals(long=panel["close"].rolling(n).mean() > 0), tiny_panel(), {"n": 2})
    root = tracer.trace({"n": 2}).fields["long"]
    for n in (2, 3, 2, 3):
        tracer.evaluator.take(root, {"n": n})
    assert tracer.evaluator.evaluations == 1 + 2 * 3  # the field once; per window rolling, mean and >
    assert not tracer.evaluator._held


@pytest.mark.parametrize("lag", [0, 1, 5])
def test_a_lag_of_nothing_or_more_is_no_look_ahead(lag: int) -> None:
    _, (got,) = run(lambda panel, *, n: Signals(long=panel["close"].shift(n) > 100.0), [{"n": lag}])
    pd.testing.assert_frame_equal(got.long, tiny_panel()["close"].shift(lag) > 100.0)


def test_what_is_written_twice_is_evaluated_once() -> None:
    def signals(panel: Any, *, window: int) -> Signals:
        return Signals(long=panel["close"].rolling(window).mean() > 100.0, short=panel["close"].rolling(window).mean() <= 100.0)

    tracer, _ = run(signals, [{"window": 3}])
    assert tracer.evaluator.evaluations == 1 + 2 + 2  # the read, rolling and mean are shared; two comparisons


@pytest.mark.parametrize("look", [lambda c: c.shift(-1, axis=1), lambda c: c.diff(-1, axis="columns"), lambda c: c.bfill(axis=1)])
def test_across_the_columns_nothing_is_later(look: Any) -> None:
    _, (got,) = run(lambda panel, *, n: Signals(long=look(panel["close"]) > n), [{"n": 2}])
    pd.testing.assert_frame_equal(got.long, look(tiny_panel()["close"]) > 2)


def test_the_operations_tell_trials_apart_by_what_they_do_and_not_by_numbers() -> None:
    def signals(panel: Any, *, smooth: bool, level: float) -> Signals:
        close = panel["close"]
        return Signals(long=(close.rolling(3).mean() if smooth else close) > level, stop=0.1 if smooth else None)

    tracer = Tracer(signals, tiny_panel(), {"smooth": True, "level": 1.0})
    smooth, other, plain = (tracer.operations({"smooth": s, "level": v}) for s, v in ((True, 1.0), (True, 2.0), (False, 1.0)))
    assert smooth == other
    assert {"gt", "method rolling", "method mean", "long", "stop"} <= smooth
    assert smooth - plain == {"method rolling", "method mean", "stop"}


def test_a_function_is_called_once_for_all_trials_that_share_a_trace() -> None:
    calls: list[Any] = []

    def signals(panel: Any, *, up: bool, level: float) -> Signals:
        calls.append(level)
        return Signals(long=panel["close"] > level if up else panel["close"] < level)

    tracer, _ = run(signals, [{"up": up, "level": level} for up in (True, False) for level in (90.0, 100.0, 110.0)])
    assert tracer.traces == 2
    assert len(calls) == 3  # the first call ends where it asks for `up`


@pytest.mark.parametrize("given", [None, 3.0, Signals, {"long": 1}])
def test_what_is_no_decision_is_refused_by_name(given: Any) -> None:
    with pytest.raises(SignalError, match=rf"a strategy's result: {type(given).__name__}; return Signals"):
        run(lambda panel, *, n: given, [{"n": 1}])


def test_what_two_results_share_is_computed_once_even_where_nothing_is_spared() -> None:
    graph, evaluator = Graph(), Evaluator(most_bytes=0)
    shared = graph.node(np.arange, 5)
    roots = [graph.node(np.negative, shared), graph.node(np.square, shared)]
    evaluator.announce([(root, {}) for root in roots])
    assert [evaluator.take(root, {}).tolist() for root in roots] == [[0, -1, -2, -3, -4], [0, 1, 4, 9, 16]]
    assert evaluator.evaluations == 3


def test_every_way_to_read_the_panel_is_recorded() -> None:
    def signals(panel: Any, *, level: float) -> Signals:
        gex = panel.spread(panel["gex", "SPX"]["AAA"])
        return Signals(long=(panel.either("nothing", "close") > level) & (gex == panel["gex", "SPX"]), size=panel.wide("close"))

    tracer, (got,) = run(signals, [{"level": 100.0}])
    assert not tracer.per_trial
    pd.testing.assert_frame_equal(got.long, tiny_panel()["close"] > 100.0)
    pd.testing.assert_frame_equal(got.size, tiny_panel()["close"])


@dataclass(frozen=True)
class Rule:
    level: object
    name: str = "rule"


def test_what_a_dataclass_holds_becomes_a_node_in_a_copy_of_it() -> None:
    seen: list[tuple[Rule, Any]] = []

    def signals(panel: Any, *, level: float) -> Signals:
        rule = Rule(panel["close"].mean(axis=1) * level)
        seen.append((rule, unwrap(rule)))
        return Signals(long=panel["close"] > level)

    run(signals, [{"level": 100.0}])
    rule, inside = seen[0]
    assert isinstance(inside.level, Node)
    assert inside is not rule
    assert (inside.name, unwrap(plain := Rule(3.0))) == ("rule", plain)


def test_a_node_that_nobody_announced_is_evaluated_and_let_go() -> None:
    graph, evaluator = Graph(), Evaluator(0)  # no room for what nobody awaits
    shared = graph.node(np.full, 50, 2.0)
    root = graph.node(np.subtract, graph.node(np.negative, shared), graph.node(np.abs, shared))
    assert np.asarray(evaluator.take(root, {})).tolist() == [-4.0] * 50
    assert evaluator.evaluations == 4
    assert not evaluator._held
    assert not +evaluator._awaited


def test_what_a_result_holds_is_its_values() -> None:
    assert size_of(pd.Series(np.zeros(10))) == 80
    assert size_of(pd.DataFrame(np.zeros((10, 3)))) == 240
    assert size_of((np.zeros(4), pd.Series(np.zeros(2)))) == 48


@pytest.mark.parametrize(
    ("use", "why"),
    [
        (lambda close, n: round(n), "round() needs the value of n"),
        (lambda close, n: f"{n}", "format() needs the value of n"),
        (lambda close, n: {n: 1}, "hash() needs the value of n"),
        (lambda close, n: list(close * n), "iteration needs the value of n"),
        (lambda close, n: len(close * n), "len() needs the value of n"),
        (lambda close, n: np.add(close, n, out=close), "np.add(out=...) needs the value of n"),
        (lambda close, n: close.fillna(n, inplace=True), "fillna(inplace=True) needs the value of n"),
        (lambda close, n: close.iloc.__setitem__(0, n), "assignment through an attribute needs the value of n"),
        (lambda close, n: np.asarray(close * n), "np.asarray needs the value of n"),
    ],
)
def test_what_needs_a_value_says_why(use: Any, why: str) -> None:
    def signals(panel: Any, *, n: int) -> Signals:
        use(panel["close"].copy(), n)
        return Signals(long=panel["close"] > 0)

    tracer, _ = run(signals, [{"n": 3}])
    assert tracer.reasons == [why]


def test_copies_reductions_and_events_are_recorded() -> None:
    def signals(panel: Any, *, n: float) -> Signals:
        close = panel["close"]
        both = copy(close) + deepcopy(close)
        return Signals(long=both > n, size=np.add.reduce(close.fillna(0.0).to_numpy(), axis=1), stop=panel.events("CPI"))

    tracer = Tracer(signals, tiny_panel(), {"n": 3.0})
    made = tracer.trace({"n": 3.0})
    take = tracer.evaluator.take
    close = tiny_panel()["close"]
    assert not tracer.fixed
    pd.testing.assert_frame_equal(take(made.fields["long"], {"n": 300.0}), 2 * close > 300.0)
    np.testing.assert_allclose(take(made.fields["size"], {"n": 3.0}), close.fillna(0.0).sum(axis=1))
    assert "method events" in tracer.operations({"n": 3.0})
