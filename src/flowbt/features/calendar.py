"""The equity calendar and scheduled events: expiries, FOMC, CPI, payrolls, earnings and the market's answer to them.

Expiries follow from the calendar. An event is visible only from the label whose decision comes after the date was announced.

Frames are labels x symbols, series by label.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from flowbt.features.declare import feature
from flowbt.features.expiries import QUARTERS
from flowbt.ground.clock import Clock
from flowbt.ground.errors import FieldError, ParameterError
from flowbt.ground.protocols import Panel

EXPIRIES = ("monthly", "quarterly", "vix")
NEW_YORK = Clock("XNYS")


def third_fridays(start: pd.Timestamp, end: pd.Timestamp) -> pd.DatetimeIndex:
    """The third Friday of each month, or the session before it where the exchange is closed (Good Friday)."""
    months = pd.date_range(start.normalize().replace(day=1), end + pd.DateOffset(months=1), freq="MS")
    fridays = pd.DatetimeIndex([pd.offsets.WeekOfMonth(week=2, weekday=4).rollforward(month) for month in months])
    return NEW_YORK.shift(fridays, 0)


def expiry_dates(kind: str, start: pd.Timestamp, end: pd.Timestamp) -> pd.DatetimeIndex:
    """Dates of "monthly" or "quarterly" option expiry, or of "vix" (30 days before the next month's monthly one). ParameterError for another kind."""
    if kind not in EXPIRIES:
        raise ParameterError(f"expiry kind {kind!r}", "not known", f"use one of {', '.join(EXPIRIES)}")
    dates = third_fridays(start, end + pd.DateOffset(months=4))
    if kind == "quarterly":
        return dates[dates.month.isin(QUARTERS)]
    return NEW_YORK.shift(dates - pd.Timedelta(days=30), 0) if kind == "vix" else dates


def days_to_dates(index: pd.DatetimeIndex, dates: pd.DatetimeIndex) -> pd.Series:
    """Calendar days from each label's date to the first of the sorted `dates` on or after it; missing after the last."""
    days = index.normalize()
    where = dates.searchsorted(days, side="left")
    found = pd.DatetimeIndex(dates.append(pd.DatetimeIndex([pd.NaT]))[where])
    return pd.Series((found - days).days.to_numpy(float), index=index)


@feature(family="calendar", units="days", sign="0 = today", needs=(), source="Cboe's settlement rule for VIX; exchange rules for the rest")
def days_to_expiry(panel: Panel, *, kind: str = "monthly") -> pd.DataFrame:
    """Calendar days to the next US option expiry: "monthly" (third Friday, or the session before a holiday), "quarterly"
    (March, June, September, December), "vix" (the Wednesday 30 days before the next monthly one). Never missing. Labels x symbols, the same under each."""
    start, end = panel.index[0], panel.index[-1]
    return panel.spread(days_to_dates(panel.index, expiry_dates(kind, start, end)))


@feature(family="calendar", units="bool", needs=(), source="exchange and agency schedules")
def expiry_window(panel: Panel, *, kind: str = "monthly", days: int = 4) -> pd.DataFrame:
    """At most `days` calendar days to the next US option expiry, the day itself included (see `days_to_expiry`). Labels x symbols."""
    return panel.spread(days_to_dates(panel.index, expiry_dates(kind, panel.index[0], panel.index[-1]))) <= days


class EventDays(NamedTuple):
    until: pd.DataFrame  # calendar days to the next event known to be scheduled; missing if none is
    since: pd.DataFrame  # calendar days since the last event; missing if there was none
    today: pd.DataFrame  # bool: the label's date is an event's, and it was scheduled by then


def event_days(index: pd.DatetimeIndex, decisions: pd.DatetimeIndex, table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Days to the next date strictly after each label's, and since the last one at or before it, of events known before each decision.

    `table`: event_time and known_at, naive UTC (a bare date is that date). Later rows may be scheduled later than earlier ones.
    """
    days = index.normalize()
    dates = pd.DatetimeIndex(table["event_time"]).normalize()
    seen = decisions.searchsorted(pd.DatetimeIndex(table["known_at"]), side="right")  # first decision after the announcement
    falls = days.searchsorted(dates, side="left")
    until, since = np.full(len(index), np.nan), np.full(len(index), np.nan)
    number = days.to_numpy("datetime64[D]").astype(float)
    when = dates.to_numpy("datetime64[D]").astype(float)
    order = np.argsort(when, kind="stable")
    for k in order[::-1]:
        until[seen[k] : falls[k]] = when[k]
    for k in order:
        since[max(seen[k], falls[k]) :] = when[k]
    return until - number, number - since


def event_dates(times: pd.DatetimeIndex, clock: Clock) -> pd.DatetimeIndex:
    """The dates on which events fall: of an instant (naive UTC) that of New York on an exchange's clock, of UTC on a 24/7 one; a bare date is that date."""
    local = times if clock.always else times.tz_localize("UTC").tz_convert("America/New_York").tz_localize(None)
    return pd.DatetimeIndex(np.where(times == times.normalize(), times, local.normalize()))


@feature(family="calendar", units="days; bool", sign="0 = today", needs=("event:*",), source="exchange and agency schedules")
def days_to_event(panel: Panel, *, event: str = "FOMC") -> EventDays:
    """Days to the next scheduled `event` (FOMC, CPI, PAYROLLS, EARNINGS:NVDA, ...) and since the last one.

    A future date counts only at decisions after it was announced; where outcomes are held apart from their dates (`CPI` and `CPI:date`), the dates are asked.
    Labels x symbols, the same under each.
    """
    table = panel.events(f"{event}:date" if panel.has("event", f"{event}:date") else event)
    table = table.assign(event_time=event_dates(pd.DatetimeIndex(table["event_time"]), panel.clock))
    until, since = event_days(panel.index, panel.clock.decisions(panel.index), table)
    frames = [panel.spread(pd.Series(x, index=panel.index)) for x in (until, since)]
    return EventDays(frames[0], frames[1], frames[1] == 0)


def reactions(panel: Panel, name: str) -> pd.DataFrame:
    """One row per earnings report of `name` in the past: `label` on which the market answered, `surprise`, `answer` (that session's return).

    The answer is the first session that opens at or after the report; a report with a date only is answered the next session.
    """
    table = panel.events(f"EARNINGS:{name}")
    times = pd.DatetimeIndex(table["event_time"])
    opens = panel.clock.opens(panel.index)
    dated = times == times.normalize()
    place = np.where(dated, panel.index.searchsorted(times, side="right"), opens.searchsorted(times, side="left"))
    inside = (place < len(panel.index)) & (place > 0) & (times >= panel.index[0])
    answer = panel["close", name].iloc[:, 0].pct_change(fill_method=None).to_numpy()
    return pd.DataFrame({"label": panel.index[place[inside]], "surprise": table["value"].to_numpy(float)[inside], "answer": answer[place[inside]]})


def reporters(panel: Panel) -> tuple[str, ...]:
    """The symbols that have earnings events and a close."""
    names = [str(column).removeprefix("EARNINGS:") for column in panel.wide("event", prefix="EARNINGS:").columns]
    return tuple(name for name in names if panel.has("close", name))


@feature(
    family="calendar",
    units="reports",
    sign="how many beats in a row were sold",
    needs=("event:EARNINGS:*", "close"),
    source="document exitliq; claim beat-and-sell",
)
def beat_and_sell(panel: Panel, *, names: tuple[str, ...] | None = None) -> pd.DataFrame:
    """Run of earnings beats (surprise over 0) that were answered by a fall, over the reports of `names` together (left out: all that have both
    reports and a close).

    A beat that was bought ends the run; misses and unknown answers do not count either way. Each report counts from the label of its answer.
    Labels x symbols, the same under each; 0 before the first report.
    FieldError where no symbol has both reports and a close.
    """
    chosen = reporters(panel) if names is None else names
    if not chosen:
        raise FieldError("earnings reports", "no symbol has both EARNINGS events and a close", "import them, or give names=(...)")
    table = pd.concat([reactions(panel, name) for name in chosen], ignore_index=True).sort_values("label", kind="stable")
    beats = table[(table["surprise"] > 0) & table["answer"].notna()]
    run, runs = 0, []
    for answer in beats["answer"]:
        run = run + 1 if answer < 0 else 0
        runs.append(float(run))
    last = pd.Series(runs, index=pd.DatetimeIndex(beats["label"]), dtype=float).groupby(level=0).last()
    return panel.spread(last.reindex(panel.index).ffill().fillna(0.0))


@feature(
    family="calendar",
    units="ratio",
    sign="over 1 = more gains turn long-term than usual",
    needs=("close", "volume"),
    source="ours; claim long-term-gain-exit",
)
def long_term_gain_window(panel: Panel, *, first: int = 366, last: int = 387, window: int = 252) -> pd.DataFrame:
    """Volume traded `first` to `last` calendar days ago at closes under today's, over the mean of that quantity in the `window` labels before.

    Lots bought then have just turned long-term, in profit. Labels x symbols; missing in the first year and without two thirds of the window.
    """
    close, volume = panel["close"].to_numpy(float), panel["volume"].fillna(0.0).to_numpy(float)
    index = panel.index
    starts = index.searchsorted(index - pd.Timedelta(days=last), side="left")
    stops = index.searchsorted(index - pd.Timedelta(days=first), side="right")
    ripe = np.full(close.shape, np.nan)
    for t in np.flatnonzero((stops > starts) & (index - pd.Timedelta(days=last) >= index[0])):
        past = slice(starts[t], stops[t])
        ripe[t] = np.where(close[past] < close[t], volume[past], 0.0).sum(axis=0)
    frame = pd.DataFrame(ripe, index=index, columns=list(panel.symbols)).where(panel["close"].notna())
    usual = frame.shift(1).rolling(window, min_periods=-(-2 * window // 3)).mean()
    return frame / usual.where(usual > 0)
