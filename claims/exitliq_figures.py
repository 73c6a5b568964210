"""The daily flow report "exit liquidity" (2026-04-08): its own figures, recomputed from its own tables."""

import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from flowbt.evidence.claims.arithmetic import FigureCheck, recomputed
from flowbt.evidence.claims.declare import Document, claim

DOCUMENT = Document("exitliq", dated="2026-04-08", title="Exit liquidity, phase 3 day 9")
SHELTER = {"HYG", "XLU", "TLT", "GLD", "SLV"}
TABLES = Path(__file__).resolve().parent.parent / "datasets" / "exitliq_tables"


def _table(name, key):
    return pd.read_csv(TABLES / f"{name}.csv", keep_default_na=False, na_values=[""]).set_index(key)


def _printed(name):
    return _table(name, "name")["printed"].to_dict()


@claim("Room to ceiling and floor follows from the zone levels", outcome=recomputed())
def zone_rooms(panel):
    """A printed level or close may be rounded or cut, so it is right to one unit of its last digit, and so is the room that follows from it."""
    checks = []
    for symbol, row in _table("zones", "symbol").iterrows():
        unit = 1.0 if row["close"] >= 100 else 0.1
        for side, level in (("upside", row["high"]), ("downside", row["low"])):
            slack = 100 * unit * (1 / row["close"] + level / row["close"] ** 2) + 0.005
            checks.append(FigureCheck(f"{symbol} {side}, %", row[side], round(100 * (level / row["close"] - 1), 3), slack))
    return checks


@claim("Asymmetry ratios follow and have a meaning", outcome=recomputed())
def zone_ratios(panel):
    checks = []
    for symbol, row in _table("zones", "symbol").dropna(subset=["ratio"]).iterrows():
        above = row["close"] > row["high"]
        far, near = max(abs(row["upside"]), abs(row["downside"])), min(abs(row["upside"]), abs(row["downside"]))
        checks.append(FigureCheck(f"{symbol} ratio", row["ratio"], round(far / near, 1), 1.0))
        checks.append(FigureCheck(f"{symbol} ratio has a meaning (close not above the ceiling)", "yes", "no" if above else "yes"))
    return checks


@claim("The side decomposition adds up", outcome=recomputed())
def side_sums(panel):
    f = _printed("sides")
    bullish, bearish = f["calls_bought"] + f["puts_sold"], f["puts_bought"] + f["calls_sold"]
    sided = bullish + bearish
    return [
        FigureCheck("bullish, bn", f["bullish"], bullish, 0.001),
        FigureCheck("bearish, bn", f["bearish"], bearish, 0.001),
        FigureCheck("net, bn", f["net"], bullish - bearish, 0.002),
        FigureCheck("calls sold over calls bought, bn", f["call_supply"], f["calls_sold"] - f["calls_bought"], 0.001),
        FigureCheck("naive call/put", f["call_put"], f["calls"] / f["puts"], 0.005),
        FigureCheck("calls and puts make the premium, bn", f["premium"], f["calls"] + f["puts"], 0.01),
        FigureCheck("unknown side, %", f["unknown"], round(100 * (1 - sided / f["premium"]), 2), 0.1),
    ]


@claim("The flip rate is that of the table", outcome=recomputed())
def flip_count(panel):
    table = _table("top_flow", "ticker")
    flips = (table["naive"] != "NA") & (table["naive"] != table["adjusted"])
    return [
        FigureCheck("flip rate, %", 37.5, 100 * flips.mean(), 0.05),
        FigureCheck("names that flip", 6, int(flips.sum())),
        FigureCheck("names looked at", 16, len(table)),
        FigureCheck("RKLB directional share, %", 94.0, round(100 * abs(table.loc["RKLB", "net"]) / table.loc["RKLB", "premium"], 1), 0.5),
    ]


@claim("The 200-day average is counted on the right side", outcome=recomputed())
def mean_200_side(panel):
    f = _printed("facts")
    return [FigureCheck("SPX against its 200-day average, as counted", "below", "above" if f["spx_close"] > f["spx_mean_200"] else "below")]


@claim("Dates and session counts are those of the calendar", outcome=recomputed())
def calendar_dates(panel):
    from flowbt.ground.clock import Clock

    f = _printed("facts")
    checks = [FigureCheck("weekday of 2026-04-10", "Thursday", f"{datetime.date(2026, 4, 10):%A}")]
    for day in ("0417", "0515", "0618"):
        end = f"2026-{day[:2]}-{day[2:]}"
        checks.append(FigureCheck(f"sessions from 2026-04-08 to {end}", f[f"sessions_to_{day}"], len(Clock().labels("2026-04-09", end))))
    return checks


@claim("The bull checklist is counted as its notes say", outcome=recomputed())
def checklist_count(panel):
    table = _table("checklist", "item")
    return [
        FigureCheck("items noted as achieved", int((table["counted"] == "yes").sum()), int((table["note"] == "achieved").sum())),
        FigureCheck("item 5: SPX over its 200-day average", "no", "yes" if _printed("facts")["spx_close"] > _printed("facts")["spx_mean_200"] else "no"),
    ]


@claim("The dollar has one level", outcome=recomputed())
def dollar_level(panel):
    f = _printed("facts")
    return [FigureCheck("DXY", f["dxy"], 100 + f["dxy_cents_above_100"] / 100, 0.005)]


@claim("Dark-pool figures and comparisons follow", outcome=recomputed())
def dark_pool_figures(panel):
    f, table = _printed("facts"), _table("dark_pool", "symbol")
    share = (table["net"] / table["volume"]).abs()
    return [
        FigureCheck("volume up on the day before, %", f["dark_volume_up"], round(100 * (f["dark_volume"] / f["dark_volume_before"] - 1), 1), 0.5),
        FigureCheck("largest distribution by share of volume", "SPY", str(share.idxmax())),
    ]


@claim("Gamma distance, TWAP total, energy share and input counts follow", outcome=recomputed())
def other_figures(panel):
    f = _printed("facts")
    sectors = _table("sectors", "sector")
    nearest = f["spx_close"] - f["positive_gamma_high"]
    twap = sum(f[name] for name in ("twap_spy", "twap_qqq", "twap_voo", "twap_ivv"))
    green = set(_table("ranges", "symbol").query("colour == 'green'").index)
    directions = np.where(sectors["net"] > 0, "BULL", "BEAR")
    return [
        FigureCheck("points down to positive gamma", f["positive_gamma_points"], nearest, 100),
        FigureCheck("the same, %", f["positive_gamma_percent"], round(100 * nearest / f["spx_close"], 1), 1.5),
        FigureCheck("TWAP total, bn", f["twap_total"], twap, 0.1),
        FigureCheck(
            "energy share of premium, %", f["energy_share"], round(100 * sectors.loc["Energy", "premium"] / 1000 / _printed("sides")["premium"], 2), 0.05
        ),
        FigureCheck("sector directions follow from their net", "all", "all" if (directions == sectors["direction"]).all() else "not all"),
        FigureCheck("green dominant ranges that are shelter or hard assets", "all", "all" if green <= SHELTER else "not all"),
    ]
