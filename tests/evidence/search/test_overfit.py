from itertools import combinations

import numpy as np
import pytest

from flowbt.evidence.search.overfit import overfit, overfit_from_blocks


def brute(returns, blocks):
    parts, logits = np.array_split(np.arange(len(returns)), blocks), []
    for chosen in combinations(range(blocks), blocks // 2):
        inside = np.concatenate([parts[b] for b in chosen])
        outside = np.setdiff1d(np.arange(len(returns)), inside)
        best = (returns[inside].mean(0) / returns[inside].std(0)).argmax()
        judged = returns[outside].mean(0) / returns[outside].std(0)
        rank = (judged <= judged[best]).sum() / (returns.shape[1] + 1)
        logits.append(np.log(rank / (1 - rank)))
    return np.array(logits)


def test_equals_brute_force():
    returns = np.random.default_rng(0).standard_normal((203, 12)) + np.linspace(0, 0.1, 12)
    found = overfit(returns, 8)
    np.testing.assert_allclose(found.logits, brute(returns, 8), atol=1e-12)
    assert found.pbo == (brute(returns, 8) <= 0).mean()


def test_slope_and_loss_are_those_of_brute_force_also_where_blocks_differ_in_length():
    returns = 0.5 * np.random.default_rng(3).standard_normal((107, 6)) + np.linspace(-0.05, 0.05, 6)
    parts, pairs = np.array_split(np.arange(107), 6), []
    for chosen in combinations(range(6), 3):
        inside = np.isin(np.arange(107), np.concatenate([parts[b] for b in chosen]))
        one, other = (returns[rows].mean(axis=0) / returns[rows].std(axis=0) for rows in (inside, ~inside))
        pairs.append((one.max(), other[one.argmax()]))
    ins, outs = np.array(pairs).T
    found = overfit(returns, 6)
    assert found.slope == pytest.approx(np.polyfit(ins, outs, 1)[0])
    assert found.loss == pytest.approx((outs < 0).mean())
    np.testing.assert_allclose(found.logits, brute(returns, 6), atol=1e-12)
    assert 0 < found.loss < 1


def test_noise_is_a_coin():
    found = [overfit(np.random.default_rng(seed).standard_normal((640, 40)), 8).pbo for seed in range(60)]
    assert np.mean(found) == pytest.approx(0.5, abs=0.08)


def test_a_real_edge_is_not_overfit():
    returns = np.random.default_rng(1).standard_normal((2500, 100))
    returns[:, 17] += 0.2
    assert overfit(returns).pbo < 0.01
    assert len(overfit(returns).logits) == 12_870


def test_trials_that_never_trade_rank_last():
    returns = np.random.default_rng(2).standard_normal((400, 5)) + 0.5
    assert np.isfinite(overfit(np.column_stack([returns, np.zeros(400)]), 8).logits).all()


def test_a_best_that_is_idle_outside_has_not_lost_there():
    """A trial with one stretch of trades: its slope was -1.8e9, and idle halves counted as losses."""
    returns = 0.001 * np.random.default_rng(4).standard_normal((320, 3)) + 0.0005
    returns[:, 0] = 0.0
    returns[:40, 0] = 0.01 + 0.001 * np.random.default_rng(5).standard_normal(40)
    found = overfit(returns, 8)
    idle = 1 - 35 / 70  # splits that have the stretch inside
    assert found.loss < 1 - idle
    assert abs(found.slope) < 10


def test_halves_in_which_nobody_trades_say_nothing_of_the_slope():
    returns = np.zeros((80, 3))
    returns[:40] = np.random.default_rng(6).standard_normal((40, 3)) + 0.3
    blocks, pairs = returns.reshape(4, 20, 3), []
    for one, other in ((0, 1), (1, 0)):  # the other two blocks are empty: each goes to either side
        sides = [np.concatenate([blocks[b], np.zeros((20, 3))]) for b in (one, other)]
        inside, outside = (side.mean(axis=0) / side.std(axis=0) for side in sides)
        pairs += [(inside.max(), outside[inside.argmax()])] * 2
    assert overfit(returns, 4).slope == pytest.approx(np.polyfit(*np.array(pairs).T, 1)[0])


def test_what_neither_gains_nor_loses_has_not_lost():
    even = np.tile([0.5, -0.5], 40)
    assert overfit(np.column_stack([even, -even]), 8).loss == 0.0


@pytest.mark.parametrize("shape", [(3, 5), (4, 1)])
def test_odd_blocks_or_one_trial_are_refused(shape):
    with pytest.raises(ValueError, match="even number of blocks and two trials"):
        overfit_from_blocks(np.ones(shape[0]), np.ones(shape), np.ones(shape))
