"""While a file decides it reads nothing beside its panel, and hiding that it tried does not help."""

import contextlib
import socket
import sys
from pathlib import Path

import pytest

from flowbt.ground.errors import FenceError
from flowbt.ground.guard import Passing, deciding, resting

HERE = __file__


REACH = {"file": lambda: Path(HERE).read_text(), "socket": lambda: socket.getaddrinfo("localhost", 80), "frame": lambda: sys._getframe()}


@pytest.mark.parametrize("reach", REACH.values(), ids=REACH)
def test_what_is_reached_for_is_refused_and_named(reach):
    with pytest.raises(FenceError, match=r"test_guard\.py while deciding: line \d+ (reads a file|leaves the process|looks at its caller)"), deciding(HERE):
        reach()


def test_a_file_that_swallows_the_refusal_is_refused_all_the_same():
    with pytest.raises(FenceError), deciding(HERE), contextlib.suppress(FenceError):
        open(HERE).close()


def test_the_panel_and_features_may_read_and_so_may_all_after_the_decision():
    with deciding(HERE), resting():
        open(HERE).close()
    open(HERE).close()


def thrown_through():
    """What a file does that swallows every error of its own."""
    with contextlib.suppress(Exception):
        raise Passing("ours")


def test_what_this_package_throws_through_a_file_is_its_own_again():
    with pytest.raises(Passing, match="ours"), deciding(HERE):
        thrown_through()


def test_a_refusal_counts_also_where_this_package_throws():
    def both():
        with contextlib.suppress(FenceError):
            open(HERE).close()
        thrown_through()

    with pytest.raises(FenceError), deciding(HERE):
        both()
