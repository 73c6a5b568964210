"""Hours of exchanges are kept in the user's cache folder, and only what was kept is taken for them."""

import pytest

from flowbt.ground.calendars import hours
from flowbt.ground.errors import ParameterError
from flowbt.ground.home import CACHE

WORK_OUT = hours.hours_of.__wrapped__  # without what the process remembers


@pytest.fixture
def kept(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE, str(tmp_path))
    return tmp_path / "hours"


def same(a, b):
    return all(left.equals(right) and left.dtype == right.dtype for left, right in zip(a, b, strict=True))


def test_what_is_kept_is_what_was_worked_out(kept, monkeypatch):
    first = WORK_OUT("XLON", False)
    assert len(list(kept.iterdir())) == 1
    monkeypatch.setattr(hours, "_worked_out", None)
    assert same(WORK_OUT("XLON", False), first)


def test_hours_that_were_changed_are_worked_out_again(kept):
    first = WORK_OUT("XLON", False)
    place = next(kept.iterdir())
    before = place.read_bytes()
    place.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    assert same(WORK_OUT("XLON", False), first)
    assert place.read_bytes() == before


def test_another_version_of_a_library_has_hours_of_its_own(kept, monkeypatch):
    WORK_OUT("XLON", False)
    monkeypatch.setattr(hours, "_version", lambda library: "1" if library == "tzdata" else "0")
    WORK_OUT("XLON", False)
    assert len(list(kept.iterdir())) == 2


def test_a_folder_that_cannot_be_written_costs_time_only(kept):
    kept.write_text("a file stands where the folder should")
    assert len(WORK_OUT("XLON", False).sessions)
    with pytest.raises(ParameterError, match="no such calendar"):
        WORK_OUT("XBAD", False)
