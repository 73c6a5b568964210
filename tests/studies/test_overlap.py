"""Datasets that answer for the same field: who speaks when, and whether they agree."""

import pandas as pd
from click.testing import CliRunner

from flowbt.cli.data.data import command
from flowbt.data.catalog import Catalog
from flowbt.ground.clock import Clock
from flowbt.studies.ingest.overlap import met_at_import, overlapping
from tinydata import store

LABELS = Clock().labels("2024-01-02", "2024-06-28")


def put(root, name, values, labels, priority):
    table = pd.DataFrame({"event_time": labels, "symbol": "US", "pct_above_200d": values})
    store(root, name, table, priority=priority, fields={"pct_above_200d": {}})


def test_who_speaks_when_and_how_they_agree(tmp_path):
    values = pd.Series(range(len(LABELS)), LABELS, dtype=float) % 7
    put(tmp_path, "new", values[60:], LABELS[60:], 1)
    put(tmp_path, "old", values + 0.1, LABELS, 2)
    put(tmp_path, "other", values + 40.0, LABELS, 3)
    found = overlapping(Catalog((tmp_path,)), "pct_above_200d", "US")
    assert [(name, rows) for name, _, _, rows in found.spoken] == [("old", 60), ("new", len(LABELS) - 60)]
    assert {(pair.one, pair.other): pair.agreement.same for pair in found.pairs} == {("new", "old"): True, ("new", "other"): False, ("old", "other"): False}


def test_the_command_and_the_import_say_it(tmp_path):
    put(tmp_path, "new", 1.0, LABELS[60:], 1)
    put(tmp_path, "old", 1.0, LABELS, 2)
    said = CliRunner().invoke(command, ["overlap", "pct_above_200d", "US", "--datasets", str(tmp_path)]).output
    assert "old from 2024-01-02" in said
    assert f"{len(LABELS) - 60} common labels" in said
    assert met_at_import(Catalog((tmp_path,)), "new") == said.splitlines()
