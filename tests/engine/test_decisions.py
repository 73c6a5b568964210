"""What a strategy may not return: one clear line each."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.engine import cases

from flowbt.deferred import Deferred
from flowbt.engine.decisions import check_frame, days_to_next, plan_of, rules_of
from flowbt.engine.simulate import simulate
from flowbt.engine.types import PRICES, Account, Costs, Labels, Signals, Targets
from flowbt.ground.errors import EngineError, FenceError, SignalError

M = cases.market(np.random.default_rng(0), bars=10, symbols=2)
YES = cases.frame(M, np.ones(M.close.shape, bool))


@pytest.mark.parametrize(("decision", "message"), [
    (Signals(), "neither long nor short"),
    (Signals(long=YES["A"]), "long as a frame of 10 labels x 2 symbols: a Series; use panel.spread"),
    (Signals(long=YES[["A"]]), "long for A, B: columns A;"),
    (Signals(long=YES.iloc[1:]), "9 other labels; keep the panel's index"),
    (Signals(long=YES.astype(float)), "a frame of float64; compare with something"),
    (Signals(long=YES, hold=0), "hold at least 1: 0"),
    (Signals(long=YES, stop=-0.1), "stop more than 0: -0.1"),
    (Signals(long=YES, take=np.inf), "take more than 0: inf"),
    (Signals(long=YES, size="big"), "size: a str"),
    (Signals(long=YES, exit=YES * 1.5), "a fraction outside 0..1"),
    (Signals(long=YES, exit=YES * -0.1), "a fraction outside 0..1"),
    (Signals(long=YES, exit=YES * np.inf), "a fraction outside 0..1"),
    (Signals(long=YES, exit=YES * 1), "Signals exit: a frame of int64"),
    (Signals(long=YES, hold=10**300), "hold at least 1: inf"),
    (Signals(long=YES, stop=0.0), "stop more than 0: 0"),
    (Signals(long=YES, size=-0.1), "size at least 0: -0.1"),
    (Signals(long=YES, hold=True), "hold: a bool; give a number"),
    (Signals(long=YES.astype(object).replace(True, "yes")), "Signals long: a frame of objects"),
    (Signals(long=YES, size=YES.astype(object).replace(True, "big")), "size: a frame that is not of numbers"),
    (Signals(long=YES.rename(columns={"B": "C"})), "long for A, B: columns A, C; use panel.spread"),
    (Targets(YES.astype(float), band=-0.1), "band at least 0: -0.1"),
    (Targets(YES["A"]), "weights as a frame"),
    (Targets(YES.astype(float) / 0.0), "infinite"),
    (YES, "Signals or Targets: a DataFrame; return"),
])  # fmt: skip
def test_wrong_decisions(decision, message):
    with pytest.raises(SignalError, match=message):
        simulate(M, decision)


def test_missing_counts_as_false():
    shifted = cases.frame(M, M.close > 0).shift(5)
    assert shifted.dtypes.eq(object).all()
    assert simulate(M, Signals(long=shifted)).orders["bar"].tolist() == [6, 6]


def test_a_missing_fraction_closes_nothing():
    leave = cases.frame(M, np.full(M.close.shape, np.nan))
    leave.iloc[2], leave.iloc[4] = 0.5, 1.0
    assert rules_of(Signals(long=YES, exit=leave), M).exit[:, 0].tolist() == [0, 0, 0.5, 0, 1, 0, 0, 0, 0, 0]


def test_columns_may_come_in_another_order():
    size = pd.DataFrame({"B": 0.1, "A": 0.3}, M.index)
    assert simulate(M, Signals(long=YES, size=size)).orders["notional"].round(-2).tolist() == [30_000, 10_000]


@pytest.mark.parametrize(
    ("kind", "terms", "message"),
    [
        (Costs, {"fees": -1}, "fees of -1"),
        (Costs, {"slippage": 1.0}, "slippage of 1"),
        (Costs, {"borrow": "low"}, "borrow of 'low': a str"),
        (Costs, {"fees": np.nan}, "fees of nan"),
        (Costs, {"funding": 1}, "funding of 1: not True or False"),
        (Account, {"cash": 0}, "cash of 0"),
        (Account, {"cash": 1e300}, r"cash of 1e\+300; give a finite number of at least 1e-06"),
        (Account, {"cash": 2 * 10**300}, "cash of more than 300 digits"),
        (Costs, {"fees": 0.05}, "that is 5% of each fill"),
        (Costs, {"borrow": 2.0}, "that is 200% a year"),
        (Account, {"margin": True}, "margin of True: a bool"),
        (Account, {"max_gross": 0.0}, "max_gross of 0"),
    ],
)
def test_impossible_terms_cannot_be_made(kind, terms, message):
    with pytest.raises(EngineError, match=message):
        kind(**terms)


def test_a_missing_funding_rate_is_an_error_only_where_a_position_is_held():
    rates = M.funding.copy()
    rates[0] = np.nan
    assert len(simulate(_with(rates), Signals(long=YES)).orders) == 2
    rates[4, 1] = np.nan
    with pytest.raises(EngineError, match="funding of B at 2020-01-07 00:00: a position was held"):
        simulate(_with(rates), Signals(long=YES))


def _with(funding):
    from dataclasses import replace

    return replace(M, funding=funding)


@pytest.mark.parametrize(("name", "value"), [("stop", 2), ("trail", 5), ("take", 10), ("size", 50)])
def test_a_percentage_given_as_a_fraction_is_a_question(name, value):
    with pytest.raises(SignalError, match=rf"{name} of {value}: that is {value}00%; {name} is a fraction: is 0.\d+ \({value}%\) meant\?"):
        simulate(M, Signals(long=YES, **{name: value}))


@pytest.mark.parametrize("name", ["fees", "slippage", "borrow"])
def test_costs_no_one_pays_are_a_question(name):
    with pytest.raises(EngineError, match=rf"{name} of 5: that is 500% .* is 0.05 \(5%\) or 0.0005 \(5 bp\) meant\?"):
        simulate(M, Signals(long=YES), Costs(**{name: 5.0}))


@pytest.mark.parametrize(("change", "message"), [
    ({"open": M.open[:5]}, "open of 10 bars x 2 symbols"),
    ({"index": M.index[::-1]}, "bars in order of time: labels that go back or repeat"),
    ({"index": M.index[[0, *range(9)]]}, "bars in order of time: labels that go back or repeat"),
    ({"index": M.index[:0], **{name: getattr(M, name)[:0] for name in PRICES}}, "a market to trade: 0 bars"),
])  # fmt: skip
def test_bars_that_cannot_be_traded(change, message):
    with pytest.raises(EngineError, match=message):
        simulate(replace(M, **change), Signals(long=YES))


def test_what_an_earlier_call_kept_is_no_decision():
    kept = object.__new__(Deferred)  # as one that was recorded, and stored in a class, comes back in a plain call
    with pytest.raises(FenceError, match="what an earlier call kept"):
        check_frame("long", kept, Labels(pd.date_range("2024-01-01", periods=3), ("SPY",)))


@pytest.mark.parametrize(("name", "value"), [("stop", 1.0), ("trail", 1.0), ("take", 5.0), ("size", 10.0)])
def test_the_least_that_is_asked_about_and_what_lies_under_it(name, value):
    with pytest.raises(SignalError, match=f"{name} is a fraction"):
        rules_of(Signals(long=YES, **{name: value}), M)
    assert getattr(rules_of(Signals(long=YES, **{name: np.nextafter(value, 0)}), M), name).shape == (1, 1)


def test_the_least_that_may_be_given_is_taken():
    rules = rules_of(Signals(long=YES, exit=YES * 1.0, hold=1, size=0), M)
    assert (rules.hold.item(), rules.size.item(), rules.exit.max()) == (1.0, 0.0, 1.0)
    assert np.isnan([rules.stop.item(), rules.take.item(), rules.trail.item()]).all()
    assert Costs(fees=0, slippage=0.0499, borrow=1.99).slippage == 0.0499
    assert Account(cash=1e-6).cash == 1e-6
    assert plan_of(Targets(YES.astype(float).where(~YES)), M).band.item() == 0.0


def test_without_a_size_symbols_share_the_equity_alike():
    assert rules_of(Signals(long=YES), M).size.item() == 0.5
    assert rules_of(Signals(short=YES), M).short.all()
    assert not rules_of(Signals(short=YES), M).long.any()


def test_days_to_the_next_label_count_weekends_and_parts_of_days():
    assert days_to_next(pd.DatetimeIndex(["2024-01-04", "2024-01-05", "2024-01-08"])).tolist() == [1.0, 3.0, 0.0]
    assert days_to_next(pd.date_range("2024-01-01", periods=3, freq="6h")).tolist() == [0.25, 0.25, 0.0]
