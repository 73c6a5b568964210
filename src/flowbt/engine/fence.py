"""What a user's file may name: the static half of the fence (`ground/guard.py` is the half that acts while it decides).

A file sees its panel and the libraries it computes with. Names that lead elsewhere (files, modules through modules, underscored attributes, the notebook's
own acts) are refused when it is loaded, and by `getattr` when it runs: a FenceError, the verdict that it looks where the future may lie.
"""

from __future__ import annotations

import ast
import builtins
import functools
import importlib.util
import sys
import types
from collections import UserDict, UserList
from collections.abc import Iterator, MutableMapping, MutableSequence, MutableSet
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

import flowbt
from flowbt.deferred.record import Deferred
from flowbt.ground.errors import FenceError, LoadError, nearest
from flowbt.ground.guard import refuse

ALLOWED = frozenset({
    "flowbt", "numpy", "pandas", "scipy", "math", "cmath", "statistics", "datetime", "dataclasses", "typing", "functools",
    "itertools", "collections", "enum", "fractions", "decimal", "abc", "bisect", "calendar", "copy", "heapq", "numbers", "operator", "random", "re",
    "string", "warnings", "__future__",
})  # fmt: skip
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
KEEPS = frozenset({  # into or out of what outlives the call
    "update_wrapper", "seterrcall", "geterrcall", "set_state", "get_state", "setstate", "getstate", "get_option", "get_printoptions",
    "set_printoptions", "get_overloads", "set_string_function",
})  # fmt: skip
BY_NAME = frozenset({"attrgetter", "methodcaller"})  # reach for a name that is data
MUTABLE = (MutableMapping, MutableSequence, MutableSet, np.ndarray)
FRESH = (  # made by the call itself
    pd.DataFrame, pd.Series, pd.Index, np.ndarray, types.SimpleNamespace, functools.partial, UserDict, UserList, BaseException, Deferred,
)  # fmt: skip
NAMED = frozenset({"_replace", "_asdict", "_fields", "_make"})  # of a NamedTuple
DUNDERS = frozenset({"__name__", "__doc__", "__file__", "__future__"})
DO = "take data from the panel: only there is it known when it was known"
KEPT = "what one call keeps, the next must not see"


@dataclass(frozen=True)
class UserFile:
    """A kind of user's file: what of flowbt it may import, and what it may name beside (a claim reads its document's own tables)."""

    kind: str
    own: tuple[str, ...]
    also: frozenset[str] = frozenset()


STRATEGY = UserFile(
    "strategy",
    ("flowbt.features", "flowbt.engine.gates", "flowbt.engine.types", "flowbt.engine.options.structures", "flowbt.ground.clock", "flowbt.ground.errors"),
)
CLAIMS = UserFile(
    "claims", ("flowbt.features", "flowbt.evidence.claims", "flowbt.ground.clock", "flowbt.ground.errors"), frozenset({"pathlib", "read_csv", "globals"})
)


def check_source(path: Path, tree: ast.Module, file: UserFile = STRATEGY) -> None:
    """Raise FenceError, with the line, for the first thing in a user's file that leads past its panel; LoadError for a module that is not there."""
    modules = dict(_imported(path, tree, file))
    for node in ast.walk(tree):  # other names of what was imported
        if isinstance(node, ast.Assign) and (root := _root([node.value])) in modules:
            modules |= {target.id: modules[root] + ast.unparse(node.value)[len(root) :] for target in node.targets if isinstance(target, ast.Name)}
    # a name of its own, such as `exit`, is the file's; what it would hide is not among its builtins
    bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and not node.id.startswith("__")}
    docstrings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found = _name(node.id) if node.id not in bound | file.also else ""
        elif isinstance(node, ast.Attribute):
            found = _attribute(node, modules, file) if node.attr not in file.also else ""
        else:
            found = _other(node, modules) if node not in docstrings else ""
        if found:
            raise FenceError(f"{file.kind} {path}", f"line {getattr(node, 'lineno', 0)} {found}", DO)
    for part in _handed_on(tree, modules):
        raise FenceError(f"{file.kind} {path}", f"line {part.lineno} hands on the module {ast.unparse(part)}: {KEPT}", "name what you need of it: np.mean")


def _handed_on(tree: ast.Module, modules: dict[str, str]) -> Iterator[ast.expr]:
    """Modules used as values (`[np]`, `f(np)`), where nobody sees what is done to them. An alias is none, nor what stands before a dot or in `getattr`."""
    for node in ast.walk(tree):
        alias = isinstance(node, ast.Assign) and all(isinstance(target, ast.Name) for target in node.targets)
        if alias or isinstance(node, ast.Attribute):
            continue
        asked = node.args[:1] if isinstance(node, ast.Call) and _last(node.func) in ("getattr", "hasattr") else []
        for part in ast.iter_child_nodes(node):
            if part not in asked and isinstance(part, (ast.Name, ast.Attribute)) and isinstance(part.ctx, ast.Load) and _is_module(part, modules):
                yield part


def _is_module(node: ast.expr, modules: dict[str, str]) -> bool:
    root = _root([node])
    return root in modules and isinstance(_found(modules[root], ast.unparse(node)[len(root) + 1 :]), types.ModuleType)


def _name(name: str) -> str:
    return f"calls {name}()" if name in CALLS else f"names {name}" if name.startswith("__") and name not in DUNDERS else ""


def _other(node: ast.AST, modules: dict[str, str]) -> str:
    """What is wrong with a node that is neither a name nor an attribute; "" for nothing."""
    into = ""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and "._" in node.value:
        return f"has the text {node.value[:40]!r}: names in it are reached for when it is formatted or evaluated"
    if isinstance(node, ast.MatchClass):
        return next((f"reaches for .{name}" for name in node.kwd_attrs if _refused(name)), "")
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
        into = _root([node.value])
    elif isinstance(node, ast.Call) and (_last(node.func) == "setattr" or (isinstance(node.func, ast.Call) and _last(node.func.func) == "wraps")):
        into = _root(node.args)
    elif isinstance(node, ast.Call) and _last(node.func) == "set_option" and not all(isinstance(one, ast.Constant) for one in node.args):
        into = _root([node.func])
    return f"stores into {into}: {KEPT}" if into in modules else ""


def guarded_builtins(file: UserFile = STRATEGY, *, silent: bool = False) -> dict[str, object]:
    """The builtins of a user's file: without what reads or evaluates, and with a `getattr` that knows the fence. What it prints goes to standard error
    (standard output is for results), or nowhere (`silent`: a probe calls it many times over)."""
    kept: dict[str, object] = {name: value for name, value in vars(builtins).items() if name not in CALLS or name in file.also or name == "__import__"}
    kept.update(getattr=_getattr, setattr=_setattr, hasattr=_hasattr, print=_unheard if silent else _aside)
    kept[STORE] = _Place
    return kept


STORE = "__store__"


class Stores(ast.NodeTransformer):
    """`a.b = value` becomes `__store__(a, "b")[0] = value`, in every form (`a.b, c = ..`, `for a.b in ..`, `a.b += 1`, `del a.b`), so that whatever `a`
    turns out to be, what it belongs to is looked at before anything is kept there."""

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.ctx, ast.Load):
            return node
        place = ast.Call(ast.Name(STORE, ast.Load()), [node.value, ast.Constant(node.attr)], [])
        return ast.fix_missing_locations(ast.copy_location(ast.Subscript(place, ast.Constant(0), node.ctx), node))


class _Place:
    """An attribute that something is stored into."""

    def __init__(self, target: object, name: str) -> None:
        self._target, self._name = target, name

    def __getitem__(self, _: int) -> object:
        return getattr(self._target, self._name)

    def __setitem__(self, _: int, value: object) -> None:
        _store(self._target, self._name, value)

    def __delitem__(self, _: int) -> None:
        _own(self._target, self._name, self)
        delattr(self._target, self._name)


def _aside(*values: object, sep: str | None = None, end: str | None = None, file: object = None, flush: bool = False) -> None:
    print(*values, sep=sep, end=end, file=sys.stderr)


def _unheard(*values: object, **options: object) -> None: ...


def _hasattr(target: object, name: str) -> bool:
    return not _refused(name) and hasattr(target, name)


def _getattr(target: object, name: str, *default: object) -> object:
    if _refused(name):
        refuse(f"reaches for .{name}", DO)
    found = getattr(target, name, *default)
    if isinstance(target, types.ModuleType) and isinstance(found, (*MUTABLE, types.ModuleType)):
        refuse(f"reaches for .{name}: {KEPT}", DO)
    return found


def _setattr(target: object, name: str, value: object) -> None:
    if _refused(name):
        refuse(f"stores .{name}", DO)
    _store(target, name, value)


def _store(target: object, name: str, value: object) -> None:
    _own(target, name, value)
    setattr(target, name, value)


def _own(target: object, name: str, value: object) -> None:
    """Refuses `target.name = value` for modules, and for classes, functions and objects of modules: a user's file is none, so its own are not among them."""
    owner = target if isinstance(target, (type, types.FunctionType)) else type(target)
    option = owner.__module__ == type(pd.options).__module__ and isinstance(value, (bool, int, float, str, type(None)))
    if isinstance(target, types.ModuleType) or (owner.__module__ in sys.modules and not isinstance(target, FRESH) and not option):
        refuse(f"stores .{name}: {KEPT}", DO)


def _refused(name: str) -> bool:
    private = name.startswith("_") and name not in NAMED and name not in DUNDERS
    return private or name in READS or name in MODULES or name in FRAMES or name in KEEPS or name in BY_NAME or name.startswith(("read_", "register_"))


def _attribute(node: ast.Attribute, modules: dict[str, str], file: UserFile) -> str:
    root = _root([node])
    mine = (root == "self" and not node.attr.startswith("__")) or (node.attr.startswith("__") and isinstance(node.ctx, ast.Store))
    if _refused(node.attr) and not (mine and node.attr.startswith("_")):
        return f"calls {node.attr}()" if node.attr in READS or node.attr.startswith("read_") else f"reaches for .{node.attr}"
    if modules.get(root, "").split(".")[0] == "flowbt" and (past := _past(f"{modules[root]}{ast.unparse(node)[len(root) :]}", file)):
        return f"reaches for {past}"
    if isinstance(node.ctx, ast.Store) and root in modules and f"{ast.unparse(node)}.".partition(".")[2].partition(".")[0] != "options":
        return f"stores into {root}: {KEPT}"
    if root in modules and _outlives(modules[root], ast.unparse(node)[len(root) + 1 :]):
        return f"reaches for {ast.unparse(node)}: {KEPT}"
    return ""


def _outlives(dotted: str, names: str) -> bool:
    """Whether a name of a module stands for a table, a list or an array that others can write to."""
    return isinstance(_found(dotted, names), MUTABLE)


def _found(dotted: str, names: str) -> object:
    """What dotted names of a module stand for, the module itself where there are none; None where that cannot be told."""
    found: object = sys.modules.get(dotted)
    for name in filter(None, names.split(".")):
        found = getattr(found, name, None) if not _refused(name) else None
    return found


def _past(dotted: str, file: UserFile) -> str:
    """The name itself where it is a module of flowbt, or an act of the notebook, that a file has no use for; else "". What a name holds is its own affair."""
    second = f"{dotted}.".split(".")[1]
    own = any(dotted.startswith(one) or f"{one}.".startswith(f"{dotted}.") for one in file.own)
    return dotted if second and (second in ACTS or (second not in flowbt.__all__ and not own)) else ""


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _root(nodes: list[ast.expr]) -> str:
    """The name an attribute chain begins with; "" where it begins with something else."""
    node = nodes[0] if nodes else None
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _imported(path: Path, tree: ast.Module, file: UserFile) -> Iterator[tuple[str, str]]:
    """Names that imports bind, each with what it stands for, dotted. FenceError for a module or a name that the file has no use for."""
    asked = f"{file.kind} {path}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [(alias.name, alias.asname or alias.name.split(".")[0], alias.name if alias.asname else alias.name.split(".")[0]) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            own = node.module in ("flowbt", *file.own)
            names = [(node.module or ".", alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names]
            wrong = [alias.name for alias in node.names if alias.name == "*" or _refused(alias.name) or (own and _past(f"{node.module}.{alias.name}", file))]
            wrong += [alias.name for alias in node.names if _outlives(node.module or "", alias.name)]
            if wrong and node.module != "__future__":
                raise FenceError(asked, f"line {node.lineno} imports {wrong[0]} of {node.module}", DO)
        else:
            continue
        for module, bound, stands_for in names:
            _check_module(asked, node.lineno, module, file)
            yield bound, stands_for


def _check_module(asked: str, line: int, module: str, file: UserFile) -> None:
    top = module.split(".")[0]
    past = top == "flowbt" and module != "flowbt" and not any(module == one or module.startswith(f"{one}.") for one in file.own)
    if top in file.also or (top in ALLOWED and not past and not any(_refused(part) for part in module.split(".") if part != "__future__")):
        return
    if top and importlib.util.find_spec(top) is None:
        raise LoadError(asked, f"line {line} imports {module}, which is not installed", nearest(top, ALLOWED) or "see what it may use in docs/lookahead.md")
    raise FenceError(
        asked, f"line {line} imports {module}", f"it may use flowbt, {', '.join(file.own[:2])}, numpy, pandas, scipy and the plain standard library"
    )
