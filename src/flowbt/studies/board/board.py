"""The regime board: the daily report's dashboard for any date, every value with the time at which it became known.

1. The last session at or before the date is decided upon at its decision time; nothing known later is used.
2. A field whose last value is older than its `max_age` on that session counts as not there, so a stand-in is used where there is one.
3. Each value is computed by the public feature; the fields it read give its `known_at` (the latest of them).
4. What cannot be computed is listed with what would bring it.
5. Flow is looked at over every symbol that has any, 24/7 markets on their own days up to the decision.
6. Values older than their source's rhythm, and sources that contradict each other or a document of the day, are named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd
from pydantic import RootModel

from flowbt.data.catalog import Catalog
from flowbt.data.panel.caveats import caveats
from flowbt.data.panel.reader import PanelReader, open_panel
from flowbt.features.checklist import CHECKLIST
from flowbt.features.convergence import tally
from flowbt.features.inputs import INPUTS
from flowbt.ground.clock import Clock, read_asof
from flowbt.ground.documents import read_declared
from flowbt.ground.errors import DatasetError, FlowbtError, ParameterError, RangeError, SpoiltDataset
from flowbt.ground.fields import FieldKey
from flowbt.ground.types import Moment
from flowbt.studies.board.coins import LINES as COIN_LINES
from flowbt.studies.board.coins import coin_panels
from flowbt.studies.board.conflicts import Conflict, by_other_rules, conflicts, read_keys
from flowbt.studies.board.flow import MarketFlow, market_flow
from flowbt.studies.board.gaps import Gap, absent, never, stale
from flowbt.studies.board.lines import GATES, LINES, Line
from flowbt.studies.board.panel import Fresh, last
from flowbt.studies.board.rhythm import late_fields
from flowbt.studies.board.zones import ZoneRow, zone_row

SYMBOLS = ("SPX", "SPY", "QQQ", "NDX", "IWM", "RUT", "VIX", "DXY", "HYG", "TLT", "GLD", "SLV", "USO", "XLU", "XLE", "BTC")
SECTORS = "sectors.toml"
HISTORY = pd.DateOffset(years=4)  # enough for every trailing window of the board


@dataclass(frozen=True)
class Reading:
    """A value of the board. `known_at` is naive UTC; `event_time` is the newest row it rests on; `stand_ins` name fields used in place of missing ones."""

    section: str
    name: str
    value: float
    text: str
    known_at: pd.Timestamp | None
    event_time: pd.Timestamp | None
    fields: tuple[str, ...]
    stand_ins: tuple[str, ...] = ()
    late: tuple[str, ...] = ()  # fields older than their source's rhythm


@dataclass(frozen=True)
class Ballot:
    """An input of the convergence count: its vote, the value that decided it, and when that was known."""

    name: str
    layer: str
    rule: str
    vote: int
    value: float
    text: str
    known_at: pd.Timestamp | None
    stand_ins: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChecklistItem:
    """A gate or an item of the checklist."""

    name: str
    met: bool
    value: float
    known_at: pd.Timestamp | None


@dataclass(frozen=True)
class Board:
    session: pd.Timestamp
    decision_time: pd.Timestamp
    symbol: str
    synthetic: bool
    zones: tuple[ZoneRow, ...]
    readings: tuple[Reading, ...]
    gates: tuple[ChecklistItem, ...]
    checklist: tuple[ChecklistItem, ...]
    ballots: tuple[Ballot, ...]
    counts: Mapping[str, float]
    gaps: tuple[Gap, ...] = field(default=())
    flow: MarketFlow | None = None
    coins: tuple[Reading, ...] = ()  # their section is the coin
    conflicts: tuple[Conflict, ...] = ()
    caveats: tuple[str, ...] = ()  # vintage, survivorship, back-calculation, lag, joined datasets, bases of prices


def board(catalog: Catalog, asof: Moment | None = None, symbols: Iterable[str] = SYMBOLS) -> Board:
    """The board of the last session at or before `asof`: a date, or an instant (UTC) at which it was decided upon already (default: the last session with
    prices). RangeError where there is none."""
    symbols = tuple(symbols)
    if not symbols or not all(symbols) or len(set(symbols)) < len(symbols):
        raise ParameterError(f"symbols {','.join(symbols)!r}", "none, an empty one, or one named twice", "name each symbol once")
    held = [s for s in symbols if catalog.has("close", s)]
    if not held:
        raise catalog.missing("close", next(iter(symbols), "SPX"))
    index = _labels(catalog, held[0], asof)
    panels = {s: PanelReader(catalog, (s,), Clock(), index) for s in held}
    main, gaps = panels[held[0]], []
    zones = []
    for symbol, panel in panels.items():
        try:
            zones.append(zone_row(Fresh(panel), symbol))
        except SpoiltDataset:
            raise
        except FlowbtError as error:
            gaps.append(Gap(f"zone of {symbol}", error.found, error.do))
    if not zones:
        final = catalog.holder("close", held[0], main.clock).spans("close")[held[0]][1][:10]
        raise RangeError(
            f"board as of {index[-1]:%Y-%m-%d}", f"no symbol has prices then; {held[0]} ends {final}", "ask for an earlier date, or import later data"
        )
    decided = main.clock.decisions(index[-1:])[0]
    readings = _read(main, LINES, gaps)
    flow = market_flow(main, sectors_of(catalog))
    if flow is None:
        gaps.append(Gap("flow of the market", "no symbol has any then", "option prints or dark-pool prints: `flowbt reduce`"))
    coins = coin_panels(catalog, decided)
    coin_gaps: list[Gap] = []
    rows = [replace(one, section=coin) for coin, panel in coins.items() for one in _read(panel, COIN_LINES, coin_gaps, f"{coin} ")]
    gates = [c for line in GATES if (c := _gate(main, line, gaps))]
    ballots, votes = _vote(main, gaps)
    checks = [c for item in CHECKLIST if (c := _check(main, item.name, item.needs, item.judge, gaps))]
    return Board(
        session=index[-1],
        decision_time=decided,
        symbol=held[0],
        synthetic=catalog.synthetic,
        zones=tuple(zones),
        readings=tuple(readings),
        gates=tuple(gates),
        checklist=tuple(checks),
        ballots=tuple(ballots),
        counts=_counts(ballots, votes),
        gaps=tuple({gap.name: gap for gap in [*gaps, *coin_gaps]}.values()),
        flow=flow,
        coins=tuple(rows),
        conflicts=(*conflicts(catalog, read_keys([*panels.values(), *coins.values()]), decided), *by_other_rules(catalog, decided)),
        caveats=tuple(caveats(*panels.values(), labels=index[-1:])),
    )


class Sectors(RootModel[dict[str, tuple[str, ...]]]):
    """`sectors.toml`: the symbols of each sector."""


def sectors_of(catalog: Catalog) -> dict[str, str]:
    """Symbol -> sector, by `sectors.toml` beside the datasets; empty where there is none. DatasetError for one that cannot be read."""
    found: dict[str, str] = {}
    for path in (root / SECTORS for root in catalog.roots):
        if path.is_file():
            groups = read_declared(path, Sectors, "sectors", DatasetError, "check the file", 'write "SECTOR" = ["SYMBOL", ...]').root
            found |= {symbol: sector for sector, symbols in groups.items() for symbol in symbols}
    return found


def _labels(catalog: Catalog, symbol: str, asof: Moment | None) -> pd.DatetimeIndex:
    """Four years of sessions up to the last one that is at or before `asof` and has, or follows, data."""
    whole = open_panel(catalog, [symbol]).index
    moment = whole[-1] if asof is None else read_asof(asof)
    last = moment.normalize()
    if moment != last:  # of a day with a time: what is decided upon later is not there yet
        days = Clock().labels(last - pd.Timedelta(days=10), last)
        last = days[Clock().decisions(days) <= moment][-1]
    if last < whole[0]:
        raise RangeError(f"board as of {last:%Y-%m-%d}", f"{symbol} starts {whole[0]:%Y-%m-%d}", "ask for a later date")
    return Clock().labels(max(whole[0], last - HISTORY), last)


def _read(panel: PanelReader, lines: Iterable[Line], gaps: list[Gap], of: str = "") -> list[Reading]:
    """The lines that have a value on the panel's last label; the others are gaps, their names after `of`."""
    found, decided = [], panel.clock.decisions(panel.index[-1:])[0]
    for line in lines:
        if (asked := _asked(panel, line, gaps, of)) is None:
            continue
        watched, value = asked
        told = (line.section, line.name, value, line.text(value), watched.known_at(), watched.event_time(), watched.names())
        found.append(Reading(*told, tuple(sorted(watched.stand_ins)), tuple(late_fields(panel, watched.used, decided))))
    return found


def _gate(panel: PanelReader, line: Line, gaps: list[Gap]) -> ChecklistItem | None:
    if (asked := _asked(panel, line, gaps)) is None:
        return None
    watched, value = asked
    return ChecklistItem(line.name, line.holds(value), value, watched.known_at())


def _asked(panel: PanelReader, line: Line, gaps: list[Gap], of: str = "") -> tuple[Fresh, float] | None:
    """The line's value on the last label, and the panel that saw what was read for it; None, and a gap, where there is none or it is stale."""
    watched = Fresh(panel)
    try:
        frame = line.ask(watched)
    except SpoiltDataset:
        raise
    except FlowbtError as error:
        gaps.append(never(of + line.name, error))
        return None
    if (value := last(frame)) != value or watched.stale():
        gaps.append(stale(of + line.name, watched, frame))
        return None
    return watched, value


Judge = Callable[[Any], tuple[pd.DataFrame, pd.DataFrame]]


def _check(panel: PanelReader, name: str, needs: tuple[tuple[str, ...], ...], judge: Judge, gaps: list[Gap]) -> ChecklistItem | None:
    watched = Fresh(panel)
    if not any(all(watched.has(*FieldKey.parse(need)) for need in fields) for fields in needs):
        gaps.append(absent(f"checklist: {name}", panel, needs))
        return None
    met, value = judge(watched)
    return ChecklistItem(name, bool(met.iloc[-1, 0]), last(value), watched.known_at())


def _vote(panel: PanelReader, gaps: list[Gap]) -> tuple[list[Ballot], dict[str, pd.DataFrame]]:
    ballots, votes = [], {}
    for one in INPUTS:
        watched = Fresh(panel)
        if not one.fields(watched):
            gaps.append(absent(f"input: {one.name}", panel, one.needs))
            continue
        vote = one.ask(watched)
        votes[one.name] = vote.vote.iloc[-1:]
        value = last(vote.value)
        cast = (one.name, one.layer, one.rule, int(last(vote.vote)), value, one.text(value))
        ballots.append(Ballot(*cast, watched.known_at(), tuple(sorted(watched.stand_ins))))
    return ballots, votes


def _counts(ballots: list[Ballot], votes: dict[str, pd.DataFrame]) -> dict[str, float]:
    if not ballots:
        return {}
    total = tally(votes, {b.name: b.layer for b in ballots})
    return {name: last(frame) for name, frame in total._asdict().items()}
