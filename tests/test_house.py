"""The structure of the code: no circles, small folders, short functions, one class a name, imports where a reader looks for them."""

import ast
from collections import Counter
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

SRC = Path(__file__).parents[1] / "src" / "flowbt"
# heavy, or an extra
LATE = (
    "pandas_market_calendars",
    "vectorbt",
    "difflib",
    "unicodedata",
    "filelock",
    "tomlkit",
    "tomllib",
    "traceback",
    "scipy.optimize",
    "httpx",
    "ccxt",
    "yfinance",
    "distributed",
    "optuna",
    "exchange_calendars",
    "scipy.signal",
    "pandas.tseries",
)
BRINGS_VECTORBT = ("flowbt.engine.vbt.book", "flowbt.engine.options.run", "flowbt.features.chain_kernel")
SLOW = ("numpy", "pandas", "pyarrow", "pydantic", "numba", "scipy", "jinja2", "multiprocessing", "concurrent")
WIDE = ("data/sources", "features")  # one provider, one family a module


@cache
def modules():
    """Module name -> (path, tree)."""
    paths = {".".join(path.relative_to(SRC.parent).with_suffix("").parts).removesuffix(".__init__"): path for path in SRC.rglob("*.py")}
    return {name: (path, ast.parse(path.read_text(encoding="utf-8"))) for name, path in paths.items()}


def imported(node):
    """What an import statement may bring: the module, or each name as a module."""
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{one.name}" for one in node.names] + [node.module or ""]
    return [one.name for one in node.names] if isinstance(node, ast.Import) else []


def inside_functions(tree):
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return {id(node): node for function in functions for node in ast.walk(function) if isinstance(node, (ast.Import, ast.ImportFrom))}.values()


def test_no_circles_even_through_imports_inside_functions():
    known = modules()
    graph = {}
    for name, (_, tree) in known.items():
        for node in ast.walk(tree):
            found = [one for one in imported(node) if one in known]
            graph.setdefault(name, set()).update(found[:-1] if len(found) > 1 else found)  # the package of a module that is named is no user of it
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_a_folder_has_at_most_twelve_modules():
    counts = Counter(path.parent.relative_to(SRC).as_posix() for path, _ in modules().values() if path.name != "__init__.py")
    assert not {folder: count for folder, count in counts.items() if count > 12 and folder not in WIDE}


def test_a_function_is_at_most_sixty_lines_but_for_the_walk():
    long = [
        f"{name}.{node.name}: {node.end_lineno - node.lineno + 1}"
        for name, (_, tree) in modules().items()
        if not name.startswith(("flowbt.engine.walk", "flowbt.engine.sweep"))
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno >= 60
    ]
    assert not long


def test_a_class_name_means_one_thing():
    names = Counter(node.name for _, tree in modules().values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef) if not node.name.startswith("_"))
    assert not [name for name, count in names.items() if count > 1]


def test_imports_inside_functions_are_those_that_start_up_or_vectorbt_needs():
    late = [
        f"{name}: {imported(node)[-1]}"
        for name, (_, tree) in modules().items()
        if name != "flowbt" and not name.startswith("flowbt.cli.")
        for node in inside_functions(tree)
        if not any(one.startswith(LATE) or one in BRINGS_VECTORBT for one in imported(node))
    ]
    assert not late


@cache
def is_slow(name):
    """Whether importing a module brings one that takes long: a command that is asked for its help, or told a mistake, should not wait for it."""
    known = modules()
    if name not in known:
        return name.split(".")[0] in SLOW
    return any(is_slow(one) for node in known[name][1].body for one in imported(node) if one != name)


def test_commands_leave_only_what_is_slow_to_be_imported_late():
    late = [
        f"{name}: {imported(node)[-1]}"
        for name, (_, tree) in modules().items()
        if name.startswith("flowbt.cli.")
        for node in inside_functions(tree)
        if not any(is_slow(one) or one in LATE for one in imported(node))
    ]
    assert not late


def test_commands_print_through_the_terminal():
    """`show/terminal.py` fits lines and tables to the terminal; JSON, a page and a script are printed as they are."""
    own = ("cli/__init__.py", "cli/show/terminal.py", "cli/options.py", "cli/data/features.py", "cli/project/completion.py")
    found = {path.relative_to(SRC).as_posix() for path in (SRC / "cli").rglob("*.py") if "click.echo(" in path.read_text(encoding="utf-8")}
    assert found <= set(own)


def test_paths_are_made_whole_by_one_function():
    """`Path.resolve` gave a traceback for a link in a circle."""
    found = [path.name for path in SRC.rglob("*.py") if ".resolve()" in path.read_text(encoding="utf-8").replace("Path(__file__).resolve()", "")]
    assert found == []


def test_open_types_are_half_of_what_they_were():
    """`Any`, and the names that stand for JSON of any shape: 685 before the rooms were made. What is told to the type checker to be passed over: 22."""
    names = Counter(node.id for _, tree in modules().values() for node in ast.walk(tree) if isinstance(node, ast.Name))
    assert names["Any"] + names["Json"] + names["JsonView"] <= 685 // 2
    assert sum(path.read_text(encoding="utf-8").count("type: ignore") for path, _ in modules().values()) <= 22 // 2


def test_one_place_renames_what_was_written():
    """`ground/files.py`: flushed, renamed, the folder flushed. `shelf.remove` renames what it is about to delete."""
    calls = ("os.replace(", "os.rename(", ".rename(gone)", "mkstemp(", "NamedTemporaryFile(")
    found = {path.relative_to(SRC).as_posix() for path, _ in modules().values() if any(call in path.read_text(encoding="utf-8") for call in calls)}
    assert found == {"ground/files.py", "results/shelf.py"}
