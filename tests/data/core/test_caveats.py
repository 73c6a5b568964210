"""What a number that rests on a panel should be read with, one line each."""

import numpy as np
import pandas as pd

from flowbt.data.catalog import Catalog
from flowbt.data.panel.caveats import caveats, lags, stale_words
from flowbt.data.panel.reader import open_panel
from flowbt.ground.clock import Clock
from tinydata import FIELDS, bars, store

LABELS = Clock().labels("2024-01-02", "2024-03-28")


def joined(root, level=0.0):
    """SPY of two datasets, the second before the first and `level` apart."""
    table = bars("SPY", LABELS)
    table[list(FIELDS)[:4]] += np.where(np.arange(len(LABELS)) < 30, level, 0.0)[:, None]
    store(root, "new", table.iloc[30:], fields=FIELDS, priority=1)
    store(root, "old", table.iloc[:40], fields=FIELDS, priority=2)
    return open_panel(Catalog((root,)), ["SPY"])


def test_datasets_that_answered_in_turn_are_told_with_their_fields(tmp_path):
    panel = joined(tmp_path)
    panel["close"]
    spoken = f"old 2024-01-02 to {LABELS[29]:%Y-%m-%d} (30 rows), new {LABELS[30]:%Y-%m-%d} to 2024-03-28 ({len(LABELS) - 30} rows)."
    assert caveats(panel, labels=LABELS) == [f"close of SPY is joined: {spoken}"]
    panel["open"], panel["high"]
    assert caveats(panel, labels=LABELS) == [f"close, high, open of SPY are joined: {spoken}"]
    assert caveats(panel, labels=LABELS, keys=[("high", "SPY")]) == [f"high of SPY is joined: {spoken}"]
    assert caveats(panel, panel.unlogged(), labels=LABELS) == caveats(panel, labels=LABELS)


def test_what_was_left_out_is_told_of_all_that_was_read_and_not_of_some_keys(tmp_path):
    store(tmp_path, "other", bars("SPY", Clock().labels("2024-01-02", "2024-04-05"), 900.0), fields=FIELDS, priority=3)
    panel = joined(tmp_path)
    panel["close"]
    (line,) = [line for line in caveats(panel, labels=LABELS) if line.startswith("Left out")]
    assert line.startswith("Left out: other is not joined")
    assert not any(line.startswith("Left out") for line in caveats(panel, labels=LABELS, keys=[("close", "SPY")]))


def test_what_is_known_late_is_told_with_its_rule(catalog):
    panel = open_panel(catalog, ["SPY"])
    panel["close"]
    assert caveats(panel, labels=LABELS) == []
    panel["dix", "SPX"]
    assert lags(panel.datasets()) == ["dix known at 20:00 New York, same session"]
    assert caveats(panel, labels=LABELS) == ["Lag: dix known at 20:00 New York, same session."]


def test_prices_folded_throughout_or_only_before_are_told_apart(tmp_path):
    store(tmp_path, "folded", bars("SPY", LABELS[:40]), fields=FIELDS, basis="total return", priority=2)
    store(tmp_path, "traded", bars("SPY", LABELS).iloc[30:], fields=FIELDS, priority=1)
    store(tmp_path, "other", bars("QQQ", LABELS), fields=FIELDS, basis="total return")
    panel = open_panel(Catalog((tmp_path,)), ["SPY", "QQQ"])
    panel["close"]
    said = " ".join(caveats(panel, labels=LABELS))
    assert "so levels are not as traded: QQQ." in said
    assert "scaled to meet them, so early levels are not as traded: SPY." in said


def test_stale_opens_are_told_by_symbol_with_their_years_and_bars():
    days = pd.bdate_range("2021-12-30", periods=5)
    stale = pd.DataFrame({"A": [True, True, False, True, False], "B": False}, days)
    assert stale_words(stale) == [
        "Opens of A repeat the close before (2021 to 2022, 3 of 5 bars): fills there are at the close of the next session, and stops are judged at closes."
    ]
    assert stale_words(stale[["B"]]) == []
