"""The board's numbers by name, what changed since another board, and alerts by rule.

`alerts.toml`:

    [[alert]]
    name = "short gamma in a calm market"
    when = "gamma_sign < 0 and vix < 18"       # names as `alert_name` makes them; was_vix is the value of the board before
    cool_down = 5                              # sessions without another alert of this name
    to = ["terminal", "file", "command"]
    command = ["mail", "-s", "flowbt", "me"]   # started without a shell; the line is its input
"""

from __future__ import annotations

import math
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, model_validator

from flowbt.ground.clock import Clock
from flowbt.ground.documents import as_model, keep, kept, read_toml
from flowbt.ground.errors import ParameterError
from flowbt.ground.files import read_bytes, write_text
from flowbt.results.shelf import storing
from flowbt.studies.board.board import SYMBOLS, Board
from flowbt.studies.board.coins import COINS
from flowbt.studies.board.coins import LINES as COIN_LINES
from flowbt.studies.board.lines import LINES
from flowbt.studies.sweep.constraints import met

MARKET = ("net premium", "premium", "dark-pool net", "dark-pool volume")
COUNTS = ("bullish", "bearish", "tilt", "conviction")
LOG, STATE = "alerts.log", "alerts.json"
LONGEST = 60.0  # seconds a command may take


@dataclass(frozen=True)
class BoardChange:
    """A value of the board that is another than on the board before. NaN: it was, or is, not there."""

    name: str
    before: float
    now: float

    @property
    def turned(self) -> bool:
        return self.before * self.now < 0


class Alert(BaseModel):
    """A rule of `alerts.toml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    when: str = Field(min_length=1)
    cool_down: int = Field(default=1, ge=0)
    to: tuple[Literal["terminal", "file", "command"], ...] = ("terminal",)
    command: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _has_a_command(self) -> Alert:
        if "command" in self.to and not self.command:
            raise ValueError('to has "command", and there is no command')
        return self


def values_of(one: Board) -> dict[str, float]:
    """Every number of a board by its name: `VIX`, `SPX close`, `SPX range`, `BTC funding`, `market net premium`, `tilt`, ..."""
    found = {reading.name: reading.value for reading in one.readings}
    found |= {f"{reading.section} {reading.name}": reading.value for reading in one.coins}
    for row in one.zones:
        levels = {"floor": row.low, "middle": row.mid, "ceiling": row.high, "close": row.close, "day": row.change, "room up": row.upside}
        levels |= {"room down": row.downside, "range": row.range_strength, "over its 200-session mean": row.distance_200d}
        found |= {f"{row.symbol} {name}": value for name, value in levels.items()}
    if one.flow is not None:
        whole = {"net premium": one.flow.net, "premium": one.flow.premium, "dark-pool net": one.flow.dark_net, "dark-pool volume": one.flow.dark_volume}
        found |= {f"market {name}": value for name, value in whole.items()}
        found |= {f"{name.symbol} net premium": name.net for name in one.flow.names} | {
            f"{name.symbol} dark-pool net": name.dark_net for name in one.flow.names
        }
        found |= {f"{sector.sector} share of premium": sector.share for sector in one.flow.sectors}
    return {**found, **one.counts}


def changes(now: Mapping[str, float], before: Mapping[str, float], least: float = 0.02) -> list[BoardChange]:
    """What differs by at least `least` of the larger value: turned signs first, then what came or went, then the largest relative changes."""
    found = []
    for name in [*now, *(name for name in before if name not in now)]:
        a, b = before.get(name, math.nan), now.get(name, math.nan)
        a, b = (math.nan if x is None else float(x) for x in (a, b))
        if (a != a) != (b != b) or abs(a - b) > least * max(abs(a), abs(b)):
            found.append(BoardChange(name, a, b))
    return sorted(found, key=lambda one: (not one.turned, one.before == one.before and one.now == one.now, -_relative(one)))


def _relative(one: BoardChange) -> float:
    size = max(abs(one.before), abs(one.now))
    return abs(one.now - one.before) / size if size > 0 else 0.0


def alert_name(name: str) -> str:
    """A value's name as alerts write it: `VIX less realised (21)` is vix_less_realised_21."""
    text = re.sub(r"[^a-z0-9]+", "_", name.lower().replace("%", " percent ")).strip("_")
    return f"v_{text}" if text[:1].isdigit() else text


def read_alerts(path: Path) -> tuple[list[Alert], list[str]]:
    """The rules of a file, and one line for each that is none: it stops no other. ParameterError for a file that has no rules at all."""
    do = "each [[alert]] has name, when, and may have cool_down, to, command"
    try:
        whole = read_toml(path)
    except (OSError, ValueError) as error:
        raise ParameterError(f"alerts {path}", f"cannot be used ({error})", do) from None
    rows = whole.get("alert", [])
    if not isinstance(rows, list) or set(whole) - {"alert"}:
        raise ParameterError(f"alerts {path}", f"its {', '.join(map(repr, whole))} are no [[alert]]", do)
    found: list[Alert] = []
    wrong: list[str] = []
    for n, row in enumerate(rows):
        name = row.get("name") if isinstance(row, dict) else None
        try:
            one = as_model(row, Alert, f"alert {name or n + 1!r}", ParameterError, do)
            if one.name in {other.name for other in found}:
                raise ParameterError(f"alert {one.name!r}", "another has that name, and they would cool down together", "name each alert once")
            found.append(one)
        except ParameterError as error:
            wrong.append(str(error))
    return found, wrong


def board_names() -> set[str]:
    """Names, as alerts write them, of all that a board may show, whether it is there that day or not; those of the flow's names and sectors are not among
    them."""
    levels = ("floor", "middle", "ceiling", "close", "day", "room up", "room down", "range", "over its 200-session mean")
    names = [line.name for line in LINES] + [f"{coin} {line.name}" for coin in COINS for line in COIN_LINES]
    names += [f"{symbol} {level}" for symbol in SYMBOLS for level in levels] + [f"market {name}" for name in MARKET] + list(COUNTS)
    return {alert_name(name) for name in names}


def sound(alerts: list[Alert], wrong: list[str], values: Mapping[str, float], before: Mapping[str, float]) -> tuple[list[Alert], list[str]]:
    """The rules that can be read and name nothing but values of a board, and one line for each other, after those that are `wrong` already: it stops none of
    them."""
    columns, good, wrong = _columns(values, before), [], list(wrong)
    for one in alerts:
        try:
            met(one.when, columns)
            good.append(one)
        except ParameterError as error:
            wrong.append(f'alert {one.name!r}: {error.found}; a rule compares names of the board, such as "vix < 18" (docs/desk.md)')
    return good, wrong


def _columns(values: Mapping[str, float], before: Mapping[str, float]) -> dict[str, npt.NDArray[np.float64]]:
    """Name -> its value; what a board may show and this one does not is missing."""
    names: dict[str, float] = dict.fromkeys(board_names(), math.nan) | {alert_name(name): value for name, value in values.items()}
    was = {f"was_{name}": math.nan for name in names} | {f"was_{alert_name(name)}": value for name, value in before.items()}
    return {name: np.array([math.nan if value is None else float(value)]) for name, value in (names | was).items()}


def fired(alerts: list[Alert], values: Mapping[str, float], before: Mapping[str, float], session: pd.Timestamp, home: Path) -> list[tuple[Alert, str]]:
    """The alerts whose rule holds and that did not fire in their cool-down, each with its line; `home` keeps when each fired last. A value that is missing
    holds in no comparison. ParameterError for a rule that cannot be read, or names no value of the board."""
    state = kept(home / STATE)
    found = [(one, line) for one, line in _true(alerts, values, before, session) if not _cooling(one, state.get(one.name, ""), session)]
    if found:
        with storing(home, "write"):
            home.mkdir(parents=True, exist_ok=True)
            keep(home / STATE, state | {one.name: f"{session:%Y-%m-%d}" for one, _ in found})
    return found


def standing(alerts: list[Alert], values: Mapping[str, float], before: Mapping[str, float], session: pd.Timestamp, home: Path) -> list[str]:
    """The lines of the alerts that fired on this session, in this call or an earlier one, and hold: what its page shows however often it is written."""
    state = kept(home / STATE)
    return [line for one, line in _true(alerts, values, before, session) if state.get(one.name) == f"{session:%Y-%m-%d}"]


def _true(alerts: list[Alert], values: Mapping[str, float], before: Mapping[str, float], session: pd.Timestamp) -> list[tuple[Alert, str]]:
    """The alerts whose rule holds, each with its line."""
    columns, found = _columns(values, before), []
    for one in alerts:
        if met(one.when, columns)[0]:
            used = [name for name in columns if re.search(rf"\b{re.escape(name)}\b", one.when)]
            told = ", ".join(f"{name} {columns[name][0]:.4g}" for name in used)
            found.append((one, f"{session:%Y-%m-%d}  {one.name}: {one.when} ({told})"))
    return found


def send(found: list[tuple[Alert, str]], home: Path) -> list[str]:
    """Bring fired alerts to file and command; returns a line for each command that failed. The terminal is the caller's."""
    lines = [line for one, line in found if "file" in one.to]
    if lines:
        there = read_bytes(home / LOG).decode("utf-8", "replace") if (home / LOG).is_file() else ""
        with storing(home / LOG, "write"):
            write_text(home / LOG, there + "".join(f"{line}\n" for line in lines))
    problems = []
    for one, line in found:
        if "command" in one.to:
            try:
                mute = subprocess.DEVNULL  # what it says is nobody's, may be without end, and need not be text
                done = subprocess.run(list(one.command), input=f"{line}\n".encode(), stdout=mute, stderr=mute, timeout=LONGEST, check=False)
                if done.returncode:
                    problems.append(f"alert {one.name!r}: its command ended with {done.returncode}")
            except (OSError, ValueError, subprocess.TimeoutExpired) as error:  # a ValueError: no name of a program
                problems.append(f"alert {one.name!r}: its command cannot be run ({error})")
    return problems


def _cooling(one: Alert, last: str, session: pd.Timestamp) -> bool:
    """Whether it fired on this session, or so few before it."""
    if not last:
        return False
    since = Clock().labels(min(pd.Timestamp(last), session), session)
    return pd.Timestamp(last) >= session or len(since) - 1 < one.cool_down
