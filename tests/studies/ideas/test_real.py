"""The report's own structures on the real files, through the plan."""

from pathlib import Path

import pytest

from flowbt.data.catalog import Catalog
from flowbt.data.ingest.plan import read_plan
from flowbt.studies.ideas.ideas import follow_ideas
from flowbt.studies.ingest.ingest import Target, import_plan

HOME = Path(__file__).parents[3]
RAW = HOME.parent / "shared" / "data" / "raw"
FILE = HOME / "datasets" / "exitliq_tables" / "structures.toml"
pytestmark = [pytest.mark.real, pytest.mark.skipif(not RAW.is_dir(), reason="../shared/data/raw is not there")]


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    root = tmp_path_factory.mktemp("datasets")
    import_plan(read_plan(HOME / "datasets" / "plan.toml"), RAW, Target(root, HOME / "datasets"), ("index-prices", "cboe-volatility", "etf-broker"))
    return {row.id: row for row in follow_ideas(Catalog((root,)), FILE).outcomes}


@pytest.mark.parametrize(("name", "spot", "last"), [("spy-670-650p", 676.01, 710.14), ("spy-650-620p", 676.01, 746.74)])
def test_the_put_spreads_are_opened_on_the_printed_close_and_expire_worthless(rows, name, spot, last):
    row = rows[name]
    assert (row.spot, row.last_spot, row.volatility) == (spot, last, 21.04)  # the brokers' closes, Cboe's VIX
    assert (row.value, row.status, row.stand_ins) == (0.0, "settled", ())
    assert row.profit == pytest.approx(-row.at_risk)


def test_the_collar_gives_up_what_is_over_its_call(rows):
    row = rows["collar-june"]
    assert row.value == pytest.approx(6865 - row.last_spot)
    assert row.profit == pytest.approx(6865 - row.spot - row.cost)


def test_what_no_file_holds_is_no_data(rows):
    assert {name for name, row in rows.items() if row.status == "no data"} == {"slv-70c", "rklb-puts", "msft-370-350p", "gld-450c", "iwm-250-235p"}
