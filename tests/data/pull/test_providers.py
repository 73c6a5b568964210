"""Each provider's layout over the loopback server, through `flowbt data pull` into the catalog."""

import hashlib
import io
import json
import sys
import types
import zipfile

import pandas as pd
import pytest
from click.testing import CliRunner

from flowbt.cli.data.data import command
from flowbt.data.catalog import Catalog
from flowbt.ground.errors import PullError, RangeError, SourceError


@pytest.fixture
def pulled(provider, tmp_path):
    def run(*words):
        common = ["--base-url", provider.url, "--pause", 0, "--tries", 2, "--datasets", tmp_path, "--json"]
        result = CliRunner().invoke(command, [str(word) for word in ("pull", *words, *common)])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return json.loads(result.output)

    return run


def table(tmp_path, name):
    imported = Catalog((tmp_path,)).imported[name]
    frame = imported.read(["event_time", "known_at", "symbol", *imported.provenance["fields"]])
    return frame.assign(symbol=frame["symbol"].astype("str"))


def ms(text):
    return pd.Timestamp(text).value // 10**6


def zipped(name, text):
    store = io.BytesIO()
    with zipfile.ZipFile(store, "w") as archive:
        archive.writestr(name, text)
    return store.getvalue()


def test_squeezemetrics(provider, pulled, tmp_path):
    provider.gives("/monitor/static/DIX.csv", "date,price,dix,gex\n2024-01-02,100,0.45,1.2500\n")
    result = pulled("squeezemetrics", "--name", "dix", "--publication", "session 20:00")
    assert result["imported"]["rows"] == 1
    assert table(tmp_path, "dix")["known_at"][0] == pd.Timestamp("2024-01-03 01:00")


def test_cboe_histories_of_two_symbols(provider, pulled, tmp_path):
    for symbol, close in (("VIX", 11.25), ("SKEW", 130.5)):
        header = "DATE,OPEN,HIGH,LOW,CLOSE\n01/02/2024,11,12,10,11.25\n" if symbol == "VIX" else f"DATE,SKEW\n01/02/2024,{close}\n"
        provider.gives(f"/api/global/us_indices/daily_prices/{symbol}_History.csv", header)
    pulled("cboe_index", "--symbol", "VIX", "--symbol", "SKEW", "--name", "vol", "--publication", "session 16:15")
    assert table(tmp_path, "vol").set_index("symbol")["close"].to_dict() == {"SKEW": 130.5, "VIX": 11.25}


def test_fred_series_from_a_day_on(provider, pulled, tmp_path):
    provider.gives("/graph/fredgraph.csv?id=DGS10&cosd=2024-01-02", "observation_date,DGS10\n2024-01-02,4.5\n2024-01-03,\n")
    pulled("fred", "--symbol", "DGS10", "--from", "2024-01-02", "--name", "rates", "--publication", "session 1 16:15")
    assert table(tmp_path, "rates")["value"].tolist() == [4.5]


def test_finra_sessions_of_a_span_one_of_them_not_published(provider, pulled, tmp_path):
    text = "Date|Symbol|ShortVolume|ShortExemptVolume|TotalVolume|Market\n20240105|A|1|0|4|Q\n1\n"
    provider.gives("/equity/regsho/daily/CNMSshvol20240105.txt", text)
    result = pulled("finra", "--from", "2024-01-05", "--to", "2024-01-08", "--name", "finra", "--publication", "session 18:00")
    assert [(file["file"], file["status"]) for file in result["files"]] == [("CNMSshvol20240105.txt", "fetched"), ("CNMSshvol20240108.txt", "not there")]
    assert table(tmp_path, "finra")["total_volume"].tolist() == [4.0]


def test_binance_archive_with_its_checksum(provider, pulled, tmp_path):
    path = "/data/spot/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-2024-01.zip"
    body = zipped("BTCUSDT-1h-2024-01.csv", f"{ms('2024-01-01 00:00')},1,2,1,2,8,0,0,3,5,0,0\n{ms('2024-01-01 01:00')},2,2,1,1,8,0,0,3,5,0,0\n")
    provider.gives(path, body)
    provider.gives(f"{path}.CHECKSUM", f"{hashlib.sha256(body).hexdigest()}  BTCUSDT-1h-2024-01.zip\n")
    pulled("klines", "--symbol", "BTCUSDT", "--from", "2024-01-01", "--to", "2024-01-31", "--name", "btc", "--as", "BTC", "--publication", "close")
    assert table(tmp_path, "btc")["taker_buy_volume"].tolist() == [5.0, 5.0]


def test_binance_funding_archive(provider, pulled, tmp_path):
    path = "/data/futures/um/monthly/fundingRate/BTCUSDT/BTCUSDT-fundingRate-2024-01.zip"
    body = zipped("f.csv", f"calc_time,funding_interval_hours,last_funding_rate\n{ms('2024-01-01 08:00') + 3},8,0.0001\n")
    provider.gives(path, body)
    provider.gives(f"{path}.CHECKSUM", hashlib.sha256(body).hexdigest())
    pulled("funding", "--symbol", "BTCUSDT", "--from", "2024-01-01", "--to", "2024-01-31", "--name", "f", "--as", "BTC", "--publication", "after 0h")
    row = table(tmp_path, "f").iloc[0]
    assert (row["event_time"], row["funding_rate"], row["funding_interval_hours"]) == (pd.Timestamp("2024-01-01 08:00"), 0.0001, 8.0)


def test_deribit_volatility_and_funding(provider, pulled, tmp_path):
    start, end = ms("2024-01-01"), ms("2024-01-03") - 1
    path = f"/api/v2/public/get_volatility_index_data?currency=BTC&start_timestamp={start}&end_timestamp={end}&resolution=1D"
    provider.gives(path, json.dumps({"jsonrpc": "2.0", "result": {"data": [[start, 50, 52, 49, 51.5]], "continuation": None}}))
    pulled("dvol", "--symbol", "BTC", "--from", "2024-01-01", "--to", "2024-01-02", "--name", "dvol", "--publication", "close")
    assert table(tmp_path, "dvol")["close"].tolist() == [51.5]
    end = ms("2024-02-01") - 1
    path = f"/api/v2/public/get_funding_rate_history?instrument_name=BTC-PERPETUAL&start_timestamp={start}&end_timestamp={end}"
    provider.gives(path, json.dumps({"result": [{"timestamp": start, "index_price": 1, "interest_8h": 0.004, "interest_1h": 0.0005, "prev_index_price": 1}]}))
    words = ["--option", "venue=deribit", "--from", "2024-01-01", "--to", "2024-01-31", "--name", "fd", "--as", "BTC:deribit", "--publication", "after 0h"]
    pulled("funding", "--symbol", "BTC-PERPETUAL", *words)
    assert table(tmp_path, "fd")["funding_rate"].tolist() == [0.0005]


def test_cftc_yearly_file(provider, pulled, tmp_path):
    header = '"Market_and_Exchange_Names","Report_Date_as_YYYY-MM-DD","CFTC_Contract_Market_Code","Open_Interest_All",'
    header += ",".join(f"{kind}_Positions_{side}_All" for kind in ("Dealer", "Asset_Mgr", "Lev_Money") for side in ("Long", "Short"))
    rows = '"E-MINI S&P 500 - CME",2024-07-02,13874A,100,1,2,30,10,5,9\n"OTHER",2024-07-02,999999,1,1,1,1,1,1,1\n'
    provider.gives("/files/dea/history/fut_fin_txt_2024.zip", zipped("FinFutYY.txt", f"{header}\n{rows}"))
    pulled("cftc", "--from", "2024-01-01", "--to", "2024-12-31", "--name", "cot", "--publication", "column")
    row = table(tmp_path, "cot").iloc[0]
    assert (row["symbol"], row["cot_spec_net"], row["cot_asset_net"], row["cot_open_interest"]) == ("SPX", -4.0, 20.0, 100.0)
    assert row["known_at"] == pd.Timestamp("2024-07-08 19:30")


def test_treasury_api(provider, pulled, tmp_path):
    names = ("auction_date", "security_type", "security_term", "bid_to_cover_ratio", "high_yield", "avg_med_yield", "issue_date", "maturity_date")
    names = (*names, "inflation_index_security", "floating_rate")
    rows = [
        ("2024-02-07", "Note", "10-Year", "2.5", "4.10", "4.05", "2024-02-15", "2034-02-15", "No", "No"),
        ("2024-03-21", "Note", "9-Year 10-Month", "2.3", "1.90", "1.85", "2024-03-28", "2034-01-15", "Yes", "No"),
        ("2024-12-30", "Note", "2-Year", "null", "null", "null", "2024-12-31", "2026-12-31", "No", "No"),
    ]
    query = "filter=auction_date:gte:2024-01-01,auction_date:lte:2024-12-31&sort=auction_date&page[size]=2000"
    path = f"/services/api/fiscal_service/v1/accounting/od/auctions_query?{query}"
    answer = json.dumps({"data": [dict(zip(names, row, strict=True)) for row in rows], "meta": {"count": 3}})
    for form in (path, path.replace("[", "%5B").replace("]", "%5D")):
        provider.gives(form, answer)
    pulled("treasury", "--from", "2024-01-01", "--to", "2024-12-31", "--name", "auctions", "--publication", "session 14:00")
    found = table(tmp_path, "auctions").set_index("symbol")
    assert found["bid_to_cover"].to_dict() == {"10-Year": 2.5, "10-Year TIPS": 2.3}
    assert found["auction_tail_bp"].round(6).to_dict() == {"10-Year": 5.0, "10-Year TIPS": 5.0}


def test_a_failed_file_makes_exit_code_1_and_the_others_land(provider, tmp_path):
    provider.gives("/api/global/us_indices/daily_prices/VIX_History.csv", "DATE,OPEN,HIGH,LOW,CLOSE\n01/02/2024,11,12,10,11.25\n")
    words = ["pull", "cboe_index", "--symbol", "VIX", "--symbol", "NONE", "--base-url", provider.url, "--pause", "0", "--datasets", str(tmp_path)]
    result = CliRunner().invoke(command, words)
    assert result.exit_code == 1
    assert "VIX_History.csv\tfetched" in result.output
    assert (tmp_path / ".raw" / "cboe_index" / "VIX_History.csv").exists()


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["yahoo"], "cannot be downloaded from"),
        (["fred"], "name them with --symbol, such as --symbol DGS10"),
        (["finra"], "give --from and --to"),
        (["finra", "--from", "2024-02-01", "--to", "2024-01-01"], "swap --from and --to"),
        (["cftc", "--option", "report=x", "--from", "2024-01-01", "--to", "2024-01-02"], "not one of tff"),
        (["cftc", "--option", "reports=tff", "--from", "2024-01-01", "--to", "2024-01-02"], "no option 'reports'; did you mean report"),
        (["dvol", "--symbol", "BTC", "--option", "venue=x", "--from", "2024-01-01", "--to", "2024-01-02"], "no option 'venue'"),
        (["finra", "--from", "01/02/2024", "--to", "2024-01-03"], "01/02/2024.*not a date in ISO order"),
        (["squeezemetrics", "--from", "2024-13-01"], "2024-13-01.*no such day"),
    ],
)
def test_what_cannot_be_asked_is_one_line(pulled, words, problem):
    with pytest.raises((PullError, RangeError, SourceError), match=problem):
        pulled(*words)


class TinyExchange:
    """As much of a ccxt exchange as is asked of it: three settlements, two to a page."""

    id = "tiny"

    def __init__(self, options):
        self.rows = [{"timestamp": ms(f"2024-01-01 {hour:02}:00"), "fundingRate": hour / 1e5} for hour in (0, 8, 16)]

    def fetch_funding_rate_history(self, symbol, since, limit):
        return [row for row in self.rows if row["timestamp"] >= since][:2]


def test_ccxt_pages_until_the_end(pulled, tmp_path, monkeypatch):
    package = types.ModuleType("ccxt")
    package.exchanges, package.tiny, package.BaseError = ["tiny"], TinyExchange, RuntimeError
    monkeypatch.setitem(sys.modules, "ccxt", package)
    words = ["--from", "2024-01-01", "--to", "2024-01-01", "--name", "f", "--publication", "after 0h"]
    pulled("ccxt", "--symbol", "BTC/USDT:USDT", "--option", "venue=tiny", *words)
    assert table(tmp_path, "f")["funding_rate"].tolist() == [0.0, 8e-5, 16e-5]
    with pytest.raises(PullError, match="did you mean tiny"):
        pulled("ccxt", "--symbol", "BTC/USDT:USDT", "--option", "venue=tny", *words)


def test_yfinance_writes_what_yahoo_reads(pulled, tmp_path, monkeypatch):
    columns = ["Adj Close", "Close", "High", "Low", "Open", "Volume"]
    frame = pd.DataFrame([[5.0, 10.0, 12.0, 9.0, 11.0, 7]], index=pd.DatetimeIndex(["2024-01-02"]), columns=columns)
    package = types.ModuleType("yfinance")
    package.download = lambda symbol, **options: frame
    monkeypatch.setitem(sys.modules, "yfinance", package)
    pulled("yfinance", "--symbol", "SPY", "--symbol", "^GSPC", "--from", "2024-01-02", "--to", "2024-01-02", "--name", "y", "--publication", "close")
    assert table(tmp_path, "y")[["symbol", "open", "close"]].values.tolist() == [["GSPC", 11.0, 10.0], ["SPY", 11.0, 10.0]]


@pytest.mark.parametrize("package", ["ccxt", "yfinance"])
def test_an_optional_package_that_is_absent(pulled, package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(PullError, match=r"not installed; install flowbt\[online\]"):
        pulled(package, "--symbol", "SPY", "--from", "2024-01-02", "--to", "2024-01-02")
