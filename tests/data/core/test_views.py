"""A view adds nothing of its own: it is the panel under it until a method says otherwise; and a catalog knows what it holds."""

from collections import namedtuple

import numpy as np
import pandas as pd
import pytest

from flowbt.data.panel import views
from flowbt.data.panel.reader import open_panel
from flowbt.data.panel.views import Decided, PanelView, Quiet, Recalled, Shown, fenced
from flowbt.ground.errors import FenceError, FieldError


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


Pair = namedtuple("Pair", ["level", "flags"])


def test_what_a_view_chose_in_place_of_a_field_is_told_once_it_stands_in(pair):
    told = []

    class Told(PanelView):
        def _stood_in(self, asked, used):
            told.append((asked, used))

    view = Told(pair[0])
    view.either("close", "gex")
    assert told == []
    view.either("gex", ("dix", "SPX"))
    assert told == [("gex", ("dix", "SPX"))]
    assert view.note("a", {}, 1) is None


def test_a_run_decides_on_a_panel_that_keeps_its_log_and_gives_features_in_copies(pair):
    panel, _ = pair
    view, shown = Decided(panel), []

    def both(panel, *, days=1):
        shown.append(days)
        return Pair(panel["close"] * days, panel["close"] > days)

    view.either("gex", "close")
    view.note("own", {"days": 3}, 1.0)
    assert [one.used for one in panel.stand_ins] == ["close"]
    assert panel.noted == {"own(days=3)": 1.0}
    first, again = view.__recall__(both, {"days": 2}), view.__recall__(both, {"days": 2})
    assert (type(first), shown) == (Pair, [2])
    first.level.iloc[:] = 0.0
    assert again.level.equals(2 * panel["close"])
    assert view.__recall__(lambda panel: 3, {}) is None
    assert Quiet(panel, view.features).__recall__(both, {"days": 2}).flags.equals(panel["close"] > 2)
    assert shown == [2]
    one = view.__recall__(lambda panel: panel["close"], {})
    one.iloc[:] = 0.0
    assert (panel["close"].fillna(1.0) > 0).all(axis=None)


def test_a_quiet_panel_reads_a_field_once_and_knows_its_range_with_zero(pair):
    panel, reads = pair[0], []

    class Counted(PanelView):
        def __getitem__(self, key):
            reads.append(key)
            return self.panel[key]

        def wide(self, field, prefix=""):
            reads.append((field, prefix))
            return self.panel.wide(field, prefix)

    quiet = Quiet(Counted(panel))
    for _ in range(2):
        quiet["close"], quiet.wide("close", "S"), quiet.wide("close")
    assert reads == ["close", ("close", "S"), ("close", "")]
    close = quiet.shared("close")
    found = quiet.range(close)
    assert found is quiet.range(close)
    assert (found.low.tolist(), found.high.tolist()) == ([0.0, 0.0], close.max().tolist())
    below = quiet.range(-close.where(close != close.max()))
    assert (below.low.tolist(), below.high.tolist()) == ((-close.where(close != close.max())).min().tolist(), [0.0, 0.0])
    flags = quiet.range(close > 0)
    assert (flags.low.tolist(), flags.high.tolist()) == ([0.0, 0.0], [0.0, 0.0])


def test_a_panel_shown_in_part_ends_there_or_goes_on_otherwise_with_features_too(pair, monkeypatch):
    panel, _ = pair
    quiet, close = Quiet(panel), panel["close"]

    def change(values, kept, span):
        return np.where(np.arange(len(values))[:, None] < kept, values, span.high)

    ended, other = Shown(quiet, 8), Shown(quiet, 12, 8, change, lambda feature, parameters: feature(panel, **parameters))
    assert (len(ended.index), len(other.index), ended.kept) == (8, 12, 8)
    pd.testing.assert_frame_equal(ended["close"], close.iloc[:8], check_freq=False)
    pd.testing.assert_frame_equal(ended.wide("close", "S"), close[["SPY"]].iloc[:8], check_freq=False)
    assert other["close"].iloc[:8].equals(close.iloc[:8].set_axis(other.index[:8]))
    assert (other["close"].iloc[8:] == close.max()).all(axis=None)
    assert ended.__recall__(lambda panel: close, {}) is None
    level, flags = other.__recall__(lambda panel, days: Pair(close * days, close), {"days": 2})
    assert (level.iloc[7] == 2 * close.iloc[7]).all()
    assert len(flags) == 12
    assert other.__recall__(lambda panel: close, {}).shape == (12, 2)
    assert Shown(quiet, 9, recall=lambda feature, parameters: None).__recall__(print, {}) is None
    kept = [close.index[n] + pd.Timedelta("20h") for n in (6, 7)]  # the eighth label is decided upon at 23:30 UTC
    table = pd.DataFrame({"event_time": [kept[0], kept[1] + pd.Timedelta("1D")], "known_at": [kept[0], kept[1]], "value": [1.0, 2.0]})
    monkeypatch.setattr(quiet.panel, "events", lambda symbol: table)
    for view in (ended, other):
        assert view.events("CPI")["value"].fillna(-1).tolist() == [1.0, -1.0]
    assert Shown(quiet, 7).events("CPI")["value"].tolist() == [1.0]


def test_the_fence_passes_on_the_protocol_and_nothing_else(pair, monkeypatch):
    panel, _ = pair
    wall = fenced(panel)
    for read in (lambda p: p["close"], lambda p: p.either("gex", "close"), lambda p: p.wide("close"), lambda p: p.spread(panel["close"]["SPY"])):
        pd.testing.assert_frame_equal(read(wall), read(panel))
    assert (wall.symbols, wall.clock, wall.has("close"), wall.has("gex")) == (panel.symbols, panel.clock, True, False)
    assert wall.has("dix", "SPX") is True
    wall.index.name = "mine"
    wall["close"].index.name = "mine"
    assert panel.index.name is None
    wall.note("own", {}, 1.0)
    assert panel.noted == {"own()": 1.0}
    assert wall.__recall__(print, {}) is None
    assert fenced(Quiet(panel)).__recall__(lambda panel: panel["close"], {}).equals(panel["close"])
    assert fenced(wall) is wall
    assert fenced(None) is None
    with pytest.raises(AttributeError, match=r"^_bars$"):
        wall._bars  # noqa: B018
    with pytest.raises(FenceError, match=r"panel\.catalog"):
        wall.catalog  # noqa: B018
    last = panel.clock.decisions(panel.index[-1:])[0]
    table = pd.DataFrame({"event_time": [last + pd.Timedelta("1D")] * 2, "known_at": [last - pd.Timedelta("1h"), last], "value": [1.0, 2.0]})
    monkeypatch.setattr(panel, "events", lambda symbol: table)
    assert wall.events("CPI")["value"].isna().tolist() == [True]
