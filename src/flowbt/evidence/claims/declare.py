"""What a claim file is made of: `Document`, `Data`, `@claim`.

    DOCUMENT = Document("spx7000", dated="2026-01-28")

    @claim("Russell win streaks lift SPX for a month", stated={"mean": 0.0149, "baseline": 0.0083},
           outcome=forward_return("SPX", 21), definitions={"length": range(5, 16), "kind": ("up", "beats")})
    def rut_streak_spx_1m(panel, *, length=7, kind="up"):
        return win_streak(panel, kind=kind, symbol="RUT") >= length

The function's defaults are the definition that is reported; `definitions` spans the rest of what the document leaves open.
The decorator only attaches a record (`__claim__`): nothing is registered, and nothing is checked before the claim is scored,
so that a mistake in one claim does not take its file down.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, SupportsIndex, TypeVar, runtime_checkable

from flowbt.ground.errors import ClaimError, nearest
from flowbt.ground.types import Function

F = TypeVar("F", bound=Function)
OutcomeKind = TypeVar("OutcomeKind")
STATED = ("mean", "baseline", "positive", "beats", "ratio", "effect")
SIGNS = {"up": 1, "down": -1, "flat": 0}
OPTIONS = ("outcome", "stated", "direction", "definitions", "data", "own")
KINDS = ("event study", "regime comparison", "sequence", "dated forecast", "arithmetic", "facts")
STUDIED = ("event study", "regime comparison", "sequence")  # kinds with a horizon, definitions and a p
MOST_DEFINITIONS = 400


@runtime_checkable
class ClaimOutcome(Protocol):
    """What is measured after an event, or settled, or recomputed: what every outcome of a claim tells of itself.

    `horizon` and `also` are labels ahead (0 and none where it has dates of its own); `symbol` is whose price it is, None for each of the panel's own.
    """

    @property
    def kind(self) -> str: ...

    @property
    def label(self) -> str: ...

    @property
    def horizon(self) -> int: ...

    @property
    def also(self) -> tuple[int, ...]: ...

    @property
    def units(self) -> str: ...

    @property
    def symbol(self) -> str | None: ...


@dataclass(frozen=True)
class Document:
    """A source of claims. `dated`: YYYY-MM-DD; what came later is scored apart. `author`: who is scored for its forecasts, the document where it is empty."""

    name: str
    dated: str
    title: str = ""
    author: str = ""


@dataclass(frozen=True)
class Data:
    """The panel a claim sees, and what is known about it.

    `symbols`: the panel's columns (default: the outcome's symbol). `memory`: bars an event looks back. `needs`: fields to name when they are missing
    ("field" or "field:SYMBOL"). `strategy`: the file name, without `.py`, of the strategy that trades it. `start`: first date to judge; windows may look
    back four years from it. `sisters`: symbols whose outcome, after the same event, is shown beside. `partial`: the claim copes with fields that begin
    late or end early, so only the outcome's price bounds the span.
    Claims decide at 23:00 New York, when all that is published in the evening is known, and before the next open.
    """

    symbols: tuple[str, ...] = ()
    clock: str = "XNYS"
    step: str = "1d"
    decide_at: str = "23:00"
    memory: int = 0
    needs: tuple[str, ...] = ()
    strategy: str = ""
    start: str = ""
    partial: bool = False
    sisters: tuple[str, ...] = ()


@dataclass(frozen=True)
class OwnDate:
    """What the document says of its own day: the reported definition is held to it.

    `on`: the event is on (True), is not (False), or the document does not say (None). `day`: YYYY-MM-DD, the document's date where it is empty; `symbols`: the
    columns it names, any where empty. `why`: one line for a definition that is, knowingly, off on the document's own day; it is shown.
    """

    on: bool | None = True
    day: str = ""
    symbols: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True)
class Claim:
    """The record of a claim. `problems`: what the decorator was given and does not know."""

    name: str
    title: str
    function: Function
    outcome: ClaimOutcome | None
    stated: dict[str, float] = field(default_factory=dict)
    direction: str = ""
    definitions: dict[str, tuple[object, ...]] = field(default_factory=dict)
    data: Data = Data()
    own: OwnDate = OwnDate()
    problems: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return self.name.replace("_", "-")

    @property
    def defaults(self) -> dict[str, object]:
        found = inspect.signature(self.function).parameters.values()
        return {p.name: p.default for p in found if p.default is not p.empty}

    @property
    def kind(self) -> str:
        return self.outcome.kind if self.outcome is not None else ""

    @property
    def symbol(self) -> str | None:
        """Whose price its outcome is of; None for each of the panel's own, and where it has no outcome."""
        return self.outcome.symbol if self.outcome is not None else None

    @property
    def horizons(self) -> tuple[int, ...]:
        """The labels ahead at which the outcome is measured; none for a forecast with dates of its own, for arithmetic and for facts."""
        return (self.outcome.horizon, *self.outcome.also) if self.outcome is not None and self.kind in STUDIED else ()

    def outcome_as(self, kind: type[OutcomeKind]) -> OutcomeKind:
        """Its outcome, where it is of the kind a study is made for; else ClaimError."""
        if isinstance(self.outcome, kind):
            return self.outcome
        raise ClaimError(f"claim {self.id}", f"its outcome is {type(self.outcome).__name__}, not {kind.__name__}", "give an outcome of flowbt's own")

    @property
    def sign(self) -> int:
        """+1 where the claim is that the outcome is higher, -1 lower, 0 that it is no different; from the stated figures where no direction is given."""
        if self.direction in SIGNS:
            return SIGNS[self.direction]
        if "effect" in self.stated:
            return 1 if self.stated["effect"] > 0 else -1
        if "mean" in self.stated:
            return 1 if self.stated["mean"] > self.stated.get("baseline", 0.0) else -1
        return 1

    def checked(self) -> Claim:
        """The claim itself, or ClaimError saying what cannot be right about it."""
        asked = f"claim {self.id}"
        if self.problems:
            raise ClaimError(asked, self.problems[0], "mend the call of @claim")
        if self.outcome is None:
            raise ClaimError(asked, "it has no outcome", "give @claim(..., outcome=forward_return(SYMBOL, 21)) or another of flowbt's outcomes")
        for horizon in self.horizons:
            if not isinstance(horizon, SupportsIndex) or horizon < 1:  # a claim file may say anything
                raise ClaimError(asked, f"horizon {horizon!r} of its outcome", "an outcome comes after its event: give a whole number of labels, 1 or more")
        if self.direction and self.direction not in SIGNS:
            raise ClaimError(asked, f"direction {self.direction!r}", "write up, down or flat")
        for name in self.stated:
            if name not in STATED:
                raise ClaimError(asked, f"stated figure {name!r}", nearest(name, STATED) or f"known figures are {', '.join(STATED)}")
        for name in self.definitions:
            if name not in self.defaults:
                has = f"it has {', '.join(self.defaults) or 'none'}"
                raise ClaimError(asked, f"definitions name {name!r}, no parameter of the function", nearest(name, self.defaults) or has)
        return self

    def variants(self) -> list[dict[str, object]]:
        """Every definition, the reported one (the defaults) first."""
        count = 1
        for values in self.definitions.values():
            count *= max(len(values), 1)
        if count > MOST_DEFINITIONS:
            raise ClaimError(f"claim {self.id}", f"{count:,} definitions", f"keep to {MOST_DEFINITIONS}: fewer values of each parameter")
        base = self.defaults
        grid = [dict(zip(self.definitions, values, strict=True)) for values in itertools.product(*self.definitions.values())]
        first = {name: base[name] for name in self.definitions}
        return [first, *(one for one in grid if one != first)]


def claim(
    title: str,
    *,
    outcome: object = None,
    stated: Mapping[str, float] | None = None,
    direction: str = "",
    definitions: Mapping[str, Iterable[object]] | None = None,
    data: Data | None = None,
    own: OwnDate | None = None,
    **unknown: object,
) -> Callable[[F], F]:
    """Declare a claim: a function of the panel that says when its event holds.

    `outcome`: what is measured afterwards. `stated`: the document's figures: mean, baseline, positive (share), beats (share), ratio, effect. `direction`:
    "up", "down" or "flat" (no edge) where no figure says it. `definitions`: parameter -> the values the document leaves open. `own`: what the document says
    of its own day (where not given: that the event is on).
    """

    def attach(function: F) -> F:
        problems = tuple(f"option {name!r}; {nearest(name, OPTIONS)}".rstrip("; ") for name in unknown)
        told = outcome if isinstance(outcome, ClaimOutcome) else None
        problems += () if told is outcome else (f"outcome {outcome!r}, which is none of flowbt's",)
        spans = {name: _values(values) for name, values in dict(definitions or {}).items()}
        record = Claim(function.__name__, title, function, told, dict(stated or {}), direction, spans, data or Data(), own or OwnDate(), problems)
        vars(function)["__claim__"] = record
        return function

    return attach


def _values(given: object) -> tuple[object, ...]:
    return tuple(itertools.islice(given, MOST_DEFINITIONS + 1)) if isinstance(given, Iterable) and not isinstance(given, str) else (given,)
