"""The features as a page: `docs/features.md`, made from the declarations and docstrings of the family modules."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import get_type_hints

from flowbt.features import FAMILIES
from flowbt.features.declare import Feature
from flowbt.ground.errors import ParameterError, nearest
from flowbt.ground.types import Function

HEADER = """# Features

Made by `flowbt features docs --to docs/features.md`; edit the docstrings, not this page.

A feature is a causal function of a panel: `from flowbt.features import win_streak`, then `win_streak(panel, kind="up")`. It gives a frame, or a
named tuple of frames, of the panel's labels and symbols. Unless it says otherwise, where an input is missing a number is missing (a count or a vote
may be 0) and a bool is False. Windows are in bars of the panel's clock. A stand-in is used where the needed field is not there, and is named in the output.
`field:SYMBOL` is one symbol's field, `field:*` that of every symbol that has it. Formulas marked ours are flowbt's own: those of the providers are not public.
"""


@dataclass(frozen=True)
class FeatureEntry:
    """A public feature: its record, its function, the module it is in, and the frames it returns (empty for a single one)."""

    record: Feature
    function: Function
    module: str
    parts: tuple[str, ...]

    @property
    def parameters(self) -> dict[str, object]:
        """Parameter name -> default."""
        signature = inspect.signature(self.function)
        return {p.name: p.default for p in signature.parameters.values() if p.kind is p.KEYWORD_ONLY}

    @property
    def doc(self) -> str:
        return inspect.getdoc(self.function) or ""

    @property
    def title(self) -> str:
        return " ".join(self.doc.split("\n\n")[0].split())

    @property
    def call(self) -> str:
        return f"{self.record.name}({', '.join(['panel', *(f'{name}={value!r}' for name, value in self.parameters.items())])})"


def entries() -> dict[str, FeatureEntry]:
    """Every public feature by name, in the order of the families and of their source."""
    found: dict[str, FeatureEntry] = {}
    for family in FAMILIES:
        module = import_module(f"flowbt.features.{family}")
        for name, function in vars(module).items():
            if hasattr(function, "__feature__") and function.__module__ == module.__name__:
                found[name] = FeatureEntry(function.__feature__, function, family, _parts(function))
    return found


def entry(name: str) -> FeatureEntry:
    """One feature; ParameterError names the nearest ones when there is none."""
    known = entries()
    if name not in known:
        raise ParameterError(f"feature {name!r}", "no such feature", nearest(name, known) or "see `flowbt features ls`")
    return known[name]


def _parts(function: Callable[..., object]) -> tuple[str, ...]:
    returned = get_type_hints(inspect.unwrap(function)).get("return")
    return tuple(getattr(returned, "_fields", ()))


def features_page() -> str:
    """The whole page, as Markdown."""
    groups: dict[str, list[FeatureEntry]] = {}
    for one in entries().values():
        groups.setdefault(one.record.family, []).append(one)
    contents = "\n".join(f"- [{family}](#{family.replace(' ', '-')}): {', '.join(f'`{one.record.name}`' for one in group)}" for family, group in groups.items())
    sections = [f"## {family}\n\n" + "\n\n".join(map(_section, group)) for family, group in groups.items()]
    return "\n\n".join([HEADER.strip(), contents, *sections]) + "\n"


def _section(one: FeatureEntry) -> str:
    record = one.record
    facts = [("units", record.units), ("sign", record.sign), ("needs", _listed(record.needs) or "nothing but the calendar")]
    facts += [("stand-ins", _listed(record.stand_ins)), ("gives", _listed(one.parts)), ("source", record.source)]
    lines = "\n".join(f"- {word}: {text}" for word, text in facts if text)
    return f"### {record.name}\n\n```python\n{one.call}\n```\n\n{one.doc}\n\n{lines}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
