"""SqueezeMetrics DIX.csv: `date,price,dix,gex`. Free daily file, updated in the evening of each session.

dix: fraction, the dollar-weighted off-exchange short share of S&P 500 members; high reads as buying. gex: dollars as published.
The file writes gex with four decimals; where that stops the producing pipeline changed, which is reported as a format break.
Isolated spikes of gex (far from both neighbours) are reported as outliers.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from flowbt.data.sources.base import Options, RawTable, Sheet, read_sheet
from flowbt.data.sources.request import Download, Wanted

OPTIONS = ("symbol",)
URL = "https://squeezemetrics.com/monitor/static/DIX.csv"
SPIKE = 6.0  # times the median absolute daily change of the last quarter


def parse(path: Path, options: Options) -> RawTable:
    """Fields dix, gex of the symbol SPX (the price column is not used: the index files have it)."""
    sheet = read_sheet(path).require("date", "price", "dix", "gex")
    gex = sheet.numbers("gex")
    _format_break(sheet)
    sheet.note("outlier", f"more than {SPIKE:g} times the usual change away from both neighbours", spikes(gex) > SPIKE, "gex")
    return sheet.long(sheet.times("date"), str(options.get("symbol", "SPX")), {"dix": sheet.numbers("dix"), "gex": gex})


def requests(wanted: Wanted) -> list[Download]:
    """The whole file."""
    return [Download(URL, "DIX.csv")]


def spikes(values: pd.Series, window: int = 63) -> pd.Series:
    """How far a value stands out from both neighbours on the same side, in median absolute changes of the trailing window; 0 where it does not."""
    before, after = values - values.shift(1), values - values.shift(-1)
    size = before.abs().where(before.abs() < after.abs(), after.abs()).where(before * after > 0, 0.0)
    return size.div(before.abs().rolling(window, min_periods=20).median()).fillna(0.0)


def _format_break(sheet: Sheet) -> None:
    """The row from which gex is no longer written with the decimals it had until then."""
    decimals = sheet.frame["gex"].astype("str").str.strip().str.extract(r"\.(\d*)$")[0].fillna("").str.len()
    changed = np.flatnonzero((decimals != decimals.iloc[0]).to_numpy())
    if len(changed):
        first = int(changed[0])
        only = pd.Series(np.arange(len(decimals)) == first, index=decimals.index)
        sheet.note("format_break", f"written with {decimals.iloc[0]} decimals until here, {decimals.iloc[first]} from here: the pipeline changed", only, "gex")
