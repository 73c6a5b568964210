import pytest

from flowbt.evidence.splits import Split, walk_forward
from flowbt.ground.errors import ParameterError


def test_rolling_windows_meet_end_to_end():
    windows = walk_forward(1000, Split(train=400, test=200, purge=10, embargo=5))
    assert windows[0] == (0, 390, 405, 605)
    assert windows[1] == (200, 590, 605, 805)
    assert [w.test_end for w in windows] == [605, 805, 1000]


def test_anchored_windows_start_at_the_first_bar():
    windows = walk_forward(1000, Split(train=400, test=200, anchored=True))
    assert {w.train_start for w in windows} == {0}
    assert [w.train_end for w in windows] == [400, 600, 800]


def test_training_never_reaches_into_the_test():
    split = Split(train=300, test=60, purge=21, embargo=7)
    assert all(w.test_start - w.train_end == 28 for w in walk_forward(2000, split))


def test_too_short_a_history_is_one_clear_line():
    with pytest.raises(ParameterError, match="one window needs 401"):
        walk_forward(300, Split(train=400, test=50))
    with pytest.raises(ParameterError, match="nothing is left"):
        walk_forward(300, Split(train=10, test=50, purge=10))
