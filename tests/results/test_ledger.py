"""The ledger counts each trial once, by what decides it, and keeps play on invented data apart."""

import math

import numpy as np
import pytest

from flowbt.engine.sweep.space import Space
from flowbt.results import ledger

FACTS = {"strategy": "one", "code_hash": "c", "symbols": ["SPY"], "parameters": {"hold": 3}, "datasets": [{"hash": "d"}]}


def tally(root, **facts):
    return ledger.tally(ledger.folder_of(root, {**FACTS, **facts}))


def test_the_same_trial_counts_once_and_the_first_sharpe_stays(tmp_path):
    for sharpe in (0.1, 0.1, 0.1):
        ledger.add_run(tmp_path, FACTS, sharpe)
    ledger.add_run(tmp_path, {**FACTS, "parameters": {"hold": 5}}, 0.3)
    keys = ledger.keys_of(ledger.base_of(FACTS), Space.of({"hold": (3, 5)}), np.array([[0], [1]]))
    ledger.add(ledger.folder_of(tmp_path, FACTS), "sweep-a-0", keys, np.array([0.1, 0.3]))
    found = tally(tmp_path)
    assert found.trials == 2
    assert found.variance == pytest.approx(np.var([0.1, 0.3], ddof=1))


@pytest.mark.parametrize("change", [{"code_hash": "x"}, {"symbols": ["QQQ"]}, {"from": "2020-01-01"}, {"costs": {"fees": 1.0}}, {"datasets": [{"hash": "e"}]}])
def test_another_result_is_another_trial(tmp_path, change):
    ledger.add_run(tmp_path, FACTS, 0.1)
    ledger.add_run(tmp_path, {**FACTS, **change}, 0.1)
    assert tally(tmp_path).trials == 2


def test_trials_on_invented_data_are_counted_apart(tmp_path):
    ledger.add_run(tmp_path, {**FACTS, "synthetic": True}, 0.1)
    assert tally(tmp_path).trials == 0
    assert tally(tmp_path, synthetic=True).trials == 1


def test_a_trial_without_a_sharpe_counts_but_has_no_variance(tmp_path):
    for hold, sharpe in ((1, math.nan), (2, 0.2), (3, 0.4)):
        ledger.add_run(tmp_path, {**FACTS, "parameters": {"hold": hold}}, sharpe)
    assert tally(tmp_path) == (3, pytest.approx(np.var([0.2, 0.4], ddof=1)))


def test_slices_of_a_sweep_become_one_file_with_the_same_trials(tmp_path):
    folder = ledger.folder_of(tmp_path, FACTS)
    for k in range(3):
        ledger.add(folder, f"sweep-a-{k}", np.array([10 + k, 20 + k], np.uint64), np.array([0.1 * k, 0.2]))
    before = ledger.tally(folder)
    ledger.gather(folder, "sweep-a")
    assert [path.name for path in folder.iterdir()] == ["sweep-a.parquet"]
    assert ledger.tally(folder) == before
    assert before.trials == 6


def test_the_ledger_can_lie_apart_from_the_results(tmp_path, monkeypatch):
    monkeypatch.setenv("FLOWBT_LEDGER", str(tmp_path / "kept"))
    ledger.add_run(tmp_path / "results", FACTS, 0.1)
    assert not (tmp_path / "results").exists()
    assert tally(tmp_path / "other results").trials == 1
