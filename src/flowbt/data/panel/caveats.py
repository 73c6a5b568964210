"""What a number that rests on a panel should be read with: vintage, survivorship, back-calculation, lag, joined datasets, bases of prices, stale opens."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pandas as pd

from flowbt.data.catalog import Imported
from flowbt.data.panel.joining import Speaker
from flowbt.data.panel.reader import PanelReader
from flowbt.ground.fields import FOLDED, PRICES, FieldKey

MOST = 6  # names in a line


def caveats(*panels: PanelReader, labels: pd.DatetimeIndex, keys: Collection[tuple[str, str]] | None = None) -> list[str]:
    """One line each, for what was read of the panels so far, or of it for `keys` (field, symbol) only; `labels`: those that are judged."""
    read = [one for panel in panels for one in panel.datasets() if keys is None or one[:2] in keys]
    named = {FieldKey(*one[:2]).words for one in read}
    joined = {key: speakers for panel in panels for key, speakers in panel.speakers().items() if FieldKey(*key).words in named}
    lines = []
    if revised := sorted({one.name for _, _, one in read if one.declaration.vintage == "latest"}):
        lines.append(f"Latest vintage, not as first published: {_some(revised)}.")
    if biased := sorted({one.name for _, _, one in read if one.declaration.survivorship}):
        lines.append(f"Survivorship-biased members: {_some(biased)}.")
    lines += back_calculated(read, labels)
    bases = {(symbol, one.declaration.basis == FOLDED) for field, symbol, one in read if field in PRICES}
    if folded := sorted(symbol for symbol, is_folded in bases if is_folded and (symbol, False) not in bases):
        lines.append(f"Prices with dividends folded in, so levels are not as traded: {_some(folded)}.")
    if partly := sorted(symbol for symbol, is_folded in bases if is_folded and (symbol, False) in bases):
        lines.append(f"Prices before those as traded have dividends folded in and are scaled to meet them, so early levels are not as traded: {_some(partly)}.")
    lines += _joined(joined)
    lines += sorted({f"Left out: {reason}." for panel in panels for reason in panel.left_out()}) if keys is None else []
    if late := lags(read):
        lines.append(f"Lag: {'; '.join(late)}.")
    return lines


def _joined(joined: Mapping[tuple[str, str], tuple[Speaker, ...]]) -> list[str]:
    """A line for each symbol and the datasets that answered for it in turn, with the fields they did."""
    alike: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    spoken: dict[tuple[str, tuple[str, ...]], str] = {}
    for (field, symbol), speakers in sorted(joined.items()):
        key = (symbol, tuple(one.dataset for one in speakers))
        alike.setdefault(key, []).append(field)
        spoken.setdefault(key, ", ".join(f"{one.dataset} {one.first:%Y-%m-%d} to {one.last:%Y-%m-%d} ({one.rows:,} rows)" for one in speakers))
    return [f"{_some(fields)} of {key[0]} {'is' if len(fields) == 1 else 'are'} joined: {spoken[key]}." for key, fields in alike.items()]


def back_calculated(read: list[tuple[str, str, Imported]], labels: pd.DatetimeIndex) -> list[str]:
    """A line for each date before which something that was read had not been published yet, where labels lie before it."""
    dates: dict[pd.Timestamp, set[str]] = {}
    for field, symbol, one in read:
        live = one.declaration.live(field, symbol)
        if live is not None and len(labels) and labels[0] < live:
            dates.setdefault(live, set()).add(FieldKey(field, symbol).words)
    return [
        f"Back-calculated before {live:%Y-%m-%d}, so nobody had it on {int((labels < live).sum())} of {len(labels)} bars: {_some(sorted(names))}."
        for live, names in sorted(dates.items())
    ]


def lags(read: list[tuple[str, str, Imported]]) -> list[str]:
    """Each dataset that is not known at the end of its bar, with its publication rule in words."""
    return sorted({f"{one.name} {one.declaration.publication.words()}" for _, _, one in read if one.declaration.publication.rule != "close"})


def stale_words(stale: pd.DataFrame) -> list[str]:
    """What was done where opens are no opens; `stale`: labels x symbols, bool."""
    lines = []
    for symbol in stale.columns[stale.any()]:
        where = stale.index[stale[symbol]]
        lines.append(
            f"Opens of {symbol} repeat the close before ({where[0].year} to {where[-1].year}, {len(where)} of {len(stale)} bars): "
            "fills there are at the close of the next session, and stops are judged at closes."
        )
    return lines


def _some(names: list[str]) -> str:
    return ", ".join(names[:MOST]) + (f" and {len(names) - MOST} more" if len(names) > MOST else "")
