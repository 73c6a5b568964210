"""Profile of a 10,000-row chain at 300 spots with root refinement, against re-pricing it spot by spot with the closed forms."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd

from flowbt.features.chain import crossings, gamma_profile, totals
from flowbt.features.chain_snapshot import snapshot
from flowbt.options import blackscholes as bs

AS_OF = pd.Timestamp("2024-01-05 21:31")
SPOT = 4700.0


def chain(rows: int = 10_000) -> pd.DataFrame:
    """An invented chain of `rows` strike rows (a call and a put each) over 25 expiries."""
    rng = np.random.default_rng(1)
    strikes = np.tile(np.linspace(2000, 7000, rows // 25), 25)
    expiry = AS_OF + pd.to_timedelta(np.repeat(np.geomspace(0.3, 900, 25), rows // 25), unit="D")
    half = pd.DataFrame({"strike": strikes, "expiry": expiry, "iv": 0.12 + 0.4 * (strikes / SPOT - 1) ** 2})
    interest = rng.gamma(0.4, 800, (2, len(half))).round()
    both = [half.assign(call=call, open_interest=held) for call, held in zip((True, False), interest, strict=True)]
    return pd.concat(both, ignore_index=True).assign(as_of=AS_OF, spot=SPOT, root="X", symbol="X")


def plain(table: pd.DataFrame) -> np.ndarray:
    """The same totals by the closed forms, one spot after the other."""
    snap = snapshot(table)
    return np.array([(snap.weight * bs.gamma(snap.option(s)) * s**2 * 0.01).sum() for s in np.linspace(0.5 * SPOT, 1.5 * SPOT, 300)])


def best(call: object, *args: object, repeats: int = 5) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call(*args)  # type: ignore[operator]
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    table = chain()
    snap = snapshot(table)
    spots = np.linspace(0.5 * SPOT, 1.5 * SPOT, 300)
    values = totals(snap, spots)
    whole, slow = best(gamma_profile, table), best(plain, table, repeats=2)
    print(f"{len(table)} options of {len(table) // 2} rows, {len(snap.strike)} count; {len(crossings(snap, spots, values))} crossings")
    print(f"largest difference from the closed forms {np.abs(values / plain(table) - 1).max():.1e}")
    print(f"gamma_profile {whole * 1e3:.0f} ms (everything, 300 spots, refined); closed forms alone {slow * 1e3:.0f} ms; ratio {slow / whole:.1f}")


if __name__ == "__main__":
    main()
