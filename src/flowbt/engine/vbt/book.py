"""vectorbt's Portfolio as the book of a run. The only module that imports vectorbt: import it late (it takes seconds).

The portfolio is built from order records, not re-simulated, because no `from_*` method of vectorbt 1.2 can fill twice in one bar of
a column (an entry at the open and its stop). Everything else, from cash to statistics and plots, vectorbt works out itself.
Carry (borrow, funding) has no order: vectorbt refuses orders of size zero, and an extra column of cash would count as a trade and as
exposure. So the portfolio of a run that paid carry is a `CarryPortfolio`: the same class with that cash in its cash flow.

Known traps: a portfolio is freed by `gc.collect()` only (its caches refer to itself); `trades.win_rate()` counts open trades (use
`trades.closed.win_rate()`); vectorbt's year has 365 days, so annualised figures are asked with `year_freq`, the usual step times the market's bars per year.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import vectorbt as vbt
from vectorbt.portfolio.enums import log_dt, order_dt

from flowbt.engine.types import Account, Array, Market


class CarryPortfolio(vbt.Portfolio):  # type: ignore[misc]
    """A Portfolio whose columns also paid `carry` (T x N, cash, positive = paid) at the close of each bar."""

    def __init__(self, wrapper: object, *args: object, carry: Array, **kwargs: object) -> None:
        super().__init__(wrapper, *args, **kwargs)
        self._carry = carry
        self._config: Any = type(self.config)({**self.config, "carry": carry})  # so that copies and slices keep it

    def indexing_func(self, pd_indexing_func: object, **kwargs: object) -> CarryPortfolio:
        chosen = self.wrapper.indexing_func_meta(pd_indexing_func, column_only_select=True, **kwargs)[3]
        out: CarryPortfolio = super().indexing_func(pd_indexing_func, **kwargs)
        kept: CarryPortfolio = out.replace(carry=self._carry[:, np.atleast_1d(chosen)])
        return kept

    def cash_flow(self, group_by: Any = None, free: bool = False, wrap_kwargs: Any = None, engine: object = None) -> object:
        flow = super().cash_flow(group_by=False, free=free, engine=engine).to_numpy().reshape(self._carry.shape) - self._carry
        return self.wrapper.wrap(self._summed(flow, group_by), group_by=group_by, **(wrap_kwargs or {}))

    def total_profit(self, group_by: Any = None, wrap_kwargs: Any = None, engine: object = None) -> object:
        profit = np.reshape(super().total_profit(group_by=False, engine=engine), (1, -1)) - self._carry.sum(axis=0)
        return self.wrapper.wrap_reduced(self._summed(profit, group_by)[0], group_by=group_by, **{"name_or_index": "total_profit", **(wrap_kwargs or {})})

    def _summed(self, values: Array, group_by: object) -> Array:
        """Of the one group there is: a portfolio with shared cash has no others."""
        grouped = self.wrapper.grouper.is_grouped(group_by=group_by)
        return np.sum(values, axis=1, keepdims=True) if grouped else values


def portfolio_of(market: Market, account: Account, orders: pd.DataFrame, carry: Array) -> Any:
    """Orders of a book as one group with shared cash: a `vectorbt.Portfolio`, marked at the last known close."""
    marks = pd.DataFrame(market.mark, market.index, list(market.symbols), copy=True)
    wrapper = vbt.ArrayWrapper(market.index, marks.columns, 2, freq=freq_of(market.index), grouped_ndim=1, group_by=True)
    given = {
        "wrapper": wrapper,
        "close": marks,
        "order_records": records_of(orders, market.symbols),
        "log_records": np.empty(0, log_dt),
        "init_cash": np.array([account.cash]),
        "cash_sharing": True,
    }
    return CarryPortfolio(**given, carry=carry) if np.any(carry) else vbt.Portfolio(**given)


def records_of(orders: pd.DataFrame, symbols: tuple[str, ...]) -> npt.NDArray[np.void]:
    """Orders as vectorbt's records: ascending per column, in the order of the fills."""
    column = pd.Index(symbols).get_indexer(pd.Index(orders["symbol"]))
    order = np.lexsort((np.arange(len(orders)), column))
    out = np.zeros(len(orders), order_dt)
    out["id"], out["col"], out["idx"] = np.arange(len(orders)), column[order], orders["bar"].to_numpy()[order]
    out["size"], out["price"], out["fees"] = (orders[name].to_numpy()[order] for name in ("units", "price", "fees"))
    out["side"] = (orders["side"].to_numpy() == "sell")[order]
    return out


def freq_of(index: pd.DatetimeIndex) -> pd.Timedelta:
    """The usual step between labels."""
    return pd.Timedelta(1, "D") if len(index) < 2 else pd.Series(index[1:] - index[:-1]).mode().iloc[0]
