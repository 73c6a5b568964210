"""More trailing arithmetic: signs, ranks, signed runs. A window ends at the row itself."""

from __future__ import annotations

from typing import TypeVar, cast

import numpy as np
import pandas as pd

from flowbt.features.trailing import enough, run_length

Data = TypeVar("Data", pd.DataFrame, pd.Series)


def sign(data: Data) -> Data:
    """-1, 0, +1; missing stays missing."""
    return cast(Data, np.sign(data))


def log(data: Data) -> Data:
    """Natural logarithm; missing where the value is not positive."""
    return cast(Data, np.log(data.where(data > 0)))


def min_max_rank(data: Data, window: int) -> Data:
    """(value - minimum) / (maximum - minimum) of the last `window` rows: 0 at the low, 1 at the high; missing where they are equal
    and with fewer than two thirds of the rows."""
    rolling = data.rolling(window, min_periods=enough(window))
    low, high = rolling.min(), rolling.max()
    return (data - low) / (high - low).where(high > low)


def share_below(data: Data, window: int) -> Data:
    """Share of the other values of the last `window` rows that lie below the present one, 0 to 1; ties count half. Missing as above."""
    rolling = data.rolling(window, min_periods=enough(window))
    return (rolling.rank(method="average") - 1) / (rolling.count() - 1)


def signed_run(state: Data) -> Data:
    """Rows for which `state` has kept its sign, signed by it: +3 is the third row in a row above zero. 0 or missing ends a run (0)."""
    return run_length(state > 0) - run_length(state < 0)
