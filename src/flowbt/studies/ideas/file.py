"""A file of ideas: option structures a report proposes, as facts in TOML.

    [[idea]]
    id = "spy-670-650p"
    symbol = "SPY"
    type = "put spread"      # call, put, put spread, call spread, straddle, covered call, collar
    strikes = [670, 650]     # prices, or "105%" of the close on the date, in any order
    date = 2026-04-08        # the idea is opened at the close of this date
    expiry = 2026-04-17
    conviction = 3           # 1..5, optional
    quantity = 1             # structures; negative: sold

    [[rolling]]              # a structure without end is a strategy
    id = "option-carry"
    title = "BTC calls sold against a long perpetual"
    strategy = "strategies/option_carry.py"

A file is refused whole: an idea left out in silence would make the rest look better or worse than the report.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date as Date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from flowbt.engine.options.structures import Strike, Structure, call_spread, collar, covered_call, long_call, long_put, moneyness, put_spread, straddle, strike
from flowbt.ground.documents import read_declared
from flowbt.ground.errors import SignalError, StudyError

Kind = Literal["call", "put", "put spread", "call spread", "straddle", "covered call", "collar"]
Build = Callable[[list[Strike], str], Structure]

# strikes from the lowest to the highest; volatilities come later, so None here
BUILD: dict[str, tuple[tuple[int, ...], Build]] = {
    "call": ((1,), lambda k, e: long_call(None, k[0], expiry=e)),
    "put": ((1,), lambda k, e: long_put(None, k[0], expiry=e)),
    "put spread": ((2,), lambda k, e: put_spread(None, k[1], k[0], expiry=e)),
    "call spread": ((2,), lambda k, e: call_spread(None, k[0], k[1], expiry=e)),
    "straddle": ((1,), lambda k, e: straddle(None, k[0], expiry=e)),
    "covered call": ((1,), lambda k, e: covered_call(None, k[0], expiry=e)),
    "collar": ((2, 3), lambda k, e: collar(None, k[-2], k[-1], floor=k[0] if len(k) == 3 else None, expiry=e)),
}


class IdeaFacts(BaseModel):
    """One `[[idea]]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1)
    symbol: str = Field(min_length=1)
    type: Kind
    strikes: tuple[float | str, ...]
    date: Date
    expiry: Date
    conviction: int | None = Field(default=None, ge=1, le=5)
    quantity: float = Field(default=1.0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _together(self) -> IdeaFacts:
        if not 1900 <= self.date.year <= self.expiry.year < 2200:
            raise ValueError(f"date {self.date}, expiry {self.expiry}: no days of a market, or in the wrong order")
        if self.expiry <= self.date:
            raise ValueError(f"expiry {self.expiry} is not after its date {self.date}")
        many = BUILD[self.type][0]
        if len(self.strikes) not in many:
            raise ValueError(f"a {self.type} has {' or '.join(map(str, many))} strike(s), found {len(self.strikes)}")
        if self.quantity == 0:
            raise ValueError("quantity is 0")
        if len({rule.kind for rule in self._rules()}) > 1 or len(set(self._rules())) < len(self.strikes):
            raise ValueError("strikes are all prices or all in percent, each another")
        return self

    def _rules(self) -> list[Strike]:
        return sorted((_strike(one) for one in self.strikes), key=lambda rule: rule.value)

    @property
    def title(self) -> str:
        side = "" if self.quantity == 1 else f" x {self.quantity:g}"
        return f"{self.symbol} {'/'.join(str(k) if isinstance(k, str) else f'{k:g}' for k in self.strikes)} {self.type}{side}"

    def structure(self) -> Structure:
        """The structure of one unit; a sold one with its legs the other way round."""
        built = BUILD[self.type][1](self._rules(), self.expiry.isoformat())
        if self.quantity > 0:
            return built
        return replace(built, name=f"sold {built.name}", legs=tuple(replace(leg, quantity=-leg.quantity) for leg in built.legs))


class Rolling(BaseModel):
    """One `[[rolling]]`: a structure that is rolled is tested as a strategy."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1)
    title: str
    strategy: str


class IdeasFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    idea: tuple[IdeaFacts, ...] = ()
    rolling: tuple[Rolling, ...] = ()

    @model_validator(mode="after")
    def _distinct(self) -> IdeasFile:
        ids = [one.id for one in self.idea] + [one.id for one in self.rolling]
        twice = sorted({one for one in ids if ids.count(one) > 1})
        if twice:
            raise ValueError(f"id {twice[0]!r} is given twice")
        if not self.idea:
            raise ValueError("no [[idea]] in it")
        return self


def read_ideas(path: Path) -> IdeasFile:
    """The ideas of a TOML file; StudyError says which idea is wrong and how."""
    return read_declared(path, IdeasFile, "ideas", StudyError, "give a TOML file of ideas (docs/engine.md)", "mend the file (docs/engine.md)")


def _strike(given: float | str) -> Strike:
    try:
        if not isinstance(given, str):
            return strike(given)
        if given.endswith("%"):
            return moneyness(float(given[:-1]) / 100.0)
    except (ValueError, SignalError):
        pass
    raise ValueError(f'strike {given!r} is neither a price nor a percentage of the close such as "105%"')
