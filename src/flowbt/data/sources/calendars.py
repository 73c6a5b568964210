"""The calendars of the Federal Reserve (JSON) and the Bureau of Labor Statistics (iCalendar): dates of FOMC decisions, CPI and payrolls.

Neither says when a date was announced. `seen` keeps a table of every date with the instant at which it was first there (its own instant where that is
earlier: what has happened is known), in the layout that the source `events` reads. A date that is taken off a calendar stays in the table.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from flowbt.data.sources.request import Download, Wanted
from flowbt.ground.errors import SourceError
from flowbt.ground.files import read_text, write_text

URLS = {"fed-calendar.json": "https://www.federalreserve.gov/json/calendar.json", "bls.ics": "https://www.bls.gov/schedule/news_release/bls.ics"}
RELEASES = {"Consumer Price Index": "CPI", "Employment Situation": "PAYROLLS"}  # as their titles begin
TABLE = "seen.csv"
NEW_YORK = "America/New_York"


def requests(wanted: Wanted) -> list[Download]:
    """Both calendars, as they are now."""
    return [Download(url, name) for name, url in URLS.items()]


def read_calendar(path: Path) -> list[tuple[pd.Timestamp, str]]:
    """The events of a calendar file: instant (naive UTC) and symbol. SourceError for what is neither calendar, or has none of them."""
    try:
        text = read_text(path, "utf-8-sig")
        found = _fed(text) if path.suffix == ".json" else _releases(text)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SourceError(path.name, f"not a calendar ({type(error).__name__}: {error})"[:140], "the provider may have changed it") from None
    if not found:
        raise SourceError(path.name, "no FOMC decision, CPI or payrolls in it", "the provider may have changed it")
    return sorted(set(found))


def seen(found: Iterable[tuple[pd.Timestamp, str]], table: Path, now: pd.Timestamp) -> Path:
    """Add the events of calendars that the table lacks, known at `now` (naive UTC), or when they happened; returns the table."""
    before = pd.read_csv(table) if table.is_file() else pd.DataFrame(columns=["event_time", "symbol", "known_at"])
    known = set(zip(before["event_time"], before["symbol"], strict=True))
    rows = [(f"{at:%Y-%m-%dT%H:%M:%SZ}", symbol, f"{min(at, now):%Y-%m-%dT%H:%M:%SZ}") for at, symbol in found]
    fresh = pd.DataFrame([row for row in rows if row[:2] not in known], columns=before.columns)
    if len(fresh):
        whole = pd.concat([before, fresh], ignore_index=True) if len(before) else fresh
        write_text(table, whole.sort_values(["event_time", "symbol"]).to_csv(index=False))
    return table


def _fed(text: str) -> list[tuple[pd.Timestamp, str]]:
    """Decisions are on the last day of a meeting, at 14:00 New York where no time stands."""
    found = []
    for event in json.loads(text)["events"]:
        if event.get("type") != "FOMC" or "meeting" not in str(event.get("title", "")).lower():
            continue
        days, month = re.findall(r"\d+", str(event.get("days", ""))), str(event["month"])
        time = re.match(r"(\d{1,2}):(\d\d) ([ap])", str(event.get("time", "")))
        hour, minute = (int(time[1]) % 12 + 12 * (time[3] == "p"), int(time[2])) if time else (14, 0)
        if days:
            over = pd.DateOffset(months=int(days[-1]) < int(days[0]))  # 30-1: the last day is of the next month
            last = pd.Timestamp(f"{month}-01") + over + pd.Timedelta(days=int(days[-1]) - 1)
            found.append((_utc(last + pd.Timedelta(hours=hour, minutes=minute)), "FOMC"))
    return found


def _releases(text: str) -> list[tuple[pd.Timestamp, str]]:
    found = []
    for block in re.sub(r"\r?\n[ \t]", "", text).split("BEGIN:VEVENT")[1:]:
        fields = dict(re.findall(r"^(SUMMARY|DTSTART)[^:\r\n]*:(.*?)\s*$", block, re.MULTILINE))
        symbol = next((symbol for title, symbol in RELEASES.items() if fields.get("SUMMARY", "").startswith(title)), "")
        if symbol and len(fields["DTSTART"]) > 8:
            moment = pd.Timestamp(fields["DTSTART"])
            found.append((moment.tz_convert("UTC").tz_localize(None) if moment.tzinfo else _utc(moment), symbol))
    return found


def _utc(moment: pd.Timestamp) -> pd.Timestamp:
    return moment.tz_localize(NEW_YORK).tz_convert("UTC").tz_localize(None)
