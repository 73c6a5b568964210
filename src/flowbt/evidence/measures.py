"""The measures of a run: one object for the terminal, the tables, the charts and the stored run.

Returns are simple, net of every cost, one per bar. NaN returns are dropped before anything is measured. A measure that
has no meaning (the Sharpe ratio of a flat line, the win rate of no trade) is NaN; in `to_dict` NaN is None. A benchmark
fills `beta`, `alpha`, `correlation` and changes nothing else.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowbt.evidence.inference import cosines_for, studentise_mean
from flowbt.evidence.sharpe import moments, probabilistic_sharpe
from flowbt.ground.types import Json

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Measures:
    """Fractions unless `MEASURES` says otherwise; losses negative. Dates are ISO strings of bar labels."""

    start: str
    end: str
    bars: int
    total_return: float
    cagr: float
    cagr_low: float
    cagr_high: float
    volatility: float
    sharpe: float
    sharpe_low: float
    sharpe_high: float
    probabilistic_sharpe: float
    sortino: float
    calmar: float
    max_drawdown: float
    drawdown_peak: str
    drawdown_trough: str
    drawdown_recovered: str  # empty: not recovered
    drawdown_bars: int  # of the longest time under water
    exposure: float
    turnover: float
    trades: int
    open_trades: int
    win_rate: float
    profit_factor: float
    expectancy: float
    mean_bars: float
    skew: float
    kurtosis: float
    var_95: float
    es_95: float
    beta: float
    alpha: float
    correlation: float

    def to_dict(self) -> Json:
        """A JSON-safe copy: NaN and infinities are None."""
        return {key: None if isinstance(v, float) and not math.isfinite(v) else v for key, v in asdict(self).items()}

    @classmethod
    def from_dict(cls, stored: dict[str, object]) -> Measures:
        """The object `to_dict` was made from (None becomes NaN); unknown keys are ignored."""
        values: Json = {f.name: math.nan if stored.get(f.name) is None else stored[f.name] for f in fields(cls)}
        return cls(**values)


@dataclass(frozen=True)
class Measure:
    """How one measure is shown. `better`: 1 more is better, -1 less is better, 0 neither."""

    name: str
    label: str
    units: str
    form: str
    better: int
    meaning: str

    def text(self, value: object) -> str:
        if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
            return "-"
        return format(value, self.form) if self.form else str(value)


_TABLE = """
total_return|Total return|fraction|+.1%|1|value at the end over value at the start, less 1
cagr|CAGR|per year|+.2%|1|the constant yearly growth that gives the total return
cagr_low|CAGR, 2.5%|per year|+.2%|1|lower end of the 95% interval
cagr_high|CAGR, 97.5%|per year|+.2%|1|upper end
volatility|Volatility|per year|.2%|-1|sample deviation of bar returns, annualised
sharpe|Sharpe|per year|.2f|1|mean over sample deviation of bar returns, annualised (252, 365 or 8,760 bars); no risk-free rate
sharpe_low|Sharpe, 2.5%|per year|.2f|1|lower end of the 95% interval
sharpe_high|Sharpe, 97.5%|per year|.2f|1|upper end
probabilistic_sharpe|P(Sharpe > 0)|probability|.3f|1|probabilistic Sharpe ratio against 0, with skew and kurtosis
sortino|Sortino|per year|.2f|1|mean over the root mean square of losses (target 0), annualised
calmar|Calmar|ratio|.2f|1|CAGR over the size of the maximum drawdown
max_drawdown|Maximum drawdown|fraction|.2%|1|deepest fall from a previous high of value, the start included
drawdown_peak|Drawdown from|date||0|bar of the high before it
drawdown_trough|Drawdown low|date||0|bar of the low
drawdown_recovered|Recovered|date||0|first bar back at the high; empty if not yet
drawdown_bars|Longest under water|bars|,d|-1|longest stretch of bars below a previous high
exposure|Exposure|fraction of bars|.1%|0|bars with a position
turnover|Turnover|per year|.1f|-1|notional traded over equity, per year
trades|Trades|count|,d|0|closed trades
open_trades|Open trades|count|,d|0|still open at the end; not in the figures below
win_rate|Win rate|fraction|.1%|1|closed trades with a profit
profit_factor|Profit factor|ratio|.2f|1|profits over losses of closed trades
expectancy|Expectancy|return per trade|+.3%|1|mean return of closed trades
mean_bars|Mean holding|bars|.1f|0|of closed trades
skew|Skew|-|.2f|1|of bar returns
kurtosis|Kurtosis|raw|.1f|-1|of bar returns; 3 for a normal
var_95|VaR 95%|per bar|.2%|1|5% quantile of bar returns
es_95|ES 95%|per bar|.2%|1|mean of the bar returns at or under that quantile
beta|Beta|-|.2f|0|slope on the benchmark's bar returns
alpha|Alpha|per year|+.2%|1|mean return less beta times the benchmark's, annualised
correlation|Correlation|-|.2f|0|with the benchmark's bar returns
"""
MEASURES = tuple(
    Measure(name, label, units, form, int(better), meaning)
    for name, label, units, form, better, meaning in (row.split("|") for row in _TABLE.strip().splitlines())
)


def measure(
    returns: pd.Series,
    trades: pd.DataFrame,
    year: float,
    benchmark: pd.Series | None = None,
    activity: pd.DataFrame | None = None,
) -> Measures:
    """Measure a run.

    `returns`: simple net return per bar. `trades`: the run's trades table (an open trade has the reason "open" or a missing `exit_label`).
    `year`: bars per year. `benchmark`: its simple returns, aligned by label. `activity`: the run's returns table, for
    `gross` (exposure) and `turnover` (traded notional over equity per bar); without it exposure comes from the trades and turnover is NaN.
    """
    r = returns.dropna().astype(float)
    x: Array = np.asarray(r, dtype=np.float64)
    closed = trades[_is_closed(trades)] if len(trades) else trades
    values: Json = {"start": _label(r.index, 0), "end": _label(r.index, -1), "bars": len(x)}
    values |= _growth(x, year) | _risk(x, year) | _drawdown(r) | _intervals(x, year)
    values |= _trades(closed) | {"open_trades": len(trades) - len(closed)} | _activity(r, trades, year, activity)
    values |= _against(r, benchmark, year)
    depth = values["max_drawdown"]
    values["calmar"] = values["cagr"] / -depth if depth < 0 else math.nan
    return Measures(**values)


def _is_closed(trades: pd.DataFrame) -> pd.Series:
    left = trades["exit_label"].notna()
    return left & (trades["reason"] != "open") if "reason" in trades else left


def drawdown(returns: pd.Series) -> pd.Series:
    """Value over its highest value so far (the start counts as 1), less 1: 0 at a high, negative under water."""
    value = (1 + returns.fillna(0.0)).cumprod()
    return pd.Series(value / value.cummax().clip(lower=1.0) - 1)


def _label(index: pd.Index, at: int) -> str:
    return str(pd.Timestamp(index[at]).isoformat()).removesuffix("T00:00:00") if len(index) else ""


def cagr_of(log_growth: Any, bars: int, year: float) -> Any:
    """Yearly growth from the sum of `log(1 + return)` over `bars`; -1 where the value reached 0."""
    return np.expm1(np.minimum(log_growth * year / max(bars, 1), 700.0))


def _growth(x: Array, year: float) -> dict[str, object]:
    if not len(x):
        return {"total_return": math.nan, "cagr": math.nan}
    ruined = bool((x <= -1).any())
    log_growth = -math.inf if ruined else float(np.log1p(x).sum())
    return {"total_return": -1.0 if ruined else float(np.expm1(log_growth)), "cagr": float(cagr_of(log_growth, len(x), year))}


def _risk(x: Array, year: float) -> dict[str, object]:
    sharpe, skew, kurtosis, bars = moments(x)
    losses = float(np.sum(np.minimum(x, 0) ** 2))  # of 1e-24 or less: what rounding leaves of no change, not losses
    tail = float(np.quantile(x, 0.05)) if bars else math.nan
    return {
        "volatility": float(x.std(ddof=1)) * math.sqrt(year) if bars > 1 else math.nan,
        "sharpe": sharpe * math.sqrt(year),
        "probabilistic_sharpe": probabilistic_sharpe(sharpe, 0.0, bars, skew, kurtosis),
        "sortino": float(x.mean()) / math.sqrt(losses / bars) * math.sqrt(year) if losses > 1e-24 else math.nan,
        "skew": skew,
        "kurtosis": kurtosis,
        "var_95": tail,
        "es_95": float(x[x <= tail].mean()) if bars else math.nan,
    }


def _intervals(x: Array, year: float) -> dict[str, object]:
    """95% intervals of the tests of `per_bar`; NaN under 20 bars, after a ruin, and where the returns never vary."""
    names = ("cagr_low", "cagr_high", "sharpe_low", "sharpe_high")
    if len(x) < 20 or np.ptp(x) <= 1e-12 or (x <= -1).any():
        return dict.fromkeys(names, math.nan)
    cosines = cosines_for(len(x), x)
    growth = studentise_mean(np.log1p(x) * year, cosines).interval()
    return dict(zip(names, (*np.expm1(np.minimum(growth, 700.0)).tolist(), *studentise_mean(per_bar(x, year)["sharpe"], cosines).interval()), strict=True))


def per_bar(x: Array, year: float) -> dict[str, Array]:
    """Measures as means of one value a bar (each measure plus what the bar adds to it, its influence), so that they can be tested as means.

    `x`: T finite returns over -1 that vary. Bars without a position are values like any other.
    """
    n, mean, deviation = len(x), float(x.mean()), float(x.std(ddof=1))
    z, scale = (x - mean) / deviation, math.sqrt(year)
    grown = np.log1p(x)
    cagr = float(cagr_of(grown.sum(), n, year))
    return {
        "sharpe": scale * (mean / deviation + z - mean / deviation * (z**2 - (n - 1) / n) / 2),
        "cagr": cagr + (1 + cagr) * year * (grown - grown.mean()),
        "volatility": scale * deviation * (1 + (z**2 - (n - 1) / n) / 2),
        "mean": x * year,
    }


def _drawdown(r: pd.Series) -> dict[str, object]:
    if not len(r):
        return {"max_drawdown": math.nan, "drawdown_peak": "", "drawdown_trough": "", "drawdown_recovered": "", "drawdown_bars": 0}
    depth = drawdown(r).to_numpy()
    under = depth < -1e-12
    low = int(depth.argmin())
    if not under.any():
        return {"max_drawdown": 0.0, "drawdown_peak": "", "drawdown_trough": "", "drawdown_recovered": "", "drawdown_bars": 0}
    high_before = np.flatnonzero(~under[:low])
    back = np.flatnonzero(~under[low:])
    runs = np.diff(np.flatnonzero(np.concatenate([[True], ~under, [True]]))) - 1
    return {
        "max_drawdown": float(depth[low]),
        "drawdown_peak": _label(r.index, int(high_before[-1]) if len(high_before) else 0),
        "drawdown_trough": _label(r.index, low),
        "drawdown_recovered": _label(r.index, low + int(back[0])) if len(back) else "",
        "drawdown_bars": int(runs.max()),
    }


def _trades(closed: pd.DataFrame) -> dict[str, object]:
    if not len(closed):
        return {"trades": 0} | dict.fromkeys(("win_rate", "profit_factor", "expectancy", "mean_bars"), math.nan)
    pnl = closed["pnl"].to_numpy(float)
    lost = -np.minimum(pnl, 0.0).sum()
    return {
        "trades": len(closed),
        "win_rate": float((pnl > 0).mean()),
        "profit_factor": float(np.maximum(pnl, 0.0).sum() / lost) if lost > 0 else math.nan,
        "expectancy": float(closed["return"].mean()),
        "mean_bars": float(closed["bars"].mean()),
    }


def _activity(r: pd.Series, trades: pd.DataFrame, year: float, activity: pd.DataFrame | None) -> dict[str, object]:
    if not len(r):
        return {"exposure": math.nan, "turnover": math.nan}
    if activity is not None:
        turnover = float(activity["turnover"].fillna(0.0).mean()) * year if "turnover" in activity else math.nan
        return {"exposure": float((activity["gross"].abs() > 0.0).mean()), "turnover": turnover}
    held = np.zeros(len(r) + 1)
    for entry, leave in zip(trades["entry_label"], trades["exit_label"], strict=True) if len(trades) else ():
        held[r.index.searchsorted(entry)] += 1  # the entry bar to the bar before the exit fill
        held[r.index.searchsorted(leave) if pd.notna(leave) else len(r)] -= 1
    return {"exposure": float((np.cumsum(held)[:-1] > 0).mean()), "turnover": math.nan}


def _against(r: pd.Series, benchmark: pd.Series | None, year: float) -> dict[str, object]:
    names = ("beta", "alpha", "correlation")
    if benchmark is None:
        return dict.fromkeys(names, math.nan)
    both = pd.concat([r.rename("r"), benchmark.astype(float).rename("b")], axis=1, join="inner").dropna().to_numpy()
    if len(both) < 2 or np.ptp(both[:, 1]) <= 1e-12:
        return dict.fromkeys(names, math.nan)
    cov = np.cov(both.T)
    beta = float(cov[0, 1] / cov[1, 1])
    alpha = float(both[:, 0].mean() - beta * both[:, 1].mean()) * year
    correlation = float(cov[0, 1] / math.sqrt(cov[0, 0] * cov[1, 1])) if cov[0, 0] > 0 else math.nan
    return dict(zip(names, (beta, alpha, correlation), strict=True))
