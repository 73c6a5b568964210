"""The notebook: `import flowbt as fb; r = fb.run("strategies/exit_liquidity.py", hold=5)`. Thin over the studies.

A strategy is a file's path or a function of the notebook. Every act takes the parameters of the strategy as keywords and, as `setup`, where and on what to
run. Nothing is global. What comes back shows itself in a notebook (`displays.py`); tables are pandas frames.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from flowbt.data.panel.reader import open_panel
from flowbt.displays import Backtest, Compared, RegimeBoard, Setup, Swept, WalkedForward
from flowbt.engine.cells import claim_text, strategy_text
from flowbt.engine.loader import MOST
from flowbt.ground.clock import Clock
from flowbt.ground.errors import ParameterError
from flowbt.ground.files import asked_path, hash_text, write_text
from flowbt.ground.types import Function, Moment, Parameters
from flowbt.results import shelf, store
from flowbt.results.belief import belief_now
from flowbt.studies.board.board import SYMBOLS as BOARD_SYMBOLS
from flowbt.studies.board.board import board as board_of
from flowbt.studies.compare.comparison import compare_records
from flowbt.studies.lookahead.check import Report
from flowbt.studies.lookahead.check import check as check_strategy
from flowbt.studies.run.backtest import backtest
from flowbt.studies.run.market import Span
from flowbt.studies.run.request import Request
from flowbt.studies.score.score import Settings
from flowbt.studies.score.score import score as score_claims
from flowbt.studies.sweep.setup import SweepRequest
from flowbt.studies.sweep.sweep import SweepOptions as Way
from flowbt.studies.sweep.sweep import sweep as sweep_trials
from flowbt.studies.sweep.values import Search
from flowbt.studies.sweep.walkforward import WindowPlan, walk_forward_study

if TYPE_CHECKING:
    from flowbt.data.panel.reader import PanelReader

StrategyLike = str | Path | Function
CELLS = "_cells"  # of the results: the files that stand for functions of a notebook


def run(strategy: StrategyLike, *, symbols: Sequence[str] = (), setup: Setup | None = None, **parameters: Any) -> Backtest:
    """Backtest a strategy file, or a function of a notebook; unknown parameters are refused with the nearest names. Raises as `flowbt run` does.

    `symbols`: trade these in place of the file's; what a function trades where no SYMBOLS is in the notebook. The ledger counts all that one name
    ever decided as one search, however the file or the cell was edited.
    """
    setup = setup or Setup()
    path, command = _file(strategy, symbols, setup, own_symbols=True), _command("run", strategy, symbols, parameters)
    more = () if callable(strategy) else tuple(symbols)
    asked = Request(path, parameters, Span(setup.start, setup.end), benchmark=setup.benchmark, seed=setup.seed, command=command, symbols=more)
    return Backtest(backtest(setup.catalog(), asked), setup)


def sweep(
    strategy: StrategyLike,
    *,
    symbols: Sequence[str] = (),
    setup: Setup | None = None,
    number: int = 0,
    constraints: tuple[str, ...] = (),
    sort: str = "sharpe",
    **values: object,
) -> Swept:
    """Sweep a strategy file or a function over `values`: a sequence per parameter, or text such as "0.01:0.04:0.005"; GRID where none is given.

    `number`: so many random points in place of the whole grid. `constraints`: expressions such as "fast < slow". The best trial is stored as a run.
    """
    setup = setup or Setup()
    asked = replace(_swept("sweep", strategy, symbols, setup, values), constraints=constraints, sort=sort)
    if number:
        asked = replace(asked, search=Search("random", number, setup.seed))
    return Swept(*sweep_trials(setup.catalog(), asked, Way(Path(setup.results), tearsheets=1)), setup)


def walkforward(
    strategy: StrategyLike,
    *,
    symbols: Sequence[str] = (),
    setup: Setup | None = None,
    train: str = "3y",
    test: str = "1y",
    sort: str = "sharpe",
    **values: object,
) -> WalkedForward:
    """Choose parameters on `train` (bars, or time such as 3y), trade them on the `test` that follows, window after window. `values` as in `sweep`."""
    setup = setup or Setup()
    asked = replace(_swept("walkforward", strategy, symbols, setup, values), sort=sort)
    return WalkedForward(*walk_forward_study(setup.catalog(), asked, WindowPlan(train, test), Path(setup.results)), setup)


def check(strategy: StrategyLike, *, symbols: Sequence[str] = (), setup: Setup | None = None, **parameters: Any) -> Report:
    """Probe a strategy file or a function for use of the future, and measure its warm-up: `leaks` is empty where nothing was found."""
    setup = setup or Setup()
    return check_strategy(setup.catalog(), _file(strategy, symbols, setup), parameters)


def compare(*runs: Backtest | str, setup: Setup | None = None) -> Compared:
    """Compare runs: results of `run`, or names of stored runs."""
    if len(runs) < 2:
        raise ParameterError("compare", f"{len(runs)} run given", "give two or more")
    root = Path((setup or Setup()).results)
    records = [store.load(shelf.find(root, one).path) if isinstance(one, str) else one.run.record for one in runs]
    beliefs = [belief_now(root, record.manifest, record.metrics) if isinstance(one, str) else one.belief for one, record in zip(runs, records, strict=True)]
    return Compared(compare_records(records, beliefs))


def panel(*symbols: str, clock: str = "XNYS", step: str = "1d", setup: Setup | None = None) -> PanelReader:
    """The point-in-time panel that strategies see: `panel("SPY", "QQQ")["close"]`."""
    setup = setup or Setup()
    return open_panel(setup.catalog(), symbols, Clock(clock, step), setup.start, setup.end)


def board(asof: Moment | None = None, symbols: Sequence[str] = (), setup: Setup | None = None) -> RegimeBoard:
    """The regime board of a day (default: the last session with prices)."""
    return RegimeBoard(board_of((setup or Setup()).catalog(), asof, symbols or BOARD_SYMBOLS))


def score(*targets: str | Function, resamples: int = 10_000, setup: Setup | None = None) -> pd.DataFrame:
    """Score claim files, folders, one claim (`FILE::claim`), or functions of a notebook marked with @claim: one row per claim, verdict and evidence."""
    setup = setup or Setup()
    files = tuple(str(_kept(one.__name__, claim_text(one), setup)) if callable(one) else one for one in targets)
    scored = score_claims(files, setup.catalog(), Settings(resamples=resamples))
    table = pd.DataFrame([{name: getattr(finding, name) for name in SCORED} for finding in scored.findings], columns=list(SCORED)).set_index("id")
    table.columns.name = "SYNTHETIC" if scored.synthetic else "real data"  # shown by the table itself
    table.attrs.update(problems=list(scored.problems), synthetic=scored.synthetic)
    return table


SCORED = (
    "id", "title", "verdict", "measured", "baseline", "effect", "low", "high", "n", "n_effective", "p", "q", "share_agree", "smallest", "sentence",
)  # fmt: skip


def _swept(act: str, strategy: StrategyLike, symbols: Sequence[str], setup: Setup, values: Parameters) -> SweepRequest:
    texts = {name: value if isinstance(value, str) else ",".join(map(str, _few(name, value))) for name, value in values.items() if isinstance(value, Iterable)}
    texts |= {name: str(value) for name, value in values.items() if name not in texts}
    command = _command(act, strategy, symbols, texts)
    return SweepRequest(_file(strategy, symbols, setup), texts, Span(setup.start, setup.end), search=Search(seed=setup.seed), command=command)


def _few(name: str, values: Iterable[object]) -> list[object]:
    found = list(islice(values, MOST + 1))
    if len(found) > MOST:
        raise ParameterError(f"values of {name}", f"more than {MOST:,}", 'give fewer, or a range with a step such as "1:9:2"')
    return found


def _command(act: str, strategy: StrategyLike, symbols: Sequence[str], parameters: Parameters) -> str:
    first = getattr(strategy, "__name__", "") or repr(str(strategy))
    more = [f"symbols={tuple(symbols)!r}"] if symbols else []
    return f"fb.{act}({', '.join([first, *more, *(f'{name}={value!r}' for name, value in parameters.items())])})"


def _file(strategy: StrategyLike, symbols: Sequence[str], setup: Setup, *, own_symbols: bool = False) -> Path:
    """The strategy's file; of a function, one that is written for it."""
    if isinstance(symbols, (str, Set)) or not isinstance(symbols, Iterable):
        raise ParameterError(f"symbols={symbols!r}", f"a {type(symbols).__name__}", 'give several in their order, for example symbols=("SPY",)')
    if callable(strategy):
        return _kept(getattr(strategy, "__name__", "strategy"), strategy_text(strategy, tuple(symbols)), setup)
    if symbols and not own_symbols:
        raise ParameterError(f"symbols={tuple(symbols)!r} with a file", "the file names its own", "change its SYMBOLS, or give a function")
    return asked_path(strategy, "strategy")


def _kept(name: str, text: str, setup: Setup) -> Path:
    """The file of a function, under the results: its folder is named by its content, so that an edited cell is another file."""
    path = Path(setup.results) / CELLS / hash_text(text)[:12] / f"{name}.py"
    if not path.is_file():
        with shelf.storing(path, "write"):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_text(path, text)
    return path
