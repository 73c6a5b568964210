"""The parameters of the declared volatility models, fitted again on the chains at hand: prints them beside those in `options/model.py`.

Usage: python benchmarks/fit_smile.py FOLDER_OF_RAW_DATA
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from flowbt.data.sources.chains import Missing, read_chain
from flowbt.ground.errors import SourceError
from flowbt.options.market import option_market
from flowbt.options.model import COIN, EQUITY, SmileModel, fitted
from flowbt.options.surface import fit_surface, smile_at

DAYS = (7, 14, 21, 30, 45, 60, 91, 182)
INDEX = {"SPX": "VIX", "SPY": "VIX", "XSP": "VIX", "NDX": "VXN", "QQQ": "VXN"}
COINS = (("r1quant__btc-options-data/full_data_sample.csv.gz", 89_500.0), ("GitHubAvailable__heston-bitcoin-pricing/deribit_btc_options.csv.gz", None))


def points(chain: pd.DataFrame, level: float) -> list[dict[str, float]]:
    try:
        surface = fit_surface(option_market(chain))
    except SourceError:
        return []
    shapes = [(days, smile_at(surface, days)) for days in DAYS]
    return [{"days": days, "index": level, "atm": s.level, "slope": s.slope, "curve": s.curve} for days, s in shapes if s.level == s.level]


def equity(raw: Path) -> pd.DataFrame:
    family = pd.read_csv(raw / "vix" / "cboe_vol_family_1990_2026.csv.gz", parse_dates=["date"]).set_index("date")
    rows = []
    for path in sorted((raw / "chains").glob("*_quotedata_*.csv.gz")):
        chain = read_chain(path)
        name, taken = chain["symbol"].iloc[0], chain["as_of"].iloc[0]
        if name in INDEX:
            day = taken.tz_localize("UTC").tz_convert("America/New_York").tz_localize(None).normalize()
            rows += points(chain, float(family[INDEX[name]].loc[:day].dropna().iloc[-1]))
    return pd.DataFrame(rows)


def coin(raw: Path) -> pd.DataFrame:
    """Means by day: hourly snapshots of one day are one observation."""
    dvol = pd.read_csv(raw / "crypto/options/isayggyo__new/dvol_btc.csv", parse_dates=["date"]).set_index("date")["dvol"]
    out = []
    for name, spot in COINS:
        for n, (taken, chain) in enumerate(read_chain(raw / "crypto" / "options" / name, Missing(spot=spot)).groupby("as_of")):
            if n % 6 == 0:
                out += [{"day": taken.normalize(), **row} for row in points(chain, float(dvol.loc[: taken.normalize()].iloc[-1]))]
    return pd.DataFrame(out).groupby(["day", "days"]).mean().reset_index()


def show(model: SmileModel, table: pd.DataFrame, tilted: bool) -> None:
    print(f"{model.name}: {len(table)} points")
    for name, value in fitted(table, model.usual, tilted).items():
        print(f"  {name:12} {value:+.4f}   in the code {getattr(model, name):+.4f}")


if __name__ == "__main__":
    show(EQUITY, equity(Path(sys.argv[1])), True)
    show(COIN, coin(Path(sys.argv[1])), False)
