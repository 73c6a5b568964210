"""A tiny folder of files, a plan over it, and declarations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

DECLARED = """
title = "invented"
source = "yahoo"
frequency = "{frequency}"
clock = "{clock}"
[publication]
rule = "session"
at = "18:00"
[policy]
{policy}
[fields.open]
[fields.high]
[fields.low]
[fields.close]
zero = "never"
max = 1000.0
[fields.volume]
"""
BARS = "date,open,high,low,close,volume\n2024-01-02,10,12,9,11,5\n2024-01-03,11,12,10,11.5,6\n2024-01-04,11,12,10,12,7\n"


@pytest.fixture
def declare(tmp_path: Path) -> Callable[..., Path]:
    def write(name: str = "bars", policy: str = "", frequency: str = "session", clock: str = "XNYS") -> Path:
        folder = tmp_path / "datasets" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "dataset.toml").write_text(DECLARED.format(policy=policy, frequency=frequency, clock=clock))
        return folder

    return write


@pytest.fixture
def put(tmp_path: Path) -> Callable[[str, str], Path]:
    def write(name: str, text: str = BARS) -> Path:
        path = tmp_path / "raw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write


@pytest.fixture
def plan(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "datasets" / "plan.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write
