import numpy as np
import pandas as pd
import pytest
from scipy import stats

from flowbt.features.toxicity import vpin_twin
from flowbt.studies.ingest.trade_fields import FIELDS, VpinRules, bucket_size, on_grid, trade_fields

RULES = VpinRules(buckets=20, days=2)


def minutes(days=4, seed=0, sided=True):
    rng = np.random.default_rng(seed)
    n = days * 1440
    close = 100 * np.exp(rng.normal(0, 0.0005, n).cumsum())
    volume = rng.lognormal(0, 1, n)
    buy = volume * rng.beta(2, 2, n) if sided else np.full(n, np.nan)
    frame = {"event_time": pd.date_range("2025-01-01", periods=n, freq="min"), "symbol": "BTC", "close": close, "volume": volume, "buy": buy}
    return pd.DataFrame(frame | {"dollars": volume * close}).drop(index=rng.integers(1, n - 1, 200)).reset_index(drop=True)


def test_vpin_at_the_end_is_the_plain_twins():
    grid = on_grid(minutes())
    expected = vpin_twin(grid["buy"].to_numpy(), grid["volume"].to_numpy(), bucket_size(grid["volume"], 2), 20)[-1]
    assert trade_fields(minutes(), RULES)["vpin"].iloc[-1] == pytest.approx(expected)


def test_a_bucket_is_a_fiftieth_of_the_days_before():
    volume = on_grid(minutes())["volume"]
    size = bucket_size(volume, 2)
    assert np.isnan(size[:1440]).all()
    assert size[4000] == pytest.approx(volume.iloc[4000 - 2880 : 4000].sum() / 2 / 50)


def test_the_past_does_not_change_when_later_trades_come():
    whole, part = trade_fields(minutes(), RULES), trade_fields(minutes().query("event_time < '2025-01-03 12:00'"), RULES)
    pd.testing.assert_frame_equal(whole.iloc[: len(part)], part, rtol=1e-9)


def test_taker_volume_adds_up_and_slope_is_scipys():
    table, raw = trade_fields(minutes(), RULES), minutes()
    hour = raw[raw["event_time"].dt.floor("h") == pd.Timestamp("2025-01-03 05:00")]
    row = table[table["event_time"] == pd.Timestamp("2025-01-03 05:00")].iloc[0]
    assert row["taker_buy_volume"] == pytest.approx(hour["buy"].sum())
    assert row["taker_buy_volume"] + row["taker_sell_volume"] == pytest.approx(hour["volume"].sum())
    grid = on_grid(raw).loc[hour["event_time"]]
    assert row["kyle_lambda"] == pytest.approx(stats.linregress(np.sign(grid["net"]) * np.sqrt(grid["net"].abs()), grid["change"]).slope)
    assert row["amihud"] == pytest.approx(1e6 * (grid["change"].abs() / grid["dollars"]).mean())


def test_without_sides_the_bulk_classification_is_used():
    table = trade_fields(minutes(sided=False), RULES)
    assert table["vpin"].iloc[-1] > 0
    assert table["vpin"].iloc[-1] != trade_fields(minutes(), RULES)["vpin"].iloc[-1]


def test_the_toxic_mid_lies_within_the_bars_prices():
    raw = minutes()
    table = trade_fields(raw, RULES).set_index("event_time")
    groups = raw.assign(price=raw["dollars"] / raw["volume"]).groupby(raw["event_time"].dt.floor("h"))["price"]
    known = table["toxic_mid"].dropna()
    assert len(known) > 10
    assert ((known >= groups.min()[known.index] - 1e-9) & (known <= groups.max()[known.index] + 1e-9)).all()


def test_two_symbols_are_apart_and_days_may_be_asked_for():
    both = pd.concat([minutes(), minutes(seed=1).assign(symbol="ETH")])
    table = trade_fields(both, VpinRules(buckets=20, days=2, step="1d"))
    assert table.groupby("symbol").size().tolist() == [4, 4]
    assert list(table.columns) == ["event_time", "symbol", *FIELDS]


def test_minutes_without_a_side_count_for_neither_taker():
    rows = minutes()
    rows.loc[rows.index[-30:], "buy"] = np.nan  # of the last hour's second half nobody knows
    last = trade_fields(rows, RULES).iloc[-1]
    known = rows[(rows["event_time"] >= last["event_time"]) & rows["buy"].notna()]
    assert len(known) > 5
    assert last["taker_buy_volume"] == pytest.approx(known["buy"].sum())
    assert last["taker_sell_volume"] == pytest.approx((known["volume"] - known["buy"]).sum())
