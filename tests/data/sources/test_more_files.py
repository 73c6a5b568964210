"""COT, surveys, auctions, dated futures, liquidations, events."""

import json

import pandas as pd
import pytest

from flowbt.data.sources import source
from flowbt.data.sources.calendars import read_calendar
from flowbt.data.sources.cftc import known_at
from flowbt.data.sources.futures import expiry
from flowbt.data.sources.treasury import first_term
from flowbt.ground.errors import SourceError


def parse(name, path, **options):
    return source(name).parse(path, options)


@pytest.mark.parametrize(
    ("tuesday", "published", "why"),
    [
        ("2024-07-09", "2024-07-12 19:30", "an ordinary Friday, summer time"),
        ("2024-01-09", "2024-01-12 20:30", "an ordinary Friday, winter time"),
        ("2024-07-02", "2024-07-08 19:30", "Independence Day on the Thursday"),
        ("2022-11-08", "2022-11-14 20:30", "Veterans Day on the Friday, a day on which stocks trade"),
        ("2024-01-16", "2024-01-19 20:30", "a holiday on the Monday delays nothing"),
        ("2019-01-08", "2019-03-08 20:30", "the shutdown of 2018-19"),
    ],
)
def test_cot_is_known_when_the_report_came_out(tuesday, published, why):
    assert known_at(pd.DatetimeIndex([tuesday]))[0] == pd.Timestamp(published), why


def test_cot_legacy_and_joined_layouts(put):
    legacy = parse("cftc", put("c.csv", "date,spec_long,spec_short,comm_long,comm_short\n2024-01-09,50,80,9,9\n"), symbol="SPX")
    assert legacy.frame[["symbol", "cot_spec_net"]].values.tolist() == [["SPX", -30.0]]
    header = "date,GC_OI,GC_MM_L,GC_MM_S,ES_OI,ES_DEALER_L,ES_DEALER_S,ES_ASSET_L,ES_ASSET_S,ES_HEDGE_L,ES_HEDGE_S\n"
    frame = parse("cftc", put("m.csv", header + "2024-01-09,100,7,2,200,1,4,30,10,5,9\n")).frame.set_index("symbol")
    assert frame["cot_spec_net"].to_dict() == {"GC": 5.0, "SPX": -4.0}
    assert frame.loc["SPX", ["cot_open_interest", "cot_asset_net", "cot_dealer_net"]].tolist() == [200.0, 20.0, -3.0]


def test_cot_file_that_mixes_contracts_gives_the_largest_and_lists_the_others(put):
    table = parse("cftc", put("a.csv", "date,am_long,am_short,am_net\n2024-01-09,10,1,9\n2024-01-09,500,100,400\n"), symbol="SPX")
    assert table.frame["cot_asset_net"].tolist() == [400.0]
    assert [(found.kind, found.row) for found in table.findings] == [("rejected", 2)]


@pytest.mark.parametrize(
    "names",
    [
        "CFTC Contract Market Code,As of Date in Form YYYY-MM-DD,Open Interest (All),Noncommercial Positions-Long (All),Noncommercial Positions-Short (All)",
        "CFTC_Contract_Market_Code,Report_Date_as_MM_DD_YYYY,Open_Interest_All,Lev_Money_Positions_Long_All,Lev_Money_Positions_Short_All",
        "cftc_contract_market_code,report_date_as_yyyy_mm_dd,open_interest_all,lev_money_positions_long,lev_money_positions_short",
    ],
)
def test_cot_columns_as_the_different_files_write_them(put, names):
    frame = parse("cftc", put("c.csv", f"{names}\n13874A,2024-01-09,100,7,9\n")).frame
    assert frame[["symbol", "cot_open_interest", "cot_spec_net"]].values.tolist() == [["SPX", 100.0, -2.0]]


def test_cot_of_unknown_contracts_is_refused(put):
    header = "CFTC_Contract_Market_Code,Report_Date_as_YYYY-MM-DD,Open_Interest_All\n"
    with pytest.raises(SourceError, match="none of the contracts"):
        parse("cftc", put("c.csv", header + "000000,2024-01-09,5\n"))


AAII = """date,bullish,neutral,bearish,total
2024-01-04 00:00:00.000000,0.5,0.3,0.2,1
2024-01-11 00:00:00.000000,0.5,0.3,0.3,1
2024-01-12 21:07:25.97,0.5,0.5,0.2,
"""


def test_aaii_scrape_rows_are_rejected_and_wrong_sums_flagged(put):
    table = parse("sentiment", put("aaii.csv", AAII))
    assert table.frame[["aaii_bullish", "aaii_bearish"]].values.tolist() == [[0.5, 0.2], [0.5, 0.3]]
    assert [(found.kind, found.row) for found in table.findings] == [("rejected", 4), ("arithmetic", 3)]


def test_naaim(put):
    table = parse("sentiment", put("n.csv", "date,mean,naaim\n2024-01-03,,79.5\n"))
    assert table.frame[["symbol", "naaim_exposure"]].values.tolist() == [["US", 79.5]]


@pytest.mark.parametrize(
    ("term", "first"),
    [
        ("10-Year", "10-Year"),
        ("9-Year 10-Month", "10-Year"),
        ("29-Year 6-Month", "30-Year"),
        ("1-Year 11-Month", "2-Year"),
        ("13-Week", "13-Week"),
        ("3-Year 11-Month", "3-Year 11-Month"),
    ],
)
def test_a_reopening_counts_as_its_first_term(term, first):
    assert first_term(term) == first


def test_auctions_tell_protected_and_floating_issues_apart(put):
    header = "auction_date,security_type,security_term,bid_to_cover_ratio,high_yield,issue_date,maturity_date,tail_bp\n"
    rows = [
        "2024-02-07,Note,10-Year,2.5,4.1,2024-02-15,2034-02-15,1.5",
        "2024-01-18,Note,10-Year,2.6,1.8,2024-01-31,2034-01-15,2",
        "2024-02-08,Bond,30-Year,2.4,4.3,2024-02-15,2054-02-15,1",
        "2024-02-20,Bond,30-Year,2.3,2.1,2024-02-29,2054-02-15,1",
        "2024-01-24,Note,2-Year,3.0,,2024-01-31,2026-01-31,",
        "2024-03-25,Note,5-Year,2.4,4.2,2024-04-01,2029-03-31,1",
        "2024-12-30,Note,7-Year,,,2024-12-31,2031-12-31,",
    ]
    table = parse("treasury", put("a.csv", header + "\n".join(rows) + "\n"))
    assert table.frame["symbol"].tolist() == ["10-Year", "10-Year TIPS", "30-Year", "30-Year TIPS", "2-Year FRN", "5-Year"]
    assert [found.reason for found in table.findings] == ["1 rows hold no value"]


@pytest.mark.parametrize(
    ("code", "year", "month", "day"),
    [
        ("MBTF2", 2021, 8, "2022-01-28"),
        ("MBTH4", 2022, 10, "2024-03-28"),
        ("MBTM1", 2021, 6, "2021-06-25"),
        ("METZ5", 2025, 12, "2025-12-26"),
        ("MBTF2", 2022, 2, "2032-01-30"),
    ],
)
def test_a_year_digit_is_resolved_by_the_date_of_the_bar(code, year, month, day):
    assert expiry(code, year, month) == pd.Timestamp(day)


def test_futures_leave_out_spreads_and_thin_bars(put):
    header = "ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume,symbol\n"
    rows = ["57000,500,MBTF2", "57100,5,MBTG2", "100,900,MBTF2-MBTG2"]
    text = header + "".join(f"2021-12-01T00:00:00.000000000Z,35,1,1,1,1,1,{row}\n" for row in rows)
    table = parse("futures", put("f.csv", text), root="BTC", least_volume=200)
    assert table.frame[["symbol", "futures_close", "futures_volume"]].values.tolist() == [["BTC-2022-01-28", 57000.0, 500.0]]
    assert [found.reason for found in table.findings] == ["1 rows are calendar spreads", "1 bars traded fewer than 200 contracts"]


def test_liquidations_sum_the_takers_side_per_hour(tmp_path):
    path = tmp_path / "l.parquet"
    times = pd.to_datetime(["2024-01-02 01:10", "2024-01-02 01:50", "2024-01-02 02:00", "2024-01-02 01:20", "2024-01-02 01:30"], utc=True)
    rows = {
        "timestamp": times,
        "venue": "okx",
        "coin": "BTC",
        "side": ["sell", "buy", "sell", "S", "buy"],
        "size_usd": [10.0, 4.0, 1.0, 9.0, 1e9],
        "price": 1.0,
    }
    pd.DataFrame(rows).to_parquet(path)
    table = parse("liquidations", path, venue="okx", largest=1e6, suffix=":okx")
    assert table.frame[["symbol", "liquidations_long_usd", "liquidations_short_usd"]].values.tolist() == [["BTC:okx", 10.0, 4.0], ["BTC:okx", 1.0, 0.0]]
    assert [(found.kind, found.row) for found in table.findings] == [("blank", 0), ("rejected", 5)]


def test_an_hour_without_liquidations_between_others_is_zero(tmp_path):
    times = pd.to_datetime(["2024-01-02 01:10", "2024-01-02 04:50", "2024-01-02 03:00"], utc=True)
    pd.DataFrame({"timestamp": times, "venue": "okx", "coin": ["A", "A", "B"], "side": "sell", "size_usd": 5.0}).to_parquet(tmp_path / "l.parquet")
    frame = parse("liquidations", tmp_path / "l.parquet", venue="okx").frame
    assert frame.groupby("symbol")["liquidations_long_usd"].apply(list).to_dict() == {"A": [5.0, 0.0, 0.0, 5.0], "B": [5.0]}
    assert frame["liquidations_short_usd"].eq(0.0).all()


EVENTS = """event_time,symbol,known_at,value
2024-03-20T14:00,FOMC,2023-06-01,
2024-02-21T16:20-05:00,EARNINGS:AB,2024-02-01T12:00Z,0.05
2024-07-11,CPI,2023-12-01T08:30,0.1
"""


def test_events_carry_the_time_their_date_was_announced(put):
    frame = parse("events", put("e.csv", EVENTS)).frame.set_index("symbol")
    assert frame["event_time"].to_dict()["FOMC"] == pd.Timestamp("2024-03-20 18:00")
    assert frame["event_time"].to_dict()["CPI:date"] == pd.Timestamp("2024-07-11")
    known = frame["known_at"]
    assert known["FOMC"] == pd.Timestamp("2023-06-02 04:00")
    assert known["EARNINGS:AB:date"] == pd.Timestamp("2024-02-01 12:00")
    assert known["CPI:date"] == pd.Timestamp("2023-12-01 13:30")
    assert frame.loc[["FOMC", "EARNINGS:AB:date", "CPI:date"], "event"].tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("zone", ["+00:00", "Z", "+00", "+0000"])
@pytest.mark.parametrize("between", ["T", " "])
def test_an_offset_counts_however_it_is_written(put, between, zone):
    text = f"event_time,symbol,known_at\n2024-03-20{between}18:00:00{zone},FOMC,2023-06-01{between}12:00{zone}\n"
    row = parse("events", put("e.csv", text)).frame.iloc[0]
    assert (row["event_time"], row["known_at"]) == (pd.Timestamp("2024-03-20 18:00"), pd.Timestamp("2023-06-01 12:00"))


def test_a_meeting_that_ends_in_the_next_month_is_decided_there(put):
    rows = [("2024-04", "30-1"), ("2024-12", "31, 1"), ("2024-06", "11-12")]
    events = [{"type": "FOMC", "title": "FOMC Meeting", "month": month, "days": days, "time": "2:00 p.m."} for month, days in rows]
    found = read_calendar(put("fed.json", json.dumps({"events": events})))
    assert [at for at, _ in found] == [pd.Timestamp("2024-05-01 18:00"), pd.Timestamp("2024-06-12 18:00"), pd.Timestamp("2025-01-01 19:00")]


def test_an_outcome_is_not_known_with_its_date(put):
    frame = parse("events", put("e.csv", EVENTS)).frame.set_index("symbol")
    assert frame.loc["EARNINGS:AB", ["event", "known_at"]].tolist() == [0.05, pd.Timestamp("2024-02-21 21:20")]
    assert frame.loc["CPI", ["event", "known_at"]].tolist() == [0.1, pd.Timestamp("2024-07-12 04:00")]
    assert len(frame) == 5


def test_table_sums_events_to_days_and_fills_days_without_any(put):
    text = "t,who,usd\n1704067200,a,5\n1704070800,a,7\n1704326400,a,1\n1704326400,b,9\n"
    options = {"time": "t", "time_unit": "s", "symbol": "BTC", "map": {"lending_liquidations_usd": "usd"}, "where": {"who": "a"}, "sum": "1D"}
    frame = parse("table", put("d.csv", text), **options).frame
    assert frame["lending_liquidations_usd"].tolist() == [12.0, 0.0, 0.0, 1.0]
    with pytest.raises(SourceError, match="no row with who"):
        parse("table", put("d.csv", text), **{**options, "where": {"who": "c"}})


def test_funding_fixed_ahead_is_known_before_it_is_paid(put):
    path = put("e.csv", "Symbol,Date,Funding Rate\nETH-USDT,2024-01-01 11:00:00,0.0001\n")
    row = parse("funding", path, utc_offset=3, ahead="8h", suffix=":bybit").frame.iloc[0]
    assert (row["symbol"], row["event_time"], row["known_at"]) == ("ETH:bybit", pd.Timestamp("2024-01-01 08:00"), pd.Timestamp("2024-01-01"))


OFFICIAL = "CFTC_Contract_Market_Code,Report_Date_as_YYYY-MM-DD,Open_Interest_All,Lev_Money_Positions_Long_All,Lev_Money_Positions_Short_All\n"


def test_one_contract_stands_for_a_symbol_the_consolidated_one_first(put):
    text = "13874A,2031-01-07,900,50,20\n13874+,2031-01-07,1000,60,20\n13874A,2031-01-14,950,50,30\n13874+,2031-01-14,800,60,35\n239742,2031-01-14,10,5,4\n"
    table = parse("cftc", put("f.csv", OFFICIAL + text))
    assert table.frame[["symbol", "cot_spec_net", "cot_open_interest"]].values.tolist() == [["SPX", 40, 1000], ["SPX", 25, 800], ["RUT", 1, 10]]
    assert [(found.kind, found.row) for found in table.findings] == [("rejected", 2), ("rejected", 4)]
    assert "another contract of SPX on this date; 13874+ counts" in table.findings[0].reason


def test_without_a_consolidated_contract_the_larger_one_counts_and_a_change_is_reported(put):
    text = "a,2031-01-14,9,5,1\nb,2031-01-14,8,7,1\na,2031-01-07,8,3,1\nb,2031-01-07,9,2,1\n"
    table = parse("cftc", put("f.csv", OFFICIAL + text), contracts={"a": "X", "b": "X"})
    assert sorted(table.frame["cot_spec_net"].tolist()) == [1, 4]
    assert [(found.kind, found.row) for found in table.findings] == [("rejected", 3), ("rejected", 4), ("format_break", 2)]


def test_the_same_contract_twice_is_left_to_the_import_to_refuse(put):
    table = parse("cftc", put("f.csv", OFFICIAL + "13874A,2031-01-07,9,5,1\n13874A,2031-01-07,9,6,1\n"))
    assert table.frame["cot_spec_net"].tolist() == [4, 5]


def test_ism_by_sector_long_and_wide(put):
    long = parse("monthly", put("l.csv", "Date,Industry,Value\n2031-01-01,Wood,51.5\n2031-01-01,Paper,48\n"), symbol="ISM_PMI").frame
    wide = parse("monthly", put("w.csv", "Date,Wood,Paper\n2031-01-01,51.5,48\n"), symbol="ISM_PMI", columns=["Wood", "Paper"]).frame
    for frame in (long, wide):
        assert dict(zip(frame["symbol"], frame["value"], strict=True)) == {"ISM_PMI:Wood": 51.5, "ISM_PMI:Paper": 48.0}
    with pytest.raises(SourceError, match="no column Value"):
        parse("monthly", put("w.csv", "Date,Wood,Paper\n2031-01-01,51.5,48\n"), symbol="ISM_PMI")


START = '"E-MINI S&P 500 - CHICAGO MERCANTILE EXCHANGE",310107,2031-01-07,13874A,CME ,00,138 ,'
WEEKLY = {  # open interest, then the groups' long, short (and spread), reportable long and short, small traders, something more
    "tff": ("100,20,10,5,30,25,0,10,35,5,8,3,2,80,85,20,15,-7", {"cot_spec_net": -25, "cot_asset_net": 5, "cot_dealer_net": 10}),
    "legacy": ("100,40,30,10,30,45,80,85,20,15,-7", {"cot_spec_net": 10}),
    "disaggregated": ("100,20,30,10,5,5,25,20,10,5,10,5,80,85,20,15,-7", {"cot_spec_net": 5}),
}


@pytest.mark.parametrize("report", WEEKLY)
def test_a_weekly_file_without_a_header_is_known_by_its_sums(put, report):
    text, nets = WEEKLY[report]
    row = parse("cftc", put("w.txt", START + text + "\n" + START.replace("13874A", "000000") + text + "\n")).frame
    assert (row["symbol"].tolist(), row["cot_open_interest"].tolist()) == (["SPX"], [100])
    assert {name: row[name].iloc[0] for name in nets} == nets
    assert row["known_at"].iloc[0] == pd.Timestamp("2031-01-10 20:30")


def test_a_weekly_file_that_does_not_add_up_is_refused(put):
    with pytest.raises(SourceError, match="add up to the open interest of no report"):
        parse("cftc", put("w.txt", START + WEEKLY["tff"][0].replace("100,", "101,", 1) + "\n"))
