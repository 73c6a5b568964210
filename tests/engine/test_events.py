"""The order of events, one rule at a time, on bars small enough to check by hand."""

import numpy as np
import pandas as pd
import pytest

from flowbt.engine.simulate import simulate
from flowbt.engine.types import Account, Costs, Market, Signals, Targets
from flowbt.engine.walk import events

FREE = Costs(fees=0.0, slippage=0.0, borrow=0.0)


def market(rows, funding=None, symbols=("A",)):
    """Rows of (open, high, low, close) for one symbol, or of lists of them for several."""
    bars = np.array(rows, float).reshape(len(rows), len(symbols), 4)
    rates = np.zeros(bars.shape[:2]) if funding is None else np.array(funding, float).reshape(bars.shape[:2])
    return Market(pd.date_range("2024-01-01", periods=len(rows)), symbols, *(bars[:, :, k].copy() for k in range(4)), rates)


def flat(*prices):
    return market([(p, p, p, p) for p in prices])


def when(m, *bars, symbol="A"):
    out = pd.DataFrame(False, m.index, list(m.symbols))
    out.loc[m.index[list(bars)], symbol] = True
    return out


def fills(book):
    return [(r.bar, r.side, r.price, r.reason) for r in book.orders.itertuples()]


def test_entry_fills_at_the_next_open_and_hold_counts_bars():
    m = flat(10, 11, 12, 13, 14, 15)
    book = simulate(m, Signals(long=when(m, 0), hold=3), FREE)
    assert fills(book) == [(1, "buy", 11.0, "entry"), (4, "sell", 14.0, "hold")]
    assert book.trades.loc[0, ["bars", "pnl"]].tolist() == [3, pytest.approx(100_000 * 3 / 11)]


def test_fees_and_slippage_are_paid_on_every_fill():
    m = flat(10, 10, 10)
    book = simulate(m, Signals(long=when(m, 0), exit=when(m, 1), size=0.5), Costs(fees=0.001, slippage=0.01, borrow=0.0))
    units = 50_000 / 10
    assert book.orders["price"].tolist() == [10.1, 9.9]
    assert book.flows["fees"].tolist() == pytest.approx([0, units * 10.1 * 0.001, units * 9.9 * 0.001])
    assert book.value.iloc[-1] == pytest.approx(100_000 - units * 0.2 - units * 20 * 0.001)
    assert book.flows["slippage"].sum() == pytest.approx(units * 0.2)


def test_stop_works_on_the_entry_bar_and_counts_before_the_take():
    m = market([(10, 10, 10, 10), (10, 12, 8, 11), (11, 11, 11, 11)])
    book = simulate(m, Signals(long=when(m, 0), stop=0.1, take=0.1), FREE)
    assert fills(book) == [(1, "buy", 10.0, "entry"), (1, "sell", 9.0, "stop")]
    assert book.trades["bars"].tolist() == [0]


@pytest.mark.parametrize(("side", "bar", "price", "reason"), [
    ("long", (8, 8.5, 7, 8), 8.0, "stop"), ("long", (12, 13, 11.5, 12), 12.0, "take"),
    ("short", (12, 13, 11.5, 12), 12.0, "stop"), ("short", (8, 8.5, 7, 8), 8.0, "take"),
])  # fmt: skip
def test_a_gap_through_a_level_fills_at_the_open(side, bar, price, reason):
    m = market([(10, 10, 10, 10), (10, 10, 10, 10), bar])
    book = simulate(m, Signals(**{side: when(m, 0)}, stop=0.1, take=0.1), FREE)
    assert fills(book)[1] == (2, "sell" if side == "long" else "buy", price, reason)


def test_trail_uses_the_best_price_up_to_the_bar_before():
    m = market([(10, 10, 10, 10), (10, 12, 9.5, 12), (12, 20, 11, 18), (18, 18, 15, 16)])
    book = simulate(m, Signals(long=when(m, 0), trail=0.1), FREE)
    assert fills(book)[1] == (3, "sell", 18.0, "trail")


def test_stop_level_is_taken_from_the_open_paid_before_slippage():
    m = market([(10, 10, 10, 10), (10, 10, 10, 10), (10, 10, 8.5, 9)])
    book = simulate(m, Signals(long=when(m, 0), stop=0.1), Costs(fees=0.0, slippage=0.01))
    assert book.orders["price"].tolist() == [10.1, pytest.approx(9.0 * 0.99)]


def test_opposite_entry_closes_and_opens_at_one_open_and_both_at_once_is_neither():
    m = flat(10, 10, 10, 10)
    book = simulate(m, Signals(long=when(m, 0, 2), short=when(m, 1, 2)), FREE)
    assert fills(book) == [(1, "buy", 10.0, "entry"), (2, "sell", 10.0, "opposite"), (2, "sell", 10.0, "entry")]


def test_a_hold_that_ends_on_a_new_signal_enters_again_at_the_same_open():
    m = flat(10, 10, 10, 10, 10)
    book = simulate(m, Signals(long=when(m, 0, 1, 2), hold=2), FREE)
    assert [(b, r) for b, _, _, r in fills(book)] == [(1, "entry"), (3, "hold"), (3, "entry")]


def test_orders_wait_over_bars_without_an_open_and_marks_use_the_last_close():
    nan = np.nan
    m = market([(10, 10, 10, 10), (nan, nan, nan, nan), (11, 11, 11, 11), (nan, nan, nan, nan), (12, 12, 12, 12)])
    book = simulate(m, Signals(long=when(m, 0), exit=when(m, 2), size=1.0), FREE)
    assert fills(book) == [(2, "buy", 11.0, "entry"), (4, "sell", 12.0, "signal")]
    assert book.value.tolist() == pytest.approx([100_000, 100_000, 100_000, 100_000, 100_000 * 12 / 11])


def test_entries_of_a_bar_share_what_is_left_in_proportion():
    m = market([[(10,) * 4, (20,) * 4, (5,) * 4]] * 4, symbols=("A", "B", "C"))
    size = pd.DataFrame({"A": 0.4, "B": 0.6, "C": 0.9}, m.index)
    long = when(m, 0) | when(m, 1, symbol="B") | when(m, 1, symbol="C")
    book = simulate(m, Signals(long=long, size=size), FREE)
    assert book.orders["notional"].tolist() == pytest.approx([40_000, 60_000 * 0.6 / 1.5, 60_000 * 0.9 / 1.5])
    assert book.exposure["gross"].iloc[-1] == pytest.approx(1.0)


def test_a_short_pays_borrow_by_calendar_days():
    m = Market(pd.DatetimeIndex(["2024-01-04", "2024-01-05", "2024-01-08"]), ("A",), *(np.full((3, 1), 10.0) for _ in range(4)), np.zeros((3, 1)))
    book = simulate(m, Signals(short=when(m, 0)), Costs(fees=0, slippage=0, borrow=0.0365))
    assert book.flows["borrow"].tolist() == pytest.approx([0, 100_000 * 0.0365 * 3 / 365, 0])
    assert book.trades["pnl"].tolist() == pytest.approx([-30.0])


@pytest.mark.parametrize(("side", "sign"), [("long", 1), ("short", -1)])
def test_positive_funding_is_paid_by_longs_and_received_by_shorts(side, sign):
    m = market([(10,) * 4] * 3, funding=[0.5, 0.001, 0.002])
    book = simulate(m, Signals(**{side: when(m, 0)}), FREE)
    assert book.flows["funding"].tolist() == pytest.approx([0, sign * 100.0, sign * 200.0])
    unfunded = simulate(m, Signals(**{side: when(m, 0)}), Costs(0, 0, 0, funding=False))
    assert unfunded.value.iloc[-1] == 100_000


def test_a_short_is_liquidated_at_its_margin_and_never_carried_below():
    m = market([(10, 10, 10, 10), (10, 10, 10, 10), (15, 30, 15, 28), (28, 28, 28, 28)])
    book = simulate(m, Signals(short=when(m, 0)), FREE)
    assert fills(book)[1] == (2, "buy", 20.0, "liquidation")
    assert book.value.iloc[-1] == pytest.approx(0.0)
    assert simulate(m, Signals(short=when(m, 0), size=0.5), FREE, Account(margin=0.2)).orders["price"].tolist() == [10.0, 15.0]


def test_partial_exit_closes_a_fraction_and_the_trade_stays_one():
    m = flat(10, 10, 12, 14, 16)
    leave = pd.DataFrame({"A": [0, 0.25, 0, 1.0, 0]}, m.index)
    book = simulate(m, Signals(long=when(m, 0), exit=leave, size=1.0), FREE)
    assert fills(book)[1:] == [(2, "sell", 12.0, "partial"), (4, "sell", 16.0, "signal")]
    assert book.trades["pnl"].tolist() == pytest.approx([2_500 * 2 + 7_500 * 6])


def test_open_positions_are_marked_and_flagged():
    m = flat(10, 10, 13)
    trade = simulate(m, Signals(long=when(m, 0)), FREE).trades.iloc[0]
    assert (trade["reason"], trade["exit_price"], trade["exit_label"]) == ("open", 13.0, m.index[-1])
    assert trade["pnl"] == pytest.approx(30_000)


def test_targets_rebalance_outside_the_band_and_flip_in_two_fills():
    m = flat(10, 10, 11, 11, 11)
    weights = pd.DataFrame({"A": [0.5, 0.5, np.nan, -0.5, 0.0]}, m.index)
    book = simulate(m, Targets(weights, band=0.1), FREE)
    assert fills(book) == [(1, "buy", 10.0, "entry"), (4, "sell", 11.0, "opposite"), (4, "sell", 11.0, "entry")]
    assert book.orders["units"].tolist() == pytest.approx([5_000, 5_000, 0.5 * 105_000 / 11])


def test_targets_over_the_allowed_gross_are_scaled():
    m = market([[(10,) * 4, (20,) * 4]] * 2, symbols=("A", "B"))
    book = simulate(m, Targets(pd.DataFrame({"A": 1.5, "B": -0.5}, m.index)), FREE)
    assert book.orders["notional"].tolist() == pytest.approx([75_000, 25_000])


def test_the_last_decision_is_never_filled_and_the_first_bar_never_trades():
    m = flat(10, 10, 10)
    assert len(simulate(m, Signals(long=when(m, 2)), FREE).orders) == 0
    assert simulate(m, Signals(long=when(m, 0, 1, 2)), FREE).orders["bar"].tolist() == [1]


def test_after_ruin_nothing_is_entered_and_no_return_is_earned():
    m = market([(10, 10, 10, 10), (10, 10, 10, 10), (40, 40, 40, 40), (40, 40, 40, 40), (40, 40, 40, 40)])
    book = simulate(m, Signals(short=when(m, 0), long=when(m, 2, 3)), FREE)
    assert fills(book)[1:] == [(2, "buy", 40.0, "liquidation")]  # gapped through the margin
    assert book.value.tolist() == pytest.approx([100_000, 100_000, -200_000, -200_000, -200_000])
    assert book.returns.tolist() == pytest.approx([0, 0, -3, 0, 0])


def test_of_equal_levels_the_stop_counts_before_the_trail_and_the_trail_before_liquidation():
    m = market([(10, 10, 10, 10), (10, 10, 10, 10), (10, 15, 5, 10)])
    both, trail = {"stop": 0.5, "trail": 0.5}, {"trail": 0.5}
    for side, rules, reason in (("long", both, "stop"), ("short", both, "stop"), ("short", trail, "trail")):
        assert fills(simulate(m, Signals(**{side: when(m, 0)}, **rules), FREE, Account(margin=0.5)))[1][3] == reason


def test_exits_at_an_open_are_signal_then_opposite_then_hold_then_partial():
    m = flat(10, 10, 10, 10)
    for given, reason in (
        ({"exit": when(m, 1), "short": when(m, 1), "hold": 1}, "signal"),
        ({"exit": when(m, 1) * 0.5, "short": when(m, 1), "hold": 1}, "opposite"),
        ({"exit": when(m, 1) * 0.5, "hold": 1}, "hold"),
        ({"exit": when(m, 1) * 0.5}, "partial"),
    ):
        assert fills(simulate(m, Signals(long=when(m, 0), **given), FREE))[1][3] == reason


def test_weights_share_what_the_positions_without_a_new_weight_leave():
    m = market([[(10,) * 4, (20,) * 4]] * 3, symbols=("A", "B"))
    book = simulate(m, Targets(pd.DataFrame({"A": [0.8, np.nan, np.nan], "B": [np.nan, 0.8, np.nan]}, m.index)), FREE)
    assert book.orders["notional"].tolist() == pytest.approx([80_000, 20_000])


def test_exposure_is_signed_notional_over_equity_and_turnover_what_was_traded_over_the_equity_before():
    m = market([[(10,) * 4, (10,) * 4], [(10,) * 4, (10,) * 4], [(10, 12, 10, 12), (10,) * 4]], symbols=("A", "B"))
    book = simulate(m, Signals(long=when(m, 0), short=when(m, 0, symbol="B"), size=0.25), FREE)
    assert book.exposure["net"].tolist() == pytest.approx([0.0, 0.0, 5_000 / 105_000])
    assert book.exposure["gross"].tolist() == pytest.approx([0.0, 0.5, 55_000 / 105_000])
    assert book.exposure["turnover"].tolist() == pytest.approx([0.0, 0.5, 0.0])
    assert book.orders[["side", "units", "notional", "trade"]].to_numpy().tolist() == [["buy", 2500.0, 25_000.0, 0], ["sell", 2500.0, 25_000.0, 1]]


def test_a_trade_has_the_mean_prices_of_its_fills_and_its_return_on_what_was_paid_in():
    m = flat(10, 10, 12, 14, 16)
    leave = pd.DataFrame({"A": [0, 0.25, 0, 0, 0]}, m.index)
    trade = simulate(m, Signals(long=when(m, 0), exit=leave, size=0.5), Costs(fees=0.001, slippage=0.0)).trades.iloc[0]
    assert (trade["entry_price"], trade["exit_price"], trade["units"], trade["reason"]) == (10.0, pytest.approx(0.25 * 12 + 0.75 * 16), 5_000.0, "open")
    assert trade["fees"] == pytest.approx(50.0 + 15.0)
    assert trade["return"] == pytest.approx((1_250 * 2 + 3_750 * 6 - 65.0) / 50_000)
    assert trade[["side", "bars", "entry_bar", "exit_bar"]].tolist() == ["long", 3, 1, 4]


NAN, INF = np.nan, np.inf
BY_HAND = [  # what happens to one symbol in one bar: function, what is given, what it says
    (events.is_flat, (1e-8, 1.0), True), (events.is_flat, (-1.1e-8, 1.0), False), (events.is_flat, (1e-11, 0.0), True), (events.is_flat, (1.1e-11, 0.0), False),
    (events.due_at_open, (2.0, -1.0, 1.0, 9, 3.0), (events.SIGNAL, 1.0)), (events.due_at_open, (2.0, -1.0, 0.5, 9, 3.0), (events.OPPOSITE, 1.0)),
    (events.due_at_open, (2.0, 1.0, 0.5, 3, 3.0), (events.HOLD, 1.0)), (events.due_at_open, (2.0, 1.0, 0.5, 2, 3.0), (events.PARTIAL, 0.5)),
    (events.due_at_open, (2.0, 0.0, 0.0, 9, NAN), (events.NONE, 0.0)),
    (events.sold_units, (-8.0, 8.0, 0.25), -2.0), (events.sold_units, (8.0, 8.0, 1.0), 8.0), (events.sold_units, (8.0, 8.0, 1.0 - 1e-9), 8.0),
    (events.share_of, (100.0, 40.0, 50.0, 2.0), 0.6), (events.share_of, (60.0, 40.0, 50.0, 2.0), 1.0), (events.share_of, (10.0, 140.0, 100.0, 1.0), 0.0),
    (events.entry_units, (-1.0, 0.5, 100.0, 0.5, 10.0), -2.5), (events.entry_units, (1.0, 0.0, 100.0, 1.0, 10.0), 0.0),
    (events.entry_units, (1.0, 0.5, 100.0, 1e-12, 1e-9), 0.0), (events.entry_units, (1.0, 1e-12, 1.0, 1.0, 1.0), 0.0),
    (events.slipped, (10.0, 1.0, 0.5), 15.0), (events.slipped, (10.0, -1.0, 0.5), 5.0),
    (events.fixed_level, (1.0, 10.0, 0.5, 0.25), (5.0, events.STOP)), (events.fixed_level, (1.0, 10.0, NAN, 0.25), (-INF, events.NONE)),
    (events.fixed_level, (-1.0, 10.0, 0.5, 0.25), (12.5, events.LIQUIDATION)), (events.fixed_level, (-1.0, 10.0, 0.5, 0.5), (15.0, events.STOP)),
    (events.trailed_level, (1.0, 5.0, events.STOP, 12.0, 0.5), (6.0, events.TRAIL)),
    (events.trailed_level, (1.0, 5.0, events.STOP, 10.0, 0.5), (5.0, events.STOP)),
    (events.trailed_level, (-1.0, 15.0, events.LIQUIDATION, 10.0, 0.5), (15.0, events.TRAIL)),
    (events.trailed_level, (-1.0, 6.0, events.STOP, 5.0, 0.5), (6.0, events.STOP)),
    (events.trailed_level, (1.0, 5.0, events.STOP, 12.0, NAN), (5.0, events.STOP)),
    (events.level_hit, (1.0, 10.0, 11.0, 9.0, 9.0, 11.0), (events.LOST, 9.0)), (events.level_hit, (1.0, 8.5, 9.0, 8.0, 9.0, NAN), (events.LOST, 8.5)),
    (events.level_hit, (1.0, 10.0, 11.0, 9.5, 9.0, 11.0), (events.TAKEN, 11.0)), (events.level_hit, (1.0, 12.0, 12.0, 9.5, 9.0, 11.0), (events.TAKEN, 12.0)),
    (events.level_hit, (-1.0, 10.0, 11.0, 9.0, 11.0, 9.0), (events.LOST, 11.0)), (events.level_hit, (-1.0, 11.5, 12.0, 11.0, 11.0, NAN), (events.LOST, 11.5)),
    (events.level_hit, (-1.0, 10.0, 10.5, 9.0, 11.0, 9.0), (events.TAKEN, 9.0)), (events.level_hit, (-1.0, 8.0, 8.5, 7.5, 11.0, 9.0), (events.TAKEN, 8.0)),
    (events.level_hit, (1.0, 10.0, 10.5, 9.5, 9.0, 11.0), (events.MISSED, 0.0)), (events.level_hit, (-1.0, 10.0, 10.5, 9.5, 11.0, 9.0), (events.MISSED, 0.0)),
    (events.better, (1.0, 10.0, 12.0, 8.0), 12.0), (events.better, (-1.0, 10.0, 12.0, 8.0), 8.0),
    (events.borrow_paid, (-1000.0, 0.0365, 3.0), 0.3), (events.borrow_paid, (1000.0, 0.0365, 3.0), 0.0),
    (events.funding_paid, (-1000.0, 0.001), -1.0), (events.trade_profit, (-1.0, 100.0, 90.0, 2.0), 8.0),
]  # fmt: skip


@pytest.mark.parametrize(("function", "given", "said"), BY_HAND, ids=[f"{function.__name__}{given}" for function, given, _ in BY_HAND])
def test_each_event_is_what_is_worked_out_by_hand(function, given, said):
    assert function(*given) == pytest.approx(said, rel=1e-15)
