"""Rotations go through the compiled walk as the run itself does."""

from flowbt.engine.walk.kernel import walk_signals
from flowbt.studies.run.backtest import backtest
from flowbt.studies.run.request import Request


def test_rotations_are_of_the_run_s_own_types(catalog, strategy):
    backtest(catalog, Request(strategy, rotations=0))
    before = set(walk_signals.signatures)
    backtest(catalog, Request(strategy, rotations=3))
    assert set(walk_signals.signatures) == before
