"""A view adds nothing of its own: it is the panel under it until a method says otherwise; and a catalog knows what it holds."""

import numpy as np
import pandas as pd
import pytest

from flowbt.data.panel import views
from flowbt.data.panel.reader import open_panel
from flowbt.data.panel.views import PanelView, Quiet, Recalled
from flowbt.ground.errors import FieldError


@pytest.fixture
def pair(catalog):
    panel = open_panel(catalog, ["SPY", "QQQ"])
    return panel, PanelView(panel)


@pytest.mark.parametrize("read", [
    lambda p: p["close"],
    lambda p: p["dix", "SPX"],
    lambda p: p.either("gex", ("dix", "SPX")),
    lambda p: p.wide("close"),
    lambda p: p.spread(pd.Series(range(len(p.index)), p.index)),
])  # fmt: skip
def test_a_view_reads_what_the_panel_reads(pair, read):
    panel, view = pair
    pd.testing.assert_frame_equal(read(view), read(panel))


def test_a_view_has_the_panels_labels_symbols_clock_and_fields(pair):
    panel, view = pair
    assert view.index.equals(panel.index)
    assert (view.symbols, view.clock) == (panel.symbols, panel.clock)
    assert view.has("close")
    assert view.has("dix", "SPX")
    assert not view.has("gex", "SPX")
    with pytest.raises(FieldError, match="gex"):
        view.either("gex", "vpin")


def test_a_catalog_has_a_field_of_some_symbol_or_of_one(catalog):
    assert catalog.has("close") is True
    assert catalog.has("gex") is False
    assert catalog.has("dix", "SPX") is True
    assert catalog.has("dix", "SPY") is False
    assert catalog.symbols("close", "S") == ["SPY"]


@pytest.mark.parametrize("read", [lambda p: p["close"], lambda p: p.wide("close"), lambda p: p.wide("close", "S")])
def test_what_a_quiet_panel_reads_once_it_gives_in_copies(pair, read):
    panel, _ = pair
    quiet = Quiet(panel)
    given = read(quiet)
    given.iloc[:] = 0.0
    pd.testing.assert_frame_equal(read(quiet), read(panel))
    assert quiet.shared("close") is quiet.shared("close")


def test_a_features_result_is_recalled_where_its_arguments_are_plain_and_it_has_all_labels(pair, monkeypatch):
    panel, calls = pair[0], []

    def feature(panel, *, factor=1.0, rows=None):
        calls.append(factor)
        return panel["close"].iloc[: len(panel.index) if rows is None else rows] * factor

    recall = Recalled(panel)
    first, again = recall(feature, {"factor": 2.0}), recall(feature, {"factor": 2.0})
    assert (again is first, calls) == (True, [2.0])
    assert recall.on(panel)(feature, {"factor": 2.0}) is first
    assert recall(feature, {"factor": np.float32(2.0)}) is None  # no plain number: not told apart from others
    assert recall(feature, {"rows": 3}) is None
    monkeypatch.setattr(views, "MOST_BYTES", 10)
    small = Recalled(panel)
    assert small(feature, {"factor": 3.0}) is not small(feature, {"factor": 3.0})  # too large to be kept
