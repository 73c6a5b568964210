"""Several datasets that answer for one field: which rows each gives, who spoke when, and what is left out and why."""

import numpy as np
import pandas as pd
import pytest

from flowbt.data.catalog import Catalog
from flowbt.data.panel.caveats import _some
from flowbt.data.panel.columns import FieldTable, by_label, on_labels
from flowbt.data.panel.joining import join, preceded
from flowbt.data.panel.reader import open_panel
from flowbt.ground.clock import Clock
from tinydata import FIELDS, bars, store

DAY = np.timedelta64(1, "D")


def table(first, last, offset=0.0):
    """Days `first` to `last` of 2024, the value of a day its number plus `offset`; known a day later."""
    days = np.arange(first, last + 1)
    event = (np.datetime64("2023-12-31", "ns") + days * DAY).astype("datetime64[ns]")
    return FieldTable(event, event + DAY, event + 5 * DAY, days + offset)


@pytest.fixture
def holders(tmp_path):
    for name in ("a", "b"):
        store(tmp_path, name, bars("SPY", Clock().labels("2024-01-02", "2024-01-12")), fields=FIELDS)
    catalog = Catalog((tmp_path,))
    return catalog.imported["a"], catalog.imported["b"]


def spoken(joined):
    return [(one.dataset, one.first.day_of_year, one.last.day_of_year, one.rows) for one in joined.speakers]


def test_a_later_dataset_fills_what_is_missing_with_its_own_rows(holders):
    a, b = holders
    joined = join([(a, table(3, 10)), (b, table(1, 12, 0.25))])
    assert joined.table.values.tolist() == [1.25, 2.25, 3, 4, 5, 6, 7, 8, 9, 10, 11.25, 12.25]
    assert (joined.table.known - joined.table.event == DAY).all()
    assert spoken(joined) == [("b", 1, 12, 4), ("a", 3, 10, 8)]
    assert joined.left_out == ()


def test_another_level_is_left_out_in_words(holders):
    a, b = holders
    joined = join([(a, table(3, 10)), (b, table(1, 12, 7.0))])
    assert spoken(joined) == [("a", 3, 10, 8)]
    assert joined.left_out == ("b is not joined: it differs by 7 at the median of 8 common labels, where a usual step is 1",)
    assert joined.table.values.tolist() == table(3, 10).values.tolist()


@pytest.mark.parametrize(
    ("first", "last", "order", "jump"), [(1, 5, ["b", "a"], 25), (21, 25, ["a", "b"], 35), (16, 19, ["a", "b"], 31), (7, 10, ["b", "a"], 29)]
)
def test_datasets_that_hardly_meet_are_judged_by_the_jump_between_them(holders, first, last, order, jump):
    a, b = holders
    near, far = (join([(a, table(10, 16)), (b, table(first, last, offset))]) for offset in (0.0, 30.0))
    assert [one.dataset for one in near.speakers] == order
    assert [one.dataset for one in far.speakers] == ["a"]
    assert far.left_out == (f"b is not joined: a jump of {jump} at the joint, where a usual step is 1",)


def test_what_precedes_gives_only_values_before_the_first(holders):
    a, b = holders
    before = table(1, 6, 0.5)
    before.values[0] = np.nan
    joined = preceded(join([(a, table(4, 9))]), before, b)
    assert joined.table.values.tolist() == [2.5, 3.5, 4, 5, 6, 7, 8, 9]
    assert spoken(joined) == [("b", 2, 3, 2), ("a", 4, 9, 6)]
    assert preceded(joined, table(2, 5), b) is joined


def test_six_names_are_told_and_of_more_how_many():
    assert _some(list("abcdef")) == "a, b, c, d, e, f"
    assert _some(list("abcdefgh")) == "a, b, c, d, e, f and 2 more"


def test_of_several_vintages_the_one_known_last_counts_whatever_the_order_of_the_rows():
    days = np.array(["2024-01-03", "2024-01-02", "2024-01-02", "2024-01-03", "2024-01-02"], "datetime64[ns]")
    known = days + np.array([1, 3, 2, 2, 4]) * DAY
    vintages = FieldTable(days, known, known + DAY, np.array([9.0, 3.0, 2.0, 8.0, np.nan]))  # the fifth is missing: the third day's stays
    labels = np.array(["2024-01-01", "2024-01-02", "2024-01-03"], "datetime64[ns]")
    assert on_labels(labels, vintages).tolist()[1:] == by_label(vintages).reindex(labels).tolist()[1:] == [3.0, 8.0]
    assert np.isnan(on_labels(labels, vintages)[0])
    assert on_labels(labels[:0], vintages).size == 0
    nothing = FieldTable(days[:0], known[:0], known[:0], np.empty(0))
    assert np.isnan(on_labels(labels, nothing)).all()
    assert by_label(nothing).empty


def test_rows_of_another_frequency_fill_only_before_the_first_and_after_the_last(tmp_path, holders):
    store(tmp_path, "c", bars("SPY", Clock().labels("2024-01-02", "2024-01-12")), fields=FIELDS, frequency="week")
    weekly = Catalog((tmp_path,)).imported["c"]
    joined = join([(holders[0], table(3, 6)), (weekly, table(2, 7, 0.25))])
    assert joined.table.values.tolist() == [2.25, 3, 4, 5, 6, 7.25]
    assert join([(holders[0], table(3, 6)), (weekly, table(3, 6, 0.25))]).speakers == join([(holders[0], table(3, 6))]).speakers


def test_a_first_dataset_that_does_not_make_one_bar_leaves_all_to_the_second(tmp_path):
    day, times = Clock("24/7", "1d"), pd.date_range("2024-01-01", "2024-01-08 16:00", freq="8h", unit="ns")
    store(tmp_path, "btc", bars("BTC", day.labels("2024-01-01", "2024-01-08")), clock="24/7", frequency="day", fields=FIELDS)
    for name, rows in (("a", times[[4, 8]]), ("b", times)):
        table = pd.DataFrame({"event_time": rows, "symbol": "BTC", "funding_rate": 1.0})
        store(tmp_path, name, table, clock="24/7", frequency="8h", publication={"rule": "after"}, fields={"funding_rate": {"max_age": "9h"}})
    panel = open_panel(Catalog((tmp_path,)), ["BTC"], day)
    assert panel["funding_rate"]["BTC"].tolist() == [3.0] * 8
    assert panel.speakers() == {}


def test_values_are_shown_at_their_own_labels_and_at_no_others():
    rows = table(2, 6)
    some = FieldTable(rows.event[[0, 2, 4]], rows.known[[0, 2, 4]], rows.stale[[0, 2, 4]], rows.values[[0, 2, 4]])
    labels = table(1, 7).event
    np.testing.assert_array_equal(on_labels(labels, some), [np.nan, 2, np.nan, 4, np.nan, 6, np.nan])
    np.testing.assert_array_equal(on_labels(labels[[3, 5]], some), [4, 6])
    assert on_labels(some.event, some) is some.values
    assert np.isnan(on_labels(labels, FieldTable(*(one[:0] for one in (rows.event, rows.known, rows.stale, rows.values))))).all()
    assert by_label(some).tolist() == [2, 4, 6]


def test_folded_prices_before_are_scaled_to_the_level_of_those_as_traded(tmp_path):
    labels = Clock().labels("2024-01-02", "2024-01-31")
    traded = bars("SPY", labels, 100.0)
    prices = traded[list(FIELDS)[:4]]
    store(tmp_path, "traded", traded.iloc[8:], fields=FIELDS, priority=1)
    store(tmp_path, "folded", traded.assign(**{name: 0.4 * prices[name] for name in prices}).iloc[:12], fields=FIELDS, basis="total return", priority=2)
    panel = open_panel(Catalog((tmp_path,)), ["SPY"])
    for name in prices:
        assert panel[name]["SPY"].tolist() == pytest.approx(prices[name].tolist())
        assert panel.bars().close["SPY"].tolist() == pytest.approx(prices["close"].tolist())
    assert [(one.dataset, one.rows) for one in panel.speakers()["close", "SPY"]] == [("folded", 8), ("traded", len(labels) - 8)]
