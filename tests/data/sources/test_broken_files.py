"""Files that are not what they should be: one clear line each."""

from pathlib import Path

import pandas as pd
import pytest

from flowbt.data.declare import read_declaration
from flowbt.data.ingest.plan import read_plan
from flowbt.data.sources import NAMES, options_of, read, source
from flowbt.ground.errors import SourceError

OPTIONS = {"symbol": "X", "time": "date", "map": {"value": "v"}, "product": "total", "venue": "binance", "root": "BTC"}


@pytest.mark.parametrize("name", NAMES)
def test_missing_empty_folder_and_foreign_files(name, tmp_path):
    (tmp_path / "empty.csv").touch()
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    for path in (tmp_path / "none.csv", tmp_path / "empty.csv", tmp_path, tmp_path / "other.csv"):
        with pytest.raises(SourceError) as caught:
            source(name).parse(path, OPTIONS)
        assert "\n" not in str(caught.value)
        assert ";" in str(caught.value)


@pytest.mark.parametrize("name", ["finra", "klines", "constituents", "table"])
def test_truncated_parquet(name, tmp_path):
    path = tmp_path / "t.parquet"
    pd.DataFrame({"date": pd.date_range("2031-01-01", periods=500), "v": 1.0}).to_parquet(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(SourceError, match=r"t\.parquet: cannot be read"):
        source(name).parse(path, OPTIONS)


def test_truncated_gzip(put):
    path = put("VIX_History.csv.gz", "DATE,OPEN,HIGH,LOW,CLOSE\n" + "01/02/2031,10,12,10,11\n" * 50)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(SourceError, match="cannot be read"):
        source("cboe_index").parse(path, {})


def test_header_without_rows(put):
    with pytest.raises(SourceError, match="a header but no rows"):
        source("fred").parse(put("f.csv", "observation_date,DGS10\n"), {})


def test_a_cell_that_is_no_number_is_named_by_row(put):
    table = source("fred").parse(put("f.csv", "observation_date,DGS10\n2031-01-02,4.5\n2031-01-03,4,5\n".replace("4,5", "4;5")), {})
    assert [found.line() for found in table.findings] == ["[unreadable] f.csv row 3: DGS10: '4;5' is not readable"]


def test_blank_lines_do_not_shift_row_numbers(put):
    table = source("fred").parse(put("f.csv", "observation_date,DGS10\n\n2031-01-02,4.5\n"), {})
    assert table.frame["row"].tolist() == [3]


def test_an_unknown_source_is_named_with_the_nearest():
    with pytest.raises(SourceError, match="did you mean yahoo"):
        source("yaho")


@pytest.mark.parametrize("name", NAMES)
def test_every_source_refuses_an_option_it_does_not_have(name, put):
    with pytest.raises(SourceError, match=f"x.csv as {name}: no option 'thousands'"):
        read(name, put("x.csv", "a,b\n1,2\n"), {"thousands": ","})


def test_a_misspelt_option_is_answered_with_the_nearest(put):
    with pytest.raises(SourceError, match="no option 'utc_ofset'; did you mean utc_offset"):
        read("funding", put("x.csv", "a,b\n1,2\n"), {"utc_ofset": 3})


def test_the_plan_gives_no_option_a_source_does_not_have():
    home = Path(__file__).parents[3] / "datasets"
    for dataset in read_plan(home / "plan.toml").dataset:
        usual = read_declaration(home / dataset.name).source
        for file in dataset.files:
            assert set(file.options) <= set(options_of(file.source or usual)), (dataset.name, file.path)
            assert not file.symbol_from or "symbol" in options_of(file.source or usual)


@pytest.mark.parametrize("name", ["value", "event_time", "symbol", "known_at"])
def test_a_series_may_have_any_name(tmp_path, name):
    (tmp_path / "panel.csv").write_text(f"date,{name},DGS2\n2024-01-02,1.5,2\n2024-01-03,.,3\n")
    rows = source("fred").parse(tmp_path / "panel.csv", {}).frame
    assert dict(zip(rows["symbol"] + " " + rows["event_time"].dt.strftime("%d"), rows["value"], strict=True)) == {f"{name} 02": 1.5, "DGS2 02": 2, "DGS2 03": 3}
    with pytest.raises(SourceError, match="a field called symbol"):
        source("fred").parse(tmp_path / "panel.csv", {"field": "symbol"})
