"""Trend: the long mean and its confirmation, the order of exponential means, melt-ups."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import pairwise
from operator import and_
from typing import NamedTuple

import pandas as pd

from flowbt.features.declare import feature
from flowbt.features.trailing import known_mean, pick, run_length
from flowbt.ground.errors import ParameterError
from flowbt.ground.protocols import Panel


class MeanStatus(NamedTuple):
    distance: pd.DataFrame  # close / mean - 1
    above: pd.DataFrame  # bool
    since: pd.DataFrame  # sessions on this side, this one included
    confirmed: pd.DataFrame  # bool: above for at least `confirm` sessions
    reclaimed: pd.DataFrame  # bool: the session on which a return from below became confirmed
    failed: pd.DataFrame  # bool: back under before it was confirmed


def mean_status(close: pd.DataFrame, window: int, confirm: int) -> MeanStatus:
    """The close against the mean of its last `window` known values. Missing (and False) until there are so many."""
    distance = close / known_mean(close, window) - 1.0
    known = distance.notna()
    above, below = distance > 0, known & ~(distance > 0)
    up, down = run_length(above), run_length(below)
    came_from_below = below.shift(confirm, fill_value=False)
    return MeanStatus(
        distance,
        above,
        up.where(above, down).where(known),
        up >= confirm,
        (up == confirm) & came_from_below,
        (down == 1) & (up.shift(1) > 0) & (up.shift(1) < confirm),
    )


@feature(
    family="trend",
    units="fraction; bool; sessions",
    sign="distance positive = above the mean",
    needs=("close",),
    source="document exitliq; claim reclaim-200d",
)
def status_200d(panel: Panel, *, window: int = 200, confirm: int = 2, symbol: str | None = None) -> MeanStatus:
    """The 200-session mean: side, sessions since it was crossed, and whether a reclaim is confirmed.

    A reclaim counts after `confirm` closes above. Frames are labels x symbols; until `window` closes are there the
    numbers are missing and the bools False; a missing close is on neither side.
    """
    return mean_status(pick(panel, "close", symbol), window, confirm)


def ema(x: pd.DataFrame, span: int) -> pd.DataFrame:
    """Exponential mean with alpha = 2 / (span + 1), started at the first value; missing for the first `span` values."""
    return x.ewm(span=span, adjust=False, min_periods=span).mean()


@feature(family="trend", units="-1, 0, +1", sign="+1 = every faster mean over the slower one", needs=("close",), source="textbook")
def ema_stack(panel: Panel, *, spans: Sequence[int] = (8, 21, 55, 200), symbol: str | None = None) -> pd.DataFrame:
    """+1 where close > EMA(fast) > ... > EMA(slow), -1 where all are reversed, else 0.

    `spans` from fast to slow, in labels. Labels x symbols; missing until the slowest has its values, and where the close is.
    ParameterError where the spans do not rise.
    """
    if list(spans) != sorted(set(spans)):
        raise ParameterError(f"ema_stack(spans={tuple(spans)})", "not rising", "give spans from fast to slow, for example 8, 21, 55, 200")
    close = pick(panel, "close", symbol)
    lines = [close, *(ema(close, span) for span in spans)]
    pairs = list(pairwise(lines))
    up = reduce(and_, [fast > slow for fast, slow in pairs])
    down = reduce(and_, [fast < slow for fast, slow in pairs])
    return (up.astype(float) - down.astype(float)).where(lines[-1].notna() & close.notna())


@feature(family="trend", units="fraction", sign="positive = rising", needs=("close",), source="textbook")
def momentum(panel: Panel, *, window: int = 63, skip: int = 0, symbol: str | None = None) -> pd.DataFrame:
    """Return over `window` labels that ends `skip` labels ago. Labels x symbols; missing where either close is."""
    close = pick(panel, "close", symbol).shift(skip)
    return close / close.shift(window) - 1.0


@feature(family="trend", units="bool", needs=("close",), source="document blowoff; claim melt-up-snap")
def melt_up(panel: Panel, *, gain: float = 0.09, window: int = 21, symbol: str | None = None) -> pd.DataFrame:
    """The close gained at least `gain` (fraction) over `window` labels. The price leg only: put/call, gamma and breadth
    are features of their own. Labels x symbols; False where a close is missing."""
    close = pick(panel, "close", symbol)
    return close / close.shift(window) - 1.0 >= gain
