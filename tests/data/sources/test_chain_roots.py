"""Which settlement an option of a generic table has: by a column of roots, by its contract's name, else by its date."""

from pathlib import Path

import pandas as pd
import pytest

from flowbt.data.sources.chain_roots import named_roots, roots_by_date
from flowbt.data.sources.chains import read_chain

MORNING, AFTERNOON = "2024-01-19 14:30", "2024-01-19 21:00"


def table(**columns: object) -> pd.DataFrame:
    """Two options of one strike and third Friday, which differ in open interest, and one of a Wednesday."""
    dates = ["2024-01-19", "2024-01-19", "2024-01-17"]
    made = {"expiration": dates, "strike": 4700.0, "right": "C", "iv": 0.12, "open_interest": [900, 300, 5], "spot": 4697.0, "quote_date": "2024-01-05"}
    return pd.DataFrame(made | columns)


@pytest.mark.parametrize(
    "columns",
    [
        {"symbol": "SPX"},
        {"symbol": ["SPX", "SPXW", "SPXW"]},
        {"underlying": "SPX", "root": ["SPX", "SPXW", "SPXW"]},
        {"symbol": ["SPX   240119C04700000", "SPXW  240119C04700000", "SPXW  240117C04700000"]},
        {"underlying": "SPX", "option": ["SPX240119C04700000", "SPXW240119C04700000", "SPXW240117C04700000"]},
    ],
    ids=["underlying", "symbols", "roots", "contracts", "both"],
)
def test_morning_and_afternoon_of_one_date_are_told_apart(tmp_path: Path, columns: dict[str, object]) -> None:
    table(**columns).to_csv(tmp_path / "x.csv", index=False)
    chain = read_chain(tmp_path / "x.csv")
    assert chain["symbol"].tolist() == ["SPX"] * 3
    assert chain["expiry"].tolist() == [pd.Timestamp(one) for one in (MORNING, AFTERNOON, "2024-01-17 21:00")]
    assert chain["open_interest"].tolist() == [900.0, 300.0, 5.0]


def test_rows_repeated_are_no_second_series() -> None:
    rows = pd.DataFrame({"symbol": "SPX", "as_of": 0, "date": pd.Timestamp("2024-01-19"), "strike": 4700.0, "call": True, "bid": [1.0, 1.0]})
    assert roots_by_date(rows).tolist() == ["SPX", "SPX"]
    assert roots_by_date(rows.assign(bid=[1.0, 2.0])).tolist() == ["SPX", "SPXW"]
    assert roots_by_date(rows.assign(symbol="SPY", bid=[1.0, 2.0])).tolist() == ["SPY", "SPY"]


def test_the_session_before_a_third_friday_without_trading_is_the_mornings() -> None:
    rows = pd.DataFrame({"symbol": "SPX", "as_of": 0, "date": pd.to_datetime(["2022-04-14", "2022-04-13"]), "strike": 4400.0, "call": True})
    assert roots_by_date(rows).tolist() == ["SPX", "SPXW"]  # Good Friday was the 15th


def test_a_column_that_names_no_contracts_gives_no_roots() -> None:
    assert named_roots(pd.Series(["SPX", "SPXW240119C04700000"])) is None


def test_options_of_a_saturday_settle_on_its_friday(tmp_path: Path) -> None:
    table(symbol="SPY", expiration="2014-01-18", quote_date="2014-01-06").iloc[:1].to_csv(tmp_path / "x.csv", index=False)
    assert read_chain(tmp_path / "x.csv")["expiry"].tolist() == [pd.Timestamp("2014-01-17 21:00")]
