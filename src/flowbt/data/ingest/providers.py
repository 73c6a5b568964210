"""`datasets/providers.toml`: whom `flowbt data setup` and `flowbt data update` ask for what, how politely, and what cannot be had so.

    [[provider]]
    name = "Cboe"
    terms = "..."                 # named once, when it is first asked
    pause = 1.0                   # seconds between requests
    base_url = ""                 # a mirror, in place of the scheme and host of its addresses

    [[provider.pull]]
    dataset = "cboe-volatility"   # its declaration says what the rows are
    set = "core"                  # or crypto
    source = "cboe_index"         # names the addresses and reads the files
    symbols = ["VIX", "VVIX"]

    [[closed]]
    name = "..."
    brings = "..."

A pull with `url` names its addresses itself: `{symbol}`, `{day}` (YYYY-MM-DD) and `{month}` (YYYY-MM) are filled in; `reduce` in place of `source` reduces
raw files first (see `flowbt reduce`). `start` is the first day asked for where nothing is there yet: a date, or "90 days" back; left out, the source
gives all it has each time.
"""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path
from typing import Literal

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from flowbt.data.sources.request import Download
from flowbt.ground.clock import read_date
from flowbt.ground.documents import read_declared
from flowbt.ground.errors import DatasetError, RangeError

SETS = ("core", "crypto")
_BACK = re.compile(r"(\d{1,5}) days")


class ProviderPull(BaseModel):
    """One pull of a provider into a dataset."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataset: str
    set: Literal["core", "crypto"]
    source: str = ""
    reduce: str = ""
    url: str = ""
    fixed: bool = False
    maybe: bool = False
    checksum: bool = False
    symbols: tuple[str, ...] = ()
    start: str = ""
    options: dict[str, object] = Field(default_factory=dict)
    calendar: Literal["XNYS", "24/7"] = "XNYS"  # the days of an address with {day}

    @field_validator("start")
    @classmethod
    def _start(cls, value: str) -> str:
        try:
            if value and not _BACK.fullmatch(value):
                read_date(value)
        except RangeError as error:
            raise ValueError(f'{error}, or "90 days"') from None
        return value

    @model_validator(mode="after")
    def _one_way(self) -> ProviderPull:
        if bool(self.source) == bool(self.reduce):
            raise ValueError("it needs either source or reduce")
        return self

    def first_day(self, today: pd.Timestamp) -> str:
        """The first day asked for where nothing is there yet; empty where the source takes no span."""
        back = _BACK.fullmatch(self.start)
        return f"{today - pd.Timedelta(days=int(back[1])):%Y-%m-%d}" if back else self.start

    def downloads(self, days: pd.DatetimeIndex) -> list[Download]:
        """The files of its `url` for these days, each address once. Where the address is of the present (no day or month in it), the file has the last
        day in its name, so that a folder of them is a history."""
        found = {}
        for symbol, day in product(self.symbols or ("",), days if "{day}" in self.url or "{month}" in self.url else days[-1:]):
            url = self.url.format(symbol=symbol, day=f"{day:%Y-%m-%d}", month=f"{day:%Y-%m}")
            name = re.sub(r"[^A-Za-z0-9._-]+", "-", url.rsplit("/", 1)[1])[:120]
            if "{day}" not in self.url and "{month}" not in self.url:
                ending = re.search(r"\.(json|csv|txt)$", name)
                name = f"{symbol.strip('_^') or self.dataset}_{day:%Y-%m-%d}.{ending[1] if ending else 'json'}"
            found[url] = Download(url, name, self.fixed, self.maybe, f"{url}.CHECKSUM" if self.checksum else "")
        return list(found.values())


class Provider(BaseModel):
    """Somebody who publishes data without a key, and how he is asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    terms: str
    base_url: str = ""
    pause: float = Field(default=0.5, ge=0)
    tries: int = Field(default=4, ge=1)
    timeout: float = Field(default=30.0, gt=0)
    longest_wait: float = Field(default=60.0, ge=0)
    pull: tuple[ProviderPull, ...] = Field(min_length=1)


class ClosedSource(BaseModel):
    """What needs a key, is sold, or whose terms do not allow a program to fetch it: what it would bring, and how it comes in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    why: str
    brings: str


class Providers(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: tuple[Provider, ...]
    closed: tuple[ClosedSource, ...] = ()


def read_providers(path: Path) -> Providers:
    """The declaration of providers; DatasetError says what is wrong in it."""
    return read_declared(path, Providers, "providers", DatasetError, "give the file with --providers", "mend the file (see docs/desk.md)")
