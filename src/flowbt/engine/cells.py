"""A function of a notebook as a file: the text of a strategy or claim file that decides as the function does.

What the function uses goes along: modules and what they hold as imports, other functions of the notebook as their source, plain values as they are now.
What cannot be written down, such as a frame of prices, is refused: in a file it would be data without a time of knowledge. The file then passes the
loader, the fence and the probes as every other one does.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import re
import symtable
import sys
import textwrap
import types
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from typing import Any

from flowbt.engine.loader import CONSTANTS
from flowbt.ground.errors import LoadError
from flowbt.ground.types import Json


def strategy_text(function: Callable[..., object], symbols: tuple[str, ...] = ()) -> str:
    """The strategy file of a function. Its constants (SYMBOLS, GRID, COSTS ..) are those of the notebook, as in a file; `symbols` go before SYMBOLS.

    Raises LoadError for what is no plain function, has no source, or uses what cannot be written down.
    """
    made = _Writer(function)
    given: Json = {name: made.globals[name] for name in sorted(CONSTANTS) if name in made.globals}
    if symbols:
        given["SYMBOLS"] = tuple(symbols)
    if "SYMBOLS" not in given:
        raise LoadError(made.asked, "no symbols", 'name what it trades: symbols=("SPY",), or SYMBOLS = ("SPY",) in a cell')
    parameters = list(inspect.signature(function).parameters)[1:]
    if not (isinstance(given.get("GRID"), Mapping) and set(given["GRID"]) <= set(parameters)):  # another strategy's
        given.pop("GRID", None)
    for name, value in given.items():
        made.add(name, value)
    body = made.source(function)
    named = re.sub(rf"^def\s+{function.__name__}\b", "def signals", body, count=1, flags=re.MULTILINE)
    return made.text(inspect.getdoc(function) or "", named)


def claim_text(function: Callable[..., object]) -> str:
    """The claim file of a function marked with @claim; its DOCUMENT is the notebook's. Raises LoadError as `strategy_text` does."""
    made = _Writer(function)
    if "DOCUMENT" not in made.globals:
        raise LoadError(made.asked, "no DOCUMENT", f'write DOCUMENT = Document("{function.__name__}", dated="YYYY-MM-DD") in a cell')
    made.add("DOCUMENT", made.globals["DOCUMENT"])
    return made.text("", made.source(function))


class _Writer:
    """Collects what a function needs: import lines, values, other functions; each once, in the order in which it is met."""

    def __init__(self, function: Callable[..., object]) -> None:
        self.asked = f"strategy {getattr(function, '__name__', function)!r}"
        if not isinstance(function, types.FunctionType) or function.__name__ == "<lambda>":
            raise LoadError(self.asked, f"a {type(function).__name__}", "give a function written with `def name(panel, *, name=default)`, or a file's path")
        self.globals = function.__globals__
        self.imports: dict[str, str] = {}
        self.values: dict[str, str] = {}
        self.functions: dict[str, str] = {}

    def text(self, doc: str, last: str) -> str:
        """The whole file."""
        head = [f'"""{doc.replace(chr(92), chr(92) * 2).replace(chr(34) * 3, chr(39) * 3)}\n"""'] if doc else []
        parts = [*head, "\n".join(sorted(self.imports.values())), "\n".join(self.values.values()), *self.functions.values(), last]
        return "\n\n".join(part for part in parts if part.strip()) + "\n"

    def source(self, function: types.FunctionType | Callable[..., object]) -> str:
        """The source of a function, after adding everything that it uses."""
        try:
            text = textwrap.dedent(inspect.getsource(function))
        except (OSError, TypeError):
            raise LoadError(self.asked, "its source cannot be read", "write it into a notebook cell or a file") from None
        inner = inspect.unwrap(function)
        cells = {}
        if isinstance(inner, types.FunctionType) and inner.__closure__:
            cells = {name: cell.cell_contents for name, cell in zip(inner.__code__.co_freevars, inner.__closure__, strict=True)}
        for name in sorted(_used(symtable.symtable(text, "<cell>", "exec"))):
            if name == function.__name__:
                continue
            if name in cells or name in self.globals:
                self.add(name, cells[name] if name in cells else self.globals[name])
            elif not hasattr(builtins, name):
                raise LoadError(self.asked, f"it uses {name}, which is not defined", "define it in a cell, or give it as a parameter")
        return text.rstrip()

    def add(self, name: str, value: Any) -> None:
        """One name that the file needs."""
        if name in self.imports or name in self.values or name in self.functions:
            return
        if isinstance(value, types.ModuleType):
            self.imports[name] = f"import {value.__name__}" if value.__name__ == name else f"import {value.__name__} as {name}"
        elif home := self._home(value):
            own = value.__qualname__ if hasattr(value, "__qualname__") else value.__name__
            self.imports[name] = f"from {home} import {own}" + ("" if own == name else f" as {name}")
        elif isinstance(value, types.FunctionType):
            self.functions[name] = ""  # known, should what it uses use it
            text = self.source(value)
            del self.functions[name]
            self.functions[name] = text  # after what it uses
        else:
            self.values[name] = f"{name} = {self._literal(name, value)}"

    def _home(self, value: object) -> str:
        """The module from which a function or class can be imported; empty for the notebook's own and for plain values."""
        name = getattr(value, "__qualname__", getattr(value, "__name__", "")) if callable(value) else ""
        homes = (getattr(value, "__module__", None), "numpy") if name and "." not in name else ()
        for home in homes:
            module = sys.modules.get(home or "")
            if module is not None and vars(module) is not self.globals and getattr(module, name, None) is value:
                return str(home)
        return ""

    def _literal(self, name: str, value: Any) -> str:
        """A plain value as Python writes it; LoadError for what cannot be written so."""
        value = value.item() if type(value).__module__ == "numpy" and getattr(value, "shape", None) == () else value
        if is_dataclass(value) and not isinstance(value, type) and type(value).__module__.startswith("flowbt."):
            self.add(type(value).__name__, type(value))
            return repr(value)
        if isinstance(value, Mapping):
            return "{" + ", ".join(f"{self._literal(name, key)}: {self._literal(name, item)}" for key, item in value.items()) + "}"
        if isinstance(value, range):
            return repr(value)
        if isinstance(value, (tuple, list)) and type(value) in (tuple, list):
            inside = ", ".join(self._literal(name, item) for item in value)
            return f"({inside}{',' if len(value) == 1 else ''})" if isinstance(value, tuple) else f"[{inside}]"
        try:
            if ast.literal_eval(repr(value)) == value:
                return repr(value)
        except (ValueError, SyntaxError, TypeError):
            pass
        do = "take data from the panel (only there is it known when it was known); give numbers as parameters"
        raise LoadError(self.asked, f"it uses {name}, a {type(value).__name__} of the notebook", do)


def _used(table: symtable.SymbolTable) -> set[str]:
    """Names that a module's text takes from outside of it."""
    made = {one.get_name() for one in table.get_symbols() if one.is_assigned() or one.is_imported()} if table.get_type() == "module" else set()
    outside = {one.get_name() for one in table.get_symbols() if one.is_referenced() and (one.is_global() or table.get_type() == "module")}
    for child in table.get_children():
        outside |= _used(child)
    return outside - made
