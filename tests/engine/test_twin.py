"""The compiled kernel and its plain Python twin give the same numbers."""

import numpy as np
import pytest
from tests.engine import cases

from flowbt.engine.decisions import no_rules, plan_of, rules_of
from flowbt.engine.simulate import bars_of
from flowbt.engine.walk import events, kernel, twin


def both(rng: np.random.Generator, wild: bool, continuous: bool):
    m = cases.market(rng, symbols=int(rng.integers(1, 5)), vol=0.15 if wild else 0.02, missing=0.1 * rng.integers(2), funding=True)
    costs, account = cases.terms(rng)
    bars = bars_of(m, costs)
    terms = kernel.Terms(account.cash, costs.fees, costs.slippage, costs.borrow, account.margin, account.max_gross)
    if continuous:
        plan = plan_of(cases.targets(rng, m), m)
        return kernel.run_targets(bars, plan, no_rules(), terms), twin.run_targets(bars, plan, no_rules(), terms)
    rules = rules_of(cases.signals(rng, m), m)
    return kernel.run_signals(bars, rules, terms), twin.run_signals(bars, rules, terms)


@pytest.mark.parametrize("continuous", [False, True])
@pytest.mark.parametrize("wild", [False, True])
def test_kernel_equals_twin(wild, continuous):
    seen = set()
    for seed in range(60):
        (tape, count), plain = both(np.random.default_rng(seed), wild, continuous)
        np.testing.assert_array_equal(tape.order[:count], plain.order)
        np.testing.assert_allclose(tape.fill[:count], plain.fill, rtol=1e-12, atol=1e-12)
        for ours, theirs in zip(tape[2:], plain[2:], strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-9)
        seen |= set(plain.order[:, 2].tolist())
    rebalances = {events.ENTRY, events.SIGNAL, events.OPPOSITE, events.REBALANCE, events.LIQUIDATION}
    assert seen == (rebalances if continuous else set(range(10)) - {events.REBALANCE})
