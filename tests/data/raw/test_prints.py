import gzip
import json

import numpy as np
import pandas as pd
import pytest

from flowbt.data.raw.duck import Limits
from flowbt.data.raw.prints import PrintRules, dark_prints, option_prints
from flowbt.ground.errors import ParameterError, SourceError

LIMITS = Limits(threads=1, memory_mb=300)
NOON = 1714579200000  # 2024-05-01 16:00 UTC = 12:00 New York, in ms


def option(price, bid=1.0, ask=1.2, right="call", premium=100.0, at=NOON, **more):
    return {"underlying_symbol": "ABC", "executed_at": at, "nbbo_bid": bid, "nbbo_ask": ask, "price": price, "option_type": right, "premium": premium, **more}


def write(tmp_path, rows, name="prints.csv"):
    path = tmp_path / name
    frame = pd.DataFrame(rows)
    frame.to_parquet(path) if name.endswith("parquet") else frame.to_csv(path, index=False)
    return path


def test_side_is_by_the_quote_and_the_inside_is_unknown(tmp_path):
    rows = [option(1.2), option(1.0), option(1.1), option(1.3, right="put"), option(0.9, right="put")]
    day = option_prints(write(tmp_path, rows), PrintRules(), LIMITS).iloc[0]
    assert day[["calls_bought", "calls_sold", "puts_bought", "puts_sold", "premium_unknown"]].tolist() == [100.0] * 5
    assert day["event_time"] == pd.Timestamp("2024-05-01")


def test_the_nearer_side_may_be_asked_for_but_the_middle_stays_unknown(tmp_path):
    rows = [option(1.15), option(1.04), option(1.5, bid=1.0, ask=2.0)]
    day = option_prints(write(tmp_path, rows), PrintRules(inside="nearer"), LIMITS).iloc[0]
    assert (day["calls_bought"], day["calls_sold"], day["premium_unknown"]) == (100, 100, 100)


@pytest.mark.parametrize(("bid", "ask"), [(1.2, 1.2), (1.3, 1.2), (None, 1.2), (1.0, None)])
def test_a_locked_crossed_or_missing_quote_is_unknown(tmp_path, bid, ask):
    day = option_prints(write(tmp_path, [option(1.2, bid=bid, ask=ask), option(1.2)]), PrintRules(inside="nearer"), LIMITS).iloc[0]
    assert (day["calls_bought"], day["premium_unknown"]) == (100, 100)


def test_an_option_without_a_bid_can_be_sold_at_zero_only(tmp_path):
    day = option_prints(write(tmp_path, [option(0.05, bid=0.0, ask=0.05), option(0.0, bid=0.0, ask=0.05)]), PrintRules(), LIMITS).iloc[0]
    assert (day["calls_bought"], day["calls_sold"]) == (100, 100)


def test_the_vendors_tags_are_another_classification(tmp_path):
    rows = [option(1.1, tags="['bid_side', 'bearish']"), option(1.2, tags="['mid_side']")]
    day = option_prints(write(tmp_path, rows), PrintRules(sides="tags"), LIMITS).iloc[0]
    assert (day["calls_sold"], day["calls_bought"], day["premium_unknown"]) == (100, 0, 100)


SIDES = [
    ("side", ["ask", "bid", "mid"]),
    ("side", ["Above Ask", "AT_BID", "between"]),
    ("side", ["BUY", "SELL", ""]),
    ("side", ["AA", "B", "M"]),
    ("side", ["B", "S", ""]),
    ("tags", ["{ask_side,bullish}", "['bid_side', 'earnings_this_week']", "['mid_side']"]),
    ("tags", ["ask_side", "bid_side", "ask_side,bid_side"]),
]


@pytest.mark.parametrize(("column", "words"), SIDES)
def test_sides_are_read_as_vendors_write_them(tmp_path, column, words):
    day = option_prints(write(tmp_path, [option(1.1, **{column: word}) for word in words]), PrintRules(sides="tags"), LIMITS).iloc[0]
    assert (day["calls_bought"], day["calls_sold"], day["premium_unknown"]) == (100, 100, 100)


@pytest.mark.parametrize(
    ("column", "words", "problem"),
    [
        ("side", ["B", "M"], "side 'B': is the bid to some"),
        ("side", ["ask", "west"], "side 'west': is no side"),
        ("tags", ["bullish", "etf"], "no print says its side"),
    ],
)
def test_sides_nobody_can_know_are_refused_not_all_unknown(tmp_path, column, words, problem):
    with pytest.raises(SourceError, match=problem):
        option_prints(write(tmp_path, [option(1.1, **{column: word}) for word in words]), PrintRules(sides="tags"), LIMITS)


def test_premium_is_price_times_size_times_100_where_the_file_has_none(tmp_path):
    rows = [{k: v for k, v in option(1.2, size=3).items() if k != "premium"}]
    assert option_prints(write(tmp_path, rows), PrintRules(), LIMITS)["calls_bought"].iloc[0] == pytest.approx(360)


def test_a_print_without_its_premium_counts_at_price_times_size(tmp_path):
    rows = [option(1.2, premium=240.0, size=2), option(1.2, premium=None, size=2)]
    assert option_prints(write(tmp_path, rows), PrintRules(), LIMITS)["calls_bought"].tolist() == pytest.approx([480.0])


def test_days_are_new_yorks_in_summer_and_winter(tmp_path):
    ms = [int(pd.Timestamp(t).value // 10**6) for t in ("2024-07-01 03:58:59", "2024-07-01 04:00", "2024-12-03 04:58:59", "2024-12-03 05:00")]
    table = option_prints(write(tmp_path, [option(1.2, at=t) for t in ms]), PrintRules(until="23:59"), LIMITS)
    assert table["event_time"].dt.strftime("%m-%d").tolist() == ["06-30", "07-01", "12-02", "12-03"]


def test_prints_after_the_cut_off_do_not_count(tmp_path):
    late = NOON + 6 * 3600_000  # 18:00 New York
    table = option_prints(write(tmp_path, [option(1.2), option(1.2, at=late)]), PrintRules(), LIMITS)
    assert table["calls_bought"].tolist() == [100]


@pytest.mark.parametrize("wrong", [{"until": "25:00"}, {"inside": "guess"}, {"sides": "mine"}])
def test_rules_that_are_none_are_refused(wrong):
    with pytest.raises(ParameterError, match=next(iter(wrong))):
        PrintRules(**wrong)


def test_csv_and_parquet_and_a_plain_loop_agree(tmp_path):
    rng = np.random.default_rng(5)
    rows = []
    for _ in range(3000):
        bid = round(rng.uniform(0, 2), 2)
        rows.append(
            option(round(rng.uniform(0, 2.5), 2), bid, round(bid + rng.uniform(-0.05, 0.3), 2), rng.choice(["call", "put"]), round(rng.uniform(1, 1e5), 2))
        )
    sums = dict.fromkeys(["calls_bought", "calls_sold", "puts_bought", "puts_sold", "premium_unknown"], 0.0)
    for row in rows:
        side = 0 if row["nbbo_ask"] <= row["nbbo_bid"] else 1 if row["price"] >= row["nbbo_ask"] else -1 if row["price"] <= row["nbbo_bid"] else 0
        sums[f"{row['option_type']}s_{'bought' if side > 0 else 'sold'}" if side else "premium_unknown"] += row["premium"]
    for name in ("prints.csv", "prints.parquet"):
        day = option_prints(write(tmp_path, rows, name), PrintRules(), LIMITS).iloc[0]
        assert day[list(sums)].tolist() == pytest.approx(list(sums.values()))


def test_the_stream_log_is_read(tmp_path):
    lines = ["2024-05-01 16:00:00|option_trades:ABC|{'response': {}, 'status': 'ok'}", "# shortened"]
    lines += [f"2024-05-01 16:00:01|option_trades:ABC|{ {k: str(v) for k, v in option(1.2, tags=['ask_side']).items()} }"]
    path = tmp_path / "stream.txt"
    path.write_text("\n".join(lines), encoding="utf-8")
    assert option_prints(path, PrintRules(), LIMITS)["calls_bought"].tolist() == [100]


def dark(price, at="2024-02-02T00:59:44Z", **more):
    return {"ticker": "XYZ", "executed_at": at, "nbbo_bid": "9.9", "nbbo_ask": "10.0", "price": str(price), "premium": "1000", "canceled": False, **more}


def test_dark_prints_of_the_vendors_answer(tmp_path):
    path = tmp_path / "answer.json.gz"
    rows = [dark(10.0), dark(9.9), dark(9.9), dark(9.95), dark(10.0, canceled=True)]
    path.write_bytes(gzip.compress(json.dumps({"data": rows}).encode()))
    table = dark_prints(path, PrintRules(until="20:00"), LIMITS)
    assert table[["dark_pool_net", "dark_pool_volume"]].iloc[0].tolist() == [-1000, 4000]
    assert table["event_time"].iloc[0] == pd.Timestamp("2024-02-01")  # 19:59 in New York


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("ticker,price\nXYZ,1\n", "no column executed_at"),
        ("", "cannot be read|empty"),
        ("ticker,executed_at,price,nbbo_bid,nbbo_ask,size\nXYZ,1714579200000,ten,1,2,3\n", "ten"),
    ],
)
def test_a_broken_file_is_named_with_its_reason(tmp_path, content, message):
    path = tmp_path / "broken.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SourceError, match=rf"broken\.csv.*({message})"):
        dark_prints(path, PrintRules(), LIMITS)


def test_a_truncated_parquet_file_is_refused(tmp_path):
    path = write(tmp_path, [option(1.2)] * 50, "whole.parquet")
    cut = tmp_path / "cut.parquet"
    cut.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(SourceError, match=r"cut\.parquet: cannot be read"):
        option_prints(cut, PrintRules(), LIMITS)


def test_a_print_that_is_neither_call_nor_put_is_refused(tmp_path):
    with pytest.raises(SourceError, match="1 prints that are neither"):
        option_prints(write(tmp_path, [option(1.2, right="x")]), PrintRules(), LIMITS)


@pytest.mark.real
def test_the_nearer_rule_is_what_the_vendors_tags_say():
    from tests.data.raw.real import RAW

    path = RAW / "flow" / "uw_ws_optiontrades_20250516.txt"
    ours, theirs = (option_prints(path, rules, LIMITS).drop(columns="event_time") for rules in (PrintRules(inside="nearer"), PrintRules(sides="tags")))
    pd.testing.assert_frame_equal(ours, theirs)
