"""Rows of some symbols come from the row groups that hold them, and from no others."""

import numpy as np
import pandas as pd
import pytest

from flowbt.data.catalog import Catalog
from flowbt.data.panel.columns import Reader
from flowbt.data.panel.reader import open_panel
from flowbt.data.panel.stored import StoredRows
from flowbt.ground.clock import Clock
from tinydata import FIELDS, bars, store

LABELS = Clock().labels("2024-01-02", "2024-02-15")
NAMES = [f"S{n:02d}" for n in range(12)]


@pytest.fixture
def catalog(tmp_path, monkeypatch):
    monkeypatch.setattr("flowbt.data.versions.GROUP", 50)
    store(tmp_path, "prices", pd.concat([bars(name, LABELS[n:], 50.0 + n) for n, name in enumerate(NAMES)]), fields=FIELDS)
    return Catalog((tmp_path,))


@pytest.mark.parametrize("wanted", [["S00"], ["S11"], ["S03", "S09"], NAMES, ["S05", "S04"], ["none"], []])
def test_columns_are_those_of_the_whole_table(catalog, wanted):
    version = catalog.imported["prices"].version
    rows, whole = StoredRows(version, wanted), version.frame()
    for name in set(wanted) & set(NAMES):
        assert rows.column("close")[rows.slices[name]].tolist() == whole.loc[whole["symbol"] == name, "close"].tolist()
    assert set(rows.slices) == set(wanted) & set(NAMES)
    assert len(rows.column("event_time")) == whole["symbol"].isin(wanted).sum()


def test_a_missing_value_is_nan(tmp_path):
    store(tmp_path, "prices", bars("SPY", LABELS).assign(volume=[np.nan, *[1.0] * (len(LABELS) - 1)]), fields=FIELDS)
    rows = StoredRows(Catalog((tmp_path,)).imported["prices"].version, ["SPY"])
    assert np.isnan(rows.column("volume")).tolist() == [True] + [False] * (len(LABELS) - 1)


def test_other_row_groups_are_not_unpacked(catalog, monkeypatch):
    counted = []
    kept = StoredRows._read
    monkeypatch.setattr(StoredRows, "_read", lambda self, group, name: counted.append(group) or kept(self, group, name))
    open_panel(catalog, ["S03"])["close"]
    assert catalog.imported["prices"].version.parquet.metadata.num_row_groups == 7
    assert set(counted) <= {1, 2}


def test_a_panel_reads_each_row_group_once_for_all_its_symbols(catalog, monkeypatch):
    panel = open_panel(catalog, NAMES)
    counted = []
    kept = StoredRows._read
    monkeypatch.setattr(StoredRows, "_read", lambda self, group, names: counted.append((group, *names)) or kept(self, group, names))
    frame = panel["close"]
    assert np.nansum(frame.to_numpy()) == np.nansum(catalog.imported["prices"].version.frame()["close"])
    assert len(counted) == len(set(counted))


def test_missing_values_are_missing_numbers(tmp_path):
    table = bars("S00", LABELS)
    table.loc[3:5, "volume"] = np.nan
    store(tmp_path, "prices", table, fields=FIELDS)
    found = open_panel(Catalog((tmp_path,)), ["S00"])["volume"]["S00"]
    assert found.isna().sum() == 3
    assert found.notna().sum() == len(LABELS) - 3


def test_all_symbols_of_a_panel_are_read_together_and_what_nobody_asked_for_is_let_go(catalog, monkeypatch):
    reads, read = [], StoredRows._read
    monkeypatch.setattr(StoredRows, "_read", lambda self, group, names: reads.append((group, tuple(names))) or read(self, group, names))
    panel, prices = open_panel(catalog, NAMES), ("open", "high", "low", "close")
    made, groups = panel.bars(), range(len(catalog.imported["prices"].version.ranges))
    assert len(groups) > 3
    for names in (("symbol",), ("event_time", "known_at"), prices):
        assert sorted(group for group, one in reads if one == names) == list(groups)
    assert len(reads) == 3 * len(groups)
    held = panel._readers["prices"].block("S03")._columns
    assert held == {}
    panel["close"], panel["open", "S03"]
    assert sorted(held) == ["close", "open"]
    again = panel._traded()
    assert sorted(held) == ["close", "open"]  # a field that was asked for is kept
    for name in prices:
        assert getattr(again, name).equals(getattr(made, name))
    panel["volume"]
    del reads[:]
    panel["volume"], panel.wide("volume"), panel["volume", "S03"]
    assert reads == []


def test_symbols_asked_for_later_are_read_beside_those_that_were_and_columns_once(catalog):
    reader = Reader(catalog.imported["prices"])
    reader.need(["S01", "S02"], ("close", "nothing"))
    first = reader.block("S01")
    assert reader.block("S02") is first
    assert list(first._columns) == ["close"]
    reader.need(["S02", "S03"])
    assert reader.block("S02") is first
    assert reader.block("S03") is not first
    assert reader.table("close", "S03").values.tolist() == bars("S03", LABELS[3:], 53.0)["close"].tolist()
    reader.let_go("close")
    assert (first._columns, reader.block("S03")._columns) == ({}, {})
