"""A strategy file: one plain function whose keyword defaults are the parameters.

The file may name only what a strategy needs (see `engine/fence.py`), its function is given the panel's protocol and nothing behind it, and while it decides
files, sockets and the interpreter are shut: data that does not come from the panel carries no time of knowledge, and no check could see it.
"""

from __future__ import annotations

import ast
import difflib
import functools
import hashlib
import inspect
import re
import traceback
import types
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from itertools import islice
from pathlib import Path
from typing import Any

from flowbt.data.panel.views import fenced
from flowbt.engine.fence import Stores, check_source, guarded_builtins
from flowbt.engine.shape import shape_of
from flowbt.engine.types import Account, Costs, Signals, Targets
from flowbt.ground.clock import Clock
from flowbt.ground.errors import DataError, FlowbtError, LoadError, LookAheadError, ParameterError, SignalError, StrategyError, nearest, words_of
from flowbt.ground.files import asked_path, read_text
from flowbt.ground.guard import deciding
from flowbt.ground.types import Function, JsonView, Parameters

MOST = 100_000  # symbols of a file, values of a parameter
CONSTANTS = frozenset({"SYMBOLS", "GRID", "CLOCK", "STEP", "COSTS", "ACCOUNT", "BENCHMARK", "CONSTRAINTS"})


@dataclass(frozen=True)
class Strategy:
    """A loaded strategy. `parameters` are the defaults; `doc` is the module's docstring; `shape` is equal for copies (`engine/shape.py`)."""

    name: str
    path: Path
    function: Function
    parameters: dict[str, object]
    symbols: tuple[str, ...]
    grid: dict[str, tuple[object, ...]]
    clock: Clock
    costs: Costs
    account: Account
    benchmark: str | None
    constraints: tuple[str, ...]
    doc: str
    code_hash: str
    shape: str
    text: str = field(repr=False, compare=False)
    code: types.CodeType = field(repr=False, compare=False)

    @property
    def thesis(self) -> str:
        return " ".join(self.doc.strip().split("\n\n")[0].split())

    @property
    def source(self) -> str:
        """The document named by a `Source: ...` line of the docstring."""
        lines = [line.strip() for line in self.doc.splitlines()]
        return next((line.split(":", 1)[1].strip().rstrip(".") for line in lines if line.lower().startswith("source:")), "")

    def resolve(self, given: Parameters) -> dict[str, object]:
        """All parameters, with `given` values (texts from a command line are read as the default's type)."""
        for name in given:
            if name not in self.parameters:
                known = ", ".join(self.parameters) or "none"
                raise ParameterError(f"parameter {name!r} of {self.name}", f"its parameters are {known}", nearest(name, self.parameters))
        return {name: read_value(name, given[name], default) if name in given else default for name, default in self.parameters.items()}

    def decide(self, panel: object, parameters: Parameters) -> Any:
        """Call the function. An error of the file's own is a StrategyError with its line and what is there; of flowbt's errors, those about data get the
        line too, the others pass as they are."""
        try:
            return self.function(panel, **parameters)
        except (DataError, ParameterError) as error:
            line = self.line_of(error)
            raise type(error)(f"{self.path.name} {line}: {error.asked}" if line else error.asked, error.found, error.do) from error
        except FlowbtError:
            raise
        except Exception as error:
            line = self.line_of(error)
            if not line:
                raise  # not in the strategy's file: a defect elsewhere, whose traceback is wanted
            message = words_of(error)
            do = _other_symbol(error, panel) if isinstance(error, KeyError) else _meant(error)
            raise StrategyError(f"strategy {self.path}", f"{type(error).__name__} on {line}: {message}", do) from error

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Around what reads the function's answer: what is wrong with it gets the file's name and the line that returned it."""
        try:
            yield
        except LookAheadError:
            raise
        except SignalError as error:
            raise type(error)(f"{self.path.name} {self._returned()}: {error.asked}", error.found, error.do) from error

    def _returned(self) -> str:
        """`line N `its text``, of the last `return` of the function, or of its `def` where there is none; empty where it is not written as one."""
        made = next((part for part in ast.parse(self.text).body if isinstance(part, ast.FunctionDef) and part.name == "signals"), None)
        number = max((part.lineno for part in ast.walk(made) if isinstance(part, ast.Return)), default=made.lineno) if made else 0
        return f"line {number} `{self.text.splitlines()[number - 1].strip()}`" if number else "`signals`"

    def line_of(self, error: Exception) -> str:
        """`line N `its text``, of the innermost line of the file that led to an error; empty where none did."""
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(self.path) and frame.lineno]
        if not lines:
            return ""
        return f"line {lines[-1]} `{self.text.splitlines()[lines[-1] - 1].strip()}`"


def _other_symbol(error: KeyError, panel: Any) -> str:
    """What helps where a frame has no column of that name: the columns are the strategy's symbols; another symbol's series is asked of the panel."""
    key, symbols = error.args[0] if error.args else None, ", ".join(panel.symbols)
    if not isinstance(key, str):
        return "mend the file"
    field = next((field for field in ("close", "value") if key not in panel.symbols and panel.has(field, key)), "")
    if field:
        return f'a frame of the panel has a column for each traded symbol ({symbols}); ask for another one\'s series with panel["{field}", "{key}"]'
    return f"a frame of the panel has the columns {symbols}; {nearest(key, panel.symbols) or 'mend the file'}"


def _meant(error: Exception) -> str:
    """What helps where a name of ours was mistyped: a keyword such as `exti=`, or a name that is not defined."""
    found = re.search(r"\b(\w+)\.__init__\(\) got an unexpected keyword argument '(\w+)'", words_of(error))
    kind = {"Signals": Signals, "Targets": Targets, "Costs": Costs, "Account": Account}.get(found[1]) if found else None
    if found and kind:
        known = [part.name for part in fields(kind)]
        return nearest(found[2], known) or f"{found[1]} takes {', '.join(known)}"
    if isinstance(error, NameError) and error.name and error.__traceback__:
        frame = list(traceback.walk_tb(error.__traceback__))[-1][0]
        return nearest(error.name, {**frame.f_globals, **frame.f_locals}) or "mend the file"
    return "mend the file"


def read_value(name: str, given: object, default: Any) -> object:
    """`given` as the type of the default. Texts are Python literals, or plain words where the default is a text. ParameterError where it is of another type."""
    value = _literal(name, given, default) if isinstance(given, str) and not isinstance(default, str) else given
    value = value.item() if hasattr(value, "item") else value
    if default is None or value is None:
        return value
    if isinstance(default, int) and not isinstance(default, bool) and isinstance(value, float) and value.is_integer():
        value = int(value)
    wanted = (int, float) if isinstance(default, float) else type(default)
    if not isinstance(value, wanted) or isinstance(value, bool) != isinstance(default, bool):
        raise ParameterError(f"parameter {name}={given}", f"a {type(value).__name__}", f"give a {type(default).__name__} such as {default!r}")
    if not isinstance(default, float):
        return value
    try:
        return float(value)
    except OverflowError:
        raise ParameterError(
            f"parameter {name}={str(given)[:40]}...", "a number beyond all that can be calculated with", f"its default is {default!r}"
        ) from None


def _literal(name: str, given: str, default: object) -> object:
    words = {"true": True, "false": False, "none": None}
    if given.lower() in words:
        return words[given.lower()]
    try:
        return ast.literal_eval(given)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise ParameterError(f"parameter {name}={given}", "not a value", f"its default is {default!r}") from None


def load_strategy(path: str | Path) -> Strategy:
    """Load a strategy file. LoadError says, in one line, where and why it cannot be used."""
    path = asked_path(path, "strategy")
    text = _read(path)
    tree = _parse(path, text)
    check_source(path, tree)
    code = _compiled(path, Stores().visit(tree))
    module = _execute(path, code)
    function = getattr(module, "signals", None)
    if not callable(function):
        names = [name for name, value in vars(module).items() if inspect.isfunction(value)]
        raise LoadError(f"strategy {path}", "it has no function `signals(panel, *, ...)`", nearest("signals", names) or "see `flowbt new strategy NAME`")
    return _describe(path, text, module, code)


def _guarded(path: Path, function: Callable[..., object]) -> Function:
    """The file's function behind the fence, whoever calls it."""

    @functools.wraps(function)
    def decide(panel: object, **parameters: object) -> object:
        with deciding(str(path)):
            return function(fenced(panel), **parameters)

    return decide


def again(strategy: Strategy) -> Strategy:
    """The strategy from a module made anew, so that nothing an earlier call kept in it is there; its other parts stay as they are."""
    return replace(strategy, function=_guarded(strategy.path, _execute(strategy.path, strategy.code, silent=True).signals))


def _execute(path: Path, code: types.CodeType, *, silent: bool = False) -> Any:
    """The file's module; `silent`: what it prints is not shown. LoadError for what it raises."""
    module = types.ModuleType(path.stem)
    module.__file__ = str(path)
    module.__dict__["__builtins__"] = guarded_builtins(silent=silent)
    try:
        with deciding(str(path)):
            exec(code, module.__dict__)
    except StrategyError:
        raise
    except Exception as error:
        raise LoadError(f"strategy {path}", f"{type(error).__name__} on loading: {words_of(error)}", _meant(error)) from error
    return module


def _describe(path: Path, text: str, module: Any, code: types.CodeType) -> Strategy:
    function = module.signals
    constants = {name: getattr(module, name) for name in CONSTANTS if hasattr(module, name)}
    parameters = _parameters(path, function)
    symbols = _several(path, "SYMBOLS", constants.get("SYMBOLS"), 'give the traded symbols, e.g. SYMBOLS = ("SPY",)')
    if not symbols or not all(isinstance(symbol, str) for symbol in symbols):
        raise LoadError(f"strategy {path}", f"SYMBOLS is {constants.get('SYMBOLS')!r}", 'give the traded symbols, e.g. SYMBOLS = ("SPY",)')
    symbols = tuple(str.__str__(symbol) for symbol in symbols)  # plain texts, whatever they were made to be
    if again := next((one for one, count in Counter(symbols).items() if count > 1), ""):
        raise LoadError(f"strategy {path}", f"SYMBOLS names {again} twice", "name each symbol once")
    do = 'give the values of each parameter, e.g. GRID = {"hold": (3, 5, 10)}'
    if not isinstance(constants.get("GRID", {}), Mapping):
        raise LoadError(f"strategy {path}", f"GRID is {constants['GRID']!r}", do)
    grid = {name: _several(path, f"GRID of {name}", values, do) for name, values in constants.get("GRID", {}).items()}
    for name in grid:
        if name not in parameters:
            raise LoadError(
                f"strategy {path}", f"GRID names {name!r}, which is no parameter", nearest(name, parameters) or f"its parameters are {', '.join(parameters)}"
            )
    constraints = constants.get("CONSTRAINTS", ())
    _check_constants(path, constants)
    return Strategy(
        name=path.stem,
        path=path,
        function=_guarded(path, function),
        parameters=parameters,
        symbols=symbols,
        grid=grid,
        clock=Clock(constants.get("CLOCK", "XNYS"), constants.get("STEP", "1d")),
        costs=constants.get("COSTS", Costs()),
        account=constants.get("ACCOUNT", Account()),
        benchmark=constants.get("BENCHMARK"),
        constraints=(constraints,) if isinstance(constraints, str) else tuple(constraints),
        doc=inspect.getdoc(module) or "",
        code_hash=hashlib.sha256(text.encode()).hexdigest()[:16],
        shape=shape_of(text, CONSTANTS, "signals"),
        text=text,
        code=code,
    )


def _several(path: Path, what: str, told: object, do: str) -> tuple[Any, ...]:
    """Values that a file gives one by one, in their order. LoadError for one value, a set (which has none), and more than anybody could want."""
    if isinstance(told, (str, bytes, Set)) or not isinstance(told, Iterable):
        raise LoadError(f"strategy {path}", f"{what} is {told!r}", do)
    found = tuple(islice(told, MOST + 1))
    if len(found) > MOST:
        raise LoadError(f"strategy {path}", f"{what} has more than {MOST:,} values", do)
    return found


def _check_constants(path: Path, constants: JsonView) -> None:
    """LoadError for a constant of another kind than it has to be."""
    kinds = {"COSTS": (Costs, "Costs(fees=0.0002)"), "ACCOUNT": (Account, "Account(cash=50_000)"), "CLOCK": (str, '"XNYS"'), "STEP": (str, '"1d"')}
    for name, (kind, example) in kinds.items():
        if name in constants and type(constants[name]) is not kind:
            raise LoadError(f"strategy {path}", f"{name} is {constants[name]!r}", f"write {name} = {example}, or leave it out")
        if kind in (Costs, Account) and name in constants:
            constants[name].__post_init__()  # also where it was changed after it was made
    if not isinstance(constants.get("BENCHMARK"), (str, type(None))):
        raise LoadError(f"strategy {path}", f"BENCHMARK is {constants['BENCHMARK']!r}", 'write BENCHMARK = "SPY"')
    rules = constants.get("CONSTRAINTS", ())
    if not isinstance(rules, str) and not (isinstance(rules, (tuple, list)) and all(isinstance(rule, str) for rule in rules)):
        raise LoadError(f"strategy {path}", f"CONSTRAINTS is {rules!r}", 'write CONSTRAINTS = ("fast < slow",)')


def _read(path: Path) -> str:
    if path.is_dir():
        raise LoadError(f"strategy {path}", "a folder", "name one file, or `flowbt run FOLDER` for all of its strategies")
    try:
        return read_text(path)
    except FileNotFoundError:
        near = {other.stem: str(other) for folder in (Path("strategies"), path.parent) if folder.is_dir() for other in sorted(folder.glob("*.py"))}
        close = [near[stem] for stem in difflib.get_close_matches(path.stem, near)]
        hint = f"did you mean {' or '.join(close)}?" if close else "see strategies/ or `flowbt new strategy NAME`"
        raise LoadError(f"strategy {path}", "no such file", hint) from None
    except (OSError, UnicodeDecodeError) as error:
        raise LoadError(f"strategy {path}", f"cannot be read ({getattr(error, 'strerror', None) or error})", "is it a Python file?") from None


def _parse(path: Path, text: str) -> ast.Module:
    try:
        return ast.parse(text, filename=str(path))
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise LoadError(f"strategy {path}", f"syntax error{f' on line {line}' if line else ''} ({getattr(error, 'msg', error)})", "mend the file") from None


def _compiled(path: Path, tree: ast.Module) -> types.CodeType:
    try:
        return compile(tree, str(path), "exec")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise LoadError(f"strategy {path}", f"cannot be compiled ({getattr(error, 'msg', None) or type(error).__name__})", "mend the file") from None


def _parameters(path: Path, function: Callable[..., object]) -> dict[str, object]:
    try:
        known = list(inspect.signature(function).parameters.values())
    except (ValueError, TypeError):
        raise LoadError(f"strategy {path}", "`signals` does not say what it takes", "write `def signals(panel, *, name=default, ...)`") from None
    if not known or known[0].kind not in (known[0].POSITIONAL_ONLY, known[0].POSITIONAL_OR_KEYWORD):
        raise LoadError(f"strategy {path}", "`signals` does not take the panel first", "write `def signals(panel, *, name=default, ...)`")
    for parameter in known[1:]:
        if parameter.default is parameter.empty or parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            raise LoadError(f"strategy {path}", f"parameter {parameter.name!r} of `signals` has no default", "keyword defaults are the parameters: give it one")
    return {parameter.name: parameter.default for parameter in known[1:]}
