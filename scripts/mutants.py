"""How many small faults, put into the code one at a time, do the tests notice?   make mutants, or: python scripts/mutants.py engine sweep -n 40

A mutant is one change of a copy of `src`: a comparison, an operator, a number, a condition, a returned value, or a call left out. The tests of its room
are run against it until one fails (killed) or all pass (survived: a test is missing, or the change means nothing). Prints a table per room and each survivor.
Not part of the default tests: a room takes minutes. The sample is seeded; `--seed` draws another.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numba
import pandas  # noqa: F401  with the others: imported before the forks
import pytest
import scipy.stats  # noqa: F401
import vectorbt  # noqa: F401

ROOT = Path(__file__).resolve().parents[1]
ROOMS = {  # room: the modules that are changed, the tests that should notice
    "engine": (("engine/*.py", "engine/walk/*.py", "engine/vbt/*.py"), ("tests/engine", "tests/studies/test_loader.py", "tests/studies/run/test_backtest.py")),
    "options": (("engine/options/*.py",), ("tests/engine",)),
    "sweep": (("engine/sweep/*.py", "studies/sweep/*.py"), ("tests/studies/sweep",)),
    "data": (("data/asof.py", "data/catalog.py", "data/declare.py", "data/panel/*.py"), ("tests/data/core", "tests/studies/run/test_backtest.py")),
    "evidence": (("evidence/*.py", "evidence/resampling/*.py", "evidence/claims/*.py"), ("tests/evidence", "tests/studies/score/test_score.py")),
    "deferred": (("deferred/*.py",), ("tests/deferred",)),
    "studies": (
        ("studies/*.py", "studies/run/*.py", "studies/compare/*.py", "studies/lookahead/*.py"),
        ("tests/studies/run", "tests/studies/lookahead", "tests/studies/compare", "tests/studies/test_api.py"),
    ),
    "results": (("results/*.py", "results/pages/*.py"), ("tests/results", "--ignore=tests/results/pages")),
}
GUARDS = (  # what stands between a mistake and a result: module, the guard, what is left without it, the test that must notice
    ("studies/run/backtest.py", "    reconcile(book)\n", "", "tests/studies/run/test_guards.py"),
    ("studies/run/backtest.py", "        refuse(prepared.strategy.name, leak)\n", "        pass\n", "tests/studies/run/test_guards.py"),
    ("studies/run/backtest.py", "    if leak:\n", "    if False:\n", "tests/studies/run/test_guards.py"),
    ("studies/run/describe.py", "if revised:", "if False:", "tests/studies/run/test_guards.py"),
    ("studies/run/describe.py", "if biased:", "if False:", "tests/studies/run/test_guards.py"),
    ("deferred/graph.py", "if key not in self._known:", "if True:", "tests/deferred/test_graph.py"),
    ("deferred/graph.py", "    refuse_look_ahead(name, args, kwargs)\n", "", "tests/deferred/test_trace.py"),
    ("ground/files.py", "        os.replace(temporary, path)\n        flush(path.parent)\n    finally:\n        temporary.unlink",
     "    finally:\n        temporary.unlink",
     "tests/ground/test_files.py"),
    ("ground/files.py", "        flush(temporary)\n", "", "tests/ground/test_files.py"),
    ("results/ledger.py", "first[1:] = keys[1:] != keys[:-1]", "pass", "tests/results/test_ledger.py"),
    ("results/ledger.py", '(DEMO if facts.get("synthetic") else REAL)', "REAL", "tests/results/test_ledger.py"),
    ("results/pages/base.py", "autoescape=True", "autoescape=False", "tests/results/test_tearsheet.py"),
    ("results/pages/base.py", "text = text.replace(raw, escaped)", "pass", "tests/results/test_escapes.py"),
    ("data/panel/reader.py", "return np.asarray(inside & (gap <= 1.5 * usual))", "return np.asarray(inside)", "tests/data/core/test_panel.py"),
    ("engine/walk/tape.py", "np.where(before > 0.0, tape.value / before - 1.0, 0.0)", "tape.value / before - 1.0", "tests/engine/test_ruin.py"),
    ("engine/walk/events.py", "return room / asked if asked > room else 1.0", "return 1.0", "tests/engine/test_events.py"),
    ("engine/simulate.py", "    if len(missing):\n", "    if False:\n", "tests/engine/test_decisions.py"),
    ("evidence/resampling/rotation.py", "min(1.0, 2 * min(up, down))", "2 * min(up, down)", "tests/evidence/test_caps.py"),
    ("evidence/paired.py", "min(1.0, 2 * beyond)", "2 * beyond", "tests/evidence/test_caps.py"),
)  # fmt: skip
COMPARE = {
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.In: "not in",
    ast.NotIn: "in",
}
OPERATE = {ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*", ast.BitAnd: "|", ast.BitOr: "&", ast.FloorDiv: "*"}
WORK = ROOT / ".mutants"  # copies of src, with their compiled kernels: kept, so that the next room starts warm
LIMIT = 150  # seconds; a mutant that never ends is noticed


@dataclass(frozen=True)
class Mutant:
    """Characters `start` to `end` of a module, replaced by `text`."""

    path: Path
    line: int
    start: int
    end: int
    text: str
    was: str

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT / 'src/flowbt')}:{self.line}: {' '.join(self.was.split())[:70]!r} -> {' '.join(self.text.split())[:70]!r}"


def mutants_of(path: Path) -> list[Mutant]:
    """Every change this script knows of one module, in the order of the text."""
    text = path.read_text(encoding="utf-8")
    starts = [0]
    for line in text.encode().split(b"\n"):
        starts.append(starts[-1] + len(line) + 1)
    raw = text.encode()

    def place(node: ast.AST) -> tuple[int, int]:
        return starts[node.lineno - 1] + node.col_offset, starts[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined]

    def source(node: ast.AST) -> str:
        begin, end = place(node)
        return raw[begin:end].decode()

    found = []
    for node, new in changes(ast.parse(text), source):
        begin, end = place(node)
        found.append(Mutant(path, node.lineno, begin, end, new, source(node)))  # type: ignore[attr-defined]
    return sorted(found, key=lambda one: (one.start, one.text))


def changes(tree: ast.Module, source) -> Iterator[tuple[ast.AST, str]]:  # type: ignore[no-untyped-def]
    """Each node that can be changed, with its new text. Messages, annotations, decorators and declarations at the top are left alone."""
    for node in meant(tree):
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            yield node, f"({source(node.left)}) {COMPARE[type(node.ops[0])]} ({source(node.comparators[0])})"
        elif isinstance(node, ast.BinOp) and type(node.op) in OPERATE and not isinstance(node.left, (ast.JoinedStr, ast.List, ast.Tuple)):
            yield node, f"({source(node.left)}) {OPERATE[type(node.op)]} ({source(node.right)})"
        elif isinstance(node, ast.BoolOp):
            word = " or " if isinstance(node.op, ast.And) else " and "
            yield node, word.join(f"({source(one)})" for one in node.values)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub, ast.Invert)) and not isinstance(node.operand, ast.Constant):
            yield node, f"({source(node.operand)})"
        elif isinstance(node, ast.Constant) and type(node.value) in (bool, int, float):
            yield node, str(not node.value) if isinstance(node.value, bool) else f"{node.value + 1!r}"
        elif isinstance(node, (ast.If, ast.IfExp)):
            yield node.test, f"(not ({source(node.test)}))"
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            yield node, "None"
        elif isinstance(node, ast.Return) and node.value is not None and not (isinstance(node.value, ast.Constant) and node.value.value is None):
            yield node, "return None"


def meant(tree: ast.Module) -> Iterator[ast.AST]:
    """The nodes inside functions that do something."""
    todo: list[ast.AST] = [node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef):
            todo += [*node.args.defaults, *(one for one in node.args.kw_defaults if one), *node.body]
            continue
        if isinstance(node, ast.ClassDef):
            todo += [one for one in node.body if isinstance(one, ast.FunctionDef)]
            continue
        if isinstance(node, (ast.Raise, ast.JoinedStr, ast.Assert)) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            continue
        yield node
        children = list(ast.iter_child_nodes(node))
        if isinstance(node, ast.AnnAssign):
            children = [one for one in (node.value,) if one]
        todo += children


@dataclass
class Workshop:
    """A copy of `src` that is changed, with compiled kernels of its own."""

    folder: Path

    def run(self, tests: tuple[str, ...], cache: Path | None = None) -> bool:
        """Whether all tests pass, in a fork of this process: the heavy libraries are imported once, flowbt in each fork."""
        child = os.fork()
        if child:
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        signal.alarm(LIMIT)
        os.environ.update(PYTHONPATH=str(self.folder / "src"), NUMBA_CACHE_DIR=str(cache or self.folder / "numba"))
        numba.core.config.reload_config()
        sys.path.insert(0, str(self.folder / "src"))
        os.chdir(ROOT)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        os._exit(int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests])))

    def survives(self, mutant: Mutant, tests: tuple[str, ...]) -> bool:
        target = self.folder / mutant.path.relative_to(ROOT)
        whole = mutant.path.read_bytes()
        changed = whole[: mutant.start] + mutant.text.encode() + whole[mutant.end :]
        try:
            compile(changed, str(target), "exec")
        except SyntaxError:
            return False
        target.write_bytes(changed)
        cache = self.folder / ("changed" if b"numba" in whole else "numba")  # kernels that call a changed one are compiled anew too
        try:
            return self.run(tests, cache)
        finally:
            shutil.copy2(mutant.path, target)  # with its time: the compiled kernels stay valid
            shutil.rmtree(self.folder / "changed", ignore_errors=True)


def tests_of(mutant: Mutant, tests: tuple[str, ...]) -> tuple[str, ...]:
    """The room's tests, those that name the module first, so that most mutants end soon."""
    name = ".".join(mutant.path.relative_to(ROOT / "src").with_suffix("").parts)
    files = [path for one in tests if not one.startswith("-") for path in (sorted((ROOT / one).rglob("test_*.py")) if (ROOT / one).is_dir() else [ROOT / one])]
    files = [path for path in files if path.is_file() and not any(one.startswith("--ignore=") and one[9:] in str(path) for one in tests)]
    files.sort(key=lambda path: (mutant.path.stem not in path.stem, name not in path.read_text(encoding="utf-8")))
    return tuple(str(path.relative_to(ROOT)) for path in files)


def judge(room: str, count: int, seed: int) -> tuple[int, list[Mutant]]:
    """How many mutants of a room were tried, and those that survived."""
    patterns, tests = ROOMS[room]
    paths = [path for pattern in patterns for path in sorted((ROOT / "src/flowbt").glob(pattern))]
    every = [mutant for path in paths for mutant in mutants_of(path)]
    chosen = random.Random(seed).sample(every, min(count, len(every)))
    survivors: list[Mutant] = []
    shop = Workshop(WORK)
    shutil.rmtree(shop.folder / "src", ignore_errors=True)
    shutil.copytree(ROOT / "src", shop.folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    if not shop.run(tests_of(chosen[0], tests)):
        sys.exit(f"{room}: its tests fail before anything is changed")
    for mutant in chosen:
        began = time.monotonic()
        alive = shop.survives(mutant, tests_of(mutant, tests))
        print(f"  {'SURVIVED' if alive else 'killed  '} {time.monotonic() - began:4.0f} s  {mutant}", flush=True)
        if alive:
            survivors.append(mutant)
    return len(chosen), survivors


def without(guards: tuple[tuple[str, str, str, str], ...]) -> tuple[int, list[Mutant]]:
    """The guards taken out one by one."""
    shop = Workshop(WORK)
    shutil.rmtree(shop.folder / "src", ignore_errors=True)
    shutil.copytree(ROOT / "src", shop.folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    survivors = []
    for name, guard, left, test in guards:
        path = ROOT / "src/flowbt" / name
        text = path.read_text(encoding="utf-8")
        if text.count(guard) != 1:
            sys.exit(f"{name} has {text.count(guard)} of the guard {guard!r}: bring GUARDS up to date")
        start = len(text[: text.index(guard)].encode())
        mutant = Mutant(path, text[: text.index(guard)].count("\n") + 1, start, start + len(guard.encode()), left, guard)
        alive = shop.survives(mutant, (test,))
        print(f"  {'SURVIVED' if alive else 'noticed '} {mutant}", flush=True)
        if alive:
            survivors.append(mutant)
    return len(guards), survivors


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("rooms", nargs="*", default=["guards", *ROOMS], metavar="ROOM", help=f"of guards, {', '.join(ROOMS)}; default all")
    options.add_argument("-n", type=int, default=30, help="mutants a room (default 30)")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--least", type=float, default=0.85, help="share that must be killed, else exit 1")
    given = options.parse_args()
    table = []
    for room in given.rooms:
        print(f"{room}:", flush=True)
        tried, alive = without(GUARDS) if room == "guards" else judge(room, given.n, given.seed)
        table.append((room, tried - len(alive), tried))
    print("\nroom        killed  of   share")
    for room, killed, tried in table:
        print(f"{room:10s} {killed:7d} {tried:3d}  {killed / tried:6.0%}")
    sys.exit(any(killed < given.least * tried for _, killed, tried in table))


if __name__ == "__main__":
    main()
