import dataclasses
import subprocess
import sys

import numpy as np
import pytest
from tests.engine import cases

from flowbt.engine.simulate import simulate
from flowbt.engine.vbt import aside
from flowbt.engine.vbt.reconcile import reconcile
from flowbt.ground.errors import ReconciliationError


@pytest.fixture(scope="module")
def book():
    rng = np.random.default_rng(4)
    m = cases.market(rng, 40, 2)
    return simulate(m, cases.signals(rng, m))


@pytest.fixture(scope="module")
def other():
    with aside.Aside() as process:
        yield process


def test_another_process_gives_the_same_answer(other, book):
    assert other.reconcile(book, lambda _: 99.0)() == reconcile(book)  # it was not worked out here


def test_a_difference_found_in_another_process_is_an_error_here(other, book):
    wrong = dataclasses.replace(book, value=book.value * 1.001)
    with pytest.raises(ReconciliationError, match="value at"):
        other.reconcile(wrong, reconcile)()


def test_where_the_other_process_dies_the_books_are_compared_here(book, monkeypatch):
    monkeypatch.setattr(aside, "SERVE", "import os; os._exit(9)")
    with aside.Aside() as process:
        assert process.reconcile(book, reconcile)() == reconcile(book)
        with pytest.raises(ReconciliationError, match="value at"):
            process.reconcile(dataclasses.replace(book, value=book.value * 1.001), reconcile)()


def test_a_large_book_is_not_sent(book, monkeypatch):
    monkeypatch.setattr(aside, "LARGE", 3)
    monkeypatch.setattr(aside.Aside, "_asked", None)
    with aside.Aside() as process:
        assert process.reconcile(book, reconcile)() == reconcile(book)


def test_the_other_process_imports_half_of_vectorbt_and_says_so_where_the_rest_is_used():
    code = """
import sys
from flowbt.engine.vbt.lean import leave_out
leave_out()
import flowbt.engine.vbt.book, vectorbt
print(sorted(name for name in sys.modules if name in ("scipy.stats._stats_py", "sklearn.base", "ipywidgets.widgets")))
vectorbt.returns.accessors.skew([1.0])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("[]\n", 1)
    assert "scipy.stats.skew was left out" in done.stderr
