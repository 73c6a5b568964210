"""Today's decisions on the terminal: one block a strategy, only whole lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowbt.cli.show.terminal import say

if TYPE_CHECKING:
    import pandas as pd

    from flowbt.studies.desk.conditions import Condition
    from flowbt.studies.desk.today import SymbolDecision, Today

MOST = 6  # symbols shown; the rest is counted


def print_today(said: list[Today], problems: list[str], now: pd.Timestamp | None = None) -> None:
    """Decisions with their conditions, what is missing or old, and what could not decide; and, by `now` (naive UTC), whether the newest open is past."""
    for one in said:
        acting = [row for row in one.decisions if row.action != "none"]
        say(f"\n{one.strategy}  decided {one.decision_time:%Y-%m-%d %H:%M} UTC, fills {one.fill:%Y-%m-%d %H:%M} UTC")
        if one.behind:
            say(f"  TOO OLD: its prices end {one.label:%Y-%m-%d}, {one.behind:,} bars back, and the open it is for is past", fg="red")
        if one.waits is not None:
            say(f"  the next bar is there, and decided upon at {one.waits:%Y-%m-%d %H:%M} UTC: what is published until then counts", fg="yellow")
        say("  " + (", ".join(_words(row) for row in acting[:MOST]) + _more(len(acting)) if acting else "no order"))
        shown = {row.symbol for row in (acting or one.decisions)[:1]}
        for condition in one.conditions:
            if condition.symbol in shown:
                say(f"    {_line(condition)}")
        for stand_in in one.stand_ins:
            say(f"    stand-in: {stand_in}")
        nearest = min(one.flips, key=lambda flip: flip.bars, default=None)
        if nearest is not None:
            say(f"    nearest flip: {nearest.symbol}, {nearest.side}: {nearest.text}, {nearest.bars:.1f} usual bar moves away")
        if one.absent:
            say(f"    missing or too old: {', '.join(one.absent[:MOST])}{_more(len(one.absent))}")
        if one.positions:
            say(f"    followed book holds: {', '.join(one.positions[:MOST])}{_more(len(one.positions))}")
        if one.belief is not None:
            say(f"    believe it? {one.belief.sentence}" + ("" if one.belief.same_code else " (of another version of its code)"))
    newest = max((one.fill for one in said), default=None)
    if newest is not None and now is not None and newest < now:
        say(f"\nThe newest open that is decided for, {newest:%Y-%m-%d %H:%M} UTC, is past: the data end before it", fg="red")
    for line in problems:
        say(f"cannot decide: {line}", err=True)


def _words(row: SymbolDecision) -> str:
    rules = [f"{name} {value:g}" for name in ("size", "hold", "stop", "take") if (value := getattr(row, name)) is not None]
    if row.weight is not None:
        return f"{row.symbol} {row.weight:+.1%}"
    return f"{row.action} {row.symbol}" + (f" ({', '.join(rules)})" if rules else "")


def _line(one: Condition) -> str:
    mark = "yes" if one.holds else " no"
    if one.gap != one.gap:
        return f"{mark}  {one.side}: {one.text}" + (" (missing)" if one.missing else "")
    return f"{mark}  {one.side}: {one.text}, at {one.value:.4g}, {abs(one.gap):.4g} {'beyond' if one.gap >= 0 else 'short of'} its level"


def _more(count: int) -> str:
    return f" and {count - MOST} more" if count > MOST else ""
