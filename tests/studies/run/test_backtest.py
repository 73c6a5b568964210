"""One run from file to record: span, stand-ins, features at entry, benchmark, keys."""

import numpy as np
import pandas as pd
import pytest
from tests.studies.conftest import walk

from flowbt.data.catalog import Catalog
from flowbt.ground.clock import Clock
from flowbt.ground.errors import FieldError, ParameterError, RangeError, SignalError
from flowbt.studies.run.backtest import PARTS, backtest
from flowbt.studies.run.market import Span
from flowbt.studies.run.request import Request
from flowbt.studies.sweep.setup import SweepRequest, set_up
from tinydata import FIELDS, store


def test_a_run_starts_where_its_fields_do(catalog, strategy):
    manifest = backtest(catalog, Request(strategy)).record.manifest
    assert manifest["from"] == "2022-03-03"  # the session after the first DIX, which comes out in the evening
    assert manifest["to"] == "2023-12-29"


def test_no_decision_is_filled_before_the_next_open(catalog, strategy):
    run = backtest(catalog, Request(strategy))
    signal = run.prepared.decision.short.to_numpy()
    labels = run.book.market.index
    for trade in run.book.trades.itertuples():
        at, column = labels.get_loc(trade.entry_label), run.book.market.symbols.index(trade.symbol)
        assert signal[at - 1, column]


def test_the_dates_asked_for_are_the_dates_traded(catalog, strategy):
    run = backtest(catalog, Request(strategy, span=Span("2023-01-01", "2023-03-31")))
    assert run.record.manifest["from"] == "2023-01-03"
    assert run.record.manifest["to"] == "2023-03-31"


@pytest.mark.parametrize("span", [("2030-01-01", None), ("2023-06-01", "2023-01-01"), ("yesterdy", None)])
def test_impossible_spans(catalog, strategy, span):
    with pytest.raises(RangeError):
        backtest(catalog, Request(strategy, span=Span(*span)))


def test_a_benchmark_changes_no_measure(catalog, strategy):
    with_one = backtest(catalog, Request(strategy, benchmark="QQQ")).measures.to_dict()
    without = backtest(catalog, Request(strategy, benchmark="none")).measures.to_dict()
    changed = {name for name in with_one if with_one[name] != without[name]}
    assert changed <= {"beta", "alpha", "correlation"}


def test_a_run_is_not_believed_for_the_benchmark_that_was_asked_for(catalog, strategy):
    """`--benchmark` named something that lost, and holding was beaten."""
    asked = [backtest(catalog, Request(strategy, benchmark=one, rotations=0)).record.manifest for one in (None, "QQQ", "none")]
    assert [one["benchmark"] for one in asked] == ["SPY", "QQQ", None]
    assert [one["evidence"]["holding"]["name"] for one in asked] == ["SPY"] * 3


def test_the_benchmark_is_its_own_return_close_to_close(catalog, strategy):
    run = backtest(catalog, Request(strategy, benchmark="QQQ"))
    close = run.record.prices["QQQ"]
    np.testing.assert_allclose(run.benchmark.iloc[1:], close.pct_change().iloc[1:], rtol=1e-12)


def test_trades_carry_what_was_seen_at_the_decision(catalog, strategy):
    run = backtest(catalog, Request(strategy))
    trades, close = run.record.trades, run.prepared.panel["close"]
    first = trades.iloc[0]
    before = run.book.market.index[run.book.market.index.get_loc(first["entry_label"]) - 1]
    assert first["close@entry"] == close.loc[before, first["symbol"]]


def test_equal_requests_have_equal_keys_and_measures(catalog, strategy):
    one, two = (backtest(catalog, Request(strategy)) for _ in range(2))
    other = backtest(catalog, Request(strategy, {"hold": "5"}))
    assert one.record.manifest["id"] == two.record.manifest["id"] != other.record.manifest["id"]
    assert one.measures == two.measures


def test_a_seed_draws_a_placebo_and_never_the_rotations_that_judge_a_run(catalog, strategy):
    """With --seed 1, 2, 3 .. the p of a run could be had as it was wished for."""
    one, two = (backtest(catalog, Request(strategy, seed=seed)).record for seed in (7, 8))
    assert not one.returns["placebo"].equals(two.returns["placebo"])
    assert one.manifest["evidence"] == two.manifest["evidence"]
    assert one.manifest["id"] != two.manifest["id"]


@pytest.mark.parametrize(("old", "new"), [('max_age = "2 sessions"', 'max_age = "3 sessions"'), ('title = "dix"', 'title = "dix"\npriority = 3')])
def test_an_edited_declaration_is_another_result(catalog, strategy, old, new):
    before = backtest(catalog, Request(strategy, rotations=0)).record.manifest
    declared = catalog.roots[0] / "dix" / "dataset.toml"
    assert old in declared.read_text()
    declared.write_text(declared.read_text().replace(old, new))
    assert backtest(Catalog(catalog.roots), Request(strategy, rotations=0)).record.manifest["id"] != before["id"]
    sweeps = {set_up(one, SweepRequest(strategy)).id for one in (catalog, Catalog(catalog.roots))}
    assert len(sweeps) == 2


def test_the_number_of_rotations_and_the_data_of_a_benchmark_are_in_the_id(catalog, strategy):
    labels = Clock().labels("2022-01-03", "2023-12-29")
    ids = [backtest(catalog, Request(strategy, rotations=n)).record.manifest["id"] for n in (0, 5)]
    for seed in (3, 4):
        store(catalog.roots[0], "other", walk("IWM", labels, seed), fields=FIELDS)
        ids.append(backtest(Catalog(catalog.roots), Request(strategy, rotations=0, benchmark="IWM")).record.manifest["id"])
    assert len(set(ids)) == 4


def test_whose_closes_tell_the_dividends_is_among_the_data(tmp_path, strategy):
    labels = Clock().labels("2022-01-03", "2023-12-29")
    prices = pd.concat([walk("SPY", labels, 1), walk("QQQ", labels, 2)])
    store(tmp_path / "d", "traded", prices, fields=FIELDS, priority=1)
    store(tmp_path / "d", "folded", prices.assign(close=prices["close"] * 0.99), fields=FIELDS, basis="total return", priority=2)
    store(tmp_path / "d", "dix", pd.DataFrame({"event_time": labels, "symbol": "SPX", "dix": 0.45}), fields={"dix": {}})
    used = backtest(Catalog((tmp_path / "d",)), Request(strategy, rotations=0)).record.manifest["datasets"]
    assert {one["name"] for one in used} == {"traded", "folded", "dix"}


def test_a_misspelt_parameter_names_the_nearest(catalog, strategy):
    with pytest.raises(ParameterError, match="did you mean rise"):
        backtest(catalog, Request(strategy, {"rises": "0.1"}))


@pytest.mark.parametrize(
    ("returned", "message"),
    [("42", "a int"), ('Signals(short=panel["close"].iloc[5:] > 0)', "keep the panel"), ('Signals(short=panel["close"]["SPY"] > 0)', "a series")],
)
def test_wrong_decisions(catalog, strategy, returned, message):
    strategy.write_text(strategy.read_text().replace('Signals(short=moved & (panel["dix", "SPX"] > 0), hold=hold)', returned))
    with pytest.raises(SignalError, match=message):
        backtest(catalog, Request(strategy))


def test_an_unknown_field(catalog, strategy):
    strategy.write_text(strategy.read_text().replace('"dix", "SPX"', '"dixx", "SPX"'))
    with pytest.raises(FieldError, match="did you mean dix"):
        backtest(catalog, Request(strategy))


def test_value_and_returns_agree(catalog, strategy):
    book = backtest(catalog, Request(strategy)).book
    value = book.account.cash * (1 + book.returns).cumprod()
    pd.testing.assert_series_equal(value, book.value, check_names=False, rtol=1e-12)


def test_a_position_open_at_the_end_is_no_closed_trade(catalog, strategy):
    run = backtest(catalog, Request(strategy, {"hold": "9999"}))
    still_open = int((run.book.trades["reason"] == "open").sum())
    assert still_open > 0
    assert run.measures.open_trades == still_open
    assert run.measures.trades == len(run.book.trades) - still_open


def test_every_part_of_a_run_is_told_as_it_begins(catalog, strategy):
    told = []
    backtest(catalog, Request(strategy, rotations=2), step=lambda *one: told.append(one))
    assert told == [(what, done, len(PARTS)) for done, what in enumerate(PARTS)]
