"""The floors of docs/design.md, checked by import-linter; and what importing flowbt costs."""

import re
import subprocess
import sys
from pathlib import Path

import flowbt

ROOT = Path(__file__).parents[1]


def test_imports_only_go_down():
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]


def test_only_the_book_imports_vectorbt():
    line = re.compile(r"^\s*(import|from) vectorbt\b(?!')", re.MULTILINE)
    users = [str(path.relative_to(ROOT)) for path in (ROOT / "src").rglob("*.py") if line.search(path.read_text())]
    assert users == ["src/flowbt/engine/vbt/book.py"]


def test_all_is_the_namespace():
    assert all(hasattr(flowbt, name) for name in flowbt.__all__)


def test_importing_the_command_line_loads_nothing_heavy():
    code = "import sys, flowbt, flowbt.cli; print([m for m in ('pandas','numpy','vectorbt','pyarrow','rich','pydantic') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_importing_a_command_loads_nothing_heavy():
    code = "import sys, importlib; from flowbt.cli import MODULES; [importlib.import_module(name) for name in MODULES.values()]; "
    code += "print([m for m in ('pandas', 'numpy', 'scipy', 'numba', 'pyarrow', 'jinja2') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_no_module_is_over_400_lines():
    long = [str(path) for path in (ROOT / "src").rglob("*.py") if len(path.read_text().splitlines()) > 400]
    assert not long
