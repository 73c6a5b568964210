"""Dealer gamma of Cboe quote tables computed apart from the product: its own reading, its own parity, its own formulas, nothing of flowbt.

Per root and expiry: discount = the median pairwise slope of put less call over strike (at most 1), forward = the median of strike + (call - put) /
discount, over strikes within 8% of spot with both bids; fewer than three: spot. Volatility: the file's, else the other side's. Time: the
calendar from the file's stamp to 09:30 (morning roots) or 16:00 New York.
"""

from __future__ import annotations

import csv
import gzip
import math
import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
MORNING = {"SPX", "NDX", "RUT", "DJX"}


@dataclass
class Row:
    years: float
    strike: float
    side: int
    vol: float
    interest: float
    gamma: float
    growth: float = 1.0
    discount: float = 1.0


def read(path: Path) -> tuple[float, dict[tuple[str, str], list[dict[str, float]]], datetime]:
    raw = path.read_bytes()
    lines = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8-sig").splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("Expiration Date"))
    head = "\n".join(lines[:start])
    spot = float(re.search(r"Last: *([\d.]+)", head).group(1))
    words = re.search(r"Date: *(.*?[AP]M)", head).group(1).replace(",", " ").replace(" at ", " ").split()
    words = words if words[0].isalpha() else [words[1], words[0], *words[2:]]
    taken = datetime.strptime(" ".join(words), "%B %d %Y %I:%M %p").replace(tzinfo=NEW_YORK)
    groups: dict[tuple[str, str], list[dict[str, float]]] = defaultdict(list)
    for cells in csv.reader(lines[start + 1 :]):
        if len(cells) < 22:
            continue
        for side, at in ((1, 1), (-1, 12)):
            root, date = re.match(r"([A-Z]+)(\d{6})[CP]", cells[at]).groups()
            bid, ask, _, iv, _, gamma, interest = (float(cells[at + n].replace(",", "")) for n in range(3, 10))
            groups[root, date].append({"strike": float(cells[11]), "side": side, "bid": bid, "ask": ask, "iv": iv, "gamma": gamma, "interest": interest})
    return spot, groups, taken


def parity(rows: list[dict[str, float]], spot: float) -> tuple[float, float]:
    quotes = {(row["strike"], row["side"]): row for row in rows if row["bid"] > 0 and row["ask"] >= row["bid"] and abs(row["strike"] / spot - 1) <= 0.08}
    gaps = []
    for (strike, side), call in quotes.items():
        put = quotes.get((strike, -1))
        if side == 1 and put:
            gaps.append((strike, (call["bid"] + call["ask"] - put["bid"] - put["ask"]) / 2))
    if len(gaps) < 3:
        return spot, 1.0
    slopes = [(a[1] - b[1]) / (b[0] - a[0]) for n, a in enumerate(gaps) for b in gaps[n + 1 :]]
    discount = min(median(slopes), 1.0)
    return median(k + y / discount for k, y in gaps), discount


def book(path: Path) -> tuple[float, list[Row]]:
    """Spot and the options that count."""
    spot, groups, taken = read(path)
    out = []
    for (root, date), rows in groups.items():
        settles = datetime.strptime(date, "%y%m%d").replace(tzinfo=NEW_YORK) + timedelta(hours=9.5 if root in MORNING else 16)
        years = (settles.timestamp() - taken.timestamp()) / (365 * 86400)
        if years <= 0:
            continue
        forward, discount = parity(rows, spot)
        by_strike = {row["strike"]: row["iv"] for row in rows if row["iv"] > 0}
        for row in rows:
            vol = row["iv"] or by_strike.get(row["strike"], 0.0)
            if vol > 0 and row["interest"] > 0:
                out.append(Row(years, row["strike"], int(row["side"]), vol, row["interest"], row["gamma"], forward / spot, discount))
    return spot, out


def total(rows: list[Row], spot: float) -> float:
    """Dollars per 1% at a spot."""
    out = 0.0
    for row in rows:
        forward, deviation = spot * row.growth, row.vol * math.sqrt(row.years)
        d1 = math.log(forward / row.strike) / deviation + deviation / 2
        gamma = row.discount * row.growth * math.exp(-d1 * d1 / 2) / math.sqrt(2 * math.pi) / (spot * deviation)
        out += row.side * row.interest * 100 * gamma * spot**2 * 0.01
    return out


def zero(rows: list[Row], spot: float, steps: int = 400) -> float:
    """The spot nearest to the present one at which the total changes sign, on a grid of 0.25% from 0.5 to 1.5 times spot; NaN if none."""
    grid = [spot * (0.5 + n / steps) for n in range(steps + 1)]
    values = [total(rows, s) for s in grid]
    turns = [(a + b) / 2 for a, b, u, v in zip(grid, grid[1:], values, values[1:], strict=False) if u * v < 0]
    return min(turns, key=lambda s: abs(s - spot)) if turns else math.nan
