"""The labels that are traded: where the data were there, and where they had been published as they happened."""

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from tests.studies.conftest import walk

from flowbt.cli import flowbt
from flowbt.data.catalog import Catalog
from flowbt.ground.clock import Clock
from flowbt.studies.run.backtest import backtest
from flowbt.studies.run.market import Span
from flowbt.studies.run.request import Request
from tinydata import FIELDS, store

LIVE = "2022-07-01"


@pytest.fixture
def late(tmp_path):
    """A dataset that was first published in the middle of its history."""
    labels, root = Clock().labels("2022-01-03", "2023-06-30"), tmp_path / "late"
    store(root, "prices", pd.concat([walk("SPY", labels, 1), walk("QQQ", labels, 2)]), fields=FIELDS)
    table = pd.DataFrame({"event_time": labels, "symbol": "SPX", "dix": np.linspace(0.4, 0.5, len(labels))})
    store(root, "dix", table, fields={"dix": {"max_age": "5D"}}, live_from={"dix": LIVE})
    return Catalog((root,))


@pytest.mark.parametrize(("start", "begins"), [(None, LIVE), ("2022-03-01", "2022-03-01"), ("2022-09-01", "2022-09-01")])
def test_what_was_calculated_back_is_traded_on_only_where_it_is_asked_for(late, strategy, start, begins):
    run = backtest(late, Request(strategy, span=Span(start), rotations=0))
    assert run.record.manifest["from"] == begins
    said = [line for line in run.record.manifest["warnings"] if line.startswith("Back-calculated before 2022-07-01")]
    assert len(said) == (begins < LIVE)


@pytest.mark.parametrize("words", [("run", "{folder}"), ("walkforward", "{file}", "--train", "120", "--test", "60", "--mode", "anchored", "-p", "hold=2,3")])
def test_what_was_calculated_back_is_said_on_the_terminal_of_a_folder_and_a_walk_forward(late, strategy, tmp_path, words):
    asked = [word.format(folder=strategy.parent, file=strategy) for word in words]
    span = ["--from", "2022-03-01", "--datasets", str(late.roots[0]), "--results", str(tmp_path / "results")]
    said = CliRunner().invoke(flowbt, [*asked, *span], catch_exceptions=False).output
    assert "Back-calculated before 2022-07-01" in said
