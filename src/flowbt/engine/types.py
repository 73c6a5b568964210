"""What strategies return and what the simulation takes. Shapes: T bars x N symbols. What it gives: `book.py`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowbt.ground.clock import Clock
from flowbt.ground.errors import EngineError

if TYPE_CHECKING:
    from flowbt.options.daily import DaySurfaces

Array = npt.NDArray[np.float64]
Frame = pd.DataFrame
PRICES = ("open", "high", "low", "close", "funding")
USUAL = {"stop": 1.0, "trail": 1.0, "take": 5.0, "size": 10.0, "fees": 0.05, "slippage": 0.05, "borrow": 2.0}
"""What no one means as a fraction: a number at or above is more likely a percentage, and is asked about."""


def frozen(values: npt.ArrayLike, dtype: npt.DTypeLike = np.float64) -> npt.NDArray[Any]:
    """As a C-contiguous, read-only array, copied only where it has to be: compiled code sees one type, and nobody writes into another's data."""
    out = np.ascontiguousarray(values, dtype=dtype).view()
    out.flags.writeable = False
    return out


@dataclass(frozen=True)
class Signals:
    """Entries and exits decided at a bar and filled at the next open.

    `long`, `short`, `exit`: bool frames; `exit` may also hold the fraction of the position to close (0..1). `hold`: bars. `stop`,
    `take`: fractions of the entry price; `trail`: of the best price since. `size`: fraction of equity per position (default 1 / number
    of symbols). All four and `hold`: a number or a frame. `structure`: an option structure to trade in place of the symbol itself.
    """

    long: Frame | None = None
    short: Frame | None = None
    exit: Frame | None = None
    hold: float | Frame | None = None
    stop: float | Frame | None = None
    take: float | Frame | None = None
    trail: float | Frame | None = None
    size: float | Frame | None = None
    structure: Any = None


@dataclass(frozen=True)
class Targets:
    """Continuous positions: `weights` are signed fractions of equity, rebalanced at the next open when off by more than `band`."""

    weights: Frame
    band: float | Frame = 0.0


@dataclass(frozen=True)
class Costs:
    """Fractions of notional per fill (`fees`, `slippage`), per year on short notional (`borrow`); `funding`: apply perpetual funding."""

    fees: float = 0.0001
    slippage: float = 0.0002
    borrow: float = 0.003
    funding: bool = True

    def __post_init__(self) -> None:
        """EngineError for costs that cannot be."""
        for name in ("fees", "slippage", "borrow"):
            value, per = term(self, name, 0.0), "a year" if name == "borrow" else "of each fill"
            if value >= USUAL[name]:
                meant = f"is {value / 100:g} ({value:g}%) or {value / 1e4:g} ({value:g} bp) meant?"
                raise EngineError(f"{name} of {value:g}", f"that is {value:.0%} {per}", f"{name} is a fraction: {meant}")
        if not isinstance(self.funding, (bool, np.bool_)):
            raise EngineError(f"funding of {self.funding!r}", "not True or False", "say whether perpetual funding is paid")


@dataclass(frozen=True)
class Account:
    """Starting cash; a short whose loss reaches `margin` x its entry notional is liquidated; gross notional at most `max_gross` x equity."""

    cash: float = 100_000.0
    margin: float = 1.0
    max_gross: float = 1.0

    def __post_init__(self) -> None:
        """EngineError for an account that cannot be."""
        for name in ("cash", "margin", "max_gross"):
            term(self, name, 1e-6)


def term(terms: Costs | Account, name: str, least: float) -> float:
    """A term as a number. EngineError where it is none, not finite, or less than `least`."""
    value = getattr(terms, name)
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise EngineError(f"{name} of {value!r}", f"a {type(value).__name__}", f"give a finite number of at least {least:g}")
    if not least <= value < 1e300:
        shown = f"{value:g}" if isinstance(value, (float, np.floating)) or abs(int(value)) < 10**300 else "more than 300 digits"
        raise EngineError(f"{name} of {shown}", "", f"give a finite number of at least {least:g}")
    return float(value)


@dataclass(frozen=True)
class Labels:
    """The rows and columns that frames are held to."""

    index: pd.DatetimeIndex
    symbols: tuple[str, ...]


@dataclass(frozen=True)
class Market:
    """The bars that are traded. Arrays are T x N, read-only; `funding` is the sum of rates settled inside each bar (fraction of notional).
    `surfaces`: of options on each symbol, where chains of it are stored (empty: none is).

    The one shape of prices: runs, sweeps and windows trade on it or on a `cut` of it, and nothing writes into it.
    """

    index: pd.DatetimeIndex
    symbols: tuple[str, ...]
    open: Array
    high: Array
    low: Array
    close: Array
    funding: Array
    clock: Clock = field(default_factory=Clock)
    surfaces: tuple[DaySurfaces | None, ...] = ()

    def __post_init__(self) -> None:
        for name in PRICES:
            object.__setattr__(self, name, frozen(getattr(self, name)))

    @property
    def year(self) -> float:
        """Bars per year: 252, 365, 8760."""
        return self.clock.periods_per_year

    @cached_property
    def mark(self) -> Array:
        """What a position is worth a unit (T x N): the last known close; before any, the last open above zero. Missing where neither is known yet."""
        if not np.isnan(self.close).any():
            return self.close
        close, opened = pd.DataFrame(self.close), pd.DataFrame(np.where(self.open > 0.0, self.open, np.nan))
        return frozen(close.ffill().fillna(opened.ffill()))

    def cut(self, first: int, last: int) -> Market:
        """Bars [first, last), as a market of their own: what came before is not known in it, and nothing is carried beyond its end."""
        surfaces = tuple(one and one.cut(first, min(last, len(self.index))) for one in self.surfaces)
        return replace(self, index=self.index[first:last], surfaces=surfaces, **{name: getattr(self, name)[first:last] for name in PRICES})
