"""What a user's file may name: the static half of the fence (`ground/guard.py` is the half that acts while it decides).

A file sees its panel and the libraries it computes with. Names that lead elsewhere (files, modules through modules, underscored attributes, the notebook's
own acts) are refused when it is loaded, and by `getattr` when it runs.
"""

from __future__ import annotations

import ast
import builtins
import types
from collections.abc import Iterator
from pathlib import Path

from flowbt.ground.errors import LoadError
from flowbt.ground.guard import refuse
from flowbt.ground.types import Json

ALLOWED = frozenset({
    "flowbt", "numpy", "pandas", "scipy", "math", "cmath", "statistics", "datetime", "dataclasses", "typing", "functools",
    "itertools", "collections", "enum", "fractions", "decimal", "__future__",
})  # fmt: skip
OWN = ("flowbt.features", "flowbt.engine.gates", "flowbt.engine.types", "flowbt.engine.options.structures", "flowbt.ground.clock", "flowbt.ground.errors")
ACTS = frozenset(
    {"api", "Setup", "run", "sweep", "compare", "panel", "score", "walkforward", "check", "board", "data", "studies", "cli", "results", "deferred"}
)
CALLS = frozenset(
    {"open", "eval", "exec", "compile", "__import__", "input", "breakpoint", "vars", "globals", "locals", "delattr", "memoryview", "help", "exit", "quit"}
)
READS = frozenset({
    "genfromtxt", "loadtxt", "fromfile", "memmap", "open_memmap", "load", "loads", "loadmat", "savemat", "savetxt", "savez",
    "savez_compressed", "tofile", "fromregex", "DataSource", "npyio", "HDFStore", "ExcelFile", "ExcelWriter", "to_pickle",
    "to_csv", "to_parquet", "to_hdf", "to_feather", "to_excel", "to_json", "to_sql", "to_stata", "to_orc", "to_clipboard",
    "to_html", "to_xml", "to_latex",
})  # fmt: skip
MODULES = frozenset({
    "os", "sys", "gc", "inspect", "builtins", "ctypes", "subprocess", "socket", "importlib", "pathlib", "shutil", "tempfile",
    "pickle", "environ", "getenv", "ctypeslib", "f2py", "io",
})  # fmt: skip
FRAMES = frozenset({
    "gi_frame", "gi_code", "cr_frame", "ag_frame", "tb_frame", "tb_next", "f_back", "f_locals", "f_globals", "f_builtins",
    "f_code", "mro",
})  # fmt: skip
NAMED = frozenset({"_replace", "_asdict", "_fields", "_make"})  # of a NamedTuple
DUNDERS = frozenset({"__name__", "__doc__", "__file__", "__future__"})
DO = "take data from the panel: only there is it known when it was known"


def check_source(path: Path, tree: ast.Module) -> None:
    """Raise LoadError, with the line, for the first thing in a strategy file that leads past its panel."""
    imported = set(_imported(path, tree))
    # a name of its own, such as `exit`, is the file's; what it would hide is not among its builtins
    imported |= {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and _root([node.value]) in imported
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    packages = {one.asname or one.name for node in ast.walk(tree) if isinstance(node, ast.Import) for one in node.names if one.name == "flowbt"}
    bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and not node.id.startswith("__")}
    for node in ast.walk(tree):
        line, found = getattr(node, "lineno", 0), ""
        if isinstance(node, ast.Name) and node.id not in bound and (node.id in CALLS or (node.id.startswith("__") and node.id not in DUNDERS)):
            found = f"calls {node.id}()" if node.id in CALLS else f"names {node.id}"
        elif isinstance(node, ast.Attribute):
            found = _attribute(node, imported, packages)
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store) and _root([node.value]) in imported:
            found = f"stores into {_root([node.value])}: what one call keeps, the next must not see"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "setattr" and _root(node.args[:1]) in imported:
            found = f"stores into {_root(node.args[:1])}"
        if found:
            raise LoadError(f"strategy {path}", f"line {line} {found}", DO)


def guarded_builtins() -> dict[str, object]:
    """The builtins of a user's file: without what reads or evaluates, and with a `getattr` that knows the fence."""
    kept: Json = {name: value for name, value in vars(builtins).items() if name not in CALLS or name == "__import__"}
    kept.update(getattr=_getattr, setattr=_setattr, hasattr=_hasattr)
    return kept


def _hasattr(target: object, name: str) -> bool:
    return not _refused(name) and hasattr(target, name)


def _getattr(target: object, name: str, *default: object) -> object:
    if _refused(name):
        refuse(f"reaches for .{name}", DO)
    return getattr(target, name, *default)


def _setattr(target: object, name: str, value: object) -> None:
    if isinstance(target, (types.ModuleType, type, types.FunctionType)) or _refused(name):
        refuse(f"stores .{name}: what one call keeps, the next must not see", DO)
    setattr(target, name, value)


def _refused(name: str) -> bool:
    private = name.startswith("_") and name not in NAMED and name not in DUNDERS
    return private or name in READS or name in MODULES or name in FRAMES or name.startswith("read_")


def _attribute(node: ast.Attribute, imported: set[str], packages: set[str]) -> str:
    root = _root([node])
    if _refused(node.attr) and not (node.attr.startswith("__") and isinstance(node.ctx, ast.Store)):
        return f"calls {node.attr}()" if node.attr in READS or node.attr.startswith("read_") else f"reaches for .{node.attr}"
    if root in packages and isinstance(node.value, ast.Name) and node.attr in ACTS:
        return f"reaches for flowbt.{node.attr}"
    if isinstance(node.ctx, ast.Store) and root in imported:
        return f"stores into {root}: what one call keeps, the next must not see"
    return ""


def _root(nodes: list[ast.expr]) -> str:
    """The name an attribute chain begins with; "" where it begins with something else."""
    node = nodes[0] if nodes else None
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _imported(path: Path, tree: ast.Module) -> Iterator[str]:
    """Names that imports bind. LoadError for a module or a name that a strategy has no use for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [(alias.name, alias.asname or alias.name.split(".")[0]) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            own = node.module in ("flowbt", *OWN)
            names = [(node.module or ".", alias.asname or alias.name) for alias in node.names]
            wrong = [alias.name for alias in node.names if alias.name == "*" or _refused(alias.name) or (own and alias.name in ACTS)]
            if wrong and node.module != "__future__":
                raise LoadError(f"strategy {path}", f"line {node.lineno} imports {wrong[0]} of {node.module}", DO)
        else:
            continue
        for module, bound in names:
            top = module.split(".")[0]
            past = top == "flowbt" and module != "flowbt" and not any(module == one or module.startswith(f"{one}.") for one in OWN)
            if top not in ALLOWED or past or any(_refused(part) for part in module.split(".") if part != "__future__"):
                do = "it may use flowbt, flowbt.features, numpy, pandas, scipy and the plain standard library"
                raise LoadError(f"strategy {path}", f"line {node.lineno} imports {module}", do)
            yield bound
