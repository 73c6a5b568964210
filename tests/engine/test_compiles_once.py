"""What is compiled, counted: one signature for every combination of rules, and nothing at all once the cache is warm."""

import os
import subprocess
import sys
from pathlib import Path

COUNT = """
from flowbt.engine.sweep.kernel import run_trials
from flowbt.engine.sweep.live import run_several, run_single
from flowbt.engine.walk.accounts import profits, trades_from
from flowbt.engine.walk.kernel import walk_signals, walk_targets
from tests.engine.combinations import every_combination

assert every_combination(1) == every_combination(2) == 54
print([len(one.signatures) for one in (walk_signals, walk_targets, trades_from, profits, run_trials, run_single, run_several)])
"""


def in_a_process_of_its_own(*command: str) -> str:
    """What a new Python prints: what other tests have compiled does not count."""
    root = Path(__file__).parents[2]
    path = os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run([sys.executable, *command], cwd=root, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_one_and_two_symbols_and_every_rule_are_one_signature_and_a_warm_process_compiles_nothing() -> None:
    assert in_a_process_of_its_own("-c", COUNT) == "[1, 1, 1, 1, 1, 1, 1]"
    assert in_a_process_of_its_own("-m", "tests.engine.combinations") == "0"
