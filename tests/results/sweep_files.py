"""An invented sweep in the stored layout of docs/sweeps.md."""

import json
from itertools import product

import numpy as np
import pandas as pd

METRICS = ["total_return", "cagr", "volatility", "sharpe", "sortino", "calmar", "max_drawdown", "exposure", "trades", "win_rate", "profit_factor", "expectancy"]


def write_sweep(root, name="exit_liquidity", **changes):
    rng = np.random.default_rng(3)
    grid = {"rally": [0.01, 0.015, 0.02, 0.03, 0.04], "hold": [3, 5, 10, 21], "gate": ["vix", "none", "<b>credit</b>"]}
    trials = pd.DataFrame(list(product(*grid.values())), columns=list(grid))
    trials.insert(0, "trial", np.arange(len(trials)))
    for metric in METRICS:
        trials[metric] = rng.normal(0, 0.3, len(trials))
    trials["sharpe"] += 0.6 - (trials["rally"] - 0.02).abs() * 30 - (trials["hold"] - 5).abs() * 0.03
    trials["trades"] = rng.integers(0, 200, len(trials)).astype(float)
    trials["max_drawdown"] = -trials["max_drawdown"].abs()
    trials.loc[7, METRICS] = np.nan
    folder = root / "exit_liquidity" / "sweep-0123456789ab"
    folder.mkdir(parents=True)
    trials.to_parquet(folder / "trials.parquet")
    best = trials.loc[trials["sharpe"].idxmax()]
    sweep = {
        "kind": "sweep",
        "id": "0123456789ab",
        "strategy": name,
        "thesis": "A thesis <of> sorts.",
        "command": "flowbt sweep x",
        "created": "2026-02-03T04:05:06Z",
        "synthetic": True,
        "symbols": ["AAA", "BBB"],
        "from": "2012-01-03",
        "to": "2025-12-31",
        "bars": 3520,
        "parameters": grid,
        "fixed": {"stop": 0.03},
        "datasets": [{"name": "demo-prices"}],
        "stand_ins": [{"asked": "dark_pool_net", "used": "dix"}],
        "costs": {"fees": 0.0001},
        "metrics": METRICS,
        "constraints": [],
        "how": {"path": "fused", "traces": 1, "masks": 9, "reasons": []},
        "rate": 81000.0,
        "verified": {"trials": 12, "largest_difference": 3e-13, "books": 12},
        "commit": "",
        "warnings": [],
        **changes,
    }
    luck = {
        "best": {"trial": int(best["trial"]), "rally": best["rally"], "hold": int(best["hold"]), "gate": best["gate"], "sharpe": best["sharpe"]},
        "deflated_sharpe": 0.41,
        "ledger": {"trials": 412, "effective": 30.0, "mean_correlation": 0.4},
        "expected_best_of_luck": 0.7,
        "pbo": {"pbo": 0.34, "slope": -0.2, "loss": 0.3},
        "noise": {"p": 0.12, "low": 0.5, "middle": 0.75, "high": 1.0, "rotations": 200},
        "neighbours": {"count": 5, "median_sharpe": 0.5, "kept": 0.6},
        "verdict": "The best Sharpe is what luck gives the best of 412 trials.",
        "notes": [],
    }
    (folder / "sweep.json").write_text(json.dumps(sweep))
    (folder / "luck.json").write_text(json.dumps(luck))
    return folder, trials
