"""What `run.json` and `summary.json` hold, part by part: types alone, which a listing does not import."""

from __future__ import annotations

from typing import TypedDict

from flowbt.ground.types import Json


class DatasetUse(TypedDict):
    """A dataset a run has read. `hash`: of its table; `rules`: of what its declaration makes of it; `lag` is its publication rule in words; `span` the first
    and last event date, ISO."""

    name: str
    hash: str
    rules: str
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
    rotations: int  # asked for; `evidence` has how many there were
    benchmark: str | None
    evidence: RunEvidence
    warnings: list[str]
    options: OptionTermsUsed  # of option structures
    look_ahead: str  # how its decision uses the future; absent or empty where the probe found nothing
    code: str  # the strategy file, as it was run
    key: dict[str, object]  # anything else the result depends on, such as the data of a benchmark


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
        "judged": dict[str, object],  # what results/belief.py asks of the manifest
        "spark": list[float],  # the value line, thinned
    },
)
"""`summary.json`: all that a listing reads of a run."""
