"""Which quotes of a chain can be used: every row gets a middle, half its width, and why it cannot be used where it cannot.

No row is dropped: an option without a usable quote still has open interest.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowbt.ground.errors import SourceError

Array = npt.NDArray[np.float64]
KEY = ["root", "expiry", "strike", "call"]
WIDE = 1.0  # bid to ask over the middle: a quote wider than its own middle says next to nothing
TICK = 0.25  # .. unless it is this narrow in the currency of the strike
REASONS = ("", "no quote", "negative price", "crossed", "zero bid", "wide", "stale")
MOST = 0.5  # of the quotes there are: more than these crossed or negative, and the columns are wrong, not the market
BROKEN = {"crossed": "bids above their asks", "negative price": "negative prices"}


def with_quotes(chain: pd.DataFrame) -> pd.DataFrame:
    """The rows with `middle`, `half` (half the width; both in the strike's currency, NaN where there is no usable quote) and `fault` (of REASONS).

    "stale" cannot be seen in one quote: `flowbt.options.forwards` finds those that contradict parity with their neighbours.
    """
    bid, ask = (_column(chain, name) for name in ("bid", "ask"))
    middle, width = (bid + ask) / 2, ask - bid
    with np.errstate(invalid="ignore"):
        tests = {
            "no quote": ~((bid >= 0) | (bid < 0)) | ~((ask > 0) | (ask < 0)),
            "negative price": (bid < 0) | (ask < 0),
            "crossed": bid > ask,
            "zero bid": bid == 0,
            "wide": (width > WIDE * middle) & (width > TICK),
        }
    fault = np.select(list(tests.values()), list(tests), "")
    fine = fault == ""
    return chain.assign(middle=np.where(fine, middle, np.nan), half=np.where(fine, width / 2, np.nan), fault=fault)


def refuse_broken(rows: pd.DataFrame) -> None:
    """SourceError where more than half of the quotes that are there (`rows` have `fault`) are crossed or negative: the columns are not what they are called."""
    there = int((rows["fault"] != "no quote").sum())
    for fault, words in BROKEN.items():
        count = int((rows["fault"] == fault).sum())
        if count > MOST * there:
            raise SourceError("chain", f"{words} in {count:,} of {there:,} quotes", "check its columns of bids and asks, or leave them out")


def _column(chain: pd.DataFrame, name: str) -> Array:
    if name not in chain:
        return np.full(len(chain), np.nan)
    return np.asarray(chain[name], dtype=np.float64)


def without_doubles(chain: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """One row per root, expiry, strike and side: the one with the most open interest (a repeated row must not count twice), and how many went."""
    if not chain.duplicated(KEY).any():
        return chain, 0
    order = chain["open_interest"].fillna(-1.0).argsort(kind="stable") if "open_interest" in chain else np.arange(len(chain))
    kept = chain.iloc[np.asarray(order)].drop_duplicates(KEY, keep="last").sort_index()
    return kept, len(chain) - len(kept)
