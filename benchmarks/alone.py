"""Is a claim scored alone what it is in the whole register? Every claim by its own name, measured anew, against one run over the folder.

    python benchmarks/alone.py [claims/] [--datasets datasets]

Prints each figure that differs, and how many claims are the same; exit 3 where any differs.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from flowbt.data.catalog import Catalog
from flowbt.evidence.claims.finding import Finding
from flowbt.studies.score.score import Settings, score
from flowbt.studies.units import HERE

SAME = ("verdict", "reason", "effect", "low", "high", "p", "p_curve", "q", "holm", "smallest", "shrunk", "cluster", "beyond", "n", "n_effective")


def differing(alone: Finding, together: Finding) -> list[str]:
    return [f"{name} {getattr(alone, name)!r}, in the register {getattr(together, name)!r}" for name in SAME if getattr(alone, name) != getattr(together, name)]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("claims", nargs="?", default="claims")
    parser.add_argument("--datasets", default="datasets", type=Path)
    options = parser.parse_args()
    catalog, start, same = Catalog((options.datasets,)), time.perf_counter(), 0
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(cache=Path(folder), workers=HERE)
        whole = score((options.claims,), catalog, settings).findings
        for found in whole:
            [alone] = score((f"{found.file}::{found.id}",), catalog, replace(settings, fresh=True)).findings
            differs = differing(alone, found)
            same += not differs
            if differs:
                print(f"{found.id}: {'; '.join(differs)}", flush=True)
    print(f"{same} of {len(whole)} claims scored alone are what they are in the register; {time.perf_counter() - start:.0f} s")
    return 0 if same == len(whole) else 3


if __name__ == "__main__":
    raise SystemExit(main())
