"""Put/call, FINRA short volume, funding."""

import pandas as pd
import pytest

from flowbt.data.sources import source
from flowbt.ground.errors import SourceError

DISCLAIMER = "Volume and ratio data, without warranty\n, PRODUCT: TOTAL,,EXCHANGE: Cboe,\n"


def parse(name, path, **options):
    return source(name).parse(path, options)


def test_putcall_archive_with_disclaimer_and_both_date_styles(put):
    text = DISCLAIMER + "DATE,CALLS,PUTS,TOTAL,P/C Ratio\n1/2/2031,100,90,190,0.90\n01/03/2031, 100, 110, 210, 1.10\n"
    table = parse("cboe_putcall", put("totalpc.csv", text))
    assert table.frame["put_call_total"].tolist() == [0.9, 1.1]
    assert table.frame["row"].tolist() == [4, 5]
    assert not table.findings


def test_putcall_clean_header_needs_its_product_and_checks_the_arithmetic(put):
    path = put("x.csv", "DATE,CALLS,PUTS,TOTAL,Ratio\n1/2/2031,100,90,190,0.90\n1/3/2031,100,90,190,0.99\n1/6/2031,100,90,195,0.9\n")
    assert [(found.kind, found.row) for found in parse("cboe_putcall", path, product="equity").findings] == [("arithmetic", 3), ("arithmetic", 4)]
    with pytest.raises(SourceError, match="which product"):
        parse("cboe_putcall", path)


def test_putcall_scrape_loses_its_known_bad_values_only(put):
    text = "Fecha,TOTAL_PUT_CALL_RATIO,INDEX_PUT_CALL_RATIO,EQUITY_PUT_CALL_RATIO\n2031-01-02,0.9,11.0,0.6\n2031-01-03,4.22,1.1,1.0\n"
    table = parse("cboe_putcall", put("s.csv", text))
    assert table.frame[["put_call_total", "put_call_index", "put_call_equity"]].fillna(-1).values.tolist() == [[0.9, -1, 0.6], [-1, 1.1, -1]]
    assert sorted((found.kind, found.row, found.field) for found in table.findings) == [
        ("rejected", 2, "put_call_index"),
        ("rejected", 3, "put_call_equity"),
        ("rejected", 3, "put_call_total"),
    ]


def test_putcall_joined(put):
    table = parse("cboe_putcall", put("j.csv", "date,equity_pc_ratio,total_pc_ratio,index_pc_ratio\n2031-01-02,0.5,,\n"))
    assert table.frame[["symbol", "put_call_equity"]].values.tolist() == [["US", 0.5]]


FINRA = "Date|Symbol|ShortVolume|ShortExemptVolume|TotalVolume|Market\n20310102|NA|10|0|40|B,Q,N\n20310102|TRUE|5.25|0|20.500000|Q\n"


def test_finra_keeps_tickers_that_look_missing_and_fractional_volumes(put):
    table = parse("finra", put("CNMSshvol20310102.txt.gz", FINRA + "2\n"))
    assert table.frame["symbol"].tolist() == ["NA", "TRUE"]
    assert table.frame[["short_volume", "total_volume"]].values.tolist() == [[10.0, 40.0], [5.25, 20.5]]


@pytest.mark.parametrize(("end", "problem"), [("", "row count is not there"), ("3\n", "2 rows where the file says 3")])
def test_finra_file_cut_off_is_refused(put, end, problem):
    with pytest.raises(SourceError, match=problem):
        parse("finra", put("CNMSshvol20310102.txt", FINRA + end))


def test_finra_wide_ratios_give_back_the_total(put):
    table = parse("finra", put("r.csv", "date,AB_short_ratio,AB_short_vol\n2031-01-02,0.25,100\n2031-01-03,,\n"))
    assert table.frame[["symbol", "short_volume", "total_volume"]].values.tolist() == [["AB", 100.0, 400.0]]


def test_funding_export_three_hours_ahead_lines_up_with_ms_in_percent(put):
    export = parse("funding", put("e.csv", "Symbol,Date,Funding Rate\nBTC-USDT,2031-01-01 11:00:00.004,0.0001\n"), utc_offset=3)
    stamp = pd.Timestamp("2031-01-01 08:00").value // 10**6 + 16
    pairs = parse("funding", put("p.json", f"[[{stamp}, 0.01]]"), symbol="BTC", percent=True)
    assert export.frame[["event_time", "symbol"]].equals(pairs.frame[["event_time", "symbol"]])
    assert pairs.frame["funding_rate"][0] == pytest.approx(export.frame["funding_rate"][0])


def test_funding_of_one_venue_with_its_interval(tmp_path):
    path = tmp_path / "f.parquet"
    times = pd.to_datetime(["2031-01-01 01:00:00.004"] * 2, utc=True)
    pd.DataFrame({"timestamp": times, "venue": ["kraken", "binance"], "coin": "BTC", "funding_rate": [0.5, 0.25]}).to_parquet(path)
    row = parse("funding", path, venue="kraken", hours=1).frame.iloc[0]
    assert (row["event_time"], row["funding_rate"], row["funding_interval_hours"]) == (pd.Timestamp("2031-01-01 01:00"), 0.5, 1.0)
    with pytest.raises(SourceError, match="'okx' is not among binance, kraken"):
        parse("funding", path, venue="okx")


def test_funding_bitmex_reads_the_interval_written_as_a_date(put):
    text = "timestamp,symbol,fundingInterval,fundingRate,fundingRateDaily\n2031-01-01T12:00:00Z,XBTUSD,2000-01-02T00:00:00Z,6e-4,6e-4\n"
    text += "2031-01-02T04:00:00Z,XBTUSD,2000-01-01T08:00:00Z,1e-4,3e-4\n"
    table = parse("funding", put("b.csv", text))
    assert table.frame["funding_interval_hours"].tolist() == [24.0, 8.0]
    assert table.frame["symbol"].tolist() == ["BTC", "BTC"]


def test_funding_deribit_counts_by_its_epoch_not_its_local_time(put):
    stamp = pd.Timestamp("2031-01-01 10:00").value // 10**6
    header = "time_dt,timestamp,prev_index_price,interest_8h,interest_1h,index_price,time_dt\n"
    text = f"{header}2031-01-01 13:00:00,{stamp},,0.004,0.0005,100,2031-01-01 13:00:00\n"
    row = parse("funding", put("d.csv", text), symbol="BTC").frame.iloc[0]
    assert (row["event_time"], row["funding_rate"], row["funding_interval_hours"]) == (pd.Timestamp("2031-01-01 10:00"), 0.0005, 1.0)
