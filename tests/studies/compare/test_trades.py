"""Trades of two runs: matched, counted, and told apart by exit or return."""

import pandas as pd
import pytest

from flowbt.studies.compare.trades import difference

DAY = pd.Timestamp("2024-01-02")


def trades(*rows):
    """Rows: symbol, entry (days), exit (days; None: still open), return."""
    made = [(s, "long", DAY + pd.Timedelta(days=a), pd.NaT if b is None else DAY + pd.Timedelta(days=b), r, 100 * r) for s, a, b, r in rows]
    table = pd.DataFrame(made, columns=["symbol", "side", "entry_label", "exit_label", "return", "pnl"])
    return table.astype({"exit_label": "datetime64[ns]"})


@pytest.mark.parametrize(
    ("other", "changed"),
    [
        (("A", 0, 5, 0.1), 0),
        (("A", 0, 6, 0.1), 1),
        (("A", 0, None, 0.1), 1),
        (("A", 0, 5, 0.1 + 1e-12), 0),
        (("A", 0, 5, 0.1 + 1e-6), 1),
        (("A", 0, 5, 0.1 - 1e-6), 1),
    ],
)
def test_a_matched_trade_is_changed_by_another_exit_or_return_only(other, changed):
    found = difference(trades(("A", 0, 5, 0.1)), trades(other))
    assert (found["both"], found["changed"], found["differing"]) == (1, changed, changed)
    assert [row["what"] for row in found["rows"]] == ["changed"] * changed


def test_two_trades_still_open_are_the_same_trade():
    found = difference(trades(("A", 0, None, 0.1)), trades(("A", 0, None, 0.1)))
    assert (found["both"], found["changed"], found["rows"]) == (1, 0, [])


def test_trades_are_listed_by_entry_with_what_is_missing_left_out():
    found = difference(trades(("B", 3, 5, 0.1), ("A", 0, 5, 0.1)), trades(("A", 0, 5, 0.2), ("C", 1, None, -0.1)))
    assert [(row["symbol"], row["what"]) for row in found["rows"]] == [("A", "changed"), ("C", "other only"), ("B", "first only")]
    assert found["rows"][1]["exit_first"] is found["rows"][1]["exit_other"] is found["rows"][1]["return_first"] is None
    assert found["rows"][0]["return_other"] == 0.2
    assert found["rows"][2]["exit_first"] == "2024-01-07"
    assert (found["only_first"], found["only_other"], found["both"], found["listed"]) == (1, 1, 1, 3)


def test_no_trades_on_either_side_differ_in_nothing():
    found = difference(trades(), trades())
    assert found.pop("rows") == []
    assert set(found.values()) == {0}


@pytest.mark.parametrize("order", [1, -1])
def test_one_side_without_trades_leaves_all_to_the_other(order):
    found = difference(*[trades(), trades(("A", 0, 5, 0.1))][::order])
    assert (found["only_other"], found["only_first"])[::order] == (1, 0)
    assert (found["both"], found["differing"]) == (0, 1)
