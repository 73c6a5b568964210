"""The numbers behind a tearsheet's charts and tables, against pandas, arithmetic by hand and vectorbt."""

import numpy as np
import pandas as pd
import pytest
from tests.results.records import make_record

from flowbt.results import breakdowns
from flowbt.results.pages import drawing


def series(*returns, start="2024-01-30"):
    return pd.Series(returns, index=pd.bdate_range(start, periods=len(returns)))


def test_monthly_returns_compound_to_the_years():
    record = make_record(sessions=400)
    own = record.returns["strategy"]
    for row in breakdowns.monthly(own):
        months = np.prod([1 + value for value in row["months"] if value is not None]) - 1
        assert months == pytest.approx(row["total"])
        assert row["total"] == pytest.approx((1 + own[own.index.year == row["year"]]).prod() - 1)


def test_months_outside_the_span_are_missing():
    (row,) = breakdowns.monthly(series(0.01, 0.01, 0.01))  # two days of January, one of February
    assert row["months"][:2] == pytest.approx([0.0201, 0.01])
    assert row["months"][2:] == [None] * 10


def test_drawdowns_by_hand():
    found = breakdowns.drawdowns(series(0.10, -0.10, -0.10, 0.25, -0.05))
    assert [round(row["depth"], 6) for row in found] == [-0.19, -0.05]
    assert (found[0]["fall"], found[0]["length"], found[0]["recovered"]) == (2, 3, pd.Timestamp("2024-02-02"))
    assert found[1]["recovered"] is None


def test_a_fall_from_the_first_bar_counts_from_the_start():
    (row,) = breakdowns.drawdowns(series(-0.10, 0.05, 0.02))
    assert row["depth"] == pytest.approx(-0.10)
    assert row["recovered"] is None


def test_drawdowns_agree_with_vectorbt():
    import vectorbt as vbt

    own = make_record(seed=3, sessions=500).returns["strategy"]
    line = pd.concat([pd.Series([1.0], index=[own.index[0] - pd.Timedelta(days=1)]), breakdowns.growth(own)])
    theirs = sorted(vbt.Drawdowns.from_ts(line, freq="1D").drawdown.values.tolist())
    np.testing.assert_allclose([row["depth"] for row in breakdowns.drawdowns(own, most=99)], theirs, rtol=1e-9)


def test_rolling_sharpe_and_beta_are_the_windows_own():
    record = make_record(sessions=300)
    own, bench = record.returns["strategy"], record.returns["benchmark"]
    table = breakdowns.rolling(own, bench, 63, 252)
    part = slice(100 - 62, 101)
    assert table["sharpe"].iloc[100] == pytest.approx(own.iloc[part].mean() / own.iloc[part].std() * 252**0.5)
    assert table["beta"].iloc[100] == pytest.approx(np.polyfit(bench.iloc[part], own.iloc[part], 1)[0])
    assert table.iloc[:62].isna().all(axis=None)


def test_rolling_is_missing_where_nothing_varied():
    flat = series(*[0.0] * 80)
    assert breakdowns.rolling(flat, flat, 63, 252).isna().all(axis=None)


def test_regimes_split_the_bars_and_their_returns():
    record = make_record()
    (table,) = breakdowns.regimes(record.returns, 252)
    assert sum(row["bars"] for row in table["rows"]) == len(record.returns)
    assert np.prod([1 + row["total"] for row in table["rows"]]) == pytest.approx((1 + record.returns["strategy"]).prod())


def test_an_empty_state_is_unknown_and_comes_last():
    record = make_record()
    states = record.returns["regime:gamma sign"].astype(object).where(np.arange(len(record.returns)) > 50, "")
    (table,) = breakdowns.regimes(record.returns.assign(**{"regime:gamma sign": states}), 252)
    assert [row["state"] for row in table["rows"]][-1] == "unknown"


def test_costs_lead_from_profit_before_costs_to_profit():
    record = make_record()
    rows = {row["name"]: row["paid"] for row in breakdowns.costs(record.returns, 100_000, 252)}
    assert rows["profit"] == pytest.approx(record.returns["value"].iloc[-1] - 100_000)
    assert sum(paid for name, paid in rows.items() if name != "profit") == pytest.approx(rows["profit"])
    assert rows["fees"] == -record.returns["fees"].sum()


def test_matched_lines_have_the_strategys_volatility():
    record = make_record()
    scaled = drawing.scaled_to(record.returns["benchmark"], record.returns["strategy"])
    assert scaled.std() == pytest.approx(record.returns["strategy"].std())
    flat = record.returns["benchmark"] * 0
    assert drawing.scaled_to(flat, record.returns["strategy"]).equals(flat)


def test_stretches_are_the_extremes_of_every_window():
    own = make_record(sessions=200).returns["strategy"]
    row = next(row for row in breakdowns.best_and_worst(own) if row["span"] == 21)
    windows = (1 + own).rolling(21).apply(np.prod) - 1
    assert (row["best"], row["worst"]) == (pytest.approx(windows.max()), pytest.approx(windows.min()))
    assert (row["best_end"], row["worst_end"]) == (windows.idxmax(), windows.idxmin())


def test_long_series_are_thinned_to_every_kth_bar_and_the_last():
    keep = drawing.drawn(52_000)
    assert len(keep) <= drawing.MOST_POINTS + 1
    assert keep[-1] == 51_999
    assert set(np.diff(keep)[:-1]) == {13}


def test_the_histogram_counts_every_bar_that_changed():
    own = make_record().returns["strategy"]
    found = breakdowns.distribution(own)
    assert sum(found["counts"]) + found["flat"] == len(own)
    assert found["var"] == pytest.approx(own.quantile(0.05))
