"""How many small faults, put into the code one at a time, do the tests notice?   make mutants, or: python scripts/mutants.py engine sweep -n 40

A mutant is one change of a copy of `src`: a comparison, an operator, a number, a condition, a returned value, or a call left out. The tests of its room
are run against it until one fails (killed) or all pass (survived: a test is missing, or the change means nothing): those that ran the changed line, known
from a run of the room under coverage.py, the quickest first; where none did, those that name the module before the others. What that run told is kept: where
a test file changed only its part is done again; of a module that changed, all tests that ran any of it count. A changed kernel is first run as plain Python, by
the tests that pass so with the unchanged code: seconds, where compiling takes a minute; what they let through is compiled, and judged by the tests left. Time
is that of the processor, so that a busy machine changes no verdict; what does not end (a test takes several times what it did) is counted apart, never as
killed. Changes shown to mean nothing are listed in EQUIVALENT, each with its reason, and leave the count. Prints a table per room and each survivor. Not part
of the default tests: a room takes minutes. The sample is seeded; `--seed` draws another. Rooms have folders of their own: several may run side by side.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import hashlib
import json
import math
import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import coverage
import duckdb  # noqa: F401
import hypothesis.strategies  # noqa: F401
import numba
import pandas  # noqa: F401  with the others: imported before the forks
import pytest
import scipy.stats  # noqa: F401
import vectorbt  # noqa: F401
from numba.core.extending import _Intrinsic

ROOT = Path(__file__).resolve().parents[1]
OF_OPTIONS = ("chances", "option_run", "outcomes", "structure", "compiles_once")  # of structures, and of caches: not of the walk
ROOMS = {  # room: the modules that are changed, the tests that should notice
    "engine": (
        ("engine/*.py", "engine/walk/*.py", "engine/vbt/*.py"),
        (
            "tests/engine",
            "tests/test_cells.py",
            "tests/studies/test_loader.py",
            "tests/studies/lookahead/test_fence.py",
            "tests/studies/run/test_backtest.py",
            *(f"--ignore=tests/engine/test_{one}" for one in OF_OPTIONS),
        ),
    ),
    "options": (("engine/options/*.py",), ("tests/engine",)),
    "sweep": (("engine/sweep/*.py", "studies/sweep/*.py"), ("tests/studies/sweep", "tests/engine/test_every_walk.py")),
    "data": (
        ("data/asof.py", "data/catalog.py", "data/declare.py", "data/versions.py", "data/panel/*.py"),
        ("tests/data/core", "tests/studies/run/test_backtest.py"),
    ),
    "evidence": (("evidence/*.py", "evidence/*/*.py"), ("tests/evidence", "tests/studies/score/test_score.py", "tests/results/test_tearsheet.py")),
    "deferred": (("deferred/*.py",), ("tests/deferred",)),
    "studies": (
        ("studies/*.py", "studies/run/*.py", "studies/compare/*.py", "studies/lookahead/*.py"),
        (
            "tests/studies/run",
            "tests/studies/lookahead",
            "tests/studies/compare",
            *(f"tests/studies/{one}.py" for one in ("test_api", "test_catalogs", "test_units", "score/test_ahead")),  # the last: of lookahead/claims.py
        ),
    ),
    "results": (("results/*.py", "results/pages/*.py"), ("tests/results", "--ignore=tests/results/pages")),
}
GUARDS = (  # what stands between a mistake and a result: module, the guard, what is left without it, the test that must notice
    ("studies/run/backtest.py", "    answer()\n", "", "tests/studies/run/test_guards.py"),
    ("studies/run/backtest.py", "        refuse(prepared.strategy.name, leak)\n", "        pass\n", "tests/studies/run/test_guards.py"),
    ("studies/run/backtest.py", "    if leak:\n", "    if False:\n", "tests/studies/run/test_guards.py"),
    ("data/panel/caveats.py", "if revised := ", "if revised := [] and ", "tests/studies/run/test_guards.py"),
    ("data/panel/caveats.py", "if biased := ", "if biased := [] and ", "tests/studies/run/test_guards.py"),
    ("deferred/graph.py", "if key not in self._known:", "if True:", "tests/deferred/test_graph.py"),
    ("deferred/graph.py", "    refuse_look_ahead(name, args, kwargs)\n", "", "tests/deferred/test_trace.py"),
    ("ground/files.py", "yield temporary\n        move_into_place(temporary, path)\n    except", "yield path\n    except", "tests/ground/test_files.py"),
    ("ground/files.py", "        flush(temporary)\n", "", "tests/ground/test_files.py"),
    ("results/ledger.py", "first[1:] = keys[1:] != keys[:-1]", "pass", "tests/results/test_ledger.py"),
    ("results/ledger.py", '(DEMO if facts.get("synthetic") else REAL)', "REAL", "tests/results/test_ledger.py"),
    ("results/pages/base.py", '"autoescape": True', '"autoescape": False', "tests/results/test_tearsheet.py"),
    ("results/pages/base.py", "text = text.replace(raw, escaped)", "pass", "tests/results/test_escapes.py"),
    ("data/panel/settled.py", "(gaps > 1.5 * due)", "(gaps < 0)", "tests/data/core/test_edges.py"),
    ("engine/walk/tape.py", "np.where(before > 0.0, tape.value / before - 1.0, 0.0)", "tape.value / before - 1.0", "tests/engine/test_ruin.py"),
    ("engine/walk/events.py", "return room / asked if asked > room else 1.0", "return 1.0", "tests/engine/test_events.py"),
    ("engine/simulate.py", "    if len(missing):\n", "    if False:\n", "tests/engine/test_decisions.py"),
    ("evidence/resampling/rotation.py", "min(1.0, 2 * min(up, down))", "2 * min(up, down)", "tests/evidence/test_caps.py"),
    ("evidence/inference.py", "-abs(self.student(value))", "-self.student(value)", "tests/evidence/test_inference.py"),
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
EQUIVALENT = (  # module, what stood there, what it became, why no behaviour that matters changes
    ("evidence/claims/events.py", 'row["p"] > CUTOFFS.level', '(row["p"]) >= (CUTOFFS.level)', "the p of a t is continuous: it is never the level itself"),
    ("evidence/claims/verdict.py", "(f.effect or 0.0) * f.sign <= 0", "((f.effect or 0.0) * f.sign) < (0)", "an effect of 0 has p 1, which is refused before"),
    ("evidence/claims/verdict.py", "(f.effect or 0.0) * f.sign", "(f.effect or 0.0) / (f.sign)", "the sign is 1 or -1 there"),
    ("studies/lookahead/cuts.py", "directions[:, None] > 0", "(directions[:, None]) >= (0)", "directions are 1 and -1"),
    ("evidence/claims/sequences.py", "values > 1e-12 * values[-1]", "(values) >= (1e-12 * values[-1])", "an eigenvalue is never the bound itself"),
    ("studies/lookahead/check.py", "return False", "return None", "asked for in a condition only"),
    ("data/panel/bases.py", "step > LEAST_STEP", "(step) >= (LEAST_STEP)", "the step of a ratio of prices is continuous: it is never the bound itself"),
    ("engine/walk/kernel.py", "rules.exit > 0.0", "(rules.exit) >= (0.0)", "makes more room on the tape for orders that never come"),
    ("engine/walk/kernel.py", "price > 0.0", "(price) >= (0.0)", "an open of zero is a missing one by then (`bars_of`)"),
    ("engine/sweep/kernel.py", "bars.open > 0.0", "(bars.open) >= (0.0)", "the same"),
    ("engine/sweep/live.py", "bars.open > 0.0", "(bars.open) >= (0.0)", "the same"),
    ("engine/walk/events.py", "side > 0.0", "(side) >= (0.0)", "a side is 1 or -1"),
    ("engine/walk/events.py", "side < 0.0", "(side) <= (0.0)", "the same"),
    ("engine/sweep/live.py", "side > 0.0", "(side) >= (0.0)", "the same"),
    ("engine/sweep/kernel.py", "side > 0.0", "(side) >= (0.0)", "the same"),
    ("engine/walk/events.py", "stop > 0.0", "(stop) >= (0.0)", "where there is none it is missing, never 0"),
    ("engine/walk/events.py", "trail > 0.0", "(trail) >= (0.0)", "the same"),
    ("engine/sweep/live.py", "trail > 0.0", "(trail) >= (0.0)", "the same"),
    ("engine/sweep/live.py", "hold > 0.0", "(hold) >= (0.0)", "the same"),
    ("engine/sweep/kernel.py", "trail > 0.0", "(trail) >= (0.0)", "the same"),
    ("engine/sweep/sums.py", "count > 0.0", "(count) >= (0.0)", "nothing over nothing is missing too"),
    ("engine/sweep/sums.py", "top > peak and low < top * keep", "(top > peak) or (low < top * keep)", "goes bar by bar through more blocks: time only"),
    ("engine/sweep/sums.py", "1.0 + depth", "(1.0) - (depth)", "the deeper of both is taken at the end: it looks into more blocks"),
    ("engine/sweep/sums.py", "part[t] < peak * keep", "(part[t]) <= (peak * keep)", "where they are equal it stays what it is"),
    ("engine/sweep/space.py", "key * len(distinct) + place[codes[:, column]]", "(key * len(distinct)) - (place[codes[:, column]])", "as distinct"),
    ("studies/sweep/luck.py", "returns.std(axis=0) > 1e-12", "(returns.std(axis=0)) >= (1e-12)", "a spread is never the bound itself"),
    ("engine/sweep/masks.py", "16", "17", "rows there is room for at first: it grows"),
    ("engine/walk/twin.py", "size > 0", "(size) >= (0)", "an entry of no size has no units"),
    ("engine/vbt/kernel.py", "units > 0.0", "(units) >= (0.0)", "where nothing is held there is nothing to turn or to sell"),
    ("engine/vbt/kernel.py", "down * (opened - level) <= 0.0", "(down * (opened - level)) < (0.0)", "an open at the level is the level"),
    ("engine/sweep/kernel.py", "t > stay", "(t) >= (stay)", "it says who may be due, and nobody entered at bar 0"),
    ("engine/sweep/kernel.py", "rise & shorts[m]", "(rise) | (shorts[m])", "it says who may be due; each of them is then asked"),
    ("engine/sweep/kernel.py", "fall & ~shorts[m]", "(fall) | (~shorts[m])", "the same"),
    ("engine/sweep/kernel.py", "WAITING // (ring * wide)", "(WAITING) * (ring * wide)", "how many trials are walked together changes none"),
    ("engine/sweep/live.py", "up[j] < down[j]", "(up[j]) <= (down[j])", "a bar on which both are asked for has neither (`trial_signals`)"),
    ("engine/sweep/live.py", "abs(level) < np.inf", "(abs(level)) <= (np.inf)", "looks for a level that is never reached: time only"),
    ("studies/sweep/store.py", "release()", "None", "gives memory back to the system"),
    ("studies/sweep/sweep.py", "release()", "None", "the same"),
    ("deferred/trace.py", "seen.add(node.number)", "None", "saves time only: what is found goes into a set"),
)  # fmt: skip
NO_NUMBER = (ast.JoinedStr, ast.List, ast.Tuple)  # with an operator these are joined texts, not arithmetic
QUICK = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:anyio", "-W", "ignore::pytest.PytestAssertRewriteWarning"]  # hypothesis is there
WORK = ROOT / ".mutants"  # a copy of src per room, with its compiled kernels: kept, so that the next run starts warm
KILLED, SURVIVED, EQUAL, LATE = "killed", "SURVIVED", "equivalent", "TIMED OUT"
SLACK = 3  # times what a test takes with the unchanged code: a mutant with which it takes longer does not end
LEAST = 40  # seconds of the processor that any test may take
QUICKEST = tuple(f"tests/engine/test_{one}.py" for one in ("events", "ruin", "decisions", "flat"))  # seconds, with the walk's kernels as plain Python
OF_KERNELS = {  # rooms whose kernels are run as plain Python too, and the tests that are: no others, for what waits for a thread or a process may wait for ever
    "engine": tuple(f"tests/engine/test_{one}.py" for one in ("decisions", "dust", "events", "every_walk", "flat", "market", "reconcile", "ruin", "vbt_mode")),
    "sweep": (*(f"tests/studies/sweep/test_{one}.py" for one in ("kernel", "masks", "purse", "sums")), "tests/engine/test_every_walk.py"),
}
COMPILED = b"ground.compiled import"  # a module of kernels
IN_PYTHON = {"lowest": lambda word: (int(word) & -int(word)).bit_length() - 1, "count_bits": lambda word: int(word).bit_count()}  # intrinsics
LONG = 8  # seconds of the processor: a test that takes longer as plain Python is left to the compiled kernels
WAITS = 10  # seconds by the clock for one of the processor, for a mutant that waits for what never comes


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
    for node, new in changes(ast.parse(text), source, COMPILED in raw):
        begin, end = place(node)
        found.append(Mutant(path, node.lineno, begin, end, new, source(node)))  # type: ignore[attr-defined]
    return sorted(found, key=lambda one: (one.start, one.text))


def changes(tree: ast.Module, source, kernels: bool) -> Iterator[tuple[ast.AST, str]]:  # type: ignore[no-untyped-def]
    """Each node that can be changed, with its new text. Messages, annotations, decorators and declarations at the top are left alone, and so are sizes that may
    grow: of `reshape` (any negative one is "what is left"), and in `kernels` those of the memory they write to."""
    kept = ("reshape", "empty", "zeros") if kernels else ("reshape",)
    for node in meant(tree, kept):
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            yield node, f"({source(node.left)}) {COMPARE[type(node.ops[0])]} ({source(node.comparators[0])})"
        elif isinstance(node, ast.BinOp) and type(node.op) in OPERATE and not any(isinstance(one, NO_NUMBER) for one in (node.left, node.right)):
            yield node, f"({source(node.left)}) {OPERATE[type(node.op)]} ({source(node.right)})"
        elif isinstance(node, ast.BoolOp):
            word = " or " if isinstance(node.op, ast.And) else " and "
            yield node, word.join(f"({source(one)})" for one in node.values)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub, ast.Invert)) and not isinstance(node.operand, ast.Constant):
            yield node, f"({source(node.operand)})"
        elif isinstance(node, ast.Constant) and type(node.value) in (bool, int, float):
            yield node, str(not node.value) if isinstance(node.value, bool) else f"{node.value + 1 if node.value + 1 != node.value else 2 * node.value!r}"
        elif isinstance(node, (ast.If, ast.IfExp)) and not turned(node.test):
            yield node.test, f"(not ({source(node.test)}))"
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            yield node, "None"
        elif isinstance(node, ast.Return) and node.value is not None and not (isinstance(node.value, ast.Constant) and node.value.value is None):
            yield node, "return None"


def turned(test: ast.expr) -> bool:
    """Whether another change turns this condition into its opposite already."""
    if isinstance(test, ast.UnaryOp):
        return isinstance(test.op, ast.Not)
    return isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], (ast.Eq, ast.NotEq, ast.Is, ast.IsNot, ast.In, ast.NotIn))


def meant(tree: ast.Module, kept: tuple[str, ...]) -> Iterator[ast.AST]:
    """The nodes inside functions that do something; nothing of what is given to methods that are `kept`."""
    todo: list[ast.AST] = [node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef):
            todo += [*node.args.defaults, *(one for one in node.args.kw_defaults if one), *node.body]
            continue
        if isinstance(node, ast.ClassDef):
            todo += [one for one in node.body if isinstance(one, ast.FunctionDef)]
            continue
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in kept:
            todo.append(node.func)
            continue
        if isinstance(node, (ast.Raise, ast.JoinedStr, ast.Assert)) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            continue
        if isinstance(node, ast.keyword) and node.arg == "strict":  # of zip: says of two that are as long that they are, as an assertion does
            continue
        yield node
        children = list(ast.iter_child_nodes(node))
        if isinstance(node, ast.AnnAssign):
            children = [one for one in (node.value,) if one]
        todo += children


Tests = tuple[tuple[str, ...], tuple[str, ...]]  # files that are run first, and those that are run if none of them fails


@dataclass(frozen=True)
class Limit:
    """Seconds of the processor that a test may take at least, with a mutant of a plain module, and of one with kernels."""

    plain: float
    kernel: float


@dataclass(eq=False)  # pytest keeps plugins in sets
class Lines:
    """A plugin of pytest: which tests ran which lines of `folder`, and how long they took. What a shared fixture ran counts for its whole file."""

    folder: Path
    file: Path
    longest: float = 0.0  # seconds of the processor a test may take; 0: any
    seconds: dict[str, float] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)

    def pytest_sessionstart(self) -> None:
        self.coverage = coverage.Coverage(data_file=None, config_file=False, include=[f"{self.folder}/*"])
        self.coverage.start()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.coverage.switch_context(nodeid)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef, request):  # type: ignore[no-untyped-def]
        if fixturedef.scope == "function":
            return (yield)
        self.coverage.switch_context(request._pyfuncitem.nodeid.partition("::")[0])
        try:
            return (yield)
        finally:
            self.coverage.switch_context(request._pyfuncitem.nodeid)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self):  # type: ignore[no-untyped-def]
        signal.signal(signal.SIGVTALRM, lambda *_: pytest.fail("takes too long as plain Python"))
        signal.setitimer(signal.ITIMER_VIRTUAL, self.longest)
        try:
            return (yield)
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration
        if report.failed:
            self.failed.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        self.coverage.stop()
        data = self.coverage.get_data()
        ran = {}
        for name in data.measured_files():
            lines = data.contexts_by_lineno(name).items()
            ran[str(Path(name).relative_to(self.folder))] = {line: sorted(set(tests) - {""}) for line, tests in lines}
        self.file.write_text(json.dumps({"lines": ran, "seconds": self.seconds, "failed": sorted(self.failed)}), encoding="utf-8")


def end_after(seconds: float) -> None:
    """This process is ended when it has had so many seconds of the processor, or has waited several times as long."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.alarm(int(WAITS * seconds))


@dataclass(eq=False)
class Failed:
    """A plugin of pytest: notes which test failed, and ends the process where one takes several times what it took with the unchanged code."""

    file: Path
    seconds: dict[str, float] = field(default_factory=dict)
    least: float = 0.0

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        end_after(max(self.least, SLACK * self.seconds.get(nodeid, 0.0)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.file.write_text(report.nodeid, encoding="utf-8")

    def told(self) -> str:
        """The test that failed last, once; "" where none did."""
        name = self.file.read_text(encoding="utf-8") if self.file.exists() else ""
        self.file.unlink(missing_ok=True)
        return name


@dataclass
class Workshop:
    """A copy of `src` that is changed, with compiled kernels of its own."""

    folder: Path
    seconds: dict[str, float] = field(default_factory=dict)  # that tests take with the unchanged code

    def failed(self, least: float = 0.0) -> Failed:
        return Failed(self.folder / "failed.txt", self.seconds, least)

    def run(self, tests: Tests, limit: float, cache: Path | None = None, watch: Lines | None = None, plain: bool = False) -> tuple[str, float]:
        """What the tests say, and seconds of the processor, in a fork of this process: the heavy libraries are imported once, flowbt in each fork.
        `plain`: kernels are run as the Python they are written in."""
        child = os.fork()
        if child:
            _, status, used = os.wait4(child, 0)
            code = os.waitstatus_to_exitcode(status)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)  # what the tests started and left running
            if code in (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED):  # a usage error is a conftest that cannot be imported any more
                sys.exit(f"pytest ended with {code} on {tests}: that says nothing of the mutant")
            said = SURVIVED if code == 0 else LATE if code in (-signal.SIGPROF, -signal.SIGALRM, -signal.SIGKILL) else KILLED
            return said, used.ru_utime + used.ru_stime
        os.setpgid(0, 0)
        end_after(limit)
        os.environ.update(PYTHONPATH=str(self.folder / "src"), NUMBA_CACHE_DIR=str(cache or self.folder / "numba"))
        if plain:
            os.environ["NUMBA_DISABLE_JIT"] = "1"
            _Intrinsic.__call__ = lambda kernel, word: IN_PYTHON[kernel._name](word)
        numba.core.config.reload_config()
        sys.path.insert(0, str(self.folder / "src"))
        os.chdir(ROOT)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        how = [one for one in QUICK if not (plain and watch and one == "-x")] + ["-W", "ignore::RuntimeWarning"] * plain  # compiled code warns of nothing
        codes = (int(pytest.main([*how, *part], plugins=[watch or self.failed(limit)])) for part in tests if part)
        os._exit(next((code for code in codes if code), 0))

    def refresh(self) -> None:
        """The copy of `src` made anew."""
        shutil.rmtree(self.folder / "src", ignore_errors=True)
        shutil.copytree(ROOT / "src", self.folder / "src", ignore=shutil.ignore_patterns("__pycache__"))

    def verdict(self, mutant: Mutant, work: Work, limit: Limit) -> str:
        """KILLED, SURVIVED, EQUAL or LATE."""
        if any(mutant.path.as_posix().endswith(f"/{name}") and (mutant.was, mutant.text) == (was, text) for name, was, text, _ in EQUIVALENT):
            return EQUAL
        target = self.folder / mutant.path.relative_to(ROOT)
        whole = mutant.path.read_bytes()
        target.write_bytes(whole[: mutant.start] + mutant.text.encode() + whole[mutant.end :])
        kernel = COMPILED in whole
        cache = self.folder / ("changed" if kernel else "numba")  # kernels that call a changed one are compiled anew too
        try:
            if work.plain and (said := self.run((work.plain, ()), limit.plain, plain=True)[0]) != SURVIVED:
                return said
            return self.run(work.tests, limit.kernel if kernel else limit.plain, cache)[0]
        finally:
            shutil.copy2(mutant.path, target)  # with its time: the compiled kernels stay valid
            shutil.rmtree(self.folder / "changed", ignore_errors=True)


@dataclass(frozen=True)
class Work:
    """The tests of a mutant: those that run its kernel as plain Python, then the others."""

    tests: Tests
    plain: tuple[str, ...] = ()


def work_of(mutant: Mutant, tests: tuple[str, ...], known: Known, plain: Known | None) -> Work:
    """The tests that ran the changed line, the quickest first; where none is known, the room's in two runs: those that name the module, then the others.
    A kernel's line is seen run as plain Python only: what passes so needs not be compiled."""
    if plain and COMPILED in mutant.path.read_bytes():
        near = known.tests_near(mutant) - plain.seconds.keys()
        others = sorted(near & known.seconds.keys(), key=lambda one: (mutant.path.stem not in one, known.seconds[one]))
        return Work((tuple(others), ()), plain.tests(mutant))
    ran = known.tests(mutant)
    return Work((ran, ()) if ran else near_first(mutant, tests))


def near_first(mutant: Mutant, tests: tuple[str, ...]) -> Tests:
    """The room's test files in two: those that name the module, and the others."""
    name = ".".join(mutant.path.relative_to(ROOT / "src").with_suffix("").parts)
    files = test_files(tests)
    own = (mutant.path.stem, mutant.path.parent.name)  # kernel.py of vbt/: test_vbt_mode.py
    near = {path for path in files if any(one in path.stem for one in own) or name in path.read_text(encoding="utf-8")}
    files.sort(key=lambda path: tuple(one not in path.stem for one in own))
    first, rest = ([str(path.relative_to(ROOT)) for path in files if (path in near) == named] for named in (True, False))
    return tuple(first), tuple(rest)


def test_files(tests: tuple[str, ...]) -> list[Path]:
    """The files of a room's tests."""
    files = [path for one in tests if not one.startswith("-") for path in (sorted((ROOT / one).rglob("test_*.py")) if (ROOT / one).is_dir() else [ROOT / one])]
    return [path for path in files if path.is_file() and not any(one.startswith("--ignore=") and one[9:] in str(path) for one in tests)]


@dataclass(frozen=True)
class Known:
    """What runs of a room's tests told: by module and line the tests that ran it, and the seconds of each; of what modules and test files, by their hashes."""

    modules: dict[str, str]
    files: dict[str, str]
    lines: dict[str, dict[str, list[str]]]
    seconds: dict[str, float]

    @property
    def whole(self) -> float:
        return sum(self.seconds.values())

    def tests(self, mutant: Mutant) -> tuple[str, ...]:
        """Those that ran the line, the quickest first; those that ran any line of a module that is another by now."""
        name = str(mutant.path.relative_to(ROOT))
        lines = self.lines.get(name, {})
        whole = self.modules.get(name) != digest(mutant.path)
        found = {test for line, tests in lines.items() if whole or line == str(mutant.line) for test in tests}
        return tuple(sorted(found & self.seconds.keys() | {one for one in found if "::" not in one}, key=lambda one: self.seconds.get(one, math.inf)))

    def tests_near(self, mutant: Mutant) -> set[str]:
        """Those that ran any line of the module, or of one that imports it: of a kernel's own lines none is seen once it is compiled."""
        name = ".".join(mutant.path.relative_to(ROOT / "src").with_suffix("").parts)
        there = [one for one in self.lines if (ROOT / one).exists()]
        near = {one for one in there if one == str(mutant.path.relative_to(ROOT)) or f"from {name} import" in (ROOT / one).read_text(encoding="utf-8")}
        found = {test for one in near for tests in self.lines[one].values() for test in tests}
        return {test for test in self.seconds if test in found or test.partition("::")[0] in found}


def digest(path: Path) -> str:
    """A file's hash, to know it by."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def learnt(room: str, tests: tuple[str, ...], shop: Workshop, limit: float, plain: bool = False) -> Known:
    """The room's tests run on unchanged code, or what was learnt when they last were: test files that are new or changed are run, the others are not.
    As plain Python, those that pass."""
    kept = WORK / f"{room}{'-plain' * plain}.json"
    old = Known(**json.loads(kept.read_text(encoding="utf-8"))) if kept.exists() else Known({}, {}, {}, {})
    now = {str(path.relative_to(ROOT)): digest(path) for path in test_files(tests)}
    new = tuple(name for name in now if old.files.get(name) != now[name])
    if not new and now.keys() == old.files.keys():
        return old
    watch = Lines(shop.folder, shop.folder / f"lines{'-plain' * plain}.json", LONG if plain else 0)
    said, _ = shop.run((new, ()), limit, watch=watch, plain=plain) if new else (SURVIVED, 0)
    if said == LATE or (said != SURVIVED and not plain):
        sys.exit(f"{room}: its tests fail or do not end before anything is changed ({said})")
    ran = json.loads(watch.file.read_text(encoding="utf-8")) if new else {"lines": {}, "seconds": {}, "failed": []}
    stay = now.keys() - set(new)
    lines: dict[str, dict[str, list[str]]] = {}
    for part, held in ((old.lines, stay), (ran["lines"], set(new))):
        for module, of_module in part.items():
            for line, names in of_module.items():
                lines.setdefault(module, {}).setdefault(line, []).extend(one for one in names if one.partition("::")[0] in held)
    seconds = {one: took for one, took in old.seconds.items() if one.partition("::")[0] in stay}
    seconds |= {one: took for one, took in ran["seconds"].items() if one not in ran["failed"]}
    modules = old.modules or {str(path.relative_to(ROOT)): digest(path) for path in sorted((ROOT / "src").rglob("*.py"))}
    known = Known(modules, now, lines, seconds)
    kept.write_text(json.dumps(vars(known)), encoding="utf-8")
    return known


def compiles(mutant: Mutant) -> bool:
    """Whether the change is Python at all: one that is not was never a fault somebody could make."""
    whole = mutant.path.read_bytes()
    try:
        compile(whole[: mutant.start] + mutant.text.encode() + whole[mutant.end :], str(mutant.path), "exec")
    except SyntaxError:
        return False
    return True


def judge(room: str, given: argparse.Namespace) -> Counter[str]:
    """What became of a sample of a room's mutants, drawn in random order: where the minutes end early, those tried are a sample too."""
    patterns, tests = ROOMS[room]
    paths = [path for pattern in patterns for path in sorted((ROOT / "src/flowbt").glob(pattern))]
    every = [mutant for path in paths for mutant in mutants_of(path)]
    random.Random(given.seed).shuffle(every)
    chosen = list(islice(filter(compiles, every), given.n))
    shop = Workshop(WORK / room)
    shop.refresh()
    if given.near:
        near = ((one, near_first(one, tests)) for one in chosen[given.skip :])
        work = [(one, Work((first or rest, ()), QUICKEST if "engine/walk/" in one.path.as_posix() else ())) for one, (first, rest) in near]
        return judged(shop, work, Limit(LEAST, given.limit), given.minutes)
    known = learnt(room, tests, shop, 10 * given.limit)
    plain = learnt(room, OF_KERNELS[room], shop, 10 * given.limit, plain=True) if room in OF_KERNELS else None
    print(f"  unchanged  {known.whole:4.0f} s  ({len(every)} mutants known, {len(chosen)} drawn)", flush=True)
    shop.seconds.update(known.seconds)
    work = [(one, work_of(one, tests, known, plain)) for one in chosen[given.skip :]]
    if given.plain:
        work = [(one, Work(((), ()), what.plain) if what.plain else what) for one, what in work]
    return judged(shop, work, Limit(LEAST, given.limit), given.minutes)


def without(guards: tuple[tuple[str, str, str, str], ...], only: str, limit: float) -> Counter[str]:
    """The guards taken out one by one."""
    shop = Workshop(WORK / "guards")
    shop.refresh()
    chosen = []
    for name, guard, left, test in guards:
        path = ROOT / "src/flowbt" / name
        text = path.read_text(encoding="utf-8")
        if text.count(guard) != 1:
            sys.exit(f"{name} has {text.count(guard)} of the guard {guard!r}: bring GUARDS up to date")
        start = len(text[: text.index(guard)].encode())
        if only in name:
            chosen.append((Mutant(path, text[: text.index(guard)].count("\n") + 1, start, start + len(guard.encode()), left, guard), Work(((test,), ()))))
    return judged(shop, chosen, Limit(limit, limit), math.inf)


def judged(shop: Workshop, work: list[tuple[Mutant, Work]], limit: Limit, minutes: float) -> Counter[str]:
    """Each mutant's verdict, printed as it falls, and their counts."""
    counts: Counter[str] = Counter()
    start = time.monotonic()
    for mutant, tests in work:
        if time.monotonic() - start > 60 * minutes:
            print(f"  {minutes:g} minutes are over: {counts.total()} of {len(work)} tried", flush=True)
            break
        began = time.monotonic()
        shop.failed().told()
        said = shop.verdict(mutant, tests, limit)
        by = shop.failed().told() if said == KILLED else ""
        print(f"  {said:10s} {time.monotonic() - began:4.0f} s  {mutant}{by and '   by '}{by}", flush=True)
        counts[said] += 1
    return counts


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("rooms", nargs="*", default=["guards", *ROOMS], metavar="ROOM", help=f"of guards, {', '.join(ROOMS)}; default all")
    options.add_argument("-n", type=int, default=30, help="mutants a room (default 30)")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--least", type=float, default=0.85, help="share that must be killed, else exit 1")
    options.add_argument("--limit", type=int, default=240, help="seconds of the processor a test may take at least with a changed kernel")
    options.add_argument("--minutes", type=float, default=math.inf, help="begin no mutant of a room after so many")
    options.add_argument("--skip", type=int, default=0, help="leave out so many of the sample: those tried before")
    options.add_argument("--near", action="store_true", help="a quick look, from below: only the tests that name the module, none unchanged first")
    options.add_argument("--plain", action="store_true", help="from below, without compiling: kernels are run as plain Python only, by the tests of kernels")
    options.add_argument("--only", default="", help="of the guards, those of modules whose path has this in it")
    given = options.parse_args()
    table = {}
    for room in given.rooms:
        print(f"{room}:", flush=True)
        table[room] = without(GUARDS, given.only, given.limit) if room == "guards" else judge(room, given)
    print("\nroom        killed  tried  share  equivalent  timed out")
    for room, counts in table.items():
        tried = counts.total() - counts[EQUAL]
        print(f"{room:10s} {counts[KILLED]:7d} {tried:6d} {counts[KILLED] / max(tried, 1):6.0%} {counts[EQUAL]:11d} {counts[LATE]:10d}")
    sys.exit(any(counts[KILLED] < given.least * (counts.total() - counts[EQUAL]) for counts in table.values()))


if __name__ == "__main__":
    main()
