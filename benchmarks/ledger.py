"""What counting a million trials costs: the time to add them in a hundred files as a sweep does, to join them, to count them; the size on disk; and the same
trials without a ledger (their Sharpe ratios kept in memory and their variance taken).

    python benchmarks/ledger.py [--trials 1000000] [--files 100]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from flowbt.results.ledger import Ledger, add, gather


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=1_000_000)
    parser.add_argument("--files", type=int, default=100, help="files a sweep writes before they are joined")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    keys, sharpes = rng.integers(0, 2**64, options.trials, dtype=np.uint64), 0.05 * rng.standard_normal(options.trials)
    with tempfile.TemporaryDirectory() as root:
        folder, clock = Path(root) / "grid" / "shape", time.perf_counter
        start = clock()
        for at in np.array_split(np.arange(options.trials), options.files):
            add(folder, "sweep", keys[at], sharpes[at])
        added = clock() - start
        gather(folder, "sweep")
        joined = clock() - start - added
        start = clock()
        found = Ledger(Path(root)).count("grid")
        counted = clock() - start
        size = sum(path.stat().st_size for path in folder.glob("*.parquet"))
    start = clock()
    variance = float(np.var(sharpes, ddof=1))
    alone = clock() - start
    assert found.trials == len(np.unique(keys))
    assert abs(found.variance / variance - 1) < 1e-9
    each = (added + joined + counted) / options.trials * 1e6
    print(f"{options.trials:,} trials: {options.files} files added in {added:.2f} s, joined in {joined:.2f} s, counted in {counted:.2f} s; {size / 1e6:.1f} MB")
    print(f"without a ledger (variance of what is in memory): {alone * 1e3:.1f} ms; a ledger costs {each:.2f} us a trial")


if __name__ == "__main__":
    main()
