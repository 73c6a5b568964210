"""Constraints are comparisons and nothing else."""

import numpy as np
import pytest

from flowbt.ground.errors import ParameterError
from flowbt.studies.sweep.constraints import met

COLUMNS = {"fast": np.array([1, 5, 9]), "slow": np.array([5, 5, 5]), "kind": np.array(["a", "b", "a"], dtype=object)}
RIGHT = {
    "fast < slow": [True, False, False],
    "fast <= slow and not fast == 1": [False, True, False],
    "1 < fast < 9": [False, True, False],
    "fast * 2 + 1 > slow or kind == 'a'": [True, True, True],
    "fast % 2 == 1": [True, True, True],
    "slow - fast >= -4": [True, True, True],
    "+fast > 1": [False, True, True],
    "fast // 2 + slow / 2 > 4.4": [False, True, True],
    "fast * 100000000000000000000 > slow": [True, True, True],
    "kind != 'a' or not fast < 9": [False, True, True],
    "True": [True, True, True],
}
WRONG = (
    "hold = 3", "fast", "fast +", "", "@pd.io.common.os.system('touch x')", "__import__('os').system('touch x')", "fast.__class__", "fast[0] < 1",
    "(lambda: 1)() < 2", "fast ** 9 ** 9 ** 9 > 1", "[x for x in (1,)]", "slwo > 1", "fast < 'a'", "fast and slow",
    "(" * 500 + "1" + ")" * 500, "fast if slow else 1", "kind * 2 == 'aa'",
    "f'{fast}' == 'a'", "fast in (1, 2)", "fast << 3 > 1", "x := 3", "\0",
)  # fmt: skip


@pytest.mark.parametrize("rule", RIGHT)
def test_what_it_says(rule):
    assert met(rule, COLUMNS).tolist() == RIGHT[rule]


@pytest.mark.parametrize("rule", WRONG)
def test_anything_else_is_one_line_and_runs_nothing(rule, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ParameterError, match=r"^[^\n]*$"):
        met(rule, COLUMNS)
    assert not list(tmp_path.iterdir())


def test_of_many_names_the_first_are_shown():
    columns = {f"p{k:02d}": np.array([1]) for k in range(18)}
    with pytest.raises(ParameterError, match=r"comparison of p00, .*, p15 and 2 more, such as"):
        met("x", columns)
    with pytest.raises(ParameterError, match=r"comparison of p00, .*, p15, such as"):
        met("x", dict(list(columns.items())[:16]))
    with pytest.raises(ParameterError, match="no parameter 'p0'; did you mean p10 or p09"):
        met("p0 < 1", columns)
