"""An edit of what a compiled function calls, in any file, is seen by the next process: shown in a scratch package."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import flowbt.ground.compiled as compiled

FEES = "from flowbt.ground.compiled import jit\nfrom flowbt.terms import RATE\n\n\n@jit\ndef fee(units):\n    return units * RATE * 1.0\n"
WALK = "from flowbt.fees import fee\nfrom flowbt.ground.compiled import jit\n\n\n@jit\ndef walk(units):\n    return 10.0 - fee(units)\n"


def walked(root: Path) -> str:
    script = "from flowbt.walk import walk; print(walk(2.0), sum(walk.stats.cache_misses.values()))"
    done = subprocess.run([sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize(("file", "old", "new"), [("fees.py", "* 1.0", "* 20.0"), ("terms.py", "0.5", "10.0")])
def test_an_edit_in_another_file_is_seen(tmp_path: Path, file: str, old: str, new: str) -> None:
    package = tmp_path / "flowbt"
    (package / "ground").mkdir(parents=True)
    for name, text in {"__init__": "", "ground/__init__": "", "terms": "RATE = 0.5\n", "fees": FEES, "walk": WALK}.items():
        (package / f"{name}.py").write_text(text)
    for name in ("compiled.py", "types.py"):
        shutil.copy(Path(compiled.__file__).with_name(name), package / "ground" / name)
    assert walked(tmp_path) == "9.0 1"
    assert walked(tmp_path) == "9.0 0"
    (package / file).write_text((package / file).read_text().replace(old, new))
    assert walked(tmp_path) == "-10.0 1"


SWEEP = """
import numpy as np
from tests.studies.sweep.markets import random_market, sweeper_of
from tests.engine.combinations import by_level
one = sweeper_of(by_level, random_market(n=1, gaps=False), {"window": (2,), "hold": (4,), "stop": (None,), "size": (None,)})
print(one.run(np.zeros((1, 4), np.int64)).column("total_return")[0])
"""


@pytest.mark.slow
def test_fees_edited_in_the_package_change_a_sweep_of_one_symbol(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    shutil.copytree(root / "src" / "flowbt", tmp_path / "flowbt")  # with what is compiled already
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(root)])}

    def swept() -> float:
        return float(subprocess.run([sys.executable, "-c", SWEEP], env=env, capture_output=True, text=True, check=True).stdout)

    before = swept()
    kernel = tmp_path / "flowbt" / "engine" / "sweep" / "kernel.py"
    assert kernel.read_text().count("fee = abs(units) * moved * terms.fees") == 1
    kernel.write_text(kernel.read_text().replace("moved * terms.fees", "moved * terms.fees * 20.0"))
    assert swept() < before - 1e-4


def test_an_index_of_types_that_are_gone_is_begun_anew(tmp_path: Path) -> None:
    package = tmp_path / "flowbt"
    (package / "ground").mkdir(parents=True)
    kind = "from typing import NamedTuple\nclass {0}(NamedTuple):\n    units: float\n"
    text = "from flowbt.ground.compiled import jit\nfrom flowbt.terms import {0}\n@jit\ndef fee(a):\n    return 2.0 * a.units\n"
    text += "def walk(u):\n    return fee({0}(u))\nwalk.stats = fee.stats\n"
    for name in ("compiled.py", "types.py"):
        shutil.copy(Path(compiled.__file__).with_name(name), package / "ground" / name)
    for known in ("Old", "New"):
        for name, words in {"__init__": "", "ground/__init__": "", "terms": kind.format(known), "walk": text.format(known)}.items():
            (package / f"{name}.py").write_text(words)
        assert walked(tmp_path) == "4.0 1"
