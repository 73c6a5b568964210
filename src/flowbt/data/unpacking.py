"""Packed files of anybody's, unpacked within bounds: a few kilobytes may not become a full disk or all of the memory."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

MOST, RATIO = 1 << 30, 200  # bytes that anything may unpack to; beyond that, times its packed size


def gunzipped(raw: bytes) -> bytes:
    """The bytes of a gzipped file. OSError where it is none, cut off, or unpacks out of all proportion."""
    most = _most(len(raw))
    with gzip.GzipFile(fileobj=io.BytesIO(raw)) as file:
        text = file.read(most + 1)
    _check(len(text), most)
    return text


def check_packed(path: Path) -> None:
    """OSError for a zip or gzip file that says of itself that it unpacks out of all proportion; other files pass."""
    if zipfile.is_zipfile(path) and not path.name.endswith(".gz"):
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                _check(member.file_size, _most(member.compress_size))
    elif path.name.endswith(".gz"):
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 4))
            _check(int.from_bytes(file.read(4), "little"), _most(path.stat().st_size))  # its last four bytes: the size modulo 4 GB


def _most(packed: int) -> int:
    return max(MOST, RATIO * packed)


def _check(size: int, most: int) -> None:
    if size > most:
        raise OSError(f"it unpacks to more than {most / 1e9:,.0f} GB")
