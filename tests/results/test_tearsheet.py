"""What a tearsheet says: its sentence, its verdicts, its size, its escaping."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
from markupsafe import escape
from tests.evidence.situations import SITUATIONS
from tests.results.records import make_record

from flowbt.evidence.belief import believe
from flowbt.evidence.measures import measure
from flowbt.evidence.trade_groups import trade_groups
from flowbt.results.pages import tearsheet
from flowbt.results.pages.base import number, render_page, script, when
from flowbt.results.rows import measure_rows, minus


def page_data(text):
    return json.loads(text.split('id="page-data">')[1].split("</script>")[0])


def test_the_sentence_says_when_nothing_can_be_told():
    record = make_record()
    unsure = dataclasses.replace(record.measures, sharpe_low=-0.2, sharpe_high=0.9)
    assert "−0.20 to 0.90, includes zero: not distinguishable from earning nothing" in tearsheet.headline(measure_rows(unsure))
    sure = dataclasses.replace(record.measures, sharpe_low=0.2, sharpe_high=0.9)
    assert "lies above zero" in tearsheet.headline(measure_rows(sure))


def test_the_sentence_of_an_idle_strategy():
    record = make_record(sessions=60)
    idle = measure(record.returns["strategy"] * 0, record.trades.iloc[:0], 252)
    assert tearsheet.headline(measure_rows(idle)).startswith("Nothing can be said")


def test_the_answer_stands_before_the_measures_and_only_yes_is_green():
    for name, tone in (("everything holds", "good"), ("coins that are long SPY", "bad"), ("no walk-forward", "doubt")):
        belief = believe(SITUATIONS[name][0])
        text = tearsheet.render(make_record(), belief)
        assert f'class="answer {tone}"' in text
        assert text.index(str(escape(belief.sentence))) < text.index('id="measures"')


def test_holding_the_benchmark_stands_beside_the_strategy():
    record = make_record(benchmark="SPY")
    held = measure_rows(measure(record.returns["benchmark"], record.trades.iloc[:0], 252))
    row = tearsheet.render(record).split('data-figure="max_drawdown"')[1].split("</tr>")[0]
    assert held["max_drawdown"].text in row
    assert measure_rows(record.measures)["max_drawdown"].text in row


def test_trades_are_told_in_groups():
    tables = {table["name"]: table["rows"] for table in trade_groups(make_record().trades, make_record().returns)}
    closed = make_record().trades.query("reason != 'open'")
    assert {"symbol", "side", "gamma sign at entry"} <= set(tables)
    for rows in tables.values():
        assert sum(row["profit"] for row in rows) == pytest.approx(closed["pnl"].sum())


def test_of_many_groups_the_largest_profits_and_losses_are_kept():
    record = make_record()
    one = record.trades.query("reason != 'open'").iloc[[0]]
    trades = pd.concat([one.assign(symbol=f"S{n:02}", pnl=float(n) * (-1) ** n) for n in range(1, 26)], ignore_index=True)
    kept = {table["name"]: table["rows"] for table in trade_groups(trades, record.returns)}["symbol"]
    assert [row["group"] for row in kept] == [f"S{n:02}" for n in range(25, 5, -1)]
    few = {table["name"]: table["rows"] for table in trade_groups(trades[:20], record.returns)}["symbol"]
    assert [row["group"] for row in few] == [f"S{n:02}" for n in range(1, 21)]


def test_every_measure_with_a_label_is_in_one_table():
    record = make_record()
    text = tearsheet.render(record)
    for row in measure_rows(record.measures).values():
        assert text.count(f'data-measure="{row.name}"') == 1
    assert f"{record.measures.sharpe_low:.2f}".replace("-", "−") in text


def test_what_the_run_rests_on_is_written_out():
    text = tearsheet.render(make_record(warnings=["Latest vintage: rates."]))
    for words in (
        "SYNTHETIC",
        "<b>dix</b> in place of dark_pool_net",
        "known at 18:00 New York",
        "Orders fill at the next open.",
        "Latest vintage: rates.",
        "0123abc",
    ):
        assert words in text


def test_real_data_are_called_real():
    text = tearsheet.render(make_record(synthetic=False, datasets=[]))
    assert "Real data" in text
    assert "SYNTHETIC" not in text


def test_text_of_users_is_escaped_everywhere():
    bad = "</script><img src=x onerror=alert(1)>"
    record = make_record(bad, thesis=bad, source=bad, rules=[bad], parameters={bad: bad}, warnings=[bad], command=bad, code=bad)
    trades = record.trades.assign(reason=bad, symbol=bad)
    text = tearsheet.render(dataclasses.replace(record, trades=trades, prices=record.prices.rename(columns={"AAA": bad})))
    assert "<img" not in text
    assert page_data(text)["trades"]["columns"][1]["values"][0] == bad


def test_a_large_hourly_run_stays_under_the_limit():
    record = make_record(sessions=20_000, clock="24/7", step="1h")
    hours = pd.date_range("2019-01-01", periods=20_000, freq="h")
    returns = record.returns.set_index(hours)
    prices = pd.DataFrame(np.random.default_rng(0).lognormal(size=(20_000, 14)), index=hours, columns=[f"S{i}" for i in range(14)])
    noise = pd.DataFrame(np.random.default_rng(1).normal(size=(len(record.trades), 80)), columns=[f"f{i}@{m}" for i in range(40) for m in ("entry", "exit")])
    trades = pd.concat([record.trades, noise], axis=1)
    trades = pd.concat([trades] * 4, ignore_index=True)
    text = tearsheet.render(dataclasses.replace(record, returns=returns, prices=prices, trades=trades))
    assert len(text.encode()) < 1_500_000
    assert "Drawn at every 5th bar" in text
    assert f"of {len(trades):,} trades are here" in text


def test_columns_of_trades_read_from_the_trade_to_its_exit():
    names = [column["name"] for column in tearsheet.trade_table(make_record().trades, False)["columns"]]
    assert names[:3] == ["trade", "symbol", "side"]
    assert names.index("dark_pool_pressure@entry") < names.index("fees") < names.index("dark_pool_pressure@exit")


def test_many_features_are_left_to_the_file():
    trades = make_record(sessions=90).trades
    wide = trades.assign(**{f"f{i:02d}@{moment}": 0.5 for i in range(30) for moment in ("entry", "exit")})
    table = tearsheet.trade_table(wide, False)
    names = [column["name"] for column in table["columns"]]
    assert sum(name.endswith("@entry") for name in names) == sum(name.endswith("@exit") for name in names) == tearsheet.MOST_FEATURES
    assert table["hidden"] == 31 - tearsheet.MOST_FEATURES


def test_an_open_trade_has_no_exit():
    trades = make_record().trades.astype({"exit_label": "datetime64[ns]"})
    trades.loc[3, "exit_label"] = pd.NaT
    columns = {column["name"]: column["values"] for column in tearsheet.trade_table(trades, False)["columns"]}
    assert columns["exit_label"][3] is None


@pytest.mark.parametrize(
    ("value", "spec", "units", "text"),
    [
        (-0.5, ".1f", "", "−0.5"),
        (-0.001, ".1f", "", "0.0"),
        (None, ".2f", "%", "–"),
        (float("nan"), ".2f", "", "–"),
        (0.12, ".0%", "", "12%"),
        (-1234.0, ",.0f", "$", "−$1,234"),
        (3, ",d", "bars", "3 bars"),
        (63_977.7, ",.4g", "", "63,978"),
        (-2.71e9, "+.4g", "", "−2,710,000,000"),
        (1e300, ".4g", "", "1e+300"),
    ],
)
def test_numbers(value, spec, units, text):
    assert number(value, spec, units) == text


def test_small_words():
    assert (when("2024-01-02T03:04:05Z"), when("2024-01-02T03:04:05Z", hours=True), when(pd.NaT)) == ("2024-01-02", "2024-01-02 03:04", "–")
    assert (minus("-1.2"), minus("-0.00%"), minus("+0.0"), minus("--")) == ("−1.2", "0.00%", "0.0", "--")
    assert "<" not in script({"a": "</script>"})


def test_a_template_that_misses_a_value_is_a_defect_not_a_blank():
    from jinja2 import UndefinedError

    with pytest.raises(UndefinedError):
        render_page("message.html", {"title": "x"})


def test_the_page_says_what_rotations_of_the_run_gave():
    kept = {"rotations": 199, "rotation_p": 0.045, "rotation_sharpe": 0.31, "held_p": None}
    assert tearsheet.luck_words(kept) == "199 rotations of its own decisions, mean Sharpe 0.31, p 0.045"
    assert tearsheet.luck_words({**kept, "held_p": 0.5}).endswith("holding its average exposure p 0.500")
    assert tearsheet.luck_words({"rotation_p": 0.5}) == ""
