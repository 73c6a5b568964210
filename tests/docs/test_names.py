"""What the pages name is there: modules and scripts by their paths, functions and types of the contract by their names and fields."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
YOURS = ("NAME", "my_", "acme", "your_", "mine")  # files a reader writes


@cache
def tree():
    """The files of the project, and what its code defines: name -> the fields or parameters of whatever bears it."""
    files = [
        path.relative_to(ROOT).as_posix() for top in ("src", "tests", "benchmarks", "scripts", "claims", "strategies") for path in (ROOT / top).rglob("*.py")
    ]
    known = {}
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                known.setdefault(node.name, set()).update(one.arg for one in [*node.args.args, *node.args.kwonlyargs])
            elif isinstance(node, ast.ClassDef):
                fields = {one.target.id for one in node.body if isinstance(one, ast.AnnAssign)} | {
                    one.name for one in node.body if isinstance(one, ast.FunctionDef)
                }
                known.setdefault(node.name, set()).update(fields)
    return files, known


def expanded(path):
    """`a/{b,c}.py` as its two paths."""
    found = re.fullmatch(r"(.*)\{(.*)\}(.*)", path)
    return [found[1] + one + found[3] for one in found[2].split(",")] if found else [path]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_module_a_page_names_is_there(page):
    files, _ = tree()
    told = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    named = {one for code in re.findall(r"`([^`\n]+)`", told) for path in re.findall(r"[\w/{},*-]+\.py\b", code) for one in expanded(path)}
    wanted = {one for one in named if "*" not in one and not one.rpartition("/")[2].startswith(YOURS)}
    assert not {one for one in wanted if not any(f"/{file}".endswith(f"/{one}") for file in files)}


def test_the_types_and_functions_of_the_contract_are_as_it_says():
    text, (_, known) = (ROOT / "docs/design.md").read_text(encoding="utf-8"), tree()
    functions = {name for code in re.findall(r"`([^`\n]+)`", text) for name in re.findall(r"(?<![\w.])([a-z_]\w+)\(", code)} - {
        "f",
        "signals",
    }  # what a reader writes
    assert not functions - known.keys()
    calls = [
        one
        for block in re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        for one in re.findall(r"^(\w+)\((.*?)\)(?=\s|$)", block, re.MULTILINE | re.DOTALL)
    ]
    assert len(calls) >= 6
    for name, inside in calls:
        fields = {re.split(r"[=:]", one)[0].strip() for one in inside.split(",") if one.strip()}
        assert fields <= known[name], name
