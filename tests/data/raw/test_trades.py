import zipfile

import numpy as np
import pandas as pd
import pytest

from flowbt.data.raw.duck import Limits
from flowbt.data.raw.trades import TradeRules, coin_of, joined_minutes, minute_bars
from flowbt.ground.errors import SourceError

LIMITS = Limits(threads=1, memory_mb=300)
START = 1735689600000  # 2025-01-01 00:00 UTC, ms


def trades(n=2000, seed=0):
    rng = np.random.default_rng(seed)
    times = START + np.sort(rng.integers(0, 10 * 60_000, n))
    price = np.round(100 + rng.normal(0, 0.01, n).cumsum(), 2)
    return pd.DataFrame({"id": np.arange(n) + 7, "price": price, "qty": np.round(rng.uniform(0.001, 2, n), 3), "time": times, "maker": rng.random(n) < 0.4})


def layout(kind, t):
    flag = t["maker"].map({True: "true", False: "false"})
    if kind == "spot aggTrades":
        return pd.DataFrame({"a": t["id"], "p": t["price"], "q": t["qty"], "f": t["id"], "l": t["id"], "T": t["time"] * 1000, "m": flag, "M": "True"}), False
    if kind == "futures aggTrades, no header":
        return pd.DataFrame({"a": t["id"], "p": t["price"], "q": t["qty"], "f": t["id"], "l": t["id"], "T": t["time"], "m": flag}), False
    if kind == "futures aggTrades":
        names = ["agg_trade_id", "price", "quantity", "first_trade_id", "last_trade_id", "transact_time", "is_buyer_maker"]
        return pd.DataFrame(dict(zip(names, (t["id"], t["price"], t["qty"], t["id"], t["id"], t["time"], flag), strict=True))), True
    if kind == "spot trades":
        return pd.DataFrame({"id": t["id"], "p": t["price"], "q": t["qty"], "qq": t["price"] * t["qty"], "T": t["time"] * 1000, "m": flag, "M": "True"}), False
    if kind == "futures trades":
        return pd.DataFrame({"id": t["id"], "price": t["price"], "qty": t["qty"], "quote_qty": 0, "time": t["time"], "is_buyer_maker": flag}), True
    stamp = pd.to_datetime(t["time"], unit="ms").dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return pd.DataFrame(
        {"timestamp": stamp, "symbol": "XBTUSD", "side": t["maker"].map({True: "Sell", False: "Buy"}), "price": t["price"], "homeNotional": t["qty"]}
    ), True


LAYOUTS = ("spot aggTrades", "futures aggTrades, no header", "futures aggTrades", "spot trades", "futures trades", "bitmex")


def twin(t):
    """The bars by pandas."""
    groups = t.groupby(pd.to_datetime(t["time"], unit="ms").dt.floor("min"))
    out = pd.DataFrame({"open": groups["price"].first(), "high": groups["price"].max(), "low": groups["price"].min(), "close": groups["price"].last()})
    out["volume"] = groups["qty"].sum()
    out["buy"] = t["qty"].where(~t["maker"], 0).groupby(groups.ngroup()).sum().to_numpy()
    return out


@pytest.mark.parametrize("kind", LAYOUTS)
def test_every_layout_gives_the_same_minutes(tmp_path, kind):
    t = trades() if kind != "bitmex" else trades().drop_duplicates("time")  # without an id, equal times have no order
    frame, header = layout(kind, t)
    frame.to_csv(tmp_path / "BTCUSDT-x-2025-01-01.csv", index=False, header=header)
    bars = minute_bars(tmp_path / "BTCUSDT-x-2025-01-01.csv", TradeRules(), LIMITS)
    assert set(bars["symbol"]) == {"BTC"}
    pd.testing.assert_frame_equal(bars[list(twin(t))], twin(t).reset_index(drop=True), rtol=1e-9)
    assert bars["event_time"].iloc[0] == pd.Timestamp("2025-01-01")


def test_a_zip_of_one_file_is_read(tmp_path):
    frame, _ = layout("spot trades", trades())
    with zipfile.ZipFile(tmp_path / "ETHUSDT-trades-2025-01-01.zip", "w") as archive:
        archive.writestr("ETHUSDT-trades-2025-01-01.csv", frame.to_csv(index=False, header=False))
    bars = minute_bars(tmp_path / "ETHUSDT-trades-2025-01-01.zip", TradeRules(), LIMITS)
    assert (len(bars), set(bars["symbol"])) == (10, {"ETH"})


def test_trades_without_a_side_have_no_taker_volume(tmp_path):
    trades().rename(columns={"time": "timestamp"}).drop(columns="maker").to_parquet(tmp_path / "any.parquet")
    bars = minute_bars(tmp_path / "any.parquet", TradeRules(symbol="BTC"), LIMITS)
    assert bars["buy"].isna().all()
    assert bars["volume"].sum() == pytest.approx(trades()["qty"].sum())


def test_a_side_that_is_not_known_is_no_sale(tmp_path):
    start = 1735689600000
    (tmp_path / "BTCUSDT-a.csv").write_text(f"time,price,size,side\n{start},100,2,buy\n{start + 1},100,2,\n{start + 60000},100,1,buy\n")
    (tmp_path / "BTCUSDT-b.csv").write_text(f"time,price,size\n{start + 120000},100,3\n{start + 60000},100,3\n")
    parts = [minute_bars(tmp_path / f"BTCUSDT-{name}.csv", TradeRules(), LIMITS) for name in "ab"]
    assert joined_minutes(parts[:1])["buy"].fillna(-1).tolist() == [-1.0, 1.0]
    assert joined_minutes(parts)["buy"].isna().all()
    assert joined_minutes(parts)["volume"].tolist() == [4.0, 4.0, 3.0]


def test_minutes_split_over_two_files_are_one_bar(tmp_path):
    whole = trades()
    parts = []
    for name, part in (("a", whole.iloc[:777]), ("b", whole.iloc[777:])):
        layout("futures trades", part)[0].to_csv(tmp_path / f"BTC-{name}.csv", index=False)
        parts.append(minute_bars(tmp_path / f"BTC-{name}.csv", TradeRules(), LIMITS))
    pd.testing.assert_frame_equal(joined_minutes(parts)[list(twin(whole))], twin(whole).reset_index(drop=True), rtol=1e-9)


def test_names_of_files_tell_the_coin(tmp_path):
    assert [coin_of(tmp_path / n) for n in ("BTCUSDT-aggTrades-2024-01-05.zip", "usdm_ethusdt_20240808.gz", "SOLUSD_PERP-trades.csv")] == ["BTC", "ETH", "SOL"]


@pytest.mark.parametrize(
    ("text", "message"), [("1,2,3\n4,5,6\n", "no maker flag"), ("id,price,qty,time,is_buyer_maker\n1,-5,1,1735689600000,true\n", "positive price")]
)
def test_files_that_are_no_trades_are_refused(tmp_path, text, message):
    (tmp_path / "BTCUSDT.csv").write_text(text, encoding="utf-8")
    with pytest.raises(SourceError, match=message):
        minute_bars(tmp_path / "BTCUSDT.csv", TradeRules(), LIMITS)


def test_a_cut_off_zip_is_refused(tmp_path):
    (tmp_path / "BTCUSDT-trades.zip").write_bytes(b"PK\x03\x04 not all of it")
    with pytest.raises(SourceError, match=r"BTCUSDT-trades\.zip: cannot be read"):
        minute_bars(tmp_path / "BTCUSDT-trades.zip", TradeRules(), LIMITS)
