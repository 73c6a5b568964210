"""From a decision to a book: the market's bars, what was decided, the costs and the account.

1. the decision becomes arrays, checked (`decisions.py`);
2. the bars are made whole: marks where a close is missing, extremes where a high or low is;
3. the kernel walks the bars (`walk/kernel.py`; order of events in docs/engine.md);
4. its tape becomes tables (`walk/tape.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from flowbt.engine.book import Book
from flowbt.engine.decisions import days_to_next, no_rules, plan_of, rules_of
from flowbt.engine.types import PRICES, Account, Costs, Market, Signals, Targets, frozen
from flowbt.engine.walk.kernel import Bars, Terms, run_signals, run_targets
from flowbt.engine.walk.tape import book_of
from flowbt.ground.errors import EngineError, SignalError

if TYPE_CHECKING:
    from flowbt.engine.options.valuation import SharedPrices


def simulate(
    market: Market, decision: Signals | Targets, costs: Costs | None = None, account: Account | None = None, prices: SharedPrices | None = None
) -> Book:
    """Trade `decision` on `market`: decided at bar t - 1, filled at the open of bar t. `prices`: of option contracts, shared by runs.

    Raises SignalError for a decision of the wrong kind, shape or range; EngineError for bars or terms that cannot be used, and where a
    position was held in a bar whose funding rate is missing.
    """
    costs, account = costs or Costs(), account or Account()
    bars = bars_of(market, costs)
    if isinstance(decision, Signals) and decision.structure is not None:
        from flowbt.engine.options.run import simulate_structure

        return checked(simulate_structure(market, bars, decision, costs, account, prices))
    terms = Terms(account.cash, costs.fees, costs.slippage, costs.borrow, account.margin, account.max_gross)
    if isinstance(decision, Targets):
        tape, count = run_targets(bars, plan_of(decision, market), no_rules(), terms)
    elif isinstance(decision, Signals):
        tape, count = run_signals(bars, rules_of(decision, market), terms)
    else:
        raise SignalError("Signals or Targets", f"a {type(decision).__name__}", "return flowbt.Signals(...) or flowbt.Targets(...)")
    return checked(book_of(market, account, bars, tape, count))


def bars_of(market: Market, costs: Costs) -> Bars:
    """Bars without gaps in marks (`Market.mark`); a missing high or low is the larger or smaller of the bar's open and close.

    EngineError for no bars, other shapes, or labels that go back or repeat.
    """
    shape = (len(market.index), len(market.symbols))
    for name in PRICES:
        if getattr(market, name).shape != shape:
            raise EngineError(f"{name} of {shape[0]} bars x {shape[1]} symbols", f"{getattr(market, name).shape}", "rebuild the market from the panel")
    if 0 in shape:
        raise EngineError("a market to trade", f"{shape[0]} bars x {shape[1]} symbols", "widen the dates or name a symbol")
    if not market.index.is_monotonic_increasing or not market.index.is_unique:
        raise EngineError("bars in order of time", "labels that go back or repeat", "sort the market and drop repeated labels")
    opened = market.open if (market.open > 0.0).all() else np.where(market.open > 0.0, market.open, np.nan)  # a price of zero or less cannot be traded
    high = np.where(np.isnan(market.high), np.fmax(opened, market.close), market.high) if np.isnan(market.high).any() else market.high
    low = np.where(np.isnan(market.low), np.fmin(opened, market.close), market.low) if np.isnan(market.low).any() else market.low
    funding = market.funding if costs.funding else np.zeros(shape)
    return Bars(frozen(opened), frozen(high), frozen(low), market.mark, frozen(funding), days_to_next(market.index))


def checked(book: Book) -> Book:
    """Raises EngineError where a position was held in a bar without a funding rate."""
    missing = np.argwhere(np.isnan(book.carry))
    if len(missing):
        t, j = missing[0]
        asked = f"funding of {book.market.symbols[j]} at {book.market.index[t]:%Y-%m-%d %H:%M}"
        raise EngineError(asked, "a position was held and the rate is missing", "import it, start later, or use Costs(funding=False)")
    return book
