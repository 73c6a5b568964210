"""Validation of an imported table: what is wrong is listed by row and reason, then refused, dropped or flagged.

Kinds of finding, with the policy that holds where a dataset's `[policy]` says nothing:

    unreadable    refuse   a cell that is neither blank nor a number or date
    duplicate     refuse   the same symbol and event time twice in one file, with different values (drop keeps the first)
    repeated      drop     a row that is there already, equal in every value
    unnamed       refuse   a symbol that is empty, longer than 60 signs, or has spaces at its ends or control signs
    unsorted      flag     an event time earlier than the row before it (rows are sorted in any case)
    ohlc          flag     high below, or low above, one of the other prices (drop leaves out the row)
    zero          refuse   0 where the field declares it impossible (drop empties the cell)
    range         refuse   outside the field's min and max (drop empties the cell)
    off_session   refuse   a time that is no label of the dataset's clock (drop leaves out the row)
    hole          flag     labels of the clock without a row, as runs; with many symbols, labels no symbol has
    stale_open    flag     years in which opens repeat the close before: no price anyone could trade at
    split         flag     an overnight jump by a split's ratio where no split is recorded
    overlap       refuse   two files of one dataset differ by more than the plan allows
    revision      flag     another value than an earlier import has: kept as a revision (drop keeps the earlier one)
    format_break  flag     a file changes how it writes numbers, or where its rows come from
    outlier       flag     an isolated value far from its neighbours
    arithmetic    flag     columns that contradict each other
    off_month     refuse   a monthly row that is not dated the first of its month
    rejected      drop     a value the source is known to get wrong
    documented    drop     left out by the import plan, with its reason
    blank         flag     rows without any value, counted
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np
import pandas as pd

from flowbt.data.declare import Dataset, Policy
from flowbt.data.panel.bases import stale_opens
from flowbt.data.provenance import FindingRecord
from flowbt.data.sources.base import Anomaly, RawTable
from flowbt.ground.clock import HOURS_PER_ROW
from flowbt.ground.errors import RefusedImport

DEFAULTS: dict[str, Policy] = {
    "unreadable": "refuse",
    "duplicate": "refuse",
    "unsorted": "flag",
    "ohlc": "flag",
    "zero": "refuse",
    "range": "refuse",
    "off_session": "refuse",
    "hole": "flag",
    "overlap": "refuse",
    "stale_open": "flag",
    "split": "flag",
    "revision": "flag",
    "repeated": "drop",
    "unnamed": "refuse",
    "format_break": "flag",
    "outlier": "flag",
    "arithmetic": "flag",
    "off_month": "refuse",
    "rejected": "drop",
    "documented": "drop",
    "blank": "flag",
}
PRICES = ("open", "high", "low", "close", "member_close", "futures_close")
MANY_SYMBOLS = 50  # beyond this, holes are looked for in the table as a whole: not every ticker trades every session
LONGEST_GAP = {"week": pd.Timedelta(days=10), "month": pd.Timedelta(days=35)}
ROUNDING = 1e-9
MOST_FOR_ONE, OF_A_SPLIT, USUAL = (
    50,
    0.03,
    20,
)  # new shares per old; how far from a whole ratio the night may have moved; times the median day: indices of volatility double


def policy(declaration: Dataset, kind: str) -> Policy:
    """What becomes of a finding of this kind."""
    return declaration.policy.get(kind, DEFAULTS.get(kind, "flag"))


def check_rows(table: RawTable, declaration: Dataset) -> RawTable:
    """One file's table without the rows and cells that are to be dropped, and with its findings.

    RefusedImport when a finding's policy is "refuse"; the message has the first three and the count.
    """
    frame = table.frame
    findings = list(table.findings)
    drop_rows = pd.Series(False, index=frame.index)
    for kind, bad, reason in _row_rules(frame, declaration):
        findings += _listed(frame, bad, kind, reason)
        if policy(declaration, kind) == "drop":
            drop_rows |= bad
    frame = frame.copy()
    for kind, name, bad, reason in _cell_rules(frame, declaration):
        findings += _listed(frame, bad, kind, reason, name)
        if policy(declaration, kind) == "drop":
            frame.loc[bad, name] = np.nan
    refuse(findings, declaration)
    kept = frame[~drop_rows & frame[table.fields].notna().any(axis=1)]
    return RawTable(kept.reset_index(drop=True), tuple(findings))


def refuse(findings: Iterable[Anomaly], declaration: Dataset) -> None:
    """RefusedImport if one of these findings is of a kind this dataset refuses."""
    bad = [finding for finding in findings if policy(declaration, finding.kind) == "refuse"]
    if not bad:
        return
    kinds = ", ".join(f"{count} {kind}" for kind, count in Counter(finding.kind for finding in bad).most_common())
    shown = "; ".join(finding.line() for finding in bad[:3]) + (" ..." if len(bad) > 3 else "")
    help_line = f"mend the file, or set the policy of {bad[0].kind} in its dataset.toml to drop or flag"
    raise RefusedImport(f"dataset {declaration.name}", f"{kinds}: {shown}", help_line)


def check_holes(frame: pd.DataFrame, declaration: Dataset) -> list[Anomaly]:
    """Runs of the clock's labels (or, for weekly and monthly tables, gaps) without a row."""
    if declaration.frequency in ("irregular", "event") or frame.empty:
        return []
    if frame["symbol"].nunique() > MANY_SYMBOLS:
        return list(_holes(pd.DatetimeIndex(frame["event_time"].unique()), "", declaration))
    groups = frame.groupby("symbol", observed=True)["event_time"]
    return [finding for symbol, times in groups for finding in _holes(pd.DatetimeIndex(times.unique()), str(symbol), declaration)]


def check_opens(frame: pd.DataFrame, declaration: Dataset) -> list[Anomaly]:
    """Symbols of an exchange whose opens repeat the close before, with the years in which they do."""
    if declaration.frequency != "session" or not {"open", "close"} <= set(frame.columns):
        return []
    found = []
    for symbol, bars in frame.groupby("symbol", observed=True):
        prices = bars.groupby("event_time")[["open", "close"]].last()
        stale = stale_opens(prices[["open"]].set_axis(["x"], axis=1), prices[["close"]].set_axis(["x"], axis=1))["x"]
        if stale.any():
            first, last = stale.index[stale][0], stale.index[stale][-1]
            reason = f"opens repeat the close before ({int(stale.sum())} rows, {first.year} to {last.year}); runs fill there at the close of the next session"
            found.append(Anomaly("stale_open", reason, event_time=first, symbol=str(symbol), field="open"))
    return found


def check_splits(frame: pd.DataFrame, declaration: Dataset) -> list[Anomaly]:
    """Sessions of an exchange that open (or, without opens, close) at a whole part or multiple of the close before, far from the symbol's usual days, and no
    `split` is recorded there."""
    if declaration.frequency != "session" or "close" not in frame.columns:
        return []
    found = []
    for symbol, bars in frame.groupby("symbol", observed=True):
        prices = bars.groupby("event_time")[[name for name in ("open", "close", "split") if name in frame.columns]].last()
        now = prices["open"].fillna(prices["close"]) if "open" in prices else prices["close"]
        ratio = prices["close"].shift(1) / now.where(now > 0)
        times = ratio.where(ratio >= 1, 1 / ratio.where(ratio > 0))
        whole = times.round()
        usual = np.log(prices["close"].where(prices["close"] > 0)).diff().abs().median()
        jumped = (whole >= 2) & (whole <= MOST_FOR_ONE) & ((times / whole - 1).abs() <= OF_A_SPLIT) & (np.log(times) > USUAL * usual)
        if "split" in prices:
            jumped &= prices["split"].isna()
        for when in prices.index[jumped]:
            shares = f"{whole[when]:.0f} for 1" if ratio[when] > 1 else f"1 for {whole[when]:.0f}"
            gap = f"a jump from {prices['close'].shift(1)[when]:g} to {now[when]:g}"
            reason = f"{gap}: a split ({shares}) that is not recorded (field split, or adjusted prices), or a bad price"
            found.append(Anomaly("split", reason, event_time=when, symbol=str(symbol), field="close"))
    return found


def as_records(findings: Iterable[Anomaly], declaration: Dataset) -> list[FindingRecord]:
    """Findings for provenance.json, with the action taken."""
    done = {"drop": "dropped", "flag": "flagged", "refuse": "refused"}
    records: list[FindingRecord] = []
    for f in findings:
        record: FindingRecord = {"kind": f.kind, "action": done[policy(declaration, f.kind)], "reason": f.reason}
        if f.file:
            record["file"] = f.file
        if f.row:
            record["row"] = f.row
        if f.symbol:
            record["symbol"] = f.symbol
        if f.field:
            record["field"] = f.field
        if f.event_time is not None:
            record["event_time"] = f.event_time.isoformat()
        records.append(record)
    return records


def _row_rules(frame: pd.DataFrame, declaration: Dataset) -> Iterator[tuple[str, pd.Series, str]]:
    keys = ["symbol", "event_time", *(["known_at"] if "known_at" in frame else [])]
    again, equal = frame.duplicated(keys), frame.duplicated([name for name in frame.columns if name not in ("row", "file")])
    yield "repeated", again & equal, "the whole row is there already"
    yield "duplicate", again & ~equal, "this symbol and time is there already, with other values"
    earlier = frame["event_time"] < frame.groupby("symbol", observed=True)["event_time"].shift(1)
    yield "unsorted", earlier, "earlier than the row before it"
    symbols = frame["symbol"].astype("str")
    unnamed = (symbols == "") | (symbols.str.len() > 60) | symbols.str.contains(r"[\x00-\x1f\x7f]", regex=True) | (symbols != symbols.str.strip())
    yield "unnamed", unnamed, "no symbol that can be a name"
    if {"open", "high", "low", "close"} <= set(frame.columns):
        room = ROUNDING * frame["close"].abs()
        body = frame[["open", "close"]]
        bad = (frame["high"] < body.max(axis=1) - room) | (frame["low"] > body.min(axis=1) + room) | (frame["high"] < frame["low"] - room)
        yield "ohlc", bad, "open, high, low and close cannot all be right"
    if declaration.frequency == "session" or (declaration.calendar.always and declaration.frequency in ("1h", "4h", "8h", "day")):
        labels = declaration.calendar.is_label(pd.DatetimeIndex(frame["event_time"]))
        what = "no bar start" if declaration.calendar.always else f"no session of {declaration.clock}"
        yield "off_session", pd.Series(~labels, index=frame.index), what


def _cell_rules(frame: pd.DataFrame, declaration: Dataset) -> Iterator[tuple[str, str, pd.Series, str]]:
    for name, rule in declaration.fields.items():
        if name not in frame.columns:
            continue
        values = frame[name]
        if rule.zero == "never":
            yield "zero", name, values == 0, "0 is impossible here"
        low, high = rule.min, rule.max
        if name in PRICES and low is None:
            yield "range", name, (values <= 0) & ~((values == 0) & (rule.zero == "never")), "a price that is not above 0 (declare min where it can be)"
        outside = pd.Series(False, index=frame.index)
        if low is not None:
            outside |= values < low
        if high is not None:
            outside |= values > high
        if rule.zero == "never":
            outside &= values != 0
        yield "range", name, outside, f"outside {low if low is not None else '-inf'} to {high if high is not None else 'inf'}"


def _listed(frame: pd.DataFrame, bad: pd.Series, kind: str, reason: str, name: str = "") -> list[Anomaly]:
    if not bad.any():
        return []
    rows = frame.loc[bad]
    value = [f"{reason} ({v:g})" for v in rows[name]] if name else [reason] * len(rows)
    files = rows["file"] if "file" in rows else [""] * len(rows)
    return [
        Anomaly(kind, why, str(file), int(row), time, str(symbol), name)
        for why, file, row, time, symbol in zip(value, files, rows["row"], rows["event_time"], rows["symbol"], strict=True)
    ]


def _holes(times: pd.DatetimeIndex, symbol: str, declaration: Dataset) -> Iterator[Anomaly]:
    times = times.sort_values()
    if longest := LONGEST_GAP.get(declaration.frequency):
        for before, after in pairwise(times):
            if after - before > longest:
                yield Anomaly("hole", f"nothing for {(after - before).days} days, until {after:%Y-%m-%d}", event_time=before, symbol=symbol)
        return
    clock = declaration.calendar
    if not clock.always and declaration.frequency in HOURS_PER_ROW:  # finer rows of an exchange: sessions without any
        times = times.normalize().unique()
    labels = clock.labels(times[0], times[-1])
    absent = np.flatnonzero(~labels.isin(times))
    for run in np.split(absent, np.flatnonzero(np.diff(absent) > 1) + 1) if len(absent) else ():
        first, last = labels[run[0]], labels[run[-1]]
        until = f" to {last:%Y-%m-%d %H:%M}".removesuffix(" 00:00") if len(run) > 1 else ""
        yield Anomaly("hole", f"no row ({len(run)} label{'s' if len(run) > 1 else ''}{until})", event_time=first, symbol=symbol)
