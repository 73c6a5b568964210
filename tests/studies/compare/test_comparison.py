"""Comparison on common labels; differences with paired intervals; what differs is named."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from tests.results.records import make_record

from flowbt.evidence.belief import RunFacts, believe
from flowbt.evidence.measures import measure
from flowbt.ground.errors import CheckFailed, ParameterError, RangeError
from flowbt.results import store
from flowbt.results.pages import compare as compare_page
from flowbt.studies.compare.compare import compare
from flowbt.studies.compare.comparison import compare_records as compare_beside
from flowbt.studies.compare.comparison import compounded_between, unique_labels

NOT_JUDGED = believe(RunFacts())


def compare_records(records):
    return compare_beside(records, [NOT_JUDGED] * len(records))


def test_a_run_is_the_same_as_itself():
    record = make_record()
    found = compare_records([record, record])
    assert found.same
    assert all(row["difference"] == 0 and not row["told_apart"] for row in found.differences)
    assert found.correlation[0][1] == 1.0
    assert not any(row["differs"] for row in found.parameters + found.settings + found.data)


def test_measures_are_taken_on_common_labels_only():
    long, short = make_record(sessions=600), make_record(seed=2, sessions=300)
    found = compare_records([long, short])
    assert found.bars == 300
    own = measure(long.returns["strategy"].iloc[:300], long.trades.iloc[:0], 252)
    assert next(row for row in found.measures if row["name"] == "sharpe")["values"][0] == pytest.approx(own.sharpe)
    assert any("other labels (600 against 300)" in reason for reason in found.reasons)


def test_a_steady_gain_over_the_first_is_told_apart():
    base = make_record()
    better = base.returns.assign(strategy=base.returns["strategy"] + 0.0005)
    found = compare_records([base, dataclasses.replace(base, returns=better)])
    row = next(row for row in found.differences if row["name"] == "mean")
    assert row["difference"] == pytest.approx(0.0005 * 252)
    assert row["told_apart"]
    assert not found.same


def test_noise_is_not_told_apart():
    found = compare_records([make_record(seed=5, drift=0.0), make_record(seed=6, drift=0.0)])
    row = next(row for row in found.differences if row["name"] == "sharpe")
    assert row["low"] < 0 < row["high"]
    assert not row["told_apart"]


def test_weekend_returns_are_compounded_between_sessions():
    daily = pd.Series(0.01, index=pd.date_range("2024-01-05", periods=4))  # Friday to Monday
    taken = compounded_between(daily, pd.DatetimeIndex(["2024-01-05", "2024-01-08"]))
    np.testing.assert_allclose(taken, [0.01, 1.01**3 - 1])


def test_trades_are_matched_by_symbol_side_and_entry():
    base = make_record()
    trades = base.trades.iloc[1:].copy()
    trades.loc[trades.index[0], "exit_label"] += pd.Timedelta(days=1)
    (diff,) = compare_records([base, dataclasses.replace(base, trades=trades)]).trades
    assert (diff["only_first"], diff["only_other"], diff["changed"], diff["both"]) == (1, 0, 1, len(trades))
    assert [row["what"] for row in diff["rows"]] == ["first only", "changed"]


@pytest.mark.parametrize("empty", [0, 1])
def test_a_run_without_trades_can_be_compared(empty):
    pair = [make_record(), make_record(seed=2)]
    pair[empty] = dataclasses.replace(pair[empty], trades=pd.DataFrame(columns=pair[0].trades.columns))
    (diff,) = compare_records(pair).trades
    assert (diff["only_first"], diff["only_other"])[1 - empty] == len(pair[1 - empty].trades)
    assert diff["rows"][0]["exit_other" if empty == 0 else "exit_first"] is not None


def test_what_differs_is_flagged():
    found = compare_records([make_record(), make_record(parameters={"rally": 0.03, "hold": 10}, costs={"fees": 0.0})])
    assert [row["name"] for row in found.parameters if row["differs"]] == ["rally"]
    assert [row["name"] for row in found.settings if row["differs"]] == ["costs"]


def test_labels_tell_runs_apart():
    a, b = make_record(parameters={"rally": 0.02}), make_record(parameters={"rally": 0.03})
    assert unique_labels([a, b]) == ["dull (rally=0.02)", "dull (rally=0.03)"]
    assert unique_labels([a, make_record("other")]) == ["dull", "other"]
    assert unique_labels([a, b, make_record("other", parameters={"salt": 1})]) == ["dull (rally=0.02)", "dull (rally=0.03)", "other"]
    assert len(set(unique_labels([a, make_record(parameters={"rally": 0.02}, seed=9)]))) == 2


def test_runs_without_common_labels_are_refused():
    late = make_record(seed=2)
    late = dataclasses.replace(late, returns=late.returns.set_index(late.returns.index + pd.Timedelta(days=4000)))
    with pytest.raises(RangeError, match=r"the runs share 0 .*overlap"):
        compare_records([make_record(), late])


def test_the_command_fails_on_a_difference_and_writes_the_page(tmp_path, capsys):
    from flowbt.cli.results.compare import command

    ids = [store.save(tmp_path, make_record(seed=seed)).name for seed in (1, 2)]
    assert command.main([ids[0], ids[0], "--fail-on-diff", "--results", str(tmp_path)], standalone_mode=False) is None
    with pytest.raises(CheckFailed, match="returns differ at"):
        command.main([*ids, "--html", "--fail-on-diff", "--results", str(tmp_path)], standalone_mode=False)
    assert CheckFailed.exit_code == 3
    assert list((tmp_path / "_compare").glob("*.html"))
    assert "page:" in capsys.readouterr().out


def test_one_run_alone_is_refused(tmp_path):
    place = store.save(tmp_path, make_record())
    with pytest.raises(ParameterError, match="1 run given"):
        compare(tmp_path, [place.name])


def test_the_page_escapes_names(tmp_path):
    for seed in (1, 2):
        store.save(tmp_path, make_record("<script>alert(1)</script>", seed=seed))
    runs = [path.parent.name for path in tmp_path.glob("*/*/run.json")]
    text = compare_page.write(tmp_path, compare(tmp_path, runs).to_dict()).read_text()
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


def test_settings_are_told_in_words_and_what_a_run_lacks_is_a_dash():
    one, other = make_record(parameters={"a": (1, 2), "b": None, "c": {"x": 1}}), make_record(parameters={"a": (), "d": 0.5})
    found = {row["name"]: row["values"] for row in compare_records([one, other]).parameters}
    assert found == {"a": ["1, 2", "none"], "b": ["none", "–"], "c": ["x 1", "–"], "d": ["–", "0.5"]}


def test_a_run_that_uses_the_future_is_labelled_so_and_names_show_three_differences_at_most():
    many = [make_record(parameters=dict.fromkeys("abcd", k)) for k in (1, 2)]
    assert unique_labels(many) == ["dull (a=1, b=1, c=1)", "dull (a=2, b=2, c=2)"]
    many[1].manifest["look_ahead"] = "shift(-1)"
    assert unique_labels(many)[1] == "dull (a=2, b=2, c=2) LOOK-AHEAD"


def test_the_least_of_two_years_is_that_of_all_and_two_labels_are_enough():
    base = make_record()
    two = dataclasses.replace(base, returns=base.returns.iloc[:2])
    assert compare_records([base, two]).bars == 2
    with pytest.raises(RangeError, match="the runs share 1"):
        compare_records([base, dataclasses.replace(base, returns=base.returns.iloc[:1])])


def test_a_run_that_never_moves_correlates_with_nothing():
    base = make_record()
    still = dataclasses.replace(base, returns=base.returns.assign(strategy=0.0))
    assert compare_records([base, still]).correlation == [[1.0, None], [None, None]]


def other_returns(record, series):
    return dataclasses.replace(record, returns=record.returns.assign(strategy=series))


def test_lines_span_and_correlation_are_those_of_the_common_labels():
    long, short = make_record(sessions=400), make_record(seed=2, sessions=300)
    found = compare_records([long, short])
    own = [one.returns["strategy"].iloc[:300] for one in (long, short)]
    grown = [(1 + one).cumprod() for one in own]
    assert found.span == [f"{own[0].index[0]:%Y-%m-%d}", f"{own[0].index[-1]:%Y-%m-%d}"]
    assert len(found.equity["labels"]) == 300
    for line, under, growth in zip(found.equity["lines"], found.equity["underwater"], grown, strict=True):
        np.testing.assert_allclose(line, growth, rtol=1e-4)
        np.testing.assert_allclose(under, growth / growth.cummax().clip(lower=1.0) - 1, rtol=1e-4, atol=1e-9)
    assert found.correlation[0][1] == found.correlation[1][0] == pytest.approx(np.corrcoef(*own)[0, 1], rel=1e-5)
    assert [row["label"] for row in found.runs] == unique_labels([long, short])


def test_only_trades_entered_on_common_labels_are_counted_the_first_and_last_label_too():
    base, labels = make_record(sessions=400), make_record(sessions=400).returns.index
    entered = base.trades.assign(exit_label=labels[-1]).iloc[:4].assign(entry_label=labels[[99, 100, 299, 300]])
    cut = dataclasses.replace(make_record(seed=2, sessions=400), returns=make_record(seed=2, sessions=400).returns.iloc[100:300])
    found = compare_records([dataclasses.replace(base, trades=entered), cut])
    assert next(row for row in found.measures if row["name"] == "trades")["values"][0] == 2


def test_a_loss_is_told_apart_as_a_gain_is_and_what_never_moves_has_no_figures():
    base = make_record()
    own = base.returns["strategy"]
    worse, still = compare_records([base, other_returns(base, own - 0.0005)]), compare_records([base, other_returns(base, 0.0 * own)])
    row = {row["name"]: row for row in worse.differences}["mean"]
    assert (row["told_apart"], row["run"], row["difference"]) == (True, worse.runs[1]["label"], pytest.approx(-0.0005 * 252))
    assert row["texts"]["difference"] == "−12.60%"
    assert {text for row in still.differences for text in row["texts"].values()} == {"–"}
    assert not any(row["told_apart"] for row in still.differences)


def test_why_results_are_not_the_same_is_counted_and_a_missing_return_earns_nothing():
    base = make_record()
    own = base.returns["strategy"].copy()
    own.iloc[3] = np.nan
    gap = other_returns(base, own)
    assert compare_records([gap, other_returns(base, own.fillna(0.0))]).same
    assert compare_records([other_returns(base, own.fillna(0.0)), gap]).same
    changed = own.fillna(0.0)
    changed.iloc[[5, 9]] += [1e-6, -1e-6]
    (reason,) = compare_records([gap, other_returns(base, changed)]).reasons
    assert reason.endswith(f"returns differ at 2 labels, first {own.index[5]:%Y-%m-%d}")
    changed.iloc[[5, 9]] = own.iloc[[5, 9]] + 1e-10
    assert compare_records([gap, other_returns(base, changed)]).same


def test_of_several_runs_each_is_set_against_the_first():
    base, later = make_record(), make_record(seed=3)
    by_hour = dataclasses.replace(make_record(seed=2), manifest={**make_record(seed=2).manifest, "step": "1h", "clock": "24/7"})
    found = compare_records([base, by_hour, later])
    assert [row["run"] for row in found.differences[::4]] == [row["run"] for row in found.trades] == [row["label"] for row in found.runs[1:]]
    assert found.span[0].endswith("00:00")
    means = [one.returns["strategy"].mean() for one in (base, by_hour, later)]
    given = {(row["run"], row["name"]): row["difference"] for row in found.differences}
    assert given[found.runs[2]["label"], "mean"] == pytest.approx((means[2] - means[0]) * 252)
