"""Units of work: the same results wherever they run; a killed worker costs its unit, an exception is the caller's."""

from __future__ import annotations

import signal
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.studies.deadly import complain, die_on_three, die_once, double, hears_ctrl_c

from flowbt.ground.errors import ParameterError, StudyError
from flowbt.studies.units import HERE, Workers, each, each_whole, in_processes, processors

UNITS = [1, 2, 3, 4]


@pytest.fixture(autouse=True)
def seen_by_new_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[2])


def test_here_and_in_processes_are_the_same() -> None:
    here = list(each(double, UNITS, HERE))
    assert here == [(0, 2), (1, 4), (2, 6), (3, 8)]
    main = vars(sys.modules["__main__"])
    before = {name: main.get(name) for name in ("__file__", "__spec__")}
    assert sorted(each(double, UNITS, Workers(2))) == here
    assert {name: main.get(name) for name in before} == before  # set aside while processes are made, and put back
    assert list(each(double, [], Workers(2))) == []


def test_a_killed_process_costs_its_own_unit_only() -> None:
    assert sorted(in_processes(die_on_three, UNITS, 2)) == [(0, 2), (1, 4), (2, None), (3, 8)]
    assert list(in_processes(die_on_three, [3], 1)) == [(0, None)]


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="not on Windows")
def test_what_a_terminal_sends_to_all_is_heard_by_who_started_them_alone() -> None:
    assert list(in_processes(hears_ctrl_c, [1], 1)) == [(0, False)]
    assert hears_ctrl_c(1)


def test_what_had_not_begun_when_a_process_died_is_not_done_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    pools: list[int] = []

    class Counted(ProcessPoolExecutor):
        def __init__(self, count: int, **settings: Any) -> None:
            pools.append(count)
            super().__init__(count, **settings)

    monkeypatch.setattr("flowbt.studies.units.ProcessPoolExecutor", Counted)
    assert sorted(in_processes(die_on_three, [3, *range(4, 12)], 2))[1:] == [(at, 2 * (at + 3)) for at in range(1, 9)]
    assert pools.count(1) <= 3 and pools.count(2) == 2  # noqa: PT018


def test_a_script_without_a_guard_is_not_begun_anew_in_each_process(tmp_path: Path) -> None:
    script = tmp_path / "mine.py"
    script.write_text("print('once')\nfrom flowbt.studies.units import Workers, each\nprint(sorted(each(abs, [-1, -2], Workers(2))), __file__[-7:])\n")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("once\n[(0, 1), (1, 2)] mine.py\n", "")


def test_what_died_once_is_done_again(tmp_path: Path) -> None:
    units = [(number, str(tmp_path / "died")) for number in UNITS]
    assert sorted(in_processes(die_once, units, 2)) == [(0, 2), (1, 4), (2, 6), (3, 8)]


def test_where_all_must_be_whole_a_killed_unit_is_an_error() -> None:
    with pytest.raises(StudyError, match=r"unit 3 of 4.*killed"):
        list(each_whole(die_on_three, UNITS, Workers(2)))


def test_an_exception_is_raised_to_who_asked() -> None:
    for workers in (HERE, Workers(2)):
        with pytest.raises(ValueError, match=r"no [1-4]"):
            list(each(complain, UNITS, workers))


def test_less_than_no_workers_and_no_cluster_are_refused() -> None:
    with pytest.raises(ParameterError, match="less than none"):
        Workers(-1)
    assert Workers(0).count(1000) == min(processors(), 1000)
    assert [Workers(5).count(3), Workers(2).count(3), Workers(2).count(0)] == [3, 2, 1]
    pytest.importorskip("distributed")
    with pytest.raises(StudyError, match="no scheduler answers"):
        list(each(double, UNITS, Workers(cluster="tcp://127.0.0.1:1")))
