"""The recipes of CONTRIBUTING.md, followed block by block in a scratch copy of the project."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^```(\w+)(?: (file|append)=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def recipes():
    parts = re.split(r"^## ", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {part.splitlines()[0].split("(")[0].strip(): part for part in parts if part.startswith("Add ")}


@pytest.fixture
def project(tmp_path):
    """A copy of what a recipe may touch, and `flowbt` and `python` on the path, working on that copy."""
    for name in ("src", "tests", "strategies", "benchmarks"):
        shutil.copytree(ROOT / name, tmp_path / name)  # with the compiled kernels beside their sources
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name in ("docs", "bin", "claims"):
        (tmp_path / name).mkdir()
    for name, words in {"flowbt": '-c "from flowbt.cli import main; main()"', "python": ""}.items():
        (tmp_path / "bin" / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
        (tmp_path / "bin" / name).chmod(0o755)
    return tmp_path


def test_the_recipes_are_there():
    assert list(recipes()) == ["Add a source", "Add a feature", "Add a strategy", "Add a claim", "Add a page", "Add a benchmark"]


@pytest.mark.parametrize("name", recipes())
def test_a_recipe_works_as_written(name, project):
    environment = {**os.environ, "PATH": f"{project / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(project / "src"), "NO_COLOR": "1"}
    environment.pop("FLOWBT_DATASETS", None)
    for kind, how, target, text in BLOCK.findall(recipes()[name]):
        if kind == "sh":
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=project, env=environment, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
            continue
        path = project / target
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text((path.read_text() + "\n\n" if how == "append" else "") + text)
