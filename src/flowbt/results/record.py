"""What one run leaves behind: its manifest, its series, its trades, its measures. Nothing heavy is imported here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from flowbt.ground.documents import dumps
from flowbt.ground.types import JsonView

if TYPE_CHECKING:
    import pandas as pd

    from flowbt.evidence.measures import Measures
    from flowbt.results.manifest import Manifest

KEYED = (
    "strategy",
    "code_hash",
    "parameters",
    "symbols",
    "clock",
    "step",
    "from",
    "to",
    "decide_at",
    "costs",
    "account",
    "seed",
    "rotations",
    "benchmark",
    "key",
)
"""The parts of a manifest that decide the result; with the data hashes and flowbt's version they make the run id."""


def content_key(manifest: JsonView) -> str:
    """Twelve hex digits that name the result: the same code, parameters, data and rules give the same key."""
    parts = {name: manifest.get(name) for name in KEYED}
    parts["data"] = data_key(manifest)
    parts["flowbt"] = manifest.get("versions", {}).get("flowbt")
    return hashlib.sha256(dumps(parts, sort_keys=True).encode()).hexdigest()[:12]


def data_key(facts: JsonView) -> list[list[str]]:
    """The datasets of a run's manifest or a sweep's facts as ids have them: the same tables, read by the same declared rules."""
    return sorted([dataset["hash"], dataset.get("rules", "")] for dataset in facts.get("datasets", []))


@dataclass(frozen=True)
class RunRecord:
    """A run as it is stored. Frames as in docs/design.md, Results."""

    manifest: Manifest
    returns: pd.DataFrame
    orders: pd.DataFrame
    trades: pd.DataFrame
    prices: pd.DataFrame
    measures: Measures
    chart: pd.DataFrame | None = None  # columns "open:SPY", "high:SPY", "low:SPY", "<feature>:SPY"; None in runs of before

    @cached_property
    def metrics(self) -> dict[str, object]:
        """Measure name -> value (None where it has no meaning; drawdown dates are ISO strings)."""
        return self.measures.to_dict()
