"""Chain files: every layout met becomes the same table, and says what it lacks."""

import gzip
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.features import chainfiles as files
from tests.options.inventing import invent

from flowbt.data.ingest.download import Manners
from flowbt.data.sources import cboe_chain, deribit_chain
from flowbt.data.sources.chains import Missing, read_chain
from flowbt.data.sources.request import Wanted
from flowbt.ground.errors import PullError, SourceError
from flowbt.studies.ingest.pull import Into, run_pull

AS_OF = pd.Timestamp("2024-01-05 21:31")


@pytest.mark.parametrize("style", files.DATES)
def test_every_date_line(tmp_path: Path, style: str) -> None:
    chain = read_chain(files.quote_table(tmp_path / "spx.csv", files.DATES[style]))
    assert chain["as_of"].unique().tolist() == [AS_OF]
    assert (chain["spot"] == 4697.25).all()
    assert len(chain) == 8


def test_quote_table_row_by_row(tmp_path: Path) -> None:
    chain = read_chain(files.quote_table(tmp_path / "spx.csv"))
    call = chain[chain["call"] & (chain["strike"] == 4702.5)].iloc[0]
    assert (call["iv"], call["open_interest"], call["volume"], call["bid"], call["ask"]) == (0.121, 1500, 1040, 11, 12)
    put = chain[~chain["call"] & (chain["root"] == "SPX")].iloc[0]
    assert put["open_interest"] == 9000
    assert np.isnan(put["iv"])  # 0 on the page means none
    assert set(chain["symbol"]) == {"SPX"}  # SPX and SPXW are one book


def test_settlement_in_the_morning_and_in_the_afternoon(tmp_path: Path) -> None:
    chain = read_chain(files.quote_table(tmp_path / "spx.csv"))
    expiry = chain.groupby(["root", "strike"])["expiry"].first()
    assert expiry["SPX", 4700] == pd.Timestamp("2024-01-19 14:30")
    assert expiry["SPXW", 4700] == pd.Timestamp("2024-01-19 21:00")
    assert expiry["SPXW", 4600] < AS_OF  # expired that afternoon, and kept


def test_half_day_settles_at_one(tmp_path: Path) -> None:
    row = files.ROWS[1].replace("Mon Jan 08 2024", "Fri Nov 29 2024").replace("240108", "241129")
    chain = read_chain(files.quote_table(tmp_path / "spx.csv", rows=(row,)))
    assert chain["expiry"].unique().tolist() == [pd.Timestamp("2024-11-29 18:00")]


def test_quoted_name_example_line_older_headers_and_gzip(tmp_path: Path) -> None:
    plain = files.quote_table(tmp_path / "q.csv", name='"PowerShares QQQ Trust, Series 1 (ETF)",Last: 4,697.25,Change: 0.05', first="---Example Data---")
    text = plain.read_text("utf-8").replace("Volume,IV", "Vol,IV").replace("Open Interest", "Open Int")
    path = tmp_path / "q.csv.gz"
    path.write_bytes(gzip.compress(text.encode()))
    assert (read_chain(path)["spot"] == 4697.25).all()


def test_delayed_json(tmp_path: Path) -> None:
    chain = read_chain(files.delayed_json(tmp_path / "spx.json"))
    assert chain["as_of"].iloc[0] == AS_OF
    assert chain["strike"].tolist() == [4702.5, 4700.0]
    assert chain["call"].tolist() == [True, False]
    assert chain["iv"].isna().tolist() == [False, True]


def test_deribit_percent_none_marks_and_eight_in_the_morning(tmp_path: Path) -> None:
    chain = read_chain(files.deribit_hourly(tmp_path / "btc.csv"), Missing(spot=90_000.0))
    assert chain["iv"].iloc[0] == pytest.approx(0.3625)
    assert np.isnan(chain["iv"].iloc[1])
    assert chain["as_of"].nunique() == 2
    assert (chain["expiry"] == pd.Timestamp("2026-02-13 08:00")).all()


def test_deribit_snapshot_dates_itself_by_years_to_expiry(tmp_path: Path) -> None:
    chain = read_chain(files.deribit_once(tmp_path / "btc.csv"))
    assert abs(chain["as_of"].iloc[0] - pd.Timestamp("2025-12-05 01:10")) < pd.Timedelta(minutes=5)
    assert (chain["spot"] == 92_500.0).all()


def test_generic_file_is_completed_by_the_caller(tmp_path: Path) -> None:
    path = files.broker_csv(tmp_path / "MSFT_gex.csv")
    chain = read_chain(path, Missing(spot=395.0, as_of=AS_OF))
    assert chain[["symbol", "strike", "call", "open_interest"]].iloc[1].tolist() == ["MSFT", 347.5, False, 80]
    with pytest.raises(SourceError, match="does not say when it was taken; give the instant with --as-of"):
        read_chain(path, Missing(spot=395.0))
    with pytest.raises(SourceError, match="does not give the underlying's price; give it with --spot"):
        read_chain(path, Missing(as_of=AS_OF))


@pytest.mark.parametrize(
    ("text", "words"),
    [("a,b\n1,2\n", "no column for expiry, strike"), ("{}", "not Cboe's delayed quotes"), ("X,Last: 5,Date: never\n", "no Last:, Date: and Expiration Date")],
)
def test_other_files_are_refused_in_one_line(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "other.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(SourceError, match=words):
        read_chain(path)


def test_a_missing_and_a_broken_file_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file; check the path"):
        read_chain(tmp_path / "none.csv")
    (tmp_path / "cut.csv.gz").write_bytes(gzip.compress(b"x" * 9999)[:30])
    with pytest.raises(SourceError, match="cannot be read"):
        read_chain(tmp_path / "cut.csv.gz")


def test_unreadable_date_names_itself(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="expected a month by name"):
        read_chain(files.quote_table(tmp_path / "spx.csv", '"Date: 01/05/2024 at 4:31 PM EST",Bid: 0'))


RAW = Path(__file__).parents[4] / "shared" / "data" / "raw"


@pytest.mark.real
@pytest.mark.skipif(not RAW.is_dir(), reason="needs ../shared/data/raw")
@pytest.mark.parametrize("day", ["20220205", "20220611", "20221212", "20230203", "20230914"])
def test_real_chains_after_the_close_have_the_spot_of_the_dix_file(day: str) -> None:
    chain = read_chain(RAW / "chains" / f"spx_quotedata_{day}.csv.gz")
    price = pd.read_csv(RAW / "dix_gex" / "DIX.csv", index_col="date", parse_dates=True)["price"]
    local = chain["as_of"].iloc[0].tz_localize("UTC").tz_convert("America/New_York").tz_localize(None)
    assert chain["spot"].iloc[0] == pytest.approx(price[:local].iloc[-1], abs=0.005)


@pytest.mark.real
@pytest.mark.skipif(not RAW.is_dir(), reason="needs ../shared/data/raw")
def test_every_real_chain_is_read_whole() -> None:
    for path in sorted((RAW / "chains").glob("*_quotedata_*.csv.gz")):
        rows = sum(line[:3].isalpha() and "20" in line[:16] for line in gzip.decompress(path.read_bytes()).decode().splitlines()[4:])
        chain = read_chain(path)
        assert len(chain) == 2 * rows
        assert chain[["strike", "open_interest", "expiry"]].notna().all().all()


def broker(path: Path, stamp: str, column: str = "quote_date", iv: str = "0.2") -> Path:
    rows = [f"{stamp},SPY,20240105,470,{kind},1,1.1,{iv},10,470.5" for kind in "CP"] + [f"{stamp},SPY,20240119,470,C,5,5.1,{iv},10,470.5"]
    path.write_text("\n".join([f"{column},symbol,expiration,strike,right,bid,ask,iv,openInterest,spot", *rows, ""]), "utf-8")
    return path


def test_a_date_alone_is_the_sessions_close(tmp_path: Path) -> None:
    for stamp, close in (("2024-01-05", "2024-01-05 21:00"), ("20240105", "2024-01-05 21:00"), ("2024-11-29", "2024-11-29 18:00")):
        chain = read_chain(broker(tmp_path / "a.csv", stamp))
        assert chain["as_of"].unique().tolist() == [pd.Timestamp(close)]
    assert (read_chain(broker(tmp_path / "a.csv", "2024-01-05"))["expiry"].iloc[:2] == pd.Timestamp("2024-01-05 21:00")).all()  # expired with it


def test_instants_with_zones_and_in_milliseconds(tmp_path: Path) -> None:
    for stamp in ("2024-01-05T15:00:00-05:00", "2024-01-05T20:00:00Z", "1704484800000", "1704484800"):
        assert read_chain(broker(tmp_path / "a.csv", stamp, "timestamp"))["as_of"].iloc[0] == pd.Timestamp("2024-01-05 20:00")
    with pytest.raises(SourceError, match="quote dates"):
        read_chain(broker(tmp_path / "a.csv", "last Friday"))


@pytest.mark.parametrize(
    ("line", "instant"),
    [
        ("Date: 5. Januar 2024, 22:31 CET,Bid: 0", "2024-01-05 21:31"),
        ("Date: 5 janvier 2024 16:31,Bid: 0", "2024-01-05 21:31"),
        ("Date: 5 de enero de 2024, 16:31,Bid: 0", "2024-01-05 21:31"),
        ("Date: 2024-01-05 21:31 UTC,Bid: 0", "2024-01-05 21:31"),
        ("Date: 5 de enero de 2024, 4:31 p. m. EST,Bid: 0", "2024-01-05 21:31"),
        ("Date: 2024年1月5日 下午4:31 EST,Bid: 0", "2024-01-05 21:31"),
        ("Date: 05.01.2024 16:31,Bid: 0", "2024-01-05 21:31"),
        ("Date: January 5, 2024 at 9:31 PM GMT+0,Bid: 0", "2024-01-05 21:31"),
    ],
)
def test_localised_date_lines(tmp_path: Path, line: str, instant: str) -> None:
    assert read_chain(files.quote_table(tmp_path / "spx.csv", line))["as_of"].iloc[0] == pd.Timestamp(instant)


@pytest.mark.parametrize(
    "line",
    [
        "Date: 01/05/2024 4:31 PM,Bid: 0",
        "Date: Smarch 5 2024 4:31 PM",
        "Date: January 45 2024 4:31 PM",
        "Date: January 5 2024 25:61",
        "Date: 5. Januar 2024 4:31 nachm.",
        "Date: January 5 2024 4:31 PM JST",
    ],
)
def test_malformed_date_lines_are_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(SourceError, match="date line"):
        read_chain(files.quote_table(tmp_path / "spx.csv", line))


def test_what_the_caller_says_counts_in_every_layout(tmp_path: Path) -> None:
    given = Missing(spot=4000.0, as_of=pd.Timestamp("2024-01-05 15:00"), symbol="ES")
    for path in (files.quote_table(tmp_path / "a.csv"), files.delayed_json(tmp_path / "a.json"), files.deribit_once(tmp_path / "d.csv")):
        chain = read_chain(path, given)
        assert (chain["spot"] == 4000.0).all()
        assert (chain["as_of"] == pd.Timestamp("2024-01-05 15:00")).all()
        assert set(chain["symbol"]) == {"ES"}


def test_of_several_snapshots_the_last_by_then(tmp_path: Path) -> None:
    path = files.deribit_hourly(tmp_path / "btc.csv")
    chain = read_chain(path, Missing(spot=90_000.0, as_of=pd.Timestamp("2026-01-23 01:30")))
    assert chain["as_of"].unique().tolist() == [pd.Timestamp("2026-01-23 01:00")]
    with pytest.raises(SourceError, match="its first snapshot is of 2026-01-23 01:00 UTC"):
        read_chain(path, Missing(spot=90_000.0, as_of=pd.Timestamp("2026-01-22")))


def test_deribits_book_summary(tmp_path: Path) -> None:
    rows = [
        {"instrument_name": f"{coin}-13FEB26-{strike}-{kind}", "mark_iv": 50.0, "bid_price": bid, "ask_price": None, "open_interest": 3.5, "volume": 1.0}
        | {"underlying_price": forward, "estimated_delivery_price": spot, "creation_timestamp": 1769130000000 + n}
        for n, (coin, strike, kind, bid, forward, spot) in enumerate((("BTC", 90000, "C", 0.02, 90500.0, 90000.0), ("BTC", 80000, "P", 0.01, 90500.0, 90000.0)))
    ]
    path = tmp_path / "BTC_2026-01-23.json"
    path.write_text(json.dumps({"jsonrpc": "2.0", "result": rows, "testnet": False}), "utf-8")
    chain = read_chain(path)
    assert chain[["symbol", "strike", "iv", "bid", "forward", "spot", "multiplier"]].iloc[0].tolist() == ["BTC", 90000, 0.5, 0.02 * 90500, 90500, 90000, 1]
    assert chain["expiry"].iloc[0] == pd.Timestamp("2026-02-13 08:00")
    assert np.isnan(chain["ask"].iloc[0])


def test_a_chain_without_volatilities_and_one_without_quotes_either(tmp_path: Path) -> None:
    text = broker(tmp_path / "a.csv", "2024-01-05").read_text("utf-8")
    frame = pd.read_csv(tmp_path / "a.csv").drop(columns="iv")
    frame.to_csv(tmp_path / "b.csv", index=False)
    assert read_chain(tmp_path / "b.csv")["iv"].isna().all()
    frame.drop(columns="bid").to_csv(tmp_path / "c.csv", index=False)
    with pytest.raises(SourceError, match="no column for iv"):
        read_chain(tmp_path / "c.csv")
    (tmp_path / "d.csv").write_text(text.replace(",C,", ",call,").replace(",P,", ",x,"), "utf-8")
    with pytest.raises(SourceError, match="1 rows are neither call nor put"):
        read_chain(tmp_path / "d.csv")


def test_broken_tables_are_one_line(tmp_path: Path) -> None:
    whole = files.quote_table(tmp_path / "a.csv").read_text("utf-8")
    (tmp_path / "cut.csv").write_text(whole[: len(whole) - 40], "utf-8")
    with pytest.raises(SourceError, match="last row is cut short"):
        read_chain(tmp_path / "cut.csv")
    (tmp_path / "bare.csv").write_text(whole[: whole.index("Fri Jan 05")], "utf-8")
    with pytest.raises(SourceError, match="no rows under its header"):
        read_chain(tmp_path / "bare.csv")
    (tmp_path / "negative.csv").write_text(whole.replace("Last: 4697.25", "Last: -4697.25"), "utf-8")
    with pytest.raises(SourceError, match=r"'-4697\.25'; a price above 0"):
        read_chain(tmp_path / "negative.csv")


def test_strikes_that_contradict_the_names_are_refused(tmp_path: Path) -> None:
    text = files.quote_table(tmp_path / "a.csv").read_text("utf-8")
    (tmp_path / "b.csv").write_text(text.replace(",4700.00,", ",47000.00,"), "utf-8")
    with pytest.raises(SourceError, match="strike 47000 beside SPX240119C04700000"):
        read_chain(tmp_path / "b.csv")


def test_a_table_cut_at_the_end_of_a_line_is_seen_by_its_last_expiry(tmp_path: Path) -> None:
    lines = invent(tmp_path, 310, "index", "true").path.read_text("utf-8").rstrip().splitlines()
    last = [n for n, line in enumerate(lines) if line.split(",")[0] == lines[-1].split(",")[0]]
    (tmp_path / "b.csv").write_text("\n".join(lines[: last[0] + 3]) + "\n", "utf-8")
    with pytest.raises(SourceError, match="its last expiry ends at the strike"):
        read_chain(tmp_path / "b.csv")


def test_spot_as_continental_pages_write_it(tmp_path: Path) -> None:
    assert read_chain(files.quote_table(tmp_path / "a.csv", name="S&P 500,Last: 4.697,25,Change: 8"))["spot"].iloc[0] == 4697.25


def test_a_days_chains_are_files_of_that_day() -> None:
    cboe = cboe_chain.requests(Wanted(("SPX", "SPY")))
    assert [one.url.rsplit("/", 1)[1] for one in cboe] == ["_SPX.json", "SPY.json"]
    files_of = [one.file for one in (*cboe, *deribit_chain.requests(Wanted(("ETH",))))]
    assert [re.sub(r"\d{4}-\d{2}-\d{2}", "DAY", one) for one in files_of] == ["SPX_DAY.json", "SPY_DAY.json", "ETH_DAY.json"]
    assert not cboe[0].fixed  # asked again the same day it is renewed


def test_chains_are_reduced_and_not_imported(tmp_path: Path) -> None:
    with pytest.raises(PullError, match="cannot be downloaded from"):
        run_pull("chains", Wanted(("SPX",)), Into(tmp_path, tmp_path), Manners())
    with pytest.raises(PullError, match="reduced to fields first"):
        run_pull("cboe_chain", Wanted(("SPX",)), Into(tmp_path, tmp_path, dataset="spx"), Manners())
