"""Prices that can be traded, and their three bases: as traded, adjusted for splits, and with dividends folded in (total return).

`close` is as traded where a dataset has it so. The dividends are a field of a dataset, or follow from the two series: the ratio of the
total-return close to the traded one is constant between ex-dates and steps up by 1 / (1 - dividend / close before) on them. So the
total return from one close to the next is `close / (close before - dividend)`, which is what the providers' adjusted series hold.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

LEAST_STEP = 1e-4  # of the ratio: above a cent of rounding at 200, a quarter of the smallest dividend met


def dividends_of(traded: pd.Series, total: pd.Series) -> pd.Series:
    """Cash per share by ex-date, from closes as traded and total-return closes. A step down is no dividend (files joined of two vintages have them)."""
    both = pd.concat([traded, total], axis=1, join="inner", keys=["traded", "total"]).dropna()
    both = both[(both > 0.0).all(axis=1)]
    ratio = both["total"] / both["traded"]
    step = ratio / ratio.shift(1) - 1.0
    paid = both["traded"].shift(1) * (1.0 - 1.0 / (1.0 + step))
    return paid[step > LEAST_STEP]


def scale_to_meet(traded: pd.Series, total: pd.Series) -> float:
    """What total-return prices are to be multiplied by, to meet those as traded at their first common label; NaN where they have none."""
    both = pd.concat([traded, total], axis=1, join="inner", keys=["traded", "total"]).dropna()
    return float(both["traded"].iloc[0] / both["total"].iloc[0]) if len(both) else float("nan")


def split_factor(index: pd.DatetimeIndex, splits: pd.Series) -> np.ndarray:
    """Per label the product of all later splits (new shares per old): traded price / factor is the split-adjusted price."""
    factor = np.ones(len(index))
    for date, ratio in zip(pd.DatetimeIndex(splits.index), splits, strict=True):
        factor[np.asarray(index < date)] *= float(ratio)
    return factor


def carried(close: pd.DataFrame, dividend: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Closes less the dividend of the next label, and that dividend as a negative rate of those closes: cash to who holds them into the ex-date.

    The mark falls by what the cash brings, so that an account is worth the same at that close, and holders of the evening, not buyers of the
    ex-date, are paid; shorts pay. A dividend whose evening lies before the first label is nobody's.
    """
    if not dividend.to_numpy().any():
        return close, dividend
    due = dividend.shift(-1).fillna(0.0)
    known = close.ffill()
    mark = close.where(due == 0.0, known - due)
    return mark, (-due / mark).where(due != 0.0, 0.0)


COLUMNS = 256  # symbols looked at together: what is worked out on the way takes no more memory for more of them
STALE = 0.2  # share of a year's opens that repeat the close before; an index that is calculated at the open has one in a hundred


def stale_opens(opened: pd.DataFrame, close: pd.DataFrame) -> pd.DataFrame:
    """Where opens are no opens: in calendar years in which at least a fifth of them (and ten) are the close before, to a millionth.

    Nobody could trade there: a fill at such an open is one at the close on which the decision rests. Labels x symbols, bool.
    """
    blocks = [slice(at, at + COLUMNS) for at in range(0, opened.shape[1], COLUMNS)]
    return pd.concat([_stale_opens(opened.iloc[:, block], close.iloc[:, block]) for block in blocks], axis=1)


def _stale_opens(opened: pd.DataFrame, close: pd.DataFrame) -> pd.DataFrame:
    before = close.ffill().shift(1)
    years = pd.DatetimeIndex(opened.index).year
    same = ((opened - before).abs() <= 1e-6 * before.abs()).groupby(years).sum()
    seen = (opened.notna() & before.notna()).groupby(years).sum()
    stale = (same >= STALE * seen) & (same >= 10)
    return pd.DataFrame(stale.reindex(years).to_numpy(), index=opened.index, columns=opened.columns)
