"""What is planted in the demo market: one record per effect. The simulation, its tests and docs/demo-market.md read this table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Effect:
    """A drift (or another change) planted after an event.

    `size`: log return added per bar, before the symbol's beta where `target` is "market", for the `hold` bars after the event's bar. For `kind`
    "volatility" it is a factor on the scale of the shocks, for "jump" a probability of a jump per bar, for "echo" the share of the bar's shock
    that is added to the next.
    """

    name: str
    event: str
    target: str
    size: float
    hold: int
    kind: str = "drift"


_EFFECTS = (
    Effect(
        "distribution",
        "index up 1% or more, its dark_pool_net z-score (63) at -1 or lower, gex of SPX negative, close over its 21-session mean",
        "that index and its fund (SPX: also every symbol but NDX, RUT, times beta)",
        -0.008,
        5,
    ),
    Effect("short_gamma", "gex of SPX negative", "market", 2.0, 1, "volatility"),
    Effect("streak", "RUT beats SPX on 7 or more sessions in a row", "market", 0.0015, 21),
    Effect("milestone", "SPX within 1% of a multiple of 1,000", "market", 0.0025, 10),
    Effect("vix_crush", "VIX down 18% or more in a session", "VIX", 0.02, 10),
    Effect("metals_open", "DXY under 100 and lower, DGS10 higher than 21 sessions before", "GLD (SLV 1.6 times)", 0.0025, 1),
    Effect("metals_blocked", "DXY at 100 or higher", "GLD (SLV 1.6 times)", -0.0012, 1),
    Effect("option_side", "sign of (calls bought + puts sold - calls sold - puts bought) of a member, when over 5% of premium in size", "members", 0.0006, 1),
    Effect(
        "dark_pool_rank",
        "member's 5-session mean of dark_pool_net over dark_pool_volume, as a z-score across members, held to +-2",
        "members, times the score",
        0.0004,
        1,
    ),
    Effect(
        "fade",
        "gex of SPX positive and close 0.5 expected moves (21 sessions, VIX) or more from its 21-session mean, no pivot broken in 21 sessions",
        "market, against the distance",
        0.0055,
        1,
    ),
    Effect("follow", "gex of SPX negative and SPX moved 1% or more", "market, with the move", 0.0030, 1),
    Effect("put_call", "5-session mean of put_call_equity at 0.55 or lower", "market", -0.0012, 21),
    Effect("reclaim", "SPX back over its 200-session mean after being under it, on the second session over it", "market", 0.0025, 42),
    Effect("pivot", "SPX closes over its prior high after 21 or more sessions under it", "market", 0.0030, 21),
    Effect("divergence", "DGS10 up 0.15 points or more and SPX up 2% or more over 21 sessions, net liquidity lower", "market", -0.0012, 21),
    Effect("blow_off", "SPX up 8% or more over 63 sessions and VIX up 15% or more over 5", "market", -0.0025, 10),
    Effect("latent_demand", "21-session SPX trend over 1 standard deviation, 126-session trend under 0.3", "market", 0.0040, 5),
    Effect("trend", "21-session trend at 1.5 standard deviations or more in size", "USO, TLT, XLE, with the trend", 0.0015, 1),
    Effect("weakness", "member down on a session in which SPX gains 2% or more", "members", -0.0015, 10),
    Effect("campaign", "net option premium of an index fund bearish by 5% or more on 5 sessions in a row", "SPX, NDX, RUT and SPY, QQQ, IWM", -0.0015, 10),
    Effect(
        "btc_unwind",
        "BTC 3-day mean funding under 0 after being over 0 within 10 days, open interest (coin) down 8% or more in 5 days, option expiry within 10 days",
        "BTC (ETH 1.1 times)",
        -0.012,
        5,
    ),
    Effect("btc_crowding", "60-day basis and BTC iv_30d both in the lowest 25% of 365 days", "BTC, ETH: fall of 6% to 12%", 0.05, 1, "jump"),
    Effect("toxic_flow", "hour's vpin of BTC over 0.6", "BTC, hourly; spread_bps of the next hour doubles as well", 1.8, 1, "volatility"),
    Effect("maker_echo", "BTC hour with vpin at 0.6 or lower (over 0.6: the sign turns)", "BTC, hourly, times the hour's own shock", -0.08, 1, "echo"),
)
PLANTED: dict[str, Effect] = {effect.name: effect for effect in _EFFECTS}
