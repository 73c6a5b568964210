"""A sweep whose stored numbers are not the engine's is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from flowbt.data.catalog import Catalog
from flowbt.ground.errors import ReconciliationError
from flowbt.studies.sweep import sweep as study
from flowbt.studies.sweep import verify as verifying
from flowbt.studies.sweep.setup import SweepRequest, set_up
from flowbt.studies.sweep.store import SweepFolder


class Changed:
    """A sweep's stored trials, one metric of one trial changed."""

    def __init__(self, folder: SweepFolder, trial: int, name: str, by: float) -> None:
        self.folder, self.changed = folder, (trial, name, by)

    def column(self, name: str) -> np.ndarray:
        return self.folder.column(name)

    def rows(self, trials: list[int]) -> pd.DataFrame:
        trial, name, by = self.changed
        rows = self.folder.rows(trials).copy()
        rows.loc[rows["trial"] == trial, name] += by
        return rows


@pytest.mark.parametrize(("name", "by"), [("sharpe", 1e-6), ("total_return", -1e-7), ("exposure", np.nan)])
def test_a_changed_metric_is_refused(catalog: Catalog, strategy: Path, tmp_path: Path, name: str, by: float) -> None:
    folder, document, _ = study.sweep(catalog, SweepRequest(strategy, {"window": "3,5", "level": "0", "hold": "2"}), study.SweepOptions(tmp_path / "r"))
    setup = set_up(catalog, SweepRequest(strategy, {"window": "3,5", "level": "0", "hold": "2"}))
    stored = SweepFolder(folder, folder)
    top = [int(row["trial"]) for row in document["top"]]
    assert verifying.verify(setup, stored, top)["largest_difference"] < 1e-9
    with pytest.raises(ReconciliationError, match=name):
        verifying.verify(setup, Changed(stored, top[0], name, by), top)  # type: ignore[arg-type]
