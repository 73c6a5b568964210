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
    shutil.copy(compiled.__file__, package / "ground" / "compiled.py")
    assert walked(tmp_path) == "9.0 1"
    assert walked(tmp_path) == "9.0 0"
    (package / file).write_text((package / file).read_text().replace(old, new))
    assert walked(tmp_path) == "-10.0 1"
