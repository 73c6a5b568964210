"""What is kept in the cache folder comes back as it was, or not at all."""

import pytest

from flowbt.ground.home import CACHE
from flowbt.ground.kept import keep_bytes, kept_bytes


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE, str(tmp_path))
    return tmp_path


def test_what_is_kept_comes_back(cache):
    assert kept_bytes("room", "name") is None
    keep_bytes("room", "name", b"some bytes")
    assert kept_bytes("room", "name") == b"some bytes"
    assert [path.name for path in (cache / "room").iterdir()] == ["name"]


@pytest.mark.parametrize("spoil", [lambda data: data[:-1], lambda data: data[:-1] + b"?", lambda data: data[:32], lambda data: b""])
def test_what_was_changed_does_not(cache, spoil):
    keep_bytes("room", "name", b"some bytes")
    place = cache / "room" / "name"
    place.write_bytes(spoil(place.read_bytes()))
    assert kept_bytes("room", "name") is None


def test_what_cannot_be_kept_is_not(cache):
    (cache / "room").write_text("a file stands where the folder should")
    keep_bytes("room", "name", b"some bytes")
    assert kept_bytes("room", "name") is None
