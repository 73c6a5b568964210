import pandas as pd
import pytest

from flowbt.data.raw.duck import Limits
from flowbt.data.raw.perps import PerpRules, book_depth, liquidations, metrics
from flowbt.ground.errors import SourceError

LIMITS = Limits(threads=1, memory_mb=300)


def write(tmp_path, rows, columns, name="BTCUSDT-x-2024-01-05.csv"):
    pd.DataFrame(rows, columns=columns).to_csv(tmp_path / name, index=False)
    return tmp_path / name


def test_the_last_snapshot_of_a_bar_stands_for_it(tmp_path):
    rows = [("2024-01-05 00:00:00", "BTCUSDT", 10, 100), ("2024-01-05 00:55:00", "BTCUSDT", 12, 130), ("2024-01-05 01:00:00", "BTCUSDT", 7, 70)]
    table = metrics(write(tmp_path, rows, ["create_time", "symbol", "sum_open_interest", "sum_open_interest_value"]), PerpRules(), LIMITS)
    assert table["open_interest_coin"].tolist() == [12, 7]
    assert table["open_interest_usd"].tolist() == [130, 70]
    assert table["event_time"].tolist() == [pd.Timestamp("2024-01-05 00:00"), pd.Timestamp("2024-01-05 01:00")]


def test_depth_is_the_mean_of_both_sides_at_one_percent(tmp_path):
    rows = [("2024-01-05 00:00:10", p, 1, n) for p, n in ((-5, 9e9), (-1, 30), (1, 50), (2, 9e9))]
    rows += [("2024-01-05 00:00:40", -1, 1, 60), ("2024-01-05 00:00:40", 1, 1, 60), ("2024-01-05 00:01:10", -1, 1, 500)]
    table = book_depth(write(tmp_path, rows, ["timestamp", "percentage", "depth", "notional"]), PerpRules(step="1d"), LIMITS)
    assert table["depth_1pct_usd"].tolist() == [100]  # (80 + 120) / 2; the one-sided snapshot does not count


LIQUIDATION = [
    "time",
    "side",
    "order_type",
    "time_in_force",
    "original_quantity",
    "price",
    "average_price",
    "order_status",
    "last_fill_quantity",
    "accumulated_fill_quantity",
]


def liquidation(time, side, quantity, price=100.0):
    return (time, side, "LIMIT", "IOC", quantity, price, price, "FILLED", quantity, quantity)


def test_sell_orders_liquidate_longs_and_repeated_rows_are_one(tmp_path):
    rows = [liquidation(1704412800000, "SELL", 2)] * 2 + [liquidation(1704412800000, "BUY", 1), liquidation(1704420000000, "SELL", 3)]
    table = liquidations(write(tmp_path, rows, LIQUIDATION), PerpRules(), LIMITS)
    assert table["liquidations_long_usd"].tolist() == [200, 0, 300]  # the quiet hour between is 0
    assert table["liquidations_short_usd"].tolist() == [100, 0, 0]


def test_coin_margined_contracts_are_worth_dollars(tmp_path):
    table = liquidations(write(tmp_path, [liquidation(1704412800000, "SELL", 7)], LIQUIDATION), PerpRules(contract_usd=100), LIMITS)
    assert table["liquidations_long_usd"].tolist() == [700]


def test_prints_of_several_coins_keep_their_names(tmp_path):
    frame = pd.DataFrame(
        {"timestamp": pd.to_datetime(["2026-03-04 11:13", "2026-03-04 11:40"]), "coin": ["BTC", "ETH"], "side": ["buy", "sell"], "size_usd": [5.0, 6.0]}
    )
    frame.to_parquet(tmp_path / "okx.parquet")
    table = liquidations(tmp_path / "okx.parquet", PerpRules(), LIMITS).set_index("symbol")
    assert table.loc["BTC", "liquidations_short_usd"] == 5
    assert table.loc["ETH", "liquidations_long_usd"] == 6


def test_a_venue_whose_side_says_nothing_is_refused(tmp_path):
    with pytest.raises(SourceError, match="1 rows whose side"):
        liquidations(write(tmp_path, [liquidation(1704412800000, "S", 7)], LIQUIDATION), PerpRules(), LIMITS)


def test_an_unknown_step_is_refused(tmp_path):
    rows = [("2024-01-05 00:00:00", "BTCUSDT", 10, 100)]
    with pytest.raises(SourceError, match="1h, 4h, 8h, 1d"):
        metrics(write(tmp_path, rows, ["create_time", "symbol", "sum_open_interest", "sum_open_interest_value"]), PerpRules(step="2h"), LIMITS)
