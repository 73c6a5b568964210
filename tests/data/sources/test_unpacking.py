"""A small file that unpacks to a huge one is refused before it does."""

import gzip
import zipfile

import pytest

from flowbt.data import unpacking
from flowbt.data.sources import read
from flowbt.ground.errors import SourceError

BOMB = b"day,x\n" + b"0" * 4_000_000


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(unpacking, "MOST", 100_000)


@pytest.mark.parametrize("name", ["bomb.zip", "bomb.csv.gz"])
@pytest.mark.parametrize("source", ["table", "messy"])
def test_a_bomb_is_one_line(name, source, tmp_path):
    path = tmp_path / name
    if name.endswith(".zip"):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.csv", BOMB)
    else:
        path.write_bytes(gzip.compress(BOMB))
    with pytest.raises(SourceError, match="unpacks to more than"):
        read(source, path, {"time": "day", "symbol": "S", "map": {"x": "x"}})


def test_what_is_usual_is_unpacked_members_and_all():
    text = b"day,x\n" + b"".join(b"2024-01-%02d,%d\n" % (n % 28 + 1, n * 7919) for n in range(4000))
    assert unpacking.gunzipped(gzip.compress(text[:100]) + gzip.compress(text[100:])) == text
