"""The look-ahead probes find planted leaks and let honest strategies pass."""

import pytest

from flowbt.studies.lookahead.check import check

HONEST = 'panel["close"].pct_change().rolling(5).mean() > 0'
LEAKS = {
    "tomorrow": 'panel["close"].pct_change().shift(-1) > 0',
    "full sample mean": 'panel["close"] > panel["close"].mean()',
    "centred window": 'panel["close"] > panel["close"].rolling(5, center=True).mean()',
    "back fill": 'panel["close"].pct_change().where(panel["close"].pct_change().abs() > 0.02).bfill() > 0',
    "full sample rank": 'panel["close"].rank(pct=True) > 0.9',
    "last row": 'panel["close"] < panel["close"].iloc[-1]',
}


def write(strategy, expression):
    head = strategy.read_text().split("def signals")[0]
    strategy.write_text(head + f"def signals(panel, *, rise=0.01, hold=3):\n    return Signals(short={expression}, hold=hold)\n")
    return strategy


@pytest.mark.parametrize("leak", LEAKS)
def test_a_leak_is_found(catalog, strategy, leak):
    assert check(catalog, write(strategy, LEAKS[leak])).leaks


def test_an_honest_strategy_passes_and_its_warm_up_is_measured(catalog, strategy):
    report = check(catalog, write(strategy, HONEST))
    assert not report.leaks
    assert report.entries > 0
    assert 5 <= report.warm_up <= 10


def test_an_endless_memory_has_no_warm_up(catalog, strategy):
    assert check(catalog, write(strategy, 'panel["close"] > panel["close"].expanding().mean()')).warm_up is None
