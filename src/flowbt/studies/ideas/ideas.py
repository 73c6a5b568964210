"""The option structures a report proposes, priced as of their dates and followed to their expiry or the end of the data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from flowbt.data.catalog import Catalog
from flowbt.engine.options.outcomes import Idea, outcomes
from flowbt.engine.options.structures import Skew
from flowbt.ground.errors import FieldError
from flowbt.options.model import COIN, EQUITY
from flowbt.studies.ideas.file import IdeaFacts, Rolling, read_ideas
from flowbt.studies.ideas.series import REALISED_SOURCE, Life, closes, volatilities
from flowbt.studies.run.surfaces import option_days

NAN = float("nan")
SETTLED, OPEN, NO_DATA = "settled", "open", "no data"
ASSUMPTIONS = (
    "opened at the close of its date, across half of the spread that quotes of that term and moneyness have (at least half a cent a leg), and held to expiry",
    "where chains are stored, the surface of each day prices the options with its interest and dividends; on other days:",
    f"an index of volatility is scaled to expiry and strike by the declared models: {EQUITY}; {COIN}; a realised volatility is taken as at the money",
    "interest of the 3-month Treasury yield and dividends of the year before over the close, as known on the day (0 where not imported)",
    "shares and funds are American, indices and coins European; settled at their venue's instant",
    "chances as of the day: under the model's own distribution, and under the underlying's moves over as many bars in the 1,260 before",
)


@dataclass(frozen=True)
class IdeaOutcome:
    """One idea. Money is per structure x `quantity` (one option on one share); what is not known is NaN or None.

    `status`: "settled", "open" (the data end before the expiry: marked by model on `last`) or "no data". `rate` and `dividend` (fractions a year) priced it.
    `cost` of entry, spread included (negative: received); `at_risk` the most that can be lost at expiry (NaN: no bound); `of_risk` = `profit` / `at_risk`;
    `best` the highest profit at a close on the way, seen only afterwards; `surface`, `history` the chance of a profit as of the day under the model's
    distribution and under the underlying's own moves, `surface_mean`, `history_mean` the expected profit. `found` and `remedy`: what is missing, and what to
    do about it.
    """

    id: str
    title: str
    conviction: int | None
    opened: pd.Timestamp
    expiry: pd.Timestamp
    status: str
    spot: float = NAN
    volatility: float = NAN
    rate: float = NAN
    dividend: float = NAN
    cost: float = NAN
    at_risk: float = NAN
    last: pd.Timestamp | None = None
    last_spot: float = NAN
    value: float = NAN
    profit: float = NAN
    of_risk: float = NAN
    best: float = NAN
    surface: float = NAN
    surface_mean: float = NAN
    history: float = NAN
    history_mean: float = NAN
    prices: str = ""  # the dataset
    implied: str = ""  # "surface of" a dataset of chains on the day, else the symbol of the volatility index, or "realised"
    stand_ins: tuple[str, ...] = ()
    found: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class ConvictionTally:
    """The settled ideas of one conviction (None: those without): how many, how many with a profit, how many the model gave a profit to (the sum of its
    chances), mean profit over risk."""

    conviction: int | None
    settled: int
    paid: int
    expected: float
    of_risk: float


@dataclass(frozen=True)
class Ideas:
    """What became of the ideas of one file."""

    file: Path
    outcomes: tuple[IdeaOutcome, ...]
    rolling: tuple[Rolling, ...]
    tallies: tuple[ConvictionTally, ...]
    synthetic: bool
    assumptions: tuple[str, ...] = ASSUMPTIONS


def follow_ideas(catalog: Catalog, path: Path) -> Ideas:
    """Price and follow the ideas of a file on a catalog. StudyError for a file that cannot be used; missing data is an outcome, not an error."""
    ideas = read_ideas(path)
    done = tuple(_outcome(catalog, facts) for facts in ideas.idea)
    return Ideas(path, done, ideas.rolling, tally(done), catalog.synthetic)


def tally(done: Iterable[IdeaOutcome]) -> tuple[ConvictionTally, ...]:
    """Settled ideas by conviction, the highest first."""
    groups: dict[int | None, list[IdeaOutcome]] = {}
    for one in done:
        if one.status == SETTLED:
            groups.setdefault(one.conviction, []).append(one)
    order = sorted(groups, key=lambda conviction: -(conviction or 0))
    return tuple(
        ConvictionTally(
            conviction=c,
            settled=len(groups[c]),
            paid=sum(o.profit > 0 for o in groups[c]),
            expected=float(pd.Series([o.surface for o in groups[c]]).sum()),
            of_risk=float(pd.Series([o.of_risk for o in groups[c]]).mean()),
        )
        for c in order
    )


def _outcome(catalog: Catalog, facts: IdeaFacts) -> IdeaOutcome:
    life = Life(facts.date, facts.expiry)
    row = IdeaOutcome(facts.id, facts.title, facts.conviction, pd.Timestamp(facts.date), pd.Timestamp(facts.expiry), NO_DATA)
    try:
        price = closes(catalog, facts.symbol, life)
        implied = volatilities(catalog, facts.symbol, price, life)
        if not implied.values.get(row.opened, NAN) > 0:
            found = f"closes of {facts.symbol} begin on {price.values.index[0]:%Y-%m-%d}"
            raise FieldError(f"a volatility of {facts.symbol}", f"no implied one, and {found}: too few for a realised one", "bring earlier closes")
    except FieldError as error:
        return replace(row, found=f"{error.asked}: {error.found}", remedy=error.do)
    structure = facts.structure()
    if implied.source == REALISED_SOURCE:
        structure = structure.with_(skew=Skew())
    idea = Idea(facts.title, facts.symbol, structure, str(facts.date), facts.conviction)
    frames = price.values.to_frame(facts.symbol), implied.values.to_frame(facts.symbol)
    known = option_days(catalog, facts.symbol, price.clock, pd.DatetimeIndex(price.values.index))
    got = outcomes([idea], *frames, clock=price.clock, surfaces={facts.symbol: known.surfaces}).iloc[0]
    by_surface = known.chains if got["priced_by"] == "surface" else ""
    many = abs(facts.quantity)
    settled, last = bool(got["settled"]), pd.Timestamp(got["last"])
    ends = "" if settled else f"closes of {facts.symbol} end on {price.values.index[-1]:%Y-%m-%d}"
    return replace(
        row,
        status=SETTLED if settled else OPEN,
        expiry=pd.Timestamp(got["expiry"]),
        last=last,
        prices=price.source,
        implied=f"surface of {by_surface}" if by_surface else implied.source,
        stand_ins=price.stand_ins + implied.stand_ins,
        found=ends,
        remedy="" if settled else f"closes to {facts.expiry:%Y-%m-%d}",
        spot=float(got["spot"]),
        volatility=float(got["volatility"]),
        rate=float(got["rate"]),
        dividend=float(got["dividend"]),
        cost=many * float(got["cost"]),
        at_risk=many * float(got["at_risk"]),
        last_spot=float(got["last_spot"]),
        value=many * float(got["value"]),
        profit=many * float(got["profit"]),
        of_risk=float(got["of_risk"]),
        best=many * float(got["best"]),
        surface=float(got["surface"]),
        surface_mean=many * float(got["surface_mean"]),
        history=float(got["history"]),
        history_mean=many * float(got["history_mean"]),
    )
