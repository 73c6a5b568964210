"""A document's own figures, recomputed."""

from __future__ import annotations

import math
from dataclasses import dataclass

from flowbt.evidence.claims.declare import Claim
from flowbt.evidence.claims.finding import Finding


@dataclass(frozen=True)
class Recomputed:
    """The outcome of an arithmetic check: its function returns a list of `Check`."""

    label: str = "recomputed figures"
    horizon: int = 0
    also: tuple[int, ...] = ()
    units: str = "as printed"
    symbol: str | None = None
    kind: str = "arithmetic"


def recomputed() -> Recomputed:
    """The document's figures against what follows from its own tables."""
    return Recomputed()


@dataclass(frozen=True)
class FigureCheck:
    """A printed figure, what follows from the document's other figures, and how far rounding may take them apart. Texts must be equal."""

    what: str
    printed: float | str
    follows: float | str
    tolerance: float = 0.0

    @property
    def holds(self) -> bool:
        if isinstance(self.printed, str) or isinstance(self.follows, str):
            return self.printed == self.follows
        return math.isfinite(self.follows) and abs(self.printed - self.follows) <= self.tolerance + 1e-12


def arithmetic(claim: Claim, finding: Finding, checks: list[FigureCheck]) -> None:
    """Fill `finding` with the checks, one figure each."""
    finding.n = finding.n_effective = len(checks)
    finding.detail["checks"] = [{"what": c.what, "printed": c.printed, "follows": c.follows, "tolerance": c.tolerance, "holds": c.holds} for c in checks]
    finding.detail["wrong"] = [c.what for c in checks if not c.holds]
