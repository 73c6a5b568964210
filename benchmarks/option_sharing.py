"""Trials of an option structure with the prices of contracts shared by all, against pricing per trial; and rotations of one run, both ways.

Usage: python benchmarks/option_sharing.py [bars]

Both sides in one run, in turns, on the same decisions; the values of every trial are compared.
"""

from __future__ import annotations

import sys
import time
from itertools import product

import numpy as np
import pandas as pd

from flowbt.engine.options import structures as st
from flowbt.engine.options.run import outcome_of, prepared_walk, rules_of_structure
from flowbt.engine.options.valuation import SharedPrices
from flowbt.engine.simulate import bars_of
from flowbt.engine.types import Account, Costs, Market, Signals
from flowbt.ground.clock import Clock

ROTATIONS = 40


def made_market(bars: int) -> tuple[Market, pd.Series]:
    """A made-up index with its volatility index, `bars` sessions."""
    rng = np.random.default_rng(3)
    index = Clock().labels("2010-01-04", "2030-12-31")[:bars]
    close = 100 * np.exp(np.cumsum(rng.normal(0.0002, 0.01, (bars, 1)), axis=0))
    opened = np.vstack([[[100.0]], close[:-1]]) * np.exp(rng.normal(0, 0.002, (bars, 1)))
    market = Market(index, ("SPX",), opened, np.maximum(opened, close) * 1.002, np.minimum(opened, close) * 0.998, close, np.zeros((bars, 1)))
    return market, pd.Series(18 + 4 * np.sin(np.arange(bars) / 60), index)


def trials(market: Market, iv: pd.Series, american: bool) -> list[Signals]:
    """Calls sold after rises and put spreads bought after falls: the rules differ, the contracts are often the same."""
    close = pd.DataFrame(market.close, market.index, list(market.symbols))
    spread = st.put_spread(iv, st.moneyness(1.0), st.delta(0.2), days=30).with_(american=american, rate=0.03, dividend=0.015)
    return [
        Signals(long=close.pct_change(window) < fall, hold=hold, take=take, size=0.02, structure=spread)
        for window, fall, hold, take in product((3, 5, 8), (-0.01, 0.0), (5, 10, 21), (0.5, 1.0))
    ]


def walked(market: Market, decisions: list[Signals], shared: bool) -> tuple[float, list[np.ndarray]]:
    """Seconds, and the values of every trial."""
    bars, kept, out = bars_of(market, Costs()), SharedPrices(), []
    start = time.perf_counter()
    for one in decisions:
        prices = kept if shared else SharedPrices()
        out.append(outcome_of(prepared_walk(market, bars, one, Costs(), Account()), rules_of_structure(one, market), prices).value)
    return time.perf_counter() - start, out


def compared(words: str, market: Market, decisions: list[Signals]) -> None:
    walked(market, decisions[:1], True)
    alone, shared = [], []
    for _ in range(2):
        took, first = walked(market, decisions, False)
        alone.append(took)
        took, second = walked(market, decisions, True)
        shared.append(took)
        assert all((a == b).all() for a, b in zip(first, second, strict=True))
    ratio = min(alone) / min(shared)
    print(f"{words}: priced per trial {min(alone):.2f} s, shared {min(shared):.2f} s, {ratio:.1f} times as fast; values equal to the bit")


def main() -> None:
    market, iv = made_market(int(sys.argv[1]) if len(sys.argv) > 1 else 1260)
    for american in (False, True):
        style = "American" if american else "European"
        decisions = trials(market, iv, american)
        compared(f"{len(decisions)} trials of a put spread over {len(market.index)} sessions, {style}", market, decisions)
        one = decisions[0]
        turned = [
            Signals(**{**vars(one), "long": pd.DataFrame(np.roll(one.long.to_numpy(), 63 + 7 * n, axis=0), one.long.index, one.long.columns)})
            for n in range(ROTATIONS)
        ]
        compared(f"{ROTATIONS} rotations of one run, {style}", market, turned)


if __name__ == "__main__":
    main()
