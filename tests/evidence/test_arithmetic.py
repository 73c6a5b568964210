"""Figures of documents against data: levels and changes as they were known on an evening."""

import math

import pandas as pd
import pytest

from flowbt.evidence.claims.arithmetic import change, level, sign_word


class Week:
    """A close on five sessions; nothing else."""

    index = pd.bdate_range("2024-01-08", periods=5)

    def has(self, field, symbol):
        return (field, symbol) == ("close", "X")

    def __getitem__(self, key):
        return pd.DataFrame({"X": [100.0, 110.0, 99.0, 104.0, 91.0]}, index=self.index)


def test_a_level_is_that_of_the_evening_or_of_at_most_five_days_before():
    assert [level(Week(), "X", day) for day in ("2024-01-08", "2024-01-12", "2024-01-17")] == [100.0, 91.0, 91.0]
    assert all(math.isnan(level(Week(), *asked)) for asked in (("X", "2024-01-07"), ("X", "2024-01-18"), ("Y", "2024-01-09"), ("X", "2024-01-09", "open")))


def test_a_change_is_from_an_evening_or_over_bars():
    assert change(Week(), "X", "2024-01-09") == pytest.approx(10.0)
    assert change(Week(), "X", "2024-01-10", bars=2) == pytest.approx(-1.0)
    assert change(Week(), "X", "2024-01-12", since="2024-01-11") == pytest.approx(-12.5)
    assert math.isnan(change(Week(), "X", "2024-01-10", bars=3))
    assert math.isnan(change(Week(), "X", "2024-01-12", since="2023-12-01"))
    assert math.isnan(change(Week(), "X", "2024-02-12"))
    assert [sign_word(value) for value in (0.1, -0.1, 0.0, math.nan)] == ["positive", "negative", "", ""]
