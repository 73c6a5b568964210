"""Dealer gamma of random chains against the truth they were made from: how far off, how often its range holds the truth, how often its sign is right.

Usage: python -m benchmarks.invented_chains [FIRST LAST]     (seeds, 0 to 200)
Funds and shares are priced by finite differences: some seconds each.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from tests.options.inventing import invent

from flowbt.data.sources.chains import read_chain
from flowbt.features.chain import gamma_profile


def main(first: int = 0, last: int = 200) -> None:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(first, last):
            made = invent(Path(folder), seed)
            profile = gamma_profile(read_chain(made.path))
            low, high = profile.range
            right = np.sign(profile.total) == np.sign(made.total)
            off, solved = ((one - made.total) / made.gross for one in (profile.total, profile.by_quotes))
            held = low <= made.total <= high
            printed = made.printed + (" dead" if made.dead else "")
            rows.append(
                (made.world.kind, printed, abs(off), off, abs(solved), held, right, profile.certain, profile.certain and not right, (high - low) / made.gross)
            )
    names = ["kind", "printed", "off", "bias", "solved", "held", "right", "certain", "certain and wrong", "width"]
    table = pd.DataFrame(rows, columns=names)
    middle = dict.fromkeys(("off", "solved", "width"), "median") | {
        "bias": "mean",
        "held": "mean",
        "right": "mean",
        "certain": "mean",
        "certain and wrong": "sum",
    }
    by = table.groupby(["kind", "printed"])
    print(by.agg(middle).join(by.size().rename("chains")).round(4).to_string())
    wrong = table["certain and wrong"].sum()
    print(f"{len(table)} chains: truth in the range {table['held'].mean():.1%}, sign right {table['right'].mean():.1%}, certain and wrong {wrong}")


if __name__ == "__main__":
    main(*(int(one) for one in sys.argv[1:3]))
