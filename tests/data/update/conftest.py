"""Every provider of `datasets/providers.toml` on one loopback server: files in their layouts, invented numbers, days up to TODAY."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from http.server import ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pandas as pd
import pytest
import tomlkit
from tests.data.pull.conftest import Provider, _handler
from tests.options.inventing import black

from flowbt.ground.clock import Clock
from flowbt.studies.ingest.update import PullOutcome, Updated, UpdateRequest, update

TODAY = pd.Timestamp("2026-11-18 23:00")
PROVIDERS = Path(__file__).parents[3] / "datasets" / "providers.toml"
TICKERS = ("^GSPC", "^NDX", "^RUT", "SPY", "QQQ", "IWM", "HYG", "TLT", "GLD", "SLV", "USO", "XLU", "XLE", "UUP")
SESSIONS = Clock().labels("2026-10-01", "2026-11-18")


def ms(text) -> int:
    return pd.Timestamp(text).value // 10**6


def zipped(name: str, text: str) -> bytes:
    store = io.BytesIO()
    with zipfile.ZipFile(store, "w") as archive:
        archive.writestr(name, text)
    return store.getvalue()


def rows(days, form: str) -> str:
    return "".join(form.format(day=day, n=n) for n, day in enumerate(days))


def bars(day: pd.Timestamp) -> str:
    return "".join(f"{ms(day + pd.Timedelta(hours=h))},2,3,1,2,8,0,0,3,5,0,0\n" for h in range(24))


def chain(day: pd.Timestamp, name: str) -> str:
    """A delayed chain: strikes about 100, two expiries, quoted at its volatility."""
    root, options = name.strip("_"), []
    for days in (9, 37):
        expiry = day + pd.Timedelta(days=days)
        for strike in range(80, 125, 5):
            for side in "CP":
                code = f"{root}{expiry:%y%m%d}{side}{strike * 1000:08d}"
                worth = float(black(100.0, np.array([float(strike)]), days / 365, np.array([0.25]), 1.0, side == "C")[0])
                quote = {"bid": worth, "ask": worth + 0.02, "iv": 0.25, "open_interest": 50, "volume": 5, "delta": 0.5, "gamma": 0.02}
                options.append({"option": code, **quote})
    return json.dumps({"timestamp": f"{day:%Y-%m-%d} 20:30:00", "data": {"options": options, "symbol": name, "current_price": 100.0}, "symbol": name})


def summary(day: pd.Timestamp, coin: str) -> str:
    base = {"underlying_price": 100.0, "creation_timestamp": ms(day + pd.Timedelta(hours=12)), "estimated_delivery_price": 100.0}
    found = []
    for expiry in (day + pd.Timedelta(days=9), day + pd.Timedelta(days=37)):
        for strike in range(80, 125, 5):
            for side, worth in (("C", max(100 - strike, 0)), ("P", max(strike - 100, 0))):
                code = f"{coin}-{expiry.day}{expiry:%b%y}-{strike}-{side}".upper()
                found.append({"instrument_name": code, "mark_iv": 50.0, "open_interest": 5.0, "volume": 1.0, "bid_price": worth / 100 + 0.01,
                              "ask_price": worth / 100 + 0.012, **base})  # fmt: skip
    return json.dumps({"jsonrpc": "2.0", "result": found})


def chart(sessions, n: int) -> str:
    """Yahoo's answer for one ticker: stamps of the opens, prices about 100 + n, an adjusted close below them."""
    stamps = [(day.tz_localize("America/New_York") + pd.Timedelta(hours=9.5)).value // 10**9 for day in sessions]
    closes = [100.0 + n + (k * 7 + n) % 5 for k in range(len(sessions))]
    zone = {"exchangeTimezoneName": "America/New_York", "timezone": "EST", "gmtoffset": -18000, "dataGranularity": "1d", "range": ""}
    meta = {"currency": "USD", "symbol": "X", "exchangeName": "PCX", "instrumentType": "ETF", "regularMarketTime": stamps[-1], "priceHint": 2, **zone}
    quote = {"open": closes, "high": [c + 1 for c in closes], "low": [c - 1 for c in closes], "close": closes, "volume": [1000] * len(closes)}
    found = {"meta": meta, "timestamp": stamps, "indicators": {"quote": [quote], "adjclose": [{"adjclose": [0.9 * c for c in closes]}]}}
    return json.dumps({"chart": {"result": [found], "error": None}})


def yahoo_at(server, patch: pytest.MonkeyPatch, cache: Path) -> None:
    """The real yfinance package, its requests turned to the server and its cache to a folder of the test."""
    import yfinance
    from curl_cffi.requests import Session

    ask = Session.request

    def turned(self, method, url, *args, **options):
        parts = urlsplit(url)
        return ask(self, method, server.url + parts.path + (f"?{parts.query}" if parts.query else ""), *args, **options)

    server.gives("/v1/test/getcrumb", "crumb")
    server.gives("/", "cookie")
    yfinance.set_tz_cache_location(str(cache))
    patch.setattr(Session, "request", turned)


def serve(server, sessions) -> None:
    """Everything the shipped providers are asked for, up to the last of `sessions`."""
    last, gives = sessions[-1], server.gives
    always = pd.date_range(sessions[0], last)
    gives("/monitor/static/DIX.csv", "date,price,dix,gex\n" + rows(sessions, "{day:%Y-%m-%d},100,0.45,{n}.2500\n"))
    for name in ("VIX", "VIX1D", "VIX9D", "VIX3M", "VIX6M", "OVX", "GVZ"):
        gives(f"/api/global/us_indices/daily_prices/{name}_History.csv", "DATE,OPEN,HIGH,LOW,CLOSE\n" + rows(sessions, "{day:%m/%d/%Y},11,12,10,11.25\n"))
    for name in ("VVIX", "SKEW"):
        gives(f"/api/global/us_indices/daily_prices/{name}_History.csv", f"DATE,{name}\n" + rows(sessions, "{day:%m/%d/%Y},101.5\n"))
    for kind in ("total", "equity", "index"):
        head = f"a disclaimer\n, PRODUCT: {kind.upper()},,EXCHANGE: Cboe,\nDATE,CALLS,PUTS,TOTAL,P/C Ratio\n"
        gives(f"/resources/options/volume_and_call_put_ratios/{kind}pc.csv", head + "10/03/2019,100,90,190,0.90\n10/04/2019,100,80,180,0.80\n")
    for n, day in enumerate(sessions):
        ratios = [{"name": f"{kind} PUT/CALL RATIO", "value": f"{0.5 + n / 100:.2f}"} for kind in ("TOTAL", "INDEX", "EQUITY")]
        gives(f"/data/us/options/market_statistics/daily/{day:%Y-%m-%d}_daily_options", json.dumps({"ratios": ratios}))
        text = f"Date|Symbol|ShortVolume|ShortExemptVolume|TotalVolume|Market\n{day:%Y%m%d}|SPY|1|0|4|Q\n{day:%Y%m%d}|NA|2|0|4|Q\n2\n"
        gives(f"/equity/regsho/daily/CNMSshvol{day:%Y%m%d}.txt", text)
    for name in ("_SPX", "_NDX", "_RUT", "_VIX", "SPY", "QQQ", "IWM"):
        gives(f"/api/global/delayed_quotes/options/{name}.json", chain(last, name))
    for name in ("DGS10", "DGS2", "DFF", "SOFR", "BAMLH0A0HYM2", "BAMLC0A0CM", "DTWEXBGS", "DCOILWTICO", "NFCI", "WALCL", "WTREGEN", "RRPONTSYD"):
        weekly = sessions[sessions.day_of_week == 2] if name in ("WALCL", "WTREGEN") else sessions[sessions.day_of_week == 4] if name == "NFCI" else sessions
        value = {"DTWEXBGS": 120, "DCOILWTICO": 70, "WALCL": 7_000_000, "WTREGEN": 700_000, "RRPONTSYD": 200, "NFCI": -0.5}.get(name, 4.5)
        gives(f"/graph/fredgraph.csv?id={name}", f"observation_date,{name}\n" + rows(weekly, f"{{day:%Y-%m-%d}},{value}\n"))
    for n, name in enumerate(TICKERS):
        gives(f"/v8/finance/chart/{name.replace('^', '%5E')}", chart(sessions, n))
        gives(f"/v8/finance/chart/{name}", chart(sessions, n))
    _government(server, sessions)
    _crypto(server, always)


def _government(server, sessions) -> None:
    gives, year = server.gives, sessions[-1].year
    head = '"Market_and_Exchange_Names","Report_Date_as_YYYY-MM-DD","CFTC_Contract_Market_Code","Open_Interest_All",'
    head += ",".join(f"{kind}_Positions_{side}_All" for kind in ("Dealer", "Asset_Mgr", "Lev_Money") for side in ("Long", "Short"))
    reports = rows(sessions[sessions.day_of_week == 1], '"E-MINI S&P 500 - CME",{day:%Y-%m-%d},13874A,100,1,2,30,10,5,9\n')
    gives(f"/files/dea/history/fut_fin_txt_{year}.zip", zipped("FinFutYY.txt", f"{head}\n{reports}"))
    names = ("auction_date", "security_type", "security_term", "bid_to_cover_ratio", "high_yield", "avg_med_yield", "issue_date", "maturity_date")
    row = ("2026-11-10", "Note", "10-Year", "2.5", "4.10", "4.05", "2026-11-16", "2036-11-15", "No", "No")
    found = json.dumps({"data": [dict(zip((*names, "inflation_index_security", "floating_rate"), row, strict=True))], "meta": {"count": 1}})
    query = f"filter=auction_date:gte:{year}-01-01,auction_date:lte:{year}-12-31&sort=auction_date&page[size]=2000"
    path = f"/services/api/fiscal_service/v1/accounting/od/auctions_query?{query}"
    for form in (path, path.replace("[", "%5B").replace("]", "%5D")):
        gives(form, found)
    curve = 'Date,"1 Mo","2 Yr","10 Yr"\n' + rows(sessions[::-1], "{day:%m/%d/%Y},4.10,4.00,4.50\n")
    gives(f"/resource-center/data-chart-center/interest-rates/daily-treasury-rates.csv/{year}/all?type=daily_treasury_yield_curve"
          f"&field_tdr_date_value={year}&page&_format=csv", curve)  # fmt: skip
    meetings = [{"type": "FOMC", "title": "FOMC Meeting", "month": "2026-12", "days": "8-9", "time": "2:00 p.m."},
                {"type": "FOMC", "title": "FOMC Minutes", "month": "2026-11", "days": "25", "time": "2:00 p.m."},
                {"type": "Speech", "title": "Speech", "month": "2026-11", "days": "20", "time": "9:00 a.m."}]  # fmt: skip
    gives("/json/calendar.json", "\ufeff" + json.dumps({"events": meetings}))
    release = "BEGIN:VEVENT\r\nDTSTART;TZID=US-Eastern:2026{}T083000\r\nSUMMARY:{}\r\nEND:VEVENT\r\n"
    dates = release.format("1210", "Consumer Price Index for\r\n  November 2026") + release.format("1106", "Employment Situation for October 2026")
    gives("/schedule/news_release/bls.ics", f"BEGIN:VCALENDAR\r\n{dates}{release.format('1207', 'Productivity and Costs')}END:VCALENDAR\r\n")


def _crypto(server, always) -> None:
    gives = server.gives

    def archive(path: str, name: str, text: str) -> None:
        body = zipped(f"{name}.csv", text)
        gives(path, body)
        gives(f"{path}.CHECKSUM", f"{hashlib.sha256(body).hexdigest()}  {name}.zip\n")

    for market in ("spot", "futures/um"):
        text = "".join(map(bars, pd.date_range("2026-10-01", "2026-10-31")))
        archive(f"/data/{market}/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-2026-10.zip", "BTCUSDT-1h-2026-10", text)

    def bar(day: pd.Timestamp) -> str:
        return f"{ms(day)},2,3,1,2,8,0,0,3,5,0,0\n"

    archive("/data/spot/monthly/klines/BTCUSDT/1d/BTCUSDT-1d-2026-10.zip", "BTCUSDT-1d-2026-10", "".join(map(bar, pd.date_range("2026-10-01", "2026-10-31"))))
    for day in always:
        archive(f"/data/spot/daily/klines/BTCUSDT/1d/BTCUSDT-1d-{day:%Y-%m-%d}.zip", f"BTCUSDT-1d-{day:%Y-%m-%d}", bar(day))
        date = f"{day:%Y-%m-%d}"
        for market in ("spot", "futures/um"):
            archive(f"/data/{market}/daily/klines/BTCUSDT/1h/BTCUSDT-1h-{date}.zip", f"BTCUSDT-1h-{date}", bars(day))
        for pair in ("BTCUSDT", "ETHUSDT"):
            text = "create_time,symbol,sum_open_interest,sum_open_interest_value\n"
            text += "".join(f"{date} {h:02}:55:00,{pair},10,{500 + h}\n" for h in range(24))
            archive(f"/data/futures/um/daily/metrics/{pair}/{pair}-metrics-{date}.zip", f"{pair}-metrics-{date}", text)
        text = "timestamp,percentage,depth,notional\n" + "".join(f"{date} {h:02}:00:10,{side},3,100\n" for h in range(24) for side in (-1, 1))
        archive(f"/data/futures/um/daily/bookDepth/BTCUSDT/BTCUSDT-bookDepth-{date}.zip", f"BTCUSDT-bookDepth-{date}", text)
    for month in always.to_period("M").unique():
        own = always[always.to_period("M") == month]
        start, end = ms(month.start_time), ms((month + 1).start_time) - 1
        settled = pd.date_range(own[0], own[-1] + pd.Timedelta(hours=23), freq="8h")
        for pair in ("BTCUSDT", "ETHUSDT"):
            text = "calc_time,funding_interval_hours,last_funding_rate\n" + "".join(f"{ms(at)},8,0.0001\n" for at in settled)
            archive(f"/data/futures/um/monthly/fundingRate/{pair}/{pair}-fundingRate-{month}.zip", f"{pair}-{month}", text)
        hours = pd.date_range(own[0], own[-1] + pd.Timedelta(hours=23), freq="h")
        hourly = [{"timestamp": ms(at), "index_price": 1, "interest_8h": 0.004, "interest_1h": 0.0005, "prev_index_price": 1} for at in hours]
        span = f"start_timestamp={start}&end_timestamp={end}"
        gives(f"/api/v2/public/get_funding_rate_history?instrument_name=BTC-PERPETUAL&{span}", json.dumps({"result": hourly}))
        okx = [{"fundingRate": "0.0002", "realizedRate": "0.0003", "fundingTime": str(ms(at)), "instId": "BTC-USDT-SWAP"} for at in settled[::-1]]
        gives(f"/api/v5/public/funding-rate-history?instId=BTC-USDT-SWAP&before={start}&after={end}&limit=100", json.dumps({"code": "0", "data": okx}))
        bybit = [{"symbol": "BTCUSDT", "fundingRate": "0.0004", "fundingRateTimestamp": str(ms(at))} for at in settled[::-1]]
        answer = json.dumps({"retCode": 0, "result": {"category": "linear", "list": bybit}})
        gives(f"/v5/market/funding/history?category=linear&symbol=BTCUSDT&startTime={start}&endTime={end}&limit=200", answer)
    server.dvol = [[ms(day), 50, 52, 49, 51.5] for day in always]
    for coin in ("BTC", "ETH"):
        gives(f"/api/v2/public/get_book_summary_by_currency?currency={coin}&kind=option", summary(always[-1], coin))


def dvol(server, first: str, today: pd.Timestamp) -> None:
    """The volatility index from `first` to the last day that is over: its address has both."""
    start, end = ms(first), ms(today.normalize()) - 1
    path = f"/api/v2/public/get_volatility_index_data?currency=BTC&start_timestamp={start}&end_timestamp={end}&resolution=1D"
    server.gives(path, json.dumps({"result": {"data": [row for row in server.dvol if start <= row[0] <= end], "continuation": None}}))


def providers_at(server, path: Path) -> Path:
    """The shipped declaration with every base address turned to the server, no pause, and short spans."""
    document = tomlkit.parse(PROVIDERS.read_text())
    for one in document["provider"]:
        one["base_url"], one["pause"], one["tries"], one["timeout"], one["longest_wait"] = server.url, 0.0, 2, 5.0, 0.0
        for pull in one["pull"]:
            if "start" in pull:
                pull["start"] = "2026-10-20"
    path.write_text(tomlkit.dumps(document))
    return path


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Iterator[tuple[Provider, Path]]:
    """The server, and a folder with providers.toml and the datasets of a first setup."""
    held: list[Provider] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(lambda: held[0]))
    held.append(Provider(f"http://127.0.0.1:{server.server_address[1]}"))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    serve(held[0], SESSIONS)
    dvol(held[0], "2026-10-20", TODAY)
    home, patch = tmp_path_factory.mktemp("world"), pytest.MonkeyPatch()
    yahoo_at(held[0], patch, home / "yahoo")
    done = update(UpdateRequest(home / "datasets", providers_at(held[0], home / "providers.toml"), today=TODAY))
    (home / "done.json").write_text(json.dumps([asdict(one) for one in done.outcomes]))
    yield held[0], home
    patch.undo()
    held[0].over.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def provider(world) -> Iterator[Provider]:
    """The server; what a test makes it answer is forgotten after it."""
    server, kept = world[0], {path: list(answers) for path, answers in world[0].answers.items()}
    yield server
    server.answers = kept
    server.seen.clear()


@pytest.fixture
def asked(provider, world, tmp_path):
    """What to ask: every shipped provider, on the server, up to a day, into an empty folder."""
    shutil.copyfile(world[1] / "providers.toml", tmp_path / "providers.toml")

    def make(today: pd.Timestamp = TODAY, **more) -> UpdateRequest:
        return UpdateRequest(tmp_path / "datasets", tmp_path / "providers.toml", today=today, **more)

    return make


@pytest.fixture
def made(asked, world, tmp_path):
    """The first setup, in a folder of this test; its outcomes."""
    shutil.copytree(world[1] / "datasets", tmp_path / "datasets")
    return Updated(tuple(PullOutcome(**one) for one in json.loads((world[1] / "done.json").read_text())))
