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


@pytest.mark.parametrize("name", ["x.csv", "x.json", "x.parquet"])
def test_a_column_called_row_is_the_files_own(tmp_path, name):
    frame = pd.DataFrame({"date": ["2031-01-02", "2031-01-03"], "row": [7, 9], "file": [5, 6]})
    write = {"x.csv": frame.to_csv, "x.json": lambda path, index: frame.to_json(path, orient="records"), "x.parquet": frame.to_parquet}[name]
    write(tmp_path / name, index=False)
    table = source("table").parse(tmp_path / name, {"time": "date", "symbol": "S", "map": {"x": "row", "y": "file"}})
    assert table.frame[["x", "y"]].to_numpy().tolist() == [[7, 5], [9, 6]]
    assert table.frame["row"].tolist() == ([2, 3] if name == "x.csv" else [1, 2])


def test_a_symbol_called_row_is_one_of_a_wide_table(put):
    text = "date,row,AAPL\n2031-01-02,7,8\n"
    for name, options in (("constituents", {}), ("fred", {"field": "member_close"}), ("table", {"time": "date", "wide": "member_close"})):
        assert set(source(name).parse(put("x.csv", text), options).frame["symbol"]) == {"row", "AAPL"}


@pytest.mark.parametrize("field", ["event_time", "known_at", "revised_at", "symbol", "row", "file"])
def test_no_field_has_a_name_that_every_table_has(put, field):
    path = put("x.csv", "date,v\n2031-01-02,7\n")
    for options in ({"map": {field: "v"}, "symbol": "S"}, {"wide": field}):
        with pytest.raises(SourceError, match=f"a field called {field}"):
            source("table").parse(path, {"time": "date", **options})


def test_a_name_that_two_columns_have_is_not_guessed(put):
    options = {"time": "date", "symbol": "S", "map": {"x": "v"}}
    for head in ("date,v,v", "date,v , v"):
        with pytest.raises(SourceError, match="two columns are called 'v'"):
            source("table").parse(put("x.csv", f"{head}\n2031-01-02,7,8\n"), options)
    assert len(source("table").parse(put("x.csv", "date,v,w,w\n2031-01-02,7,8,9\n"), options).frame) == 1
    with pytest.raises(SourceError, match="two columns are called 'close'"):
        source("klines").parse(put("k.csv", "date,open,high,low,close,Close\n2031-01-02,7,8,6,7,1\n"), {"symbol": "S"})


@pytest.mark.parametrize("name", ["table", "messy"])
def test_a_table_too_wide_to_be_one_is_refused_at_once(put, name):
    wide = put("x.csv", ",".join(["date", *(f"c{n}" for n in range(20_000))]) + "\n2031-01-02" + ",1" * 20_000 + "\n")
    with pytest.raises(SourceError, match="20,001 columns"):
        source(name).parse(wide, {"time": "date", "symbol": "S", "map": {"x": "c5"}})
