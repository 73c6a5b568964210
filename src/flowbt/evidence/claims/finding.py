"""What scoring a claim gives: one frozen record for the terminal, the JSON and the pages."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields

from flowbt.evidence.claims.declare import Claim, Document
from flowbt.ground.documents import plain
from flowbt.ground.types import Json


@dataclass(frozen=True)
class Finding:
    """All figures are fractions in the outcome's units; None where there is none. `effect` is measured less baseline (a log ratio where `ratio`).

    `figures`: the document's figures beside ours: name, stated, measured, low, high, inside. `own_date`: the event on the document's own day. `beyond`: the
    effect against matched controls. `shrunk`: the effect drawn to those of related claims. `cluster`: the first claim of those that are one effect (its own id
    where it stands alone). `detail`: what only this kind of claim has.
    """

    id: str
    title: str
    document: str
    dated: str
    file: str
    kind: str = ""
    outcome: str = ""
    horizon: int = 0
    units: str = ""
    sign: int = 1
    ratio: bool = False
    placebo: bool = False
    strategy: str = ""
    stated: dict[str, float] = field(default_factory=dict)
    definition: dict[str, object] = field(default_factory=dict)
    definitions: int = 0
    measured: float | None = None
    baseline: float | None = None
    outside: float | None = None
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    n_effective: int = 0
    p: float | None = None
    p_curve: float | None = None
    q: float | None = None
    holm: float | None = None
    share_agree: float | None = None
    share_significant: float | None = None
    smallest: float | None = None  # effect that its test would have seen with the power asked for, at the level the correction leaves
    figures: list[Json] = field(default_factory=list)
    own_date: Json | None = None
    beyond: Json | None = None
    shrunk: float | None = None
    cluster: str = ""
    partial: bool = False
    verdict: str = ""
    reason: str = ""
    sentence: str = ""
    span: list[str] = field(default_factory=list)
    rows: int = 0
    unit: str = "session"
    datasets: list[str] = field(default_factory=list)
    stand_ins: list[str] = field(default_factory=list)
    caveats: list[str] = field(default_factory=list)  # vintage, survivorship, back-calculation, lag, joined datasets
    missing: list[str] = field(default_factory=list)
    detail: Json = field(default_factory=dict)
    error: str = ""
    leak: bool = False  # the error is that it uses the future, or reaches past its panel

    @classmethod
    def of(cls, claim: Claim, document: Document, file: str, **measured: object) -> Finding:
        """The record of a claim with what was measured of it: fields of this class by name."""
        told: Json = {
            "id": claim.id,
            "title": claim.title,
            "document": document.name,
            "dated": document.dated,
            "file": file,
            "kind": claim.kind,
            "outcome": claim.outcome.label if claim.outcome is not None else "",
            "horizon": claim.outcome.horizon if claim.outcome is not None else 0,
            "units": claim.outcome.units if claim.outcome is not None else "",
            "sign": claim.sign,
            "placebo": document.name == "placebos",
            "strategy": claim.data.strategy,
            "stated": dict(claim.stated),
            "unit": "session" if claim.data.clock != "24/7" else "bar",
        }
        return cls(**(told | measured))

    @property
    def leads(self) -> bool:
        """Whether it stands alone or is the first of its cluster: the one that a summary counts."""
        return self.cluster in ("", self.id)

    def to_dict(self) -> dict[str, object]:
        return {k: plain(v) for k, v in asdict(self).items()}


FIELDS = frozenset(f.name for f in fields(Finding))
