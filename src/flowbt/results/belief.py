"""What a stored run may be believed, worked out when it is read: its own figures, the trials of its strategy as of now, the walk-forwards beside it.

Nothing here judges: facts are gathered for `evidence.belief.believe`. A walk-forward counts for a run only where code, data, symbols, span, clock, costs and
account are the same and its grid holds the run's parameters.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, cast

from flowbt.evidence.belief import Belief, Holding, RunFacts, WalkForwardFacts, believe
from flowbt.evidence.sharpe import deflated_sharpe
from flowbt.ground.clock import Clock
from flowbt.ground.documents import dumps, sealed, unsealed
from flowbt.ground.files import read_bytes, write_text
from flowbt.ground.types import Json, JsonView
from flowbt.results import ledger
from flowbt.results.shelf import BELIEFS, PREFIX, SUFFIX, SUMMARY, pass_over, slug, storing
from flowbt.results.studied import WalkForwardDocument

SAME = {
    "code_hash": "code",
    "symbols": "symbols",
    "from": "span",
    "to": "span",
    "clock": "clock",
    "step": "clock",
    "decide_at": "decision time",
    "costs": "costs",
    "account": "account",
    "synthetic": "data",
}  # what must be the same in a run and a walk-forward, and what it is called
Trials = Callable[[Mapping[str, object]], tuple[int, float]]  # of a manifest: distinct trials so far, and the variance of their Sharpe ratios per bar


def belief_of(manifest: Mapping[str, object], measures: Mapping[str, object], trials: Trials, walks: Sequence[Mapping[str, object]]) -> Belief:
    """The belief of one run. `measures` by name (None: no meaning); `walks`: the documents of `walk_forwards`."""
    return believe(facts_of(manifest, measures, trials(manifest), walks))


def facts_of(manifest: JsonView, measures: JsonView, trials: tuple[int, float], walks: Sequence[Mapping[str, object]]) -> RunFacts:
    """Everything that is known of a run now. Figures a stored run does not have are NaN."""
    kept: JsonView = manifest.get("evidence") or {}
    lean = kept.get("robustness") or {}
    fitting = [walk for walk in walks if not unlike(walk, manifest)]
    return RunFacts(
        strategy=str(manifest.get("strategy", "")),
        leak=str(manifest.get("look_ahead") or ""),
        probed=bool(kept.get("probed", False)),
        synthetic=bool(manifest.get("synthetic")),
        stand_ins=tuple(f"{one['used']} for {one['asked']}" for one in manifest.get("stand_ins", [])),
        caveats=tuple(kept.get("caveats", ())),
        trades=int(measures.get("trades") or 0),
        open_trades=int(measures.get("open_trades") or 0),
        sharpe=_number(measures.get("sharpe")),
        total_return=_number(measures.get("total_return")),
        max_drawdown=_number(measures.get("max_drawdown")),
        rotations=int(kept.get("rotations") or 0),
        rotation_p=_number(kept.get("rotation_p")),
        rotation_sharpe=_number(kept.get("rotation_sharpe")),
        average_exposure_p=_number(kept.get("held_p")),
        trials=trials[0],
        deflated=_deflated(manifest, measures, trials),
        holding=_holding(kept.get("holding")),
        walk_forward=_middle([_walk_forward(walk) for walk in fitting]),
        walk_forwards_unlike=() if fitting or not walks else unlike(walks[0], manifest),
        cost_bp=_number(lean.get("cost_bp")),
        break_even_bp=_number(lean.get("break_even_bp")),
        sharpe_double_costs=_number(lean.get("sharpe_double_costs")),
        return_without_best=_number(lean.get("return_without_best")),
        best_left_out=int(lean.get("best_left_out") or 0),
        top_year=str(lean.get("top_year") or ""),
        top_year_share=_number(lean.get("top_year_share")),
        top_symbol=str(lean.get("top_symbol") or ""),
        top_symbol_share=_number(lean.get("top_symbol_share")),
        symbols=len(manifest.get("symbols", [])) or 1,
        band=tuple(kept["band"]) if kept.get("band") else None,
    )


def walk_forwards(strategy_folder: Path) -> list[WalkForwardDocument]:
    """The stored walk-forwards of a strategy, newest first; a broken one is passed over."""
    found = []
    for path in strategy_folder.glob("walkforward-*/walkforward.json"):
        try:
            document: WalkForwardDocument = unsealed(read_bytes(path))
            found.append(cast(WalkForwardDocument, {**document, "modes": {**document["modes"]}}))  # modes that are no table: broken
        except (OSError, ValueError, KeyError, TypeError) as problem:
            pass_over(path, problem)
    return sorted(found, key=lambda document: str(document.get("created", "")), reverse=True)


def unlike(walk: JsonView, manifest: JsonView) -> tuple[str, ...]:
    """In what a walk-forward differs from a run; empty where it says something about it."""
    differing = [word for name, word in SAME.items() if walk.get(name) != manifest.get(name)]
    if _data(walk) != _data(manifest):
        differing.append("data")
    swept, fixed = walk.get("parameters", {}), walk.get("fixed", {})
    if not all(value in swept[name] if name in swept else name in fixed and fixed[name] == value for name, value in manifest.get("parameters", {}).items()):
        differing.append("parameters")
    return tuple(dict.fromkeys(differing))


def _data(document: JsonView) -> list[str]:
    return sorted(use["hash"] for use in document.get("datasets", []))


def _holding(kept: Json | None) -> Holding | None:
    """A price that never moved has no Sharpe ratio: NaN, as every figure that is not there."""
    if not kept:
        return None
    known: Json = {name: math.nan if value is None else value for name, value in kept.items()}
    return Holding(**known)


def _walk_forward(document: JsonView) -> WalkForwardFacts:
    """Rolling windows where there are any."""
    mode = document["modes"].get("rolling") or next(iter(document["modes"].values()))
    found = mode["measures"]
    bars, trades = (int(found.get(name) or 0) for name in ("bars", "trades"))
    choices = int(document["trials"]) if document.get("trials") is not None else None
    return WalkForwardFacts(_number(found.get("sharpe")), int(mode["windows"]), bars, trades, str(document.get("id", "")), choices)


def _middle(found: Sequence[WalkForwardFacts]) -> WalkForwardFacts | None:
    """Of walk-forwards that all fit a run the middle one by Sharpe, the lower of two: windows chosen by what they gave are no longer out of sample."""
    ordered = sorted(found, key=lambda one: one.sharpe if math.isfinite(one.sharpe) else -math.inf)
    return replace(ordered[(len(ordered) - 1) // 2], of=len(ordered)) if ordered else None


def _deflated(manifest: Mapping[str, object], measures: JsonView, trials: tuple[int, float]) -> float:
    """The deflated Sharpe ratio by the trials as of now; NaN where the run has no Sharpe ratio."""
    sharpe, skew, kurtosis = (_number(measures.get(name)) for name in ("sharpe", "skew", "kurtosis"))
    if not math.isfinite(sharpe):
        return math.nan
    count, variance = trials
    year = Clock(str(manifest.get("clock", "XNYS")), str(manifest.get("step", "1d"))).periods_per_year
    spread = variance if count > 1 and math.isfinite(variance) else 0.0
    return deflated_sharpe(sharpe / math.sqrt(year), int(measures.get("bars") or 0), trials=max(count, 1), variance=spread, skew=skew, kurtosis=kurtosis)


def belief_now(root: Path, manifest: Mapping[str, object], measures: Mapping[str, object]) -> Belief:
    """The belief of a run, by the ledger beside `root` and the walk-forwards under it as they are now."""
    return belief_of(manifest, measures, trials_under(root), walk_forwards(Path(root) / slug(str(manifest["strategy"]))))


def trials_under(root: Path) -> Callable[[Mapping[str, object]], ledger.TrialCount]:
    """Trials by the ledger of the results under `root`, each strategy's read once, with those that stored results tell of and the ledger has no more."""
    ledgers: dict[bool, ledger.Ledger] = {}
    counted: dict[tuple[str, bool], ledger.TrialCount] = {}

    def trials(manifest: Mapping[str, object]) -> ledger.TrialCount:
        strategy, synthetic = str(manifest["strategy"]), bool(manifest.get("synthetic"))
        if synthetic not in ledgers:
            ledgers[synthetic] = ledger.Ledger(ledger.trials_folder(root, manifest))
        if (strategy, synthetic) not in counted:
            counted[strategy, synthetic] = _with_stored(ledgers[synthetic], strategy, _stored_searches(Path(root) / slug(strategy), synthetic))
        return counted[strategy, synthetic]

    return trials


class StoredSearch(NamedTuple):
    """What a stored sweep, walk-forward or run says of trials: the name its own are under in the ledger, how many they are, how many there were in all when
    it was made, and their variance (NaN: not known). `key`: of a run, its one trial."""

    name: str
    own: int
    told: int
    variance: float = math.nan
    key: int | None = None


def _with_stored(trials: ledger.Ledger, strategy: str, stored: Sequence[StoredSearch]) -> ledger.TrialCount:
    """Too many may be told, never too few: where the trials of a search are gone from the ledger, all that there were then count beside what it has."""
    count, gone = trials.count(strategy), [one for one in stored if not trials.holds(strategy, one.name, one.key)]
    searches, runs = [one for one in gone if one.key is None], {one.key for one in gone if one.key is not None}
    lost = max([sum(one.own for one in searches), *(one.told for one in searches)]) + len(runs)
    total = max([count.trials + lost, *(one.told for one in stored)])
    variances = [count.variance, *(ledger.variance_held(one.variance, one.told, total) for one in stored)]
    known = [one for one in variances if math.isfinite(one)]
    return ledger.TrialCount(total, max(known) if known else math.nan)


def _stored_searches(strategy_folder: Path, synthetic: bool) -> list[StoredSearch]:
    """Those of one kind of market; a broken one is passed over: the listing names it."""
    found = []
    for pattern, read in (("sweep-*/luck.json", _of_sweep), ("walkforward-*/walkforward.json", _of_walk_forward), (f"*/{SUMMARY}", _of_run)):
        for path in sorted(strategy_folder.glob(pattern)):
            try:
                one = read(path, path.parent.name.partition(".")[0], synthetic)  # without the ending of a workspace
            except (OSError, ValueError, KeyError, TypeError):
                continue
            found += [one] if one else []
    return found


def _of_sweep(path: Path, name: str, synthetic: bool) -> StoredSearch | None:
    luck, sweep = unsealed(read_bytes(path)), unsealed(read_bytes(path.with_name("sweep.json")))
    if bool(sweep["synthetic"]) != synthetic:
        return None
    return StoredSearch(name, int(sweep.get("trials") or 0), int(luck["ledger"]["trials"]), _number(luck.get("sharpe_variance")))


def _of_walk_forward(path: Path, name: str, synthetic: bool) -> StoredSearch | None:
    walk = unsealed(read_bytes(path))
    trials = int(walk.get("trials") or 0)
    return StoredSearch(name, trials, trials) if bool(walk["synthetic"]) == synthetic else None


def _of_run(path: Path, name: str, synthetic: bool) -> StoredSearch | None:
    """None for one that uses the future, which is no trial, and for one of before its decision was kept."""
    judged = unsealed(read_bytes(path))["judged"]
    if bool(judged.get("synthetic")) != synthetic or judged.get("look_ahead") or not judged.get("decision"):
        return None
    return StoredSearch(name, 1, 1, key=ledger.key_of_run(judged))


def renew(root: Path, strategy: str) -> None:
    """Write what every stored run of a strategy may be believed now beside them (`beliefs.js`): tearsheets and lists show that, not what was said when
    they were stored. Called by every act that adds a trial, a run or a walk-forward. Raises StoreError."""
    folder = Path(root) / slug(strategy)
    trials, walks = trials_under(root), walk_forwards(folder)
    found = {}
    for path in sorted(folder.glob(f"*/{SUMMARY}")):
        try:
            summary = unsealed(read_bytes(path))
            found[path.parent.name] = belief_of(summary["judged"], summary["measures"], trials, walks).to_dict()
        except (OSError, ValueError, KeyError, TypeError):  # a damaged run is named by the listing; it is not judged
            continue
    with storing(folder, "write what is believed in"):
        write_text(folder / BELIEFS, f"{PREFIX}{sealed(found) if found else dumps(found)}{SUFFIX}\n")


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)
