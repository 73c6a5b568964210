"""The day's work in one call: update, board, today, follow, register, settle, pages, site.

1. Ask the providers for what is new. What came today is not asked for again; what failed is. One that is down does not stop the rest, and the pages say so.
2. Enter today's decisions, the board's values, and new forecasts and claims in the journal; settle what the data decide. Each is entered once.
3. Write the pages of the day (`results/desk/<session>/`), and the results as a static site.
4. Say that it is done: `results/desk/daily.json`, with the hash of all it rests on. A call that finds it done with the same hash does nothing.

Killed anywhere, the next call makes the day whole: every step can be done again, and what is written appears whole or not at all.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import pandas as pd

from flowbt.data.catalog import Catalog
from flowbt.ground.clock import Clock
from flowbt.ground.documents import keep, kept, plain
from flowbt.ground.errors import FlowbtError
from flowbt.ground.files import hash_file, locked, write_json
from flowbt.ground.protocols import Step
from flowbt.ground.types import Json
from flowbt.results.pages import board as board_page
from flowbt.results.pages import journal as journal_page
from flowbt.results.pages import today as today_page
from flowbt.results.pages.site import announce, export, write_index
from flowbt.studies.board.board import Board, board
from flowbt.studies.board.conflicts import said as said_of
from flowbt.studies.board.document import document
from flowbt.studies.board.values import changes, fired, read_alerts, send, sound, standing, values_of
from flowbt.studies.desk.chain import append, read
from flowbt.studies.desk.follow import enter
from flowbt.studies.desk.forecasts import FORECAST, register, settle
from flowbt.studies.desk.prospective import entered_forecasts
from flowbt.studies.desk.score import JournalScore, score_journal
from flowbt.studies.desk.standing import held_by, with_standing
from flowbt.studies.desk.today import Today, clock_time, today_all
from flowbt.studies.ingest.update import UpdateRequest, came_today, last_update, update
from flowbt.studies.score.measure import Settings

DESK, DONE, BOARD = "desk", "daily.json", "board"


@dataclass(frozen=True)
class Day:
    """Where everything is. `strategies`, `claims`: files and folders; `site`: None for no site; `asked`: None where nothing is to be downloaded.

    `now`: when entries are made, naive UTC (the clock's)."""

    strategies: tuple[Path, ...]
    claims: tuple[str, ...]
    journal: Path
    results: Path
    site: Path | None = None
    asked: UpdateRequest | None = None
    now: pd.Timestamp | None = None
    alerts: Path | None = None


@dataclass(frozen=True)
class DayShown:
    """What the pages of the day show."""

    session: str
    board: Board | None
    beside: Json  # what documents say of the day, what changed since the last board
    said: Sequence[Today]
    cannot: Sequence[str]
    score: JournalScore


@dataclass(frozen=True)
class Done:
    """What a call did. `problems`: one line each, for providers, board and claims; `undecided`: for strategies that cannot decide, for want of data mostly;
    `there`: pulls not asked again, because `setup`, `update` or an earlier call of the day brought them; `nothing`: all was done before. `waits`: when the
    first bar that is there, but not decided upon yet, will be (ISO, UTC)."""

    session: str = ""
    nothing: bool = False
    pulls: int = 0
    pulls_failed: int = 0
    there: int = 0
    values: int = 0
    decided: int = 0
    entered: int = 0
    settled: int = 0
    pages: int = 0
    problems: tuple[str, ...] = field(default=())
    undecided: tuple[str, ...] = field(default=())
    alerts: tuple[str, ...] = field(default=())
    waits: str = ""

    @property
    def line(self) -> str:
        """The summary line."""
        if self.nothing:
            return f"{self.session}: done before, nothing to do"
        pulled = [f"{self.pulls - self.pulls_failed} of {self.pulls} pulls"] if self.pulls else []
        pulled += [f"{self.there} pulls came earlier today"] if self.there else []
        told = [
            ", ".join(pulled) or "nothing downloaded",
            f"{self.values} board values",
            f"{self.decided} strategies decided" + (f", {len(self.undecided)} cannot" if self.undecided else ""),
            f"{self.entered} entered, {self.settled} settled",
            f"{self.pages} pages",
        ]
        later = f"; what is there of later bars is decided upon from {self.waits[:16].replace('T', ' ')} UTC on: call again then" if self.waits else ""
        return f"{self.session}: {', '.join(told)}{later}" + (f"; {len(self.problems)} problems" if self.problems else "")


def daily(day: Day, open_catalog: Callable[[], Catalog], progress: Step | None = None) -> Done:
    """Do the day's work, or what is left of it. Busy where another is at it; the errors of `open_catalog`."""
    home = day.results / DESK
    home.mkdir(parents=True, exist_ok=True)
    with locked(home / ".daily.lock", f"daily of {day.results}"):
        done = _updated(day, progress)
        catalog = open_catalog()
        before = kept(home / DONE)
        if before.get("key") == _key(day, catalog) and before.get("whole") and not ("" < before.get("waits", "") <= _now(day).isoformat()):
            return Done(str(before["session"]), nothing=True)
        done = _worked(day, catalog, done, progress)
        keep(home / DONE, {"key": _key(day, catalog), "whole": not done.pulls_failed, **asdict(done), "line": done.line})
        return done


def _updated(day: Day, progress: Step | None) -> Done:
    """Step 1: what has not come whole today, by `setup`, `update` or an earlier call."""
    if day.asked is None:
        return Done()
    there, left = came_today(day.asked)
    if not left:
        return Done(there=there)
    found = update(replace(day.asked, only=left), progress)
    problems = tuple(f"{one.dataset}: {one.problem}" for one in found.failed)
    return Done(pulls=len(found.outcomes), pulls_failed=len(found.failed), there=there, problems=problems)


def _worked(day: Day, catalog: Catalog, done: Done, progress: Step | None) -> Done:
    """Steps 2 and 3."""
    steps, problems = ("board", "decisions", "journal", "pages"), list(done.problems)

    def tell(n: int) -> None:
        if progress:
            progress(steps[n], n, len(steps))

    tell(0)
    now = _now(day)
    shown = _board(catalog, problems, now)
    tell(1)
    said, cannot = today_all(catalog, day.strategies, now=now)
    tell(2)
    session = f"{max([one.label for one in said] + ([shown.session] if shown else []), default=pd.Timestamp(0)):%Y-%m-%d}"
    beside, alarms = _beside(day, catalog, shown, problems)
    entered = len(enter(said, day.strategies, day.journal, day.now)) + _enter_board(day, shown)
    if day.claims:
        new, lines = register(catalog, day.claims, day.journal, day.now)
        entered, problems = entered + len(new), problems + lines
    settled, _ = settle(catalog, day.journal, day.now)
    tell(3)
    score = score_journal(catalog, day.journal, day.claims, Settings(cache=day.results / "claims" / ".cache"))
    pages = _pages(day, DayShown(session, shown, beside, with_standing(said, day.results, held_by(score.books)), cannot, score))
    values = len(shown.readings) + len(shown.zones) if shown else 0
    return replace(
        done,
        session=session,
        values=values,
        decided=len(said),
        entered=entered,
        settled=len(settled),
        pages=pages,
        problems=tuple(dict.fromkeys(problems)),
        undecided=tuple(cannot),
        alerts=tuple(alarms),
        waits=min((one.waits.isoformat() for one in said if one.waits is not None), default=""),
    )


def _now(day: Day) -> pd.Timestamp:
    return day.now if day.now is not None else clock_time()


def _board(catalog: Catalog, problems: list[str], now: pd.Timestamp) -> Board | None:
    """The board of the last session whose time of decision has come."""
    try:
        newest = board(catalog)
        return newest if newest.decision_time <= now else board(catalog, Clock().shift(pd.DatetimeIndex([newest.session]), -1)[0])
    except FlowbtError as error:
        problems.append(str(error))
        return None


def _beside(day: Day, catalog: Catalog, shown: Board | None, problems: list[str]) -> tuple[Json, list[str]]:
    """What documents say of the board's day, what changed since the board of an earlier session in the journal, and the lines of alerts that fired."""
    if shown is None:
        return {"said": [], "changes": [], "alerts": []}, []
    session, values = f"{shown.session:%Y-%m-%d}", values_of(shown)
    earlier = [one.body for one in read(day.journal) if one.kind == BOARD and one.body["session"] < session and one.body["synthetic"] == shown.synthetic]
    before: dict[str, float] = earlier[-1]["values"] if earlier else {}
    lines, shown_lines, told, home = [], [], [], day.results / DESK
    try:
        if day.alerts is not None:
            rules, wrong = sound(*read_alerts(day.alerts), values, before)
            alarms = fired(rules, values, before, shown.session, home)
            problems += wrong + send(alarms, home)
            lines = [line for alarm, line in alarms if "terminal" in alarm.to]
            shown_lines = standing(rules, values, before, shown.session, home)
    except FlowbtError as error:
        problems.append(str(error))
    try:
        told = said_of(catalog, shown.session, values)
    except FlowbtError as error:
        problems.append(str(error))
    changed = [asdict(one) for one in changes(values, before)] if before else []
    return {"said": [asdict(one) for one in told], "changes": changed, "alerts": shown_lines}, lines


def _enter_board(day: Day, shown: Board | None) -> int:
    """The board's values into the journal, once a session and values."""
    if shown is None:
        return 0
    body: Json = plain(
        {
            "session": f"{shown.session:%Y-%m-%d}",
            "synthetic": shown.synthetic,
            "values": values_of(shown),
        }
    )
    return len(append(day.journal, BOARD, lambda there: [] if any(one.kind == BOARD and one.body == body for one in there) else [body], day.now))


def _pages(day: Day, told: DayShown) -> int:
    """The day's pages, the index and the site; how many pages the site has (of the day, where there is no site)."""
    folder = day.results / DESK / told.session
    folder.mkdir(parents=True, exist_ok=True)
    journal_page.write(day.results / DESK, asdict(told.score))
    links = [{"href": f"../{journal_page.PAGE}", "name": "Scores"}]
    if told.board is not None:
        board_page.write(folder / "board.html", {**asdict(told.board), **told.beside, "links": [{"href": "today.html", "name": "Today"}]})
        write_json(folder / "board.json", plain({**document(told.board), **told.beside}))
        links.insert(0, {"href": "board.html", "name": "Board"})
    entries = read(day.journal)
    forecasts = entered_forecasts(entries, {one.hash for one in entries if one.kind == FORECAST and one.body["synthetic"] == told.score.synthetic})
    page: dict[str, object] = {
        "strategies": [asdict(one) for one in told.said],
        "problems": list(told.cannot),
        "synthetic": told.score.synthetic,
        "arrived": _arrived(day),
        "forecasts": [asdict(one) for one in forecasts],
        "links": links,
        "alerts": told.beside["alerts"],
        "made": _now(day),
    }
    today_page.write(folder / "today.html", page, depth=2)
    write_json(folder / "today.json", plain({name: page[name] for name in ("strategies", "problems", "synthetic", "arrived", "forecasts")}))
    acting = sum(not one.behind and any(row.action != "none" and row.weight != 0 for row in one.decisions) for one in told.said)
    announce(folder / "today.html", "desk", f"The desk on {told.session}", f"{acting} of {len(told.said)} strategies act")
    write_index(day.results)
    return export(day.results, day.site) if day.site is not None else 1 + len(links)


def _arrived(day: Day) -> dict[str, object] | None:
    """What the last update brought, for the page."""
    last = last_update(day.asked.datasets) if day.asked else None
    if last is None:
        return None
    bad = [one for one in last["outcomes"] if one["status"] in ("failed", "partial")]
    words = f"{len(last['outcomes']) - len(bad)} of {len(last['outcomes'])} pulls are up to date"
    return {"time": last["time"], "words": words, "failed": [f"{one['dataset']} of {one['provider']}: {one['problem']}" for one in bad]}


def _key(day: Day, catalog: Catalog) -> str:
    """What the day rests on: data and how they are declared, strategies, claims, and the journal as it stands."""
    files = [path for named in (*day.strategies, *map(Path, day.claims)) for path in ([named] if named.is_file() else sorted(named.glob("*.py")))]
    rests = [
        sorted((name, held.version.id, held.rules) for name, held in catalog.imported.items()),
        [(path.name, hash_file(path)) for path in files],
        len(read(day.journal)),
        str(day.site),
    ]
    return hashlib.sha256(json.dumps(rests).encode()).hexdigest()
