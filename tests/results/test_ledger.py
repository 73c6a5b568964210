"""The ledger counts each decision once, whatever the file or its parameters are called, and loses none."""

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from tests.rights import mode

from flowbt.evidence.sharpe import expected_maximum
from flowbt.ground.errors import StoreError
from flowbt.results import ledger

FACTS = {"strategy": "one", "shape": "s", "symbols": ["SPY"], "decision": f"{7:016x}"}


@pytest.fixture
def root(tmp_path):
    return tmp_path / "results"


def tally(root, **facts):
    facts = {**FACTS, **facts}
    return ledger.Ledger(ledger.trials_folder(root, facts)).count(facts["strategy"])


def enter(root, decisions, name="sweep-a-0", **facts):
    facts = {**FACTS, **facts}
    keys = ledger.keys_of(facts, np.array(decisions, np.uint64))
    return ledger.add(ledger.folder_of(root, facts), name, keys, np.array([d / 10 for d in decisions]))


def test_the_same_decision_counts_once_with_the_figure_of_a_sweep(root):
    for sharpe in (0.1, 0.1, 0.1):
        ledger.add_run(root, FACTS, sharpe)
    ledger.add_run(root, {**FACTS, "decision": f"{3:016x}"}, 0.3)
    enter(root, [7, 3])
    assert tally(root).trials == 2
    assert tally(root).variance == pytest.approx(np.var([0.7, 0.3], ddof=1))


def test_a_sweep_says_the_same_to_the_last_digit_before_and_after_its_best_is_run(root):
    enter(root, [7, 3, 5])
    before = tally(root)
    ledger.add_run(root, FACTS, 0.7 + 1e-15)
    assert tally(root) == before


@pytest.mark.parametrize("change", [{"decision": f"{8:016x}"}, {"symbols": ["QQQ"]}, {"from": "2020-01-01"}, {"costs": {"fees": 1.0}}])
def test_another_decision_is_another_trial(root, change):
    ledger.add_run(root, FACTS, 0.1)
    ledger.add_run(root, {**FACTS, **change}, 0.1)
    assert tally(root).trials == 2


@pytest.mark.parametrize("change", [{"code_hash": "x"}, {"parameters": {"renamed": 3}}, {"datasets": [{"hash": "e"}]}, {"shape": "t"}])
def test_the_same_decision_by_other_code_is_the_same_trial(root, change):
    ledger.add_run(root, FACTS, 0.1)
    ledger.add_run(root, {**FACTS, **change}, 0.1)
    assert tally(root).trials == 1


def test_trials_on_invented_data_are_counted_apart(root):
    ledger.add_run(root, {**FACTS, "synthetic": True}, 0.1)
    assert tally(root).trials == 0
    assert tally(root, synthetic=True).trials == 1


def test_a_trial_without_a_sharpe_counts_but_has_no_variance(root):
    for decision, sharpe in ((1, math.nan), (2, 0.2), (3, 0.4)):
        ledger.add_run(root, {**FACTS, "decision": f"{decision:016x}"}, sharpe)
    assert tally(root) == (3, pytest.approx(np.var([0.2, 0.4], ddof=1)))


@pytest.mark.parametrize("clones", [np.full(10_000, 0.01), 0.01 + 1e-7 * np.arange(10_000)])
def test_trials_beside_the_best_do_not_bring_luck_down(root, clones):
    """Ten thousand values of a stop that is hardly ever hit took the best Sharpe ratio that luck explains from 0.136 a bar to 0.021."""
    folder, rng = ledger.folder_of(root, FACTS), np.random.default_rng(3)
    ledger.add(folder, "sweep-a", np.arange(100, dtype=np.uint64), 0.05 * rng.standard_normal(100))
    before = expected_maximum(*tally(root))
    ledger.add(folder, "sweep-b", np.arange(1_000, 1_000 + len(clones), dtype=np.uint64), clones)
    assert tally(root).trials == 10_100
    assert expected_maximum(*tally(root)) >= before * (1 - 1e-12)


def test_single_runs_are_a_search_that_a_sweep_beside_the_best_does_not_hide(root):
    folder = ledger.folder_of(root, FACTS)
    for key, sharpe in enumerate(0.05 * np.random.default_rng(3).standard_normal(40)):
        ledger.add_run(root, {**FACTS, "decision": f"{key:016x}"}, sharpe)
    before = expected_maximum(*tally(root))
    ledger.add(folder, "sweep-b", np.arange(1_000, 11_000, dtype=np.uint64), 0.1 + 1e-7 * np.arange(10_000))
    assert tally(root).trials == 10_040
    assert expected_maximum(*tally(root)) >= before * (1 - 1e-12)


def test_equal_results_of_one_sweep_are_one_for_the_variance(root):
    sharpes = np.concatenate([[0.1, 0.2, 0.4], np.full(97, 0.2) + 1e-15])
    ledger.add(ledger.folder_of(root, FACTS), "sweep-a", np.arange(100, dtype=np.uint64), sharpes)
    assert tally(root) == (100, pytest.approx(np.var([0.1, 0.2, 0.4], ddof=1)))


def test_a_copy_of_the_same_shape_is_the_same_search(root):
    enter(root, range(1, 101))
    enter(root, [500], strategy="copy")
    enter(root, [600, 601], strategy="stranger", shape="t")
    assert tally(root, strategy="copy").trials == tally(root).trials == 101
    assert tally(root, strategy="stranger").trials == 2


def test_an_edited_file_or_cell_stays_the_search_of_its_name_whatever_it_decides_now(root):
    enter(root, range(1, 101))
    enter(root, [500, 501], shape="edited")
    enter(root, [600], strategy="stranger", shape="edited and renamed")
    assert tally(root).trials == tally(root, shape="edited").trials == 102
    enter(root, [700], strategy="copy", shape="edited")  # of the edited file: the first one's trials count for it too
    assert tally(root, strategy="copy").trials == 103
    assert tally(root, strategy="stranger").trials == 1


def test_a_rewritten_file_that_decides_mostly_the_same_is_the_same_search(root):
    enter(root, range(1, 101))
    enter(root, [1, 2, 3, 200, 201], strategy="rewritten", shape="t")
    enter(root, [1, 300, 301, 302, 303], strategy="neighbour", shape="u")  # one decision in common is chance
    assert tally(root, strategy="rewritten").trials == 102
    assert tally(root, strategy="neighbour").trials == 5


def test_decisions_that_never_trade_make_no_two_searches_one(root):
    for k, name in enumerate(("one", "two")):
        ledger.add_run(root, {**FACTS, "strategy": name, "shape": name}, math.nan)
        enter(root, [10 + k], strategy=name, shape=name)
    assert tally(root).trials == tally(root, strategy="two").trials == 2


def test_files_of_a_sweep_become_one_with_the_same_trials(root):
    folder = ledger.folder_of(root, FACTS)
    for k in range(3):
        enter(root, [10 + k, 20 + k, 30], f"sweep-a-{k}")
    before = tally(root)
    ledger.gather(folder, "sweep-a")
    assert len(list(folder.iterdir())) == 1
    assert tally(root) == before
    assert before.trials == 7


@pytest.mark.parametrize("left", [0, 40])
def test_a_damaged_file_still_counts(root, left):
    ledger.add_run(root, {**FACTS, "decision": f"{99:016x}"}, 0.1)
    path = enter(root, [1, 2, 3])
    path.write_bytes(path.read_bytes()[:left])
    enter(root, [4, 5], "sweep-a-1")
    with pytest.warns(RuntimeWarning, match="not what was stored"):
        assert tally(root).trials == 1 + 3 + 2
    ledger.gather(path.parent, "sweep-a")
    with pytest.warns(RuntimeWarning, match="not what was stored"):
        assert tally(root).trials == 1 + 3 + 2


def test_a_link_to_itself_counts_as_a_damaged_file(root):
    path = enter(root, [1, 2, 3])
    path.unlink()
    path.symlink_to(path.name)
    with pytest.warns(RuntimeWarning, match="not what was stored"):
        assert tally(root).trials == 3


def test_many_writers_and_joiners_at_once_lose_nothing(root):
    folder = ledger.folder_of(root, FACTS)

    def work(k):
        enter(root, [k], "sweep-a-0")
        ledger.gather(folder, "sweep-a")
        return tally(root).trials

    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(work, range(1, 41)))
    assert tally(root).trials == 40
    assert min(seen) >= 1


def test_it_lies_beside_the_results_or_where_asked(tmp_path, monkeypatch):
    ledger.add_run(tmp_path / "results", FACTS, 0.1)
    assert [path.name for path in tmp_path.iterdir()] == ["ledger"]
    assert tally(tmp_path / "other results").trials == 1
    monkeypatch.setenv("FLOWBT_LEDGER", str(tmp_path / "kept"))
    assert tally(tmp_path / "results").trials == 0
    ledger.add_run(tmp_path / "results", FACTS, 0.1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "ledger"]


def test_a_name_that_leaves_the_folder_and_one_never_run(root):
    ledger.add_run(root, {**FACTS, "strategy": "../../one"}, 0.1)
    assert tally(root, strategy="../../one").trials == 1
    assert tally(root, strategy="never run") == (0, pytest.approx(math.nan, nan_ok=True))


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_trials_that_may_not_be_read_are_never_counted_as_none(root, depth):
    shut = enter(root, [7, 3]).parents[depth]
    with mode(shut, 0), pytest.raises(StoreError, match=r"read the ledger in .*: Permission denied"):
        tally(root)
    assert tally(root).trials == 2
