"""Prices as traded, dividends and splits as cash and units, datasets joined, opens that are no opens."""

import numpy as np
import pandas as pd
import pytest

from flowbt.data.catalog import Catalog
from flowbt.data.panel.bases import dividends_of, stale_opens
from flowbt.data.panel.caveats import caveats, stale_words
from flowbt.data.panel.reader import open_panel
from flowbt.engine.simulate import simulate
from flowbt.engine.types import Account, Costs, Signals
from flowbt.engine.vbt.reconcile import reconcile
from flowbt.ground.clock import Clock
from flowbt.studies.run.market import market_of
from tinydata import FIELDS, store

LABELS = Clock().labels("2023-01-03", "2024-12-31")
PAID = {"2023-03-17": 1.5, "2023-06-16": 1.6, "2024-03-15": 1.7}
FREE = Costs(0.0, 0.0, 0.0)


def traded(seed=0, start=400.0):
    rng = np.random.default_rng(seed)
    close = pd.Series(start * np.exp(np.cumsum(rng.normal(0, 0.01, len(LABELS)))), LABELS)
    opened = close.shift(1).fillna(start) * np.exp(rng.normal(0, 0.003, len(LABELS)))
    return pd.DataFrame({"open": opened, "high": np.maximum(opened, close) * 1.002, "low": np.minimum(opened, close) * 0.998, "close": close, "volume": 1e6})


def folded(bars):
    paid = pd.Series(PAID).rename(index=pd.Timestamp).reindex(LABELS).fillna(0.0)
    kept = (1 - paid / bars["close"].shift(1)).fillna(1.0)
    return bars[["open", "high", "low", "close"]].mul(kept[::-1].cumprod()[::-1].shift(-1).fillna(1.0), axis=0).assign(volume=1e6)


def put(root, name, bars, **declaration):
    store(root, name, bars.rename_axis("event_time").reset_index().assign(symbol="SPY"), fields=FIELDS, **declaration)


@pytest.fixture
def both(tmp_path):
    put(tmp_path, "adjusted", folded(traded()), basis="total return", priority=1)
    put(tmp_path, "traded", traded(), priority=9)
    return tmp_path


def test_the_close_is_as_traded_and_dividends_follow_from_both_series(both):
    panel = open_panel(Catalog((both,)), ["SPY"])
    assert panel["close"]["SPY"].tolist() == pytest.approx(traded()["close"].tolist())
    paid = panel.bars().dividend["SPY"]
    assert {f"{date:%Y-%m-%d}": round(cash, 9) for date, cash in paid[paid > 0].items()} == PAID


def test_closes_less_dividends_have_the_total_return_of_the_adjusted_series(both):
    panel = open_panel(Catalog((both,)), ["SPY"])
    market = market_of(panel, LABELS)
    earned = np.prod(panel.bars().close["SPY"].to_numpy()[1:] / market.close[:-1, 0])
    years = len(LABELS) / 252
    assert earned ** (1 / years) == pytest.approx((folded(traded())["close"].iloc[-1] / folded(traded())["close"].iloc[0]) ** (1 / years), abs=1e-9)


@pytest.mark.parametrize("side", ["long", "short"])
def test_longs_receive_dividends_and_shorts_pay_them(both, side):
    panel = open_panel(Catalog((both,)), ["SPY"])
    market = market_of(panel, LABELS)
    hold = pd.DataFrame({"SPY": LABELS[0] == LABELS}, index=LABELS)
    book = simulate(market, Signals(**{side: hold}, size=0.5), FREE, Account(margin=9.0))
    sign, units = (1 if side == "long" else -1), book.orders["units"].iloc[0]
    assert -book.flows["funding"].sum() == pytest.approx(sign * units * sum(PAID.values()))
    gain = sign * units * (traded()["close"].iloc[-1] - traded()["open"].iloc[1] + sum(PAID.values()))
    assert book.value.iloc[-1] - 100_000 == pytest.approx(gain)
    assert reconcile(book) < 1e-9


def test_who_buys_on_the_ex_date_is_not_paid_and_who_sells_on_it_is(both):
    panel = open_panel(Catalog((both,)), ["SPY"])
    market, ex = market_of(panel, LABELS), LABELS.get_loc("2023-06-16")
    for begin, end, cash in ((ex, ex + 3, 0.0), (ex - 3, ex, 1.6), (ex - 1, ex + 1, 1.6)):
        enter = pd.DataFrame({"SPY": np.arange(len(LABELS)) == begin - 1}, index=LABELS)
        book = simulate(market, Signals(long=enter, hold=end - begin), FREE)
        assert -book.flows["funding"].sum() == pytest.approx(book.orders["units"].iloc[0] * cash), (begin, end)


def test_the_account_is_worth_the_traded_close_every_evening(both):
    panel = open_panel(Catalog((both,)), ["SPY"])
    hold = pd.DataFrame({"SPY": LABELS[0] == LABELS}, index=LABELS)
    book = simulate(market_of(panel, LABELS), Signals(long=hold), FREE)
    units, eve = book.orders["units"].iloc[0], LABELS[LABELS.get_loc("2023-03-17") - 1]
    cash = 100_000 - units * traded()["open"].iloc[1]
    assert book.value[eve] == pytest.approx(cash + units * traded()["close"][eve])


def test_a_split_changes_units_and_not_the_account(tmp_path):
    bars, date = traded(), pd.Timestamp("2023-09-01")
    before = bars.copy()
    before.loc[: date - pd.Timedelta(days=1), ["open", "high", "low", "close"]] *= 4.0
    put(tmp_path / "a", "traded", bars)
    put(tmp_path / "b", "traded", before)
    store(tmp_path / "b", "splits", pd.DataFrame({"event_time": [date], "symbol": "SPY", "split": 4.0}), frequency="event", fields={"split": {"max_age": "1D"}})
    hold = pd.DataFrame({"SPY": LABELS[0] == LABELS}, index=LABELS)
    whole, split = (simulate(market_of(open_panel(Catalog((tmp_path / k,)), ["SPY"]), LABELS), Signals(long=hold), FREE).value for k in "ab")
    pd.testing.assert_series_equal(whole, split)
    panel = open_panel(Catalog((tmp_path / "b",)), ["SPY"])
    pd.testing.assert_series_equal(panel["close"]["SPY"], open_panel(Catalog((tmp_path / "a",)), ["SPY"])["close"]["SPY"])
    eve = open_panel(Catalog((tmp_path / "b",)), ["SPY"], end=date - pd.Timedelta(days=1))
    assert eve["close"]["SPY"].iloc[-1] == pytest.approx(4 * bars["close"][eve.index[-1]])  # nothing of a split that is to come


def test_a_split_is_no_dividend_and_changes_the_volume(tmp_path):
    bars, date = traded(), pd.Timestamp("2023-09-01")
    early = bars.index < date
    split = bars.assign(volume=np.where(early, 25.0, 100.0))
    split.loc[early, ["open", "high", "low", "close"]] *= 4.0
    put(tmp_path, "traded", split)
    put(tmp_path, "adjusted", folded(bars), basis="total return")
    store(tmp_path, "splits", pd.DataFrame({"event_time": [date], "symbol": "SPY", "split": 4.0}), frequency="event", fields={"split": {"max_age": "1D"}})
    panel = open_panel(Catalog((tmp_path,)), ["SPY"])
    paid = panel.bars().dividend["SPY"]
    assert paid[paid > 0].round(6).to_dict() == pytest.approx({pd.Timestamp(day): cash for day, cash in PAID.items()})
    assert panel["volume"]["SPY"].tolist() == [100.0] * len(LABELS)


def test_where_only_adjusted_prices_are_there_it_is_said(tmp_path):
    put(tmp_path, "adjusted", folded(traded()), basis="total return")
    panel = open_panel(Catalog((tmp_path,)), ["SPY"])
    panel["close"]
    assert panel.bars().dividend.to_numpy().sum() == 0.0
    assert "Prices with dividends folded in, so levels are not as traded: SPY." in caveats(panel, labels=panel.index)


def test_a_step_down_of_the_ratio_is_no_dividend():
    close = traded()["close"]
    total = close.copy()
    total.iloc[:100] *= 1.003
    assert dividends_of(close, total).empty


def test_a_second_dataset_fills_what_the_first_lacks(tmp_path):
    put(tmp_path, "new", traded().iloc[300:], priority=1)
    put(tmp_path, "old", traded().iloc[:350].round(2), priority=2)
    panel = open_panel(Catalog((tmp_path,)), ["SPY"])
    assert panel["close"]["SPY"].notna().all()
    assert [(one.dataset, one.rows) for one in panel.speakers()["close", "SPY"]] == [("old", 300), ("new", len(LABELS) - 300)]
    panel["open"]
    (line,) = [line for line in caveats(panel, labels=panel.index) if "joined" in line]
    assert line.startswith("close, open of SPY are joined: old 2023-01-03")
    assert panel.known_at("close", "SPY").iloc[10] == Clock().closes(LABELS)[10]


def test_a_hole_of_the_first_is_filled_by_the_second(tmp_path):
    put(tmp_path, "new", traded().drop(LABELS[50]), priority=1)
    put(tmp_path, "old", traded().round(2), priority=2)
    assert open_panel(Catalog((tmp_path,)), ["SPY"])["close"]["SPY"].iloc[50] == round(traded()["close"].iloc[50], 2)


@pytest.mark.parametrize("rows", [350, 300])
def test_another_level_is_not_joined_unless_declared(tmp_path, rows):
    old = traded().iloc[:rows] * 1.5
    put(tmp_path, "new", traded().iloc[300:], priority=1)
    put(tmp_path, "old", old, priority=2)
    panel = open_panel(Catalog((tmp_path,)), ["SPY"])
    assert panel["close"]["SPY"].notna().sum() == len(LABELS) - 300
    assert "old is not joined: " in panel.left_out()[0]
    toml = tmp_path / "old" / "dataset.toml"
    toml.write_text('splice = "accept"\n' + toml.read_text())
    assert open_panel(Catalog((tmp_path,)), ["SPY"])["close"]["SPY"].notna().all()


def test_where_opens_repeat_the_close_fills_are_at_the_next_close(tmp_path):
    bars = traded().assign(open=lambda b: b["close"].shift(1).fillna(400.0))
    put(tmp_path, "index", bars)
    panel = open_panel(Catalog((tmp_path,)), ["SPY"])
    book = simulate(market_of(panel, LABELS), Signals(long=pd.DataFrame({"SPY": LABELS[9] == LABELS}, index=LABELS)), FREE)
    assert book.orders["price"].iloc[0] == pytest.approx(bars["close"].iloc[10])
    assert "fills there are at the close of the next session" in stale_words(panel.bars().stale)[0]


def test_ordinary_opens_stay(both):
    bars = open_panel(Catalog((both,)), ["SPY"]).bars()
    assert not bars.stale.to_numpy().any()
    assert bars.open["SPY"].tolist() == pytest.approx(traded()["open"].tolist())


def test_before_prices_as_traded_the_folded_ones_are_scaled_to_meet_them(tmp_path):
    put(tmp_path, "adjusted", folded(traded()), basis="total return")
    put(tmp_path, "traded", traded().iloc[200:])
    panel = open_panel(Catalog((tmp_path,)), ["SPY"])
    close = panel["close"]["SPY"]
    assert close.iloc[200:].tolist() == traded()["close"].iloc[200:].tolist()
    assert close.pct_change().iloc[150] == pytest.approx(folded(traded())["close"].pct_change().iloc[150])
    assert close.pct_change().abs().max() < 0.06
    assert any("scaled to meet them" in line and "SPY" in line for line in caveats(panel, labels=panel.index))


def test_prices_as_traded_that_end_early_do_not_speak_for_the_present(tmp_path):
    put(tmp_path, "adjusted", folded(traded()), basis="total return")
    put(tmp_path, "traded", traded().iloc[:300])
    panel = open_panel(Catalog((tmp_path,)), ["SPY"])
    assert panel["close"]["SPY"].notna().all()
    assert panel.used["close", "SPY"].name == "adjusted"


@pytest.mark.parametrize(("rows", "stale"), [(11, True), (10, False)])
def test_ten_opens_of_a_year_that_repeat_the_close_before_are_stale(rows, stale):
    close = pd.DataFrame({"A": np.arange(100.0, 100.0 + rows)}, Clock().labels("2024-01-02", "2024-03-01")[:rows])
    opened = close.shift(1).fillna(90.0)
    assert stale_opens(opened, close)["A"].tolist() == [stale] * rows
    assert not stale_opens(opened * 1.0001, close).to_numpy().any()


@pytest.mark.parametrize(("basis", "cash"), [("split", 0.25), ("total return", 0.0)])
def test_splits_and_dividends_are_not_taken_twice_where_prices_have_them(tmp_path, basis, cash):
    put(tmp_path, "prices", traded(), basis=basis)
    rows = pd.DataFrame({"event_time": [LABELS[9], LABELS[20]], "symbol": "SPY", "dividend": [1.0, np.nan], "split": [np.nan, 4.0]})
    store(tmp_path, "paid", rows, frequency="event", fields={"dividend": {"max_age": "1D"}, "split": {"max_age": "1D"}})
    made = open_panel(Catalog((tmp_path,)), ["SPY"]).bars()
    assert made.close["SPY"].tolist() == pytest.approx(traded()["close"].tolist())
    assert made.dividend["SPY"].sum() == pytest.approx(cash)  # 1 a share of then is a quarter a share of now


def test_a_dividend_before_prices_as_traded_is_in_the_folded_ones_already(tmp_path):
    put(tmp_path, "adjusted", folded(traded()), basis="total return")
    put(tmp_path, "traded", traded().loc["2023-06-01":])
    rows = pd.DataFrame({"event_time": pd.DatetimeIndex(list(PAID)), "symbol": "SPY", "dividend": list(PAID.values())})
    store(tmp_path, "paid", rows, frequency="event", fields={"dividend": {"max_age": "1D"}})
    paid = open_panel(Catalog((tmp_path,)), ["SPY"]).bars().dividend["SPY"]
    assert paid[paid > 0].round(9).to_dict() == {pd.Timestamp("2023-06-16"): 1.6, pd.Timestamp("2024-03-15"): 1.7}


def test_the_volume_of_folded_prices_before_is_as_it_is(tmp_path):
    put(tmp_path, "adjusted", folded(traded()), basis="total return")
    put(tmp_path, "traded", traded().loc["2023-06-01":].assign(volume=25.0))
    store(tmp_path, "splits", pd.DataFrame({"event_time": LABELS[-1:], "symbol": "SPY", "split": 4.0}), frequency="event", fields={"split": {"max_age": "1D"}})
    volume = open_panel(Catalog((tmp_path,)), ["SPY"])["volume"]["SPY"]
    assert volume[:"2023-05-31"].unique().tolist() == [1e6]
    assert volume["2023-06-01":].tolist() == [100.0] * (len(volume["2023-06-01":]) - 1) + [25.0]
