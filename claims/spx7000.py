"""SPX above 7,000: liquidity regime and the Russell 2000 signal (2026-01-28)."""

from flowbt.evidence.claims.declare import Data, Document, OwnDate, claim
from flowbt.evidence.claims.forecasts import dated, ends_above
from flowbt.evidence.claims.outcomes import forward_drawdown, forward_excess, forward_return, forward_volatility
from flowbt.features import breadth_slope, iv_minus_realised, iv_rank, milestone, structural_pivot, trend_followers, win_streak

DOCUMENT = Document("spx7000", dated="2026-01-28", title="SPX above 7,000")

STREAKS = {"length": range(5, 16), "kind": ("beats", "up"), "first": (True, False)}
RUSSELL = Data(memory=21, strategy="small_cap_streak", sisters=("NDX", "DJI"))
EIGHTH = OwnDate(day="2026-01-13")  # the streak of 14 sessions of beating SPX (to 2026-01-22) reached its eighth on that day


def _streak(panel, length, kind, first):
    """Russell beating SPX (or rising) so many sessions in a row; `first`: only the session on which the streak gets there.

    The document's shares (79%, 74%, 47%) are those of 19 cases: the streaks that reached eight sessions of beating SPX since 1987 are 19.
    """
    streak = win_streak(panel, kind=kind, symbol="RUT")
    return streak == length if first else streak >= length


@claim(
    "Russell win streaks lift SPX for a month",
    stated={"mean": 0.0149, "baseline": 0.0083},
    outcome=forward_return("SPX", 21),
    definitions=STREAKS,
    data=RUSSELL,
    own=EIGHTH,
)
def rut_streak_spx_1m(panel, *, length=8, kind="beats", first=True):
    return _streak(panel, length, kind, first)


@claim(
    "The Russell itself goes on rising for a month after a win streak",
    stated={"mean": 0.0272, "positive": 0.79, "beats": 0.74},
    outcome=forward_return("RUT", 21, against="SPX"),
    definitions=STREAKS,
    data=RUSSELL,
    own=EIGHTH,
)
def rut_streak_rut_1m(panel, *, length=8, kind="beats", first=True):
    return _streak(panel, length, kind, first)


@claim(
    "Six months after a Russell win streak its edge over SPX is gone",
    stated={"positive": 0.47},
    direction="flat",
    outcome=forward_excess("RUT", "SPX", 126),
    definitions=STREAKS,
    data=RUSSELL,
    own=EIGHTH,
)
def rut_streak_rut_6m(panel, *, length=8, kind="beats", first=True):
    return _streak(panel, length, kind, first)


@claim(
    "Six months after a Russell win streak the Russell itself has come to nothing",
    stated={"mean": 0.0},
    direction="flat",
    outcome=forward_return("RUT", 126),
    definitions=STREAKS,
    data=RUSSELL,
    own=EIGHTH,
)
def rut_streak_rut_6m_return(panel, *, length=8, kind="beats", first=True):
    return _streak(panel, length, kind, first)


def _cooled(event, bars):
    """Only the first event after `bars` labels without one; all of them for 0."""
    if not bars:
        return event
    held = event.astype(float)
    return event & (held.shift(1, fill_value=0.0).rolling(bars, min_periods=1).sum() == 0)


@claim(
    "Within 1% of a multiple of 1,000 SPX does better over two weeks",
    stated={"mean": 0.0133, "baseline": 0.0034},
    outcome=forward_return("SPX", 10),
    definitions={"side": ("either", "below"), "cool": (0, 21, 63)},
    data=Data(memory=21, strategy="milestone_momentum", start="1995-01-01", sisters=("NDX", "RUT")),  # before, the index never came near 1,000
)
def milestone_2w(panel, *, side="either", cool=0):
    found = milestone(panel, within=0.01)
    return _cooled(found.near if side == "either" else found.near_below, cool)


@claim(
    "Twelve months after the first close above a new multiple of 1,000 SPX has always been higher",
    stated={"mean": 0.1629, "positive": 1.0},
    outcome=forward_return("SPX", 252, also=(189, 315)),
    definitions={"held": (False, True)},
    data=Data(memory=21, strategy="milestone_momentum", start="1995-01-01", sisters=("NDX", "RUT")),
    own=OwnDate(why="SPX closed at 6,978.03 after 7,002.28 in the session; the first close over 7,000 came on 2026-04-15"),
)
def milestone_12m(panel, *, held=False):
    found = milestone(panel, hold=5)
    return found.held if held else found.first_above


@claim(
    "A close that holds above a broken pivot continues the trend",
    direction="up",
    outcome=forward_return("SPX", 21, also=(5, 63)),
    definitions={"kind": ("all_time_high", "round_number", "month_high"), "hold": (1, 3, 5)},
    data=Data(memory=63, start="1950-01-01", sisters=("NDX", "RUT")),
)
def pivot_hold(panel, *, kind="all_time_high", hold=3):
    return structural_pivot(panel, kind=kind, hold=hold).held


@claim(
    "A break back under the pivot gives sideways, not a decline",
    direction="flat",
    outcome=forward_return("SPX", 21, also=(5, 63)),
    definitions={"kind": ("all_time_high", "round_number", "month_high"), "hold": (1, 3, 5)},
    data=Data(memory=63, start="1950-01-01", sisters=("NDX", "RUT")),
    own=OwnDate(on=False),  # it is what would follow a break
)
def pivot_break(panel, *, kind="all_time_high", hold=3):
    return structural_pivot(panel, kind=kind, hold=hold).broken


@claim(
    "Price trends while trend followers are not yet in: SPX goes on rising",
    direction="up",
    outcome=forward_return("SPX", 21, also=(5, 10)),
    definitions={"latent": (0.1, 0.2, 0.3), "trend": (0.25, 0.5), "shape": ("tanh", "sign")},
    data=Data(memory=63, strategy="cta_latent_demand", start="1950-01-01", sisters=("NDX", "RUT")),
    own=OwnDate(why="by our exposure model followers already held more than is usual for such a trend (latent -0.14); the document gives no figure"),
)
def cta_latent_demand(panel, *, latent=0.2, trend=0.25, shape="tanh"):
    found = trend_followers(panel, shape=shape)
    return (found.trend >= trend) & (found.latent >= latent)


BREADTH = Data(memory=63, start="2001-01-01", sisters=("NDX", "RUT"))
STALLS = OwnDate(on=False)  # breadth builds, the document says: this is what would follow if it stalled


@claim(
    "Breadth that builds lifts SPX over the next month",
    direction="up",
    outcome=forward_return("SPX", 21),
    definitions={"window": (10, 21, 42), "mean": (50, 200)},
    data=BREADTH,
)
def breadth_build(panel, *, window=21, mean=200):
    return breadth_slope(panel, mean=mean, window=window).building


@claim(
    "Breadth that stalls brings sideways, not lower",
    direction="flat",
    outcome=forward_return("SPX", 21),
    definitions={"window": (10, 21, 42), "mean": (50, 200)},
    data=BREADTH,
    own=STALLS,
)
def breadth_stall(panel, *, window=21, mean=200):
    return breadth_slope(panel, mean=mean, window=window).stalled


CALM = {"rank": (0.2, 0.3, 0.5), "near": (2.0, 4.0, 8.0)}
GAMMA = Data(memory=63, strategy="gamma_regime", start="2011-05-01", sisters=("NDX", "RUT"))
NEAR = OwnDate(why="VIX stood 6.9 points over realised volatility, not near it by our 4 points; gamma and rank were as said")


def _calm(panel, rank, near):
    """Dealers long gamma, implied volatility low in its year and near what was realised."""
    return (panel["gex", "SPX"] > 0) & (iv_rank(panel) <= rank) & (iv_minus_realised(panel).abs() <= near)


@claim(
    "With dealers long gamma and calm volatility pullbacks are shallower",
    direction="up",
    outcome=forward_drawdown("SPX", 21),
    definitions=CALM,
    data=GAMMA,
    own=NEAR,
)
def long_gamma_dampens(panel, *, rank=0.3, near=4.0):
    return _calm(panel, rank, near)


@claim(
    "With dealers long gamma and calm volatility realised volatility stays lower",
    direction="down",
    outcome=forward_volatility("SPX", 21),
    definitions=CALM,
    data=GAMMA,
    own=NEAR,
)
def long_gamma_dampens_volatility(panel, *, rank=0.3, near=4.0):
    return _calm(panel, rank, near)


@claim("SPX stands higher twelve months on", outcome=dated("2026-01-28", "2027-01-28"), data=Data(symbols=("SPX",)))
def spx_12m(panel):
    return ends_above("SPX")


@claim("One month on: SPX +1.49%, Russell 2000 +2.72%", outcome=dated("2026-01-28", "2026-02-27"), data=Data(symbols=("SPX",)))
def rut_streak_2026(panel):
    return [ends_above("SPX", 0.0149), ends_above("RUT", 0.0272)]
