"""Each planted drift is there with its size, seen from the tables alone, and gone in the market without effects."""

import numpy as np
import pandas as pd
import pytest

from flowbt.data.demo.build import build_demo, draw_equities, generators
from flowbt.data.demo.names import AT, COLUMNS, MEMBERS
from flowbt.data.demo.planted import PLANTED
from flowbt.data.demo.streams import MEMBER_AT

MARKET = ["streak", "milestone", "fade", "follow", "put_call", "reclaim", "pivot", "divergence", "blow_off", "latent_demand"]
SEEDS = (7, 11, 12, 13, 14, 15)


def drawn(seed, bars=3520, strength=1.0):
    """The equity side of a seed."""
    return draw_equities(generators(seed)[0], bars, strength)


def running(event: np.ndarray, hold: int) -> np.ndarray:
    """1 in each of the `hold` bars after an event."""
    since = np.arange(len(event)) - np.maximum.accumulate(np.where(event, np.arange(len(event)), -10_000))
    return np.concatenate([[False], since[:-1] < hold]).astype(float)


def regressors(world, streams):
    """The ten market effects as one design matrix: signed where the effect is."""
    columns = []
    for name in MARKET:
        seen = world.events[name][:, AT["SPX"]]
        sign = np.ones(len(seen))
        if name == "follow":
            sign = np.sign(world.returns[:, AT["SPX"]])
        if name == "fade":
            close = pd.Series(world.bars.close[:, AT["SPX"]])
            sign = -np.sign(np.log(close / close.rolling(21).mean())).fillna(0.0).to_numpy()
        active = running(seen, PLANTED[name].hold)
        columns.append(active * np.concatenate([[0.0], sign[:-1]]) if name in ("fade", "follow") else active)
    return np.column_stack(columns)


@pytest.fixture(scope="module", params=[1.0, 0.0], ids=["planted", "null"])
def fitted(request):
    strength = request.param
    xs, ys = [], []
    for seed in SEEDS:
        streams, world = drawn(seed, 3520, strength)
        xs.append(regressors(world, streams))
        ys.append(world.returns[:, AT["SPX"]])
    x, y = np.vstack(xs), np.concatenate(ys)
    x = np.column_stack([x, np.ones(len(x))])
    inverse = np.linalg.inv(x.T @ x)
    beta = inverse @ x.T @ y
    spread = np.sqrt(np.diag(inverse @ (x.T * (y - x @ beta) ** 2) @ x @ inverse))  # heteroskedastic
    return strength, dict(zip(MARKET, zip(beta, spread, strict=False), strict=False))


@pytest.mark.parametrize("name", MARKET)
def test_market_effects_have_their_size(fitted, name):
    strength, found = fitted
    estimate, spread = found[name]
    assert abs(estimate - strength * PLANTED[name].size) < 3.5 * spread
    assert strength == 0 or estimate * np.sign(PLANTED[name].size) > 1.64 * spread


@pytest.mark.parametrize("strength", [1.0, 0.0])
def test_members_follow_side_rank_and_weakness(strength):
    streams, world = drawn(7, 3520, strength)
    own = world.returns[:, -len(MEMBERS) :] - world.returns[:, [AT["SPX"]]]
    side = streams.side_share[:, MEMBER_AT]
    x = [np.where(np.abs(side) > 0.05, np.sign(side), 0.0)[250:-1].ravel(), score(streams)[250:-1].ravel()]
    weak = np.column_stack([running(world.events["weakness"][:, AT[name]], 10) for name in MEMBERS])[251:].ravel()
    design = np.column_stack([*x, weak, np.ones(len(weak))])
    beta = np.linalg.lstsq(design, own[251:].ravel(), rcond=None)[0]
    for estimate, name in zip(beta, ("option_side", "dark_pool_rank", "weakness"), strict=False):
        assert estimate == pytest.approx(strength * PLANTED[name].size, abs=0.0002 if name != "weakness" else 0.0008)


def score(streams):
    five = pd.DataFrame(streams.dark_share[:, MEMBER_AT]).rolling(5).mean()
    return five.sub(five.mean(axis=1), axis=0).div(five.std(axis=1), axis=0).clip(-2, 2).to_numpy()


def pooled(name, symbol, strength):
    inside, outside = [], []
    for seed in SEEDS:
        _, world = drawn(seed, 3520, strength)
        active = running(world.events[name][:, AT[symbol]], PLANTED[name].hold) > 0
        moves = world.returns[:, AT[symbol]]
        inside.append(moves[active])
        outside.append(moves[~active])
    return np.concatenate(inside), np.concatenate(outside)


@pytest.mark.parametrize(("name", "symbol", "times"), [("metals_open", "SLV", 1.6), ("metals_blocked", "SLV", 1.6), ("distribution", "RUT", 1.0)])
def test_drifts_of_single_symbols(name, symbol, times):
    inside, outside = pooled(name, symbol, 1.0)
    spread = np.hypot(inside.std() / np.sqrt(len(inside)), outside.std() / np.sqrt(len(outside)))
    assert abs(inside.mean() - outside.mean() - times * PLANTED[name].size) < 3.5 * spread + 0.001  # other effects overlap a little
    assert (inside.mean() - outside.mean()) * np.sign(PLANTED[name].size) > 2 * spread


def test_negative_gamma_doubles_the_next_move():
    streams, world = drawn(7)
    short = streams.gamma[:-1] < 0
    moves = np.abs(world.returns[1:, AT["SPX"]])
    assert moves[short].mean() / moves[~short].mean() == pytest.approx(2.0, abs=0.35)
    moves = np.abs(drawn(7, strength=0.0)[1].returns[1:, AT["SPX"]])
    assert moves[short].mean() / moves[~short].mean() == pytest.approx(1.0, abs=0.25)


def test_null_symbol_has_no_drift_and_no_gamma_in_it():
    streams, world = drawn(7)
    moves, short = world.returns[1:, AT["NULL"]], streams.gamma[:-1] < 0
    assert abs(moves.mean()) < 3 * moves.std() / np.sqrt(len(moves))
    assert np.abs(moves[short]).mean() / np.abs(moves[~short]).mean() == pytest.approx(1.0, abs=0.15)
    assert len(COLUMNS) == world.returns.shape[1]


@pytest.fixture(scope="module")
def demo():
    return build_demo(7)


def series(demo, dataset, symbol, field):
    table = demo[dataset].table
    return table[table["symbol"].astype(str) == symbol].set_index("event_time")[field].astype(float)


def test_events_can_be_seen_from_the_tables(demo):
    """The simulation's own events, found again by pandas from what a strategy can read."""
    _, world = drawn(7)
    spx, rut, vix = (series(demo, name, symbol, "close") for name, symbol in (("demo-prices", "SPX"), ("demo-prices", "RUT"), ("demo-volatility", "VIX")))
    gex, ratio = series(demo, "demo-chains", "SPX", "gex"), series(demo, "demo-put-call", "US", "put_call_equity")
    beats = rut.pct_change() > spx.pct_change()
    mean = spx.rolling(200).mean()
    over = spx > mean
    record = spx.cummax().shift()
    seen = {
        "streak": beats.rolling(7).sum() == 7,
        "put_call": ratio.rolling(5).mean() <= 0.55,
        "follow": (gex < 0) & (spx.pct_change().abs() >= 0.01),
        "fade": (gex > 0) & (np.log(spx / spx.rolling(21).mean()).abs() >= 0.5 * vix / 100 * np.sqrt(21 / 252)),
        "reclaim": over & over.shift(fill_value=False) & ~over.shift(2, fill_value=True) & mean.shift(2).notna(),
        "pivot": (spx > record) & (record.rolling(22).min() == record) & (spx.shift().rolling(21).max() < record),
        "blow_off": (np.log(spx / spx.shift(63)) >= np.log(1.08)) & (vix / vix.shift(5) >= 1.15),
    }
    fresh = seen["pivot"].astype(float).rolling(21, min_periods=1).max() > 0
    seen["fade"] &= ~fresh
    for name, event in seen.items():
        np.testing.assert_array_equal(event.to_numpy()[210:], world.events[name][210:, AT["SPX"]], err_msg=name)


def test_distribution_is_seen_from_the_tables(demo):
    _, world = drawn(7)
    rut, gex = series(demo, "demo-prices", "RUT", "close"), series(demo, "demo-chains", "SPX", "gex")
    share = series(demo, "demo-flow", "IWM", "dark_pool_net") / series(demo, "demo-flow", "IWM", "dark_pool_volume")
    z = (share - share.rolling(63).mean()) / share.rolling(63).std()
    event = (rut.pct_change() >= 0.01) & (z <= -1) & (gex < 0) & (rut > rut.rolling(21).mean())
    assert event[63:].equals(pd.Series(world.events["distribution"][63:, AT["RUT"]], index=event.index[63:]))
