"""Clocks: sessions, half days, daylight saving, the 24/7 clock."""

import pandas as pd
import pytest

from flowbt.ground.calendars import federal
from flowbt.ground.clock import Clock, local_instants, read_date
from flowbt.ground.errors import ParameterError, RangeError


def test_thanksgiving_is_no_session_and_the_day_after_is_half():
    clock = Clock()
    labels = clock.labels("2024-11-27", "2024-12-02")
    assert [f"{label:%d}" for label in labels] == ["27", "29", "02"]
    assert [f"{close:%H:%M}" for close in clock.closes(labels)] == ["21:00", "18:00", "21:00"]


def test_decision_time_follows_daylight_saving():
    decisions = Clock().decisions(pd.DatetimeIndex(["2024-03-08", "2024-03-11"]))
    assert [f"{time:%H:%M}" for time in decisions] == ["23:30", "22:30"]


def test_decision_time_can_be_moved_before_the_close():
    clock = Clock().at("15:45")
    labels = clock.labels("2024-07-01", "2024-07-02")
    assert (clock.decisions(labels) < clock.closes(labels)).all()


def test_hourly_clock_decides_at_the_end_of_the_bar():
    clock = Clock("24/7", "1h")
    labels = clock.labels("2024-01-01", "2024-01-01 02:00")
    assert len(labels) == 3
    assert clock.decisions(labels)[-1] == pd.Timestamp("2024-01-01 03:00")
    assert clock.periods_per_year == 8760


@pytest.mark.parametrize(("name", "step"), [("XNYS", "1h"), ("24/7", "5m")])
def test_steps_a_clock_does_not_have(name, step):
    with pytest.raises(ParameterError, match="not supported"):
        Clock(name, step)


def test_unknown_calendar_and_bad_decision_time():
    with pytest.raises(ParameterError, match="no such calendar"):
        Clock("XNYZ").labels("2024-01-01", "2024-02-01")
    with pytest.raises(ParameterError, match="not HH:MM"):
        Clock(decide_at="25:00")


def test_end_before_start():
    with pytest.raises(RangeError, match="before the start"):
        Clock().labels("2024-02-01", "2024-01-01")


def test_shift_counts_sessions_and_starts_from_the_session_before():
    clock = Clock()
    saturday = pd.DatetimeIndex(["2024-07-06"])
    assert clock.shift(saturday, 0)[0] == pd.Timestamp("2024-07-05")
    assert clock.shift(saturday, 1)[0] == pd.Timestamp("2024-07-08")


def test_local_instants_where_the_clock_changes():
    winter, summer = local_instants(pd.DatetimeIndex(["2024-01-15", "2024-07-15"]), "18:00", "America/New_York")
    assert (winter.hour, summer.hour) == (23, 22)


@pytest.mark.parametrize(("year", "sessions"), [(1930, 298), (1955, 252), (1968, 226), (1970, 254), (2012, 250)])
def test_sessions_are_as_they_were(year, sessions):
    assert len(Clock().labels(f"{year}-01-01", f"{year}-12-31")) == sessions


def test_saturdays_were_sessions_until_1952_and_closed_at_noon():
    clock = Clock()
    labels = clock.labels("1952-05-01", "1952-12-31")
    assert labels[labels.day_of_week == 5][-1] == pd.Timestamp("1952-05-24")
    assert clock.closes(pd.DatetimeIndex(["1952-05-24"]))[0] == pd.Timestamp("1952-05-24 16:00")


def test_counting_sessions_across_1970_skips_new_year():
    assert Clock().shift(pd.DatetimeIndex(["1970-01-02"]), -1)[0] == pd.Timestamp("1969-12-31")
    assert Clock().shift(pd.DatetimeIndex(["1969-12-31"]), 1)[0] == pd.Timestamp("1970-01-02")


def test_federal_business_days_are_not_those_of_the_exchange():
    columbus, friday, mourning = pd.DatetimeIndex(["2024-10-14"]), pd.DatetimeIndex(["2024-10-11"]), pd.DatetimeIndex(["2025-01-08"])
    assert federal.is_holiday(columbus)[0]
    assert federal.shift(friday, 1)[0] == pd.Timestamp("2024-10-15")
    assert federal.shift(mourning, 1)[0] == pd.Timestamp("2025-01-10")
    assert federal.next_open(pd.DatetimeIndex(["2024-07-04"]))[0] == pd.Timestamp("2024-07-05")


@pytest.mark.parametrize("text", ["01/02/2020", "13/02/2020", "2020", "Feb 3 2020", "20200203", "2020-02-30", "tomorrow"])
def test_a_date_is_iso_or_refused(text):
    with pytest.raises(RangeError, match="YYYY-MM-DD"):
        read_date(text)


def test_an_iso_date_may_have_a_time():
    assert read_date(" 2020-02-03 ") == pd.Timestamp("2020-02-03")
    assert read_date("2020-02-03 21:00") == pd.Timestamp("2020-02-03 21:00")
