"""The fault-injecting layer (`layer.c`): built once, preloaded, armed in a forked process."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from enum import IntEnum
from pathlib import Path

SOURCE = Path(__file__).with_name("layer.c")
USABLE = sys.platform == "linux" and hasattr(os, "fork") and bool(shutil.which("cc"))


class How(IntEnum):
    """What happens at the chosen call; as in `layer.c`."""

    COUNT, KILL, HALF, POWER, FULL, DENIED, BROKEN, HALT, TERM, INT, HUP = range(11)


ENDS = (How.KILL, How.HALF, How.POWER)  # the process is gone
ASKED = {How.TERM: 143, How.INT: 130, How.HUP: 129}  # the process is asked to end, and does with this exit code
REFUSES = (How.FULL, How.DENIED, How.BROKEN)  # the process goes on with an error


def library() -> Path:
    """The compiled layer, under a name with the hash of its source."""
    home = Path(tempfile.gettempdir()) / f"flowbt-layer-{os.getuid()}"
    made = home / f"{hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:12]}.so"
    if not made.exists():
        home.mkdir(exist_ok=True)
        scratch = made.with_suffix(f".{os.getpid()}")
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", scratch, SOURCE, "-ldl"], check=True)
        scratch.replace(made)
    return made


def arm(folder: Path, at: int, how: How) -> None:
    """From now on, calls of this process under `folder` are counted; the `at`-th goes wrong."""
    ctypes.CDLL(None).fault_arm(os.fsencode(folder), ctypes.c_long(at), int(how))


def disarm() -> bytes:
    """Count no more; returns the kind of every call there was (see `layer.c`)."""
    loaded = ctypes.CDLL(None)
    loaded.fault_disarm()
    loaded.fault_seen.restype, loaded.fault_kinds.restype = ctypes.c_long, ctypes.POINTER(ctypes.c_ubyte)
    return bytes(loaded.fault_kinds()[: loaded.fault_seen()])


def worth_trying(kinds: bytes, most: int) -> list[int]:
    """Numbers of calls (from 1), at most `most` of them: all but writes that follow a write, spread evenly where they are too many."""
    WRITTEN = 2
    chosen = [n for n, kind in enumerate(kinds, start=1) if kind != WRITTEN or n == 1 or kinds[n - 2] != WRITTEN or n % 16 == 0]
    step = max(1.0, len(chosen) / most)
    return sorted({chosen[int(k * step)] for k in range(min(most, len(chosen)))})
