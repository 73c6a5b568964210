import json

import pandas as pd
import pytest

from flowbt.data.raw.deribit import DeribitRules, deribit_prints
from flowbt.data.raw.duck import Limits
from flowbt.ground.errors import ParameterError, SourceError

LIMITS = Limits(threads=1, memory_mb=300)
NOON = 1714564800000  # 2024-05-01 12:00 UTC
SUMS = ["calls_bought", "calls_sold", "puts_bought", "puts_sold", "premium_unknown"]


def trade(name="BTC-28JUN24-60000-C", direction="buy", price=0.05, **more):
    base = {"timestamp": NOON, "instrument_name": name, "direction": direction, "price": price, "amount": 2.0, "index_price": 60000.0}
    return {**base, "trade_id": str(len(more)) + name + direction, "iv": 55.0, **more}


def answer(tmp_path, trades):
    path = tmp_path / "trades.json"
    path.write_text(json.dumps({"jsonrpc": "2.0", "result": {"trades": trades, "has_more": False}}))
    return path


def test_premium_is_in_dollars_at_the_index_of_the_trade(tmp_path):
    trades = [trade(), trade(direction="sell", price=0.01), trade("BTC-28JUN24-50000-P"), trade("ETH-3MAY24-3100-P", "sell", index_price=3000.0)]
    table = deribit_prints(answer(tmp_path, trades), DeribitRules(), LIMITS)
    assert table[["symbol", *SUMS]].values.tolist() == [["BTC", 6000, 1200, 6000, 0, 0], ["ETH", 0, 0, 0, 300, 0]]
    assert set(table["event_time"]) == {pd.Timestamp("2024-05-01")}


def test_options_settled_in_dollars_are_priced_in_dollars(tmp_path):
    table = deribit_prints(answer(tmp_path, [trade("BTC_USDC-28JUN24-60000-C", price=3000.0)]), DeribitRules(), LIMITS)
    assert table[["symbol", "calls_bought"]].values.tolist() == [["BTC", 6000]]


def test_a_trade_twice_counts_once_and_futures_do_not_count(tmp_path):
    rows = [trade(), trade(), trade("BTC-PERPETUAL", price=60000.0), trade("BTC-28JUN24", price=61000.0), trade(trade_id="other")]
    assert deribit_prints(answer(tmp_path, rows), DeribitRules(), LIMITS)["calls_bought"].tolist() == [12000]


def test_csv_and_the_answer_agree_by_hours(tmp_path):
    rows = [trade(), trade(direction="sell", timestamp=NOON + 3_600_000)]
    pd.DataFrame(rows).to_csv(tmp_path / "trades.csv", index=False)
    one, other = (deribit_prints(path, DeribitRules(step="1h"), LIMITS) for path in (answer(tmp_path, rows), tmp_path / "trades.csv"))
    pd.testing.assert_frame_equal(one, other)
    assert one["event_time"].tolist() == [pd.Timestamp("2024-05-01 12:00"), pd.Timestamp("2024-05-01 13:00")]


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([trade("BTC-PERPETUAL")], "no option such as BTC-28JUN24-60000-C"),
        ([trade(index_price=None)], "1 trades without a price, amount or index_price"),
        ([trade(direction="sideways")], "side 'sideways': is no side"),
        ([], "no trades in it"),
    ],
)
def test_what_cannot_be_counted_is_one_line(tmp_path, rows, problem):
    with pytest.raises(SourceError, match=problem):
        deribit_prints(answer(tmp_path, rows), DeribitRules(), LIMITS)
    with pytest.raises(ParameterError, match="step=2h"):
        DeribitRules(step="2h")
