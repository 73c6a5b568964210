"""Which bars a run trades: where its data reach, inside the dates asked for, a bare end date meaning all of that day."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd
import pytest

from flowbt.ground.errors import RangeError
from flowbt.studies.run.market import Span

HOURS = pd.date_range("2024-01-01", "2024-01-10 23:00", freq="h")


@dataclass
class Reach:
    """What `Span.cut` asks of a panel."""

    index: pd.DatetimeIndex = field(default_factory=lambda: HOURS)
    first: str = "2024-01-02 05:00"
    last: str = "2024-01-09 20:00"
    lived: str | None = None

    def ready(self) -> tuple[pd.Timestamp, pd.Timestamp]:
        return pd.Timestamp(self.first), pd.Timestamp(self.last)

    def live(self) -> pd.Timestamp | None:
        return pd.Timestamp(self.lived) if self.lived else None


def ends(span: Span, reach: Reach | None = None) -> tuple[str, str]:
    labels = span.cut(reach or Reach())  # type: ignore[arg-type]
    return f"{labels[0]:%m-%d %H:%M}", f"{labels[-1]:%m-%d %H:%M}"


def test_without_dates_the_data_decide() -> None:
    assert ends(Span()) == ("01-02 05:00", "01-09 20:00")


def test_a_bare_end_is_all_of_that_day_and_a_time_is_that_time() -> None:
    assert ends(Span("2024-01-03", "2024-01-05")) == ("01-03 00:00", "01-05 23:00")
    assert ends(Span("2024-01-03 06:00", "2024-01-05 07:00")) == ("01-03 06:00", "01-05 07:00")
    assert ends(Span("2024-01-03", "2024-01-03")) == ("01-03 00:00", "01-03 23:00")


def test_dates_beyond_the_data_are_cut_to_them() -> None:
    assert ends(Span("2020-01-01", "2030-01-01")) == ("01-02 05:00", "01-09 20:00")


def test_what_was_calculated_back_is_traded_only_when_asked_for() -> None:
    assert ends(Span(), Reach(lived="2024-01-06")) == ("01-06 00:00", "01-09 20:00")
    assert ends(Span(), Reach(lived="2024-01-01")) == ("01-02 05:00", "01-09 20:00")
    assert ends(Span("2024-01-03"), Reach(lived="2024-01-06")) == ("01-03 00:00", "01-09 20:00")


@pytest.mark.parametrize("span", [("2024-01-09 20:00", "2024-01-09 20:30"), ("2024-02-01", None), (None, "2023-12-31")])
def test_less_than_two_bars_are_refused(span: tuple[str | None, str | None]) -> None:
    with pytest.raises(RangeError, match="choose at least two bars"):
        Span(*span).cut(Reach())  # type: ignore[arg-type]
    assert len(Span("2024-01-09 19:00", "2024-01-09 20:00").cut(Reach())) == 2  # type: ignore[arg-type]


def test_an_end_before_the_start_is_refused() -> None:
    with pytest.raises(RangeError, match="before the start"):
        Span("2024-01-05", "2024-01-04")
