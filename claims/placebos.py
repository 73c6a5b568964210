"""Events that must show nothing. They run beside the claims and through the same corrections; about none may stay significant."""

import numpy as np
import pandas as pd

from flowbt.evidence.claims.declare import Data, Document, claim
from flowbt.evidence.claims.outcomes import forward_drawdown, forward_return, forward_volatility, next_move

DOCUMENT = Document("placebos", dated="", title="Placebos")

SPAN = Data(memory=10, start="1990-01-01")
OUTCOMES = (
    forward_return("SPX", 21),
    forward_drawdown("SPX", 63),
    next_move("SPX"),
    forward_volatility("SPX", 21),
    forward_return("RUT", 126),
    forward_return("VIX", 5),
)


def _uniform(index, seed):
    """A number in [0, 1) for every date, the same whatever the span."""
    days = index.to_numpy("datetime64[D]").astype("int64") + 1_000_003 * seed
    return pd.Series(pd.util.hash_array(days.astype("uint64")) / 2.0**64, index=index)


def _days(seed):
    def event(panel, *, share=0.02):
        return _uniform(panel.index, seed) < share

    return event


def _streaks(seed):
    def event(panel, *, share=0.01):
        """Runs of ten sessions that start on random days."""
        return (_uniform(panel.index, seed) < share).astype(float).rolling(10, min_periods=1).max() > 0

    return event


def _regimes(seed):
    def event(panel, *, length=40):
        """A state that changes on random days, every `length` sessions on average."""
        return (_uniform(panel.index, seed) < 1 / length).cumsum() % 2 == 1

    return event


MAKERS = {
    "random_days": (_days, {"share": (0.01, 0.02, 0.05)}),
    "random_streaks": (_streaks, {"share": (0.005, 0.01, 0.02)}),
    "random_regimes": (_regimes, {"length": (20, 40, 80)}),
}

for _name, (_maker, _grid) in MAKERS.items():
    for _seed, _outcome in enumerate(OUTCOMES, start=1):
        _event = _maker(_seed)
        _event.__name__ = f"{_name}_{_seed}"
        globals()[_event.__name__] = claim(f"{_name.replace('_', ' ')}, seed {_seed}", direction="up", outcome=_outcome, definitions=_grid, data=SPAN)(_event)


@claim("Full moons", direction="up", outcome=forward_return("SPX", 5), definitions={"phase": (0.0, 0.5), "days": (1.0, 2.0)}, data=SPAN)
def moon(panel, *, phase=0.5, days=1.0):
    """Within `days` of a phase of the mean moon: 0 new, 0.5 full."""
    age = (panel.index - pd.Timestamp("2000-01-06 18:14")) / pd.Timedelta(days=29.530588) % 1.0
    return pd.Series(np.abs((age - phase + 0.5) % 1.0 - 0.5) * 29.530588 <= days, index=panel.index)


@claim("Friday the 13th", direction="down", outcome=next_move("SPX"), data=Data(memory=5, start="1950-01-01"))
def friday_13(panel):
    return pd.Series((panel.index.dayofweek == 4) & (panel.index.day == 13), index=panel.index)


@claim("Prime days of the month", direction="up", outcome=forward_return("SPX", 1, also=(2, 3)), data=SPAN)
def prime_days(panel):
    return pd.Series(panel.index.day.isin([2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31]), index=panel.index)


@claim("Odd weeks of the year", direction="up", outcome=forward_return("SPX", 5), data=SPAN)
def odd_weeks(panel):
    return pd.Series(panel.index.isocalendar().week.to_numpy(int) % 2 == 1, index=panel.index)
