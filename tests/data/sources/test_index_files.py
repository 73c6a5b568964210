"""Indices and volatility: Cboe, SqueezeMetrics, FRED, ISM, DVOL."""

import numpy as np
import pandas as pd
import pytest

from flowbt.data.sources import source
from flowbt.ground.errors import SourceError


def parse(name, path, **options):
    return source(name).parse(path, options)


def test_cboe_ohlc_takes_its_symbol_from_the_file_name(put):
    table = parse("cboe_index", put("VIX_History.csv.gz", "DATE,OPEN,HIGH,LOW,CLOSE\n01/02/2031,10.5,12,10,11.25\n01/03/2031,11,11,11,11\n"))
    assert table.frame[["event_time", "symbol", "open", "close", "row"]].iloc[0].tolist() == [pd.Timestamp("2031-01-02"), "VIX", 10.5, 11.25, 2]


def test_cboe_one_column_names_its_symbol_in_the_header(put):
    table = parse("cboe_index", put("x.csv", "DATE,SKEW\n02/01/2031,130.5\n02/02/2031,\n"))
    assert table.frame[["symbol", "close"]].values.tolist() == [["SKEW", 130.5]]


def test_cboe_joined_file_gives_one_row_per_index_and_value(put):
    text = "date,VIX1D,OVX,TERM\n2031-01-02,,40.5,1\n2031-01-03,9.5,41,1\n"
    table = parse("cboe_index", put("joined.csv", text), columns=["VIX1D", "OVX"])
    assert sorted(zip(table.frame["symbol"], table.frame["close"], strict=True)) == [("OVX", 40.5), ("OVX", 41.0), ("VIX1D", 9.5)]


def test_cboe_master_file_strips_the_suffix(put):
    text = "fecha,NDX_close,VIX_close,DFF\n2031-01-02,100.5,20,5\n"
    table = parse("cboe_index", put("m.csv", text), time="fecha", suffix="_close", columns=["NDX"])
    assert table.frame[["symbol", "close"]].values.tolist() == [["NDX", 100.5]]


def gex_rows(values):
    dates = pd.bdate_range("2031-01-01", periods=len(values))
    return "date,price,dix,gex\n" + "".join(f"{day:%Y-%m-%d},100,0.45,{value}\n" for day, value in zip(dates, values, strict=True))


def test_squeezemetrics_reports_the_first_row_of_a_format_break(put):
    values = ["1.1250", "2.2500", "3.5000", "4.123456", "5.1"]
    table = parse("squeezemetrics", put("DIX.csv", gex_rows(values)))
    assert [(found.kind, found.row) for found in table.findings] == [("format_break", 5)]
    assert table.frame["gex"].tolist() == [float(value) for value in values]


def test_squeezemetrics_reports_an_isolated_spike_but_keeps_it(put):
    steps = np.random.default_rng(1).normal(0, 1, 60).cumsum()
    steps[40] += 30
    table = parse("squeezemetrics", put("DIX.csv", gex_rows([f"{value:.4f}" for value in steps])))
    assert [(found.kind, found.row) for found in table.findings] == [("outlier", 42)]
    assert table.frame["gex"][40] == pytest.approx(steps[40], abs=1e-4)


@pytest.mark.parametrize("header", ["observation_date,DGS10", "DATE,DGS10", "date,dgs10"])
def test_fred_headers_old_and_new(put, header):
    table = parse("fred", put("f.csv", f"{header}\n2031-01-02,4.5\n2031-01-03,.\n2031-01-06,\n2031-01-07,4.25\n"))
    assert table.frame["symbol"].unique().tolist() == ["DGS10"]
    assert table.frame["value"].tolist() == [4.5, 4.25]
    assert not table.findings


def test_fred_value_column_needs_a_symbol(put):
    path = put("f.csv", "date,value\n2031-01-01,7\n")
    assert parse("fred", path, symbol="WALCL").frame["symbol"].tolist() == ["WALCL"]
    with pytest.raises(SourceError, match="does not name its symbol"):
        parse("fred", path)


def test_fred_panel_columns_are_picked_and_renamed(put):
    text = "date,DXY,OTHER\n2031-01-01,101.5,1\n2031-01-02,,2\n"
    table = parse("fred", put("p.csv", text), columns={"DXY": "DTWEXBGS"})
    assert table.frame[["symbol", "value"]].values.tolist() == [["DTWEXBGS", 101.5]]


def test_ism_with_a_byte_order_mark_and_a_release_date(put):
    table = parse("monthly", put("ism.csv", "\ufeffDate,Value\n2031-01-01,51.5\n2031-02-03,49\n"), symbol="ISM_PMI")
    assert table.frame["value"].tolist() == [51.5, 49.0]
    assert [(found.kind, found.row) for found in table.findings] == [("off_month", 3)]


def test_dvol_csv_and_json_agree(put):
    left = parse("dvol", put("d.csv", "date,dvol\n2031-01-02,55.5\n"))
    right = parse("dvol", put("d.json", f"[[{pd.Timestamp('2031-01-02').value // 10**6}, 55.5]]"))
    assert left.frame[["event_time", "symbol", "close"]].equals(right.frame[["event_time", "symbol", "close"]])


@pytest.mark.parametrize("cells", [("2031", "2031"), ("2031-01", "2031-02"), ("13/01/2031", "14/01/2031"), ("02.01.2031", "03.01.2031"), ("2 janv. 2031", "x")])
def test_dates_cboe_does_not_write_are_findings_never_guessed(put, cells):
    table = parse("cboe_index", put("VIX_History.csv", "DATE,VIX\n" + "".join(f"{cell},20\n" for cell in cells)))
    assert table.frame.empty
    assert [(found.kind, found.row) for found in table.findings if found.kind != "blank"] == [("unreadable", 2), ("unreadable", 3)]
