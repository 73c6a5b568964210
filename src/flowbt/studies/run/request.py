"""What a run is asked to do, and a strategy decided on its panel before any simulation."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from flowbt.data.panel.reader import PanelReader
from flowbt.data.panel.views import Recalled
from flowbt.engine.loader import Strategy
from flowbt.engine.types import Account, Costs, Market, Signals, Targets
from flowbt.ground.errors import ParameterError, check_seed
from flowbt.ground.types import Parameters
from flowbt.studies.run.market import Span


@dataclass(frozen=True)
class Request:
    """What a run is asked to do. None leaves it to the strategy file."""

    path: Path
    parameters: Parameters = field(default_factory=dict)
    span: Span = field(default_factory=Span)
    decide_at: str | None = None
    costs: Costs | None = None
    account: Account | None = None
    benchmark: str | None = None  # "none" for no benchmark
    rotations: int = 199  # of its own decisions, as placebos; 0: none
    keep_leak: bool = False  # a decision that uses the future: keep the run, marked, in place of refusing it
    seed: int = 7  # of the one placebo that is drawn
    command: str = ""
    symbols: tuple[str, ...] = ()  # trade these in place of the file's

    def __post_init__(self) -> None:
        """ParameterError for a seed or symbols that cannot be used; the span, costs and account have checked themselves."""
        check_seed(self.seed)
        if not (self.benchmark is None or isinstance(self.benchmark, str)) or not all(isinstance(one, str) for one in self.symbols):
            raise ParameterError(f"symbols {self.symbols}, benchmark {self.benchmark!r}", "not every one is a text", 'name symbols, such as "SPY"')
        if len(set(self.symbols)) < len(self.symbols) or not all(self.symbols):
            raise ParameterError(f"symbols {','.join(self.symbols)}", "one is named twice, or is empty", "name each symbol once")
        if self.rotations < 0:
            raise ParameterError(f"{self.rotations} rotations", "less than none", "give 0 or more")


@dataclass(frozen=True)
class Prepared:
    """A strategy decided on its panel, before any simulation."""

    strategy: Strategy
    parameters: dict[str, object]
    panel: PanelReader
    market: Market
    decision: Signals | Targets
    costs: Costs
    account: Account
    raw: object = None  # the decision on the whole panel, before it was cut
    features: Recalled | None = None  # what it asked of flowbt's own features


@dataclass(frozen=True)
class Benchmark:
    """What a run is compared with: a symbol held over the run's bars, its simple returns, and the [hash, rules] of the datasets they were read of."""

    symbol: str | None = None
    returns: pd.Series | None = None
    data: tuple[tuple[str, str], ...] = ()
