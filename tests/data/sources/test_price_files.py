"""Bars and members: Yahoo, broker, klines, constituents, the generic table."""

import pandas as pd
import pytest

from flowbt.data.sources import source
from flowbt.ground.errors import SourceError

OHLC = ["open", "high", "low", "close"]


def parse(name, path, **options):
    return source(name).parse(path, options)


def test_yahoo_three_layouts_give_the_same_bars(put):
    rows = {"open": 10.0, "high": 12.0, "low": 9.5, "close": 11.0, "volume": 500.0}
    old = put("a.csv", "Date,Open,High,Low,Close,Adj Close,Volume\n2031-01-02,10,12,9.5,11,5.5,500\n")
    adjusted = put("b.csv.gz", "date,open,high,low,close,volume\n2031-01-02,10,12,9.5,11,500\n")
    stacked = put("c.csv", "Price,Adj Close,Close,High,Low,Open,Volume\nTicker,^AB,^AB,^AB,^AB,^AB,^AB\nDate,,,,,,\n2031-01-02,5.5,11,12,9.5,10,500\n")
    for path, options in ((old, {"symbol": "AB"}), (adjusted, {"symbol": "AB"}), (stacked, {})):
        row = parse("yahoo", path, **options).frame.iloc[0]
        assert row["symbol"] == "AB"
        assert {name: row[name] for name in rows} == rows


def test_yahoo_stacked_header_counts_its_rows_from_the_fourth_line(put):
    text = "Price,Close,High,Low,Open,Volume\nTicker,Q,Q,Q,Q,Q\nDate,,,,,\n2031-01-02,11,12,9.5,10,500\n"
    assert parse("yahoo", put("c.csv", text)).frame["row"].tolist() == [4]


def test_yahoo_can_scale_prices_to_the_adjusted_close(put):
    path = put("a.csv", "Date,Open,High,Low,Close,Adj Close,Volume\n2031-01-02,10,12,9,10,5,500\n")
    assert parse("yahoo", path, symbol="A", adjusted=True).frame[OHLC].iloc[0].tolist() == [5.0, 6.0, 4.5, 5.0]


def test_volume_of_an_index_file_is_left_out_not_zero(put):
    path = put("a.csv", "date,open,high,low,close,volume,wap,count\n2031-01-02,1,1,1,1,0.0,0.0,7\n")
    assert parse("broker", path, symbol="SPX").fields == OHLC


def test_broker_rows_from_another_feed_are_a_format_break(put):
    text = "date,open,high,low,close,volume,wap,count\n2031-01-02,1,1,1,1,5,1,7\n2031-01-03,1,1,1,1,5,,\n2031-01-06,1,1,1,1,5,,\n"
    assert [(found.kind, found.row) for found in parse("broker", put("a.csv", text), symbol="SPY").findings] == [("format_break", 3)]


def test_klines_binance_archive_in_ms_and_in_microseconds(put):
    stamp = pd.Timestamp("2031-01-02 05:00").value // 10**6
    row = "100,110,90,105,8,0,0,3,5,0,0\n"
    table = parse("klines", put("k.csv", f"{stamp},{row}{(stamp + 3_600_000) * 1000},{row}"), symbol="BTC")
    assert table.frame["event_time"].tolist() == [pd.Timestamp("2031-01-02 05:00"), pd.Timestamp("2031-01-02 06:00")]
    assert table.frame[["volume", "taker_buy_volume", "taker_sell_volume"]].iloc[0].tolist() == [8.0, 5.0, 3.0]


def test_klines_stamped_at_the_end_of_the_bar_are_moved(put):
    path = put("k.csv", "timestamp,open,high,low,close,volume\n2031-01-02 01:00:00+00:00,1,1,1,1,1\n")
    assert parse("klines", path, symbol="BTC", stamp="end", bar="1h").frame["event_time"][0] == pd.Timestamp("2031-01-02")


def test_klines_of_venues_and_coins(tmp_path):
    path = tmp_path / "c.parquet"
    times = pd.to_datetime(["2031-01-02 01:00", "2031-01-02 01:00"], utc=True)
    prices = {name: [1.0, 2.0] for name in ("o", "h", "l", "c")}
    pd.DataFrame({"timestamp": times, "venue": ["okx", "binance"], "coin": "BTC", **prices, "v": 5.0}).to_parquet(path)
    assert parse("klines", path, venue="binance", symbols=["BTC"]).frame["close"].tolist() == [2.0]


def test_klines_feather_and_renamed_symbols(tmp_path):
    path = tmp_path / "k.feather"
    bar = dict.fromkeys([*OHLC, "volume"], 1.0)
    pd.DataFrame({"date": pd.to_datetime(["2031-01-02"], utc=True), "symbol": ["BTC/USD"], **bar}).to_feather(path)
    assert parse("klines", path, symbols={"BTC/USD": "BTC"}).frame["symbol"].tolist() == ["BTC"]


def test_constituents_leave_out_documented_columns_and_say_so(tmp_path):
    path = tmp_path / "m.parquet"
    pd.DataFrame({"AA": [1.0, 2.0], "TT": [3.0, 4.0]}, index=pd.DatetimeIndex(["2031-01-02", "2031-01-03"], name="Date"), dtype="float32").to_parquet(path)
    table = parse("constituents", path, drop={"TT": "recycled"})
    assert table.frame["symbol"].unique().tolist() == ["AA"]
    assert [(found.kind, found.reason) for found in table.findings] == [("documented", "column TT left out: recycled")]


def test_constituents_that_lost_a_documented_column_are_refused(put):
    with pytest.raises(SourceError, match="no column TT"):
        parse("constituents", put("m.csv", "date,AA\n2031-01-02,1\n"), drop={"TT": "recycled"})


def test_table_long_with_a_symbol_column_and_scale(put):
    text = "day;tick;net\n02.01.2031;NAN;3.5\n03.01.2031;NA;x\n"
    options = {"time": "day", "time_format": "%d.%m.%Y", "sep": ";", "symbol_column": "tick", "map": {"dark_pool_net": "net"}, "scale": {"dark_pool_net": 1000}}
    table = parse("table", put("t.csv", text), **options)
    assert table.frame[["symbol", "dark_pool_net"]].values.tolist() == [["NAN", 3500.0]]
    assert [(found.kind, found.row, found.field) for found in table.findings] == [("unreadable", 3, "net"), ("blank", 0, "")]


def test_table_wide_and_its_own_publication_times(put):
    wide = parse("table", put("w.csv", "d,A,B\n2031-01-02,1,\n"), time="d", wide="member_close")
    assert wide.frame[["symbol", "member_close"]].values.tolist() == [["A", 1.0]]
    path = put("k.csv", "d,pub,v\n2031-01-02,2031-01-03T09:30:00-05:00,1\n")
    assert parse("table", path, time="d", known="pub", symbol="X", map={"value": "v"}).frame["known_at"][0] == pd.Timestamp("2031-01-03 14:30")


def test_longer_bars_from_hours_leave_out_a_day_that_is_cut_short(tmp_path):
    hours = pd.date_range("2024-01-01", "2024-01-03 09:00", freq="h")
    prices = pd.DataFrame({"date": hours, "open": 1.0, "high": range(2, 2 + len(hours)), "low": 0.5, "close": 1.5, "volume": 2.0})
    prices.to_csv(tmp_path / "x.csv", index=False)
    days = source("klines").parse(tmp_path / "x.csv", {"symbol": "BTC", "resample": "1D"}).frame
    assert days["event_time"].dt.day.tolist() == [1, 2]
    assert days["high"].tolist() == [25.0, 49.0]
    assert days["volume"].tolist() == [48.0, 48.0]


def test_longer_bars_leave_out_the_day_on_which_each_symbol_begins(tmp_path):
    begins = {"A": "2024-01-01", "B": "2024-01-03 14:00"}
    hours = [(symbol, hour) for symbol, begin in begins.items() for hour in pd.date_range(begin, "2024-01-05 23:00", freq="h")]
    frame = pd.DataFrame(hours, columns=["symbol", "date"]).assign(open=1.0, high=1.0, low=1.0, close=1.0, volume=1.0)
    frame.to_csv(tmp_path / "x.csv", index=False)
    days = source("klines").parse(tmp_path / "x.csv", {"symbols": ["A", "B"], "resample": "1D"}).frame
    assert days.groupby("symbol")["volume"].apply(list).to_dict() == {"A": [24.0] * 5, "B": [24.0] * 2}


def test_taker_volume_is_in_coins_whatever_volume_is_asked_for(tmp_path):
    path = tmp_path / "BTCUSDT-1h-2024-01.csv"
    path.write_text("1704067200000,100,101,99,100,10,1704070799999,1000,5,4,400,0\n")
    row = source("klines").parse(path, {"symbol": "BTC", "volume": "quote_volume"}).frame.iloc[0]
    assert row[["volume", "taker_buy_volume", "taker_sell_volume"]].tolist() == [1000.0, 4.0, 6.0]
