"""Text from files and options stays text: no SQL, no path out of a folder, no name that is none."""

import zipfile

import duckdb
import pandas as pd
import pytest
from click.testing import CliRunner

from flowbt.cli.data.data import command
from flowbt.cli.data.reduce import command as reduce
from flowbt.data.raw.duck import Limits, identifier, literal, open_table
from flowbt.ground.errors import DatasetError, FlowbtError, ParameterError, RefusedImport, SourceError
from flowbt.ground.files import inside
from tinydata import stored

NASTY = ("a'); COPY (SELECT 1) TO 'out.txt'; --", 'b"x', "c'd", "e]f", "g{h}", "ü ñ", "semi;colon")


def test_any_text_is_only_text_in_sql():
    for text in NASTY:
        row = duckdb.execute(f"SELECT {literal(text)} AS {identifier(text)}").df()
        assert (list(row.columns), row.iloc[0, 0]) == ([text], text)


def test_a_header_with_sql_in_it_is_a_header(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    header = ",".join('"' + name.replace('"', '""') + '"' for name in NASTY)
    (tmp_path / "x.csv").write_text(f"{header}\n" + ",".join(["1704067200000"] * len(NASTY)) + "\n", encoding="utf-8")
    with open_table(tmp_path / "x.csv", Limits(), numbers=NASTY[:2]) as table:
        assert table.columns == NASTY
        assert table.query(f"SELECT * FROM {table.sql}").iloc[0].tolist() == [1704067200000] * len(NASTY)
    assert not (tmp_path / "out.txt").exists()


@pytest.mark.parametrize("name", ["b*.csv", "b?.csv", "b[12].csv", "b'1.csv", "b{1,2}.csv"])
def test_a_file_name_is_no_pattern(tmp_path, name):
    (tmp_path / "b1.csv").write_text("x\n1\n")
    (tmp_path / name).write_text("x\n2\n")
    with open_table(tmp_path / name, Limits()) as table:
        assert table.query(f"SELECT x FROM {table.sql}")["x"].tolist() == ["2"]


@pytest.mark.parametrize("name", ["../x", "../../x", "/tmp/x", "a/b", "", ".", "..", ".x", "x\n", "x\0", "a b", "é", "x" * 200])
def test_a_dataset_is_no_path(tmp_path, name):
    (tmp_path / "p.csv").write_text("ticker,executed_at,price,nbbo_bid,nbbo_ask,size\nXYZ,2024-05-01T15:00:00Z,10,9.9,10.0,100\n")
    result = CliRunner().invoke(reduce, ["dark-prints", str(tmp_path / "p.csv"), "--to", name, "--datasets", str(tmp_path / "d" / "e")])
    assert isinstance(result.exception, DatasetError)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p.csv"]


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/etc/x", "..", "", ".hidden", "a\\b", "x\0y"])
def test_a_path_does_not_leave_its_folder(tmp_path, name):
    with pytest.raises(ParameterError, match="not a plain file name"):
        inside(tmp_path, name)


def add(tmp_path, text, *words, name="x.csv"):
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    base = ["import", "table", str(tmp_path / name), "--name", "x", "--time", "t", "--publication", "close", "--datasets", str(tmp_path / "d"), "--symbol", "S"]
    result = CliRunner().invoke(command, [*base, *words])
    if result.exception:
        raise result.exception
    return stored(tmp_path / "d" / "x")


@pytest.mark.parametrize("name", ["my flow", "a.b", "a#b", "1st", "symbol", "row", "known_at", "x" * 70, "a:b", "a\nb"])
def test_a_field_has_a_name_that_can_be_written(tmp_path, name):
    with pytest.raises(FlowbtError, match=r"is no name for a field.*such as"):
        add(tmp_path, "t,v\n2024-01-02,1\n", "--map", f"{name}=v")
    assert not (tmp_path / "d" / "x").exists()


def test_names_beyond_ascii_are_kept_apart(tmp_path):
    table = add(tmp_path, "t,v,w,s\n2024-01-02,1,2,Ä\n2024-01-02,3,4,A\n", "--map", "größe=v", "--map", "grosse=w", "--symbol-column", "s")
    assert table.set_index("symbol")["größe"].to_dict() == {"Ä": 1, "A": 3}
    assert list(table["grosse"]) == [4, 2]


CELLS = {"0": "not above 0", "-5": "not above 0", "inf": "not readable", "-inf": "not readable", "1e400": "not readable"}


@pytest.mark.parametrize("cell", CELLS)
def test_a_price_that_cannot_be_is_named(tmp_path, cell):
    with pytest.raises(RefusedImport, match=f"row 3.*{CELLS[cell]}"):
        add(tmp_path, f"t,p\n2024-01-02,1\n2024-01-03,{cell}\n", "--map", "close=p")


def test_an_infinite_number_in_parquet_is_named(tmp_path):
    path = tmp_path / "x.parquet"
    pd.DataFrame({"t": ["2024-01-02", "2024-01-03"], "p": [1.0, float("inf")]}).to_parquet(path)
    with pytest.raises(RefusedImport, match=r"row 2.*not readable"):
        add(tmp_path, path.read_bytes(), "--map", "close=p", name="x.parquet")


@pytest.mark.parametrize("unit", ["s", "us"])
def test_an_epoch_in_another_unit_is_named(tmp_path, unit):
    with pytest.raises(FlowbtError, match=r"is in the year|no session"):
        add(tmp_path, "t,p\n1704207600000,1\n", "--map", "close=p", "--option", f"time_unit={unit}")


def test_an_empty_zip_is_one_line(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w"):
        pass
    with pytest.raises(SourceError, match=r"x\.zip: cannot be read"):
        add(tmp_path, (tmp_path / "x.zip").read_bytes(), "--map", "close=p", name="x.zip")
