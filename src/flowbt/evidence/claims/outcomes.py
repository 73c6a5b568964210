"""What is measured after an event. An outcome is looked at only by the scorer: it knows the future, an event never does.

Each measure is a frame labels x symbols: the value at label t uses the closes of t to t + horizon; NaN where they are not all there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowbt.ground.errors import ClaimError
from flowbt.ground.protocols import Panel

Measure = Callable[[Panel, int], list[pd.DataFrame]]


@dataclass(frozen=True)
class Outcome:
    """`columns(panel, horizon)`: the frames whose sums give the statistic; `statistic`: mean, ratio (of means), deviation, autocorrelation;
    `symbol`: None for each of the panel's own; `also`: other horizons of the specification curve; `against`: symbol for the share that beats it;
    `own`: the claim's function returns (event, outcome) itself; `elsewhere`: the same outcome of another symbol, None where it has none."""

    label: str
    horizon: int
    columns: Measure
    symbol: str | None = None
    also: tuple[int, ...] = ()
    statistic: str = "mean"
    units: str = "return"
    against: str | None = None
    own: bool = False
    elsewhere: Callable[[str], Outcome] | None = None

    @property
    def risk(self) -> bool:
        """Whether more of it is worse for a holder: sizes of moves, ranges, deviations, and volatility indices."""
        return self.statistic != "mean" or self.symbol in ("VIX", "VVIX", "DVOL")

    @property
    def kind(self) -> str:
        return "event study" if self.statistic == "mean" else "regime comparison"


def around(horizon: int) -> tuple[int, ...]:
    """The neighbours a horizon is judged with: three quarters and five quarters of it."""
    return tuple(sorted({max(1, round(horizon * 0.75)), max(1, round(horizon * 1.25))} - {horizon}))


def forward_return(symbol: str | None, horizon: int, *, also: tuple[int, ...] | None = None, against: str | None = None) -> Outcome:
    """Close `horizon` labels on over the close at the decision, less 1. `against`: also report the share that beats this symbol."""
    words = f"return of {symbol or 'the name'} over {horizon}"
    return Outcome(
        words,
        horizon,
        _of(symbol, _return),
        symbol,
        around(horizon) if also is None else also,
        against=against,
        elsewhere=lambda other: forward_return(other, horizon, also=also, against=against),
    )


def forward_excess(symbol: str | None, over: str, horizon: int, *, also: tuple[int, ...] | None = None) -> Outcome:
    """Forward return less that of `over`."""

    def columns(panel: Panel, h: int) -> list[pd.DataFrame]:
        return [closes(panel, symbol).pipe(_return, h).sub(closes(panel, over).pipe(_return, h).iloc[:, 0], axis=0)]

    return Outcome(
        f"return of {symbol or 'the name'} less {over} over {horizon}",
        horizon,
        columns,
        symbol,
        around(horizon) if also is None else also,
        elsewhere=lambda other: forward_excess(other, over, horizon, also=also),
    )


def forward_drawdown(symbol: str | None, horizon: int, *, also: tuple[int, ...] | None = None) -> Outcome:
    """Lowest close of the next `horizon` labels over the close at the decision, less 1; at most 0. Deeper is lower."""
    words = f"deepest fall of {symbol or 'the name'} within {horizon}"
    return Outcome(
        words,
        horizon,
        _of(symbol, _drawdown),
        symbol,
        around(horizon) if also is None else also,
        elsewhere=lambda other: forward_drawdown(other, horizon, also=also),
    )


def forward_worst(symbol: str | None, horizon: int, *, also: tuple[int, ...] | None = None) -> Outcome:
    """Lowest single return of the next `horizon` labels."""
    return Outcome(
        f"worst day of {symbol or 'the name'} within {horizon}",
        horizon,
        _of(symbol, _worst),
        symbol,
        around(horizon) if also is None else also,
        elsewhere=lambda other: forward_worst(other, horizon, also=also),
    )


def forward_volatility(symbol: str | None, horizon: int, *, also: tuple[int, ...] | None = None) -> Outcome:
    """Root mean square of the next `horizon` returns, a year of the panel's clock."""

    def columns(panel: Panel, h: int) -> list[pd.DataFrame]:
        square = closes(panel, symbol).pct_change(fill_method=None) ** 2
        return [(square.rolling(h).mean().shift(-h) * panel.clock.periods_per_year) ** 0.5]

    words = f"realised volatility of {symbol or 'the name'} over {horizon}"
    return Outcome(
        words,
        horizon,
        columns,
        symbol,
        around(horizon) if also is None else also,
        statistic="ratio",
        units="per year",
        elsewhere=lambda other: forward_volatility(other, horizon, also=also),
    )


def forward_change(field: str, symbol: str, horizon: int, *, also: tuple[int, ...] | None = None, relative: bool = False) -> Outcome:
    """Change of any field of the panel over the next `horizon` labels, in its units or `relative` to its value now."""

    def columns(panel: Panel, h: int) -> list[pd.DataFrame]:
        x = single(panel, field, symbol)
        return [x.shift(-h) / x - 1 if relative else x.shift(-h) - x]

    words, units = f"change of {symbol} {field} over {horizon}", "return" if relative else "units"
    return Outcome(words, horizon, columns, symbol, around(horizon) if also is None else also, units=units)


def next_move(symbol: str | None) -> Outcome:
    """Size of the next return, whatever its sign; compared as a ratio of means inside and outside the regime."""
    return Outcome(
        f"size of the next return of {symbol or 'the name'}",
        1,
        _of(symbol, lambda c, h: _return(c, h).abs()),
        symbol,
        statistic="ratio",
        elsewhere=lambda other: next_move(other),
    )


def next_range(symbol: str) -> Outcome:
    """High less low of the next label, over the close now; as a ratio of means."""

    def columns(panel: Panel, h: int) -> list[pd.DataFrame]:
        return [(single(panel, "high", symbol) - single(panel, "low", symbol)).shift(-h) / closes(panel, symbol)]

    return Outcome(f"range of {symbol} in the next session", 1, columns, symbol, statistic="ratio", elsewhere=lambda other: next_range(other))


def variance_ratio(symbol: str | None) -> Outcome:
    """Deviation of the next return inside the regime over that outside."""

    def columns(panel: Panel, h: int) -> list[pd.DataFrame]:
        y = closes(panel, symbol).pipe(_return, h)
        return [y, y * y]

    return Outcome(
        f"deviation of the next return of {symbol or 'the name'}", 1, columns, symbol, statistic="deviation", elsewhere=lambda other: variance_ratio(other)
    )


def autocorrelation(symbol: str | None) -> Outcome:
    """Correlation of this return with the next inside the regime, less that outside."""

    def columns(panel: Panel, h: int) -> list[pd.DataFrame]:
        c = closes(panel, symbol)
        x, y = c.pct_change(fill_method=None), c.pipe(_return, h)
        return [x, y]

    return Outcome(
        f"autocorrelation of the returns of {symbol or 'the name'}",
        1,
        columns,
        symbol,
        statistic="autocorrelation",
        units="correlation",
        elsewhere=lambda other: autocorrelation(other),
    )


def given(label: str, horizon: int, *, symbol: str | None = None, units: str = "return", ratio: bool = False) -> Outcome:
    """The claim's function returns `(event, outcome)`: for outcomes that hang on levels at the event, or on a spread of names. `horizon` is how far the
    outcome reaches; `ratio` compares means as a ratio."""
    return Outcome(label, horizon, lambda panel, h: [], symbol, statistic="ratio" if ratio else "mean", units=units, own=True)


def closes(panel: Panel, symbol: str | None) -> pd.DataFrame:
    """Closes of a symbol (None: the panel's own), missing where there is none. ClaimError for one of zero or less: no return can be taken of it."""
    frame: pd.DataFrame = panel["close"] if symbol is None else single(panel, "close", symbol)
    bad = np.argwhere(frame.to_numpy() <= 0.0)
    if len(bad):
        row, column = bad[0]
        asked = f"close of {frame.columns[column]} at {frame.index[row]:%Y-%m-%d}"
        raise ClaimError(asked, f"{frame.iloc[row, column]:g}, which is no price", "import it as `value`, which may be negative, or leave the row out")
    return frame


def single(panel: Panel, field: str, symbol: str) -> pd.DataFrame:
    """One symbol's field as a frame of one column."""
    frame: pd.DataFrame = panel[field, symbol].iloc[:, [0]].set_axis([symbol], axis=1)
    return frame


def _of(symbol: str | None, measure: Callable[[pd.DataFrame, int], pd.DataFrame]) -> Measure:
    return lambda panel, h: [measure(closes(panel, symbol), h)]


def _return(close: pd.DataFrame, h: int) -> pd.DataFrame:
    return close.shift(-h) / close - 1


def _drawdown(close: pd.DataFrame, h: int) -> pd.DataFrame:
    return (close.rolling(h).min().shift(-h) / close - 1).clip(upper=0.0)


def _worst(close: pd.DataFrame, h: int) -> pd.DataFrame:
    return close.pct_change(fill_method=None).rolling(h).min().shift(-h)


def path(close: pd.DataFrame, before: int, after: int) -> npt.NDArray[np.float64]:
    """Log price from `before` labels before each label to `after` after it, 0 at the label: T x (before + 1 + after), NaN where missing."""
    log = np.log(close.to_numpy(float)[:, 0])
    shifted = [np.roll(log, -k) for k in range(-before, after + 1)]
    out = np.asarray(np.column_stack(shifted) - log[:, None])
    for at, k in enumerate(range(-before, after + 1)):
        if k > 0:
            out[len(out) - k :, at] = math.nan
        elif k < 0:
            out[:-k, at] = math.nan
    return out
