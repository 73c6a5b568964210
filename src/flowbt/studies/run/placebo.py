"""Placebos: a strategy's own decisions, rotated in time. The same activity, on the same symbols, with nothing left to know.

How often does the same activity, at other times, do as well?
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowbt.engine.book import Book
from flowbt.engine.decisions import no_rules, plan_of, rules_of
from flowbt.engine.simulate import bars_of
from flowbt.engine.sweep.rotations import rotated_rules, rules_are_numbers
from flowbt.engine.types import Signals, Targets, frozen
from flowbt.engine.walk.kernel import Rules, Terms, run_signals, run_targets
from flowbt.evidence.sharpe import per_bar_sharpe
from flowbt.evidence.timing import Timing, skill_of, timing_of
from flowbt.ground.errors import SignalError
from flowbt.ground.types import Json
from flowbt.studies.run.request import Prepared

Array = npt.NDArray[np.float64]
TENFOLD = 10.0
LARGE = 100_000  # symbol-bars from which the sweep's kernels walk the rotations; loading them takes longer than they save before
COLUMNS = 256  # symbols whose holdings are worked out together
LEAST = 63  # bars: further than the memory of most events
SEED = 7  # of the rotations a run is judged by: nobody chooses those that it beats


def placebo_of(decision: Signals | Targets, seed: int) -> Signals | Targets:
    """The decision with all its frames rotated (circularly shifted) by one seeded number of bars, the same for every frame and symbol.

    The offset is at least max(hold, 63) bars either way round, less where the span is too short for it. Numbers stay as they are.
    """
    return next(placebos_of(decision, 1, seed))


def placebos_of(decision: Signals | Targets, count: int, seed: int) -> Iterator[Signals | Targets]:
    """`count` rotations with different seeded offsets; fewer where there are fewer offsets than that."""
    frames = {part.name: getattr(decision, part.name) for part in fields(decision) if isinstance(getattr(decision, part.name), pd.DataFrame)}
    for offset in offsets_of(decision, len(next(iter(frames.values()))), count, seed):
        moved: Json = {name: rotate(frame, offset) for name, frame in frames.items()}
        yield replace(decision, **moved)


def offsets_of(decision: Signals | Targets, bars: int, count: int, seed: int) -> list[int]:
    """`count` seeded numbers of bars, at least max(hold, 63) either way round; nearer, down to a quarter of the span, where that leaves fewer than `count`.

    Each once, so there may be fewer: a world that is counted twice is no more evidence than once.
    """
    least = min(max(_longest_hold(decision), LEAST), max((bars - count) // 2, bars // 4))
    offsets = np.arange(max(least, 1), bars - max(least, 1) + 1)
    return [int(one) for one in np.random.default_rng(seed).choice(offsets, size=min(count, len(offsets)), replace=False)]


def rotate(frame: pd.DataFrame, offset: int) -> pd.DataFrame:
    """`frame` with its rows moved down by `offset`, those that fall off coming back at the top; labels, columns and dtypes stay."""
    moved = {name: np.roll(frame[name].to_numpy(), offset) for name in frame}
    return pd.DataFrame(moved, index=frame.index, columns=frame.columns)


def _longest_hold(decision: Signals | Targets) -> int:
    hold = getattr(decision, "hold", None)
    if hold is None:
        return 0
    longest = float(np.nanmax(np.append(np.asarray(hold, dtype=float), 0.0)))
    return int(longest) if np.isfinite(longest) else 0


@dataclass(frozen=True)
class Placebos:
    """Annual Sharpe ratios after costs; `real` is NaN where the strategy never traded. `variance` is per period. `timing`: the run against its rotations and
    against holding its average exposure."""

    real: float
    placebos: tuple[float, ...]
    variance: float
    timing: Timing

    @property
    def mean(self) -> float:
        return float(np.mean(self.placebos)) if self.placebos else math.nan

    def quantile(self, q: float) -> float:
        return float(np.quantile(self.placebos, q)) if self.placebos else math.nan


@contextmanager
def rotated(prepared: Prepared, count: int, seed: int) -> Iterator[Iterator[Array]]:
    """The returns of `count` rotations of the decision with the same costs and account; of a large market they are walked beside what the block does."""
    rules = plain_rules(prepared) if count and prepared.market.close.size > LARGE else None
    if not count:
        yield iter(())
    elif getattr(prepared.decision, "structure", None) is not None:
        yield rotated_structures(prepared, count, seed)
    elif rules is not None:
        bars, offsets = bars_of(prepared.market, prepared.costs), offsets_of(prepared.decision, len(prepared.market.index), count, seed)
        with rotated_rules(bars, rules, terms_of(prepared), offsets) as returns:
            yield returns
    else:
        yield rotated_returns(prepared, count, seed)


def plain_rules(prepared: Prepared) -> Rules | None:
    """The rules of signals that the sweep's kernels can walk; None for others, and for signals that cannot be simulated: the simulation says why."""
    if not isinstance(prepared.decision, Signals) or prepared.decision.structure is not None:
        return None
    try:
        rules = rules_of(prepared.decision, prepared.market)
    except SignalError:
        return None
    return rules if rules_are_numbers(rules) else None


def against_placebos(prepared: Prepared, book: Book, count: int, seed: int) -> Placebos:
    """The book beside `count` rotations of the decision with the same costs and account."""
    with rotated(prepared, count, seed) as rotations:
        return beside(prepared, book, rotations)


def beside(prepared: Prepared, book: Book, rotations: Iterator[Array]) -> Placebos:
    """The book beside the returns of rotations of its decision."""
    year, returns, trades = prepared.market.year, _values(book), len(book.trades)
    real = per_bar_sharpe(returns)
    if not math.isfinite(real):
        return Placebos(math.nan, (), math.nan, timing_of(math.nan, np.empty(0), None, trades, year))
    per_period = np.nan_to_num([per_bar_sharpe(one) for one in rotations])  # a placebo without trades has Sharpe 0
    count = len(per_period)
    variance = float(np.var(per_period, ddof=1)) if count > 1 else math.nan
    annual = per_period * math.sqrt(year)
    timing = timing_of(real * math.sqrt(year), annual, skill_of(returns, held_exposure(book, prepared.costs.funding)), trades, year)
    return Placebos(real * math.sqrt(year), tuple(float(x) for x in annual), variance, timing)


def rotated_returns(prepared: Prepared, count: int, seed: int) -> Iterator[Array]:
    """The returns of `placebos_of`, straight from the kernel: decisions become arrays once, no book is made."""
    market, decision, account = prepared.market, prepared.decision, prepared.account
    bars = bars_of(market, prepared.costs)
    terms = terms_of(prepared)
    rules = rules_of(decision, market) if isinstance(decision, Signals) else no_rules()
    plan = plan_of(decision, market) if isinstance(decision, Targets) else None
    for offset in offsets_of(decision, len(market.index), count, seed):
        if plan is None:
            moved = Rules(*(frozen(np.roll(part, offset, axis=0), part.dtype) for part in rules))
            tape, _ = run_signals(bars, moved, terms)
        else:
            tape, _ = run_targets(bars, plan._replace(weights=frozen(np.roll(plan.weights, offset, axis=0))), rules, terms)
        before = np.concatenate([[account.cash], tape.value[:-1]])
        yield np.divide(tape.value, before, out=np.ones_like(before), where=before > 0.0) - 1.0


def terms_of(prepared: Prepared) -> Terms:
    """Account and costs as the kernels take them."""
    account, costs = prepared.account, prepared.costs
    return Terms(account.cash, costs.fees, costs.slippage, costs.borrow, account.margin, account.max_gross)


def rotated_structures(prepared: Prepared, count: int, seed: int) -> Iterator[Array]:
    """The returns of `placebos_of` where an option structure is traded: no book is made, and an option is priced once a bar for all of them."""
    from flowbt.engine.options.run import prepared_walk, rotated_values, rules_of_structure

    market, account, decision = prepared.market, prepared.account, prepared.decision
    assert isinstance(decision, Signals)
    given = prepared_walk(market, bars_of(market, prepared.costs), decision, prepared.costs, account)
    for value in rotated_values(given, rules_of_structure(decision, market), offsets_of(decision, len(market.index), count, seed)):
        before = np.concatenate([[account.cash], value[:-1]])
        yield np.divide(value, before, out=np.ones_like(before), where=before > 0.0) - 1.0


def held_exposure(book: Book, carry: bool = True) -> Iterator[tuple[Array, Array]]:
    """Signed fractions of equity held over each bar (at the mark before it), and the simple returns of what is held: T x N each, 0 where missing, in blocks of
    columns. With `carry`, dividends and funding are part of the return: who holds the average exposure gets and pays them as well.

    A return over tenfold counts as tenfold: an option may begin at next to nothing while nobody holds it.
    """
    bar, column = book.orders["bar"].to_numpy(int), pd.Index(book.market.symbols).get_indexer(pd.Index(book.orders["symbol"]))
    signed = book.orders["units"].where(book.orders["side"] == "buy", -book.orders["units"]).to_numpy(float)
    value = np.concatenate([[book.account.cash], book.value.to_numpy(float)[:-1]])
    for first in range(0, len(book.market.symbols), COLUMNS):
        mark = pd.DataFrame(book.market.close[:, first : first + COLUMNS]).ffill().to_numpy()
        units, mine = np.zeros(mark.shape), (column >= first) & (column < first + COLUMNS)
        np.add.at(units, (bar[mine], column[mine] - first), signed[mine])
        before = np.vstack([mark[:1], mark[:-1]])
        exposure = np.cumsum(units, axis=0) * before / np.maximum(value, 1e-9)[:, None]
        with np.errstate(all="ignore"):  # of prices of nothing, or next to nothing
            kept = 1.0 - np.nan_to_num(book.market.funding[:, first : first + COLUMNS]) if carry else 1.0
            moved = np.clip(np.nan_to_num(mark / before * kept - 1, posinf=0.0), -1.0, TENFOLD)
        yield np.nan_to_num(exposure), moved


def _values(book: Book) -> Array:
    return np.asarray(book.returns.to_numpy(), dtype=float)
