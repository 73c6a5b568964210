"""Does a claim look ahead? Its reported definition is probed as a strategy's decision is, its other definitions at a few cuts each.

Stages of a sequence may be moved back by how late they are published, so those not known yet at the cut are not compared.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from flowbt.data.panel.reader import PanelReader
from flowbt.data.panel.views import Quiet, Recalled, fenced
from flowbt.evidence.claims.declare import Claim
from flowbt.evidence.claims.study import Array
from flowbt.ground.errors import LookAheadError
from flowbt.ground.guard import deciding
from flowbt.ground.protocols import Panel
from flowbt.ground.types import Function
from flowbt.studies.lookahead.probe import Leak, Probe
from flowbt.studies.score.files import load

OTHERS, FEW = 8, 3  # definitions probed beside the reported one (more where its values are more), and cuts of each
Values = Callable[[object, object], Array]


def ask(claim: Claim, panel: Panel | None, definition: dict[str, object], function: Function | None = None, tables: str = "") -> Any:
    """What a claim's function gives on a panel, behind the fence: the protocol, and no file, socket or frame while it decides.

    `tables`: name of the folder of its document's own tables, which arithmetic (it has no panel) may read.
    """
    with deciding(claim.function.__code__.co_filename, tables):
        return (function or claim.function)(fenced(panel), **definition)


def refuse_peeking(claim: Claim, panel: PanelReader, results: list[tuple[dict[str, object], object]], values: Values, features: Recalled) -> None:
    """LookAheadError where a definition, decided when what comes later is unknown or another, says something else up to there.

    `results`: definitions with what they gave on the whole panel, the reported one first. `values(given, panel)`: that as labels x columns. `features`: what
    flowbt's own features gave there.
    """
    function, read = anew(claim), Quiet(panel.unlogged(), features)
    for n, at in enumerate([0, *others_of([definition for definition, _ in results])]):
        definition, given = results[at]

        def decide(view: Any, definition: dict[str, object] = definition) -> Any:
            return {"event": values(ask(claim, view, definition, function), view)}

        probe = Probe(decide, read, {"event": values(given, panel)}, late=claim.kind == "sequence", memory=True)
        leak = probe.first_leak() if n == 0 else probe.first_leak(FEW)
        if leak is not None:
            raise LookAheadError(
                f"claim {claim.id} uses the future", _found(leak, definition if n else {}), "use only trailing windows and what the panel gives"
            )


def others_of(definitions: list[dict[str, object]]) -> list[int]:
    """Which definitions are probed beside the first: spread over them, and as many as it takes for each value of each parameter to be among them."""
    last = len(definitions) - 1
    chosen = [1 + int(at) for at in np.unique(np.linspace(0, last - 1, min(OTHERS, last)).astype(int))] if last > 0 else []
    seen = {item for at in (0, *chosen) for item in _values(definitions[at])}
    for at, definition in enumerate(definitions):
        if not _values(definition) <= seen:
            chosen.append(at)
            seen |= _values(definition)
    return chosen


def _values(definition: dict[str, object]) -> set[tuple[str, str]]:
    return {(name, repr(value)) for name, value in definition.items()}


def anew(claim: Claim) -> Function:
    """The claim's function from its file loaded anew; the one at hand where it is in no file."""
    path = Path(claim.function.__code__.co_filename)
    found = {one.name: one.function for one in load(path).claims} if path.is_file() else {}
    return found.get(claim.name, claim.function)


def _found(leak: Leak, definition: dict[str, object]) -> str:
    words = ", ".join(f"{name}={value}" for name, value in definition.items())
    return str(leak).replace("[event]", "event") + (f" ({words})" if words else "")
