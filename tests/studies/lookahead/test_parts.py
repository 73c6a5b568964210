"""Two decisions taken apart and compared: what counts as a difference, and where it is."""

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pytest

from flowbt.studies.lookahead.parts import PartDifference, first_difference, parts_of

LABELS = pd.bdate_range("2024-01-01", periods=4)
FRAME = pd.DataFrame({"AAA": [1.0, math.nan, 3.0, 4.0], "BBB": [0.0, 1.0, 0.0, 1.0]}, index=LABELS)


@dataclass(frozen=True)
class Made:
    long: Any
    hold: Any = None


def differ(left: Any, right: Any, rows: int = 4, late: bool = False) -> PartDifference | None:
    return first_difference(parts_of(left, 4), parts_of(right, 4), rows, late)


@pytest.mark.parametrize("value", [FRAME, FRAME["AAA"], FRAME.to_numpy(), 3, math.nan, None, "x", [1, 2.5], {"a": FRAME, "b": 1}, (FRAME, None), FRAME.head(2)])
def test_a_decision_is_the_same_as_its_copy(value):
    again = value.copy() if hasattr(value, "copy") else value
    assert differ(Made(value), Made(again)) is None
    assert differ(Made(value), Made("another")) is not None


def test_the_first_difference_is_named_with_its_row_and_column():
    changed = FRAME.copy()
    changed.iloc[2, 1], changed.iloc[3, 0] = 9.0, 9.0
    assert differ(Made(FRAME), Made(changed)) == PartDifference("long", 2, "BBB")
    assert differ(Made(FRAME), Made(changed), rows=2) is None
    assert differ(Made(FRAME["AAA"]), Made(changed["AAA"])) == PartDifference("long", 3, "")
    assert differ(Made(FRAME, 5), Made(FRAME, 6)) == PartDifference("hold")
    assert differ({"a": FRAME}, {"a": changed}) == PartDifference("[a]", 2, "BBB")


def test_a_part_that_one_decision_lacks_is_a_difference():
    one, both = {"long": FRAME}, {"long": FRAME, "short": FRAME}
    assert first_difference(parts_of(Made(one), 4), parts_of(Made(both), 4), 4).part == "long keys"
    whole, part = parts_of(Made(FRAME, 1), 4), parts_of(Made(FRAME, 1), 4)
    del part["hold"]
    assert first_difference(whole, part, 4) == first_difference(part, whole, 4) == PartDifference("hold")
    assert differ(Made(FRAME), Made(FRAME.rename(columns={"AAA": "CCC"}))) == PartDifference("long")


def test_rounding_is_no_difference_and_a_millionth_is():
    assert differ(FRAME * (1 + 1e-12), FRAME) is None
    assert differ(FRAME + 1e-14, FRAME) is None  # noise of the column's size, where the value itself is nought
    assert differ(FRAME + 1e-6, FRAME) == PartDifference("", 0, "AAA")
    assert differ(Made(None, 1.0), Made(None, 1.0 + 1e-12)) is None
    assert differ(Made(None, 1.0), Made(None, 1.0 + 1e-6)) == PartDifference("hold")


def test_a_missing_value_differs_from_a_number_but_where_rows_come_late():
    known = FRAME.fillna(2.0)
    assert differ(known, FRAME) == PartDifference("", 1, "AAA")
    assert differ(known, FRAME, late=True) is None
    assert differ(FRAME, known, late=True) == PartDifference("", 1, "AAA")


def test_a_missing_signal_is_no_signal_and_words_are_compared_as_words():
    flags = pd.Series([True, None, False, math.nan], index=LABELS, dtype=object)
    assert differ(flags, pd.Series([True, False, False, False], index=LABELS)) is None
    assert differ(flags, pd.Series([True, False, True, False], index=LABELS)) == PartDifference("", 2, "")
    words = pd.Series(["calm", "wild", None, "calm"], index=LABELS, dtype=object)
    assert differ(words, words.copy()) is None
    assert differ(words, words.replace("wild", "calm")) == PartDifference("", 1, "")


def test_arrays_and_missing_values_of_pandas_are_compared_by_what_they_hold():
    assert differ(Made(None, pd.array([1, 2])), Made(None, pd.array([1, 2]))) is None
    assert differ(Made(None, pd.array([1, 2])), Made(None, pd.array([1, 3]))) == PartDifference("hold")
    assert differ(Made(FRAME["AAA"].array), Made(FRAME["BBB"].array)) == PartDifference("long", 0, "")
    assert differ(Made(None, pd.NA), Made(None, pd.NA)) is None
    assert differ(Made(None, pd.NA), Made(None, 3)) == PartDifference("hold")
