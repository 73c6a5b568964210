"""The day's work, killed at fifty random moments: the chain is whole, nothing is entered twice, and the next call makes the day whole."""

import collections
import os
import random
import shutil
import signal
import sys

import pytest
from tests.data.pull.conftest import provider  # noqa: F401
from tests.studies.desk.dailyworld import DAYS, catalog, dix, make, oil

from flowbt.data.catalog import Catalog
from flowbt.studies.desk.chain import read
from flowbt.studies.desk.daily import daily

KILLS = 50


def in_child(work, killed_at=0):
    """Run `work` in a child that kills itself (-9) at its `killed_at`-th call of a function; whether it was killed, and the calls of one that was not."""
    sent, sends = os.pipe()
    child = os.fork()
    if child == 0:
        count = 0

        def each(frame, event, arg):
            nonlocal count
            count += event in ("call", "c_call")
            if count == killed_at:
                os.kill(os.getpid(), signal.SIGKILL)

        code = 1
        try:
            sys.setprofile(each)
            work()
            sys.setprofile(None)
            os.write(sends, str(count).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(sends)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with os.fdopen(sent) as answer:
        count = answer.read()
    assert status in (0, -signal.SIGKILL), status
    return status != 0, int(count or 0)


def bodies(journal):
    return collections.Counter(repr((one.kind, sorted(one.body.items()))) for one in read(journal))


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_no_kill_breaks_the_chain_or_enters_twice(provider, tmp_path):  # noqa: F811
    provider.gives("/monitor/static/DIX.csv", dix(DAYS))
    provider.gives("/graph/fredgraph.csv?id=DCOILWTICO", oil(DAYS))
    clean = make(tmp_path / "clean", provider.url)
    daily(clean, lambda: catalog(tmp_path / "clean"))  # so that everything a child needs is loaded
    want = collections.Counter(one.kind for one in read(clean.journal))
    counted = make(tmp_path / "counted", provider.url)
    _, calls = in_child(lambda: daily(counted, lambda: catalog(tmp_path / "counted")))
    draw, killed = random.Random(18), 0
    for n in range(KILLS):
        home = tmp_path / f"k{n}"
        day = make(home, provider.url)
        was, _ = in_child(lambda day=day, home=home: daily(day, lambda: catalog(home)), killed_at=draw.randrange(1, calls))
        killed += was
        read(day.journal)  # the chain holds at once
        done = daily(day, lambda home=home: catalog(home))
        found = Catalog((home / "datasets",))
        assert (done.problems, found.problems, sorted(found.imported)) == ((), [], ["fred-oil", "prices", "squeezemetrics"]), n
        assert collections.Counter(one.kind for one in read(day.journal)) == want, n
        assert max(bodies(day.journal).values()) == 1, n
        assert (day.site / "desk/2023-12-29/today.html").is_file(), n
        assert daily(day, lambda home=home: catalog(home)).nothing, n
        shutil.rmtree(home)
    print(f"{killed} of {KILLS} were killed, at one of {calls:,} calls each")
    assert killed >= KILLS - 2
