"""Sixty days lived through on the real files: each evening the files as they were, imported into what is there, decided, entered.

Files are cut by their own rows: a row is there once its dataset's rule says it was public. One row comes two days late; one is wrong for four days and is then
corrected (a revision with its own time); one is corrected without a vintage; one strategy needs what comes later. The journal must be the backtest but for
what is named.
"""

import gzip
import os
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from flowbt.data.catalog import Catalog
from flowbt.data.declare import read_declaration
from flowbt.data.ingest.plan import ImportPlan, inputs
from flowbt.data.sources import read
from flowbt.ground.clock import Clock
from flowbt.studies.desk.chain import read as read_journal
from flowbt.studies.desk.follow import follow
from flowbt.studies.desk.recheck import recheck
from flowbt.studies.ingest.arrival import Arrival
from flowbt.studies.ingest.ingest import Target, import_plan

ROOT = Path(__file__).parents[3]
RAW = Path(os.environ.get("FLOWBT_RAW", ROOT.parent / "shared" / "data" / "raw"))
DAYS = Clock().labels("2026-05-26", "2026-08-19")[-60:]
SINCE = pd.Timestamp("2018-01-02")
LATE, WRONG, UNMARKED = DAYS[20], DAYS[30], DAYS[40]
DIX, VOL = "dix_gex/DIX.csv", "vix/cboe_vol_family_1990_2026.csv.gz"
PLAN = ImportPlan.model_validate(
    {
        "dataset": [
            {"name": "index-prices", "files": [{"path": "index/GSPC.csv.gz", "options": {"symbol": "SPX"}},
                                               {"path": "index/RUT_2016_20260821.csv", "source": "broker", "options": {"symbol": "RUT"}}]},
            {"name": "etf-broker", "files": [{"path": "etf/*_ibkr_2016_2026.csv", "symbol_from": "^(.+)_ibkr"}]},
            {"name": "etf-adjusted", "files": [{"path": f"etf/{name}_adj.csv.gz", "options": {"symbol": name}} for name in ("IWM", "GLD", "SLV")]},
            {"name": "squeezemetrics", "files": [{"path": DIX}]},
            {"name": "cboe-volatility", "files": [{"path": VOL, "options": {"columns": ["VIX", "VIX9D", "VIX3M", "VVIX", "SKEW"]}}]},
        ]
    }
)  # fmt: skip
FOLLOWED = ("exit_liquidity", "zone_exhaustion", "gamma_regime", "vix_asymmetry", "blow_off_top", "reclaim_200d", "small_cap_streak", "structural_pivot")
PEEK = '''"""Peek: buys what has yet to fall back to the last close it knows of.

Source: none
"""

from flowbt import Signals

SYMBOLS = ("SPX",)


def signals(panel, *, hold=3):
    return Signals(long=panel["close"] < panel["close"].iloc[-1], hold=hold)
'''
VANE = '''"""Vane: a weight that is another whenever what it rests on is another.

Source: none
"""

from flowbt import Targets

SYMBOLS = ("SPY",)


def signals(panel, *, scale=0.01):
    return Targets(panel["dix", "SPX"] - 0.4 + scale * (panel["close", "VIX"] - 15))
'''


class RawFile:
    """A real file, with the instant at which each of its rows was public."""

    def __init__(self, path, item, declaration):
        self.path, self.name = path, path.name
        text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        self.lines = text.decode("utf-8-sig").splitlines()
        table = read(item.source, path, item.options).frame
        table = table[table["event_time"] >= SINCE]
        events, codes = np.unique(table["event_time"], return_inverse=True)
        known = declaration.publication.known_at(pd.DatetimeIndex(events), declaration.calendar)[codes]
        self.rows = pd.DataFrame({"row": table["row"].to_numpy(), "event": table["event_time"].to_numpy(), "known": known}).drop_duplicates("row")

    def cut(self, home, now, change):
        """Write it as it was at `now`; `change(event, line)` gives another line, or None for none."""
        there = self.rows[self.rows["known"] <= now]
        head = [self.lines[0]]
        lines = [change(event, self.lines[row - 1]) for row, event in zip(there["row"], there["event"], strict=True)]
        body = ("\n".join([*head, *(line for line in lines if line is not None)]) + "\n").encode()
        home.parent.mkdir(parents=True, exist_ok=True)
        home.write_bytes(gzip.compress(body, 1) if home.suffix == ".gz" else body)


def changed(name, day):
    """What is not yet, or not rightly, in a file on the evening of a day."""

    def change(event, line):
        if name == Path(DIX).name and event == LATE and day < DAYS[22]:
            return None
        if name == Path(DIX).name and event == WRONG and day < DAYS[35]:
            date, price, dix, gex = line.split(",")
            return f"{date},{price},{1 - float(dix):.6f},{-float(gex)}"
        if name == Path(VOL).name and event == UNMARKED and day is not None and day <= DAYS[-1]:
            cells = line.split(",")
            cells[4] = str(round(float(cells[4]) * 1.6, 2))  # VIX
            return ",".join(cells)
        return line

    return change


def lived(home):
    """Every evening: cut, import, decide, enter. Returns the catalog, with every row there is, corrected."""
    shutil.copytree(ROOT / "datasets", home / "declared", ignore=lambda folder, names: [name for name in names if name.endswith(".parquet")])
    strategies = home / "strategies"
    strategies.mkdir()
    for name in FOLLOWED:
        shutil.copyfile(ROOT / "strategies" / f"{name}.py", strategies / f"{name}.py")
    (strategies / "peek.py").write_text(PEEK)
    (strategies / "vane.py").write_text(VANE)
    files = [
        (RawFile(item.path, item, read_declaration(home / "declared" / dataset.name)), item.path.relative_to(RAW))
        for dataset in PLAN.dataset
        for item in inputs(dataset, RAW, read_declaration(home / "declared" / dataset.name).source)
    ]
    target = Target(home / "datasets", home / "declared")
    decisions = Clock().decisions(DAYS)
    for day, decided in zip(DAYS, decisions, strict=True):
        now = decided + pd.Timedelta(hours=1)
        for file, place in files:
            file.cut(home / "raw" / place, now, changed(file.name, day))
        outcomes = import_plan(PLAN, home / "raw", target, arrival=Arrival(known=now))
        assert [one.problem for one in outcomes if one.status == "refused"] == []
        _, problems = follow(Catalog((home / "datasets",)), sorted(strategies.glob("*.py")), home / "journal", now=now)
        assert problems == []
    end = decisions[-1] + pd.Timedelta(days=2)
    for file, place in files:
        file.cut(home / "raw" / place, end, lambda event, line: line)
    import_plan(PLAN, home / "raw", target, arrival=Arrival(known=end))
    import_plan(PLAN, home / "raw", target, ("cboe-volatility",), arrival=Arrival(replace=True))
    return Catalog((home / "datasets",))


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.skipif(not RAW.is_dir(), reason="needs the real files (FLOWBT_RAW)")
def test_the_journal_is_the_backtest_but_for_what_is_named(tmp_path):
    catalog = lived(tmp_path)
    entries = read_journal(tmp_path / "journal")
    assert Counter(one.body["strategy"] for one in entries) == dict.fromkeys([*FOLLOWED, "peek", "vane"], len(DAYS))
    found = recheck(catalog, entries, tmp_path / "journal", tmp_path / "strategies")
    print(len(entries), "entries;", Counter((one.strategy, one.cause) for one in found))
    told = {(one.strategy, one.cause, one.label): one.words for one in found if one.strategy != "peek"}
    print(told)
    # the row of LATE is shown from the session after it; it came two sessions late: on two sessions the backtest has a newer one than was there
    late, unmarked = [f"{day:%Y-%m-%d}" for day in DAYS[21:23]], f"{UNMARKED:%Y-%m-%d}"
    assert {key for key in told if key[0] == "vane"} == {*(("vane", "late data", day) for day in late[:1]), ("vane", "data revised", unmarked)}
    # every other decision is the backtest's, those on the wrong row that was corrected with a time of its own included
    assert {key[1:] for key in told if key[0] != "vane"} <= {("late data", late[0]), ("data revised", unmarked)}
    assert {one.cause for one in found if one.strategy == "peek"} == {"look-ahead"}
