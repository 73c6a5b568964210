"""What one run leaves behind: its manifest, its series, its trades, its measures. Nothing heavy is imported here."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypedDict

from flowbt.ground.documents import parse_json
from flowbt.ground.types import Json, JsonView

if TYPE_CHECKING:
    import pandas as pd

    from flowbt.evidence.measures import Measures


class DatasetUse(TypedDict):
    """A dataset a run has read. `lag` is its publication rule in words; `span` the first and last event date, ISO."""

    name: str
    hash: str
    span: list[str]
    fields: list[str]
    vintage: str
    synthetic: bool
    survivorship: str
    lag: str


class CostTerms(TypedDict):
    """`engine.types.Costs` as it is stored: fees and slippage as fractions of notional per fill, borrow per year."""

    fees: float
    slippage: float
    borrow: float
    funding: bool


class AccountTerms(TypedDict):
    """`engine.types.Account` as it is stored: starting cash, and margin and gross notional as multiples."""

    cash: float
    margin: float
    max_gross: float


class HoldingResult(TypedDict):
    """What holding the benchmark over the same bars gave: return and drawdown as fractions, Sharpe per year."""

    name: str
    total_return: float
    sharpe: float
    max_drawdown: float


class BandEnd(TypedDict):
    """A result: `shift` of the volatility in errors of the model, Sharpe ratio a year, total return (fraction)."""

    shift: float
    sharpe: float
    total_return: float


class OptionTermsUsed(TypedDict):
    """`model`: its words ("" where volatilities were given at the money). `band`: the run with the volatility one error lower, as it is, one higher;
    empty without a model. `greeks`: cash by part over the whole run, empty in an account of coin. `priced_by`: structures opened at the "surface" of the
    day, by the declared "model", or legs of "both"; `surfaces`: bars with a stored surface, per symbol; `carry`: interest and dividends of the
    other bars, in words per symbol (empty where the structure states them)."""

    model: str
    band: list[BandEnd]
    greeks: dict[str, float]
    priced_by: dict[str, int]
    surfaces: dict[str, int]
    carry: dict[str, str]


class RunEvidence(TypedDict, total=False):
    """What a run brings to `results/belief.py`. None or absent: not measured. Sharpe ratios per year."""

    probed: bool  # for look-ahead
    caveats: list[str]  # data that were not known then as they are shown
    rotations: int  # of its own decisions, and the chance that one does as well
    rotation_p: float | None
    rotation_sharpe: float | None
    held_p: float | None  # one-sided p of its skill over holding its average exposure
    holding: HoldingResult | None
    robustness: dict[str, float | int | str | None]  # evidence.robustness.Robustness
    band: list[float] | None  # Sharpe at the two ends of what its option prices may be


StudyHead = TypedDict(
    "StudyHead",
    {
        "strategy": str,
        "thesis": str,
        "source": str,  # the document the thesis is from
        "file": str,
        "code_hash": str,
        "shape": str,  # of the file, whatever its names and numbers: which files are one search
        "symbols": list[str],
        "clock": str,
        "step": str,
        "from": str,
        "to": str,
        "decide_at": str,
        "synthetic": bool,
        "datasets": list[DatasetUse],
        "stand_ins": list[dict[str, str]],  # asked, used
        "costs": CostTerms,
        "account": AccountTerms,
        "versions": dict[str, str],
        "commit": str,
        "command": str,
        "created": str,
    },
)
"""What a run, a sweep and a walk-forward say of themselves alike: the file, its bars, its data, its terms."""


class Manifest(StudyHead, total=False):
    """`run.json`, but for the measures."""

    id: str
    decision: str  # what it decides on its bars, as 16 hex digits: which trials are one
    parameters: dict[str, object]
    rules: list[str]
    assumptions: list[str]
    seed: int | None
    benchmark: str | None
    evidence: RunEvidence
    warnings: list[str]
    options: OptionTermsUsed  # of option structures
    look_ahead: str  # how its decision uses the future; absent or empty where the probe found nothing
    code: str  # the strategy file, as it was run
    key: dict[str, object]  # anything else the result depends on, such as the account's bar order


Summary = TypedDict(
    "Summary",
    {
        "id": str,
        "strategy": str,
        "thesis": str,
        "parameters": dict[str, object],
        "symbols": list[str],
        "from": str,
        "to": str,
        "clock": str,
        "step": str,
        "synthetic": bool,
        "created": str,
        "benchmark": str | None,
        "look_ahead": str | None,
        "stand_ins": int,
        "measures": Json,  # some of them, by name
        "judged": Json,  # what results/belief.py asks of the manifest
        "spark": list[float],  # the value line, thinned
    },
)
"""`summary.json`: all that a listing reads of a run."""

KEYED = ("strategy", "code_hash", "parameters", "symbols", "clock", "step", "from", "to", "decide_at", "costs", "account", "seed", "benchmark", "key")
"""The parts of a manifest that decide the result; with the data hashes and flowbt's version they make the run id."""


def content_key(manifest: JsonView) -> str:
    """Twelve hex digits that name the result: the same code, parameters, data and rules give the same key."""
    parts = {name: manifest.get(name) for name in KEYED}
    parts["data"] = sorted([dataset["hash"], dataset.get("lag", "")] for dataset in manifest.get("datasets", []))  # an edited publication rule is other data
    parts["flowbt"] = manifest.get("versions", {}).get("flowbt")
    return hashlib.sha256(dumps(parts, sort_keys=True).encode()).hexdigest()[:12]


@dataclass(frozen=True)
class RunRecord:
    """A run as it is stored. Frames as in docs/design.md, Results."""

    manifest: Manifest
    returns: pd.DataFrame
    orders: pd.DataFrame
    trades: pd.DataFrame
    prices: pd.DataFrame
    measures: Measures
    chart: pd.DataFrame | None = None  # columns "open:SPY", "high:SPY", "low:SPY", "<feature>:SPY"; None in runs of before

    @cached_property
    def metrics(self) -> dict[str, object]:
        """Measure name -> value (None where it has no meaning; drawdown dates are ISO strings)."""
        return self.measures.to_dict()


def finite(value: Any) -> float | None:
    """A float, or None for what is missing or not finite (JSON has no NaN)."""
    if value is None:
        return None
    number = float(value)
    return number if math.isfinite(number) else None


_SIMPLE = (str, int, bool, type(None))


def plain(value: Any) -> Any:
    """`value` with NaN, numpy scalars, dates, tuples and mappings as JSON can carry them."""
    kind = type(value)  # most of a document is of these; to ask what is a mapping takes ten times as long
    if kind in _SIMPLE:
        return value
    if kind is float:
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in (sorted(value, key=str) if isinstance(value, (set, frozenset)) else value)]
    if isinstance(value, (str, int)):
        return value
    if isinstance(value, float):
        return finite(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return plain(value.item()) if hasattr(value, "item") else str(value)


_SEAL = re.compile(rb',\s*"seal": "([0-9a-f]{16})"\s*\}\s*\Z')


def sealed(document: JsonView, *, indent: int | None = None) -> str:
    """A document as JSON with the hash of its own text at its end, so that a changed one is known."""
    head = dumps(document, indent=indent).removesuffix("}").rstrip()
    before, after = ("", "") if indent is None else ("\n" + " " * indent, "\n")
    return f'{head},{before}"seal": "{_hash(head.encode())}"{after}}}'


def unsealed(text: bytes) -> Any:
    """The document of a sealed text, or of one stored before there were seals. ValueError where it is no JSON, or not what was stored."""
    seal = _SEAL.search(text)
    if seal and _hash(text[: seal.start()]) != seal[1].decode():
        raise ValueError("it is not what was stored")
    document = parse_json(text)
    if seal:
        del document["seal"]
    return document


def _hash(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()[:16]


def dumps(value: Any, *, indent: int | None = None, sort_keys: bool = False) -> str:
    separators = (",", ":") if indent is None else None
    return json.dumps(plain(value), indent=indent, sort_keys=sort_keys, ensure_ascii=False, allow_nan=False, separators=separators)
