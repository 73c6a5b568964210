"""Chain files: every layout met becomes the same table, and says what it lacks."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.features import chainfiles as files

from flowbt.data.sources.chains import Missing, read_chain
from flowbt.ground.errors import SourceError

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


RAW = Path(__file__).parents[3] / "shared" / "data" / "raw"


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
