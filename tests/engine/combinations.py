"""Every kind of rule on one market, in a process of its own: python -m tests.engine.combinations prints how many functions were compiled anew."""

from __future__ import annotations

import itertools
import sys
from typing import Any

import numpy as np
from numba.core.dispatcher import Dispatcher
from tests.engine import cases
from tests.studies.sweep.markets import random_market, sweeper_of

from flowbt.engine.simulate import simulate
from flowbt.engine.types import Signals, Targets


def by_level(panel: Any, *, window: int, hold: Any, stop: Any, size: Any) -> Signals:
    change = panel["close"].pct_change(window, fill_method=None)
    return Signals(long=change > 0, exit=change < -0.01, hold=hold, stop=stop, take=stop, size=size)


def every_combination(symbols: int) -> int:
    """Run them all; the number of runs."""
    m, n = cases.market(np.random.default_rng(0), symbols=symbols), 0
    yes = cases.frame(m, np.random.default_rng(1).random(m.close.shape) < 0.2)
    for leave, rule, size, both in itertools.product((None, yes.shift(1), yes * 0.5), (None, 3, yes + 1.0), (None, 0.2, yes * 0.5), (False, True)):
        part = None if rule is None else rule * 0.1
        simulate(m, Signals(long=yes, short=yes.shift(2) if both else None, exit=leave, hold=rule, stop=part, take=part, trail=part, size=size))
        n += 1
    simulate(m, Targets(yes * 0.4))
    for gaps in (False, True):
        sweeper = sweeper_of(by_level, random_market(n=symbols, gaps=gaps), {"window": (2, 3), "hold": (None, 4), "stop": (None, 0.02), "size": (None, 0.3)})
        sweeper.run(sweeper.space.codes(np.arange(sweeper.space.size)))
    return n


def dispatchers() -> set[Dispatcher]:
    modules = [module for name, module in list(sys.modules.items()) if name.startswith("flowbt.engine")]
    return {one for module in modules for one in vars(module).values() if isinstance(one, Dispatcher)}


if __name__ == "__main__":
    every_combination(1)
    print(sum(sum(one.stats.cache_misses.values()) for one in dispatchers()))
