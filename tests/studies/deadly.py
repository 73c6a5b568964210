"""Work for other processes: some of it kills them. A module of its own, so that they can import it."""

from __future__ import annotations

import os
import signal
from pathlib import Path


def double(number: int) -> int:
    return 2 * number


def die_on_three(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * number


def die_once(unit: tuple[int, str]) -> int:
    number, marker = unit
    if number == 3 and not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * number


def complain(number: int) -> int:
    raise ValueError(f"no {number}")


def say_and_wait(number: int) -> int:
    os.write(1, f"{os.getpid()}\n".encode())  # at once: two workers write here
    signal.pause()
    return number


def hears_ctrl_c(number: int) -> bool:
    return signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
