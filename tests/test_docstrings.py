"""What public functions say of themselves: something at all, the errors they raise, and for frames and arrays their shape."""

import ast
import re
from pathlib import Path

import pytest

SRC = Path(__file__).parents[1] / "src" / "flowbt"
TABLES = re.compile(r"DataFrame|Series|Array|ndarray")
SHAPE = re.compile(r"labels|frame|series|array|T x|N x| x [A-Z]\b|per bar|per label|row|bars|column|matrix|vector|values|by offset|table", re.IGNORECASE)


def public_functions(room):
    for path in sorted((SRC / room).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        told = ast.get_docstring(tree) or ""
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                yield f"{path.relative_to(SRC)}: {node.name}", node, ast.get_docstring(node) or "", told


def raised(node):
    found = (one.exc.func.id for one in ast.walk(node) if isinstance(one, ast.Raise) and isinstance(one.exc, ast.Call) and isinstance(one.exc.func, ast.Name))
    return {name for name in found if name.endswith("Error")}


each = pytest.mark.parametrize("room", ["features", "evidence", "engine"])


@each
def test_every_public_function_says_what_it_does(room):
    assert not [name for name, _, doc, _ in public_functions(room) if not doc]


@each
def test_errors_are_named(room):
    assert not [f"{name} {error}" for name, node, doc, _ in public_functions(room) for error in sorted(raised(node)) if error not in doc]


@each
def test_tables_have_a_shape(room):
    given = [(name, doc + told) for name, node, doc, told in public_functions(room) if node.returns and TABLES.search(ast.unparse(node.returns))]
    assert not [name for name, words in given if not SHAPE.search(words)]


def test_a_family_of_features_has_a_rule_for_missing_values():
    package = ast.get_docstring(ast.parse((SRC / "features/__init__.py").read_text(encoding="utf-8")))
    assert "where an input is missing a number is missing" in package  # held for every feature by tests/features/test_features.py
    assert "labels and symbols" in package
