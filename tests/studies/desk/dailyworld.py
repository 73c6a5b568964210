"""A tiny desk: two symbols with prices, a provider on a loopback server, one strategy, one claim file."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from tests.studies.conftest import STRATEGY, walk
from tests.tinydata import FIELDS, store

from flowbt.data.catalog import Catalog
from flowbt.ground.clock import Clock
from flowbt.studies.desk.daily import Day
from flowbt.studies.ingest.update import UpdateRequest

DAYS = Clock().labels("2022-01-03", "2023-12-29")
NOW = DAYS[-1] + pd.Timedelta(hours=23, minutes=45)
PROVIDERS = """
[[provider]]
name = "Squeeze"
terms = "none"
base_url = "{url}"
pause = 0.0
tries = 1
timeout = 60.0
[[provider.pull]]
dataset = "squeezemetrics"
set = "core"
source = "squeezemetrics"

[[provider]]
name = "Other"
terms = "none"
base_url = "{url}"
pause = 0.0
tries = 1
timeout = 60.0
[[provider.pull]]
dataset = "fred-oil"
set = "core"
source = "fred"
symbols = ["DCOILWTICO"]
"""
CLAIMS = '''"""Bets of a test."""
from flowbt.evidence.claims.declare import Data, Document, claim
from flowbt.evidence.claims.forecasts import dated, ends_above

DOCUMENT = Document("note", dated="2023-06-01")


@claim("SPY rises", outcome=dated("2023-06-01", "2023-09-01"), data=Data(symbols=("SPY",)))
def rises(panel):
    return ends_above("SPY")


@claim("SPY rises again", outcome=dated("2023-12-29", "2024-09-03"), data=Data(symbols=("SPY",)))
def rises_again(panel):
    return ends_above("SPY")
'''


def dix(days) -> str:
    return "date,price,dix,gex\n" + "".join(f"{day:%Y-%m-%d},100,0.4{n % 9},{n % 7}.2500\n" for n, day in enumerate(days))


def oil(days) -> str:
    return "observation_date,DCOILWTICO\n" + "".join(f"{day:%Y-%m-%d},{70 + n % 9}\n" for n, day in enumerate(days))


def make(home: Path, url: str, now: pd.Timestamp = NOW, until: pd.Timestamp = DAYS[-1]) -> Day:
    """A folder with everything but the providers' data."""
    prices = pd.concat([walk("SPY", DAYS, 1), walk("QQQ", DAYS, 2)])
    store(home / "datasets", "prices", prices[prices["event_time"] <= until], fields=FIELDS)
    (home / "fade.py").write_text(STRATEGY)
    (home / "note.py").write_text(CLAIMS)
    (home / "providers.toml").write_text(PROVIDERS.format(url=url))
    asked = UpdateRequest(home / "datasets", home / "providers.toml", today=now)
    return Day((home / "fade.py",), (str(home / "note.py"),), home / "journal", home / "results", home / "site", asked, now)


def catalog(home: Path) -> Catalog:
    return Catalog((home / "datasets",))
