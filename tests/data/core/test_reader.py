"""The panel's log and its ways of asking: what was read, under which names, over which labels, and what is said where something is not there."""

from collections import namedtuple

import numpy as np
import pandas as pd
import pytest

from flowbt.data.catalog import Catalog
from flowbt.data.panel.reader import PanelReader, open_panel
from flowbt.ground.clock import Clock
from flowbt.ground.errors import FieldError, RangeError
from tinydata import FIELDS, bars, store

Pair = namedtuple("Pair", ["level", "state"])


@pytest.fixture
def panel(catalog):
    return open_panel(catalog, ["SPY", "QQQ", "SPY"])


def test_a_panel_says_what_it_is_and_names_a_symbol_once(panel, tmp_path):
    assert panel.symbols == ("SPY", "QQQ")
    assert repr(panel) == "Panel(SPY, QQQ; 2024-01-02 to 2024-03-28, 61 labels, real data)"
    store(tmp_path / "demo", "made", bars("X", panel.index[:5]), fields=FIELDS, synthetic=True)
    made = open_panel(Catalog((tmp_path / "demo",)), ["X"])
    assert repr(made) == "Panel(X; 2024-01-02 to 2024-01-08, 5 labels, SYNTHETIC)"


@pytest.mark.parametrize(
    ("field", "others", "asked", "tried"),
    [
        ("gex", ("vpin", ("dix", "SPY")), "field 'gex' of SPY", "; stand-ins not there either: vpin, dix of SPY"),
        (("gex", "SPX"), (), "field 'gex' of SPX", ""),
    ],
)
def test_where_no_stand_in_is_there_all_that_was_tried_is_said(panel, field, others, asked, tried):
    with pytest.raises(FieldError) as said:
        panel.either(field, *others)
    assert said.value.asked == asked
    assert said.value.found.endswith(tried)
    assert ("stand-ins" in said.value.found) == bool(tried)
    assert panel.stand_ins == []


def test_a_stand_in_is_told_once_and_a_field_must_be_there_for_every_symbol(panel):
    for _ in range(2):
        panel.either("gex", "vpin", "close")
        panel.either(("gex", "SPX"), ("dix", "SPX"))
    assert [(one.asked, one.used) for one in panel.stand_ins] == [("gex", "close"), ("gex of SPX", "dix of SPX")]
    assert [panel.has("close"), panel.has("dix"), panel.has("dix", "SPX"), panel.has("close", "IWM")] == [True, False, True, False]
    assert not PanelReader(panel.catalog, ["SPY", "SPX"], panel.clock, panel.index).has("close")


def test_what_is_asked_of_an_unlogged_panel_leaves_no_trace(panel):
    panel["close"]
    panel.either("gex", "close")
    panel.note("own", {}, 1)
    quiet = panel.unlogged()
    assert (quiet.stand_ins, quiet.noted, quiet.touched(), set(quiet.used)) == ([], {}, {}, set(panel.used))
    quiet.either("vpin", ("dix", "SPX"))
    quiet.note("other", {}, 2)
    assert (len(panel.stand_ins), list(panel.noted)) == (1, ["own()"])
    assert ("dix", "SPX") not in panel.used
    assert list(panel.touched()) == ["close"]
    assert quiet["close"].equals(panel["close"])


def test_results_are_noted_with_their_plain_parameters_and_a_tuples_parts_by_name(panel):
    panel.note("mean", {"days": 5, "wild": True, "frame": panel["close"], "of": "SPY"}, 1.0)
    panel.note("zone", {"days": 2.5}, Pair(10, 20))
    panel.note("plain", {}, (1, 2))
    assert panel.noted == {"mean(days=5, wild=True, of=SPY)": 1.0, "zone(days=2.5).level": 10, "zone(days=2.5).state": 20}


def test_what_was_touched_is_told_as_frames_of_all_symbols_then_series(panel):
    panel["dix", "SPX"], panel["close"], panel["close", "SPY"], panel["open", "QQQ"]
    told = panel.touched()
    assert list(told) == ["close", "dix of SPX", "open of QQQ"]
    assert told["close"].equals(panel["close"])
    assert told["open of QQQ"].equals(panel["open"]["QQQ"].rename(None))
    panel["open", "SPY"]
    assert list(panel.touched()) == ["close", "open", "dix of SPX"]  # every symbol of it was asked for by now


def test_every_symbol_with_a_field_is_told_by_name_and_what_is_written_to_the_frame_stays_there(panel):
    wide = panel.wide("close")
    assert list(wide) == ["QQQ", "SPY"]
    assert wide["SPY"].equals(panel["close"]["SPY"])
    wide.iloc[:] = 0.0
    assert (panel.wide("close").fillna(1.0) > 0).all(axis=None)
    assert list(panel.wide("close", "Q")) == ["QQQ"]
    with pytest.raises(FieldError, match="field 'gex'"):
        panel.wide("gex")


def test_a_panel_spans_what_any_symbol_has_and_values_where_there_are_no_closes(catalog, tmp_path):
    labels = Clock().labels("2024-01-02", "2024-03-28")
    panel = open_panel(catalog, ["QQQ", "SPY"])
    assert (panel.index[0], panel.index[-1]) == (labels[0], labels[-1])
    assert open_panel(catalog, ["QQQ"]).index[0] == labels[5]
    store(tmp_path / "rates", "rate", pd.DataFrame({"event_time": labels[3:9], "symbol": "DFF", "value": 5.0}), fields={"value": {}})
    rates = open_panel(Catalog((tmp_path / "rates",)), ["DFF"])
    assert rates.index.equals(labels[3:9])
    for names in (["NOPE"], []):
        with pytest.raises(FieldError, match="field 'close'"):
            open_panel(catalog, names)


def test_fields_are_ready_where_all_are_there_and_one_that_never_is_is_named(panel, tmp_path):
    panel["dix", "SPX"]
    assert panel.ready() == (panel.index[1], panel.index[-1])  # it comes out in the evening
    late = open_panel(panel.catalog, ["SPY"], start="2024-03-01", end="2024-03-04")
    store(tmp_path, "gone", pd.DataFrame({"event_time": panel.index[:3], "symbol": "SPX", "gex": 1.0}), fields={"gex": {}})
    late = open_panel(Catalog((tmp_path,)), ["SPY"], start="2024-03-01", end="2024-03-04")
    late["gex", "SPX"]
    with pytest.raises(RangeError, match="gex of SPX: has no value inside the panel's dates"):
        late.ready()
    assert late.known_at("gex", "SPX").isna().all()


def test_bars_longer_than_the_clocks_are_refused_and_equal_ones_are_not(tmp_path):
    hours = Clock("24/7", "4h")
    store(tmp_path, "coin", bars("BTC", hours.labels("2024-01-01", "2024-01-03")), clock="24/7", frequency="4h", fields=FIELDS)
    catalog = Catalog((tmp_path,))
    assert open_panel(catalog, ["BTC"], hours).bars().close["BTC"].notna().any()
    with pytest.raises(FieldError, match="1h bars of BTC: dataset coin has 4h bars; use a longer STEP"):
        open_panel(catalog, ["BTC"], Clock("24/7", "1h")).bars()


def test_fields_of_one_dataset_with_other_holes_are_shown_each_by_its_own_rows(tmp_path):
    labels = Clock().labels("2024-01-02", "2024-01-12")
    table = bars("SPY", labels)
    table.loc[2, "open"], table.loc[5, "high"] = np.nan, np.nan
    fields = {**FIELDS, "high": {"max_age": "2 sessions"}, "low": {"max_age": "2 sessions"}}
    store(tmp_path, "prices", table, fields=fields)
    panel = open_panel(Catalog((tmp_path,)), ["SPY"])
    shown = {name: panel[name]["SPY"].tolist() for name in ("close", "open", "high", "low")}
    assert shown["close"] == table["close"].tolist()
    assert shown["low"] == table["low"].tolist()
    np.testing.assert_array_equal(shown["open"], table["open"])
    assert shown["high"] == table["high"].ffill().tolist()  # the day before may stand for it


def test_a_total_return_is_the_providers_by_label_or_the_closes(catalog, tmp_path):
    labels = Clock().labels("2024-01-02", "2024-03-28")
    panel = open_panel(catalog, ["SPY"])
    assert panel.total_return("SPY").tolist() == panel.bars().close["SPY"].tolist()
    store(tmp_path, "folded", bars("SPY", labels[10:], 7.0), fields=FIELDS, basis="total return", priority=200)
    told = open_panel(Catalog((tmp_path,)), ["SPY"]).total_return("SPY")
    assert told.index.equals(labels)
    assert told.isna().sum() == 10
    assert told.iloc[10:].tolist() == bars("SPY", labels[10:], 7.0)["close"].tolist()


def test_the_first_live_date_is_that_of_the_last_field_and_only_of_what_was_touched(tmp_path):
    labels = Clock().labels("2024-01-02", "2024-01-31")
    store(tmp_path, "prices", bars("SPY", labels), fields=FIELDS, live_from={"close": "2024-01-10", "open": "2024-01-17"})
    panel = open_panel(Catalog((tmp_path,)), ["SPY"])
    assert panel.live() is None
    panel["high"]
    assert panel.live() is None
    panel["close"]
    assert panel.live() == pd.Timestamp("2024-01-10")
    panel["open"]
    assert panel.live() == pd.Timestamp("2024-01-17")
