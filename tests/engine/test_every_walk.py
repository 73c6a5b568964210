"""All walks on the same cases: twin, kernel, sweep (fused and general), vectorbt's book, its own order, and the measures."""

import dataclasses
import functools
import math

import numpy as np
import pandas as pd
import pytest
from tests.engine import cases
from tests.studies.sweep.markets import sweeper_of

from flowbt.engine.decisions import no_rules, plan_of, rules_of
from flowbt.engine.simulate import bars_of, simulate
from flowbt.engine.sweep.fingerprint import PLAIN
from flowbt.engine.sweep.kernel import Trials, opens_of, run_trials
from flowbt.engine.sweep.results import BarRange
from flowbt.engine.sweep.sums import METRICS
from flowbt.engine.types import PRICES, Account, Costs, Signals, Targets
from flowbt.engine.vbt.mode import Fills, simulate_as_vectorbt
from flowbt.engine.vbt.reconcile import reconcile
from flowbt.engine.walk import kernel, twin
from flowbt.engine.walk.events import REASONS
from flowbt.evidence.measures import measure


def twin_and_kernel(m, decision, costs, account):
    """The twin's tape, after the kernel's was found equal to it."""
    bars = bars_of(m, costs)
    terms = kernel.Terms(account.cash, costs.fees, costs.slippage, costs.borrow, account.margin, account.max_gross)
    if isinstance(decision, Targets):
        given = (bars, plan_of(decision, m), no_rules(), terms)
        (tape, count), plain = kernel.run_targets(*given), twin.run_targets(*given)
    else:
        (tape, count), plain = kernel.run_signals(bars, rules_of(decision, m), terms), twin.run_signals(bars, rules_of(decision, m), terms)
    np.testing.assert_array_equal(tape.order[:count], plain.order)
    np.testing.assert_allclose(tape.fill[:count], plain.fill, rtol=1e-10, atol=1e-12)
    for ours, theirs in zip(tape[2:], plain[2:], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10 * account.cash)
    return plain


def swept(case):
    """Metrics and returns of the same case as a sweep of one trial, and the walk they are from."""
    sweeper = sweeper_of(lambda panel, *, k: case.decision, case.market, {"k": (0,)}, case.costs, case.account)
    got = sweeper.run(np.zeros((1, 1), np.int64), BarRange(case.first, case.last, returns=True))
    return got.metrics[0], got.returns[0], "general" if sweeper.unfused else sweeper._kernel(sweeper.bars_in(BarRange(case.first, case.last))).func.__name__


def hold_equal(case, book_too):
    m, decision = case.market.cut(case.first, case.last), cases.cut(case.decision, case.first, case.last)
    plain = twin_and_kernel(m, decision, case.costs, case.account)
    book = simulate(m, decision, case.costs, case.account)
    assert len(book.orders) == len(plain.order)
    found, returns, walk = swept(case)
    np.testing.assert_allclose(returns, book.returns, rtol=1e-9, atol=1e-9)
    one = measure(book.returns, book.trades[book.trades["reason"] != "open"], m.year, activity=book.exposure)
    for name, ours in zip(METRICS, found, strict=True):
        theirs = float(getattr(one, name))
        assert (math.isnan(ours) and math.isnan(theirs)) or abs(ours - theirs) <= 1e-9 * max(1.0, abs(theirs)), name
    if book_too:
        assert reconcile(book) < 1e-9
        in_vectorbts_order(m, decision, case)
    return [walk, *(REASONS[k] for k in plain.order[:, 2])]


def in_vectorbts_order(m, decision, case):
    """The second mode's book agrees with vectorbt's too, where it can take the decision."""
    if isinstance(decision, Signals) and not (decision.stop is not None and decision.trail is not None) and not (m.open == 0.0).any():
        whole = decision if decision.exit is None else dataclasses.replace(decision, exit=decision.exit > 0.5)
        assert reconcile(simulate_as_vectorbt(m, dataclasses.replace(whole, size=None), case.costs, case.account, Fills("amount"))) < 1e-9


@functools.cache
def marks_of(block):
    """The walks and reasons of fifty cases, each held equal."""
    return [mark for seed in range(50 * block, 50 * block + 50) for mark in hold_equal(cases.case(seed), seed % 10 == 0)]


@pytest.mark.parametrize("block", range(10))
def test_every_walk_gives_the_same_on_five_hundred_cases(block):
    assert marks_of(block)


def test_the_five_hundred_are_walked_in_every_way_and_left_for_every_reason():
    seen = pd.Series([mark for block in range(10) for mark in marks_of(block)], dtype=object).value_counts()
    wanted = {*REASONS[:10], "run_single", "run_several", "run_trials", "general"}
    assert wanted <= set(seen.index)
    assert seen[list(wanted)].min() >= 20


def test_an_exit_that_waited_while_flat_does_not_close_a_later_entry():
    hold_equal(cases.case(708), False)  # found by the ten thousand


def test_positions_that_nothing_ends_inside_a_bar_are_added_up_as_bar_by_bar():
    seen = [mark for seed in range(150) for mark in hold_equal(cases.calm(seed), False)]
    assert seen.count("run_single") > 60


def test_who_leaves_without_equity_and_is_asked_in_again_stays_out_for_that_bar():
    hold_equal(cases.calm(899), False)  # found by the ten thousand


def test_prices_far_below_one_are_walked_as_any_other():
    for seed in range(40):
        case = cases.case(seed)
        small = {name: getattr(case.market, name) * 1e-4 for name in PRICES[:4]}
        hold_equal(case._replace(market=dataclasses.replace(case.market, **small)), False)


@pytest.mark.parametrize("symbols", [1, 2])
def test_over_very_many_bars_sums_are_kept_in_pieces(symbols):
    """More bars than `run_single` keeps the values of, and than a block of `run_trials` has; in and out every few of them."""
    rng = np.random.default_rng(symbols)
    m = cases.market(rng, 2_700, symbols, vol=0.002, missing=0.0 if symbols == 1 else 0.01)
    often = {name: cases.frame(m, rng.random(m.close.shape) < 0.2) for name in ("long", "short")}
    for rules in ({}, {"trail": 0.003, "hold": 30}):
        case = cases.Case(m, Signals(**often, exit=often["long"].shift(3, fill_value=False), **rules), Costs(), Account(), 0, 2_700)
        marks = hold_equal(case, False)
        assert (marks[0], len(marks) > 500) == (("run_single", "run_trials")[symbols - 1], True)


@pytest.mark.parametrize(("symbols", "walk"), [(1, "run_single"), (8, "run_several"), (70, "run_trials")])
def test_levels_that_are_just_reached_are_reached_in_every_walk(symbols, walk):
    """Prices in eighths of a hundred under rules in eighths: highs and lows fall on the levels to the last digit."""
    seen = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        m = cases.market(rng, 60, symbols, vol=0.06)
        m = dataclasses.replace(m, **{name: np.maximum(np.round(getattr(m, name) / 12.5), 1.0) * 12.5 for name in PRICES[:4]})
        decided = {name: cases.frame(m, rng.random(m.close.shape) < 0.15) for name in ("long", "short")}
        rules = [{"take": 0.125}, {"stop": 0.125}, {"trail": 0.25}, {"take": 0.25, "stop": 0.125}][seed]
        seen += hold_equal(cases.Case(m, Signals(**decided, size=0.02, **rules), Costs(0.0, 0.0), Account(), 0, 60), False)
    assert {walk, "take", "stop", "trail"} <= set(seen)


@pytest.mark.parametrize("rules", [{"take": 0.02}, {"stop": 0.02}, {"trail": 0.02}, {"hold": 4}], ids=str)
def test_each_rule_alone_ends_a_position_of_one_symbol(rules):
    for seed in range(6):
        rng = np.random.default_rng(seed)
        m = cases.market(rng, 60, 1)
        signals = Signals(long=cases.frame(m, rng.random(m.close.shape) < 0.1), **rules)
        marks = hold_equal(cases.Case(m, signals, Costs(), Account(), 0, 60), False)
        assert {"run_single", *rules} <= set(marks)


def test_symbols_that_are_followed_trade_by_trade():
    assert [hold_equal(cases.handful(seed), seed == 0)[0] for seed in range(20)] == ["run_several"] * 20


def test_more_symbols_than_a_word_has_bits():
    assert [hold_equal(cases.crowd(seed), seed == 0)[0] for seed in range(12)] == ["run_trials"] * 12


def walked(bars, near, masks, rows, rules):
    """Metrics and returns of trials that go through blocks of `near` bytes of prices together."""
    trials = Trials(rows, rules, np.empty((len(rows), len(METRICS))), np.zeros((len(rows), len(bars.open))))
    run_trials(bars, opens_of(bars, near), kernel.Terms(1e5, 1e-4, 2e-4, 0.01, 1.0, 1.0), masks, PLAIN, trials, 252.0)
    return np.column_stack([trials.out, trials.returns])


@pytest.mark.parametrize("symbols", [3, 70])
def test_trials_that_share_blocks_of_bars_are_what_each_is_alone(symbols):
    rng = np.random.default_rng(symbols)
    bars = bars_of(cases.market(rng, 200, symbols, missing=0.05, funding=True), Costs())
    masks = np.bitwise_and.reduce(rng.integers(0, 2**64, (4, 6, symbols * 4), np.uint64))  # one bit in sixteen
    rows = np.repeat([rng.permutation(6)[:3] for _ in range(20)], 2, axis=0)  # pairs have the same signals
    rules = np.where(rng.random((40, 5)) < 0.4, np.nan, rng.uniform(0.01, 0.1, (40, 5))) * [100, 1, 1, 1, 1]
    rules[:, 4] = 0.3
    together, alone = walked(bars, 0, masks, rows, rules), [walked(bars, 1 << 30, masks, rows[k : k + 1], rules[k : k + 1])[0] for k in range(40)]
    np.testing.assert_allclose(together, alone, rtol=1e-12, atol=1e-13)
    assert (together[:, METRICS.index("trades")] > 5).all()


@pytest.mark.slow
@pytest.mark.parametrize("block", range(20))
def test_every_walk_gives_the_same_on_ten_thousand_cases(block):
    for seed in range(500 + 500 * block, 1000 + 500 * block):
        hold_equal(cases.case(seed), True)
        hold_equal(cases.calm(seed), False)
        if seed % 10 == 0:
            hold_equal(cases.handful(seed), False)
            hold_equal(cases.crowd(seed), False)
