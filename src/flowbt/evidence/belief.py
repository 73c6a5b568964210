"""Should I believe this run? One answer, from facts that lie apart: leak, data, luck, holding, later data, costs, concentration.

1. `RunFacts` is what is known of a run when it is asked about: its own figures, the ledger as of now, the walk-forwards that fit it.
2. Each of `CHECKS` looks at the facts and says holds, doubt, fails or unknown, with one clause of words.
3. `believe` answers: no where a check fails, cannot tell where one is doubtful or unknown (the prices are invented, say), yes where all hold.

The same object is shown in the terminal, on pages, in lists, in JSON and in Python; nothing else judges a run. Cut-offs: `BeliefCutoffs`.
Missing figures are NaN or None and make a check unknown, never hold.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Literal, TypedDict, cast

from flowbt.evidence.cutoffs import BELIEF, BeliefCutoffs

State = Literal["holds", "doubt", "fails", "unknown"]
Answer = Literal["yes", "no", "cannot tell"]


@dataclass(frozen=True)
class WalkForwardFacts:
    """An out-of-sample result of the same code, data, symbols, span, costs and account, whose grid holds the run's parameters. Sharpe per year, NaN where
    it did not trade; `trades`: closed ones in all its test windows; `choices`: trials it could choose among (None: not known); `of`: how many walk-forwards
    fit the run, of which this is the middle one by Sharpe, the lower of two."""

    sharpe: float
    windows: int
    bars: int
    trades: int
    id: str = ""
    choices: int | None = None
    of: int = 1


@dataclass(frozen=True)
class Holding:
    """What holding the benchmark over the same bars gave: name, total return (fraction), Sharpe per year, maximum drawdown (fraction, negative)."""

    name: str
    total_return: float
    sharpe: float
    max_drawdown: float


@dataclass(frozen=True)
class RunFacts:
    """What is known of a run when it is asked about. Sharpe ratios per year after costs; shares and returns fractions; costs in bp of notional per fill;
    NaN or None: not known."""

    strategy: str = ""
    leak: str = ""
    probed: bool = True
    synthetic: bool = False
    stand_ins: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()
    trades: int = 0
    open_trades: int = 0
    sharpe: float = math.nan
    total_return: float = math.nan
    max_drawdown: float = math.nan
    rotations: int = 0
    rotation_p: float = math.nan
    rotation_sharpe: float = math.nan
    trials: int = 0
    deflated: float = math.nan
    holding: Holding | None = None
    average_exposure_p: float = math.nan
    walk_forward: WalkForwardFacts | None = None
    walk_forwards_unlike: tuple[str, ...] = ()
    cost_bp: float = math.nan
    break_even_bp: float = math.nan
    sharpe_double_costs: float = math.nan
    return_without_best: float = math.nan
    best_left_out: int = 0
    top_year: str = ""
    top_year_share: float = math.nan
    top_symbol: str = ""
    top_symbol_share: float = math.nan
    symbols: int = 1
    band: tuple[float, float] | None = None


@dataclass(frozen=True)
class Check:
    """One question, its state, the words for it, and what to do about it where it does not hold."""

    name: str
    state: State
    words: str
    do: str = ""


class CheckTold(TypedDict):
    """`Check` as plain values."""

    name: str
    state: str
    words: str
    do: str


class BeliefTold(TypedDict):
    """`Belief` as plain values, for pages and JSON; `tone` is its colour."""

    answer: Answer
    sentence: str
    do: str
    checks: list[CheckTold]
    tone: str


@dataclass(frozen=True)
class Belief:
    """The answer. `sentence`: yes, no or cannot tell, and why. `do`: the next thing to do. `checks`: in the order in which they count."""

    answer: Answer
    sentence: str
    do: str
    checks: tuple[Check, ...] = field(default=())

    @property
    def tone(self) -> str:
        """good, bad or doubt: the colour of every page and list. Good only where everything holds."""
        return {"yes": "good", "no": "bad", "cannot tell": "doubt"}[self.answer]

    def to_dict(self) -> BeliefTold:
        return cast(BeliefTold, {**asdict(self), "tone": self.tone})


def believe(facts: RunFacts, cutoffs: BeliefCutoffs = BELIEF) -> Belief:
    """Ask every check and answer. A leak is said before all else, then invented prices; then what fails, then what is doubtful or not known."""
    checks = tuple(check(facts, cutoffs) for check in CHECKS)
    by_name = {check.name: check for check in checks}
    answer: Answer
    if by_name["leak"].state == "fails":
        checks = tuple(_unsaid(check) for check in checks)
        decisive, answer = by_name["leak"], "no"
    elif facts.synthetic:
        decisive, answer = by_name["data"], "cannot tell"
    else:
        decisive, answer = _decisive(checks)
    sentence = f"{_LEAD[answer]}: {decisive.words if answer != 'yes' else _all_hold(facts)}."
    return Belief(answer, sentence, decisive.do if answer != "yes" else "follow it forward before trading it", checks)


def _unsaid(check: Check) -> Check:
    """What holds of a run that uses the future holds of nothing."""
    return check if check.state != "holds" else replace(check, state="unknown", words="its figures rest on the future, so this says nothing")


NEVER = "look at how often each condition of its rules holds"
_LEAD: dict[str, str] = {"yes": "Yes, as far as these data go", "no": "No", "cannot tell": "Cannot tell"}


def _decisive(checks: tuple[Check, ...]) -> tuple[Check, Answer]:
    """The check that decides: the first that fails, else the first that is unknown or doubtful; the last of all where everything holds."""
    failing = [check for check in checks if check.state == "fails"]
    if failing:
        return failing[0], "no"
    open_ones = [check for check in checks if check.state != "holds"]
    return (open_ones[0], "cannot tell") if open_ones else (checks[-1], "yes")


def _all_hold(facts: RunFacts) -> str:
    out = facts.walk_forward.sharpe if facts.walk_forward else math.nan
    return f"{facts.trades} trades, better than {facts.rotations} rotations of itself and than holding, Sharpe {_n(out)} out of sample, at twice the costs too"


def _leak(f: RunFacts, c: BeliefCutoffs) -> Check:
    if f.leak:
        return Check("leak", "fails", f"it uses the future ({f.leak})", "mend the look-ahead (flowbt check names where it is)")
    if not f.probed:
        return Check("leak", "unknown", "it was not probed for look-ahead", "run it again: every run is probed")
    return Check("leak", "holds", "the probe found no look-ahead")


def _data(f: RunFacts, c: BeliefCutoffs) -> Check:
    if f.synthetic:
        return Check(
            "data", "doubt", "the prices are invented (SYNTHETIC), they say nothing about a market", "import real data (flowbt data add, or flowbt data setup)"
        )
    if f.stand_ins:
        return Check("data", "doubt", f"what was tested is a stand-in: {'; '.join(f.stand_ins)}", "import the field itself, or read it as a test of that")
    if f.caveats:
        return Check("data", "doubt", f"the data were not all known then: {'; '.join(f.caveats)}", "use data as first published, or a later span")
    return Check("data", "holds", "real data, as they were known, no stand-in")


def _luck(f: RunFacts, c: BeliefCutoffs) -> Check:
    rerun = "a longer span or more symbols, or leave it"
    if f.trades < c.trades:
        return Check("luck", "unknown", f"{_count(f.trades, 'closed trade')}, fewer than {c.trades}: nothing can be said", rerun if f.trades else NEVER)
    if not math.isfinite(f.rotation_p) or not math.isfinite(f.deflated):
        return Check("luck", "unknown", "it was not compared with rotations of its own decisions", "run it again")
    rotated = f"{_share(f.rotation_p)} of {f.rotations} rotations of its own decisions do as well"
    held = f"p {f.average_exposure_p:.2f} against holding its average exposure"
    chance = f.rotation_p if math.isnan(f.average_exposure_p) else max(f.rotation_p, f.average_exposure_p)
    why = rotated if chance == f.rotation_p else held
    searched = f"deflated Sharpe {f.deflated:.2f} after {_count(f.trials, 'trial')}"
    if chance > c.timing[1]:
        return Check("luck", "fails", f"its timing is no better than chance: {why}", rerun)
    if f.deflated < c.deflated[1]:
        return Check("luck", "fails", f"the best of so many tries would do as well: {searched}", "test it on data that were not searched")
    if chance > c.timing[0] or f.deflated < c.deflated[0]:
        return Check("luck", "doubt", f"it may be luck: {why}, {searched}", rerun)
    return Check("luck", "holds", f"{rotated}, {searched}")


def _against_holding(f: RunFacts, c: BeliefCutoffs) -> Check:
    h = f.holding
    if h is None:
        return Check("holding", "unknown", "it was not compared with holding anything", "name a BENCHMARK in its file that is imported")
    figures = f"Sharpe {_n(f.sharpe)} and {_p(f.total_return)} against {_n(h.sharpe)} and {_p(h.total_return)} for holding {h.name}"
    if math.isnan(f.total_return) or f.trades + f.open_trades == 0:
        return Check("holding", "unknown", f"it never traded, so holding {h.name} cannot be compared with it", NEVER)
    if not f.total_return > 0:
        return Check("holding", "fails", f"it lost money: {figures}", "leave it")
    if math.isnan(f.sharpe) or math.isnan(h.sharpe):
        return Check("holding", "unknown", f"it cannot be compared with holding {h.name}: {figures}", "name another BENCHMARK in its file")
    if f.sharpe < h.sharpe and f.total_return < h.total_return:
        return Check("holding", "fails", f"holding {h.name} did better: {figures}", f"hold {h.name}, or trade it only for what holding does not give")
    if f.sharpe < h.sharpe:
        return Check("holding", "doubt", f"it paid less for its risk than holding did: {figures}", f"compare at the same volatility with holding {h.name}")
    return Check("holding", "holds", figures)


def _out_of_sample(f: RunFacts, c: BeliefCutoffs) -> Check:
    do = "flowbt walkforward on the same file, symbols, span and costs"
    if f.walk_forward is None:
        other = f" (the stored ones differ in {', '.join(f.walk_forwards_unlike)})" if f.walk_forwards_unlike else ""
        return Check("out of sample", "unknown", f"all of it is in sample: no walk-forward fits this run{other}", do)
    w = f.walk_forward
    words = f"Sharpe {_n(w.sharpe)} over {_count(w.windows, 'window')} out of sample, {_n(f.sharpe)} in sample"
    words += f" (the middle one of {w.of} walk-forwards)" if w.of > 1 else ""
    if math.isnan(w.sharpe):
        idle = f"it did not trade in the {_count(w.windows, 'window')} of its walk-forward"
        return Check("out of sample", "unknown", idle, "a longer span, or shorter windows")
    if not w.sharpe > 0:
        return Check("out of sample", "fails", f"nothing is left out of sample: {words}", "leave it, or find why the chosen parameters do not last")
    if w.sharpe < c.kept * f.sharpe:
        return Check("out of sample", "doubt", f"much is lost out of sample: {words}", "fewer parameters, or a longer training span")
    if w.trades < c.trades:
        return Check("out of sample", "doubt", f"there is too little out of sample: {_count(w.trades, 'closed trade')}, fewer than {c.trades}", "a longer span")
    if f.trials > 1 and w.choices is not None and w.choices < min(max(c.choices[0] * f.trials, 2), c.choices[1]):
        told = f"its walk-forward chose among {w.choices:,} of the {f.trials:,} trials ever run: the others were given up on the bars it is tested on"
        return Check("out of sample", "doubt", told, "walk forward over all values that were tried (-p, or GRID)")
    return Check("out of sample", "holds", words)


def _costs(f: RunFacts, c: BeliefCutoffs) -> Check:
    if not math.isfinite(f.break_even_bp) or not math.isfinite(f.sharpe_double_costs):
        return Check("costs", "unknown", "what it can pay in costs was not measured", "run it again")
    words = f"it breaks even at {f.break_even_bp:.1f} bp a fill ({f.cost_bp:.1f} assumed), Sharpe {_n(f.sharpe_double_costs)} at twice the costs"
    if f.sharpe_double_costs <= 0:
        return Check("costs", "fails", f"costs eat it: {words}", "trade less often, or show fills that are better than assumed")
    if f.band is not None and f.band[0] <= 0 < f.band[1]:
        return Check(
            "costs", "doubt", f"its sign depends on how its options are priced (Sharpe {_n(f.band[0])} to {_n(f.band[1])})", "price it from quoted chains"
        )
    if not f.cost_bp >= c.least_cost:
        assumed = f"{f.cost_bp:.2g} bp a fill" if f.cost_bp > 0 else "no costs"
        free = f"{assumed} were assumed: it breaks even at {f.break_even_bp:.1f} bp a fill"
        return Check("costs", "doubt", free, "run it with the costs of real fills (--costs)")
    if f.sharpe_double_costs < c.kept * f.sharpe or f.break_even_bp < c.margin * f.cost_bp:
        return Check("costs", "doubt", f"it leans on the costs that are assumed: {words}", "check the costs against real fills")
    return Check("costs", "holds", words)


def _concentration(f: RunFacts, c: BeliefCutoffs) -> Check:
    if not math.isfinite(f.return_without_best):
        return Check("concentration", "unknown", "where the profit comes from was not measured", "run it again")
    best = f"without its best {_count(f.best_left_out, 'trade')} {_p(f.return_without_best)} is left"
    if f.return_without_best <= 0:
        return Check("concentration", "fails", f"a handful of trades is the whole result: {best}", "more events, or leave it")
    if f.symbols > 1 and f.top_symbol_share > 1:
        return Check("concentration", "doubt", f"{f.top_symbol} alone made more than all: the others lost", "run it without that symbol")
    if f.top_year_share > c.year:
        return Check("concentration", "doubt", f"{_share(f.top_year_share)} of the profit was made in {f.top_year}", f"run it without {f.top_year}")
    return Check("concentration", "holds", best)


CHECKS: tuple[Callable[[RunFacts, BeliefCutoffs], Check], ...] = (_leak, _data, _luck, _against_holding, _out_of_sample, _costs, _concentration)


def _n(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else "not known"


def _p(value: float) -> str:
    return f"{value:+.1%}" if math.isfinite(value) else "not known"


def _share(value: float) -> str:
    return f"{value:.1%}" if value < 0.1 else f"{value:.0%}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
