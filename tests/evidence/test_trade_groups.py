"""Closed trades in groups, against plain counts of them."""

import numpy as np
import pandas as pd
import pytest

from flowbt.evidence.trade_groups import MOST_FEATURES, MOST_GROUPS, trade_groups

ROWS = 90
DAYS = pd.bdate_range("2022-11-01", periods=120)
RNG = np.random.default_rng(12)


def made(**columns):
    start = RNG.integers(0, 100, ROWS)
    return pd.DataFrame(
        {
            "symbol": [f"S{k % 3}" for k in range(ROWS)],
            "side": "long",
            "reason": ["stop", "hold"] * (ROWS // 2),
            "entry_label": DAYS[start],
            "exit_label": DAYS[start + 5],
            "pnl": RNG.normal(5, 30, ROWS),
            "return": RNG.normal(0, 0.02, ROWS),
            **columns,
        }
    )


RETURNS = pd.DataFrame({"strategy": 0.0, "regime:gamma": np.where(np.arange(120) % 2, "long", "short")}, DAYS)


def tables(trades, returns=RETURNS):
    return {table["name"]: {row["group"]: row for row in table["rows"]} for table in trade_groups(trades, returns)}


def test_each_group_is_counted_with_its_wins_means_and_share_of_the_profit():
    trades = made(mae=-0.01, mfe=[0.02, np.nan] * (ROWS // 2))
    found, total = tables(trades), trades["pnl"].sum()
    assert set(found) == {"symbol", "exit reason", "year entered", "gamma at entry"}  # one side only: no table
    assert total > 0
    for name, groups in (("symbol", trades["symbol"]), ("exit reason", trades["reason"]), ("year entered", trades["entry_label"].dt.year.astype(str))):
        assert list(found[name]) == sorted(groups.unique())
        for group, row in found[name].items():
            own = trades[groups == group]
            assert (row["trades"], row["won"]) == (len(own), pytest.approx((own["pnl"] > 0).mean()))
            assert (row["mean"], row["profit"], row["share"]) == pytest.approx((own["return"].mean(), own["pnl"].sum(), own["pnl"].sum() / total))
    assert (found["exit reason"]["stop"]["mae"], found["exit reason"]["stop"]["mfe"]) == pytest.approx((-0.01, 0.02))
    assert found["exit reason"]["hold"]["mfe"] is None
    states = RETURNS["regime:gamma"].reindex(trades["entry_label"]).value_counts().to_dict()
    assert {group: row["trades"] for group, row in found["gamma at entry"].items()} == states


def test_only_closed_trades_count_and_of_a_loss_there_are_no_shares():
    trades = made()
    trades.loc[:9, "reason"] = "open"
    trades.loc[10:19, "exit_label"] = pd.NaT
    trades["pnl"] -= trades["pnl"].iloc[20:].mean()
    trades.loc[20, "pnl"] -= 1.0
    found = tables(trades)
    assert sum(row["trades"] for row in found["symbol"].values()) == ROWS - 20
    assert {row["share"] for row in found["symbol"].values()} == {None}
    assert tables(trades.iloc[:20]) == tables(trades.iloc[:0]) == {}
    assert tables(made(), RETURNS.iloc[60:])["gamma at entry"]["unknown"]["trades"] > 0


def test_features_fall_into_thirds_of_their_values_with_the_bounds_in_the_name():
    values = np.r_[np.arange(1.0, 31), np.arange(2000.0, 2030), np.full(28, -0.5), np.nan, np.nan]
    trades = made(**{"pressure@entry": values, "pressure@exit": 1.0, "still@entry": 3.0, "flag@entry": True})
    found = tables(trades)["pressure at entry"]
    kept = pd.Series(values).dropna()
    low, high = kept.quantile([1 / 3, 2 / 3])
    assert list(found) == ["low: −0.5 to 2", "middle: 2 to 2,000", "high: 2,000 to 2,029", "missing"]
    assert [row["trades"] for row in found.values()] == [(kept <= low).sum(), ((kept > low) & (kept <= high)).sum(), (kept > high).sum(), 2]
    assert not {"still at entry", "flag at entry", "pressure@exit"} & set(tables(trades))
    many = made(**{f"f{k}@entry": RNG.standard_normal(ROWS) for k in range(MOST_FEATURES + 1)})
    assert sum(name.startswith("f") for name in tables(many)) == MOST_FEATURES
    assert tables(made(**{"gone@entry": np.full(ROWS, np.nan)})).keys() == tables(made()).keys()


@pytest.mark.parametrize("count", [MOST_GROUPS, MOST_GROUPS + 1])
def test_of_many_groups_those_with_the_largest_result_are_shown(count):
    trades = made(symbol=[f"S{k % count:02d}" for k in range(ROWS)])
    profit = trades.groupby("symbol")["pnl"].sum()
    shown = list(tables(trades)["symbol"])
    largest = list(profit.abs().sort_values(ascending=False).index[:MOST_GROUPS])
    assert shown == (sorted(profit.index) if count == MOST_GROUPS else largest)
