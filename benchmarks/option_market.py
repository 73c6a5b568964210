"""The option market: implied volatilities of a million quotes, and a 30,000-row SPX chain from file to surface and gamma profile.

Usage: python benchmarks/option_market.py
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

from flowbt.data.sources.chains import read_chain
from flowbt.features.chain import gamma_profile
from flowbt.options.implied import black_price, implied_volatility
from flowbt.options.kernels.black import log_price
from flowbt.options.surface import fit_surface

HEADER = "Expiration Date,Calls,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest,Strike,Puts,Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest"
SPOT = 4697.25


def quotes(n: int = 1_000_000) -> tuple[np.ndarray, ...]:
    """Strike, years, volatility and price of out-of-the-money options on a forward of 1: strikes 0.2 to 5, an hour to five years."""
    rng = np.random.default_rng(1)
    strike, years, vol = (np.exp(rng.uniform(np.log(a), np.log(b), n)) for a, b in ((0.2, 5.0), (1 / 8760, 5.0), (0.03, 3.0)))
    log = np.array([log_price(x, s) for x, s in zip(-np.abs(np.log(strike)), vol * np.sqrt(years), strict=True)])
    return strike, years, vol, np.exp(log) * np.sqrt(strike)


def chain_file(path: Path, rows: int = 30_000) -> Path:
    """An invented quote table of `rows` strikes (a call and a put each) over 60 expiries."""
    import pandas as pd

    lines = ["", f"S&P 500 INDEX,Last: {SPOT},Change: 8.5", '"Date: January 5, 2024 at 4:31 PM EST",Bid: 0,Ask: 0,Size: 1*1,Volume: 0', HEADER]
    days = np.unique(np.round(np.geomspace(3, 1000, 60)).astype(int))
    strikes = np.linspace(2400, 6500, rows // len(days)).round()
    for n in days:
        date, years = pd.Timestamp("2024-01-05") + pd.Timedelta(days=int(n)), n / 365
        forward, discount = SPOT * np.exp(0.035 * years), np.exp(-0.05 * years)
        k = np.log(strikes / forward)
        vol = np.sqrt(0.02 + 0.02 / (1 + years) - 0.05 * k / np.sqrt(years + 0.1) + 0.1 * k**2 / (years + 0.1))
        prices = [black_price(forward, strikes, years, vol, discount, call) for call in (True, False)]
        for i, strike in enumerate(strikes):
            sides = [
                f"SPXW{date:%y%m%d}{kind}{int(strike * 1000):08d},0,0,{max(p[i] - 0.2, 0):.2f},{p[i] + 0.2:.2f},9,{vol[i]:.4f},0,0,{100 + i % 700}"
                for kind, p in zip("CP", prices, strict=True)
            ]
            lines.append(f"{date:%a %b %d %Y},{sides[0]},{strike:.2f},{sides[1]}")
    path.write_text("\n".join(lines), "utf-8")
    return path


def main() -> None:
    strike, years, vol, price = quotes()
    implied_volatility(price[:10], 1.0, strike[:10], years[:10], 1.0, strike[:10] >= 1)
    start = time.perf_counter()
    found = implied_volatility(price, 1.0, strike, years, 1.0, strike >= 1)
    took, there = time.perf_counter() - start, price > 1e-300
    print(f"1,000,000 quotes in {took:.2f} s; {there.mean():.0%} have a price, largest error {np.abs(found - vol)[there].max():.1e} in volatility")
    with tempfile.TemporaryDirectory() as folder:
        for rows in (15_000, 30_000):
            path = chain_file(Path(folder) / "spx.csv", rows)
            times = []
            for _ in range(3):
                start = time.perf_counter()
                profile = gamma_profile(read_chain(path))
                surface = fit_surface(profile.snap.market)
                times.append(time.perf_counter() - start)
            print(f"{2 * rows:,} options ({rows:,} lines), file to profile and surface: {min(times):.2f} s; surface off by {surface.fit.rms:.2f} points")


if __name__ == "__main__":
    main()
