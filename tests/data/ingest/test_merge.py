"""A later file into a dataset that is there: appended, revised, refused, never lost."""

import json

import pandas as pd
import pytest
from click.testing import CliRunner

from flowbt.cli.data.data import command
from flowbt.data.catalog import Catalog
from flowbt.data.panel.reader import PanelReader
from flowbt.data.versions import REVISED
from flowbt.ground.clock import Clock
from flowbt.ground.errors import RefusedImport
from tinydata import stored

HEAD = "Date,Flow\n"
JANUARY = HEAD + "2024-01-03,10\n2024-01-17,11\n2024-01-31,12\n"
FEBRUARY = HEAD + "2024-02-01,20\n2024-02-02,21\n"
CORRECTED = HEAD + "2024-01-03,10\n2024-01-17,17\n2024-01-31,12\n"
MAPPED = ("table", "--time", "Date", "--map", "flow=Flow", "--symbol", "SPY", "--publication", "session 17:00", "--frequency", "irregular", "--max-age", "40D")


@pytest.fixture
def bring(tmp_path):
    def run(text, *words, name="flows.csv"):
        (tmp_path / name).write_text(text)
        result = CliRunner().invoke(command, ["import", *MAPPED, "--name", "flows", "--datasets", str(tmp_path / "d"), *words, str(tmp_path / name)])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.output

    return run


def seen(tmp_path, days):
    panel = PanelReader(Catalog((tmp_path / "d",)), ("SPY",), Clock(), pd.DatetimeIndex(days))
    return panel["flow"]["SPY"].tolist()


def test_three_vintages_and_what_each_decision_saw(tmp_path, bring):
    bring(JANUARY)
    assert "2 new" in bring(FEBRUARY)
    assert "2 equal, 1 revised" in bring(CORRECTED, "--known-at", "2024-01-22T12:00")
    assert seen(tmp_path, ["2024-01-18", "2024-01-19", "2024-01-22", "2024-01-30", "2024-02-02"]) == [11, 11, 17, 17, 21]
    log = CliRunner().invoke(command, ["log", "flows", "--datasets", str(tmp_path / "d")]).output
    log = CliRunner().invoke(command, ["log", "flows", "--json", "--datasets", str(tmp_path / "d")]).output
    assert [line["change"] for line in json.loads(log)] == [{"equal": 2, "new": 0, "revised": 1}, {"equal": 0, "new": 2, "revised": 0}, {"new": 3}]


def test_february_under_the_name_of_january_keeps_january(tmp_path, bring):
    bring(JANUARY, name="month.csv")
    bring(FEBRUARY, name="month.csv")
    assert stored(tmp_path / "d" / "flows")["flow"].tolist() == [10, 11, 12, 20, 21]


def test_a_revision_is_known_from_its_import_on(tmp_path, bring):
    bring(JANUARY)
    before = pd.Timestamp.now("UTC").tz_localize(None)
    bring(CORRECTED)
    table = stored(tmp_path / "d" / "flows")
    (row,) = table[table[REVISED].notna()].itertuples()
    assert (row.flow, row.event_time) == (17, pd.Timestamp("2024-01-17"))
    assert before - pd.Timedelta(seconds=1) < row.known_at == row.revised_at
    assert seen(tmp_path, ["2024-01-18"]) == [11]


def test_the_same_rows_change_nothing_and_a_revision_is_not_revised_again(tmp_path, bring):
    bring(JANUARY)
    assert "unchanged" in bring(JANUARY + "\n", name="again.csv")
    bring(CORRECTED, name="corrected.csv")
    assert "unchanged" in bring(CORRECTED + "\n", name="corrected again.csv")
    assert len(stored(tmp_path / "d" / "flows")) == 4


def test_the_policy_says_what_becomes_of_a_revision(tmp_path, bring):
    bring(JANUARY)
    path = tmp_path / "d" / "flows" / "dataset.toml"
    text = path.read_text()
    path.write_text(text.replace("[fields.flow]", '[policy]\nrevision = "refuse"\n[fields.flow]'))
    with pytest.raises(RefusedImport, match=r"flows\.csv row 3: 2024-01-17 SPY flow: 17 where it was 11"):
        bring(CORRECTED)
    path.write_text(text.replace("[fields.flow]", '[policy]\nrevision = "drop"\n[fields.flow]'))
    bring(CORRECTED + "2024-02-09,30\n")
    assert stored(tmp_path / "d" / "flows")["flow"].tolist() == [10, 11, 12, 30]


def test_what_would_lose_rows_is_refused_until_asked(tmp_path, bring):
    bring(JANUARY, name="january.csv")
    bring(FEBRUARY, name="february.csv")
    with pytest.raises(RefusedImport, match=r"february\.csv would be read in another way than before, and its rows come also from january\.csv; .*--replace"):
        bring(FEBRUARY, "--option", "scale=2", "--symbol", "QQQ", name="february.csv")
    bring(FEBRUARY, "--replace", name="february.csv")
    assert stored(tmp_path / "d" / "flows")["flow"].tolist() == [20, 21]
    CliRunner().invoke(command, ["restore", "flows", "--to", "previous", "--datasets", str(tmp_path / "d")])
    assert stored(tmp_path / "d" / "flows")["flow"].tolist() == [10, 11, 12, 20, 21]


def test_a_field_that_comes_later_joins_the_rows_that_are_there(tmp_path, bring):
    bring(JANUARY)
    path = tmp_path / "d" / "flows" / "dataset.toml"
    path.write_text(path.read_text() + '[fields.volume]\nmax_age = "40D"\n')
    bring("Date,Flow,Volume\n2024-01-17,11,500\n", "--map", "volume=Volume", name="volume.csv")
    table = stored(tmp_path / "d" / "flows")
    assert table["flow"].tolist() == [10, 11, 12]
    assert table["volume"].tolist()[1] == 500
    assert table["known_at"].tolist()[1] == pd.Timestamp("2024-01-17 22:00")


def test_exact_duplicates_are_dropped_and_conflicting_ones_refused(tmp_path, bring):
    bring(JANUARY + "2024-01-17,11\n")
    assert len(stored(tmp_path / "d" / "flows")) == 3
    with pytest.raises(RefusedImport, match=r"row 5: 2024-01-17 SPY: this symbol and time is there already, with other values"):
        bring(JANUARY + "2024-01-17,99\n", "--replace")


def test_a_changed_rule_places_all_rows_again_but_for_revisions(tmp_path, bring):
    bring(JANUARY)
    bring(CORRECTED, "--known-at", "2024-01-22T12:00")
    path = tmp_path / "d" / "flows" / "dataset.toml"
    path.write_text(path.read_text().replace("17:00", "20:00"))
    bring(CORRECTED)
    known = stored(tmp_path / "d" / "flows")["known_at"]
    assert [f"{time:%m-%d %H:%M}" for time in known] == ["01-04 01:00", "01-18 01:00", "01-22 12:00", "02-01 01:00"]
