"""The small part of a run that listings and notebooks show, without its tables."""

from __future__ import annotations

import math
from typing import cast

import numpy as np

from flowbt.results.manifest import Summary
from flowbt.results.record import RunRecord

SPARK = 48  # points of the sparkline in a summary
SHOWN = (
    "sharpe", "sharpe_low", "sharpe_high", "cagr", "max_drawdown", "trades", "win_rate", "exposure", "volatility", "total_return",
    "open_trades", "skew", "kurtosis", "bars",
)  # measures in a summary  # fmt: skip
JUDGED = (
    "strategy", "code_hash", "symbols", "from", "to", "clock", "step", "decide_at", "costs", "account", "synthetic", "parameters", "stand_ins",
    "look_ahead", "evidence", "decision",
)  # what results/belief.py asks of a run besides its measures  # fmt: skip


def summary_of(record: RunRecord) -> Summary:
    """The small part that listings read: who, when, key measures with units, and the value line in 48 points."""
    manifest, value = record.manifest, record.returns["value"].to_numpy(float)
    picks = np.unique(np.linspace(0, max(len(value) - 1, 0), SPARK).astype(int)) if len(value) else np.array([], int)
    first = value[0] if len(value) and value[0] else math.nan
    names = ("id", "strategy", "thesis", "parameters", "symbols", "from", "to", "clock", "step", "synthetic", "created", "benchmark", "look_ahead")
    told = {
        **{name: manifest.get(name) for name in names},
        "stand_ins": len(manifest.get("stand_ins", [])),
        "measures": {name: record.metrics[name] for name in SHOWN},
        "judged": {name: manifest.get(name) for name in JUDGED} | {"datasets": [{"hash": use["hash"]} for use in manifest.get("datasets", [])]},
        "spark": [round(float(x), 4) for x in value[picks] / first],
    }
    return cast(Summary, told)
