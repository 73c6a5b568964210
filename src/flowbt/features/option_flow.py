"""Option flow by side: premium counts only after it is split into bought and sold. All sums are dollars of premium.

Frames are labels x symbols, series by label.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from flowbt.features.declare import feature
from flowbt.features.rolling import sign, signed_run
from flowbt.features.trailing import enough
from flowbt.ground.errors import ParameterError
from flowbt.ground.protocols import Panel

SIDES = ("calls_bought", "calls_sold", "puts_bought", "puts_sold")
CONFIDENCE = ("low", "moderate", "high")  # by code 0, 1, 2


def classify_side(price: npt.ArrayLike, bid: npt.ArrayLike, ask: npt.ArrayLike, inside: Literal["unknown", "nearer"] = "unknown") -> npt.NDArray[np.int8]:
    """+1 bought (at or above the ask), -1 sold (at or below the bid), 0 unknown, for arrays of prints and their quotes.

    Between the quotes: unknown, or with "nearer" the nearer side (the middle stays unknown). A locked, crossed, absent or negative
    quote, or an absent price, is unknown: a side is never guessed.
    ParameterError for another rule.
    """
    if inside not in ("unknown", "nearer"):
        raise ParameterError(f"prints inside the quote: {inside!r}", "not a rule", "use unknown or nearer")
    p, b, a = (np.asarray(x, dtype=float) for x in (price, bid, ask))
    sound = (b >= 0) & (a > b) & (p > 0) & np.isfinite(a)
    off_middle = 2 * p - b - a  # a millionth of a dollar is rounding, not a side
    top, bottom = (p >= a, p <= b) if inside == "unknown" else (off_middle > 1e-6, off_middle < -1e-6)
    return np.asarray(np.where(sound & top, 1, np.where(sound & bottom, -1, 0)), dtype=np.int8)


class SideFlow(NamedTuple):
    """Frames of dollars, ratios and codes; see `side_sums`."""

    bullish: pd.DataFrame
    bearish: pd.DataFrame
    net: pd.DataFrame
    naive: pd.DataFrame
    unknown: pd.DataFrame
    confidence: pd.DataFrame
    flip: pd.DataFrame


@dataclass(frozen=True)
class Confidence:
    """Unknown share of premium under which confidence is high (code 2), moderate (1); else low (0)."""

    high: float = 0.10
    moderate: float = 0.25


Sides = Mapping[str, pd.DataFrame]


def side_sums(sides: Sides, unknown: pd.DataFrame, totals: tuple[pd.DataFrame, pd.DataFrame] | None = None, rule: Confidence | None = None) -> SideFlow:
    """What the four side sums say.

    bullish = calls bought + puts sold; bearish = calls sold + puts bought; net = bullish - bearish. naive = call premium / put
    premium (from `totals` where given, unknown sides included; else from the split premium). unknown = share of all premium.
    confidence: 2 high, 1 moderate, 0 low. flip (bool): the naive ratio and the net point opposite ways. Missing sums give missing
    values; a ratio without puts, or a share without premium, is missing.
    """
    rule = rule or Confidence()
    cb, cs, pb, ps = (sides[name] for name in SIDES)
    bullish, bearish = cb + ps, cs + pb
    calls, puts = totals or (cb + cs, pb + ps)
    premium = (bullish + bearish + unknown) if totals is None else calls + puts
    share = unknown / premium.where(premium > 0)
    naive, net = calls / puts.where(puts > 0), bullish - bearish
    sure = (share < rule.moderate).astype(float) + (share < rule.high)
    return SideFlow(bullish, bearish, net, naive, share, sure.where(share.notna()), sign(naive - 1) * sign(net) < 0)


@feature(
    family="option flow", units="$; ratio; share; code", sign="net positive = bullish", needs=(*SIDES, "premium_unknown"), source="exitliq: side before signal"
)  # fmt: skip
def side_flow(panel: Panel, *, high: float = 0.10, moderate: float = 0.25) -> SideFlow:
    """Bullish and bearish premium by side, per symbol and session, the naive call/put ratio, how much is unknown, and the flip.

    `high`, `moderate`: unknown shares under which confidence is high or moderate. The naive ratio uses the fields `call_premium`
    and `put_premium` where the panel has them (they include prints of unknown side). See `side_sums` for the rest.
    """
    totals = (panel["call_premium"], panel["put_premium"]) if panel.has("call_premium") and panel.has("put_premium") else None
    return side_sums({name: panel[name] for name in SIDES}, panel["premium_unknown"], totals, Confidence(high, moderate))


def flip_share(flow: SideFlow, premium: pd.DataFrame, top: int) -> pd.Series:
    """Per row, of the `top` columns by premium, the share whose naive ratio and net disagree. Missing where no premium is known."""
    leading = premium.rank(axis=1, ascending=False, method="first") <= top
    counted = leading & flow.net.notna() & flow.naive.notna()
    return (flow.flip & counted).sum(axis=1) / counted.sum(axis=1).where(lambda n: n > 0)


@feature(family="option flow", units="fraction", sign="high = labels mislead", needs=(*SIDES, "premium_unknown"), source="exitliq's flip rate")
def flip_rate(panel: Panel, *, top: int = 16) -> pd.DataFrame:
    """Of the `top` symbols by premium that session, among all that have flow, the share that flips once premium is split by side."""
    sides = {name: panel.wide(name) for name in SIDES}
    unknown = panel.wide("premium_unknown")
    flow = side_sums(sides, unknown)
    return panel.spread(flip_share(flow, flow.bullish + flow.bearish + unknown, top))


class SectorSplit(NamedTuple):
    """Frames rows x sectors."""

    net: pd.DataFrame
    premium: pd.DataFrame
    share: pd.DataFrame


def sector_split(net: pd.DataFrame, premium: pd.DataFrame, sectors: Mapping[str, str]) -> SectorSplit:
    """Net and premium summed by sector, and each sector's share of all premium (symbols without a sector count in the whole only)."""
    named = [s for s in premium if s in sectors]
    groups = [sectors[str(s)] for s in named]
    by_sector = premium[named].T.groupby(groups).sum(min_count=1).T
    market = premium.sum(axis=1, min_count=1)
    return SectorSplit(net[named].T.groupby(groups).sum(min_count=1).T, by_sector, by_sector.div(market.where(market > 0), axis=0))


ENERGY = ("XOM", "CVX", "COP", "DVN", "EOG", "SLB", "HAL", "MPC", "VLO", "PSX", "OXY", "XLE", "USO")


@feature(family="option flow", units="fraction", sign="low = abandoned", needs=(*SIDES, "premium_unknown"), source="exitliq: energy 0.6% of the market")
def premium_share(panel: Panel, *, members: tuple[str, ...] = ENERGY) -> pd.DataFrame:
    """Share of the whole market's option premium that is in `members` (a sector's names). Members without flow count zero."""
    premium = sum((panel.wide(name) for name in SIDES), start=panel.wide("premium_unknown"))
    market = premium.sum(axis=1, min_count=1)
    return panel.spread(premium[[m for m in members if m in premium]].sum(axis=1) / market.where(market > 0))


class Campaign(NamedTuple):
    """`days`: sessions in a row with the same sign of net, signed; `premium`: net dollars gathered in that run."""

    days: pd.DataFrame
    premium: pd.DataFrame


def campaign(net: pd.DataFrame) -> Campaign:
    """Runs of same-signed net per column (a symbol, or a symbol, type and expiry window). Zero or missing net ends a run."""
    days = signed_run(net)
    filled = net.fillna(0.0)
    gathered = {column: filled[column].groupby(days[column].abs().le(1).cumsum()).cumsum() for column in net}
    return Campaign(days, pd.DataFrame(gathered, index=net.index, columns=net.columns).where(days != 0, 0.0))


@feature(family="option flow", units="sessions; $", sign="positive = bullish run", needs=SIDES, source="exitliq's campaigns")
def flow_campaign(panel: Panel, *, kind: Literal["all", "calls", "puts"] = "all") -> Campaign:
    """How long and how large the present run of same-signed net is. `kind`: all premium (bullish - bearish), calls (bought - sold),
    or puts (sold - bought: negative is a put-buying campaign). The daily fields are sums over expiries; for one expiry window use
    `campaign` on a frame of that window. ParameterError for another kind."""
    if kind not in ("all", "calls", "puts"):
        raise ParameterError(f"flow_campaign(kind={kind!r})", "not a kind", "use all, calls or puts")
    parts = []
    if kind != "puts":
        parts.append(panel["calls_bought"] - panel["calls_sold"])
    if kind != "calls":
        parts.append(panel["puts_sold"] - panel["puts_bought"])
    return campaign(parts[0] + parts[1] if len(parts) == 2 else parts[0])


PutCall = Literal["equity", "total", "index"]


@feature(family="option flow", units="ratio", sign="low = calls dominate", needs=("put_call_equity:US",), source="Cboe daily put/call volume ratios")
def put_call_ratio(panel: Panel, *, kind: PutCall = "equity", mean: int = 1) -> pd.DataFrame:
    """Cboe puts over calls by volume (equity, total or index options), averaged over `mean` sessions. Market-wide: one series for all.

    ParameterError for another kind.
    """
    if kind not in ("equity", "total", "index"):
        raise ParameterError(f"put_call_ratio(kind={kind!r})", "not a ratio", "use equity, total or index")
    return panel[f"put_call_{kind}", "US"].rolling(mean, min_periods=enough(mean)).mean()


@feature(family="option flow", units="bool", sign="True = collapsed", needs=("put_call_equity:US",), source="blowoff: lowest in years")
def put_call_collapse(panel: Panel, *, level: float | None = 0.55, lookback: int | None = None, kind: PutCall = "equity", mean: int = 5) -> pd.DataFrame:
    """The ratio is at or under `level`, or (with `lookback`) at its lowest of that many sessions; either condition, if both are given."""
    ratio = put_call_ratio(panel, kind=kind, mean=mean)
    collapsed = ratio <= level if level is not None else ratio != ratio
    if lookback is not None:
        collapsed = collapsed | (ratio <= ratio.rolling(lookback, min_periods=enough(lookback)).min())
    return collapsed & ratio.notna()
