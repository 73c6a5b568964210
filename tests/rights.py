"""Tests of files that may not be read or written, also where root runs them, who may do anything."""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OVERRIDE, SEARCH = 1 << 1, 1 << 2  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH: to do it whatever a file's mode says
LINUX_3 = 0x20080522


@contextmanager
def mode(path: Path, bits: int) -> Iterator[None]:
    """Inside, `path` has these mode bits, and they hold for this thread, whoever runs it."""
    before = path.stat().st_mode & 0o7777
    path.chmod(bits)
    try:
        with _without(OVERRIDE | SEARCH):
            yield
    finally:
        path.chmod(before)


@contextmanager
def _without(rights: int) -> Iterator[None]:
    if sys.platform != "linux" or os.geteuid() != 0:
        yield
        return
    libc, head, held = ctypes.CDLL(None, use_errno=True), (ctypes.c_uint32 * 2)(LINUX_3, 0), (ctypes.c_uint32 * 6)()
    assert libc.capget(head, held) == 0
    kept = held[0]
    held[0] &= ~rights
    assert libc.capset(head, held) == 0
    try:
        yield
    finally:
        held[0] = kept
        assert libc.capset(head, held) == 0
