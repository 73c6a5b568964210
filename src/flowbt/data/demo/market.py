"""The XNYS tables of the demo market: prices, implied volatility, flow, gamma, macro, breadth, surveys, events."""

from __future__ import annotations

import numpy as np
import pandas as pd

from flowbt.data.demo.equity import Equities
from flowbt.data.demo.names import ASSETS, AT, COLUMNS, FUNDS, INDICES, MEMBERS
from flowbt.data.demo.noise import Random, ar1
from flowbt.data.demo.streams import FLOW_SYMBOLS, MEMBER_AT, Streams
from flowbt.data.demo.tables import Frame, long, stack

PRICE_FIELDS = ("open", "high", "low", "close", "volume")
TENORS = {"2-Year": 2.6, "5-Year": 2.45, "10-Year": 2.5, "30-Year": 2.35}


def price_frames(rng: Random, sessions: pd.DatetimeIndex, world: Equities) -> list[Frame]:
    """OHLCV of indices, funds and other assets; of the members; and the members' own fields."""
    bars, n = world.bars, len(sessions)
    turnover = np.exp(0.25 * ar1(rng, (n, len(COLUMNS)), 0.8)) * (1 + 12 * np.abs(world.returns))
    shares = 4e8 * turnover / np.maximum(bars.close[0], 1.0)
    fields = {name: getattr(bars, name) for name in PRICE_FIELDS[:4]} | {"volume": shares}
    plain = [AT[name] for name in (*INDICES, *ASSETS)]
    own = [AT[name] for name in MEMBERS]
    tables = [long(sessions, (*INDICES, *ASSETS), **{name: values[:, plain] for name, values in fields.items()})]
    for fund, (index, points) in FUNDS.items():
        factor = (points * np.exp(0.0002 * ar1(rng, (n,), 0.5)))[:, None]
        scaled = bars.scaled(factor)
        column = [AT[index]]
        prices = {name: getattr(scaled, name)[:, column] for name in PRICE_FIELDS[:4]}
        tables.append(long(sessions, (fund,), **prices, volume=8e7 * turnover[:, column]))
    members = long(sessions, MEMBERS, **{name: values[:, own] for name, values in fields.items()})
    closes = members[["event_time", "symbol"]].assign(member_close=members["close"], member_volume=members["volume"])
    return [
        Frame("demo-prices", "Demo: bars of indices, funds and other assets", stack(*tables), "bar"),
        Frame("demo-members", "Demo: bars of forty index members", members, "bar"),
        Frame("demo-constituents", "Demo: closes of the members", closes, "bar"),
    ]


def volatility_frame(rng: Random, sessions: pd.DatetimeIndex, world: Equities) -> Frame:
    """Implied-volatility indices: VIX from the simulation, its relatives around it, others from their assets' recent moves."""
    n, vix = len(sessions), world.vix
    fear = np.log(vix / pd.Series(vix).ewm(span=21).mean().to_numpy())
    closes = {
        "VIX": vix,
        "VIX9D": vix * np.exp(0.5 * fear + 0.03 * ar1(rng, (n,), 0.8)),
        "VIX3M": vix * np.exp(0.09 - 0.45 * fear + 0.015 * ar1(rng, (n,), 0.9)),
        "VVIX": 92 * np.exp(0.9 * fear + 0.08 * ar1(rng, (n,), 0.95)),
        "SKEW": 132 + 8 * ar1(rng, (n,), 0.95),
        "VXN": 1.15 * vix * np.exp(0.04 * ar1(rng, (n,), 0.95)),
        "RVX": 1.25 * vix * np.exp(0.05 * ar1(rng, (n,), 0.95)),
    }
    for name, asset in {"OVX": "USO", "GVZ": "GLD", "MOVE": "TLT"}.items():
        recent = pd.Series(world.returns[:, AT[asset]] ** 2).ewm(halflife=15, min_periods=1).mean().clip(lower=1e-5).to_numpy()
        closes[name] = 108 * np.sqrt(252 * recent) * np.exp(0.06 * ar1(rng, (n,), 0.9)) * (6.0 if name == "MOVE" else 1.0)
    opened = np.concatenate([vix[:1], vix[:-1]]) * np.exp(0.015 * ar1(rng, (n,), 0.0))
    reach = np.exp(0.02 * np.abs(ar1(rng, (n,), 0.0)))
    tall = long(sessions, ("VIX",), open=opened, high=np.maximum(opened, vix) * reach, low=np.minimum(opened, vix) / reach, close=vix)
    others = {name: values for name, values in closes.items() if name != "VIX"}
    table = stack(tall, long(sessions, tuple(others), close=np.column_stack(list(others.values()))))
    return Frame("demo-volatility", "Demo: implied-volatility indices", table, "bar")


def flow_frames(rng: Random, sessions: pd.DatetimeIndex, streams: Streams, world: Equities) -> list[Frame]:
    """Dark-pool prints, option premium by side, dealer gamma, put/call, and the null streams."""
    n, k = len(sessions), len(FLOW_SYMBOLS)
    size = np.concatenate([[6e9, 4e9, 2e9], np.full(k - len(FUNDS), 4e8)]) * np.exp(0.2 * ar1(rng, (n, k), 0.7))
    premium = size * 0.02 * np.exp(0.3 * ar1(rng, (n, k), 0.6))
    known = premium * 0.85
    calls, puts, tilt = known * streams.call_share, known * (1 - streams.call_share), 0.5 + 0.5 * streams.side_share
    flow = long(
        sessions, FLOW_SYMBOLS,
        dark_pool_net=size * streams.dark_share, dark_pool_volume=size,
        calls_bought=calls * tilt, calls_sold=calls * (1 - tilt), puts_bought=puts * (1 - tilt), puts_sold=puts * tilt, premium_unknown=premium * 0.15,
        null_flow=streams.null_flow,
    )  # fmt: skip
    spot, gamma = world.bars.close[:, AT["SPX"]], streams.gamma
    flip = spot * np.exp(-0.02 * gamma)
    chain = long(
        sessions, ("SPX",),
        gex=3e9 * gamma, gex_0dte=1.2e9 * gamma * rng.uniform(0.3, 1.0, n), zero_gamma=flip,
        nearest_positive_gamma=np.where(gamma < 0, spot * np.exp(0.05 * gamma - 0.01), spot * 0.995),
        dealer_delta=4e9 * ar1(rng, (n,), 0.8), null_gamma=streams.null_gamma,
    )  # fmt: skip
    buying = 0.445 + 0.5 * streams.dark_share[:, MEMBER_AT].mean(axis=1) + 0.006 * ar1(rng, (n,), 0.5)
    ratios = {"put_call_equity": streams.put_call, "put_call_total": 1.4 * streams.put_call, "put_call_index": 1.1 + 0.12 * ar1(rng, (n,), 0.8)}
    return [
        Frame("demo-flow", "Demo: dark-pool prints and option premium by side", flow, "prints"),
        Frame("demo-chains", "Demo: dealer gamma of SPX", chain, "prints"),
        Frame("demo-dix", "Demo: off-exchange buying of the members", long(sessions, ("SPX",), dix=buying), "evening"),
        Frame("demo-put-call", "Demo: put/call ratios", long(sessions, ("US",), **ratios, null_ratio=streams.null_ratio), "evening"),
    ]


def macro_frames(rng: Random, sessions: pd.DatetimeIndex, streams: Streams, world: Equities) -> list[Frame]:
    """Rates, credit, liquidity, the dollar, ISM, auctions."""
    n = len(sessions)
    shape = (n,)
    policy = np.clip(np.round(streams.yield2 * 4) / 4, 0.05, None)
    fall = -pd.Series(world.returns[:, AT["SPX"]]).ewm(halflife=15).mean().to_numpy()
    spread = np.clip(4.2 * np.exp(0.25 * ar1(rng, shape, 0.995) + 60 * fall), 2.2, 22.0)
    daily = {
        "DGS10": streams.yield10, "DGS2": streams.yield2, "DFF": policy, "SOFR": policy + 0.03 + 0.02 * ar1(rng, shape, 0.7),
        "HY_OAS": spread, "IG_OAS": 0.33 * spread,
        "DTWEXBGS": 1.15 * streams.dollar, "DCOILWTICO": 0.6 * world.bars.close[:, AT["USO"]], "RRPONTSYD": streams.reverse_repo,
    }  # fmt: skip
    dollar = streams.dollar
    reach = dollar * 0.002 * np.abs(ar1(rng, shape, 0.0))
    opened = np.concatenate([dollar[:1], dollar[:-1]])
    dxy = long(
        sessions, ("DXY",), open=opened, high=np.maximum(opened, dollar) + reach, low=np.minimum(opened, dollar) - reach, close=dollar, volume=np.full(n, 1e4)
    )
    weekly = np.flatnonzero(sessions.day_of_week == 2)
    months = np.flatnonzero(sessions.to_period("M").to_timestamp().to_numpy()[1:] != sessions.to_period("M").to_timestamp().to_numpy()[:-1])
    ism = {name: centre + 3.5 * ar1(rng, (len(months),), 0.9) for name, centre in (("ISM_PMI", 52.0), ("ISM_NMI", 54.0), ("ISM_PRICES", 57.0))}
    cover = np.column_stack([mean + 0.12 * ar1(rng, (len(months),), 0.6) for mean in TENORS.values()])
    tail = -1.5 * (cover - np.array(list(TENORS.values()))) / 0.12 + 0.5 * ar1(rng, cover.shape, 0.0)
    weekly_values = {"WALCL": 1000 * streams.fed_assets, "WTREGEN": 1000 * streams.treasury_account, "NFCI": -0.4 + 0.08 * (spread - 4.2)}
    return [
        Frame("demo-rates", "Demo: rates, credit, dollar, oil", long(sessions, tuple(daily), value=np.column_stack(list(daily.values()))), "next"),
        Frame("demo-dollar", "Demo: dollar index", dxy, "bar"),
        Frame(
            "demo-liquidity",
            "Demo: weekly Fed series",
            long(sessions[weekly], tuple(weekly_values), value=np.column_stack(list(weekly_values.values()))[weekly]),
            "week",
            "week",
        ),
        Frame(
            "demo-ism",
            "Demo: ISM surveys",
            long(sessions[months].to_period("M").to_timestamp().as_unit("ns"), tuple(ism), value=np.column_stack(list(ism.values()))),
            "month",
            "month",
        ),
        Frame(
            "demo-auctions", "Demo: Treasury auctions", long(sessions[months], tuple(TENORS), bid_to_cover=cover, auction_tail_bp=tail), "auction", "irregular"
        ),
    ]


def breadth_frames(rng: Random, sessions: pd.DatetimeIndex, world: Equities) -> list[Frame]:
    """Members over their means, surveys, speculators' positions, fund flows."""
    n = len(sessions)
    closes = pd.DataFrame(world.bars.close[:, [AT[name] for name in MEMBERS]])
    over = {}
    for days in (200, 50):
        mean = closes.rolling(days).mean()
        over[f"pct_above_{days}d"] = (100 * (closes > mean).mean(axis=1)).where(mean.notna().all(axis=1)).to_numpy()
    recent = pd.Series(world.returns[:, 0]).rolling(21, min_periods=1).sum().to_numpy()
    survey = np.flatnonzero(sessions.day_of_week == 2)
    asked = {
        "aaii_bullish": np.clip(0.38 + 1.2 * recent + 0.05 * ar1(rng, (n,), 0.9), 0.1, 0.8),
        "aaii_bearish": np.clip(0.31 - 1.2 * recent + 0.05 * ar1(rng, (n,), 0.9), 0.05, 0.8),
        "naaim_exposure": np.clip(65 + 350 * recent + 10 * ar1(rng, (n,), 0.9), -50, 150),
    }
    tuesdays = np.flatnonzero(sessions.day_of_week == 1)
    positions = {"SPX": 2.0e6, "GLD": 5e5, "USO": 1.8e6, "TLT": 3e6}
    interest = np.column_stack([base * np.exp(0.1 * ar1(rng, (n,), 0.99)) for base in positions.values()])
    net = interest * 0.15 * ar1(rng, (n, len(positions)), 0.98)
    assets = np.column_stack([base * np.exp(0.15 * ar1(rng, (n,), 0.998)) for base in (4e11, 2.5e11, 6e10)])
    return [
        Frame("demo-breadth", "Demo: share of members over their means", long(sessions, ("US",), **over), "bar"),
        Frame(
            "demo-surveys",
            "Demo: sentiment surveys",
            long(sessions[survey], ("US",), **{name: values[survey] for name, values in asked.items()}),
            "week",
            "week",
        ),
        Frame(
            "demo-positions",
            "Demo: speculators' futures positions",
            long(sessions[tuesdays], tuple(positions), cot_spec_net=net[tuesdays], cot_open_interest=interest[tuesdays]),
            "positions",
            "week",
        ),
        Frame(
            "demo-funds", "Demo: fund flows", long(sessions, tuple(FUNDS), fund_flow_usd=0.004 * assets * ar1(rng, (n, 3), 0.5), fund_aum_usd=assets), "next"
        ),
    ]


def event_frame(rng: Random, sessions: pd.DatetimeIndex) -> Frame:
    """Scheduled events (value 1, known when the year before ends) and earnings (the surprise, known at the report)."""
    rows: list[pd.DataFrame] = []
    months = pd.Series(sessions).groupby(sessions.to_period("M"))
    dates = {
        "FOMC": [month.iloc[min(len(month) - 1, 12)] for period, month in months if period.month in (1, 3, 5, 6, 7, 9, 11, 12)],
        "CPI": [month.iloc[min(len(month) - 1, 8)] for _, month in months],
        "PAYROLLS": [month[month.dt.day_of_week == 4].iloc[0] for _, month in months if (month.dt.day_of_week == 4).any()],
    }
    for name, days in dates.items():
        events = pd.DatetimeIndex(days).as_unit("ns")
        known = pd.to_datetime(events.year.astype(str) + "-01-01").as_unit("ns") - pd.Timedelta(days=30)
        rows.append(pd.DataFrame({"event_time": events, "known_at": known, "symbol": name, "event": 1.0}))
    for number, name in enumerate(MEMBERS[:16]):
        events = sessions[15 + number :: 63]
        surprise = 0.03 + 0.05 * rng.standard_normal(len(events))
        rows.append(
            pd.DataFrame({"event_time": events, "known_at": events + pd.Timedelta(hours=21, minutes=5), "symbol": f"EARNINGS:{name}", "event": surprise})
        )
    return Frame("demo-events", "Demo: scheduled events and earnings", pd.concat(rows, ignore_index=True), "stated", "event")
