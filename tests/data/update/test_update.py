"""`flowbt data setup` and `update` against every provider on a loopback server."""

import json
import re

import pandas as pd
import pytest
import tomlkit
from tests.cli.calling import call
from tests.data.update.conftest import SESSIONS, TODAY, dvol, ms, serve

from flowbt.data.catalog import Catalog
from flowbt.data.panel.reader import open_panel
from flowbt.ground.errors import ParameterError
from flowbt.studies.ingest.update import RECORD, UpdateRequest, came_today, last_update, update


def status(done):
    return {one.dataset: one.status for one in done.outcomes}


def test_an_empty_folder_becomes_a_catalog_of_every_provider(asked, made, tmp_path):
    assert [one for one in made.outcomes if one.problem] == []
    assert set(status(made).values()) <= {"imported", "merged"}
    catalog = Catalog((tmp_path / "datasets",))
    assert (catalog.problems, len(catalog.imported)) == ([], len(set(status(made))))
    panel = open_panel(catalog, ["VIX"])
    last = {
        "VIX": panel["close", "VIX"], "dix": panel["dix", "SPX"], "put/call": panel["put_call_equity", "US"], "DGS10": panel["value", "DGS10"],
        "HY": panel["value", "HY_OAS"], "short": panel["short_volume", "NA"], "cot": panel["cot_spec_net", "SPX"], "auction": panel["bid_to_cover", "10-Year"],
    }  # fmt: skip
    assert {name: frame.ffill().iloc[-1, 0] for name, frame in last.items()} == {
        "VIX": 11.25, "dix": 0.45, "put/call": 0.84, "DGS10": 4.5, "HY": 4.5, "short": 2.0, "cot": -4.0, "auction": 2.5
    }  # fmt: skip


def test_crypto_comes_in_the_layouts_of_each_venue(made, tmp_path):
    catalog = Catalog((tmp_path / "datasets",))
    held = {key: catalog.symbols(key) for key in ("funding_rate", "open_interest_usd", "depth_1pct_usd")}
    assert held == {
        "funding_rate": ["BTC", "BTC:bybit-2025", "BTC:deribit", "BTC:okx", "ETH"],
        "open_interest_usd": ["BTC", "ETH"],
        "depth_1pct_usd": ["BTC"],
    }
    table = catalog.imported["venue-funding"].read(["event_time", "symbol", "funding_rate"])
    assert table.groupby("symbol", observed=True)["funding_rate"].first().to_dict() == {"BTC:bybit-2025": 0.0004, "BTC:okx": 0.0003}
    assert catalog.imported["perp-metrics"].read(["open_interest_usd"])["open_interest_usd"].max() == 523.0


def test_events_are_known_when_first_seen_or_when_they_happened(made, tmp_path):
    table = Catalog((tmp_path / "datasets",)).imported["events"].read(["event_time", "known_at", "symbol"]).set_index("symbol")
    assert table["event_time"].to_dict() == {
        "CPI": pd.Timestamp("2026-12-10 13:30"), "FOMC": pd.Timestamp("2026-12-09 19:00"), "PAYROLLS": pd.Timestamp("2026-11-06 13:30")
    }  # fmt: skip
    assert table["known_at"].to_dict() == {"CPI": TODAY, "FOMC": TODAY, "PAYROLLS": pd.Timestamp("2026-11-06 13:30")}


def test_chains_become_a_history_of_gamma(made, tmp_path):
    catalog = Catalog((tmp_path / "datasets",))
    assert catalog.symbols("gex_0dte") == ["BTC", "ETH", "IWM", "NDX", "QQQ", "RUT", "SPX", "SPY", "VIX"]
    table = catalog.imported["chains-gamma"].read(["event_time", "known_at", "symbol", "iv_30d"])
    assert set(table["event_time"]) == {SESSIONS[-1]}
    assert (table["known_at"] == SESSIONS[-1] + pd.Timedelta(hours=20, minutes=30)).all()


def test_the_same_again_changes_nothing(provider, asked, made, tmp_path):
    dvol(provider, "2026-11-12", TODAY)
    versions = {name: one.version.id for name, one in Catalog((tmp_path / "datasets",)).imported.items()}
    again = update(asked())
    assert set(status(again).values()) == {"unchanged"}
    assert {name: one.version.id for name, one in Catalog((tmp_path / "datasets",)).imported.items()} == versions


def test_a_day_later_rows_are_appended_and_a_changed_one_is_a_revision(provider, asked, made, tmp_path):
    later = TODAY + pd.Timedelta(days=1)
    days = SESSIONS.append(pd.DatetimeIndex(["2026-11-19"]))
    serve(provider, days)
    changed = provider.answers["/graph/fredgraph.csv?id=DGS10"][0]
    changed.body = changed.body.replace(b"2026-11-17,4.5", b"2026-11-17,4.6")
    dvol(provider, "2026-11-12", later)
    again = {(one.dataset, one.provider): one for one in update(asked(later)).outcomes}
    assert [one for one in again.values() if one.problem] == []
    rates = next(one for one in again.values() if one.dataset == "fred-rates")
    assert (rates.status, rates.change["new"], rates.change["revised"]) == ("merged", 4, 1)
    assert [path[-12:-4] for path in provider.asked() if "CNMSshvol" in path] == ["20261119"]
    assert Catalog((tmp_path / "datasets",)).imported["squeezemetrics"].spans("dix")["SPX"][1] == "2026-11-19"


MORNING = TODAY.normalize() + pd.Timedelta(hours=15)
CLOSED = ("cboe-volatility", "finra", "fred-oil")


def test_what_a_session_brings_after_a_morning_setup_is_asked_for_in_the_evening(provider, asked, tmp_path):
    update(asked(MORNING, only=CLOSED))
    assert not [path for path in provider.asked() if "20261118" in path]  # nobody has it yet
    assert came_today(asked(MORNING + pd.Timedelta(hours=1), only=CLOSED)) == (3, ())
    assert came_today(asked(only=CLOSED)) == (1, ("cboe-volatility", "finra"))
    provider.seen.clear()
    done = update(asked(only=came_today(asked(only=CLOSED))[1]))
    assert [one.status for one in done.outcomes] == ["merged", "merged"]
    assert [path[-12:-4] for path in provider.asked() if "CNMSshvol" in path] == ["20261118"]
    assert came_today(asked(only=CLOSED)) == (3, ())


def test_a_session_that_is_still_traded_is_no_bar(asked, tmp_path):
    def held():
        table = Catalog((tmp_path / "datasets",)).imported["prices-yahoo"].read(["event_time"])
        return f"{table['event_time'].max():%Y-%m-%d}"

    update(asked(MORNING, only=("prices-yahoo",)))
    assert held() == "2026-11-17"
    done = update(asked(only=("prices-yahoo",)))
    assert (held(), {one.change["revised"] for one in done.outcomes}) == ("2026-11-18", {0})


def answer(provider, path, **how):
    provider.gives(path, provider.Answer(**how))


@pytest.mark.parametrize(
    ("how", "problem"),
    [
        ({"status": 404, "body": b"gone"}, "status 404"),
        ({"status": 429, "body": b"", "headers": {"Retry-After": "0"}}, "status 429, 2 times"),
        ({"status": 500, "body": b""}, "status 500, 2 times"),
        ({"body": b"date,price,dix,gex\n2026-11-18,100,0.4", "cut": 20}, "20 bytes of|connection broke"),
        ({"body": b"<!doctype html><p>maintenance"}, "a web page instead of data"),
        ({"body": b"something,else\n1,2\n"}, "no column"),
        ({"body": b""}, "an empty answer"),
    ],
)
def test_what_one_provider_does_stops_no_other(provider, asked, how, problem, tmp_path):
    answer(provider, "/monitor/static/DIX.csv", **how)
    done = update(asked(only=("squeezemetrics", "fred-oil")))
    assert [one.status for one in done.outcomes] == ["failed", "imported"]
    assert pd.Series(done.outcomes[0].problem).str.contains(problem).all()
    provider.gives("/monitor/static/DIX.csv", "date,price,dix,gex\n2026-11-18,100,0.45,1.2500\n")
    assert [one.status for one in update(asked(only=("squeezemetrics", "fred-oil"))).outcomes] == ["imported", "unchanged"]


GOVERNMENT = {
    "cot": "/files/dea/history/fut_fin_txt_2026.zip",
    "treasury-yields": "/resource-center/data-chart-center/interest-rates/daily-treasury-rates.csv/2026/all",
    "events": "/schedule/news_release/bls.ics",
    "btc-spot-1h": "/data/spot/daily/klines/BTCUSDT/1h/BTCUSDT-1h-2026-11-17.zip",
    "binance-funding": "/data/futures/um/monthly/fundingRate/ETHUSDT/ETHUSDT-fundingRate-2026-11.zip",
    "perp-metrics": "/data/futures/um/daily/metrics/ETHUSDT/ETHUSDT-metrics-2026-11-17.zip",
}
LEFT = {"cot": [], "treasury-yields": [], "events": ["FOMC"], "btc-spot-1h": ["BTC"], "binance-funding": ["BTC", "ETH"], "perp-metrics": ["BTC", "ETH"]}


HOW = {
    "status": ({"status": 503}, "status 503, 2 times"),
    "malformed": ({"body": b"nothing of the kind"}, "checksum is|not a zip|no rows|no FOMC"),
    "cut": ({"body": b"x" * 40, "cut": 9}, "9 bytes of|connection broke"),
    "silent": ({"body": b"x", "silent": True}, "no answer within 0.2 s"),
    "slow": ({"body": b"x" * 40, "drip": 0.05}, "bytes in 0.2 s"),
}
FEW = {"cot": HOW, "treasury-yields": HOW, "events": HOW.keys() - {"silent", "slow"}, "perp-metrics": {"malformed"}}  # the others have many files
SPOILT = [(dataset, how) for dataset in GOVERNMENT for how in HOW if how in FEW.get(dataset, {"status", "malformed"})]


@pytest.mark.parametrize(("dataset", "how"), SPOILT)
def test_a_file_that_fails_leaves_what_else_came_and_comes_the_next_time(provider, asked, tmp_path, dataset, how):
    asking, path, (spoilt, problem) = asked(only=(dataset,)), tmp_path / "providers.toml", HOW[how]
    usual = path.read_text()
    path.write_text(usual.replace("timeout = 5.0", "timeout = 0.2").replace("tries = 2", "tries = 1") if how in ("silent", "slow") else usual)
    (held,) = [held for held in provider.answers if held.split("?")[0] == GOVERNMENT[dataset]]
    good = provider.answers[held][0].body
    answer(provider, held, **spoilt)
    bad = update(asking).failed
    assert [(one.status, bool(re.search(problem, one.problem))) for one in bad] == [("partial" if LEFT[dataset] else "failed", True)], bad
    there = Catalog((tmp_path / "datasets",)).imported
    assert sorted({symbol for held in there[dataset].provenance["fields"].values() for symbol in held} if dataset in there else {}) == LEFT[dataset]
    path.write_text(usual)
    provider.gives(held, good)
    assert not update(asking).failed


def test_a_silent_provider_is_given_up(provider, asked, tmp_path):
    path = tmp_path / "providers.toml"
    document = tomlkit.parse(path.read_text())
    document["provider"][0]["timeout"], document["provider"][0]["tries"] = 0.2, 1
    path.write_text(tomlkit.dumps(document))
    answer(provider, "/monitor/static/DIX.csv", body=b"x", silent=True)
    assert "no answer within 0.2 s" in update(asked(only=("squeezemetrics",))).outcomes[0].problem


def test_one_series_that_fails_leaves_the_others(provider, asked):
    answer(provider, "/graph/fredgraph.csv?id=DGS2", status=404, body=b"no")
    (one,) = update(asked(only=("fred-rates",))).outcomes
    assert (one.status, one.files, one.rows) == ("partial", 3, 3 * len(SESSIONS))
    assert "DGS2" in one.problem


def test_a_broken_chain_leaves_the_others_and_is_named(provider, asked):
    provider.gives("/api/global/delayed_quotes/options/SPY.json", '{"data": {}}')
    (one,) = update(asked(only=("chains-gamma",))).outcomes
    assert (one.status, one.files, one.rows) == ("partial", 6, 18)  # a row a name, and one for each of its two expiries
    assert "SPY_2026-11-18.json" in one.problem


def test_what_became_of_it_is_kept_for_the_pages(asked, tmp_path):
    assert last_update(tmp_path / "datasets") is None
    update(asked(only=("fred-oil",)))
    kept = last_update(tmp_path / "datasets")
    assert (kept["done"], kept["time"], [one["dataset"] for one in kept["outcomes"]]) == (True, "2026-11-18T23:00:00Z", ["fred-oil"])


def test_the_commands_name_terms_outcomes_and_what_is_closed(provider, asked, tmp_path, capsys):
    asked()
    words = ["--providers", tmp_path / "providers.toml", "--datasets", tmp_path / "datasets", "--only", "fred-oil"]
    code, out, _ = call(capsys, "data", "setup", *words)
    assert code == 0
    assert "FRED, Federal Reserve Bank of St. Louis: free with attribution" in out
    assert "1 of 1 pulls brought something new, 0 failed" in out
    assert "Option chains of the past" in out
    answer(provider, "/graph/fredgraph.csv?id=DCOILWTICO", status=404, body=b"no")
    assert call(capsys, "data", "update", *words)[0] == 1
    code, out, _ = call(capsys, "data", "setup", *words, "--json")
    assert (code, json.loads(out)["outcomes"][0]["status"]) == (1, "failed")


def test_hours_are_the_ones_of_the_archive(made, tmp_path):
    table = Catalog((tmp_path / "datasets",)).imported["btc-spot-1h"].read(["event_time", "close"])
    assert ms(table["event_time"].min()) == ms("2026-10-01")  # a month that is over comes whole
    assert len(table) == 24 * (31 + 18) - 1  # the last hour of TODAY is not over


def test_prices_come_through_the_real_yfinance_in_the_layout_of_its_answers(made, tmp_path):
    table = Catalog((tmp_path / "datasets",)).imported["prices-yahoo"].read(["event_time", "symbol", "open", "high", "close", "volume"])
    last = table[table["event_time"] == SESSIONS[-1]].set_index("symbol")
    assert (len(last), last.loc["SPX", "high"] - last.loc["SPX", "close"], last.loc["SPX", "volume"]) == (14, 1.0, 1000.0)
    assert list(table[table["symbol"] == "SPY"]["event_time"]) == list(SESSIONS)


@pytest.mark.parametrize(("days", "how"), [(11, {"status": 404, "body": b'{"chart":{"result":null}}'}), (12, {"status": 429}), (13, {"body": b"<html>"})])
def test_a_ticker_that_fails_leaves_the_others(provider, asked, made, days, how, capfd):
    answer(provider, "/v8/finance/chart/GLD", **how)
    first, second = update(asked(TODAY + pd.Timedelta(days=days), only=("prices-yahoo",))).outcomes  # the package keeps answers of a span that is over
    assert (first.status, second.status, second.files) == ("unchanged", "partial", 12)
    assert "yfinance GLD: no rows: Yahoo did not answer, refused, or does not know it" in second.problem
    assert capfd.readouterr() == ("", "")  # the package keeps quiet


def test_a_yahoo_that_is_down_is_not_asked_for_every_ticker(provider, asked):
    for path in [path for path in provider.answers if "/v8/finance/chart/" in path]:
        answer(provider, path, status=500)
    provider.seen.clear()
    _, second = update(asked(TODAY + pd.Timedelta(days=14), only=("prices-yahoo",))).outcomes
    assert second.status == "failed"
    tickers = {path.split("?")[0].rsplit("/", 1)[1].replace("%5E", "^") for path in provider.asked() if "/chart/" in path}
    assert tickers == {"^GSPC", "^NDX", "^RUT", "SPY"}


@pytest.mark.parametrize(
    ("path", "body", "dataset", "words"),
    [
        ("/api/v5/public/funding-rate-history", {"code": "50011", "msg": "Too Many Requests", "data": []}, "venue-funding", "Too Many Requests"),
        ("/v5/market/funding/history", {"retCode": 10001, "retMsg": "params error", "result": {}}, "venue-funding", "params error"),
        ("/api/v2/public/get_volatility_index_data", {"jsonrpc": "2.0", "error": {"message": "bad instrument", "code": 1}}, "dvol", "bad instrument"),
    ],
)
def test_a_refusal_in_an_answer_is_told_in_the_providers_words(provider, asked, path, body, dataset, words):
    for held in [held for held in provider.answers if held.startswith(path)]:
        provider.gives(held, json.dumps(body))
    told = [one.problem for one in update(asked(only=(dataset,))).outcomes if one.status == "failed"]
    assert len(told) == 1
    assert f"the provider says: {words}" in told[0]


def test_one_file_that_fails_later_leaves_the_others_of_its_dataset(provider, asked, made):
    answer(provider, "/api/global/us_indices/daily_prices/VIX_History.csv", body=b"DATE,OPEN,HIGH,LOW,CLOSE\n10/01/2026,1", cut=9)
    (one,) = update(asked(only=("cboe-volatility",))).outcomes
    assert (one.status, one.files) == ("partial", 8)
    assert "VIX_History.csv: " in one.problem


def test_what_is_asked_amiss_is_refused_before_a_list_of_providers_is_written(tmp_path):
    with pytest.raises(ParameterError, match="nothing"):
        update(UpdateRequest(tmp_path / "datasets", only=("nothing",)))
    assert not list(tmp_path.rglob("*.toml"))


STRATEGY = '''"""Calm: buys VIX when dark pools buy.

Source: none
"""

from flowbt import Signals

SYMBOLS = ("VIX",)


def signals(panel, *, level=0.4, hold=3):
    return Signals(long=(panel["dix", "SPX"] > level) & (panel["close"].pct_change() >= 0.0), hold=hold)
'''


@pytest.fixture
def project(made, tmp_path, monkeypatch):
    """The project of a first setup on TODAY's evening; the clock of downloads stands there."""
    (tmp_path / "flowbt.toml").write_text("")
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "calm.py").write_text(STRATEGY)
    (tmp_path / "claims").mkdir()
    monkeypatch.chdir(tmp_path)
    record = json.loads((tmp_path / "datasets" / RECORD).read_text())
    assert record["time"] == f"{TODAY:%Y-%m-%dT%H:%M:%SZ}"
    return tmp_path


def test_from_setup_to_a_day_that_is_done(project, capsys):
    code, out, _ = call(capsys, "run", "strategies/calm.py", "--real", "--json")
    assert (code, json.loads(out)["synthetic"]) == (0, False)
    code, out, _ = call(capsys, "today", "--real", "--json")
    (said,) = json.loads(out)["strategies"]
    assert (code, said["label"][:10], said["belief"]["same_code"]) == (0, "2026-11-18", True)
    code, out, _ = call(capsys, "board", "--real", "--symbols", "VIX", "--json")
    assert (code, json.loads(out)["session"]) == (0, "2026-11-18")
    code, out, _ = call(capsys, "daily", "--real", "--no-update", "--claims", "claims", "--site", "site")
    assert (code, bool(re.search(r"2026-11-18: .*1 strategies decided, 2 entered, 0 settled", out))) == (0, True)
    assert (project / "site" / "desk" / "2026-11-18" / "today.html").is_file()
    code, out, _ = call(capsys, "daily", "--real", "--no-update", "--claims", "claims", "--site", "site")
    assert (code, out.strip()) == (0, "2026-11-18: done before, nothing to do")
