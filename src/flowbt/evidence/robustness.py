"""What a result leans on: its costs, and a few trades, symbols or years. Arithmetic on a finished run, nothing is simulated again."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from flowbt.evidence.sharpe import per_bar_sharpe

BEST, MOST = 0.05, 10  # share of the closed trades that is left out as the best, at least one, at most a handful: many small profits are no concentration


@dataclass(frozen=True)
class Robustness:
    """`cost_bp`, `break_even_bp`: fees and slippage as assumed, and at which nothing is left, in bp of notional per fill. `sharpe_double_costs`: per year.
    `return_without_best`: profit over starting capital without the best trades (`best_left_out` of them). Shares are of the total profit: over 1 where the
    rest lost; NaN where there is no profit, no trade, or no fill."""

    cost_bp: float
    break_even_bp: float
    sharpe_double_costs: float
    return_without_best: float
    best_left_out: int
    top_symbol: str
    top_symbol_share: float
    top_year: str
    top_year_share: float

    def to_dict(self) -> dict[str, float | int | str | None]:
        """JSON-safe: NaN is None."""
        return {name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in asdict(self).items()}


def robustness(returns: pd.DataFrame, trades: pd.DataFrame, year: float, cash: float) -> Robustness:
    """Measure what a run leans on.

    `returns`: the run's bars with `value`, `strategy` (simple net return), `turnover` (notional traded over equity), `fees`, `slippage` (cash, costs
    positive). `trades`: with `symbol`, `pnl`, `exit_label`, `reason`; only closed ones count. `year`: bars per year. `cash`: starting capital.
    Twice the costs: each bar's fees and slippage are taken from its return once more (sizes are not changed by it).
    """
    value = returns["value"].to_numpy(float)
    before = np.concatenate([[cash], value[:-1]])
    paid = (returns["fees"] + returns["slippage"]).fillna(0.0).to_numpy(float)
    traded = float((returns["turnover"].fillna(0.0).to_numpy(float) * before).sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        doubled = returns["strategy"].to_numpy(float) - np.where(before > 0, paid / before, 0.0)
    profit = float(value[-1] - cash) if len(value) else math.nan
    closed = trades[trades["exit_label"].notna() & (trades["reason"] != "open")] if len(trades) else trades
    pnl = np.sort(closed["pnl"].to_numpy(float)) if len(closed) else np.empty(0)
    best = min(max(1, round(BEST * len(pnl))), MOST) if len(pnl) else 0
    symbol, symbol_share = _largest(closed.groupby("symbol")["pnl"].sum(), float(pnl.sum())) if len(pnl) else ("", math.nan)
    by_year = pd.Series(np.diff(value, prepend=cash), index=pd.DatetimeIndex(returns.index).year).groupby(level=0).sum()
    top, top_share = _largest(by_year, profit)
    return Robustness(
        cost_bp=paid.sum() / traded * 1e4 if traded > 0 else math.nan,
        break_even_bp=(profit + paid.sum()) / traded * 1e4 if traded > 0 else math.nan,
        sharpe_double_costs=per_bar_sharpe(doubled) * math.sqrt(year),
        return_without_best=float(pnl[: len(pnl) - best].sum()) / cash if len(pnl) else math.nan,
        best_left_out=best,
        top_symbol=symbol,
        top_symbol_share=symbol_share,
        top_year=top,
        top_year_share=top_share,
    )


def _largest(parts: pd.Series, total: float) -> tuple[str, float]:
    """The part with the most profit and its share of the total; NaN where there is no profit to share."""
    if parts.empty:
        return "", math.nan
    largest = float(parts.max())
    return str(parts.idxmax()), largest / total if total > 0 else math.nan
