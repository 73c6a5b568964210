"""Ideas of a report priced and followed, on invented prices and, where the files are, on real ones."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from flowbt.engine.options.outcomes import Idea, outcomes
from flowbt.engine.options.structures import long_call, put_spread, strike

RAW = Path(__file__).parents[3] / "shared/data/raw"
SPREAD = put_spread(None, strike(670), strike(650), expiry="2026-04-17")


def test_one_row_per_idea_with_cost_outcome_and_best():
    index = pd.bdate_range("2026-04-01", "2026-05-01")
    prices = pd.DataFrame({"SPY": np.linspace(676, 655, len(index))}, index)
    ideas = [
        Idea("SPY 670/650", "SPY", SPREAD, "2026-04-08", 3),
        Idea("sold", "SPY", SPREAD, "2026-04-08", quantity=-1.0),
        Idea("RKLB put", "RKLB", SPREAD, "2026-04-08", 4),
    ]
    table = outcomes(ideas, prices, prices * 0 + 20.0)
    bought, sold, missing = table.to_dict("records")
    assert bought["value"] == pytest.approx(670 - prices["SPY"]["2026-04-17"])
    assert bought["profit"] == pytest.approx(bought["value"] - bought["cost"])
    assert bought["at_risk"] == pytest.approx(bought["cost"])
    assert bought["profit"] + sold["profit"] == pytest.approx(-(bought["cost"] + sold["cost"]))
    assert bought["settled"] is True
    assert pd.isna(missing["profit"])


def test_an_idea_beyond_the_data_is_not_settled():
    index = pd.bdate_range("2026-04-01", "2026-05-01")
    prices = pd.DataFrame({"GLD": 435.0}, index)
    row = outcomes([Idea("GLD 450 call", "GLD", long_call(None, strike(450), expiry="2026-05-15"), "2026-04-08", 4)], prices, prices * 0 + 27.0).iloc[0]
    assert (row["settled"], row["last"]) == (False, index[-1])
    assert row["value"] > 0


@pytest.mark.real
@pytest.mark.skipif(not RAW.exists(), reason="needs the real files")
def test_the_april_put_spread_on_the_real_files():
    spy = pd.read_csv(RAW / "etf/SPY_ibkr_2016_2026.csv", index_col="date", parse_dates=True)[["close"]].rename(columns={"close": "SPY"})
    vix = pd.read_csv(RAW / "vix/cboe_vol_family_1990_2026.csv.gz", index_col="date", parse_dates=True)[["VIX"]].rename(columns={"VIX": "SPY"})
    row = outcomes([Idea("SPY 670/650", "SPY", SPREAD, "2026-04-08", 3)], spy, vix).iloc[0]
    end = spy.loc["2026-04-17", "SPY"]
    assert row["spot"] == 676.01
    assert row["value"] == pytest.approx(np.clip(670 - end, 0, 20), abs=1e-6)
    assert row["profit"] == pytest.approx(row["value"] - row["cost"])
